//! The subjects that a program can drive, and what is done with the one that is chosen.

use std::ffi::OsString;
use std::fmt::Debug;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use stalemap_harness::{AnyBuild, Build};
use stalemap_isolation::{Isolated, WorkerCommand};
use stalemap_operations::Explorable;

use crate::ending::Ending;

/// A builder of subjects that a campaign can hand to its jobs.
pub trait Builder: Build + Clone + Send + Sync {}

impl<B: Build + Clone + Send + Sync> Builder for B {}

/// What is to be done with a subject, whichever it is.
pub trait Work {
    /// Does it. The name is the subject's in reports.
    ///
    /// # Errors
    /// When the work fails.
    fn with<B: Builder>(self, name: &str, build: &B) -> Result<Ending>;
}

/// What is to be done with a subject whose states can be told apart.
pub trait ExplorableWork {
    /// Does it.
    ///
    /// # Errors
    /// When the work fails.
    fn with<B: Builder<Subject: Explorable>>(self, build: &B) -> Result<Ending>;
}

/// The subjects of a program, and the options that choose one of them.
pub trait Subjects {
    /// The options. The default chooses the subject of the commands that have no such option.
    type Choice: Args + Clone + Debug + Default;

    /// Whether [`explore`](Self::explore) is there.
    const EXPLORES: bool = false;

    /// Does some work with the subject that is chosen.
    ///
    /// # Errors
    /// When the subject is not there, or the work fails.
    fn with(&self, choice: &Self::Choice, work: impl Work) -> Result<Ending>;

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

    /// Does some work with the subject of the default, whose states must be told apart.
    ///
    /// # Errors
    /// When there is no such subject, or the work fails.
    fn explore(&self, work: impl ExplorableWork) -> Result<Ending> {
        let _ = work;
        bail!("the states of this subject cannot be told apart: it does not implement Explorable")
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
#[derive(Clone, Debug)]
pub struct Only<B> {
    name: String,
    build: B,
}

impl<B: Builder> Only<B> {
    /// The subject that this builds, under a name that reports show.
    pub fn new(name: impl Into<String>, build: B) -> Self {
        Only { name: name.into(), build }
    }
}

impl<B: Builder> Subjects for Only<B> {
    type Choice = OnlyChoice;

    fn with(&self, choice: &OnlyChoice, work: impl Work) -> Result<Ending> {
        if choice.isolate {
            return work.with(&self.name, &AnyBuild::new(isolated(["worker"])?.largest(self.build.largest())));
        }
        work.with(&self.name, &self.build)
    }

    fn option(&self, choice: &OnlyChoice) -> String {
        if choice.isolate { " --isolate".to_string() } else { String::new() }
    }

    fn serve(&self, _: &OnlyChoice) -> Result<Ending> {
        serve(|| Ok(self.build.clone()))
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

/// Serves a campaign in this process, with what is loaded so.
///
/// # Errors
/// When the campaign breaks off.
pub fn serve<B: Build>(load: impl FnOnce() -> Result<B, String>) -> Result<Ending> {
    stalemap_isolation::serve(load)?;
    Ok(Ending::Agree)
}

/// One subject whose states can be told apart.
#[derive(Clone, Debug)]
pub struct OnlyExplorable<B>(Only<B>);

impl<B: Builder<Subject: Explorable>> OnlyExplorable<B> {
    /// As [`Only::new`].
    pub fn new(name: impl Into<String>, build: B) -> Self {
        OnlyExplorable(Only::new(name, build))
    }
}

impl<B: Builder<Subject: Explorable>> Subjects for OnlyExplorable<B> {
    type Choice = OnlyChoice;

    const EXPLORES: bool = true;

    fn with(&self, choice: &OnlyChoice, work: impl Work) -> Result<Ending> {
        self.0.with(choice, work)
    }

    fn option(&self, choice: &OnlyChoice) -> String {
        self.0.option(choice)
    }

    fn serve(&self, choice: &OnlyChoice) -> Result<Ending> {
        self.0.serve(choice)
    }

    fn explore(&self, work: impl ExplorableWork) -> Result<Ending> {
        work.with(&self.0.build)
    }
}
