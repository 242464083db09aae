//! Subjects that the crate commands does not know: the implementation with operations that are done another way.

use stalemap_implementation::Implementation;
use stalemap_operations::{
    Capabilities, CompleteState, Explorable, Machine, Observation, Operation, Outcome, Scope, Stamp, Subject, Touched,
};

/// How an operation is done: given the subject and the operation.
pub type Done = fn(&mut Implementation, Operation) -> Outcome;

/// The implementation, but for some operations.
pub struct Altered {
    implementation: Implementation,
    words: &'static str,
    done: Done,
}

impl Altered {
    /// Does the operations of these words in this way.
    #[must_use]
    pub fn new(machine: &Machine, words: &'static str, done: Done) -> Altered {
        Altered { implementation: Implementation::new(machine), words, done }
    }
}

impl Subject for Altered {
    fn name(&self) -> &str {
        "altered"
    }

    fn capabilities(&self) -> Capabilities {
        self.implementation.capabilities()
    }

    fn machine(&self) -> &Machine {
        self.implementation.machine()
    }

    fn reset(&mut self) {
        self.implementation.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        if self.words.split(' ').any(|word| word == operation.kind().row().word) {
            (self.done)(&mut self.implementation, operation)
        } else {
            self.implementation.apply(operation)
        }
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.implementation.touched(into)
    }

    fn runs(&self) -> &[bool] {
        self.implementation.runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.implementation.observe(scope, into);
    }

    fn explorable(&self) -> Option<&dyn Explorable> {
        Some(self)
    }
}

impl Explorable for Altered {
    fn complete_state(&self) -> CompleteState {
        self.implementation.complete_state()
    }

    fn unused_stamp(&self) -> Stamp {
        self.implementation.unused_stamp()
    }
}
