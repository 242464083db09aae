//! A subject that shows less than it has; the tests of report use it too.

use stalemap_operations::{
    Capabilities, Entry, FolioView, Machine, Observables, Observation, Operation, Outcome, PlaceState, Scope,
    SlotState, Subject, Touched,
};

/// A subject that shows all, and here nonsense in place of all but some observables.
pub(crate) struct Blind<S> {
    pub(crate) whole: S,
    pub(crate) shown: Observables,
}

impl<S> Blind<S> {
    fn blur(&self, seen: &mut Observation) {
        let hides = |one| !self.shown.include(one);
        if hides(Observables::WRITABLE) {
            for view in &mut seen.places {
                if let PlaceState::Mapped { entry, .. } = &mut view.state
                    && let Entry::Maps { writable, .. } | Entry::Migrating { writable, .. } = entry
                {
                    *writable = !*writable;
                }
            }
        }
        if hides(Observables::FOLIOS) {
            for view in &mut seen.places {
                if let PlaceState::Mapped { entry, .. } = &mut view.state
                    && let Entry::Maps { huge, .. } | Entry::Migrating { huge, .. } = entry
                {
                    *huge = !*huge;
                }
            }
            for page in &mut seen.pages {
                page.folio = Some(FolioView { head: page.token, index: 7, mapcount: 0 });
            }
        }
        for page in &mut seen.pages {
            if hides(Observables::STAMPS) {
                page.stamp.0 = page.stamp.0.wrapping_add(1);
            }
            page.exclusive ^= hides(Observables::EXCLUSIVE);
            page.mapcount += u32::from(hides(Observables::MAPCOUNTS));
            page.refcount += u32::from(hides(Observables::REFCOUNTS));
            if hides(Observables::RMAPS) {
                page.rmap = 0..0;
            }
            if hides(Observables::FRAMES) {
                page.frame = None;
            }
        }
        if hides(Observables::FRAMES) {
            for (_, state) in &mut seen.slots {
                match state {
                    SlotState::Transaction { frames, .. } => *frames = 0..0,
                    SlotState::Block { base, .. } => *base = None,
                    SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) => {}
                }
            }
        }
        if hides(Observables::FREE) {
            seen.free = seen.free.map(|free| free + 1);
        }
        if hides(Observables::SPACES) {
            (seen.alive, seen.locked) = Default::default();
        }
        if hides(Observables::PLACES) {
            seen.places.clear();
        }
        if hides(Observables::SLOTS) {
            seen.slots.clear();
        }
        let is_shown = |token| {
            seen.places.iter().any(|view| view.state.page() == Some(token))
                || seen.slots.iter().any(|(_, state)| state.page() == Some(token))
        };
        if hides(Observables::PLACES) || hides(Observables::SLOTS) {
            seen.pages.retain(|page| is_shown(page.token));
        }
    }
}

impl<S: Subject> Subject for Blind<S> {
    fn name(&self) -> &'static str {
        "blind"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { observables: self.shown, ..Capabilities::ALL }
    }

    fn machine(&self) -> &Machine {
        self.whole.machine()
    }

    fn reset(&mut self) {
        self.whole.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.whole.apply(operation)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.whole.touched(into)
    }

    fn runs(&self) -> &[bool] {
        self.whole.runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.whole.observe(scope, into);
        self.blur(into);
    }
}
