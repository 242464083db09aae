//! Kernels for a driver: builds subjects that share a pool of guests, and lets it run ahead of the driver.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use stalemap_harness::{Build, HugeOrders, Settings};
use stalemap_operations::{Machine, Operation, Program};

use crate::acceleration::Acceleration;
use crate::cache::Cache;
use crate::huge::Asked;
use crate::native::NativeBoot;
use crate::passes::Passes;
use crate::pool::KernelPool;
use crate::runner::Runner;
use crate::subject::Kernel;
use crate::target::Target;
use crate::version::Version;
use crate::virtual_machine::{self, Boot};
use crate::way::Way;

/// Builds kernels of a version. A clone has a pool, and so a guest, of its own; what they pass is counted together.
pub struct Kernels {
    asked: Asked,
    runner: Arc<dyn Runner>,
    pool: Arc<Mutex<KernelPool>>,
    passes: Arc<Mutex<Passes>>,
}

impl Kernels {
    /// The kernels that the cache holds.
    ///
    /// # Errors
    /// When it is not built.
    pub fn cached(cache: &Cache, target: impl Into<Target>, bits: u64) -> Result<Kernels> {
        let target = target.into();
        let runner: Option<Arc<dyn Runner>> = match target {
            Target::Virtual(flavour) => {
                let (image, initramfs) = (cache.image(flavour), cache.initramfs());
                let is_built = image.exists() && initramfs.exists();
                is_built.then(|| {
                    let acceleration = Acceleration::probe(&image);
                    let (memory, slowness) = (flavour.memory(), flavour.checks.slowness());
                    Arc::new(Boot { image, initramfs, memory, slowness, bits, acceleration, verbose: false }) as _
                })
            }
            Target::Native(native) => {
                let image = cache.image(native);
                let (memory, slowness) = (native.memory(), native.slowness());
                image.exists().then(|| Arc::new(NativeBoot { image, memory, slowness, bits }) as _)
            }
        };
        let Some(runner) = runner else {
            bail!("linux-{target} is not built; run `stalemap linux build {}`", target.options());
        };
        Ok(Kernels::counting(target.asked(), runner, Arc::default()))
    }

    /// Kernels that are started like this.
    #[must_use]
    pub fn new(version: Version, runner: Arc<dyn Runner>) -> Kernels {
        let asked = Asked::small(version, runner.way());
        Kernels::counting(asked, runner, Arc::default())
    }

    fn counting(asked: Asked, runner: Arc<dyn Runner>, passes: Arc<Mutex<Passes>>) -> Kernels {
        let pool = KernelPool::counting(Arc::clone(&runner), Arc::clone(&passes));
        Kernels { asked, runner, pool: Arc::new(Mutex::new(pool)), passes }
    }

    /// What these kernels and those of all clones have passed; nothing where they do not count it.
    pub fn passes(&self) -> MutexGuard<'_, Passes> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Boots a guest for a look: what its kernel printed until the guest was up, and how long that took.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn look(&self) -> Result<(String, Duration)> {
        let start = Instant::now();
        let verbose = self.virtual_machine().map(|boot| Boot { verbose: true, ..boot.clone() });
        let kernel = verbose.map_or_else(|_| self.runner.start(), |boot| boot.start())?;
        let time = start.elapsed();
        Ok((kernel.console(), time))
    }

    /// The release of the kernel as it names itself, such as `6.1.192`.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn release(&self) -> Result<String> {
        Ok(self.runner.start()?.release().to_string())
    }

    /// Runs a static program with these arguments as the first and only process of a kernel; everything that the console showed.
    /// It is stopped when it has used so much processor time on a plain kernel, or three times as much by the clock.
    ///
    /// # Errors
    /// When these kernels run in no virtual machine, the machine cannot be started, or neither the program nor the
    /// kernel comes to an end.
    pub fn run_alone(&self, program: &[u8], arguments: &[&str], patience: Duration) -> Result<String> {
        virtual_machine::run_alone(self.virtual_machine()?, program, arguments, patience)
    }

    /// Lets a native kernel run the tests of huge pages that it brings with it; all that the console showed. It is
    /// stopped when it has used so much processor time on a plain kernel, or three times as much by the clock.
    ///
    /// # Errors
    /// When these kernels are no native processes, or the process cannot be started.
    pub fn self_tests(&self, patience: Duration) -> Result<String> {
        let boot: Option<&NativeBoot> = self.runner.as_any().downcast_ref();
        boot.context("only a native kernel brings tests of its own with it")?.self_tests(patience)
    }

    fn virtual_machine(&self) -> Result<&Boot> {
        self.runner.as_any().downcast_ref().context("only a virtual machine runs programs of users")
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.asked.version
    }

    /// The name of the subject.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        self.asked.subject()
    }

    /// Who does the operations in these kernels.
    #[must_use]
    pub fn way(&self) -> Way {
        self.asked.way
    }

    /// The kernel as a subject.
    #[must_use]
    pub fn asked(&self) -> Asked {
        self.asked
    }

    /// What is generated for these kernels: executions of at most so many operations.
    #[must_use]
    pub fn settings(&self, operations: usize) -> Settings {
        self.asked.settings(operations)
    }

    /// The pool of kernels.
    #[must_use]
    pub fn pool(&self) -> &Mutex<KernelPool> {
        &self.pool
    }
}

impl Clone for Kernels {
    fn clone(&self) -> Self {
        Kernels::counting(self.asked, Arc::clone(&self.runner), Arc::clone(&self.passes))
    }
}

impl Build for Kernels {
    type Subject = Kernel;

    fn build(&self, machine: &Machine) -> Result<Kernel, String> {
        Kernel::new(self.asked, machine, Arc::clone(&self.pool))
    }

    fn largest(&self) -> Option<Machine> {
        Some(self.asked.largest_generated())
    }

    fn huge(&self) -> Option<HugeOrders> {
        self.asked.orders()
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        let able = |program: &Program| {
            let machine = self.asked.machine(&program.machine).ok()?;
            let able = |operation: &Operation| self.asked.can(operation.kind());
            let program = Program::new(machine, program.operations.iter().copied().filter(able));
            (!program.operations.is_empty()).then_some(program)
        };
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.run_ahead(programs.iter().filter_map(able)).map_err(|error| format!("{}: {error:#}", self.asked.version))
    }
}
