//! What a subject hands to a visitor: the facts that its last operation touched, one by one and without lists.

use crate::machine::Home;
use crate::observation::{FolioView, FrameToken, PageToken, Place, PlaceState, Slot, SlotState};
use crate::operand::{Space, Stamp};

/// A page as its owner shows it to a visitor; as [`PageView`](crate::PageView) otherwise.
#[derive(Clone, Debug)]
pub struct PageFacts<R> {
    /// Where it is.
    pub home: Home,
    /// What was last written to it.
    pub stamp: Stamp,
    /// Whether it is known to belong to one place.
    pub exclusive: bool,
    /// By what it is referred to.
    pub counts: Counts<R>,
    /// Its frame, where the subject shows frames.
    pub frame: Option<FrameToken>,
    /// The large folio that it is a page of.
    pub folio: Option<FolioView>,
}

/// By what a page is referred to.
#[derive(Clone, Debug)]
pub enum Counts<R> {
    /// As the subject stores it.
    Stored {
        /// Number of entries that map the page.
        mapcount: u32,
        /// All references.
        refcount: u32,
        /// The places that the subject's own reverse map walk answers; any order.
        rmap: R,
    },
    /// The subject stores nothing of it: the mapcount is the number of places that it shows with an entry which maps the
    /// page, the reverse map is these places, and the refcount is their number and `references`.
    Counted {
        /// References that are not entries which map the page: pins, holds, and one while a transaction has the page. Of a page of a
        /// large folio: all references of the folio that are not counted as places of this page.
        references: u32,
    },
}

/// Takes in what the last operation of a subject touched ([`Subject::show_touched`](crate::Subject::show_touched)), as
/// it is after the operation. Facts come in any order, and may come more than once. Or it takes in everything
/// ([`Subject::show_everything`](crate::Subject::show_everything)), in order.
pub trait Visitor {
    /// What a place shows whose mapping or entry was written.
    fn place(&mut self, place: Place, state: PlaceState);

    /// What a slot shows that was filled, emptied or advanced. `frames` are those of a transaction; the range in the state
    /// is not read.
    fn slot(&mut self, slot: Slot, state: SlotState, frames: impl Iterator<Item = FrameToken>);

    /// A page whose facts were written; none if it has ended. `facts` is called where the page was not told of yet.
    fn page<R: Iterator<Item = Place>>(&mut self, page: PageToken, facts: impl FnOnce() -> Option<PageFacts<R>>);

    /// Whether a space is alive, and whether an open `setup` locks it. At the start `s0` is alive.
    fn space(&mut self, space: Space, is_alive: bool, is_locked: bool);

    /// Free frames at each home, by [`Home::index`]. At the start they are the subject's capacity.
    fn free(&mut self, free: [u32; Home::LIMIT]);
}
