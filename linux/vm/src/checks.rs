//! What a kernel is built with so that it finds its own faults.

/// What a kernel checks of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    /// What every kernel does.
    #[default]
    Usual,
    /// Also whether memory that is accessed was freed (KASAN); many times slower.
    Kasan,
    /// Also what memory management claims of its own state (`CONFIG_DEBUG_VM`: `VM_BUG_ON`, `VM_WARN_ON`).
    DebugVm,
}

impl Checks {
    /// What it adds to the name of a kernel.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Checks::Usual => "",
            Checks::Kasan => "-kasan",
            Checks::DebugVm => "-debug-vm",
        }
    }

    /// The option of commands that asks for it, with a space before it.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Checks::Usual => "",
            Checks::Kasan => " --kasan",
            Checks::DebugVm => " --debug-vm",
        }
    }

    /// The lines of configuration that it needs, where those of KASAN are these.
    pub(crate) const fn configuration(self, kasan: &'static str) -> &'static str {
        match self {
            Checks::Usual => "",
            Checks::Kasan => kasan,
            Checks::DebugVm => include_str!("../kernel/debug_vm.config"),
        }
    }

    /// The line that shows that the configuration has it.
    pub(crate) const fn needed(self) -> Option<&'static str> {
        match self {
            Checks::Usual => None,
            Checks::Kasan => Some("CONFIG_KASAN_GENERIC=y"),
            Checks::DebugVm => Some("CONFIG_DEBUG_VM=y"),
        }
    }

    /// How many times slower than the usual kernel it is at the most; time limits are that much longer.
    pub(crate) const fn slowness(self) -> u32 {
        match self {
            Checks::Usual => 1,
            Checks::DebugVm => 2,
            Checks::Kasan => 8,
        }
    }
}
