//! The implementation beside the reference: they agree on generated operations and on the corpus.

use stalemap_harness::{Compare, Driver, Generator, Settings, Transitions, minimise};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Dialect, Home, Kind, Machine, Observation, Program, Scope, Stamp, Trace};

fn implementation(machine: &Machine) -> Result<Implementation, String> {
    Ok(Implementation::new(machine))
}

#[test]
fn they_agree_on_generated_operations() {
    let mut driver = Driver::new(implementation);
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    for index in 0..20_000 {
        generator.execution(1, index, &mut program);
        // Now and then everything is looked at, to see that nothing changes untouched.
        let compare = if index % 16 == 0 { Compare::Everything } else { Compare::Touched };
        let run = driver.run(&program, compare).expect("it takes every machine");
        if let Some(divergence) = run.divergence {
            let signature = divergence.signature();
            let small = minimise(&mut driver, &program, &signature, &mut |_| true).expect("it diverges again");
            let trace = Trace::from(small.program);
            panic!("execution {index}, {signature}: {:#?}\n{trace}", small.divergence.mismatch);
        }
    }
}

/// What is refused changes nothing and finds nothing; but refusals are rules too, so that all are met.
#[test]
fn two_in_five_generated_operations_are_not_refused_every_refusal_is_met_and_no_impossible_state() {
    let mut driver = Driver::new(implementation);
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    for index in 0..20_000 {
        generator.execution(2, index, &mut program);
        driver.run(&program, Compare::Outcomes).expect("it takes every machine");
    }
    let tally = driver.tally();
    assert_eq!(tally.never_met(Kind::ALL.iter().copied()), []);
    assert!(driver.transitions().iter().all(Transitions::can_begin), "a state that should be impossible");
    let done: u64 = Kind::ALL.iter().map(|&kind| tally.of(kind, 0)).sum();
    let refused = tally.operations() - done;
    assert!(done * 5 >= (done + refused) * 2, "{done} operations done, {refused} refused");
}

/// The list takes millions of executions to make, so it is kept in a file.
#[test]
fn the_kept_list_of_transitions_that_are_never_met_is_one_of_all_operations_and_states_that_there_are() {
    let list = include_str!("../../ci/never-met.txt");
    let said = list.lines().find_map(|line| line.strip_prefix("transitions  ")?.split(' ').nth(2));
    let said = said.expect("the number of cells").replace(',', "");
    assert_eq!(said, Transitions::possible().count().to_string(), "the command in its first line makes it anew");
}

/// Five entries of one page, a set of more than 64 pages, a mask that begins again: what no machine has nobody tests.
#[test]
fn seldom_a_machine_has_more_of_something_than_a_word_has_bits_and_most_are_small() {
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    let machines: Vec<Machine> = (0..2_000)
        .map(|index| {
            generator.execution(3, index, &mut program);
            program.machine
        })
        .collect();
    let with = |is_so: fn(&Machine) -> bool| machines.iter().filter(|machine| is_so(machine)).count();
    let seldom = [
        ("RAM", with(|machine| machine.ram() > 64)),
        ("a device", with(|machine| machine.frames(Home::ALL[1]) > 64)),
        ("the other device", with(|machine| machine.frames(Home::ALL[2]) > 64)),
        ("pages", with(|machine| machine.pages() > 64)),
        ("spaces", with(|machine| machine.spaces() > 32)),
    ];
    for (what, count) in seldom {
        assert!((5..200).contains(&count), "{count} of 2,000 machines have much of {what}");
    }
    let small = with(|it| {
        it.ram() <= 16
            && Home::ALL[1..].iter().all(|&home| it.frames(home) <= 6)
            && it.spaces() <= 4
            && it.pages() <= 10
    });
    assert!(small > 1_500, "{small} of 2,000 machines are small");
}

#[test]
fn no_machine_is_drawn_that_is_larger_than_the_largest() {
    let largest = Machine::new([64, 5, 4], 3, 9, Dialect::Linux6_12).expect("within limits");
    let mut generator = Generator::new(Settings { largest: Some(largest), ..Settings::default() });
    let mut program = Program::default();
    let machines: Vec<Machine> = (0..2_000)
        .map(|index| {
            generator.execution(3, index, &mut program);
            program.machine
        })
        .collect();
    for (at, most) in largest.sizes().into_iter().enumerate() {
        assert_eq!(machines.iter().map(|machine| machine.sizes()[at]).max(), Some(most), "size {at}");
    }
}

