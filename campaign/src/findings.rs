//! What campaigns find: counted, and each new finding brought to its canonical form, which names it.

use std::collections::{BTreeMap, BTreeSet};

use stalemap_harness::{Build, Divergence, Driver, Progress, Signature};
use stalemap_operations::Program;
use stalemap_report::Origin;

use crate::sighting::{Form, Found, Sighting};

/// Counts what diverges, and tells new findings from those that say the same.
///
/// An execution has a signature as it was met, and its canonical form has another one: minimised with everything compared
/// and recounted after each step. Findings with equal canonical signatures are one. Of the executions that were met with one
/// signature the first, second, fourth, eighth and so on are brought to the canonical form: two faults may be met alike.
/// Each of them counts for its own form, the others for that of the one before.
pub struct Findings {
    subject: String,
    driver: Driver,
    known: BTreeSet<Signature>,
    /// Executions by the signature that was met.
    met: BTreeMap<Signature, u64>,
    /// The canonical signature that executions of a signature were last brought to.
    names: BTreeMap<Signature, Signature>,
    /// Executions by the name that each has: the canonical signature, or the one that was met.
    counts: BTreeMap<Signature, u64>,
    found: BTreeSet<Signature>,
}

impl Findings {
    /// Nothing was found yet. `subject` is the subject's name in reports; the `known` signatures, as they are met or
    /// canonical, are counted and are no findings.
    pub fn new(subject: impl Into<String>, build: impl Build + 'static, known: BTreeSet<Signature>) -> Findings {
        Findings {
            subject: subject.into(),
            driver: Driver::new(build),
            known,
            met: BTreeMap::new(),
            names: BTreeMap::new(),
            counts: BTreeMap::new(),
            found: BTreeSet::new(),
        }
    }

    /// What runs the findings again.
    pub fn driver(&mut self) -> &mut Driver {
        &mut self.driver
    }

    /// The signatures that are known and no findings.
    #[must_use]
    pub fn known(&self) -> &BTreeSet<Signature> {
        &self.known
    }

    /// How many executions diverged, by canonical signature; by the one that was met where none was brought to its form. Each
    /// finding is among them, and each execution is counted once.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Signature, u64> {
        &self.counts
    }

    /// Counts an execution that diverged; whether [`add`](Self::add) has to look at it.
    #[must_use]
    pub fn count(&mut self, signature: &Signature) -> bool {
        let times = self.met.entry(signature.clone()).or_default();
        *times += 1;
        let name = self.names.get(signature).unwrap_or(signature);
        *self.counts.entry(name.clone()).or_default() += 1;
        times.is_power_of_two() && !self.known.contains(signature)
    }

    /// The execution that was counted last was met with the first signature, and its form has the second one.
    fn name(&mut self, met: Signature, form: &Signature) {
        let before = self.names.insert(met.clone(), form.clone()).unwrap_or(met);
        if let Some(count) = self.counts.get_mut(&before) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&before);
            }
        }
        *self.counts.entry(form.clone()).or_default() += 1;
    }

    /// Brings the execution that was counted last to its canonical form; what it is if it is a new finding. `keep_going` is asked
    /// now and then, and ends the work by answering no: what was reached until then is the result.
    ///
    /// # Errors
    /// Says why the subject cannot be the machine.
    pub fn add(
        &mut self,
        program: &Program,
        divergence: &Divergence,
        origin: Origin,
        keep_going: &mut dyn FnMut(&Progress) -> bool,
    ) -> Result<Option<Found>, String> {
        let sighting = Sighting { program, divergence, origin };
        let reduced = sighting.reduce(&mut self.driver, Form::Canonical, keep_going)?;
        let key = reduced.divergence.signature();
        self.name(divergence.signature(), &key);
        if self.known.contains(&key) || !self.found.insert(key) {
            return Ok(None);
        }
        reduced.describe(&mut self.driver, &self.subject).map(Some)
    }
}
