//! What makes a kernel: its version, what is added and edited, its configuration, and what is taken from the build.

use crate::edit::Edit;
use crate::edits::Addition;
use crate::version::Version;

/// How a kernel is built. Two recipes that differ in anything have two folders in the cache.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Its name: `6.12-kasan`.
    pub name: String,
    /// The version of its source.
    pub version: Version,
    /// Files of ours that are put into the source.
    pub additions: Vec<Addition>,
    /// Lines of ours that are put beside the source's.
    pub edits: Vec<Edit>,
    /// What is set beyond the tiniest configuration.
    pub configuration: Vec<&'static str>,
    /// Lines that the configuration must come to, whatever the source makes of it.
    pub needed: Vec<&'static str>,
    /// `ARCH` of the kernel's build.
    pub architecture: &'static str,
    /// What `make` is asked for.
    pub target: &'static str,
    /// Where it leaves the image, from the folder of the build.
    pub built: &'static str,
    /// The image's name in the cache.
    pub image: &'static str,
    /// The name of the build's folder beside the source.
    pub output: String,
    /// Whether the kernel's own tests of its test driver are built beside it.
    pub has_tests: bool,
    /// CPU seconds of the first build, about.
    pub seconds: u32,
}
