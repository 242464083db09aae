//! What a side hands over makes the digest of what it names and shows.

use stalemap_implementation::Implementation;
use stalemap_operations::{Capabilities, Machine, Observation, Operation, Outcome, Program, Scope, Subject, Touched};
use stalemap_reference::Model;

use super::{CAPACITY, start};
use crate::generate::{Generator, Settings};

/// A subject that names what it has touched, and does not hand it over.
struct ByLists<'a, S>(&'a mut S);

impl<S: Subject> Subject for ByLists<'_, S> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn machine(&self) -> &Machine {
        self.0.machine()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.0.apply(operation)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.0.touched(into)
    }

    fn runs(&self) -> &[bool] {
        self.0.runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.0.observe(scope, into);
    }
}

/// The first step after which what a side hands over makes another digest than what it names and shows.
fn first_difference(side: &mut impl Subject, program: &Program) -> Option<usize> {
    let mut digests = [start(), start()];
    side.reset();
    program.operations.iter().position(|&operation| {
        side.apply(operation);
        let [handed_over, by_lists] = &mut digests;
        assert_eq!(handed_over.update(side), Some(()));
        assert_eq!(by_lists.update(&mut ByLists(side)), Some(()));
        handed_over.value() != by_lists.value()
    })
}

#[test]
fn what_both_sides_hand_over_makes_the_digest_of_what_they_name_and_show() {
    let settings = Settings { machine: Some(Machine::DEFAULT), ..Settings::default() };
    let (mut generator, mut program) = (Generator::new(settings), Program::default());
    let mut implementation = Implementation::new(&Machine::DEFAULT);
    let mut reference = Model::new(Machine::DEFAULT, CAPACITY);
    for index in 0..300 {
        generator.execution(5, index, &mut program);
        let of_implementation = first_difference(&mut implementation, &program);
        let of_reference = first_difference(&mut reference, &program);
        assert_eq!((of_implementation, of_reference), (None, None), "execution {index}: {program:?}");
    }
}

#[test]
fn what_both_sides_show_of_everything_is_what_they_told_step_by_step() {
    let settings = Settings { machine: Some(Machine::DEFAULT), ..Settings::default() };
    let (mut generator, mut program) = (Generator::new(settings), Program::default());
    let mut implementation = Implementation::new(&Machine::DEFAULT);
    let mut reference = Model::new(Machine::DEFAULT, CAPACITY);
    let mut seen = Observation::default();
    for index in 0..100 {
        generator.execution(6, index, &mut program);
        let mut digests = [start(), start()];
        implementation.reset();
        reference.reset();
        for &operation in &program.operations {
            let claimed = implementation.apply(operation);
            reference.apply_after(operation, Some(claimed), implementation.runs());
            let [of_reference, of_implementation] = &mut digests;
            of_reference.update(&mut reference).expect("it tells what it touched");
            of_implementation.update(&mut implementation).expect("it tells what it touched");
            implementation.observe(&Scope::everything(), &mut seen);
            assert!(of_implementation.knows_observed(&seen), "{operation} in execution {index}");
            assert_eq!(of_implementation.knows(&implementation), Some(true), "{operation} in execution {index}");
            assert_eq!(of_reference.knows(&reference), Some(true), "{operation} in execution {index}");
        }
    }
}
