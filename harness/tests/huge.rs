//! Executions on machines with huge pages: how many there are, that all others are what they were, and what they meet.

use std::collections::BTreeSet;

use stalemap_harness::{Compare, Driver, Generator, HugeOrders, Random, Settings, Transitions};
use stalemap_operations::{
    Capabilities, Dialect, Home, Kind, Machine, Observation, Operation, Outcome, Program, Scope, Subject, Touched,
    Trace, Visitor,
};
use stalemap_reference::{LIMIT, MARKS, Model};

/// Huge pages of any order that is drawn.
fn settings() -> Settings {
    Settings { huge: Some(HugeOrders::ALL), ..Settings::default() }
}

fn executions(settings: Settings, count: u64) -> Vec<Program> {
    Generator::new(settings).executions(3, 0..count)
}

#[test]
fn one_execution_of_six_has_huge_pages_and_all_others_are_what_they_are_without() {
    let (with, without) =
        (executions(Settings::default(), 3_000), executions(Settings { huge: None, ..settings() }, 3_000));
    let is_huge = |program: &&Program| program.machine.huge().is_some();
    let huge: Vec<&Program> = with.iter().filter(is_huge).collect();
    assert!((400..600).contains(&huge.len()), "{} of 3,000", huge.len());
    let same = with.iter().zip(&without).filter(|(program, before)| program == before).count();
    assert_eq!(same, 3_000 - huge.len());
    for order in 1..=3 {
        let of_order = huge.iter().filter(|program| program.machine.huge_pages() == 1 << order).count();
        assert!(of_order * 20 > huge.len(), "order {order}: {of_order} of {}", huge.len());
    }
    let newest = huge.iter().filter(|program| program.machine.rules() == Dialect::Linux7_3).count();
    assert!(newest * 4 > huge.len() * 3, "{newest} of {}", huge.len());
}

#[test]
fn a_subject_without_operations_of_large_folios_or_without_huge_pages_gets_no_such_machine() {
    let small = Kind::ALL.iter().copied().filter(|kind| kind.row().level < 4).collect();
    let largest = Machine::from_sizes([1, 0, 0, 2, 8], Dialect::default());
    for settings in [
        Settings { kinds: small, ..settings() },
        Settings { huge: None, ..settings() },
        Settings { largest, ..settings() },
    ] {
        assert!(executions(settings.clone(), 500).iter().all(|it| it.machine.huge().is_none()), "{settings:?}");
    }
    let only = HugeOrders { lowest: 2, highest: 2, always: false };
    let orders = executions(Settings { huge: Some(only), ..settings() }, 500);
    assert!(orders.iter().all(|it| it.machine.huge().is_none_or(|order| order.0 == 2)));
    assert!(orders.iter().any(|it| it.machine.huge().is_some()));
}

#[test]
fn a_subject_that_always_has_huge_pages_gets_no_machine_without() {
    let always = HugeOrders { lowest: 2, highest: 3, always: true };
    let orders: BTreeSet<u32> = executions(Settings { huge: Some(always), ..settings() }, 300)
        .iter()
        .map(|it| it.machine.huge().expect("huge pages").0)
        .collect();
    assert_eq!(orders, BTreeSet::from([2, 3]));
}

#[test]
fn a_machine_that_is_given_is_that_of_every_execution() {
    let machine = Machine::DEFAULT.with_huge(2).expect("four pages fit");
    let programs = executions(Settings { machine: Some(machine), ..settings() }, 100);
    assert!(programs.iter().all(|it| it.machine == machine));
    assert!(programs.iter().all(|it| it.operations.iter().all(|operation| operation.fits(&machine))));
}

/// The reference as a subject that finds a run of frames in two of three cases, whatever is free.
struct Declining {
    model: Model,
    asked: u64,
    runs: Vec<bool>,
}

impl Declining {
    fn new(machine: &Machine) -> Declining {
        let model = Model::new(*machine, Home::ALL.map(|home| machine.frames(home)));
        Declining { model, asked: 0, runs: Vec::new() }
    }
}

impl Subject for Declining {
    fn name(&self) -> &'static str {
        "declining"
    }

    fn capabilities(&self) -> Capabilities {
        self.model.capabilities()
    }

    fn machine(&self) -> &Machine {
        self.model.machine()
    }

    fn reset(&mut self) {
        self.model.reset();
        self.asked = 0;
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        let mut random = Random::new(self.asked, 0);
        self.asked += 1;
        self.runs = (0..32).map(|_| random.chance(2, 3)).collect();
        self.model.apply_after(operation, None, &self.runs)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.model.touched(into)
    }

    fn show_touched(&self, visitor: &mut impl Visitor) -> bool {
        self.model.show_touched(visitor)
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.model.observe(scope, into);
    }

    fn runs(&self) -> &[bool] {
        &self.runs
    }
}

/// What is met is compared too: the reference with a subject that shows what the reference shows, step by step and as a whole.
#[test]
fn executions_on_huge_pages_meet_every_rule_of_large_folios_and_no_impossible_state() {
    let mut driver = Driver::new(|machine: &Machine| Ok(Declining::new(machine)));
    let huge = executions(settings(), 60_000).into_iter().filter(|it| it.machine.huge().is_some());
    for (index, program) in huge.enumerate() {
        let compare = if index % 8 == 0 { Compare::Everything } else { Compare::Touched };
        let run = driver.run(&program, compare).expect("it takes every machine");
        assert_eq!(run.divergence, None, "{index}: {}", Trace::from(program));
    }
    let tally = driver.tally();
    let done: u64 = Kind::ALL.iter().map(|&kind| tally.of(kind, 0)).sum();
    assert!(done * 2 > tally.operations(), "{done} of {} operations are not refused", tally.operations());
    assert_eq!(tally.never_met(Kind::ALL.iter().copied()), []);
    let never: Vec<&str> =
        MARKS.iter().zip(driver.marks()).filter(|(_, met)| **met == 0).map(|(mark, _)| *mark).collect();
    // More executions than these go past the limits.
    let of_folios = never
        .iter()
        .filter(|mark| !mark.starts_with(LIMIT))
        .filter(|mark| ["folio", "huge", "group", "run"].iter().any(|it| mark.contains(it)));
    assert_eq!(of_folios.collect::<Vec<_>>(), [] as [&&str; 0]);
    assert!(driver.transitions().iter().all(Transitions::can_begin), "a state that should be impossible");
    let large: BTreeSet<String> = Transitions::possible()
        .map(|cell| Transitions::meaning(cell).1)
        .filter(|state| state.contains("large"))
        .collect();
    let met: BTreeSet<String> = driver.transitions().iter().map(|cell| Transitions::meaning(cell).1).collect();
    let unmet: Vec<&String> = large.difference(&met).collect();
    assert!(unmet.len() * 8 < large.len(), "of {} states of large folios are never met: {unmet:?}", large.len());
}
