//! `stalemap fuzz --engine libfuzzer|afl`: a campaign of an engine that keeps a corpus, on the targets of the crate fuzz.
//!
//! The engine is started as the arguments say. Its inputs are read while it runs: those of its corpus tell what was met;
//! those that stopped the target are run here, grouped by signature and minimised as the native campaign's findings are.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, thread};

use anyhow::{Error, Result, anyhow, bail, ensure};
use stalemap_engines::protocol::{FRAMES, LOCKSTEP, MIGRATION};
use stalemap_engines::{Control, EngineError, Order, Running, Workspace};
use stalemap_harness::{Build, Compare, Divergence, Driver};
use stalemap_operations::{Kind, KindSet, Program};

use crate::arguments::{Amount, Engine, FuzzArguments};
use crate::ending::Ending;
use crate::findings::{Kept, known_signatures};
use crate::fuzz::EngineWork;
use crate::interrupt::interrupted;
use crate::subject::{Builder, Work, work_with};
use crate::{findings, fuzz, output, seeds};

/// How often what the engine keeps is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Runs the campaign that the arguments ask for.
pub(crate) fn fuzz(arguments: &FuzzArguments) -> Result<Ending> {
    let target = target(arguments)?;
    work_with(arguments.subject, OnTarget { arguments, target })
}

/// A campaign of an engine that does not know yet on which subject its findings are run.
struct OnTarget<'a> {
    arguments: &'a FuzzArguments,
    target: &'static str,
}

impl Work for OnTarget<'_> {
    fn with<B: Builder>(self, name: &'static str, build: &B) -> Result<Ending> {
        fuzz_with(name, build, self.arguments, self.target)
    }
}

fn fuzz_with<B: Builder>(
    subject: &'static str,
    build: &B,
    arguments: &FuzzArguments,
    target: &'static str,
) -> Result<Ending> {
    let known = known_signatures(arguments)?;
    let (seed, jobs) = (arguments.seed.unwrap_or_else(fuzz::draw_seed), fuzz::jobs(arguments));
    // An engine does other executions each time, whatever its seed is.
    let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let store = findings::store(arguments, format!("{}, seed {seed}, begun {begun}", arguments.engine.word()))?;
    let Some(engine) = process_of(arguments.engine) else {
        bail!("the native engine has no target");
    };
    let workspace = workspace()?;
    let scratch = workspace.scratch()?;
    let corpus = if arguments.from_nothing { scratch.join("corpus") } else { workspace.corpus(target) };
    let seeds = scratch.join("seeds");
    fs::create_dir_all(&corpus)?;
    let written = if arguments.from_nothing { 0 } else { seeds::write(&[workspace.root().join("corpus")], &seeds)? };
    // An engine refuses to begin with nothing; this is the smallest machine without an operation.
    output::write_file(&seeds.join("nothing"), &[0])?;
    let order = Order {
        engine,
        workspace: &workspace,
        target,
        bug: arguments.subject.bug(),
        empty: arguments.empty,
        seconds: arguments.seconds,
        jobs,
        seed,
        longest: stalemap_operations::record::RECORD * (1 + arguments.ops as usize),
        corpus,
        seeds,
        scratch,
    };
    let Some(running) = order.start()? else {
        return Ok(Ending::Interrupted);
    };
    output::tell(format_args!(
        "{} runs the target {target} from {written} seeds and {} kept inputs   seed {seed}",
        arguments.engine.word(),
        stalemap_engines::count(&order.corpus)
    ));
    let mut campaign = Campaign::new(Kept::new(subject, build, arguments, known, store));
    campaign.run(running)?;
    order.gather()?;
    campaign.finish(arguments, seed)
}

/// The engine as the library has it; nothing for the native one, which has no process.
fn process_of(engine: Engine) -> Option<stalemap_engines::Engine> {
    match engine {
        Engine::Libfuzzer => Some(stalemap_engines::Engine::Libfuzzer),
        Engine::Afl => Some(stalemap_engines::Engine::Afl),
        Engine::Native => None,
    }
}

/// The clone in which the current folder lies. What runs in it stops at Ctrl-C, and its messages go to stderr.
pub(crate) fn workspace() -> Result<Workspace> {
    Workspace::find(Control::new(interrupted, |event| output::tell(event))).map_err(hinted)
}

/// An engine's error, with what to type against it.
pub(crate) fn hinted(error: EngineError) -> Error {
    let hint = if matches!(error, EngineError::NoWorkspace) {
        "go into one, or use --engine native"
    } else if matches!(error, EngineError::NeverBuilt) {
        "`stalemap fuzz --engine libfuzzer --seconds 1` builds it"
    } else {
        return error.into();
    };
    anyhow!("{error}; {hint}")
}

