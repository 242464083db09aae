//! A subject that hands over what it touched cannot hand over anything else than it shows.

use stalemap_harness::{Compare, Driver, quiet_panics};
use stalemap_implementation::Implementation;
use stalemap_operations::{
    Capabilities, Counts, Entry, FrameToken, Home, Kind, Machine, Observation, Operation, Outcome, PageFacts,
    PageToken, Place, PlaceState, Scope, Slot, SlotState, Space, Stamp, Subject, Touched, Trace, Visitor,
};

/// What is false from the write on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    Nothing,
    WritableBit,
    Stamp,
    Exclusivity,
    Mapcount,
    Refcount,
    ReverseMap,
    HomeOfPage,
    FrameOfPage,
    EndOfPage,
    Candidates,
    FramesOfTransaction,
    Locks,
    FreeFrames,
    /// It does not hand over places, or shows none.
    NoPlace,
    /// The token is too large to be kept in a table.
    LargeToken,
}

/// Where it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    HandedOver,
    Shown,
}

struct Liar {
    honest: Implementation,
    lie: Lie,
    told: Told,
    has_written: bool,
    /// Whether it hands over everything at the end of a run as it shows it; else it is observed.
    hands_over_everything: bool,
}

impl Liar {
    fn lies(&self, told: Told) -> Lie {
        if self.has_written && self.told == told { self.lie } else { Lie::Nothing }
    }
}

impl Subject for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn machine(&self) -> &Machine {
        self.honest.machine()
    }

    fn reset(&mut self) {
        self.honest.reset();
        self.has_written = false;
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.has_written |= operation.kind() == Kind::Write;
        self.honest.apply(operation)
    }

    fn touched(&mut self, _: &mut Touched) -> bool {
        panic!("it is asked for lists although it hands over what it touched")
    }

    fn runs(&self) -> &[bool] {
        self.honest.runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.honest.observe(scope, into);
        let lie = self.lies(Told::Shown);
        if lie == Lie::Nothing {
            return;
        }
        // What is shown is twisted as what is handed over is: fact by fact.
        for view in &mut into.places {
            view.state = twist_place(lie, view.state);
        }
        for page in &mut into.pages {
            let rmap = into.rmaps[page.rmap.clone()].to_vec();
            let counts = Counts::Stored { mapcount: page.mapcount, refcount: page.refcount, rmap };
            let facts = PageFacts {
                home: page.home,
                stamp: page.stamp,
                exclusive: page.exclusive,
                counts,
                frame: page.frame,
                folio: page.folio,
            };
            let twisted = twist_page(lie, facts);
            let Counts::Stored { mapcount, refcount, rmap } = twisted.counts else { panic!("it is stored") };
            page.rmap = into.rmaps.len()..into.rmaps.len() + rmap.len();
            into.rmaps.extend(rmap);
            (page.home, page.stamp, page.exclusive) = (twisted.home, twisted.stamp, twisted.exclusive);
            (page.mapcount, page.refcount, page.frame) = (mapcount, refcount, twisted.frame);
        }
        if lie == Lie::NoPlace {
            into.places.clear();
        }
        if lie == Lie::EndOfPage {
            into.pages.clear();
        }
        into.free[0] -= u32::from(lie == Lie::FreeFrames);
        for (_, state) in &mut into.slots {
            twist_slot(lie, state);
        }
    }

    fn show_touched(&self, visitor: &mut impl Visitor) -> bool {
        self.honest.show_touched(&mut Twisted { lie: self.lies(Told::HandedOver), visitor })
    }

    fn show_everything(&self, visitor: &mut impl Visitor) -> bool {
        self.hands_over_everything && self.honest.show_everything(&mut Twisted { lie: self.lies(Told::Shown), visitor })
    }
}

