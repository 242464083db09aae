//! `stalemap fuzz --engine libfuzzer|afl`: a campaign of an engine that keeps a corpus, on the targets of the crate fuzz.
//!
//! The engine is started as the arguments say. Its inputs are read while it runs: those of its corpus tell what was met;
//! those that stopped the target are run here, grouped by signature and minimised as the native campaign's findings are.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, thread};

use anyhow::{Result, bail, ensure};
use stalemap_campaign::{CampaignId, CampaignStats, Piece, Shard, Store};
use stalemap_commands::findings::{Done, Keep, Kept};
use stalemap_commands::fuzz::FuzzArguments;
use stalemap_commands::input::Inputs;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::known::Known;
use stalemap_commands::summary::{self, CampaignWork};
use stalemap_commands::values::Amount;
use stalemap_commands::{ChosenSubject, Ending, Subjects as _, output, seeds};
use stalemap_engines::protocol::{FRAMES, KERNEL, LOCKSTEP, MIGRATION};
use stalemap_engines::{Engine, Member, Order, Running};
use stalemap_harness::{Compare, Divergence, Driver};
use stalemap_operations::{Kind, KindSet, Program};
use stalemap_report::{Origin, Summary, counted, grouped};

use crate::catalogue::{Choice, Line};
use crate::workspace::workspace;

/// How often what the engine keeps is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// How often it is written down how far the campaign has come: a kill loses no more.
const BETWEEN_NOTES: Duration = Duration::from_secs(1);

/// A campaign of an engine, as it is asked for.
#[derive(Clone, Copy)]
pub(crate) struct EngineCampaign<'a> {
    pub(crate) line: &'a Line,
    pub(crate) engine: Engine,
    /// Whether the engine begins with no input and keeps nothing.
    pub(crate) from_nothing: bool,
    /// Whether the target does nothing.
    pub(crate) empty: bool,
    /// The folder in which inputs are shared.
    pub(crate) shared: Option<&'a Path>,
    /// What the campaign is called there.
    pub(crate) name: Option<&'a str>,
    pub(crate) campaign: &'a FuzzArguments<Choice>,
}

/// Runs the campaign that is asked for.
pub(crate) fn fuzz(wanted: &EngineCampaign<'_>) -> Result<Ending> {
    let target = target(wanted)?;
    let ChosenSubject { name: subject, build } = &wanted.line.subjects().chosen(&wanted.campaign.subject)?;
    let EngineCampaign { line, engine, from_nothing, empty, campaign: arguments, .. } = *wanted;
    let known = Known::read(arguments.known.as_deref(), &arguments.out)?;
    let (seed, jobs) = (arguments.seed()?, arguments.jobs());
    // An engine does other executions each time, whatever its seed is.
    let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let id = CampaignId::unrepeatable(engine.name(), seed, subject, &begun.to_string()).revision(&arguments.revision);
    let store = Store::open(&arguments.out)?.known(known.signatures());
    let keep = Keep::new(store, id, line.replay(&arguments.subject));
    let workspace = workspace()?;
    let member = member(wanted, target)?;
    let scratch = member.as_ref().map_or_else(|| workspace.scratch(), |member| Ok(member.folder().to_owned()))?;
    let corpus = match &member {
        Some(member) => member.corpus(),
        None if from_nothing => scratch.join("corpus"),
        None => workspace.corpus(target),
    };
    let seeds = scratch.join("seeds");
    if seeds.exists() {
        fs::remove_dir_all(&seeds)?;
    }
    fs::create_dir_all(&corpus)?;
    let written =
        if from_nothing { 0 } else { seeds::write(&mut Inputs::of(&[workspace.root().join("corpus")]), &seeds)? };
    // An engine refuses to begin with nothing; this is the smallest machine without an operation.
    output::write_file(&seeds.join("nothing"), &[0])?;
    let order = Order {
        engine,
        workspace: &workspace,
        target,
        bug: arguments.subject.bug(),
        kernel: arguments.subject.native_kernel(),
        empty,
        seconds: arguments.seconds,
        jobs,
        seed,
        longest: stalemap_operations::record::RECORD * (1 + arguments.ops as usize),
        corpus,
        seeds,
        scratch,
        member,
    };
    let Some(running) = order.start()? else {
        return Ok(Ending::Interrupted);
    };
    output::tell(format_args!(
        "{} runs the target {target} from {} and {}   seed {seed}",
        engine.name(),
        counted(written as u64, "seed"),
        counted(stalemap_engines::count(&order.corpus) as u64, "kept input")
    ));
    let kept = Kept::new(subject, build, keep, arguments.max_findings, known.signatures().clone());
    let mut campaign = Campaign::new(kept, summary::possible_transitions(arguments.levels));
    campaign.run(running, &order)?;
    order.gather()?;
    campaign.finish(subject, wanted, seed)
}

