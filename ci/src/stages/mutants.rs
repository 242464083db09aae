//! The stage that changes one line of the implementation after the other, and asks that each change is noticed.

use anyhow::Result;

use super::workshop::{Call, Workshop};

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    workshop.run(&Call::cargo(["mutants", "-p", "stalemap-implementation"]))
}
