//! The subjects that a program can drive, and what is done with the one that is chosen.

use std::fmt::Debug;

use anyhow::{Result, bail};
use clap::Args;
use stalemap_harness::Build;
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

    /// Does some work with the subject of the default, whose states must be told apart.
    ///
    /// # Errors
    /// When there is no such subject, or the work fails.
    fn explore(&self, work: impl ExplorableWork) -> Result<Ending> {
        let _ = work;
        bail!("the states of this subject cannot be told apart: it does not implement Explorable")
    }
}

/// Options that choose nothing, since there is one subject.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct NoChoice {}

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
    type Choice = NoChoice;

    fn with(&self, _: &NoChoice, work: impl Work) -> Result<Ending> {
        work.with(&self.name, &self.build)
    }

    fn option(&self, _: &NoChoice) -> String {
        String::new()
    }
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
    type Choice = NoChoice;

    const EXPLORES: bool = true;

    fn with(&self, choice: &NoChoice, work: impl Work) -> Result<Ending> {
        self.0.with(choice, work)
    }

    fn option(&self, choice: &NoChoice) -> String {
        self.0.option(choice)
    }

    fn explore(&self, work: impl ExplorableWork) -> Result<Ending> {
        work.with(&self.0.build)
    }
}
