//! A side of a comparison that shows what a test tells it.

use stalemap_operations::{
    Capabilities, Counts, Machine, Observation, Operation, Outcome, PageFacts, PageToken, PageView, Scope, Space,
    Subject, Touched, Visitor,
};

use super::SPACES;

/// A side that shows what it is told, and says that it has touched all of it.
pub(super) struct Side {
    pub(super) seen: Observation,
    /// Pages that it has touched and does not show.
    pub(super) ended: Vec<PageToken>,
    /// Whether it hands over what it has touched.
    pub(super) hands_over: bool,
}

impl From<Observation> for Side {
    fn from(seen: Observation) -> Side {
        Side { seen, ended: Vec::new(), hands_over: false }
    }
}

impl Subject for Side {
    fn name(&self) -> &str {
        "a side"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn machine(&self) -> &Machine {
        &Machine::DEFAULT
    }

    fn reset(&mut self) {}

    fn apply(&mut self, _: Operation) -> Outcome {
        Outcome::Stuck
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        assert!(!self.hands_over, "it is asked for lists although it hands over what it has touched");
        into.places.extend(self.seen.places.iter().map(|view| view.place));
        into.pages.extend(self.seen.pages.iter().map(|page| page.token).chain(self.ended.iter().copied()));
        into.slots.extend(self.seen.slots.iter().map(|(slot, _)| *slot));
        true
    }

    fn observe(&self, _: &Scope, into: &mut Observation) {
        into.clone_from(&self.seen);
    }

    /// Pages come first and in the other order: the order makes no difference.
    fn show_touched(&self, visitor: &mut impl Visitor) -> bool {
        if !self.hands_over {
            return false;
        }
        let seen = &self.seen;
        for page in seen.pages.iter().rev() {
            let rmap = seen.rmap(page).iter().copied();
            let counts = Counts::Stored { mapcount: page.mapcount, refcount: page.refcount, rmap };
            let PageView { home, stamp, exclusive, frame, folio, .. } = *page;
            visitor.page(page.token, || Some(PageFacts { home, stamp, exclusive, counts, frame, folio }));
        }
        for (slot, state) in seen.slots.iter().rev() {
            visitor.slot(*slot, state.clone(), std::iter::empty());
        }
        for view in seen.places.iter().rev() {
            visitor.place(view.place, view.state);
        }
        for space in (0..SPACES).map(Space) {
            visitor.space(space, seen.alive.contains(space), seen.locked.contains(space));
        }
        visitor.free(seen.free);
        true
    }
}