/// The target for the levels that are asked for.
fn target(arguments: &FuzzArguments) -> Result<&'static str> {
    let engine = arguments.engine.word();
    ensure!(
        arguments.only.is_empty() && arguments.without.is_empty() && arguments.machine.is_none(),
        "--only, --without and --machine are for the native engine; {engine} runs whole targets"
    );
    let option = arguments.subject.option();
    let is_ours = option.is_empty() || arguments.subject.bug().is_some();
    ensure!(is_ours, "{engine} drives the implementation; leave{option} out, or use --engine native");
    ensure!(arguments.runs.is_none(), "--runs is for the native engine; give {engine} --seconds");
    ensure!(
        arguments.compare == Amount::Touched,
        "--compare is for the native engine; targets compare what was touched"
    );
    ensure!(!arguments.empty || arguments.engine == Engine::Afl, "--empty is for afl");
    let levels = |wanted: &[u8]| -> KindSet {
        Kind::ALL.iter().copied().filter(|kind| wanted.contains(&kind.row().level)).collect()
    };
    let targets = [(LOCKSTEP, levels(&[0, 1, 2, 3])), (FRAMES, levels(&[0])), (MIGRATION, levels(&[1, 2, 3]))];
    match targets.iter().find(|(_, kinds)| *kinds == arguments.levels) {
        Some((name, _)) => Ok(name),
        None => bail!("{engine} has targets for --levels 0-3, 0 and 1-3; other levels are for the native engine"),
    }
}

/// What the engine keeps, as it comes in.
struct Campaign<'a, B: Builder> {
    kept: Kept<'a, B>,
    start: Instant,
    work: EngineWork,
    /// Inputs that stopped the target and do nothing here.
    unexplained: Vec<PathBuf>,
}

impl<'a, B: Builder> Campaign<'a, B> {
    fn new(kept: Kept<'a, B>) -> Self {
        Campaign { kept, start: Instant::now(), work: EngineWork::default(), unexplained: Vec::new() }
    }

    /// Watches the engine until its time is over, it ends, or the user interrupts; no process of it is left then.
    fn run(&mut self, mut running: Running) -> Result<()> {
        self.start = Instant::now();
        loop {
            let ends = !running.is_at_work()? || interrupted() || self.kept.are_enough();
            if ends {
                running.end();
            }
            self.work.executions = running.executions().max(self.work.executions);
            for file in running.stopping_inputs() {
                self.stopped(&file)?;
            }
            // A big corpus is run bit by bit, so that what stopped the target does not wait.
            for file in running.kept_inputs(if ends { usize::MAX } else { 500 }) {
                self.met(&file);
            }
            self.show();
            if ends {
                break;
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        self.work.time = self.start.elapsed();
        self.work.operations = running.operations();
        self.work.cpu_seconds = running.cpu_seconds();
        self.kept.status.clear();
        match running.failure() {
            Some(failure) if self.kept.all.counts().is_empty() && !interrupted() => Err(failure.clone().into()),
            Some(_) | None => Ok(()),
        }
    }

    /// An input that stopped the target.
    fn stopped(&mut self, file: &Path) -> Result<()> {
        let Ok(bytes) = fs::read(file) else {
            return Ok(());
        };
        let Some((program, divergence)) = run_here(self.kept.all.driver(), &bytes)? else {
            self.unexplained.push(file.to_owned());
            return Ok(());
        };
        if self.kept.all.count(&divergence.signature()) {
            let origin = stalemap_report::Origin { input: Some(file.display().to_string()), ..Default::default() };
            self.kept.add(&program, &divergence, origin)?;
        }
        Ok(())
    }

    /// An input that met something new.
    fn met(&mut self, file: &Path) {
        if let Ok(bytes) = fs::read(file)
            && run_here(self.kept.all.driver(), &bytes).is_ok()
        {
            self.work.kept += 1;
        }
    }

    fn show(&mut self) {
        let seconds = self.start.elapsed().as_secs_f64();
        let (executions, transitions) = (self.work.executions, self.kept.all.driver().transitions().count());
        let findings = fuzz::words_of(&self.kept.all.counts());
        self.kept.status.show(|| {
            let rate = executions as f64 / seconds.max(0.001);
            format!("{seconds:.0} s  {rate:.0} executions/s  {executions} executions  {transitions} transitions  findings: {findings}")
        });
    }

    fn finish(mut self, arguments: &FuzzArguments, seed: u64) -> Result<Ending> {
        self.kept.keep_counts();
        fuzz::finish(arguments, &mut self.kept, seed, &self.work)?;
        for file in &self.unexplained {
            output::tell(format_args!(
                "{} stopped the target and does not diverge here: it took too long or too much memory there, or the \
                 target was built from another source; see what the target says of it",
                file.display()
            ));
        }
        Ok(if self.unexplained.is_empty() { self.kept.ending() } else { Ending::Trouble })
    }
}

/// Runs an input; how it diverges, if it does.
fn run_here<B: Build>(driver: &mut Driver<B>, bytes: &[u8]) -> Result<Option<(Program, Divergence)>> {
    let program = Program::from_bytes(bytes);
    let run = driver.run(&program, Compare::Touched).map_err(|it| anyhow!(it))?;
    Ok(run.divergence.map(|divergence| (program, divergence)))
}
