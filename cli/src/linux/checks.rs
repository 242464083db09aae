//! What a kernel of a command line is built with so that it finds its own faults.

use clap::Args;
use stalemap_linux::Checks;

/// The kernel with more checks than every kernel makes.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct WithChecks {
    /// The kernel with KASAN, the kernel's own finder of accesses to freed memory; its build takes some 600 CPU seconds
    #[arg(long)]
    kasan: bool,
    /// The kernel with CONFIG_DEBUG_VM: memory management checks what it claims of its own state
    #[arg(long, conflicts_with = "kasan")]
    debug_vm: bool,
}

impl WithChecks {
    /// The checks.
    pub(crate) const fn checks(self) -> Checks {
        match (self.kasan, self.debug_vm) {
            (true, _) => Checks::Kasan,
            (false, true) => Checks::DebugVm,
            (false, false) => Checks::Usual,
        }
    }
}
