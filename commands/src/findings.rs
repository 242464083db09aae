//! The findings of a campaign: kept in a store, and told when they are found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Error, Result};
use stalemap_campaign::{Added, CampaignId, Findings, Found, Piece, Recorded, Sample, Sampled, Shard, Store};
use stalemap_harness::{AnyBuild, Compare, Divergence, Signature};
use stalemap_operations::Program;
use stalemap_report::{Finding, KeptFile, Origin, counted};

use crate::command_line::{Replay, quoted};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::known::Known;
use crate::output;
use crate::status::Status;

/// What is done with a finding.
#[derive(Clone)]
pub struct Keep {
    store: Store,
    campaign: CampaignId,
    replay: Replay,
}

/// A finding, and where it is.
#[derive(Clone, Debug)]
pub struct KeptFinding {
    /// The finding.
    pub finding: Finding,
    /// Its file; none where it could not be written.
    pub file: Option<KeptFile>,
    /// Whether it has taken the place of a longer trace.
    is_shorter: bool,
    /// The lines below the finding that say where it is.
    lines: String,
}

impl KeptFinding {
    /// The finding for a terminal, and where it is.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}", self.finding.text(), self.lines)
    }

    /// One line for the time until the summary, of what is new to the campaign, or of a shorter trace of it: then the file of the
    /// longer one is gone.
    #[must_use]
    pub fn notice(&self, is_new: bool) -> String {
        let signature = &self.finding.signature;
        match &self.file {
            Some(file) if !is_new => format!("a shorter {signature} is kept in {}", file.path),
            Some(file) => format!("found {signature}, kept in {}", file.path),
            None => format!("found {signature}\n{}", self.lines.trim_end()),
        }
    }
}

impl Keep {
    /// Keeps findings of this campaign in the store.
    #[must_use]
    pub fn new(store: Store, campaign: CampaignId, replay: Replay) -> Keep {
        let campaign = campaign.variant(replay.option().trim_start());
        Keep { store, campaign, replay }
    }

    /// The campaign.
    #[must_use]
    pub fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    /// Adds an execution to the store that was met with this signature.
    #[must_use]
    pub fn keep(&self, met: &Signature, index: u64, is_complete: bool, finding: Finding) -> KeptFinding {
        let replay = |name: &str| self.replay.in_file(&quoted(name));
        let sample = Sample::new(met, index, is_complete, &finding, replay);
        self.keep_sample(finding, sample)
    }

    /// A finding that lies in the store.
    fn lies_in(&self, finding: Finding, added: Added) -> KeptFinding {
        let path = quoted(&added.path().to_string_lossy());
        let lines = format!("  kept in   {path}\n  replay    {}\n", self.replay.printed(&path));
        let keep = regression(&path);
        let is_shorter = matches!(added, Added::Shorter(_));
        KeptFinding { finding, file: Some(KeptFile { path, keep }), is_shorter, lines }
    }

    /// Adds a sample, which shows this finding, to the store. Where it lies there its trace comes back if that has gone.
    fn keep_sample(&self, finding: Finding, sample: Sample) -> KeptFinding {
        match self.store.add(&self.campaign, sample) {
            Ok(added) => self.lies_in(finding, added),
            Err(error) => {
                let lines = format!("  NOT KEPT  {:#}\n", Error::new(error));
                KeptFinding { finding, file: None, is_shorter: false, lines }
            }
        }
    }

    /// Writes down how far the campaign has come.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn keep_piece(&self, piece: &Piece) -> Result<()> {
        Ok(self.store.keep_piece(&self.campaign, piece)?)
    }

    /// Brings together what lies in the store of the campaign.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn tidy(&self) -> Result<()> {
        Ok(self.store.tidy(&self.campaign)?)
    }
}

/// The command that keeps a finding as a regression: where `replay!` and the tests of Stalemap look for traces.
fn regression(path: &str) -> String {
    let folder = ["corpus/regressions", "corpus"].into_iter().find(|folder| Path::new(folder).is_dir());
    match folder {
        Some(folder) => format!("mv {path} {folder}/"),
        None => format!("mkdir corpus && mv {path} corpus/"),
    }
}

