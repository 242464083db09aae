//! Digests: one for all that a run answers and shows, so that two runs can be told apart wherever they were made, and the
//! name of an input.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use stalemap_harness::{CannotBuild, Driver};
use stalemap_operations::Program;

/// Sixteen hexadecimal digits that stand for all that both sides answer and show after every step, and for how the run
/// ends.
///
/// # Errors
/// As [`Driver::run`].
pub fn digest(driver: &mut Driver, program: &Program) -> Result<String, CannotBuild> {
    let mut digest = Sha256::new();
    let run = driver.watch(program, &mut |watched| {
        let answers = (watched.expected, watched.claimed);
        digest.update(format!("{answers:?} {:?} {:?}", watched.reference, watched.subject));
    })?;
    digest.update(format!("{run:?}"));
    Ok(hex(&digest.finalize()[..8]))
}

/// The SHA-1 of an input in hexadecimal digits, as libFuzzer names what it keeps.
#[must_use]
pub fn input_name(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes))
}

/// Two small hexadecimal digits for each byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
