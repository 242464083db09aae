//! What `stalemap check-determinism --engines` asks of a target: the digest of each input instead of a comparison.

use std::env;
use std::fs::File;
use std::io::Write;

use stalemap_engines::protocol::{DIGESTS, digest_line};
use stalemap_harness::Driver;
use stalemap_operations::Program;

/// Where digests go.
pub(crate) struct Digests(File);

impl Digests {
    /// The file that the environment names. An engine may run inputs in several processes: each adds to the file.
    ///
    /// # Panics
    /// When the file cannot be opened.
    pub(crate) fn from_environment() -> Option<Digests> {
        let path = env::var_os(DIGESTS)?;
        let file = File::options().append(true).create(true).open(&path);
        Some(Digests(file.unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()))))
    }

    /// Runs an input and adds its line.
    ///
    /// # Panics
    /// When the line cannot be written.
    pub(crate) fn add(&mut self, driver: &mut Driver, bytes: &[u8], program: &Program) {
        let digest = stalemap_report::digest(driver, program);
        let digest = digest.expect("the implementation takes every machine that has bytes");
        let line = digest_line(&stalemap_report::input_name(bytes), &digest) + "\n";
        self.0.write_all(line.as_bytes()).expect("the file of digests can be written");
    }
}
