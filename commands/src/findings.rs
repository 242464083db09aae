//! The findings of a campaign: printed, and kept in a store.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Error, Result, anyhow, ensure};
use stalemap_campaign::{Findings, Found, Store};
use stalemap_harness::{AnyBuild, Divergence, Signature};
use stalemap_operations::Program;
use stalemap_report::{Finding, Origin};

use crate::command_line::{Replay, quoted};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::output;
use crate::status::Status;
use crate::values::Format;

/// What is done with a finding.
#[derive(Clone)]
pub struct Keep {
    store: Store,
    format: Format,
    replay: Replay,
}

impl Keep {
    /// Keeps findings in the store in this folder, and shows them beside results that are printed in this form. Campaigns of one
    /// name are the same executions: their counts do not add up.
    ///
    /// # Errors
    /// When no file can be written into the folder.
    pub fn new(out: &Path, campaign: &str, format: Format, replay: Replay) -> Result<Keep> {
        let in_file = replay.clone();
        let store = Store::open(out)?.variant(replay.option().trim_start()).campaign(campaign);
        let store = store.replayed_by(move |path| in_file.in_file(&quoted(&path.to_string_lossy())));
        Ok(Keep { store, format, replay })
    }

    /// Keeps an execution that hangs, and shows it.
    ///
    /// # Errors
    /// When it cannot be kept or shown.
    pub fn hang(&self, finding: &Finding, _: Program) -> Result<()> {
        let (kept, where_it_is) = self.keep(finding);
        show(finding, &where_it_is, self.format)?;
        ensure!(kept, "the finding is not kept");
        Ok(())
    }

    /// Adds a finding to the store; whether it is kept, and the lines that say where.
    fn keep(&self, finding: &Finding) -> (bool, String) {
        match self.store.add(finding) {
            Ok(added) => {
                let path = quoted(&added.path().to_string_lossy());
                (true, format!("  kept in   {path}\n  replay    {}\n", self.replay.printed(&path)))
            }
            Err(error) => (false, format!("  NOT KEPT  {:#}\n", Error::new(error))),
        }
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
    /// The findings as they were shown.
    pub findings: Vec<Finding>,
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
            findings: Vec::new(),
            enough,
            lost: 0,
        }
    }

    /// Brings an execution that diverged to its canonical form; prints and keeps it if that is new.
    ///
    /// # Errors
    /// When the subject cannot be the machine, or the finding cannot be shown.
    pub fn add(&mut self, program: &Program, divergence: &Divergence, origin: Origin) -> Result<()> {
        let signature = divergence.signature();
        let status = &mut self.status;
        let found = self.all.add(program, divergence, origin, &mut |progress| {
            status
                .show(|| format!("{signature}: {} operations after {} runs", progress.operations, progress.executions));
            !interrupted()
        });
        let Some(Found { finding, repeats, .. }) = found.map_err(|it| anyhow!(it))? else {
            return Ok(());
        };
        let (kept, mut where_it_is) = self.keep.keep(&finding);
        if !repeats {
            where_it_is += "  DOES NOT REPEAT: it diverged once and agrees when it is run again on new machines\n";
        }
        self.lost += u32::from(!kept);
        self.status.aside(|| show(&finding, &where_it_is, self.keep.format))?;
        self.findings.push(finding);
        Ok(())
    }

    /// Whether as many were found as were asked for.
    pub fn are_enough(&self) -> bool {
        self.enough.is_some_and(|enough| self.findings.len() >= enough as usize)
    }

    /// Keeps how often each finding was met.
    pub fn keep_counts(&mut self) {
        for (signature, count) in self.all.counts() {
            if let Err(error) = self.keep.store.count(&signature, &self.subject, count) {
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
        } else if !self.findings.is_empty() {
            Ending::Diverge
        } else if interrupted() {
            Ending::Interrupted
        } else {
            Ending::Agree
        }
    }
}

/// Prints a finding and where it is; beside the document where the results are one.
fn show(finding: &Finding, where_it_is: &str, format: Format) -> Result<()> {
    match format {
        Format::Text => output::print(format_args!("{}\n{where_it_is}\n", finding.text())),
        Format::Json | Format::Junit => {
            output::tell(format_args!("{}\n{where_it_is}", finding.signature));
            Ok(())
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
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
    let signatures = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| line.parse().map_err(|error| anyhow!("{}:{number}: {error}", path.display())));
    signatures.collect()
}
