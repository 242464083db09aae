//! The findings of a campaign: printed, and kept in files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use sha2::{Digest, Sha256};
use stalemap_campaign::{Findings, Found};
use stalemap_harness::{Divergence, Signature};
use stalemap_operations::{Program, Trace};
use stalemap_report::{Finding, Origin, hex};

use crate::command_line::{Replay, quoted};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::output;
use crate::status::Status;
use crate::subjects::Builder;
use crate::values::Format;

/// What is done with a finding.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The folder for its file.
    out: PathBuf,
    format: Format,
    replay: Replay,
}

impl Keep {
    /// Keeps findings in this folder, and shows them beside results that are printed in this form.
    #[must_use]
    pub fn new(out: PathBuf, format: Format, replay: Replay) -> Keep {
        Keep { out, format, replay }
    }

    /// Keeps an execution that hangs, and shows it.
    ///
    /// # Errors
    /// When it cannot be kept or shown.
    pub fn hang(&self, finding: &Finding, program: Program) -> Result<()> {
        let (kept, where_it_is) = self.keep(finding, program);
        show(finding, &where_it_is, self.format)?;
        ensure!(kept, "the finding is not kept");
        Ok(())
    }

    /// Writes a finding into the folder; whether it is kept, and the lines that say where.
    fn keep(&self, finding: &Finding, program: Program) -> (bool, String) {
        match self.write(finding, program) {
            Ok(path) => {
                let path = quoted(&path.to_string_lossy());
                (true, format!("  kept in   {path}\n  replay    {}\n", self.replay.printed(&path)))
            }
            Err(error) => (false, format!("  NOT KEPT  {error:#}\n")),
        }
    }

    /// Writes a finding to a file of its own; where it is.
    fn write(&self, finding: &Finding, program: Program) -> Result<PathBuf> {
        let digest = hex(&Sha256::digest(Trace::from(program).to_string())[..4]);
        let path = self.out.join(format!("{}-{digest}.trace", finding.signature));
        let replay = self.replay.in_file(&quoted(&path.to_string_lossy()));
        let text = finding.file_replayed_by(env!("CARGO_PKG_VERSION"), &replay);
        output::write_file(&path, text.as_bytes())?;
        Ok(path)
    }
}

/// What a campaign has found so far.
pub struct Kept<B: Builder> {
    keep: Keep,
    /// What has diverged, each fault once.
    pub all: Findings<B>,
    /// The status line of the campaign.
    pub status: Status,
    /// The findings as they were shown.
    pub findings: Vec<Finding>,
    /// How many findings are enough, if a number is.
    enough: Option<u32>,
    /// Findings that could not be written.
    lost: u32,
}

impl<B: Builder> Kept<B> {
    /// Nothing was found yet. Findings with a known signature are counted and not kept.
    pub fn new(subject: &str, build: &B, keep: Keep, enough: Option<u32>, known: BTreeSet<Signature>) -> Self {
        Kept {
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
        let Some(Found { finding, program, repeats }) = found.map_err(|it| anyhow!(it))? else {
            return Ok(());
        };
        let (kept, mut where_it_is) = self.keep.keep(&finding, program);
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
