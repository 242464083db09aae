//! All commands of Stalemap for the subjects of this crate: `--subject bitmap-allocator@0.4.6` chooses one.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use stalemap_commands::{ChosenSubject, Cli, CommandLine, Ending, Subjects, serve};
use stalemap_subjects::catalogue::{ROWS, Row, row};

fn main() -> ExitCode {
    Cli::new(CommandLine::new(Catalogue)).main()
}

/// The rows of the catalogue.
#[derive(Clone, Copy, Debug)]
struct Catalogue;

/// Which of them.
#[derive(Clone, Debug, Default, Args)]
struct Choice {
    /// The subject: a crate and its version, or the crate for its last one
    #[arg(long, value_name = "CRATE[@VERSION]")]
    subject: Option<String>,
}

impl Choice {
    fn row(&self) -> Result<&'static Row> {
        let Some(name) = &self.subject else { return Ok(&ROWS[0]) };
        let names = || ROWS.iter().map(Row::name).collect::<Vec<_>>().join(", ");
        row(name).with_context(|| format!("there is no subject {name}; there are {}", names()))
    }
}

impl Subjects for Catalogue {
    type Choice = Choice;

    fn chosen(&self, choice: &Choice) -> Result<ChosenSubject> {
        let row = choice.row()?;
        Ok(ChosenSubject::new(row.name(), (row.build)()))
    }

    fn option(&self, choice: &Choice) -> String {
        choice.subject.as_ref().map_or_else(String::new, |name| format!(" --subject {name}"))
    }

    fn serve(&self, choice: &Choice) -> Result<Ending> {
        let build = (choice.row()?.build)();
        serve(|| Ok(build))
    }
}
