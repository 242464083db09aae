//! Operations → bytes → operations and operations → text → operations are identities, and canonical text prints back
//! as it is.

use stalemap_operations::{
    Dialect, Effect, EffectShape, Errno, Field, Kind, Machine, Operation, Outcome, Program, Space, Stamp, Step, Trace,
    VirtualPage, record,
};

/// Numbers that look random (SplitMix64), the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit)).expect("it is below a u32")
    }

    /// A size within its limit; small ones as often as large ones.
    fn size(&mut self, limit: u32) -> u32 {
        let bits = self.below(limit.ilog2() + 1);
        (1 << bits | self.below(1 << bits)).min(limit)
    }

    fn machine(&mut self, most: u32) -> Machine {
        let ram = self.size(most);
        let devices = match self.below(3) {
            0 => [0, 0],
            1 => [self.size(most), 0],
            _ => [self.size(most), self.size(most)],
        };
        let spaces = self.size(if most > Machine::BYTES_LIMIT { Space::LIMIT } else { Machine::BYTES_SPACES });
        let pages = self.size(VirtualPage::LIMIT.min(most));
        let rules = Dialect::ALL[self.below(3) as usize];
        let machine = Machine::new([ram, devices[0], devices[1]], spaces, pages, rules).expect("sizes within limits");
        // Half of those that can have huge pages have some.
        let order = if self.below(2) == 0 { 0 } else { self.below(machine.most_huge() + 1) };
        machine.with_huge(order).unwrap_or(machine)
    }

    fn operation(&mut self, machine: &Machine) -> Operation {
        let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.exists_on(machine)).collect();
        let kind = kinds[self.below(u32::try_from(kinds.len()).expect("few kinds")) as usize];
        Operation::sampled(kind, machine, |choices| self.below(choices)).expect("the machine has it")
    }

    fn operations(&mut self, machine: &Machine) -> Vec<Operation> {
        (0..self.below(40)).map(|_| self.operation(machine)).collect()
    }

    fn answer(&mut self, operation: &Operation) -> Option<Outcome> {
        let row = operation.kind().row();
        let count = self.below(1 << 16);
        match self.below(3) {
            0 => None,
            1 => row.refusals.get(self.below(4) as usize).copied().map(Outcome::Refused),
            _ => Some(Outcome::Done(match row.effect {
                EffectShape::Nothing => Effect::Nothing,
                EffectShape::Pages => Effect::Pages(count),
                EffectShape::PagesFreed => Effect::PagesFreed { pages: count, freed: self.below(9) },
                EffectShape::Freed => Effect::Freed(count),
                EffectShape::Value => Effect::Value(Stamp(count.to_le_bytes()[0])),
            })),
        }
    }
}

/// Every operation that the machine can have.
fn enumerate_operations(machine: &Machine) -> Vec<Operation> {
    let mut all = Vec::new();
    for &kind in Kind::ALL {
        // An odometer over the choices of the fields; the last field turns fastest.
        let mut wheels: Vec<u32> = Vec::new();
        loop {
            let mut limits = Vec::new();
            let operation = Operation::chosen(kind, machine, |_, choices, _| {
                let position = limits.len();
                limits.push(choices);
                wheels.resize(wheels.len().max(limits.len()), 0);
                wheels[position]
            });
            all.extend(operation);
            while wheels.len().checked_sub(1).is_some_and(|last| wheels[last] + 1 >= limits[last]) {
                wheels.pop();
            }
            match wheels.last_mut() {
                Some(wheel) => *wheel += 1,
                None => break,
            }
        }
    }
    all
}

fn tiny() -> Machine {
    let machine = Machine::new([3, 1, 2], 2, 3, Dialect::Linux6_12).expect("sizes within limits");
    machine.with_huge(1).expect("two pages fit")
}

#[test]
fn every_operation_of_a_tiny_machine_comes_back_from_its_record() {
    let machine = tiny();
    let all = enumerate_operations(&machine);
    assert!(all.len() > 5_000, "{} operations", all.len());
    for operation in all {
        let back = record::Format::NEWEST.operation(record::operation_to_record(&operation), &machine);
        assert_eq!(back, Some(operation));
    }
}

#[test]
fn every_operation_of_a_tiny_machine_comes_back_from_its_line() {
    let machine = tiny();
    let trace = Trace::new(machine, enumerate_operations(&machine));
    assert_eq!(Trace::parse(&trace.to_string()), Ok(trace));
}

#[test]
fn every_operation_has_its_own_record_and_its_own_line() {
    let all = enumerate_operations(&tiny());
    let mut records: Vec<_> = all.iter().map(record::operation_to_record).collect();
    records.sort_unstable();
    records.dedup();
    assert_eq!(records.len(), all.len());
    let mut lines: Vec<String> = all.iter().map(Operation::to_string).collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all.len());
}

#[test]
fn generated_traces_come_back_from_their_bytes() {
    let mut numbers = Numbers(1);
    for _ in 0..5_000 {
        let machine = numbers.machine(Machine::BYTES_LIMIT);
        let program = Program::new(machine, numbers.operations(&machine));
        let bytes = program.to_bytes().expect("a small machine has bytes");
        assert_eq!(bytes.len(), record::RECORD * (1 + program.operations.len()));
        assert_eq!(Program::from_bytes(&bytes), program);
    }
}

