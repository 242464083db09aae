//! Each operation that a kernel can do is in the exported C program and in a transcript.

use stalemap_linux::{Recorded, SELFTEST, Transcript, Way};
use stalemap_operations::{
    Access, Device, Effect, EffectShape, Entry, Home, Kind, Machine, Observation, Operation, Order, Outcome, PageToken,
    PageView, Phase, Place, PlaceState, PlaceView, Scope, Slot, SlotState, Space, Stamp, Subject as _, Trace,
    VirtualPage,
};

fn supported(way: Way) -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(move |&kind| way.can(kind))
}

/// How many parameters the function with this name has in the C text.
fn parameters(name: &str) -> Option<usize> {
    let (_, rest) = SELFTEST.split_once(&format!("static MAY_BE_UNUSED long {name}("))?;
    let (list, _) = rest.split_once(')')?;
    Some(list.split(',').count())
}

/// `export` writes a call of `op_` and the operation's word, with the values of its fields.
#[test]
fn the_c_program_has_each_operation_with_a_parameter_for_each_field() {
    for kind in Kind::ALL {
        let row = kind.row();
        let is_done = Way::Guest.capabilities_with_huge_pages().operations.contains(*kind);
        let expected = is_done.then_some(row.fields.len());
        let word = row.word;
        assert_eq!(
            parameters(&format!("op_{word}")),
            expected,
            "parameters of op_{word} in linux/vm/kernel/selftest.h"
        );
    }
}

fn effect(shape: EffectShape) -> Effect {
    match shape {
        EffectShape::Nothing => Effect::Nothing,
        EffectShape::Pages => Effect::Pages(2),
        EffectShape::PagesFreed => Effect::PagesFreed { pages: 2, freed: 1 },
        EffectShape::Freed => Effect::Freed(1),
        EffectShape::Value => Effect::Value(Stamp(0x2a)),
    }
}

/// What may be seen after an operation: a place with each sort of entry, a page at each home, and the operation's slot.
fn seen(operation: Operation) -> Observation {
    let page = PageToken(7);
    let place = |number| Place { space: Space(number), page: VirtualPage(1) };
    let mapped = |number, entry| PlaceView {
        place: place(number),
        state: PlaceState::Mapped { access: Access::ReadWrite, entry },
    };
    let view = |number, home| PageView {
        token: PageToken(number),
        home,
        stamp: Stamp(0x2a),
        exclusive: home == Home::Ram,
        mapcount: 1,
        refcount: 0,
        rmap: 0..0,
        frame: None,
        folio: None,
    };
    let mut seen = Observation { alive: 0b111.into(), locked: 0b10.into(), ..Observation::default() };
    seen.places.push(mapped(0, Entry::Maps { page, writable: true, huge: false }));
    seen.places.push(mapped(1, Entry::Migrating { page, writable: false, huge: false }));
    seen.places.push(mapped(2, Entry::Hole));
    seen.rmaps.push(place(0));
    seen.pages.push(PageView { rmap: 0..1, ..view(7, Home::Ram) });
    seen.pages.push(PageView { rmap: 1..1, ..view(8, Home::Device(Device(0))) });
    seen.pages.push(PageView { rmap: 1..1, ..view(9, Home::Device(Device(1))) });
    seen.slots.extend(operation.slot().map(|slot| {
        let state = match slot {
            Slot::Pin(_) => SlotState::Pin(page),
            Slot::Hold(_) => SlotState::Hold(page),
            Slot::Transaction(_) => SlotState::Transaction { phase: Phase::Moved, candidates: 2, frames: 0..0 },
            Slot::Block(_) => SlotState::Block { order: Order(2), split: true, held: 3, base: None },
        };
        (slot, state)
    }));
    seen
}

#[test]
fn a_transcript_has_words_for_each_operation_its_answers_and_its_slot() {
    let machine = Machine::DEFAULT;
    for (way, kind) in Way::ALL.into_iter().flat_map(|way| supported(way).map(move |kind| (way, kind))) {
        let word = kind.row().word;
        let operation = Operation::sampled(kind, &machine, |choices| choices / 2).expect("the machine has devices");
        let seen = seen(operation);
        let refused = kind.row().refusals.iter().map(|&errno| Outcome::Refused(errno));
        for answer in [Outcome::Done(effect(kind.row().effect))].into_iter().chain(refused) {
            let mut transcript = Transcript::new(way, Vec::new(), machine);
            transcript.step(operation, answer, &seen);
            let text = transcript.finish().to_string();
            let read = Trace::parse(&text).unwrap_or_else(|error| panic!("{word}: {error}\n{text}"));
            let mut recorded = Recorded::new(&read).unwrap_or_else(|error| panic!("{word}: {error}\n{text}"));
            assert_eq!(recorded.apply(operation), answer, "{word}\n{text}");
            let mut shown = Observation::default();
            recorded.observe(&Scope::everything(), &mut shown);
            assert_eq!(shown, seen, "{word}\n{text}");
        }
    }
}
