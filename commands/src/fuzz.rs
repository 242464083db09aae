//! `stalemap fuzz`: a campaign of the native generator, what it finds, and its summary.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Error, Result, ensure};
use clap::Args;
use stalemap_campaign::{
    Campaign, CampaignError, CampaignId, CampaignStats, Diverged, Observer, Piece, Progress, Shard, Store,
};
use stalemap_harness::{AnyBuild, Hang, Settings, Signature, some_subject};
use stalemap_operations::{Kind, KindSet, Machine, Subject as _, Trace};
use stalemap_report::{Ending as HowEnded, Finding, Origin, Summary, grouped};

use crate::command_line::CommandLine;
use crate::ending::Ending;
use crate::findings::{Done, Keep, Kept, SharedSoFar, SoFar};
use crate::interrupt::interrupted;
use crate::known::Known;
use crate::resume::{self, Beginning};
use crate::subjects::{ChosenSubject, Subjects};
use crate::summary::{self, CampaignWork, Printed};
use crate::values::{Amount, Format, MOST_SECONDS, levels, machine, operation};
use crate::{hang, output};

/// Fuzz: generate operation sequences and compare both sides, until time or runs are over, or Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
The same seed, machine and operations give the same executions and the same findings, whatever the number of jobs. \
Each finding is minimised with everything compared after each step, and kept; those that say the same are one.

Examples:
  stalemap fuzz --seconds 60
  stalemap fuzz --runs 100000 --seed 7 --levels 2-3
  stalemap fuzz --only map,write,fork,unmap --machine \"ram=4 spaces=2 pages=4\"
  stalemap fuzz --seconds 3600 --known known-signatures.txt --out nightly
  stalemap fuzz --max-findings 1                   until the first finding
  stalemap fuzz --runs 1000000 --seed 7 --shard 3/100    the fourth of 100 machines
  stalemap fuzz --seconds 3600 --resume            goes on where it was")]
pub struct FuzzArguments<C: Args> {
    /// End after this many seconds; the last finding is minimised for as long again at the most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_SECONDS))]
    pub seconds: Option<u64>,
    /// End after this many executions, of all shards together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: Option<u64>,
    /// End with this many findings, each of another signature
    #[arg(long, alias = "finds", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_findings: Option<u32>,
    /// Seed of the campaign; one is chosen and printed where none is given
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Do a shard of the campaign, such as 3/100: the executions whose index leaves the remainder 3 when it is divided by 100.
    /// All shards have one seed; `stalemap merge` adds their folders up
    #[arg(long, value_name = "K/N", default_value_t = Shard::WHOLE, hide_default_value = true)]
    pub shard: Shard,
    /// Go on where the campaign in the folder of findings was; begin where there is none
    #[arg(long)]
    pub resume: bool,
    /// The revision of the subject, such as a commit: campaigns of another revision are others
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub revision: String,
    /// Executions that run at the same time; as many as there are cores where none is given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub jobs: Option<u32>,
    /// The most operations in an execution
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=Trace::MOST_STEPS as i64))]
    pub ops: u32,
    /// Levels whose operations occur: 0 frames, 1 address space, 2 devices and migration, 3 pins and holds, 4 large folios
    #[arg(long, value_name = "LEVELS", default_value = "0-4", value_parser = levels)]
    pub levels: KindSet,
    /// Operations that occur, others do not
    #[arg(long, value_name = "OPERATION", value_delimiter = ',', value_parser = operation())]
    pub only: Vec<Kind>,
    /// Operations that do not occur
    #[arg(long, value_name = "OPERATION", value_delimiter = ',', value_parser = operation())]
    pub without: Vec<Kind>,
    /// The machine of every execution, as on a machine line; small ones of all sorts where none is given
    #[arg(long, value_name = "MACHINE", value_parser = machine)]
    pub machine: Option<Machine>,
    /// How much is compared after each step of an execution
    #[arg(long, value_enum, value_name = "AMOUNT", default_value_t)]
    pub compare: Amount,
    /// The subject that is driven.
    #[command(flatten)]
    pub subject: C,
    /// A file of findings that are known: they are counted and not reported. Signatures, one a line; or known.toml, whose entries
    /// have a reason and expire. A known.toml in the folder of findings is read too
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// The folder for what is found
    #[arg(long, value_name = "DIR", default_value = "findings")]
    pub out: PathBuf,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Name each outcome of each operation in the end, and what was never met
    #[arg(short, long)]
    pub verbose: bool,
}

