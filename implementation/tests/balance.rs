//! Arbitrary operations on the implementation alone: everything balances after every step, nothing panics, a reset
//! leaves no trace, and what an observer may ask is answered.

use stalemap_implementation::Implementation;
use stalemap_operations::{Dialect, Kind, Machine, Observation, Operation, Outcome, Scope, Subject};

/// A small generator of numbers; what it makes does not matter, only that it is always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits") % below
    }

    fn operation(&mut self, machine: &Machine) -> Operation {
        loop {
            let kind = Kind::ALL[self.next(u32::try_from(Kind::COUNT).expect("few kinds")) as usize];
            // Small numbers are likely, so that operations meet one another.
            let numbers: Vec<u32> =
                (0..7).map(|_| if self.next(2) == 0 { self.next(3) } else { self.next(256) }).collect();
            if let Some(operation) = Operation::folded(kind, numbers, machine) {
                return operation;
            }
        }
    }
}

fn machines() -> Vec<Machine> {
    let sizes = [
        ([8, 4, 4], 3, 8, Dialect::Linux6_12),
        ([4, 2, 0], 2, 4, Dialect::Linux6_1),
        ([1, 1, 1], 2, 2, Dialect::Linux6_12),
        ([13, 3, 5], 4, 6, Dialect::Linux6_1),
        ([100, 0, 0], 2, 70, Dialect::Linux6_12),
    ];
    sizes
        .map(|(frames, spaces, pages, rules)| Machine::new(frames, spaces, pages, rules).expect("within limits"))
        .into()
}

#[test]
fn everything_balances_after_every_operation() {
    for machine in machines() {
        let mut implementation = Implementation::new(&machine);
        for seed in 0..150 {
            let mut numbers = Numbers(seed);
            let mut done = Vec::new();
            implementation.reset();
            for _ in 0..120 {
                let operation = numbers.operation(&machine);
                done.push(operation);
                let outcome = implementation.apply(operation);
                assert_ne!(outcome, Outcome::Stuck, "{}", Trace(&machine, &done));
                if let Err(sentence) = implementation.validate() {
                    panic!("{sentence}\n{}", Trace(&machine, &done));
                }
            }
        }
    }
}

#[test]
fn a_reset_machine_cannot_be_told_from_a_new_one() {
    for machine in machines() {
        let mut used = Implementation::new(&machine);
        for seed in 2_000..2_030 {
            let mut fresh = Implementation::new(&machine);
            used.reset();
            let mut numbers = Numbers(seed);
            let (mut of_used, mut of_fresh) = (Observation::default(), Observation::default());
            for _ in 0..120 {
                let operation = numbers.operation(&machine);
                assert_eq!(used.apply(operation), fresh.apply(operation), "{operation}");
                used.observe(&Scope::everything(), &mut of_used);
                fresh.observe(&Scope::everything(), &mut of_fresh);
                assert_eq!(of_used, of_fresh, "{operation}");
            }
        }
    }
}

#[test]
fn the_largest_machine_answers() {
    let machine = Machine::new([1 << 24, 1 << 20, 1 << 20], 64, 1 << 16, Dialect::Linux6_12).expect("within limits");
    let mut implementation = Implementation::new(&machine);
    let text = format!(
        "machine {machine}\n\
         map s0 v0+65536 rw = ok\nwrite s0 v65535 #07 = ok\nmigrate s0 v65535 to d1 = ok pages=1\n\
         fork s0 s63 = ok\nread s63 v65535 = ok value=#07\nalloc b0 10 = ok\nfree b0 = ok\nexit s63 = ok pages=1 freed=0\n"
    );
    let trace = stalemap_operations::Trace::parse(&text).expect("a good text");
    for step in &trace.steps {
        assert_eq!(Some(implementation.apply(step.operation)), step.answer, "{}", step.operation);
    }
}

/// Prints what was done as a trace.
struct Trace<'a>(&'a Machine, &'a [Operation]);

impl std::fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        stalemap_operations::Trace::new(*self.0, self.1.iter().copied()).fmt(f)
    }
}
