//! A sampled execution as a store keeps it: the trace of its form.

use sha2::{Digest, Sha256};
use stalemap_harness::Signature;
use stalemap_operations::Trace;
use stalemap_report::{Finding, hex};

/// The first word of a trace of a finding, in front of its signature.
const TITLE: &str = "# ";

/// An execution that was brought to its form, as a trace that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The signature with which it was met.
    pub met: String,
    /// Its index.
    pub index: u64,
    /// Whether it is the canonical form; not so where the work was told to stop.
    pub is_complete: bool,
    /// The signature of the form.
    pub form: String,
    /// How many operations it has.
    pub(super) operations: usize,
    /// The form as text, without comments.
    pub(super) program: String,
    /// The file.
    pub(super) text: String,
}

impl Sample {
    /// A finding of an execution. `replay` makes the command that replays a file of this name.
    #[must_use]
    pub fn new(
        met: &Signature,
        index: u64,
        is_complete: bool,
        finding: &Finding,
        replay: impl FnOnce(&str) -> String,
    ) -> Sample {
        let program = Trace::from(finding.program()).to_string();
        let name = file_name(&finding.signature, &program);
        let text = finding.file_replayed_by(env!("CARGO_PKG_VERSION"), &replay(&name));
        let (met, form, operations) = (met.to_string(), finding.signature.clone(), finding.program().operations.len());
        Sample { met, index, is_complete, form, operations, program, text }
    }

    /// Reads the trace of a sample; none where it is no trace that names a signature.
    pub(super) fn read(met: &str, index: u64, is_complete: bool, text: String) -> Option<Sample> {
        let trace = Trace::parse(&text).ok()?;
        let form = text.lines().next()?.strip_prefix(TITLE)?.to_string();
        form.parse::<Signature>().ok()?;
        let program = trace.program();
        let (operations, program) = (program.operations.len(), Trace::from(program).to_string());
        Some(Sample { met: met.to_string(), index, is_complete, form, operations, program, text })
    }

    /// The trace of the finding.
    ///
    /// # Panics
    /// Never: a sample is made of a trace.
    #[must_use]
    pub fn trace(&self) -> Trace {
        Trace::parse(&self.text).expect("it was read as one")
    }

    /// Whether it names its finding, and another sample of the finding does not: it is shorter, or the first of the alphabet.
    #[must_use]
    pub fn is_before(&self, other: &Sample) -> bool {
        (self.operations, &self.program) < (other.operations, &other.program)
    }

    /// The name of the finding's file in the store.
    pub(super) fn file_name(&self) -> String {
        file_name(&self.form, &self.program)
    }

    /// Of two that are kept of one execution the smaller one stays: a canonical form, the shorter one, the first of the alphabet.
    pub(super) fn rank(&self) -> (bool, usize, &str, &str) {
        (!self.is_complete, self.operations, &self.program, &self.text)
    }
}

/// The name of the file of a trace: its signature and a digest of its operations.
fn file_name(signature: &str, program: &str) -> String {
    format!("{signature}-{}.trace", hex(&Sha256::digest(program)[..4]))
}