impl<C: Args> FuzzArguments<C> {
    /// As many jobs as are asked for, or else as there are cores.
    pub fn jobs(&self) -> u32 {
        self.jobs.unwrap_or_else(cores)
    }

    /// The seed that is given, or else a new one.
    ///
    /// # Errors
    /// When none is given for a shard.
    pub fn seed(&self) -> Result<u64> {
        seed_of(self.seed, self.shard)
    }

    /// How the results are printed.
    pub fn printed(&self) -> Printed {
        Printed { format: self.format, verbose: self.verbose }
    }

    /// What the generator is told, for a subject that can do these operations and is built by this.
    fn settings(&self, able: KindSet, build: &AnyBuild) -> Result<Settings> {
        let mut kinds = self.levels.and(able);
        if !self.only.is_empty() {
            kinds = kinds.and(self.only.iter().copied().collect());
        }
        kinds = self.without.iter().fold(kinds, |kinds, &kind| kinds.without(kind));
        if let Some(machine) = &self.machine {
            kinds = kinds.iter().filter(|kind| kind.exists_on(machine)).collect();
        }
        ensure!(
            !kinds.is_empty(),
            "no operation is left: --levels, --only, --without, --machine and the subject leave none"
        );
        Ok(Settings { operations: self.ops as usize, kinds, machine: self.machine, ..Settings::of(build) })
    }
}

/// The seed that is given for a shard, or else a new one for a whole campaign.
pub(crate) fn seed_of(given: Option<u64>, shard: Shard) -> Result<u64> {
    ensure!(given.is_some() || shard == Shard::WHOLE, "all shards of a campaign have one seed: give it by --seed");
    Ok(given.unwrap_or_else(new_seed))
}

/// A seed that differs from call to call; 32 bits are easier to pass on than 64.
#[must_use]
pub fn new_seed() -> u64 {
    RandomState::new().hash_one(std::process::id()) >> 32
}

/// How many cores there are.
#[must_use]
pub fn cores() -> u32 {
    available_parallelism().map_or(1, |cores| cores.get().try_into().unwrap_or(1))
}

