//! The findings of a campaign: kept in a store, and told when they are found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use stalemap_campaign::{Findings, Found, Store};
use stalemap_harness::{AnyBuild, Divergence, Signature};
use stalemap_operations::Program;
use stalemap_report::{Finding, KeptFile, Origin, counted};

use crate::command_line::{Replay, quoted};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::{input, output};

/// What is done with a finding.
#[derive(Clone)]
pub struct Keep {
    store: Store,
    replay: Replay,
}

/// A finding, and where it is.
#[derive(Clone, Debug)]
pub struct KeptFinding {
    /// The finding.
    pub finding: Finding,
    /// Its file; none where it could not be written.
    pub file: Option<KeptFile>,
    /// The lines below the finding that say where it is.
    lines: String,
}

impl KeptFinding {
    /// The finding for a terminal, and where it is.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}", self.finding.text(), self.lines)
    }

    /// One line for the time until the summary.
    #[must_use]
    pub fn notice(&self) -> String {
        let signature = &self.finding.signature;
        match &self.file {
            Some(file) => format!("found {signature}, kept in {}", file.path),
            None => format!("found {signature}\n{}", self.lines.trim_end()),
        }
    }
}

impl Keep {
    /// Keeps findings in the store in this folder. Campaigns of one name are the same executions: their counts do not add up.
    ///
    /// # Errors
    /// When no file can be written into the folder.
    pub fn new(out: &Path, campaign: &str, replay: Replay) -> Result<Keep> {
        let in_file = replay.clone();
        let store = Store::open(out)?.variant(replay.option().trim_start()).campaign(campaign);
        let store = store.replayed_by(move |path| in_file.in_file(&quoted(&path.to_string_lossy())));
        Ok(Keep { store, replay })
    }

    /// Adds a finding to the store.
    #[must_use]
    pub fn keep(&self, finding: Finding) -> KeptFinding {
        let (file, lines) = match self.store.add(&finding) {
            Ok(added) => {
                let path = quoted(&added.path().to_string_lossy());
                let lines = format!("  kept in   {path}\n  replay    {}\n", self.replay.printed(&path));
                let keep = regression(&path);
                (Some(KeptFile { path, keep }), lines)
            }
            Err(error) => (None, format!("  NOT KEPT  {:#}\n", Error::new(error))),
        };
        KeptFinding { finding, file, lines }
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
    /// Findings that could not be written.
    lost: u32,
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
        }
    }

    /// Brings an execution that diverged to its canonical form; keeps it and says so if that is new.
    ///
    /// # Errors
    /// When the subject cannot be the machine.
    pub fn add(&mut self, program: &Program, divergence: &Divergence, origin: Origin) -> Result<()> {
        let signature = divergence.signature();
        let status = &mut self.status;
        let found = self.all.add(program, divergence, origin, &mut |progress| {
            status.show(|| {
                let (operations, runs) = (progress.operations as u64, progress.executions);
                format!("{signature}: {} after {}", counted(operations, "operation"), counted(runs, "run"))
            });
            !interrupted()
        });
        let Some(Found { finding, repeats, .. }) = found.map_err(|it| anyhow!(it))? else {
            return Ok(());
        };
        let mut kept = self.keep.keep(finding);
        if !repeats {
            kept.lines += "  DOES NOT REPEAT: it diverged once and agrees when it is run again on new machines\n";
        }
        self.lost += u32::from(kept.file.is_none());
        self.status.aside(|| output::tell(kept.notice()));
        self.so_far.get().findings.push(kept);
        Ok(())
    }

    /// Notes how far the campaign has come; what was met last is set here.
    pub fn progress(&mut self, done: Done) -> Done {
        let mut so_far = self.so_far.get();
        let before = so_far.work;
        let last_new = if done.transitions > before.transitions { Some(done.time) } else { before.last_new };
        so_far.work = Done { last_new, ..done };
        so_far.counts.clone_from(self.all.counts());
        so_far.work
    }

    /// Whether as many were found as were asked for.
    pub fn are_enough(&self) -> bool {
        self.enough.is_some_and(|enough| self.so_far.get().findings.len() >= enough as usize)
    }

    /// Keeps how often each finding was met.
    pub fn keep_counts(&mut self) {
        for (signature, count) in self.all.counts() {
            if let Err(error) = self.keep.store.count(signature, &self.subject, *count) {
                output::complain(&error.into());
                self.lost += 1;
                return;
            }
        }
    }

    /// How the campaign came out.
    pub fn ending(&self) -> Ending {
        if self.lost > 0 {
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

/// Reads the signatures of the file that is given, if one is: one a line, comments behind `#`.
///
/// # Errors
/// When the file cannot be read, or a line is no signature.
pub fn known_signatures(path: Option<&Path>) -> Result<BTreeSet<Signature>> {
    let Some(path) = path else {
        return Ok(BTreeSet::new());
    };
    let text = input::read_content(path).and_then(|content| Ok(String::from_utf8(content)?));
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    let lines = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
    let signatures = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| line.parse().map_err(|error| anyhow!("{}:{number}: {error}", path.display())));
    signatures.collect()
}