fn twist_place(lie: Lie, state: PlaceState) -> PlaceState {
    match state {
        PlaceState::Mapped { access, entry: Entry::Maps { page, writable, huge } } if lie == Lie::WritableBit => {
            PlaceState::Mapped { access, entry: Entry::Maps { page, writable: !writable, huge } }
        }
        PlaceState::Unmapped | PlaceState::Mapped { .. } => state,
    }
}

fn twist_slot(lie: Lie, state: &mut SlotState) {
    if let (Lie::Candidates, SlotState::Transaction { candidates, .. }) = (lie, state) {
        *candidates += 1;
    }
}

fn twist_page(lie: Lie, page: PageFacts<Vec<Place>>) -> PageFacts<Vec<Place>> {
    let mut page = page;
    let Counts::Stored { mapcount, refcount, rmap } = &mut page.counts else { panic!("it is stored") };
    if lie == Lie::Stamp {
        page.stamp = Stamp(page.stamp.0 ^ 1);
    }
    page.exclusive ^= lie == Lie::Exclusivity;
    *mapcount += u32::from(lie == Lie::Mapcount);
    *refcount += u32::from(lie == Lie::Refcount);
    if lie == Lie::ReverseMap {
        rmap.clear();
    }
    if lie == Lie::HomeOfPage {
        page.home = Home::ALL[(page.home.index() + 1) % Home::LIMIT];
    }
    if lie == Lie::FrameOfPage {
        page.frame = Some(FrameToken { home: page.home, offset: 0 });
    }
    page
}

/// Twists what is handed over on its way to a visitor.
struct Twisted<'a, V> {
    lie: Lie,
    visitor: &'a mut V,
}

impl<V: Visitor> Visitor for Twisted<'_, V> {
    fn place(&mut self, place: Place, state: PlaceState) {
        if self.lie != Lie::NoPlace {
            self.visitor.place(place, twist_place(self.lie, state));
        }
    }

    fn slot(&mut self, slot: Slot, state: SlotState, frames: impl Iterator<Item = FrameToken>) {
        let mut state = state;
        twist_slot(self.lie, &mut state);
        let frame = FrameToken { home: Home::Ram, offset: 0 };
        let more = (self.lie == Lie::FramesOfTransaction).then_some(frame);
        self.visitor.slot(slot, state, frames.chain(more));
    }

    fn page<R: Iterator<Item = Place>>(&mut self, page: PageToken, facts: impl FnOnce() -> Option<PageFacts<R>>) {
        let lie = self.lie;
        let token = if lie == Lie::LargeToken { PageToken(u32::MAX - 1 - page.0) } else { page };
        self.visitor.page(token, || {
            let PageFacts { home, stamp, exclusive, counts, frame, folio } = facts()?;
            let Counts::Stored { mapcount, refcount, rmap } = counts else { panic!("it is stored") };
            let counts = Counts::Stored { mapcount, refcount, rmap: rmap.collect() };
            let twisted = twist_page(lie, PageFacts { home, stamp, exclusive, counts, frame, folio });
            let PageFacts { home, stamp, exclusive, counts, frame, folio } = twisted;
            let Counts::Stored { mapcount, refcount, rmap } = counts else { panic!("it is stored") };
            let counts = Counts::Stored { mapcount, refcount, rmap: rmap.into_iter() };
            (lie != Lie::EndOfPage).then_some(PageFacts { home, stamp, exclusive, counts, frame, folio })
        });
    }

    fn space(&mut self, space: Space, is_alive: bool, is_locked: bool) {
        self.visitor.space(space, is_alive, is_locked != (self.lie == Lie::Locks));
    }

    fn free(&mut self, free: [u32; Home::LIMIT]) {
        let mut free = free;
        free[0] -= u32::from(self.lie == Lie::FreeFrames);
        self.visitor.free(free);
    }
}

/// The page at `v1` is in another frame than the one at `v0`.
const TEXT: &str = "machine ram=8 device=4 spaces=2 pages=4\n\
    map s0 v0+4 rw\nwrite s0 v0 #07\nwrite s0 v1 #08\nsetup t0 s0 v0+2 to d0\ncopy t0 0\npages t0\n\
    finalize t0\n";