/// Runs the campaign on the subject that is chosen.
///
/// # Errors
/// When the subject is not there or cannot be a machine, no operation is left, the campaign cannot be resumed, or a finding cannot
/// be kept.
pub fn fuzz<S: Subjects>(line: &CommandLine<S>, arguments: &FuzzArguments<S::Choice>) -> Result<Ending> {
    let ChosenSubject { name: subject, build } = &line.subjects().chosen(&arguments.subject)?;
    let able = some_subject(build)?.capabilities().operations;
    let settings = arguments.settings(able, build)?;
    let known = Known::read(arguments.known.as_deref(), &arguments.out)?;
    let store = Store::open(&arguments.out)?.known(known.signatures());
    let replay = line.replay(&arguments.subject);
    let id = |seed| {
        let id = CampaignId::native(seed, subject, &settings, arguments.compare.compare());
        id.variant(replay.option().trim_start()).revision(&arguments.revision)
    };
    let beginning = if arguments.resume {
        resume::beginning(&store, arguments.seed, &id, arguments.shard)?
    } else {
        Beginning::new(arguments.seed()?)
    };
    let seed = beginning.seed;
    let keep = Keep::new(store, id(seed), replay);
    let command = line.retyped(&[("--seed", seed)]);
    output::tell(format_args!("seed {seed}   {command}"));
    let mut kept = Kept::new(subject, build, keep.clone(), arguments.max_findings, known.signatures().clone());
    kept = kept.of_time(arguments.seconds.map(Duration::from_secs));
    let (recorded, before) = beginning.before.unzip();
    let before = before.unwrap_or_else(Piece::none);
    let work = CampaignWork { engine: "native", seed, command };
    let campaign = Campaign::new(build.clone())
        .seed(seed)
        .jobs(arguments.jobs())
        .shard(arguments.shard)
        .begin(before.executions)
        .settings(settings.clone())
        .compare(arguments.compare.compare())
        .runs(arguments.runs)
        .time(arguments.seconds.map(Duration::from_secs))
        .stop_when(interrupted);
    let hung = Hung {
        subject: subject.to_string(),
        keep,
        so_far: kept.so_far.clone(),
        known,
        kinds: settings.kinds,
        work,
        printed: arguments.printed(),
    };
    let (in_campaign, name) = (hung.clone(), subject.to_string());
    let campaign = campaign
        .on_hang(line.limit(), move |hang| hang::end(&name, &hang, &|finding, hang| in_campaign.tell(finding, hang)));
    // Findings are minimised beside the campaign, and those of before are run again.
    let while_minimised = hung.clone();
    let write = move |finding: &_, hang: &_| while_minimised.tell(finding, hang);
    let _watchdog = hang::watch(subject, line.limit(), kept.all.driver(), write);
    if let Some(recorded) = recorded {
        kept.go_on_from(&recorded, arguments.shard, &before)?;
        output::tell(format_args!("goes on after {} executions", grouped(before.executions)));
    }
    let possible = summary::possible_transitions(settings.kinds);
    let limits = Limits { seconds: arguments.seconds, runs: arguments.runs, possible };
    let mut native = Native { seed, shard: arguments.shard, before, kept, limits, trouble: None };
    let stats = campaign.run(&mut native);
    finish(line, &hung, native, stats)
}

/// Writes down and prints what was done and found, whatever has ended the campaign.
fn finish<S: Subjects>(
    line: &CommandLine<S>,
    hung: &Hung,
    mut native: Native,
    stats: Result<CampaignStats, CampaignError>,
) -> Result<Ending> {
    let (stats, cause) = match stats {
        Ok(stats) => (stats, None),
        Err(CampaignError { cause, stats }) => (*stats, Some(cause)),
    };
    native.kept.status.clear();
    let piece = native.piece(&stats);
    let Native { mut kept, trouble, seed, shard, .. } = native;
    kept.keep_all(&piece);
    let so_far = kept.finished(&stats);
    // Those of before are repeated as well, and no campaign has none.
    let runs = shard.end(piece.executions).max(1);
    let command = line.retyped(&[("--runs", runs), ("--seed", seed)]);
    let summary = summary(hung, CampaignWork { command, ..hung.work.clone() }, &stats, &so_far);
    summary::print(&hung.subject, hung.printed, &summary, &so_far.findings)?;
    if kept.is_cut() && !interrupted() {
        output::tell(format_args!("the time is over, and the last finding is not as short as it can be"));
    }
    if kept.is_cut() || interrupted() {
        output::tell(format_args!("to go on: {} --resume", line.retyped(&[("--seed", seed)])));
    } else {
        kept.tell_what_is_gone(&hung.known)?;
    }
    match trouble.or(cause.map(Error::new)) {
        None => Ok(kept.ending()),
        Some(error) => Err(error),
    }
}

impl Kept {
    /// What the campaign has come to in the end.
    fn finished(&mut self, stats: &CampaignStats) -> SoFar {
        self.progress(Done {
            executions: stats.executions,
            operations: stats.tally.operations(),
            transitions: stats.transitions.count(),
            time: stats.time,
            last_new: None,
        });
        self.so_far.get().clone()
    }
}

