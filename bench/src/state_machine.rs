//! The peer of the harness: proptest-state-machine driving the same reference and the same implementation.
//!
//! It compares less than the harness does: answers, and what the touched places and their pages show; it binds no
//! pages, asks no reverse map and looks at no frames. Blocks are left out, since the reference must follow a refusal of
//! the subject there, and proptest asks the reference first.

use std::fmt;

use proptest::prelude::{BoxedStrategy, Just, Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use stalemap_implementation::Implementation;
use stalemap_operations::record::{Format, RECORD};
use stalemap_operations::{Entry, Home, Machine, Operation, Outcome, PlaceState, Subject};
use stalemap_reference::Model;

use crate::clock::seconds;
use crate::harness::{Looker, OPERATIONS};

const MACHINE: Machine = Machine::DEFAULT;
/// Executions in a round.
pub(crate) const CASES: u32 = 100;
/// Level 0 is about blocks.
const BLOCKS: u8 = 0;

/// The operation that random bytes mean, if it is not about blocks.
pub(crate) fn operation(record: [u8; RECORD]) -> Option<Operation> {
    Format::NEWEST.operation(record, &MACHINE).filter(|operation| operation.kind().row().level != BLOCKS)
}

pub(crate) fn operations_in_a_round() -> f64 {
    f64::from(CASES) * f64::from(u32::try_from(OPERATIONS).expect("a few"))
}

/// The reference and what it answered last.
#[derive(Clone)]
pub(crate) struct State {
    model: Model,
    answer: Option<Outcome>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reference")
    }
}

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = State;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<State> {
        let model = Model::new(MACHINE, Home::ALL.map(|home| MACHINE.frames(home)));
        Just(State { model, answer: None }).boxed()
    }

    fn transitions(_: &State) -> BoxedStrategy<Operation> {
        any::<[u8; RECORD]>().prop_filter_map("blocks are left out", operation).boxed()
    }

    fn apply(mut state: State, operation: &Operation) -> State {
        state.answer = Some(state.model.apply(*operation));
        state
    }
}

/// The implementation, and room to look at both.
struct Pair {
    subject: Implementation,
    lookers: [Looker; 2],
}

struct Test;

impl StateMachineTest for Test {
    type SystemUnderTest = Pair;
    type Reference = Reference;

    fn init_test(_: &State) -> Pair {
        Pair { subject: Implementation::new(&MACHINE), lookers: Default::default() }
    }

    fn apply(mut pair: Pair, state: &State, operation: Operation) -> Pair {
        let answer = pair.subject.apply(operation);
        assert_eq!(Some(answer), state.answer, "{operation}");
        let [reference, subject] = &mut pair.lookers;
        // What the reference touched cannot be asked of a shared reference; what the subject touched is looked at.
        subject.gather(&mut pair.subject);
        reference.follow(subject);
        reference.look(&state.model);
        subject.look(&pair.subject);
        compare(reference, subject);
        pair
    }
}

/// Holds the places that both sides show against each other, and the pages there.
fn compare(reference: &Looker, subject: &Looker) {
    for (one, other) in reference.seen.places.iter().zip(&subject.seen.places) {
        match (one.state, other.state) {
            (PlaceState::Mapped { access: a, entry: e }, PlaceState::Mapped { access: b, entry: f }) => {
                assert_eq!((a, bits(e)), (b, bits(f)), "{}", one.place);
            }
            (one, other) => assert_eq!(one, other),
        }
        let facts = |looker: &Looker, state: PlaceState| {
            let page = looker.seen.page(state.page()?)?;
            Some((page.home, page.stamp, page.exclusive, page.mapcount, page.refcount))
        };
        assert_eq!(facts(reference, one.state), facts(subject, other.state), "{}", one.place);
    }
    assert_eq!(reference.seen.free, subject.seen.free, "free frames");
}

/// What an entry says beside the page.
fn bits(entry: Entry) -> (bool, bool, bool) {
    match entry {
        Entry::Hole => (false, false, false),
        Entry::Maps { writable, .. } => (true, false, writable),
        Entry::Migrating { writable, .. } => (true, true, writable),
    }
}

/// Runs cases, others in each round.
pub(crate) struct Peer {
    round: u8,
}

impl Peer {
    pub(crate) fn new() -> Peer {
        Peer { round: 0 }
    }

    /// Time of a round, for each operation.
    pub(crate) fn seconds_an_operation(&mut self) -> f64 {
        self.round += 1;
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[self.round; 32]);
        let mut runner = TestRunner::new_with_rng(config, random);
        let strategy = Reference::sequential_strategy(OPERATIONS);
        let taken = seconds(|| {
            let result = runner.run(&strategy, |(state, operations, seen)| {
                Test::test_sequential(Config::default(), state, operations, seen);
                Ok(())
            });
            result.expect("the two agree");
        });
        taken / operations_in_a_round()
    }
}
