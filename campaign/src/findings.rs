//! What campaigns find: counted, and each new finding brought to its canonical form, which names it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use stalemap_harness::{Build, CannotBuild, Divergence, Driver, Progress, Signature};
use stalemap_operations::Program;
use stalemap_report::Origin;

use crate::sampling::is_sampled;
use crate::sighting::{Form, Found, Sighting};

/// Counts what diverges, and tells new findings from those that say the same.
///
/// An execution has a signature as it was met, and its canonical form has another one: minimised with everything compared
/// and recounted after each step. Findings with equal canonical signatures are one. Of the executions that were met with one
/// signature a few are brought to the canonical form, since two faults may be met alike: the four with the lowest index, and the
/// first of each octave of the index. Each of them counts for its own form, the others for that of the lowest one. So which
/// findings there are, and how often each was met, is a function of the set of executions: however they are spread over
/// machines, all of them together come to the same.
pub struct Findings {
    subject: String,
    driver: Driver,
    known: BTreeSet<Signature>,
    met: BTreeMap<Signature, Met>,
    found: BTreeSet<Signature>,
}

/// Executions that were met with one signature.
#[derive(Clone, Debug, Default)]
struct Met {
    times: Times,
    /// The canonical signatures of those that were brought to their form, by index.
    forms: BTreeMap<u64, Signature>,
}

/// How often something was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Times {
    /// By so many executions.
    pub executions: u64,
    /// The lowest index among them.
    pub first: u64,
    /// The highest.
    pub last: u64,
}

impl Default for Times {
    fn default() -> Self {
        Times { executions: 0, first: u64::MAX, last: 0 }
    }
}

impl Times {
    /// Notes an execution.
    pub(crate) fn note(&mut self, index: u64) {
        self.add(&Times { executions: 1, first: index, last: index });
    }

    /// Adds other executions.
    pub(crate) fn add(&mut self, other: &Times) {
        self.executions += other.executions;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// An execution that was brought to its canonical form.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// The signature with which it was met.
    pub met: Signature,
    /// Its index.
    pub index: u64,
    /// Its form.
    pub found: Found,
    /// Whether this is the first execution of a finding that is not known.
    pub is_new: bool,
}

impl Findings {
    /// Nothing was found yet. `subject` is the subject's name in reports; the `known` signatures, as they are met or
    /// canonical, are counted and are no findings.
    pub fn new(subject: impl Into<String>, build: impl Build + 'static, known: BTreeSet<Signature>) -> Findings {
        let (driver, met, found) = (Driver::new(build), BTreeMap::new(), BTreeSet::new());
        Findings { subject: subject.into(), driver, known, met, found }
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

    /// Goes on from executions that were counted before, and from those of them that were brought to their forms.
    pub fn go_on_from<'a>(
        &mut self,
        times: impl IntoIterator<Item = (Signature, Times)>,
        forms: impl IntoIterator<Item = (Signature, u64, &'a Signature)>,
    ) {
        for (met, times) in times {
            self.met.entry(met).or_default().times.add(&times);
        }
        for (met, index, form) in forms {
            self.met.entry(met).or_default().forms.insert(index, form.clone());
            self.found.insert(form.clone());
        }
    }

    /// A finding that was gone on from no longer shows: the next execution that shows it is looked at, and is a new finding.
    pub fn forget(&mut self, form: &Signature) {
        self.found.remove(form);
        self.met.values_mut().for_each(|met| met.forms.retain(|_, it| it != form));
    }

    /// How often each signature was met.
    pub fn times(&self) -> impl Iterator<Item = (&Signature, &Times)> {
        self.met.iter().filter(|(_, met)| met.times.executions > 0).map(|(signature, met)| (signature, &met.times))
    }

    /// How many executions diverged, by canonical signature; by the one that was met where none was brought to its form. Each
    /// finding is among them, and each execution is counted once.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Signature, u64> {
        let mut counts = BTreeMap::new();
        for (signature, met) in &self.met {
            let forms = met.forms.values();
            count_by_form(signature, met.times.executions, forms, |form, times| {
                *counts.entry(form.clone()).or_default() += times;
            });
        }
        counts
    }

    /// Counts an execution that diverged; whether [`add`](Self::add) has to look at it. Executions come in the order of their
    /// index.
    #[must_use]
    pub fn count(&mut self, signature: &Signature, index: u64) -> bool {
        let met = self.met.entry(signature.clone()).or_default();
        met.times.note(index);
        !met.forms.contains_key(&index) && !self.known.contains(signature) && is_sampled(&met.forms, index)
    }

    /// Brings the execution with this index, which was counted, to its canonical form. `keep_going` is asked now and then, and
    /// ends the work by answering no: what was reached until then is the result.
    ///
    /// # Errors
    /// Says why the subject cannot be the machine.
    pub fn add(
        &mut self,
        index: u64,
        program: &Program,
        divergence: &Divergence,
        origin: Origin,
        keep_going: &mut dyn FnMut(&Progress) -> bool,
    ) -> Result<Sampled, CannotBuild> {
        let met = divergence.signature();
        let sighting = Sighting { program, divergence, origin };
        let reduced = sighting.reduce(&mut self.driver, Form::Canonical, keep_going)?;
        let form = reduced.divergence.signature();
        self.met.entry(met.clone()).or_default().forms.insert(index, form.clone());
        let is_new = !self.known.contains(&form) && self.found.insert(form);
        let found = reduced.describe(&mut self.driver, &self.subject)?;
        Ok(Sampled { met, index, found, is_new })
    }
}

/// Counts executions that were met with one signature by their forms, given in the order of the index: each that was brought to its form
/// counts for it, the others for the lowest one's; for the signature itself where none was.
pub(crate) fn count_by_form<'a, S>(
    met: &'a S,
    executions: u64,
    forms: impl Iterator<Item = &'a S> + Clone,
    mut count: impl FnMut(&'a S, u64),
) {
    let sampled = forms.clone().count() as u64;
    let others = executions.saturating_sub(sampled);
    if others > 0 {
        count(forms.clone().next().unwrap_or(met), others);
    }
    forms.for_each(|form| count(form, 1));
}
