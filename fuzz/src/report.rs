//! What a target does with a finding: it prints what `stalemap` prints and how to go on, and aborts; or it keeps the input
//! where it is told to, and goes on.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use stalemap_campaign::{Form, Sighting};
use stalemap_engines::protocol::KEEP;
use stalemap_harness::{Divergence, Driver, Signature};
use stalemap_operations::Program;
use stalemap_report::Origin;

use crate::{artifact, pasted, stacks};

/// Where inputs that diverge are kept, and which signatures have been.
pub(crate) struct Kept {
    folder: PathBuf,
    signatures: BTreeSet<Signature>,
}

impl Kept {
    /// Kept if the environment asks for it.
    pub(crate) fn from_environment() -> Option<Kept> {
        let folder = env::var_os(KEEP)?.into();
        Some(Kept { folder, signatures: BTreeSet::new() })
    }

    /// Writes the input, if it is the first of its signature.
    ///
    /// # Panics
    /// When it cannot be written: it must not be lost.
    #[cold]
    pub(crate) fn keep(&mut self, bytes: &[u8], divergence: &Divergence) {
        if self.signatures.insert(divergence.signature()) {
            let path = self.folder.join(artifact::name(bytes));
            fs::write(&path, bytes).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        }
    }
}

/// Brings the divergence to its canonical form and prints it, and aborts through the function that is named after it.
#[cold]
pub(crate) fn abort(driver: &mut Driver, bytes: &[u8], program: &Program, divergence: &Divergence) -> ! {
    let signature = divergence.signature();
    // First of all, and whatever happens afterwards: triage looks for this line.
    eprintln!("ASSERTION FAILED: {} {}", signature.oracle(), signature.operation());
    // AFL++ shows the rest to no user, and it costs as much as hundreds of executions.
    if env::var_os("__AFL_SHM_ID").is_some() {
        stacks::end_on_the_stack_of(signature.oracle(), signature.operation(), std::process::abort);
    }
    let sighting = Sighting { program, divergence, origin: Origin::default() };
    match sighting.find(driver, "implementation", Form::Canonical, &mut |_| true) {
        Ok(found) => anstream::eprintln!("\n{}", found.finding.text()),
        Err(sentence) => eprintln!("\n{sentence}\n"),
    }
    let [run, minimize] = ["run", "minimize"].map(|command| pasted::command(command, &artifact::path(bytes)));
    eprintln!("  Reproduce with:\n\n      {run}\n\n  Minimize with:\n\n      {minimize}\n");
    if let Some(setting) = pasted::setting() {
        eprintln!("  In front of the commands of cargo-fuzz below goes `{setting}`.\n");
    }
    stacks::end_on_the_stack_of(signature.oracle(), signature.operation(), std::process::abort)
}

#[cfg(test)]
mod tests {
    use stalemap_harness::{Divergence, Mismatch, Sense};

    use super::{BTreeSet, Kept, fs};

    #[test]
    fn the_first_input_of_each_signature_is_kept_and_no_other() {
        let folder = std::env::temp_dir().join(format!("stalemap-kept-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let mut kept = Kept { folder: folder.clone(), signatures: BTreeSet::new() };
        let divergence = |fact: &'static str| {
            let mismatch = Mismatch {
                oracle: "mapping",
                fact: fact.into(),
                expected: "a".into(),
                actual: "b".into(),
                sense: Sense::Other,
            };
            Divergence { step: 0, operation: None, mismatch }
        };
        for (bytes, fact) in [(b"one", "writable"), (b"two", "writable"), (b"six", "page")] {
            kept.keep(bytes, &divergence(fact));
        }
        let contents: BTreeSet<Vec<u8>> = fs::read_dir(&folder)
            .expect("a folder")
            .map(|it| fs::read(it.expect("a file").path()).expect("a file"))
            .collect();
        fs::remove_dir_all(&folder).expect("it can go");
        assert_eq!(contents, BTreeSet::from([b"one".to_vec(), b"six".to_vec()]));
    }
}