/// What a campaign has done and found until now.
#[derive(Clone, Debug, Default)]
pub struct SoFar {
    /// How far it has come.
    pub work: Done,
    /// Executions that diverged, by signature.
    pub counts: BTreeMap<Signature, u64>,
    /// The findings, in the order in which they were found.
    pub findings: Vec<KeptFinding>,
    /// The index of the execution that is being brought to its form, or whose form is run again.
    pub looks_at: Option<u64>,
}

/// How far a campaign has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Executions.
    pub executions: u64,
    /// Operations of these.
    pub operations: u64,
    /// Transitions that were met.
    pub transitions: usize,
    /// Since the start.
    pub time: Duration,
    /// From the start to the last transition that was new.
    pub last_new: Option<Duration>,
}

/// What a campaign has come to, shared with the watchdog that tells it when an execution hangs.
#[derive(Clone, Default)]
pub struct SharedSoFar(Arc<Mutex<SoFar>>);

impl SharedSoFar {
    /// What it has come to.
    pub fn get(&self) -> MutexGuard<'_, SoFar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a campaign has found so far.
pub struct Kept {
    subject: String,
    keep: Keep,
    /// What has diverged, each fault once.
    pub all: Findings,
    /// The status line of the campaign.
    pub status: Status,
    /// What it has come to.
    pub so_far: SharedSoFar,
    /// How many findings are enough, if a number is.
    enough: Option<u32>,
    /// What could not be written, or not be looked at.
    lost: u32,
    /// When work on a finding is cut.
    until: Option<Instant>,
    /// Whether the user has interrupted, or the time was over, while an execution was brought to its form: it is to be looked at again.
    is_cut: bool,
    /// Whether what was done last could not be written down.
    is_behind: bool,
}

impl Kept {
    /// Nothing was found yet. Findings with a known signature are counted and not kept.
    pub fn new(subject: &str, build: &AnyBuild, keep: Keep, enough: Option<u32>, known: BTreeSet<Signature>) -> Self {
        Kept {
            subject: subject.to_string(),
            keep,
            all: Findings::new(subject, build.clone(), known),
            status: Status::new(),
            so_far: SharedSoFar::default(),
            enough,
            lost: 0,
            until: None,
            is_cut: false,
            is_behind: false,
        }
    }

    /// Cuts the work on a finding when the campaign has taken twice its time: an execution in which a kernel hangs takes seconds, and
    /// its form hundreds of them.
    #[must_use]
    pub fn of_time(self, time: Option<Duration>) -> Self {
        Kept { until: time.and_then(|time| Instant::now().checked_add(2 * time)), ..self }
    }

    /// Goes on from what the store has of a shard: what was counted, and what was found. A finding that the subject no longer
    /// shows is told.
    ///
    /// # Errors
    /// When the subject cannot be the machine.
    pub fn go_on_from(&mut self, recorded: &Recorded, shard: Shard, before: &Piece) -> Result<()> {
        let parse = |text: &str| text.parse::<Signature>().ok();
        let samples = || recorded.samples().filter(|it| it.is_complete && it.index % shard.of() == shard.number());
        let forms: Vec<(Signature, u64, Signature)> =
            samples().filter_map(|it| Some((parse(&it.met)?, it.index, parse(&it.form)?))).collect();
        let times = before.met.iter().filter_map(|(met, times)| Some((parse(met)?, *times)));
        self.all.go_on_from(times, forms.iter().map(|(met, index, form)| (met.clone(), *index, form)));
        let mut shortest: BTreeMap<&str, &Sample> = BTreeMap::new();
        for sample in samples().filter(|it| parse(&it.form).is_some_and(|form| !self.all.known().contains(&form))) {
            let kept = shortest.entry(&sample.form).or_insert(sample);
            if sample.is_before(kept) {
                *kept = sample;
            }
        }
        for (form, sample) in shortest {
            let program = sample.trace().program();
            self.so_far.get().looks_at = Some(sample.index);
            let run = self.all.driver().run(&program, Compare::Everything)?;
            let Some(divergence) = run.divergence.filter(|it| it.signature().to_string() == form) else {
                output::tell(format_args!("{form} was found before and no longer shows: the subject has changed"));
                parse(form).iter().for_each(|form| self.all.forget(form));
                continue;
            };
            let origin = Origin { seed_and_execution: Some((recorded.id.seed, sample.index)), ..Origin::default() };
            let finding = Finding::describe(self.all.driver(), &self.subject, &program, &divergence, origin);
            let kept = self.keep.keep_sample(finding?, sample.clone());
            self.so_far.get().findings.push(kept);
        }
        self.so_far.get().looks_at = None;
        Ok(())
    }