#[test]
fn generated_traces_come_back_from_their_text() {
    let mut numbers = Numbers(2);
    for round in 0..5_000 {
        let most = if round % 2 == 0 { Machine::BYTES_LIMIT } else { Machine::FRAMES_LIMIT };
        let machine = numbers.machine(most);
        let steps = numbers.operations(&machine).into_iter().map(|operation| Step {
            comments: (0..numbers.below(3)).map(|n| format!("# {n}, above `{operation}`")).collect(),
            answer: numbers.answer(&operation),
            operation,
        });
        let steps = steps.collect();
        let trace =
            Trace { title: vec!["# A title.".to_string()], machine, steps, ending: vec!["# The end.".to_string()] };
        let text = trace.to_string();
        assert_eq!(Trace::parse(&text).as_ref(), Ok(&trace), "{text}");
    }
}

#[test]
fn every_answer_that_an_operation_may_give_comes_back_from_its_text() {
    let machine = Machine::DEFAULT.with_huge(1).expect("two pages fit");
    for &kind in Kind::ALL {
        let row = kind.row();
        let operation = Operation::folded(kind, [], &machine).expect("the machine has it");
        let refused = row.refusals.iter().map(|&errno| Outcome::Refused(errno));
        let mut numbers = Numbers(u64::from(row.number));
        let others = (0..20).filter_map(|_| numbers.answer(&operation));
        for answer in refused.chain(others) {
            let step = Step { comments: Vec::new(), operation, answer: Some(answer) };
            let trace = Trace { machine, steps: vec![step], ..Trace::default() };
            assert_eq!(Trace::parse(&trace.to_string()), Ok(trace));
        }
        let foreign = Errno::ALL.iter().filter(|errno| !row.refusals.contains(errno));
        for errno in foreign {
            let text = format!("machine {machine}\n{operation} = {errno}\n");
            assert!(Trace::parse(&text).is_err(), "{text}");
        }
    }
}

#[test]
fn a_large_machine_has_text_only() {
    for (sizes, has_bytes) in [
        ([256, 256, 256, 64, 256], true),
        ([257, 0, 0, 1, 1], false),
        ([1, 257, 0, 1, 1], false),
        ([1, 1, 257, 1, 1], false),
        ([1, 0, 0, 1, 257], false),
        ([1, 0, 0, 65, 1], false),
        ([1 << 24, 1 << 24, 1 << 24, 512, 1 << 16], false),
    ] {
        let machine = Machine::from_sizes(sizes, Dialect::Linux6_1).expect("sizes within limits");
        let trace = Trace::new(machine, []);
        assert_eq!(trace.to_bytes().is_some(), has_bytes, "{machine}");
        assert_eq!(Trace::parse(&trace.to_string()), Ok(trace));
    }
}

#[test]
fn other_spellings_print_canonically() {
    let written = "\n\n# A title.  \n\tmachine  pages=8 rules=linux-6.12 spaces=3 device=4,4 ram=8\r\n\n\n\n  # About it.\r\n\
        map s0 v3+1 rw =   ok\r\nwrite\ts0\tv3\t#A \nsetup t0 s0 v3 to d0 = ok   pages=1\n\n# The end.";
    let canonical = [
        "",
        "# A title.",
        "machine ram=8 device=4,4 spaces=3 pages=8",
        "",
        "# About it.",
        "map      s0 v3 rw          = ok",
        "write    s0 v3 #0a",
        "setup    t0 s0 v3 to d0    = ok pages=1",
        "",
        "# The end.",
        "",
    ]
    .join("\n");
    let trace = Trace::parse(written).expect("it is a trace");
    assert_eq!(trace.to_string(), canonical);
    assert_eq!(Trace::parse(&canonical), Ok(trace), "it is another trace after it was printed");
}

#[test]
fn columns_are_as_wide_as_the_widest() {
    let canonical = [
        "machine ram=8 device=4 spaces=3 pages=16",
        "map          s0 v0 rw            = ok",
        "device_write d0 s0 v0 #00        = EPERM",
        "setup        t0 s0 v10+3 from d0 = ok pages=8",
        "finalize     t0",
        "",
    ]
    .join("\n");
    assert_eq!(Trace::parse(&canonical).map(|trace| trace.to_string()), Ok(canonical));
}

#[test]
fn an_operation_is_the_same_by_the_sorts_of_its_fields() {
    let mut numbers = Numbers(11);
    let mut met = std::collections::BTreeSet::new();
    for _ in 0..4_000 {
        let machine = numbers.machine(Machine::BYTES_LIMIT);
        let operation = numbers.operation(&machine);
        let (mut by_sort, mut spaces) = ([u32::MAX; Field::KINDS], Vec::new());
        for (field, value) in operation.values().iter() {
            if field == Field::Space {
                spaces.push(value);
            }
            if field != Field::Space || spaces.len() == 1 {
                by_sort[field as usize] = value;
            }
        }
        let second = spaces.get(1).copied().unwrap_or(u32::MAX);
        assert_eq!(operation.kind().with_fields(&by_sort, second), operation);
        met.insert(operation.kind() as usize);
    }
    assert_eq!(met.len(), Kind::COUNT, "every kind");
}
