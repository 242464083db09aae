//! Verdicts: what becomes of a finding when its trace is changed.

use stalemap_harness::{Compare, Driver, Signature};
use stalemap_operations::Program;

/// What a changed trace does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Both sides agree.
    Agrees,
    /// They differ with the same signature.
    Same,
    /// They differ with this signature.
    Other(String),
}

/// Runs changed traces beside the finding of the original one.
pub(crate) struct Bench<'a> {
    driver: &'a mut Driver,
    signature: Signature,
    /// Operations that were done.
    pub(crate) operations: u64,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(driver: &'a mut Driver, signature: Signature) -> Bench<'a> {
        Bench { driver, signature, operations: 0 }
    }

    pub(crate) fn driver(&mut self) -> &mut Driver {
        self.driver
    }

    /// What these do, each with what stands beside it. A subject that is far away hears of all of them first.
    pub(crate) fn verdicts<T>(&mut self, programs: &mut Vec<(Program, T)>) -> Vec<(Verdict, T)> {
        if self.driver.looks_ahead() {
            let ahead: Vec<Program> = programs.iter().map(|(program, _)| program.clone()).collect();
            // What cannot be told ahead is run one by one.
            let _ = self.driver.look_ahead(&ahead);
        }
        let run = programs.drain(..).filter_map(|(program, beside)| Some((self.verdict(&program)?, beside)));
        run.collect()
    }

    /// What this does. A subject that is not built for it agrees with nothing: no verdict.
    pub(crate) fn verdict(&mut self, program: &Program) -> Option<Verdict> {
        let run = self.driver.run(program, Compare::Touched).ok()?;
        self.operations += run.steps as u64;
        Some(match run.divergence.map(|it| it.signature()) {
            None => Verdict::Agrees,
            Some(signature) if signature == self.signature => Verdict::Same,
            Some(signature) => Verdict::Other(signature.to_string()),
        })
    }
}
