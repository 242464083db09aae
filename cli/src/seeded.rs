//! The implementation with a seeded bug, as a subject.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use stalemap_harness::{Build, Driver};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::Machine;

/// Builds machines with a bug that is on. Its own recount is not asked: it sees what no observer could see.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BuildSeeded(Bug);

impl BuildSeeded {
    pub(crate) fn new(bug: Bug) -> BuildSeeded {
        BuildSeeded(bug)
    }
}

impl Build for BuildSeeded {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        Ok(Implementation::with_bug(machine, &Switch::new(Some(self.0))))
    }

    fn uses_recount(&self) -> bool {
        false
    }
}

/// Builds machines that share a switch, whose counters go on counting.
#[derive(Clone, Debug)]
pub(crate) struct BuildSwitched(Switch);

impl Build for BuildSwitched {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        Ok(Implementation::with_bug(machine, &self.0))
    }

    fn uses_recount(&self) -> bool {
        false
    }
}

/// Builds machines with this switch.
pub(crate) fn build(switch: &Switch) -> BuildSwitched {
    BuildSwitched(switch.clone())
}

/// A driver of machines with this switch.
pub(crate) fn driver(switch: &Switch) -> Driver {
    Driver::new(build(switch))
}

/// Reads a bug's name; clap names the nearest one to a wrong one.
pub(crate) fn name() -> impl TypedValueParser<Value = Bug> {
    PossibleValuesParser::new(Bug::ALL.iter().map(|bug| bug.name()))
        .map(|name| Bug::by_name(&name).expect("one of the names"))
}
