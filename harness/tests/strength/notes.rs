//! The notes of both sides: whatever an operation changes is among what it says it has touched.

use stalemap_harness::{Generator, Settings};
use stalemap_implementation::Implementation;
use stalemap_operations::{Home, Observation, PlaceState, Program, Scope, SlotState, Subject, Touched, Trace};
use stalemap_reference::Model;

/// Executions that each side does.
const EXECUTIONS: u64 = 1_500;

/// The first change that a side does not tell; `begin` is called before each execution.
pub(super) fn wrong(begin: fn()) -> Option<String> {
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    (0..EXECUTIONS).find_map(|index| {
        begin();
        generator.execution(3, index, &mut program);
        let machine = program.machine;
        let reference = Model::new(machine, Home::ALL.map(|home| machine.frames(home)));
        let wrong = untold(reference, &program);
        wrong.or_else(|| untold(Implementation::new(&machine), &program))
    })
}

fn untold(mut subject: impl Subject, program: &Program) -> Option<String> {
    let (mut before, mut after, mut touched) = (Observation::default(), Observation::default(), Touched::default());
    subject.observe(&Scope::everything(), &mut before);
    program.operations.iter().enumerate().find_map(|(step, &operation)| {
        subject.apply(operation);
        subject.observe(&Scope::everything(), &mut after);
        touched.clear();
        assert!(subject.touched(&mut touched), "it keeps notes");
        let untold = untold_change(&before, &after, &touched);
        std::mem::swap(&mut before, &mut after);
        let done = Trace::new(program.machine, program.operations[..=step].iter().copied());
        untold.map(|what| format!("{what} of the {} changes and is not told by\n{done}", subject.name()))
    })
}

/// The first thing that differs between two observations of everything and is not among what was touched.
fn untold_change(before: &Observation, after: &Observation, touched: &Touched) -> Option<String> {
    let state = |of: &Observation, place| {
        of.places.iter().find(|view| view.place == place).map_or(PlaceState::Unmapped, |view| view.state)
    };
    for view in before.places.iter().chain(&after.places) {
        if state(before, view.place) != state(after, view.place) && !touched.places.contains(&view.place) {
            return Some(view.place.to_string());
        }
    }
    let page = |of: &Observation, token| {
        of.page(token).map(|page| {
            let mut rmap = of.rmap(page).to_vec();
            rmap.sort_unstable();
            (page.home, page.stamp, page.exclusive, page.mapcount, page.refcount, rmap, page.frame)
        })
    };
    for view in before.pages.iter().chain(&after.pages) {
        if page(before, view.token) != page(after, view.token) && !touched.pages.contains(&view.token) {
            return Some(format!("page {}", view.token.0));
        }
    }
    let slot = |of: &Observation, slot| of.slots.iter().find(|(it, _)| *it == slot).map(|(_, state)| shown(state, of));
    for (it, _) in before.slots.iter().chain(&after.slots) {
        if slot(before, *it) != slot(after, *it) && !touched.slots.contains(it) {
            return Some(it.to_string());
        }
    }
    None
}

/// What a slot shows; the frames of a transaction are a range of a list that means nothing by itself.
fn shown(state: &SlotState, of: &Observation) -> String {
    match state {
        SlotState::Transaction { phase, candidates, frames } => {
            format!("{phase:?}, {candidates}, {:?}", &of.frames[frames.clone()])
        }
        SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) | SlotState::Block { .. } => format!("{state:?}"),
    }
}
