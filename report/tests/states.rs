//! The states of a finding have what is compared: what a subject does not show stands on neither side.

use stalemap_harness::{Driver, Generator, Settings};
use stalemap_operations::{
    Capabilities, Entry, Home, Machine, Observables, Observation, Operation, Outcome, PlaceState, Program, Scope,
    SpaceSet, Subject, Touched,
};
use stalemap_reference::Model;
use stalemap_report::states;

/// The model, which shows nonsense in place of all but some observables.
struct Blind {
    whole: Model,
    shown: Observables,
}

impl Blind {
    fn blur(&self, seen: &mut Observation) {
        let hides = |one| !self.shown.include(one);
        for view in &mut seen.places {
            if let PlaceState::Mapped {
                entry: Entry::Maps { writable, .. } | Entry::Migrating { writable, .. }, ..
            } = &mut view.state
            {
                *writable ^= hides(Observables::WRITABLE);
            }
        }
        for page in &mut seen.pages {
            page.stamp.0 = page.stamp.0.wrapping_add(u8::from(hides(Observables::STAMPS)));
            page.exclusive ^= hides(Observables::EXCLUSIVE);
            page.mapcount += u32::from(hides(Observables::MAPCOUNTS));
            page.refcount += u32::from(hides(Observables::REFCOUNTS));
            if hides(Observables::RMAPS) {
                page.rmap = 0..0;
            }
        }
        if hides(Observables::FREE) {
            seen.free = [0; Home::LIMIT];
        }
        if hides(Observables::SPACES) {
            (seen.alive, seen.locked) = (SpaceSet::default(), SpaceSet::default());
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

impl Subject for Blind {
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

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.whole.observe(scope, into);
        self.blur(into);
    }
}

/// The states after each step of some executions of a subject that shows this much; both sides are the same.
fn states_of(shown: Observables) -> String {
    let shown = shown.without(Observables::FRAMES);
    let capacity = |machine: &Machine| Home::ALL.map(|home| machine.frames(home));
    let build = move |machine: &Machine| Ok(Blind { whole: Model::new(*machine, capacity(machine)), shown });
    let mut driver = Driver::new(build);
    let mut generator = Generator::new(Settings { operations: 32, ..Settings::default() });
    let mut program = Program::default();
    let mut all = String::new();
    for index in 0..60 {
        generator.execution(5, index, &mut program);
        let run = driver.watch(&program, &mut |watched| {
            let [reference, subject] = states(watched, &program.machine);
            assert_eq!(reference, subject, "not shown: {:?}", shown.missing(Observables::ALL).collect::<Vec<_>>());
            all += &subject;
        });
        assert_eq!(run.expect("it takes every machine").divergence, None);
    }
    all
}

/// What stands in the lines of an observable.
const WORDS: [(Observables, &[&str]); 10] = [
    (Observables::PLACES, &["hole", "maps p"]),
    (Observables::STAMPS, &["#"]),
    (Observables::EXCLUSIVE, &["exclusive", "shared"]),
    (Observables::MAPCOUNTS, &["mapcount"]),
    (Observables::REFCOUNTS, &["refcount"]),
    (Observables::RMAPS, &["rmap"]),
    (Observables::SLOTS, &["candidates", "pins", "holds", "block"]),
    (Observables::FREE, &["free"]),
    (Observables::WRITABLE, &["writable"]),
    (Observables::SPACES, &["locked"]),
];

#[test]
fn what_is_not_shown_stands_on_neither_side() {
    let all = states_of(Observables::ALL);
    for (fact, words) in WORDS {
        let without = states_of(Observables::ALL.without(fact));
        for word in words {
            assert!(all.contains(word), "{word}");
            assert!(!without.contains(word), "{word}");
        }
    }
}

#[test]
fn what_alone_is_shown_stands_alone() {
    for (fact, words) in WORDS {
        // A page is led to by a place, an entry's bit by its place.
        let led = fact.and(Observables::PLACES);
        let shown = states_of(led);
        assert!(words.iter().any(|word| shown.contains(word)), "{words:?}");
        for (other, words) in WORDS {
            let is_shown = led.include(other);
            assert!(is_shown || words.iter().all(|word| !shown.contains(word)), "{words:?}");
        }
        states_of(fact);
    }
}