/// What is done when an execution hangs: it is kept as a finding, and the campaign is told as far as it has come.
#[derive(Clone)]
struct Hung {
    subject: String,
    keep: Keep,
    so_far: SharedSoFar,
    known: Known,
    kinds: KindSet,
    work: CampaignWork,
    printed: Printed,
}

impl Hung {
    fn tell(&self, finding: &Finding, hang: &Hang) -> Result<()> {
        let mut so_far = self.so_far.get().clone();
        let signature: Signature = finding.signature.parse()?;
        // A job says which execution it does. What is run beside the campaign comes from the execution that is looked at, or
        // from a trace that names none.
        let index = hang.index.or(so_far.looks_at).unwrap_or(u64::MAX);
        let kept = self.keep.keep(&signature, index, true, finding.clone());
        let is_kept = kept.file.is_some();
        *so_far.counts.entry(signature).or_default() += 1;
        so_far.findings.push(kept);
        let summary = summary::of_work(&so_far, self.known.signatures(), self.kinds, self.work.clone());
        let summary = Summary { ending: HowEnded::Hung, ..summary };
        summary::print(&self.subject, self.printed, &summary, &so_far.findings)?;
        ensure!(is_kept, "the finding is not kept");
        Ok(())
    }
}

/// Observes the campaign.
struct Native {
    seed: u64,
    shard: Shard,
    /// What was done before it was resumed.
    before: Piece,
    kept: Kept,
    limits: Limits,
    /// What ended the campaign early.
    trouble: Option<Error>,
}

impl Native {
    /// What was done of the shard, also before.
    fn piece(&self, stats: &CampaignStats) -> Piece {
        // The findings go on counting from those before.
        let piece = Piece::new(self.shard, stats, self.kept.all.times()).and_coverage(&self.before);
        match self.limits.runs {
            Some(runs) => piece.of_a_campaign_of(runs),
            None => piece,
        }
    }
}

/// How far a campaign can come.
struct Limits {
    seconds: Option<u64>,
    runs: Option<u64>,
    /// Transitions that are possible.
    possible: usize,
}

impl Observer for Native {
    fn diverged(&mut self, Diverged { index, program, divergence }: Diverged) -> ControlFlow<()> {
        if !self.kept.all.count(&divergence.signature(), index) {
            return ControlFlow::Continue(());
        }
        let origin = Origin { seed_and_execution: Some((self.seed, index)), ..Origin::default() };
        self.trouble = self.kept.add(index, &program, &divergence, origin).err();
        if self.trouble.is_some() || self.kept.are_enough() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let Progress { executions, operations, transitions, time } = *progress;
        let done = self.kept.progress(Done { executions, operations, transitions, time, last_new: None });
        let counts = &self.kept.all;
        self.kept.status.show(|| status_line(&done, &self.limits, &counts.counts()));
    }

    fn checkpoint(&mut self, stats: &CampaignStats) {
        let piece = self.piece(stats);
        self.kept.keep_piece(&piece);
    }
}

fn status_line(done: &Done, limits: &Limits, counts: &BTreeMap<Signature, u64>) -> String {
    let of = |limit: Option<u64>| limit.map_or_else(String::new, |limit| format!(" of {}", grouped(limit)));
    format!(
        "{}{} s  {:.2} M operations/s  {}{} executions  {}",
        grouped(done.time.as_secs()),
        of(limits.seconds),
        done.operations as f64 / done.time.as_secs_f64().max(0.001) / 1e6,
        grouped(done.executions),
        of(limits.runs),
        summary::met_and_found(done, limits.possible, counts),
    )
}

fn summary(hung: &Hung, work: CampaignWork, stats: &CampaignStats, so_far: &SoFar) -> Summary {
    let mut summary = summary::of_work(so_far, hung.known.signatures(), hung.kinds, work);
    summary.skipped_oracles = summary::skipped(&stats.skipped);
    summary.set_met(&stats.tally, &stats.marks, hung.kinds);
    summary
}