/// What the run of so many operations with a subject that tells this lie comes to, in both modes: its step and signature. It is the
/// same whether the subject hands over everything or is observed.
fn results(lie: Lie, told: Told, operations: usize) -> [Option<(usize, String)>; 2] {
    let [handed_over, observed] = [true, false].map(|everything| results_of(lie, told, everything, operations));
    assert_eq!(handed_over, observed, "{lie:?} {told:?}");
    handed_over
}

fn results_of(lie: Lie, told: Told, hands_over_everything: bool, operations: usize) -> [Option<(usize, String)>; 2] {
    let build = move |machine: &Machine| {
        Ok(Liar { honest: Implementation::new(machine), lie, told, has_written: false, hands_over_everything })
    };
    let mut program = Trace::parse(TEXT).expect("a good text").program();
    program.operations.truncate(operations);
    [Compare::Touched, Compare::Everything].map(|compare| {
        let divergence = Driver::new(build).run(&program, compare).expect("it takes every machine").divergence;
        divergence.map(|it| (it.step, it.signature().to_string()))
    })
}

/// The lie is found at this step, the last one: what is shown is looked at when a run ends.
fn assert_found(lie: Lie, told: Told, step: usize, signature: &str) {
    for result in results(lie, told, step + 1) {
        assert_eq!(result, Some((step, signature.to_string())), "{lie:?} {told:?}");
    }
}

#[test]
fn an_honest_subject_agrees_and_is_not_asked_for_lists() {
    assert_eq!(results(Lie::Nothing, Told::HandedOver, usize::MAX), [None, None]);
}

#[test]
fn what_is_handed_over_and_not_shown_is_told_at_its_step() {
    quiet_panics();
    for (lie, step) in [
        (Lie::WritableBit, 1),
        (Lie::Stamp, 1),
        (Lie::Exclusivity, 1),
        (Lie::Mapcount, 1),
        (Lie::Refcount, 1),
        (Lie::ReverseMap, 1),
        (Lie::EndOfPage, 1),
        (Lie::FreeFrames, 1),
        (Lie::NoPlace, 1),
        (Lie::Candidates, 3),
        (Lie::Locks, 3),
    ] {
        let operation = if step == 1 { "write" } else { "setup" };
        assert_found(lie, Told::HandedOver, step, &format!("digest.word@{operation}"));
    }
    assert_found(Lie::HomeOfPage, Told::HandedOver, 1, "placement.home@write");
    assert_found(Lie::FrameOfPage, Told::HandedOver, 2, "placement.owner@write");
    assert_found(Lie::FramesOfTransaction, Told::HandedOver, 3, "placement.owner@setup");
}

#[test]
fn what_is_shown_and_not_handed_over_is_found_by_its_oracle() {
    quiet_panics();
    for (lie, signature) in [
        (Lie::WritableBit, "mapping.writable@write"),
        (Lie::Stamp, "content.stamp@write"),
        (Lie::Exclusivity, "mapping.exclusive@write"),
        (Lie::Mapcount, "mapcount.count@write"),
        (Lie::Refcount, "refcount.count@write"),
        (Lie::ReverseMap, "rmap.places@write"),
        (Lie::HomeOfPage, "mapping.home@write"),
        (Lie::EndOfPage, "identity.live@write"),
        (Lie::FreeFrames, "conservation.free@write"),
        (Lie::NoPlace, "identity.live@write"),
    ] {
        assert_found(lie, Told::Shown, 1, signature);
    }
    assert_found(Lie::FrameOfPage, Told::Shown, 2, "placement.owner@write");
    assert_found(Lie::Candidates, Told::Shown, 3, "mapping.slot@setup");
}

#[test]
fn tokens_that_are_too_large_for_a_table_are_compared_in_full() {
    assert_eq!(results(Lie::LargeToken, Told::HandedOver, usize::MAX), [None, None]);
}
