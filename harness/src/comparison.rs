//! The full comparison: everything that both sides show, and which page of one is which page of the other.

use std::cell::RefCell;

use stalemap_operations::{FolioView, Observables, Observation, PageToken, PageView, Scope, Subject};
use stalemap_reference::Model;

use crate::answers::Answers;
use crate::binding::Binding;
use crate::oracle::owners::{FrameRules, Owners};
use crate::oracle::step::{Conflict, StepView, both_places};

/// What was seen of both sides after a step.
#[derive(Debug)]
pub(crate) struct Comparison {
    everything: Scope,
    reference: Observation,
    subject: Observation,
    binding: Binding,
    /// The pages that both sides show, by their places in what was seen.
    pairs: Vec<(usize, usize)>,
    conflict: Option<Conflict>,
    owners: RefCell<Owners>,
    /// Whether what the subject shows of folios means something.
    has_folios: bool,
    /// Whether the steps before were looked at too, so that pages are known which nothing shows any more.
    is_continued: bool,
    /// Whether nothing was looked at since the start, as in most runs.
    is_unused: bool,
}

impl Comparison {
    /// Nothing was seen yet of a subject of which this is known.
    pub(crate) fn new(rules: FrameRules<'_>, known: Observables) -> Comparison {
        Comparison {
            everything: Scope::everything(),
            reference: Observation::default(),
            subject: Observation::default(),
            binding: Binding::default(),
            pairs: Vec::new(),
            conflict: None,
            owners: RefCell::new(Owners::new(rules)),
            has_folios: known.include(Observables::FOLIOS),
            is_continued: false,
            is_unused: true,
        }
    }

    /// Back to the start: no page is known.
    pub(crate) fn reset(&mut self) {
        if std::mem::replace(&mut self.is_unused, true) {
            return;
        }
        self.binding.clear();
        self.is_continued = false;
        self.reference.clear();
        self.subject.clear();
    }

    pub(crate) fn look_at_reference(&mut self, reference: &Model) {
        self.is_unused = false;
        reference.observe(&self.everything, &mut self.reference);
    }

    pub(crate) fn look_at_subject(&mut self, subject: &impl Subject) -> &Observation {
        self.is_unused = false;
        subject.observe(&self.everything, &mut self.subject);
        &self.subject
    }

    /// Forgets the pages that ended, and binds those that both sides show for the first time at the same place or slot.
    pub(crate) fn bind(&mut self) {
        self.is_unused = false;
        let Comparison { reference, subject, binding, pairs, has_folios, .. } = self;
        binding.retain(|page| reference.page(page).is_some());
        self.conflict = bind_places(reference, subject, binding).or_else(|| bind_slots(reference, subject, binding));
        if *has_folios {
            bind_folios(reference, subject, binding);
        }
        if !self.is_continued {
            bind_hidden(reference, subject, binding, *has_folios);
        }
        self.is_continued = true;
        pairs.clear();
        for (at, page) in reference.pages.iter().enumerate() {
            if let Some(other) = binding.subject(page.token).and_then(|token| subject.position(token)) {
                pairs.push((at, other));
            }
        }
    }

    /// The step as the oracles see it.
    pub(crate) fn view<'a>(&'a self, rules: FrameRules<'a>, answers: Answers) -> StepView<'a> {
        let Comparison { reference, subject, binding, pairs, conflict, owners, .. } = self;
        StepView { rules, answers, reference, subject, binding, pairs, conflict: *conflict, owners }
    }

    /// What was seen of the reference and of the subject.
    pub(crate) fn seen(&self) -> [&Observation; 2] {
        [&self.reference, &self.subject]
    }

    pub(crate) fn binding(&self) -> &Binding {
        &self.binding
    }
}

/// Binds what both sides show at the same place; the first place where they show different pages.
fn bind_places(reference: &Observation, subject: &Observation, binding: &mut Binding) -> Option<Conflict> {
    both_places(reference, subject).find_map(|(place, mine, other)| {
        let conflict = !binding.agree(mine.page()?, other.page()?);
        conflict.then_some(Conflict::Place(place))
    })
}

/// Binds the pages of large folios of which another page is bound, each by its index: a folio keeps pages that nothing shows.
fn bind_folios(reference: &Observation, subject: &Observation, binding: &mut Binding) {
    let hidden = |page: &&PageView| page.folio.is_some() && binding.subject(page.token).is_none();
    let hidden: Vec<(PageToken, FolioView)> =
        reference.pages.iter().filter(hidden).filter_map(|page| Some((page.token, page.folio?))).collect();
    for (page, folio) in hidden {
        let bound = reference.pages.iter().filter(|other| other.folio.is_some_and(|it| it.head == folio.head));
        let head =
            bound.filter_map(|other| subject.page(binding.subject(other.token)?)?.folio).map(|it| it.head).next();
        let is_same =
            |other: &&PageView| other.folio.is_some_and(|it| Some(it.head) == head && it.index == folio.index);
        if let Some(other) = subject.pages.iter().find(is_same) {
            binding.agree(page, other.token);
        }
    }
}

/// Binds the pages that no place and no slot shows, which only a transaction has, in the order of their facts: where the
/// steps before were not looked at nothing else tells them apart.
fn bind_hidden(reference: &Observation, subject: &Observation, binding: &mut Binding, has_folios: bool) {
    let facts = |page: &&PageView| {
        let folio = page.folio.filter(|_| has_folios).map(|folio| (folio.index, folio.mapcount));
        (page.home, page.stamp, page.exclusive, page.mapcount, page.refcount, folio)
    };
    let hidden = |side: &Observation, is_bound: &dyn Fn(PageToken) -> bool| {
        let mut hidden: Vec<&PageView> = side.pages.iter().filter(|page| !is_bound(page.token)).collect();
        hidden.sort_by_key(facts);
        hidden.into_iter().map(|page| page.token).collect::<Vec<_>>()
    };
    let of_reference = hidden(reference, &|page| binding.subject(page).is_some());
    let of_subject = hidden(subject, &|page| binding.reference(page).is_some());
    for (mine, other) in of_reference.into_iter().zip(of_subject) {
        binding.agree(mine, other);
    }
}

/// Binds what both sides show in the same slot; the first slot where they show different pages.
fn bind_slots(reference: &Observation, subject: &Observation, binding: &mut Binding) -> Option<Conflict> {
    reference.slots.iter().find_map(|(slot, state)| {
        let other = subject.slots.iter().find(|(it, _)| it == slot).and_then(|(_, state)| state.page());
        let conflict = !binding.agree(state.page()?, other?);
        conflict.then_some(Conflict::Slot(*slot))
    })
}

#[cfg(test)]
mod tests;
