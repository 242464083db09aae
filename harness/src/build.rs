//! Builders of subjects: what a campaign is given to make the subject of each machine.

use std::sync::Arc;

use stalemap_operations::{Machine, Program, Subject};

use crate::any_lockstep::{AnyLockstep, NotBuilt};
use crate::huge_orders::HugeOrders;

/// Why a subject cannot be a machine, or cannot be driven at all, in a sentence of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CannotBuild(String);

impl From<String> for CannotBuild {
    fn from(sentence: String) -> CannotBuild {
        CannotBuild(sentence)
    }
}

/// For callers whose own errors are sentences.
impl From<CannotBuild> for String {
    fn from(error: CannotBuild) -> String {
        error.0
    }
}

/// Builds a subject for a machine.
pub trait Build {
    /// What is built.
    type Subject: Subject + 'static;

    /// A subject at the start of this machine.
    ///
    /// # Errors
    /// Says why the subject cannot be such a machine.
    fn build(&self, machine: &Machine) -> Result<Self::Subject, String>;

    /// A machine that no subject can be larger than in anything; generators draw none that is. None where every machine
    /// can be built.
    fn largest(&self) -> Option<Machine> {
        None
    }

    /// The orders of huge pages that a machine can have; generators draw no others. None where no machine can have huge pages. A subject
    /// without the operations of large folios is never asked.
    fn huge(&self) -> Option<HugeOrders> {
        Some(HugeOrders::ALL)
    }

    /// Whether the subject's own recount is asked as well. Not where what is measured is what an observer can see.
    fn uses_recount(&self) -> bool {
        true
    }

    /// Whether it pays to tell ahead which executions are going to be run.
    fn looks_ahead(&self) -> bool {
        false
    }

    /// Whether the subject notices itself what does not end. Then no watchdog looks at the clock: such a subject counts its own time, or is told
    /// ahead what is run, and an execution of it may wait for others.
    fn watches_itself(&self) -> bool {
        self.looks_ahead()
    }

    /// Hears which executions are going to be run; a subject that is far away may do them all at once. What was told
    /// already may be told again.
    ///
    /// # Errors
    /// Says why the subject cannot be driven at all.
    fn look_ahead(&self, _programs: &[Program]) -> Result<(), String> {
        Ok(())
    }

    /// The subject beside the reference. What is compiled for each type of subject is what this builds, and nothing else.
    #[doc(hidden)]
    fn lockstep(&self, machine: &Machine) -> Result<AnyLockstep, NotBuilt> {
        AnyLockstep::new(|| self.build(machine))
    }
}

impl<S: Subject + 'static, F: Fn(&Machine) -> Result<S, String>> Build for F {
    type Subject = S;

    fn build(&self, machine: &Machine) -> Result<S, String> {
        self(machine)
    }
}

/// A builder that a driver shares with its owner, who goes on looking at it.
impl<B: Build> Build for Arc<B> {
    type Subject = B::Subject;

    fn build(&self, machine: &Machine) -> Result<B::Subject, String> {
        (**self).build(machine)
    }

    fn largest(&self) -> Option<Machine> {
        (**self).largest()
    }

    fn huge(&self) -> Option<HugeOrders> {
        (**self).huge()
    }

    fn uses_recount(&self) -> bool {
        (**self).uses_recount()
    }

    fn looks_ahead(&self) -> bool {
        (**self).looks_ahead()
    }

    fn watches_itself(&self) -> bool {
        (**self).watches_itself()
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        (**self).look_ahead(programs)
    }

    fn lockstep(&self, machine: &Machine) -> Result<AnyLockstep, NotBuilt> {
        (**self).lockstep(machine)
    }
}

/// A builder without its type.
pub(crate) trait AnyBuilder {
    /// As [`Build::build`].
    fn boxed(&self, machine: &Machine) -> Result<Box<dyn Subject>, String>;
    /// As [`Build::lockstep`].
    fn lockstep(&self, machine: &Machine) -> Result<AnyLockstep, NotBuilt>;
    /// As [`Build::largest`].
    fn largest(&self) -> Option<Machine>;
    /// As [`Build::huge`].
    fn huge(&self) -> Option<HugeOrders>;
    /// As [`Build::uses_recount`].
    fn uses_recount(&self) -> bool;
    /// As [`Build::looks_ahead`].
    fn looks_ahead(&self) -> bool;
    /// As [`Build::watches_itself`].
    fn watches_itself(&self) -> bool;
    /// As [`Build::look_ahead`].
    fn look_ahead(&self, programs: &[Program]) -> Result<(), String>;
}

impl<B: Build> AnyBuilder for B {
    fn boxed(&self, machine: &Machine) -> Result<Box<dyn Subject>, String> {
        Ok(Box::new(self.build(machine)?))
    }

    fn lockstep(&self, machine: &Machine) -> Result<AnyLockstep, NotBuilt> {
        Build::lockstep(self, machine)
    }

    fn largest(&self) -> Option<Machine> {
        Build::largest(self)
    }

    fn huge(&self) -> Option<HugeOrders> {
        Build::huge(self)
    }

    fn uses_recount(&self) -> bool {
        Build::uses_recount(self)
    }

    fn looks_ahead(&self) -> bool {
        Build::looks_ahead(self)
    }

    fn watches_itself(&self) -> bool {
        Build::watches_itself(self)
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        Build::look_ahead(self, programs)
    }
}

#[cfg(test)]
mod tests;