/// A place in the shared folder, where one is asked for. What stops the target with a seeded bug or a kernel does not stop another one, so
/// each such subject has a folder of its own.
fn member(wanted: &EngineCampaign<'_>, target: &str) -> Result<Option<Member>> {
    let Some(shared) = wanted.shared else { return Ok(None) };
    let option = wanted.line.replay(&wanted.campaign.subject).option().to_string();
    let words = option.split(|letter| !Member::may_have(letter));
    let of_subject: Vec<&str> = [target].into_iter().chain(words.filter(|word| !word.is_empty())).collect();
    let name = wanted.name.map_or_else(Member::usual_name, str::to_string);
    Ok(Some(Member::join(&shared.join(of_subject.join("_")), wanted.engine, &name)?))
}

/// The target for the levels that are asked for.
fn target(wanted: &EngineCampaign<'_>) -> Result<&'static str> {
    let EngineCampaign { line, campaign: arguments, .. } = *wanted;
    let engine = wanted.engine.name();
    ensure!(
        arguments.only.is_empty() && arguments.without.is_empty() && arguments.machine.is_none(),
        "--only, --without and --machine are for the native engine; {engine} runs whole targets"
    );
    ensure!(
        arguments.shard == Shard::WHOLE && !arguments.resume,
        "--shard and --resume are for the native engine; {engine} goes on from the inputs that it has kept, and machines share them \
         by --shared"
    );
    ensure!(arguments.runs.is_none(), "--runs is for the native engine; give {engine} --seconds");
    ensure!(
        arguments.compare == Amount::Touched,
        "--compare is for the native engine; targets compare what was touched"
    );
    ensure!(!wanted.empty || wanted.engine == Engine::Afl, "--empty is for afl");
    if arguments.subject.native_kernel().is_some() {
        ensure!(
            arguments.levels == KindSet::ALL,
            "the target {KERNEL} has all operations of a kernel; leave --levels out"
        );
        return Ok(KERNEL);
    }
    let option = line.subjects().option(&arguments.subject);
    let is_ours = option.is_empty() || arguments.subject.bug().is_some();
    ensure!(
        is_ours,
        "{engine} drives the implementation, or a kernel as a native process; leave{option} out, or use --engine native"
    );
    let levels = |wanted: &[u8]| -> KindSet {
        Kind::ALL.iter().copied().filter(|kind| wanted.contains(&kind.row().level)).collect()
    };
    let targets = [(LOCKSTEP, levels(&[0, 1, 2, 3, 4])), (FRAMES, levels(&[0])), (MIGRATION, levels(&[1, 2, 3]))];
    match targets.iter().find(|(_, kinds)| *kinds == arguments.levels) {
        Some((name, _)) => Ok(name),
        None => bail!("{engine} has targets for --levels 0-4, 0 and 1-3; other levels are for the native engine"),
    }
}

/// What an engine did.
#[derive(Default)]
struct EngineWork {
    executions: u64,
    /// Operations of all executions, where the engine's processes tell them.
    operations: Option<u64>,
    /// Processor time of these processes, where the system tells it.
    cpu_seconds: Option<f64>,
    /// Inputs that it keeps.
    kept: usize,
}

/// What the engine keeps, as it comes in.
struct Campaign {
    kept: Kept,
    start: Instant,
    /// Transitions that are possible.
    possible: usize,
    work: EngineWork,
    /// Inputs that stopped the target and diverge here.
    diverged: u64,
    /// Inputs that stopped the target and do nothing here.
    unexplained: Vec<PathBuf>,
}

impl Campaign {
    fn new(kept: Kept, possible: usize) -> Self {
        let work = EngineWork::default();
        Campaign { kept, start: Instant::now(), possible, work, diverged: 0, unexplained: Vec::new() }
    }

    /// Watches the engine until its time is over, it ends, or the user interrupts; no process of it is left then.
    fn run(&mut self, mut running: Running, order: &Order<'_>) -> Result<()> {
        let earlier = order.member.as_ref().map(Member::earlier);
        self.start = Instant::now();
        let mut noted = self.start;
        loop {
            let ends = !running.is_at_work()? || interrupted() || self.kept.are_enough();
            if ends {
                running.end();
            }
            self.work.executions = running.executions().max(self.work.executions);
            for file in running.stopping_inputs() {
                // What an earlier target stopped at may do nothing any more.
                if !self.stopped(&file)? && earlier.as_deref().is_none_or(|earlier| !file.starts_with(earlier)) {
                    self.unexplained.push(file);
                }
            }
            // A big corpus is run bit by bit, so that what stopped the target does not wait.
            for file in running.kept_inputs(if ends { usize::MAX } else { 500 }) {
                self.met(&file, order)?;
            }
            self.show();
            if ends {
                break;
            }
            if noted.elapsed() >= BETWEEN_NOTES {
                noted = Instant::now();
                let piece = self.piece();
                self.kept.keep_piece(&piece);
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        self.done();
        self.work.operations = running.operations();
        self.work.cpu_seconds = running.cpu_seconds();
        self.kept.status.clear();
        match running.failure() {
            Some(failure) if self.kept.all.counts().is_empty() && !interrupted() => Err(failure.clone().into()),
            Some(_) | None => Ok(()),
        }
    }

    /// An input that stopped the target; whether it diverges here.
    fn stopped(&mut self, file: &Path) -> Result<bool> {
        let Ok(bytes) = fs::read(file) else {
            return Ok(true);
        };
        let Some((program, divergence)) = run_here(self.kept.all.driver(), &bytes)? else {
            return Ok(false);
        };
        let index = self.diverged;
        self.diverged += 1;
        if self.kept.all.count(&divergence.signature(), index) {
            let origin = Origin { input: Some(file.display().to_string()), ..Origin::default() };
            self.kept.add(index, &program, &divergence, origin)?;
        }
        Ok(true)
    }

    /// An input that met something new.
    fn met(&mut self, file: &Path, order: &Order<'_>) -> Result<()> {
        if let Ok(bytes) = fs::read(file)
            && run_here(self.kept.all.driver(), &bytes).is_ok()
        {
            self.work.kept += 1;
            order.pass_on(&bytes)?;
        }
        Ok(())
    }

    fn show(&mut self) {
        let done = self.done();
        let counts = self.kept.all.counts();
        let possible = self.possible;
        self.kept.status.show(|| {
            let rate = done.executions as f64 / done.time.as_secs_f64().max(0.001);
            format!(
                "{} s  {rate:.0} executions/s  {} executions  {}",
                grouped(done.time.as_secs()),
                grouped(done.executions),
                summary::met_and_found(&done, possible, &counts)
            )
        });
    }

    /// Notes how far the engine has come.
    fn done(&mut self) -> Done {
        let driver = self.kept.all.driver();
        let (transitions, operations) = (driver.transitions().count(), driver.tally().operations());
        let (executions, time) = (self.work.executions, self.start.elapsed());
        self.kept.progress(Done { executions, operations, transitions, time, last_new: None })
    }

    fn finish(mut self, subject: &str, wanted: &EngineCampaign<'_>, seed: u64) -> Result<Ending> {
        let piece = self.piece();
        self.kept.keep_all(&piece);
        let summary = self.summary(wanted, seed);
        let findings = self.kept.so_far.get().findings.clone();
        summary::print(subject, wanted.campaign.printed(), &summary, &findings)?;
        for file in &self.unexplained {
            output::tell(format_args!(
                "{} stopped the target and does not diverge here: it took too long or too much memory there, or the \
                 target was built from another source; see what the target says of it",
                file.display()
            ));
        }
        Ok(if self.unexplained.is_empty() { self.kept.ending() } else { Ending::Trouble })
    }

    /// What the engine has done, and what its inputs meet.
    fn piece(&mut self) -> Piece {
        let driver = self.kept.all.driver();
        let stats = CampaignStats {
            executions: self.work.executions,
            operations: self.work.operations.unwrap_or_default(),
            tally: driver.tally().clone(),
            transitions: driver.transitions().clone(),
            marks: driver.marks().to_vec(),
            ..CampaignStats::default()
        };
        Piece::new(Shard::WHOLE, &stats, self.kept.all.times())
    }

    fn summary(&mut self, wanted: &EngineCampaign<'_>, seed: u64) -> Summary {
        let command = wanted.line.retyped(&[]);
        let work = CampaignWork { engine: wanted.engine.name(), seed, command };
        let so_far = self.kept.so_far.get().clone();
        let begun = summary::of_work(&so_far, self.kept.all.known(), wanted.campaign.levels, work);
        let driver = self.kept.all.driver();
        let mut summary = Summary {
            kept: Some(self.work.kept),
            engine_operations: self.work.operations,
            engine_cpu_seconds: self.work.cpu_seconds,
            skipped_oracles: summary::skipped(&driver.skipped()),
            ..begun
        };
        summary.set_met(driver.tally(), driver.marks(), wanted.campaign.levels);
        summary
    }
}

/// Runs an input; how it diverges, if it does.
fn run_here(driver: &mut Driver, bytes: &[u8]) -> Result<Option<(Program, Divergence)>> {
    let program = Program::from_bytes(bytes);
    let run = driver.run(&program, Compare::Touched)?;
    Ok(run.divergence.map(|divergence| (program, divergence)))
}
