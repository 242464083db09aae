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

use crate::arguments::{Format, FuzzArguments};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::output;
use crate::status::Status;
use crate::subject::{Builder, Choice};

/// What a campaign finds, and what is done with it.
pub(crate) struct Kept<'a, B: Builder> {
    pub(crate) subject: &'static str,
    arguments: &'a FuzzArguments,
    pub(crate) all: Findings<B>,
    pub(crate) status: Status,
    pub(crate) findings: Vec<Finding>,
    /// Findings that could not be written.
    lost: u32,
}

impl<'a, B: Builder> Kept<'a, B> {
    pub(crate) fn new(
        subject: &'static str,
        build: &B,
        arguments: &'a FuzzArguments,
        known: BTreeSet<Signature>,
    ) -> Self {
        Kept {
            subject,
            arguments,
            all: Findings::new(subject, build.clone(), known),
            status: Status::new(),
            findings: Vec::new(),
            lost: 0,
        }
    }

    /// Brings an execution that diverged to its canonical form; prints and keeps it if that is new.
    pub(crate) fn add(&mut self, program: &Program, divergence: &Divergence, origin: Origin) -> Result<()> {
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
        let (kept, mut where_it_is) = keep(&finding, finding.program(), &self.arguments.out, self.arguments.subject);
        if !repeats {
            where_it_is += "  DOES NOT REPEAT: it diverged once and agrees when it is run again on new machines\n";
        }
        self.lost += u32::from(!kept);
        self.status.aside(|| show(&finding, &where_it_is, self.arguments.format))?;
        self.findings.push(finding);
        Ok(())
    }

    /// Whether as many were found as were asked for.
    pub(crate) fn are_enough(&self) -> bool {
        self.arguments.max_findings.is_some_and(|enough| self.findings.len() >= enough as usize)
    }

    /// How the campaign came out.
    pub(crate) fn ending(&self) -> Ending {
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

/// What keeps an execution that hangs, and shows it.
pub(crate) fn keep_hang(arguments: &FuzzArguments) -> impl Fn(&Finding, Program) -> Result<()> + Send + Sync + 'static {
    let (out, subject, format) = (arguments.out.clone(), arguments.subject, arguments.format);
    move |finding, program| {
        let (kept, where_it_is) = keep(finding, program, &out, subject);
        show(finding, &where_it_is, format)?;
        ensure!(kept, "the finding is not kept");
        Ok(())
    }
}

/// Writes a finding into the folder; whether it is kept, and the lines that say where.
fn keep(finding: &Finding, program: Program, out: &Path, subject: Choice) -> (bool, String) {
    match write(finding, program, out, subject) {
        Ok(path) => {
            let path = output::quoted(&path.to_string_lossy());
            let option = subject.option();
            (true, format!("  kept in   {path}\n  replay    {} run{option} {path}\n", output::program()))
        }
        Err(error) => (false, format!("  NOT KEPT  {error:#}\n")),
    }
}

/// Writes a finding to a file of its own; where it is.
fn write(finding: &Finding, program: Program, out: &Path, subject: Choice) -> Result<PathBuf> {
    let digest = hex(&Sha256::digest(Trace::from(program).to_string())[..4]);
    let path = out.join(format!("{}-{digest}.trace", finding.signature));
    let replayed = subject.replaying(&output::quoted(&path.to_string_lossy()));
    let text = finding.file(env!("CARGO_PKG_VERSION"), &replayed);
    output::write_file(&path, text.as_bytes())?;
    Ok(path)
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
pub(crate) fn known_signatures(arguments: &FuzzArguments) -> Result<BTreeSet<Signature>> {
    let Some(path) = &arguments.known else {
        return Ok(BTreeSet::new());
    };
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
    let signatures = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| line.parse().map_err(|error| anyhow!("{}:{number}: {error}", path.display())));
    signatures.collect()
}
