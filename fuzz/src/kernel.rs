//! A Linux kernel as what a target drives: it is a process that counts what it passes of its own code.

use std::env;
use std::sync::Arc;

use stalemap_engines::protocol::{FAULT, KERNEL_SUBJECT};
use stalemap_linux::{Cache, Fault, Kernels, Native, Version};

use crate::counters;
use crate::subject::Driven;

/// The kernel and the fault in it that the environment names.
///
/// # Panics
/// When it names none that counts what it passes, or that one is not built.
pub(crate) fn from_environment() -> Arc<Kernels> {
    let subject = env::var(KERNEL_SUBJECT).unwrap_or_else(|_| Version::default().native_subject().to_string());
    let version = Version::ALL.into_iter().find(|version| version.native_subject() == subject);
    let version =
        version.unwrap_or_else(|| panic!("{KERNEL_SUBJECT}={subject}: there is no native kernel of this name"));
    let bits = env::var(FAULT).map_or(0, |name| match Fault::by_name(&name) {
        Ok(fault) => 1 << fault.bit,
        Err(sentence) => panic!("{FAULT}: {sentence}"),
    });
    let kernels = Cache::of_the_user().and_then(|cache| Kernels::cached(&cache, Native::counting(version), bits));
    Arc::new(kernels.unwrap_or_else(|error| panic!("{error:#}")))
}

impl Driven for Kernels {
    fn show_passes(&self) {
        counters::count_passes(self.passes().last());
    }
}
