//! What campaigns find: counted by signature, the first of each minimised, printed and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};
use stalemap_harness::{Divergence, Driver, Signature, minimise};
use stalemap_operations::{Program, Trace};
use stalemap_report::{Finding, Origin, hex};

use crate::arguments::{Format, FuzzArguments};
use crate::ending::Ending;
use crate::interrupt::interrupted;
use crate::output;
use crate::status::Status;
use crate::subject::{Builder, as_played};

/// What a campaign finds.
pub(crate) struct Finds<'a, B: Builder> {
    pub(crate) subject: &'static str,
    arguments: &'a FuzzArguments,
    pub(crate) known: BTreeSet<Signature>,
    pub(crate) driver: Driver<B>,
    pub(crate) status: Status,
    /// Executions that diverged, known ones included.
    pub(crate) counts: BTreeMap<Signature, u64>,
    pub(crate) finds: Vec<Finding>,
    /// Finds that could not be written.
    lost: u32,
}

impl<'a, B: Builder> Finds<'a, B> {
    pub(crate) fn new(
        subject: &'static str,
        build: &B,
        arguments: &'a FuzzArguments,
        known: BTreeSet<Signature>,
    ) -> Self {
        Finds {
            subject,
            arguments,
            known,
            driver: Driver::new(build.clone()),
            status: Status::new(),
            counts: BTreeMap::new(),
            finds: Vec::new(),
            lost: 0,
        }
    }

    /// Counts an execution that diverged; whether its signature is a new one.
    pub(crate) fn count(&mut self, signature: &Signature) -> bool {
        let count = self.counts.entry(signature.clone()).or_default();
        *count += 1;
        *count == 1 && !self.known.contains(signature)
    }

    /// Minimises, prints and keeps what led to a divergence.
    pub(crate) fn keep(&mut self, program: &Program, divergence: &Divergence, origin: Origin) -> Result<()> {
        let (trace, find) = self.minimised(program, divergence, origin)?;
        let kept = self.write(&find, &trace);
        let where_it_is = match &kept {
            Ok(path) => {
                let path = output::quoted(&path.to_string_lossy());
                let option = self.arguments.subject.option();
                format!("  kept in   {path}\n  replay    {} run{option} {path}\n", output::program())
            }
            Err(error) => format!("  NOT KEPT  {error:#}\n"),
        };
        self.lost += u32::from(kept.is_err());
        self.status.aside(|| match self.arguments.format {
            Format::Text => output::print(format_args!("{}\n{where_it_is}\n", find.text())),
            Format::Json | Format::Junit => {
                output::tell(format_args!("{}\n{where_it_is}", find.signature));
                Ok(())
            }
        })?;
        self.finds.push(find);
        Ok(())
    }

    /// Whether as many were found as were asked for.
    pub(crate) fn are_enough(&self) -> bool {
        self.arguments.finds.is_some_and(|enough| self.finds.len() >= enough as usize)
    }

    /// How the campaign came out.
    pub(crate) fn ending(&self) -> Ending {
        if self.lost > 0 {
            Ending::Trouble
        } else if !self.finds.is_empty() {
            Ending::Diverge
        } else if interrupted() {
            Ending::Interrupted
        } else {
            Ending::Agree
        }
    }

    /// The first find of a signature as small as it gets. One that is interrupted is kept as far as it has come.
    fn minimised(
        &mut self,
        program: &Program,
        divergence: &Divergence,
        mut origin: Origin,
    ) -> Result<(Trace, Finding)> {
        let signature = divergence.signature();
        let (driver, status) = (&mut self.driver, &mut self.status);
        let minimised = minimise(driver, program, &signature, &mut |progress| {
            status
                .show(|| format!("{signature}: {} operations after {} runs", progress.operations, progress.executions));
            !interrupted()
        });
        // A subject that does not repeat itself is shown as it was seen.
        let (program, divergence) = match minimised {
            Some(it) => {
                origin.minimised_in = Some(it.executions);
                (it.program, it.divergence)
            }
            None => (program.clone(), divergence.clone()),
        };
        let program = Program { machine: as_played(self.driver.build(), &program.machine)?, ..program };
        let find = Finding::describe(&mut self.driver, self.subject, &program, &divergence, origin);
        Ok((Trace::from(program), find.map_err(|it| anyhow!(it))?))
    }

    /// Writes a find to a file of its own; where it is.
    fn write(&self, find: &Finding, trace: &Trace) -> Result<PathBuf> {
        let digest = hex(&Sha256::digest(trace.to_string())[..4]);
        let path = self.arguments.out.join(format!("{}-{digest}.trace", find.signature));
        let replayed = self.arguments.subject.replaying(&output::quoted(&path.to_string_lossy()));
        let text = find.file(env!("CARGO_PKG_VERSION"), &replayed);
        output::write_file(&path, text.as_bytes())?;
        Ok(path)
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
