//! A builder of implementations with a seeded bug, for tests that look at what is shown.

use stalemap_harness::Build;
use stalemap_implementation::{Implementation, Switch};
use stalemap_operations::Machine;

/// Builds machines with a bug, and lets nothing be recounted: only what is shown tells.
pub(crate) struct Shown(pub(crate) Switch);

impl Build for Shown {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        Ok(Implementation::with_bug(machine, &self.0))
    }

    fn uses_recount(&self) -> bool {
        false
    }
}
