//! How a subject is looked at that does not hand over what it touched: it names what it touched, and is observed there.

use stalemap_operations::{
    Counts, Observation, PageFacts, PageView, Scope, SlotState, Space, Subject, Touched, Visitor,
};

/// The lists, which are kept from step to step.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    touched: Touched,
    scope: Scope,
    seen: Observation,
    /// Spaces of the machine.
    spaces: u32,
}

impl Lists {
    pub(super) fn new(spaces: u32) -> Lists {
        let scope = Scope { is_exact: true, ..Scope::default() };
        Lists { touched: Touched::default(), scope, seen: Observation::default(), spaces }
    }

    /// Hands what the last operation touched to a visitor; `None` where the subject cannot tell what it is.
    pub(super) fn look(&mut self, side: &mut impl Subject, visitor: &mut impl Visitor) -> Option<()> {
        let Lists { touched, scope, seen, spaces } = self;
        touched.clear();
        if !side.touched(touched) {
            return None;
        }
        std::mem::swap(&mut scope.places, &mut touched.places);
        std::mem::swap(&mut scope.slots, &mut touched.slots);
        std::mem::swap(&mut scope.pages, &mut touched.pages);
        // A look at a page costs much, and many are named several times.
        scope.pages.sort_unstable();
        scope.pages.dedup();
        side.observe(scope, seen);
        hand_over(seen, *spaces, visitor);
        // Those that have ended are not among the seen ones.
        for &token in &scope.pages {
            visitor.page(token, || None::<PageFacts<std::iter::Empty<_>>>);
        }
        Some(())
    }
}

/// Hands over what was observed of a machine with so many spaces.
pub(super) fn hand_over(seen: &Observation, spaces: u32, visitor: &mut impl Visitor) {
    for space in (0..spaces).map(Space) {
        visitor.space(space, seen.alive.contains(space), seen.locked.contains(space));
    }
    visitor.free(seen.free);
    for view in &seen.places {
        visitor.place(view.place, view.state);
    }
    for (slot, state) in &seen.slots {
        let frames = match state {
            SlotState::Transaction { frames, .. } => &seen.frames[frames.clone()],
            SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) | SlotState::Block { .. } => &[],
        };
        visitor.slot(*slot, state.clone(), frames.iter().copied());
    }
    for view in &seen.pages {
        visitor.page(view.token, || Some(facts(view, seen)));
    }
}

fn facts<'a>(
    view: &PageView,
    seen: &'a Observation,
) -> PageFacts<impl Iterator<Item = stalemap_operations::Place> + 'a> {
    PageFacts {
        home: view.home,
        stamp: view.stamp,
        exclusive: view.exclusive,
        counts: Counts::Stored {
            mapcount: view.mapcount,
            refcount: view.refcount,
            rmap: seen.rmap(view).iter().copied(),
        },
        frame: view.frame,
        folio: view.folio,
    }
}
