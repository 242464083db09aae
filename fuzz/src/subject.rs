//! What the targets drive: the implementation, with a seeded bug where the environment names one.

#[cfg(feature = "seeded-bugs")]
use stalemap_engines::protocol::BUG;
use stalemap_harness::Build;
use stalemap_implementation::Implementation;
#[cfg(feature = "seeded-bugs")]
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::Machine;

/// What a target drives, as far as the target looks at it behind its driver.
pub(crate) trait Driven {
    /// How often a seeded bug was reached and triggered.
    fn bug_counters(&self) -> [u64; 2] {
        [0, 0]
    }

    /// Shows the engine what the last run passed of code that the engine does not see.
    fn show_passes(&self) {}
}

/// Builds machines. With a bug they share its switch, whose counters go on counting.
pub(crate) struct BuildImplementation {
    #[cfg(feature = "seeded-bugs")]
    bug: Option<Switch>,
}

impl BuildImplementation {
    /// Without a bug, as everything but a measurement wants it.
    #[cfg(not(feature = "seeded-bugs"))]
    pub(crate) fn from_environment() -> Self {
        BuildImplementation {}
    }

    /// With the bug that the environment names.
    ///
    /// # Panics
    /// When no bug has this name.
    #[cfg(feature = "seeded-bugs")]
    pub(crate) fn from_environment() -> Self {
        let named = std::env::var(BUG).ok();
        let bug = named.map(|name| {
            let bug = Bug::by_name(&name).unwrap_or_else(|| panic!("{BUG}={name}: no bug is called so"));
            Switch::new(Some(bug))
        });
        BuildImplementation { bug }
    }
}

impl Driven for BuildImplementation {
    #[cfg(feature = "seeded-bugs")]
    fn bug_counters(&self) -> [u64; 2] {
        self.bug.as_ref().map_or([0, 0], |bug| [bug.reached(), bug.triggered()])
    }
}

impl Build for BuildImplementation {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        #[cfg(feature = "seeded-bugs")]
        if let Some(bug) = &self.bug {
            return Ok(Implementation::with_bug(machine, bug));
        }
        Ok(Implementation::new(machine))
    }

    /// A bug is to be found by what an observer can see.
    #[cfg(feature = "seeded-bugs")]
    fn uses_recount(&self) -> bool {
        self.bug.is_none()
    }
}
