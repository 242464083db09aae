//! `stalemap fuzz --engine libfuzzer|afl`: a campaign of an engine that keeps a corpus, on the targets of the room fuzz.
//!
//! The engine's tool is brought into the workspace's target folder when it is missing, builds the target, and runs it.
//! What the engine keeps is watched while it runs: inputs of its corpus tell what was met, inputs that stopped the
//! target are run here, grouped by signature and minimised as the native campaign's finds are.

pub(crate) mod afl;
pub(crate) mod cpu;
mod digests;
pub(crate) mod libfuzzer;
mod merge;
mod process;
mod tool;
mod watch;
mod workspace;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Result, bail, ensure};
use stalemap_operations::{Kind, KindSet};

use crate::arguments::{Engine, FuzzArguments};
use crate::ending::Ending;
use crate::findings::{Kept, known_signatures};
use crate::fuzz::EngineWork;
use crate::interrupt::interrupted;
use crate::subject::{Builder, Work, work_with};
use crate::{fuzz, output, seeds};
pub(crate) use digests::digests;
pub(crate) use merge::merge;
pub(crate) use process::{Group, end_all};
pub(crate) use tool::{CARGO_AFL, CARGO_FUZZ, CARGO_LLVM_COV, Tool};
use watch::Watch;
pub(crate) use workspace::Workspace;

/// How often what the engine keeps is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// What an engine is asked to do.
struct Order<'a> {
    workspace: &'a Workspace,
    target: &'static str,
    /// The seeded bug that is switched on.
    bug: Option<&'static str>,
    /// Run a target that does nothing instead.
    empty: bool,
    seconds: Option<u64>,
    jobs: u32,
    seed: u64,
    /// The longest input in bytes.
    longest: usize,
    /// The inputs that are kept from campaign to campaign.
    corpus: PathBuf,
    /// Inputs to begin with.
    seeds: PathBuf,
}

/// An engine at work.
struct Running {
    processes: Vec<Group>,
    /// Folders of inputs that stopped the target.
    artifacts: Vec<PathBuf>,
    /// Folders of inputs that met something new.
    corpora: Vec<PathBuf>,
    /// Executions so far.
    executions: Box<dyn FnMut() -> u64>,
    /// After this time it is asked to end.
    most: Option<Duration>,
    /// Operations of all executions; known at the end, where the processes tell it.
    operations: Box<dyn Fn() -> Option<u64>>,
}

/// Runs the campaign that the arguments ask for.
pub(crate) fn fuzz(arguments: &FuzzArguments) -> Result<Ending> {
    let target = target(arguments)?;
    work_with(arguments.subject, OnTarget { arguments, target })
}

/// A campaign of an engine that is yet to know which subject its finds are run on.
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
    output::check_folder(&arguments.out)?;
    let (seed, jobs) = (arguments.seed.unwrap_or_else(fuzz::draw_seed), fuzz::jobs(arguments));
    let workspace = Workspace::find()?;
    let scratch = workspace.scratch()?;
    let corpus = if arguments.from_nothing { scratch.join("corpus") } else { workspace.corpus(target) };
    let seeds = scratch.join("seeds");
    fs::create_dir_all(&corpus)?;
    let written = if arguments.from_nothing { 0 } else { seeds::write(&[workspace.root().join("corpus")], &seeds)? };
    // An engine refuses to begin with nothing; this is the smallest machine without an operation.
    output::write_file(&seeds.join("nothing"), &[0])?;
    let order = Order {
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
    };
    let (start, gather): (Start, Gather) = match arguments.engine {
        Engine::Libfuzzer => (libfuzzer::start, |_, _| Ok(())),
        Engine::Afl => (afl::start, afl::gather),
        Engine::Native => bail!("the native engine has no target"),
    };
    let Some(running) = start(&order, &scratch)? else {
        return Ok(Ending::Interrupted);
    };
    output::tell(format_args!(
        "{} runs the target {target} from {written} seeds and {} kept inputs   seed {seed}",
        arguments.engine.word(),
        watch::count(&order.corpus)
    ));
    let mut campaign = Campaign::new(Kept::new(subject, build, arguments, known));
    campaign.run(running)?;
    gather(&order, &scratch)?;
    campaign.finish(arguments, seed)
}

type Start = fn(&Order<'_>, &Path) -> Result<Option<Running>>;
type Gather = fn(&Order<'_>, &Path) -> Result<()>;

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
    ensure!(!arguments.empty || arguments.engine == Engine::Afl, "--empty is for afl");
    let levels = |wanted: &[u8]| -> KindSet {
        Kind::ALL.iter().copied().filter(|kind| wanted.contains(&kind.row().level)).collect()
    };
    let targets = [("lockstep", levels(&[0, 1, 2, 3])), ("frames", levels(&[0])), ("migration", levels(&[1, 2, 3]))];
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

    /// Watches the engine until its time is over, it ends, or somebody interrupts; no process of it is left then.
    fn run(&mut self, mut running: Running) -> Result<()> {
        self.start = Instant::now();
        let deadline = running.most.map(|most| self.start + most);
        let mut artifacts = Watch::of(running.artifacts.clone());
        let mut corpora = Watch::of(running.corpora.clone());
        let mut early = None;
        loop {
            let over = deadline.is_some_and(|deadline| Instant::now() > deadline);
            let mut at_work = false;
            for process in &mut running.processes {
                match process.ended()? {
                    Some(sentence) => early = early.or(sentence),
                    None => at_work = true,
                }
            }
            let ends = interrupted() || over || !at_work || self.kept.are_enough();
            if ends {
                running.processes.iter_mut().for_each(Group::end);
            }
            self.work.executions = (running.executions)().max(self.work.executions);
            for file in artifacts.look(usize::MAX) {
                self.stopped(&file)?;
            }
            // A big corpus is run bit by bit, so that what stopped the target does not wait.
            for file in corpora.look(if ends { usize::MAX } else { 500 }) {
                self.met(&file);
            }
            self.show();
            if ends {
                break;
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        self.work.time = self.start.elapsed();
        self.work.operations = (running.operations)();
        self.work.cpu_seconds = running.processes.iter().map(Group::seconds_in_all).sum();
        self.kept.status.clear();
        match early {
            Some(sentence) if self.kept.all.counts().is_empty() && !interrupted() => bail!(sentence),
            Some(_) | None => Ok(()),
        }
    }

    /// An input that stopped the target.
    fn stopped(&mut self, file: &Path) -> Result<()> {
        let Ok(bytes) = fs::read(file) else {
            return Ok(());
        };
        let Some((program, divergence)) = watch::run(self.kept.all.driver(), &bytes)? else {
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
            && watch::run(self.kept.all.driver(), &bytes).is_ok()
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
