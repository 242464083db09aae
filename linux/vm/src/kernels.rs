//! Kernels for a driver: builds subjects that share a pool of guests, and lets it run ahead of the driver.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use stalemap_harness::Build;
use stalemap_operations::{Machine, Operation, Program};

use crate::acceleration::Acceleration;
use crate::cache::Cache;
use crate::flavour::Flavour;
use crate::subject::{Kernel, LARGEST, capabilities, machine};
use crate::version::Version;
use crate::virtual_machine::{self, Boot, VirtualMachine};
use crate::vm_pool::VmPool;

/// Builds kernels of a version. A clone has a pool, and so a guest, of its own.
pub struct Kernels {
    version: Version,
    boot: Boot,
    pool: Arc<Mutex<VmPool>>,
}

impl Kernels {
    /// The kernels that the cache holds.
    ///
    /// # Errors
    /// When it is not built.
    pub fn cached(cache: &Cache, flavour: impl Into<Flavour>, bits: u64) -> Result<Kernels> {
        let flavour = flavour.into();
        let (image, initramfs) = (cache.image(flavour), cache.initramfs());
        if !image.exists() || !initramfs.exists() {
            bail!("linux-{flavour} is not built; run `stalemap linux build {}`", flavour.options());
        }
        let acceleration = Acceleration::probe(&image);
        let (memory, slowness) = (flavour.memory(), flavour.slowness());
        Ok(Kernels::new(
            flavour.version,
            Boot { image, initramfs, memory, slowness, bits, acceleration, verbose: false },
        ))
    }

    /// Kernels that are booted like this.
    #[must_use]
    pub fn new(version: Version, boot: Boot) -> Kernels {
        let pool = Arc::new(Mutex::new(VmPool::new(boot.clone())));
        Kernels { version, boot, pool }
    }

    /// Boots a guest for a look: what its kernel printed until the guest was up, and how long that took.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn look(&self) -> Result<(String, Duration)> {
        let start = Instant::now();
        let machine = VirtualMachine::boot(&Boot { verbose: true, ..self.boot.clone() })?;
        let time = start.elapsed();
        Ok((machine.console(), time))
    }

    /// The release of the kernel as it names itself, such as `6.1.192`.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn release(&self) -> Result<String> {
        Ok(VirtualMachine::boot(&self.boot)?.release().to_string())
    }

    /// Runs a static program as the first and only process of a kernel; everything that the console showed.
    ///
    /// # Errors
    /// When the machine cannot be started, or neither the program nor the kernel comes to an end.
    pub fn run_alone(&self, program: &[u8]) -> Result<String> {
        virtual_machine::run_alone(&self.boot, program)
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The pool of guests.
    #[must_use]
    pub fn pool(&self) -> &Mutex<VmPool> {
        &self.pool
    }
}

impl Clone for Kernels {
    fn clone(&self) -> Self {
        Kernels::new(self.version, self.boot.clone())
    }
}

impl Build for Kernels {
    type Subject = Kernel;

    fn build(&self, machine: &Machine) -> Result<Kernel, String> {
        Kernel::new(self.version, machine, Arc::clone(&self.pool))
    }

    fn largest(&self) -> Option<Machine> {
        Some(LARGEST)
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        let able = |program: &Program| {
            let machine = machine(self.version, &program.machine).ok()?;
            let able = |operation: &Operation| capabilities().operations.contains(operation.kind());
            let program = Program::new(machine, program.operations.iter().copied().filter(able));
            (!program.operations.is_empty()).then_some(program)
        };
        let programs: Vec<Program> = programs.iter().filter_map(able).collect();
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.run_ahead(&programs).map_err(|error| format!("{}: {error:#}", self.version))
    }
}
