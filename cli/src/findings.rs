//! The findings of a campaign: printed, and kept in a store.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Error, Result, anyhow, ensure};
use stalemap_campaign::{Findings, Found, Store};
use stalemap_harness::{Divergence, Signature};
use stalemap_operations::Program;
use stalemap_report::{Finding, Origin};

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
    store: Store,
    /// Findings that could not be written.
    lost: u32,
}

impl<'a, B: Builder> Kept<'a, B> {
    pub(crate) fn new(
        subject: &'static str,
        build: &B,
        arguments: &'a FuzzArguments,
        known: BTreeSet<Signature>,
        store: Store,
    ) -> Self {
        Kept {
            subject,
            arguments,
            all: Findings::new(subject, build.clone(), known),
            status: Status::new(),
            findings: Vec::new(),
            store,
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
        let (kept, mut where_it_is) = keep(&self.store, &finding, self.arguments.subject);
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

    /// Keeps how often each finding was met.
    pub(crate) fn keep_counts(&mut self) {
        for (signature, count) in self.all.counts() {
            if let Err(error) = self.store.count(&signature, self.subject, count) {
                output::complain(&error.into());
                self.lost += 1;
                return;
            }
        }
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

/// The store that the arguments name, for a campaign of this name.
pub(crate) fn store(arguments: &FuzzArguments, campaign: String) -> Result<Store> {
    let subject = arguments.subject;
    let replay = move |path: &Path| subject.replaying(&output::quoted(&path.to_string_lossy()));
    let store = Store::open(&arguments.out)?;
    Ok(store.variant(subject.option().trim_start()).campaign(campaign).replayed_with(replay))
}

/// What keeps an execution that hangs, and shows it.
pub(crate) fn keep_hang(
    arguments: &FuzzArguments,
    store: &Store,
) -> impl Fn(&Finding, Program) -> Result<()> + Send + Sync + 'static {
    let (store, subject, format) = (store.clone(), arguments.subject, arguments.format);
    move |finding, _| {
        let (kept, where_it_is) = keep(&store, finding, subject);
        show(finding, &where_it_is, format)?;
        ensure!(kept, "the finding is not kept");
        Ok(())
    }
}

/// Adds a finding to the store; whether it is kept, and the lines that say where.
fn keep(store: &Store, finding: &Finding, subject: Choice) -> (bool, String) {
    match store.add(finding) {
        Ok(added) => {
            let path = output::quoted(&added.path().to_string_lossy());
            let option = subject.option();
            (true, format!("  kept in   {path}\n  replay    {} run{option} {path}\n", output::program()))
        }
        Err(error) => (false, format!("  NOT KEPT  {:#}\n", Error::new(error))),
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
