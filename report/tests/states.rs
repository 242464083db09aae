//! The states of a finding have what is compared: what a subject does not show stands on neither side.

#[path = "../../harness/tests/blind/mod.rs"]
mod blind;

use blind::Blind;
use stalemap_harness::{Driver, Generator, Settings};
use stalemap_operations::{Home, Machine, Observables, Program};
use stalemap_reference::Model;
use stalemap_report::states;

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
const WORDS: [(Observables, &[&str]); 11] = [
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
    (Observables::FOLIOS, &["huge", "folio"]),
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