#[test]
fn both_sides_are_shown_as_the_last_run_of_their_machine_left_them() {
    let mut driver = Driver::new(implementation);
    let trace =
        Trace::parse("machine ram=2 spaces=1 pages=2\nmap s0 v0 rw\nwrite s0 v0 #07\npin k1 s0 v0\n").expect("good");
    let run = driver.run(&trace.program(), Compare::Touched).expect("it takes every machine");
    assert_eq!(run.divergence, None);
    let (subject, reference) = driver.sides(&trace.machine).expect("it was run");
    for side in [subject, reference] {
        let mut seen = Observation::default();
        side.observe(&Scope::everything(), &mut seen);
        let [page] = seen.pages.as_slice() else { panic!("{}: {seen:?}", side.name()) };
        assert_eq!((page.stamp, page.mapcount, page.refcount), (Stamp(7), 1, 2), "{}", side.name());
    }
    assert!(driver.sides(&Machine::DEFAULT).is_none(), "nothing was run on it");
}

/// What is left of a trace that diverges while the mapping of a freed device page stays.
fn minimised_with_a_stale_mapping(text: &str) -> Trace {
    let trace = Trace::parse(text).expect("a good text");
    let switch = Switch::new(Some(Bug::StaleMapping));
    let mut driver = Driver::new(move |machine: &Machine| Ok::<_, String>(Implementation::with_bug(machine, &switch)));
    driver.without_recount();
    let run = driver.run(&trace.program(), Compare::Touched).expect("it takes every machine");
    let signature = run.divergence.expect("the bug is on").signature();
    assert_eq!(signature.to_string(), "rmap.places@migrate");
    let small = minimise(&mut driver, &trace.program(), &signature, &mut |_| true).expect("it diverges again");
    Trace::from(small.program)
}

/// A device frame keeps something of its page. The recount would see that long before the reverse map fails.
#[test]
fn without_the_recount_a_stale_mapping_is_minimised_to_what_shows_it() {
    let small = minimised_with_a_stale_mapping(
        "machine ram=4 device=2 spaces=2 pages=8\n\
         map s0 v0+4 rw\nexit s0\nfork s0 s1\nmigrate s0 v0 to d0\nunpin k0\nread s0 v0\nexit s1\nmap s1 v0 r\n\
         release h0\nmigrate s0 v1 to d0\n",
    );
    assert_eq!(small.steps.len(), 4, "map, migrate, bring back, migrate another:\n{small}");
}

#[test]
fn pages_that_must_be_the_same_go_down_together() {
    let small = minimised_with_a_stale_mapping(
        "machine ram=4 device=2 spaces=2 pages=80\n\
         map s0 v0+80 rw\nmigrate s0 v7 to d0\nread s0 v7\nmigrate s0 v70 to d0\n",
    );
    assert_eq!(small.machine.pages(), 2, "{small}");
}

/// Operations on slots, the state that each meets, and how it ends.
const MET: &[(&str, &str, &str)] = &[
    ("copy t0 0", "collected", "ok"),
    ("copy t0 0", "copied", "EINVAL"),
    ("pages t0", "copied", "ok"),
    ("finalize t0", "moved", "ok"),
    ("finalize t0", "empty slot", "ENOENT"),
    ("unpin k0", "pin", "ok"),
    ("release h0", "hold", "ok"),
    ("split b0", "whole block", "ok"),
    ("free b0", "split block", "ok"),
];

#[test]
fn the_state_that_an_operation_meets_is_that_of_its_slot_before_it() {
    let line = "machine ram=8 device=2 spaces=1 pages=2\nmap s0 v0+2 rw\nwrite s0 v1 #1\npin k0 s0 v1\nhold h0 s0 v1\nalloc b0 1\nsetup t0 s0 v0 to d0\n";
    let text: String = MET.iter().map(|(operation, ..)| format!("{operation}\n")).collect();
    let program = Trace::parse(&format!("{line}{text}")).unwrap_or_else(|error| panic!("{error}")).program();
    let mut driver = Driver::new(implementation);
    assert_eq!(driver.run(&program, Compare::Touched).expect("it takes every machine").divergence, None);
    let met: Vec<(Kind, String, &str)> = driver.transitions().iter().map(Transitions::meaning).collect();
    for (operation, &(words, state, outcome)) in program.operations[6..].iter().zip(MET) {
        let is_met = met.contains(&(operation.kind(), state.to_string(), outcome));
        assert!(is_met, "{words} of {state}: {outcome} is not in {met:?}");
    }
    assert_eq!(met.len(), program.operations.len(), "each is another transition");
}

/// What follows a large folio that was done without may have other answers than those that are written; nothing else may.
#[test]
fn a_wrong_answer_is_told_on_machines_with_huge_pages_too() {
    let text = "machine ram=4 spaces=1 pages=2 huge=1 rules=linux-7.3\nmap s0 v0+2 rw = ok\nadvise s0 v0+2 huge = ok\n\
                write s0 v0 #01 = ok\nread s0 v0 = ok value=#02\n";
    let trace = Trace::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let run = Driver::new(implementation).run_trace(&trace, Compare::Touched).expect("it takes every machine");
    assert_eq!(run.divergence.map(|it| it.signature().to_string()).as_deref(), Some("answer.written@read"));
}
