//! The subjects that a program can drive, and the one that is chosen.

use std::ffi::OsString;
use std::fmt::Debug;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use stalemap_harness::{AnyBuild, Build};
use stalemap_isolation::{Isolated, IsolationError, WorkerCommand};

use crate::ending::Ending;
use crate::interrupt::{Interrupted, interrupted};

/// A subject that was chosen.
#[derive(Clone)]
pub struct ChosenSubject {
    /// What it is called in reports.
    pub name: String,
    /// Builds it.
    pub build: AnyBuild,
}

impl ChosenSubject {
    /// What this builds, under a name that reports show.
    pub fn new(name: impl Into<String>, build: impl Build + Clone + Send + Sync + 'static) -> Self {
        ChosenSubject { name: name.into(), build: AnyBuild::new(build) }
    }
}

/// The subjects of a program, and the options that choose one of them.
pub trait Subjects {
    /// The options. The default chooses the subject of the commands that have no such option.
    type Choice: Args + Clone + Debug + Default;

    /// The subject that is chosen.
    ///
    /// # Errors
    /// When it is not there.
    fn chosen(&self, choice: &Self::Choice) -> Result<ChosenSubject>;

    /// The options that make this choice, each with a space in front of it; empty for the default.
    fn option(&self, choice: &Self::Choice) -> String;

    /// Serves a campaign that drives the chosen subject in this process, which is a worker's (crate `stalemap-isolation`).
    ///
    /// # Errors
    /// When the subject cannot be isolated, or the campaign breaks off.
    fn serve(&self, choice: &Self::Choice) -> Result<Ending> {
        let _ = choice;
        bail!("this subject cannot be driven in a process of its own")
    }
}

/// The options of a program with one subject.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OnlyChoice {
    /// Drive the subject in a process of its own: a crash or an endless loop is a finding, and the campaign goes on
    #[arg(long)]
    isolate: bool,
}

/// One subject, and no other.
#[derive(Clone)]
pub struct Only(ChosenSubject);

impl Only {
    /// The subject that this builds, under a name that reports show.
    pub fn new(name: impl Into<String>, build: impl Build + Clone + Send + Sync + 'static) -> Self {
        Only(ChosenSubject::new(name, build))
    }
}

impl Subjects for Only {
    type Choice = OnlyChoice;

    fn chosen(&self, choice: &OnlyChoice) -> Result<ChosenSubject> {
        let Only(subject) = self;
        if choice.isolate {
            let build = isolated(["worker"])?.largest(subject.build.largest()).huge(subject.build.huge());
            return Ok(ChosenSubject::new(&subject.name, build));
        }
        Ok(subject.clone())
    }

    fn option(&self, choice: &OnlyChoice) -> String {
        if choice.isolate { " --isolate".to_string() } else { String::new() }
    }

    fn serve(&self, _: &OnlyChoice) -> Result<Ending> {
        serve(|| Ok(self.0.build.clone()))
    }
}

/// Subjects that live in a worker, which is this program with these arguments.
///
/// # Errors
/// When the system does not say which program is running.
pub fn isolated(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Isolated> {
    let command = WorkerCommand::this_program(arguments);
    Ok(Isolated::new(command.context("the system does not say which program is running")?))
}

/// Subjects that live in a worker, which is another program with the commands of one subject ([`main`](crate::main)).
#[must_use]
pub fn isolated_program(program: impl Into<PathBuf>) -> Isolated {
    let (program, arguments, environment) = (program.into(), vec!["worker".into()], Vec::new());
    Isolated::new(WorkerCommand { program, arguments, environment })
}

/// Starts a worker, which runs unknown code while it loads: an interruption ends the loading.
///
/// # Errors
/// When the user interrupts, or nothing can be loaded.
pub fn load(build: Isolated) -> Result<Isolated> {
    let is_stopped = |error: &IsolationError| matches!(error, IsolationError::Stopped);
    build.loaded(interrupted).map_err(|error| if is_stopped(&error) { Interrupted.into() } else { error.into() })
}

/// Serves a campaign in this process, with what is loaded so.
///
/// # Errors
/// When the campaign breaks off.
pub fn serve<B: Build>(load: impl FnOnce() -> Result<B, String>) -> Result<Ending> {
    stalemap_isolation::serve(load)?;
    Ok(Ending::Agree)
}
