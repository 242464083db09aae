//! The subjects that the command line can drive.

use stalemap_harness::Driver;
use stalemap_implementation::Implementation;
use stalemap_operations::Machine;

/// Builds the optimised machine.
pub(crate) type BuildImplementation = fn(&Machine) -> Result<Implementation, String>;

/// The name of the subject in reports.
pub(crate) const NAME: &str = "implementation";

/// Builds the subject.
pub(crate) fn build() -> BuildImplementation {
    |machine| Ok(Implementation::new(machine))
}

/// A driver of the subject.
pub(crate) fn driver() -> Driver<BuildImplementation> {
    Driver::new(build())
}