    /// Brings the execution with this index, which diverged, to its canonical form; keeps it, and says so if that is new.
    ///
    /// # Errors
    /// When the subject cannot be the machine.
    pub fn add(&mut self, index: u64, program: &Program, divergence: &Divergence, origin: Origin) -> Result<()> {
        let signature = divergence.signature();
        self.so_far.get().looks_at = Some(index);
        let (status, until) = (&mut self.status, self.until);
        let is_over = || until.is_some_and(|until| Instant::now() >= until);
        let added = self.all.add(index, program, divergence, origin, &mut |progress| {
            status.show(|| {
                let (operations, runs) = (progress.operations as u64, progress.executions);
                format!("{signature}: {} after {}", counted(operations, "operation"), counted(runs, "run"))
            });
            !interrupted() && !is_over()
        });
        self.so_far.get().looks_at = None;
        // It is to be looked at again when the campaign is resumed.
        self.lost += u32::from(added.is_err());
        let Sampled { met, index, found, is_new } = added?;
        let Found { finding, repeats, complete } = found;
        self.is_cut |= !complete;
        if !complete && !is_new {
            return Ok(());
        }
        let mut kept = self.keep.keep(&met, index, complete, finding);
        if kept.file.is_none() {
            self.lost += 1;
        }
        if !repeats {
            kept.lines += "  DOES NOT REPEAT: it diverged once and agrees when it is run again on new machines\n";
        }
        if is_new || kept.is_shorter || kept.file.is_none() && self.lost == 1 {
            self.status.aside(|| output::tell(kept.notice(is_new)));
        }
        let findings = &mut self.so_far.get().findings;
        if is_new {
            findings.push(kept);
        } else if kept.is_shorter
            && let Some(longer) = findings.iter_mut().find(|it| it.finding.signature == kept.finding.signature)
        {
            *longer = kept;
        }
        Ok(())
    }

    /// Notes how far the campaign has come; what was met last is set here.
    pub fn progress(&mut self, done: Done) -> Done {
        let mut so_far = self.so_far.get();
        let before = so_far.work;
        let last_new = if done.transitions > before.transitions { Some(done.time) } else { before.last_new };
        so_far.work = Done { last_new, ..done };
        so_far.counts = self.all.counts();
        so_far.work
    }

    /// Whether the work on a finding was cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether as many were found as were asked for, or the work on one was cut.
    pub fn are_enough(&self) -> bool {
        self.is_cut || self.enough.is_some_and(|enough| self.so_far.get().findings.len() >= enough as usize)
    }

    /// Writes down how far the campaign has come. Where the work on an execution was cut, or one could not be
    /// kept, what was written before it stays: the campaign is resumed there.
    pub fn keep_piece(&mut self, piece: &Piece) {
        if self.is_cut || self.lost > 0 {
            return;
        }
        match self.keep.keep_piece(piece) {
            Ok(()) => self.is_behind = false,
            // It is tried again with all that is done until then; it is told once.
            Err(error) if !self.is_behind => {
                self.status.aside(|| output::complain(&error.context("the state of the campaign is not written")));
                self.is_behind = true;
            }
            Err(_) => {}
        }
    }

    /// Writes down all that the campaign has come to.
    pub fn keep_all(&mut self, piece: &Piece) {
        self.keep_piece(piece);
        if let Err(error) = self.keep.tidy() {
            output::complain(&error);
            self.lost += 1;
        }
    }

    /// Says which findings are known, were not met, and show no longer.
    ///
    /// # Errors
    /// When a trace of one cannot be read, or the subject cannot be its machine.
    pub fn tell_what_is_gone(&mut self, known: &Known) -> Result<()> {
        let counts = self.all.counts();
        known.tell_what_is_gone(&counts, &self.keep.store, &self.keep.campaign, self.all.driver())
    }

    /// How the campaign came out.
    pub fn ending(&self) -> Ending {
        if self.lost > 0 || self.is_behind {
            Ending::Trouble
        } else if !self.so_far.get().findings.is_empty() {
            Ending::Diverge
        } else if interrupted() {
            Ending::Interrupted
        } else {
            Ending::Agree
        }
    }
}
