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
        ([8, 4, 4], 3, 8, 0, Dialect::Linux6_12),
        ([4, 2, 0], 2, 4, 0, Dialect::Linux6_1),
        ([1, 1, 1], 2, 2, 0, Dialect::Linux6_12),
        ([13, 3, 5], 4, 6, 0, Dialect::Linux6_1),
        ([100, 0, 0], 2, 70, 0, Dialect::Linux6_12),
        ([8, 4, 3], 3, 5, 1, Dialect::Linux7_3),
        ([16, 9, 4], 2, 8, 2, Dialect::Linux7_3),
        ([9, 2, 0], 2, 8, 2, Dialect::Linux6_12),
        ([6, 3, 0], 3, 4, 1, Dialect::Linux6_1),
    ];
    sizes
        .map(|(frames, spaces, pages, huge, rules)| {
            let plain = Machine::new(frames, spaces, pages, rules).expect("within limits");
            plain.with_huge(huge).unwrap_or(plain)
        })
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

#[test]
fn the_largest_machine_with_the_largest_huge_pages_answers() {
    let plain = Machine::new([1 << 24, 1 << 20, 1 << 20], 64, 1 << 16, Dialect::Linux7_3).expect("within limits");
    let machine = plain.with_huge(Machine::HUGE_LIMIT).expect("within limits");
    let mut implementation = Implementation::new(&machine);
    let text = format!(
        "machine {machine}\n\
         map s0 v0+65536 rw = ok\nadvise s0 v0+65536 huge = ok\nwrite s0 v65535 #07 = ok\n\
         migrate s0 v65024+512 to d1 = ok pages=512\nfork s0 s63 = ok\nread s63 v65535 = ok value=#07\n\
         write s63 v65535 #08 = ok\nread s0 v65535 = ok value=#07\nexit s63 = ok pages=512 freed=1\n\
         split_folio s0 v65535 = ok freed=511\nunmap s0 v0+65536 = ok pages=1 freed=1\n"
    );
    let trace = stalemap_operations::Trace::parse(&text).expect("a good text");
    for step in &trace.steps {
        assert_eq!(Some(implementation.apply(step.operation)), step.answer, "{}", step.operation);
    }
    assert_eq!(implementation.validate(), Ok(()));
}

/// Prints what was done as a trace.
struct Trace<'a>(&'a Machine, &'a [Operation]);

impl std::fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        stalemap_operations::Trace::new(*self.0, self.1.iter().copied()).fmt(f)
    }
}
