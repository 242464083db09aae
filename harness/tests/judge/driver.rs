//! The driver: what it keeps, what it throws away, what it holds against what, and what it counts.

use stalemap_harness::{Build, Compare, Driver, Run};
use stalemap_implementation::Implementation;
use stalemap_operations::{
    Dialect, Errno, Kind, Machine, Observables, Observation, Outcome, Place, Program, Scope, Subject,
};

use crate::liar::{Call, Liar, Liars, Lie};
use crate::{trace, without_noise};

pub(crate) const PROGRAM: &str = "map s0 v0+2 rw; write s0 v0 #1; protect s0 v0+1 r; read s0 v0";
/// The last index of its operations.
pub(crate) const LAST: usize = 3;

pub(crate) fn fact(run: &Run) -> Option<String> {
    run.divergence.as_ref().map(|it| format!("{}.{}", it.mismatch.oracle, it.mismatch.fact))
}

pub(crate) fn run(driver: &mut Driver, text: &str, compare: Compare) -> Run {
    driver.run_trace(&trace(text), compare).expect("it takes every machine")
}

#[test]
fn a_subject_that_panicked_is_thrown_away_and_another_is_kept() {
    let program = trace(PROGRAM).program();
    for call in [Call::Reset, Call::Apply, Call::Observe, Call::Validate] {
        let liars = Liars::honest().and(Lie::Panics(call), LAST - 1..=LAST);
        let counts = liars.counts.clone();
        let mut driver = Driver::new(liars);
        for round in 1..=3 {
            let run = without_noise(|| driver.run(&program, Compare::Everything)).expect("it takes every machine");
            let divergence = run.divergence.expect("it panics");
            let fact = format!("subject_the_liar_panics_in_{call:?}").to_lowercase();
            assert_eq!((divergence.mismatch.oracle, divergence.mismatch.fact.as_ref()), ("panic", fact.as_str()));
            let operation = divergence.operation;
            assert_eq!(operation, (call != Call::Reset).then(|| program.operations[divergence.step]), "{call:?}");
            assert!(divergence.mismatch.actual.contains("the liar panics in"), "{}", divergence.mismatch.actual);
            assert!(driver.sides(&program.machine).is_none(), "{call:?}: it is kept");
            assert_eq!(counts.built.get(), round, "{call:?}");
        }
    }
    // What was touched is asked by the quick comparison alone.
    let mut driver = Driver::new(Liars::honest().and(Lie::Panics(Call::Touched), LAST..=LAST));
    let run = without_noise(|| driver.run(&program, Compare::Touched)).expect("it takes every machine");
    assert_eq!((fact(&run).as_deref(), run.steps), (Some("panic.subject_the_liar_panics_in_touched"), LAST + 1));
    let honest = Liars::honest();
    let counts = honest.counts.clone();
    let mut driver = Driver::new(honest);
    for _ in 0..3 {
        assert_eq!(driver.run(&program, Compare::Touched).expect("it takes every machine").divergence, None);
    }
    assert_eq!((counts.built.get(), counts.resets.get()), (1, 3));
}

#[test]
fn few_machines_are_kept_and_only_small_ones() {
    let machine = |ram, spaces, pages| Machine::new([ram, 0, 0], spaces, pages, Dialect::Linux6_12).expect("fits");
    let honest = Liars::honest();
    let counts = honest.counts.clone();
    let mut driver = Driver::new(honest);
    let machines: Vec<Machine> = (1..=300).map(|ram| machine(ram, 1, 1)).collect();
    for machine in &machines {
        driver.prepare(machine).expect("it takes every machine");
    }
    let kept = machines.iter().filter(|machine| driver.sides(machine).is_some()).count();
    assert!((1..=256).contains(&kept), "{kept} are kept");
    assert!(driver.sides(&machines[299]).is_some(), "the last is kept");
    driver.prepare(&machines[299]).expect("it takes every machine");
    assert_eq!(counts.built.get(), 300, "what is kept is not built again");
    // Frames and places together.
    for (machine, is_kept) in [
        (machine(4_095, 1, 1), true),
        (machine(4_096, 1, 1), false),
        (machine(1, 64, 64), false),
        (machine(64, 63, 64), true),
    ] {
        let program = Program::new(machine, trace("machine ram=1 spaces=1 pages=1; read s0 v0").operations());
        let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
        assert_eq!(run, Run { steps: 1, divergence: None });
        assert_eq!(driver.sides(&machine).is_some(), is_kept, "{machine}");
    }
}

#[test]
fn as_many_machines_are_kept_as_may_be() {
    let machine = |ram| Machine::new([ram, 0, 0], 1, 1, Dialect::Linux6_12).expect("fits");
    let mut driver = Driver::new(Liars::honest());
    for ram in 1..=256 {
        driver.prepare(&machine(ram)).expect("it takes every machine");
    }
    assert!((1..=256).all(|ram| driver.sides(&machine(ram)).is_some()));
    driver.prepare(&machine(1)).expect("it takes every machine");
    assert!(driver.sides(&machine(2)).is_some(), "one that is kept takes no room");
    driver.prepare(&machine(257)).expect("it takes every machine");
    let kept = (1..=257).filter(|&ram| driver.sides(&machine(ram)).is_some()).count();
    assert!(kept <= 256, "{kept} are kept");
}

#[test]
fn what_a_run_leaves_is_nothing_to_the_next() {
    // A page in a frame that a block has in the next run, and other tokens in each run.
    let put = |seen: &mut Observation, _: &Observation| {
        for frame in seen.pages.iter_mut().filter_map(|page| page.frame.as_mut()) {
            frame.offset = 3;
        }
        for (_, state) in &mut seen.slots {
            if let stalemap_operations::SlotState::Block { base: Some(base), .. } = state {
                base.offset = 3;
            }
        }
    };
    let mut driver = Driver::new(Liars::honest().and(Lie::Shows(put), 0..=99).and(Lie::Renames(50), 0..=99));
    for text in [PROGRAM, "alloc b0 0; read s0 v0", PROGRAM] {
        for compare in [Compare::Touched, Compare::Everything] {
            let run = run(&mut driver, text, compare);
            assert_eq!(run, Run { steps: trace(text).steps.len(), divergence: None });
        }
    }
}

#[test]
fn a_token_is_another_page_in_another_run() {
    let text = "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; unmap s0 v0; read s0 v1";
    for largest in [50, 70_000, (1 << 16) + 1] {
        let mut driver = Driver::new(Liars::honest().and(Lie::Renames(largest), 0..=99));
        for compare in [Compare::Touched, Compare::Everything, Compare::Everything, Compare::Touched] {
            assert_eq!(run(&mut driver, text, compare), Run { steps: 5, divergence: None }, "{largest}");
        }
    }
}

#[test]
fn a_subject_hears_what_is_going_to_be_done() {
    let liars = Liars::honest();
    let counts = liars.counts.clone();
    run(&mut Driver::new(liars), PROGRAM, Compare::Touched);
    assert_eq!(counts.announced.get(), 4);
}

/// The first answer that is written is not the one that is given.
const WRITTEN: &str = "map s0 v0+2 rw = EEXIST; write s0 v0 #1; read s0 v0 = ok value=#1";

#[test]
fn written_answers_are_held_against_the_machine_of_the_trace_alone() {
    let driver = || Driver::new(Liars::honest());
    let found = run(&mut driver(), WRITTEN, Compare::Touched).divergence.expect("another answer is written");
    assert_eq!((found.step, found.mismatch.oracle, found.mismatch.fact.as_ref()), (0, "answer", "written"));
    let right = WRITTEN.replace("EEXIST", "ok");
    assert_eq!(run(&mut driver(), &right, Compare::Touched).divergence, None);
    let late = right.replace("value=#1", "value=#2");
    assert_eq!(run(&mut driver(), &late, Compare::Touched).divergence.expect("another value is written").step, 2);
    // Without the written answers nothing differs.
    let program = trace(WRITTEN).program();
    assert_eq!(driver().run(&program, Compare::Touched).expect("it takes every machine").divergence, None);
    // A subject that keeps a frame to itself.
    let mut smaller = Liars::honest().and(Lie::Shows(|seen, _| seen.free[0] -= 1), 0..=99);
    smaller.capacity = Some([7, 4, 4]);
    assert_eq!(run(&mut Driver::new(smaller), WRITTEN, Compare::Touched).divergence, None);
    // A subject of other rules.
    let other = |machine: &Machine| {
        let other = Machine::from_sizes(machine.sizes(), Dialect::Linux6_1).expect("the sizes fit");
        Ok(Implementation::new(&other))
    };
    assert_eq!(run(&mut Driver::new(other), WRITTEN, Compare::Touched).divergence, None);
}

#[test]
fn a_subject_that_cannot_be_built_is_no_divergence() {
    let mut driver = Driver::new(|_: &Machine| Err::<Implementation, String>("no room".to_string()));
    let program = trace(PROGRAM).program();
    assert_eq!(driver.run(&program, Compare::Touched), Err("no room".to_string().into()));
    assert_eq!(driver.prepare(&program.machine), Err("no room".to_string().into()));
}

/// Builds liars whose recount is not asked.
struct Unasked(Liars);

impl Build for Unasked {
    type Subject = Liar;

    fn build(&self, machine: &Machine) -> Result<Liar, String> {
        self.0.build(machine)
    }

    fn uses_recount(&self) -> bool {
        false
    }
}

#[test]
fn the_recount_is_asked_at_the_end_or_after_each_step_or_not_at_all() {
    let liars = Liars::honest();
    let counts = liars.counts.clone();
    let asked = || counts.validated.replace(0);
    let mut driver = Driver::new(liars.clone());
    for (compare, times) in [(Compare::Outcomes, 0), (Compare::Touched, 1), (Compare::Everything, 4)] {
        assert_eq!(fact(&run(&mut driver, PROGRAM, compare)), None);
        assert_eq!(asked(), times, "{compare:?}");
    }
    driver.without_recount();
    run(&mut driver, PROGRAM, Compare::Everything);
    assert_eq!(asked(), 0);
    driver.use_only_oracle(None);
    run(&mut driver, PROGRAM, Compare::Everything);
    assert_eq!(asked(), 4);
    run(&mut Driver::new(Unasked(liars)), PROGRAM, Compare::Everything);
    assert_eq!(asked(), 0);
}

#[test]
fn answers_are_compared_even_where_nothing_is_looked_at() {
    let shows = Liars::honest().and(Lie::Shows(|seen, _| seen.alive.clear()), 0..=99);
    assert_eq!(fact(&run(&mut Driver::new(shows), PROGRAM, Compare::Outcomes)), None);
    let answers = Liars::honest().and(Lie::Answers(|_| Outcome::Stuck), 1..=1);
    let run = run(&mut Driver::new(answers), PROGRAM, Compare::Outcomes);
    assert_eq!((fact(&run).as_deref(), run.steps), (Some("termination.fuel"), 2));
}

#[test]
fn the_sides_are_as_the_run_left_them() {
    let mut driver = Driver::new(Liars::honest());
    let program = trace(PROGRAM).program();
    assert!(driver.sides(&program.machine).is_none(), "it was not run");
    driver.run(&program, Compare::Touched).expect("it takes every machine");
    let (subject, reference) = driver.sides(&program.machine).expect("it was run");
    let [mut of_subject, mut of_reference] = [Observation::default(), Observation::default()];
    subject.observe(&Scope::everything(), &mut of_subject);
    reference.observe(&Scope::everything(), &mut of_reference);
    let places = |seen: &Observation| seen.places.iter().map(|view| view.place).collect::<Vec<Place>>();
    assert_eq!(places(&of_subject), places(&of_reference));
    assert_eq!((of_subject.places.len(), of_subject.pages.len()), (2, 1));
}

#[test]
fn what_is_met_is_added_up_until_it_is_forgotten() {
    const PROGRAM: &str = "map s0 v0+2 rw; write s0 v0 #1; fork s0 s1; migrate s0 v0 to d0; pin k0 s0 v0; exit s1";
    let mut driver = Driver::new(Liars::honest());
    assert_eq!(run(&mut driver, PROGRAM, Compare::Touched).divergence, None);
    let (marks, cells) = (driver.marks().to_vec(), driver.transitions().count());
    assert!(marks.iter().any(|&count| count > 0) && cells > 0);
    assert_eq!((driver.tally().of(Kind::Write, 0), driver.tally().operations()), (1, 6));
    run(&mut driver, PROGRAM, Compare::Everything);
    assert_eq!(driver.marks(), marks.iter().map(|count| 2 * count).collect::<Vec<u64>>());
    assert_eq!((driver.transitions().count(), driver.tally().operations()), (cells, 12));
    driver.clear_met();
    assert_eq!((driver.transitions().count(), driver.tally().operations()), (0, 0));
    assert!(driver.marks().iter().all(|&count| count == 0));
    run(&mut driver, PROGRAM, Compare::Touched);
    assert_eq!(driver.marks(), marks);
}

#[test]
fn who_builds_subjects_need_say_no_more_than_how() {
    let build = |machine: &Machine| Ok::<_, String>(Implementation::new(machine));
    assert!(build.uses_recount() && !build.looks_ahead());
    assert_eq!((build.largest(), build.look_ahead(&[Program::default()])), (None, Ok(())));
    let driver = Driver::new(build);
    assert_eq!((driver.looks_ahead(), driver.look_ahead(&[Program::default()])), (false, Ok(())));
}

#[test]
fn the_quick_comparison_looks_at_everything_once_and_where_a_digest_is_not_enough() {
    const FILLED: &str = "map s0 v0+2 rw; write s0 v0 #1; alloc b0 2; alloc b1 2; map s0 v0+1 rw; protect s0 v0+1 r";
    let looks = |liars: Liars, text: &str, compare: Compare| {
        let counts = liars.counts.clone();
        assert_eq!(run(&mut Driver::new(liars), text, compare).divergence, None);
        counts.looks.get()
    };
    for (compare, expected) in [(Compare::Outcomes, 0), (Compare::Touched, 1), (Compare::Everything, 6)] {
        assert_eq!(looks(Liars::honest(), FILLED, compare), expected, "{compare:?}");
    }
    let mut without_frames = Liars::honest();
    without_frames.capabilities.observables = Observables::ALL.without(Observables::FRAMES);
    assert_eq!(looks(without_frames, FILLED, Compare::Touched), 1);
    // A block is refused although enough frames are free: whether it may be is seen in all frames alone.
    let refuses = || Liars::honest().and(Lie::Refuses(Errno::ENOMEM), 3..=3).and(Lie::Shows(spread), 0..=99);
    let half = "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; alloc b0 2";
    assert_eq!(looks(refuses(), half, Compare::Touched), 2);
    // Another refusal of the kind, of something else or with too few frames, needs no look.
    let full = "machine ram=1 spaces=1 pages=2; map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #1; alloc b0 0; read s0 v0";
    assert_eq!(looks(Liars::honest(), full, Compare::Touched), 1);
    let two = "machine ram=2 spaces=1 pages=2; map s0 v0+1 rw; write s0 v0 #1; alloc b0 1; read s0 v0";
    assert_eq!(looks(Liars::honest(), two, Compare::Touched), 1);
    // One oracle alone has no digest.
    let liars = Liars::honest();
    let counts = liars.counts.clone();
    let mut driver = Driver::new(liars);
    driver.use_only_oracle(Some("content"));
    run(&mut driver, FILLED, Compare::Touched);
    assert_eq!(counts.looks.get(), 7);
}

/// Puts the first two pages where no half of RAM is free.
fn spread(seen: &mut Observation, whole: &Observation) {
    for page in &mut seen.pages {
        let is_second = whole.position(page.token) == Some(1);
        if let Some(frame) = &mut page.frame {
            frame.offset = if is_second { 7 } else { 0 };
        }
    }
}

#[test]
fn frames_that_a_subject_keeps_to_itself_leave_no_room_for_a_block() {
    let mut smaller =
        Liars::honest().and(Lie::Refuses(Errno::ENOMEM), 1..=1).and(Lie::Shows(|seen, _| seen.free[0] -= 1), 0..=99);
    smaller.capacity = Some([7, 4, 4]);
    for compare in [Compare::Touched, Compare::Everything] {
        let run = run(&mut Driver::new(smaller.clone()), "map s0 v0+1 rw; alloc b0 3; read s0 v0", compare);
        assert_eq!(run.divergence, None, "{compare:?}");
    }
}

#[test]
fn machines_that_are_forgotten_are_built_anew() {
    let liars = Liars::honest();
    let counts = liars.counts.clone();
    let mut driver = Driver::new(liars);
    run(&mut driver, PROGRAM, Compare::Touched);
    driver.forget_machines();
    assert!(driver.sides(&trace(PROGRAM).machine).is_none());
    run(&mut driver, PROGRAM, Compare::Touched);
    assert_eq!(counts.built.get(), 2);
}

#[test]
fn the_machine_of_a_subject_is_the_one_that_it_says() {
    let machine = trace(PROGRAM).machine;
    let other = Machine::from_sizes(machine.sizes(), Dialect::Linux6_1).expect("the sizes fit");
    assert_ne!(other, machine);
    assert_eq!(Driver::new(move |_: &Machine| Ok(Implementation::new(&other))).machine_of(&machine), Ok(other));
    assert_eq!(Driver::new(Liars::honest()).machine_of(&machine), Ok(machine));
    let refuses = |_: &Machine| Err::<Implementation, String>("no room".to_string());
    assert_eq!(Driver::new(refuses).machine_of(&machine), Err("no room".to_string().into()));
    let panics = |_: &Machine| -> Result<Implementation, String> { panic!("no way") };
    assert_eq!(without_noise(|| Driver::new(panics).machine_of(&machine)), Ok(machine), "it panics on this one");
}

#[test]
fn a_panic_of_the_reference_is_its_own_and_has_its_step() {
    // The subject is built with fewer pages, and refuses what it has no pages for before it looks.
    let mut smaller = Liars::honest().and(Lie::Refuses(Errno::EEXIST), 1..=1);
    smaller.machine = Machine::new([8, 4, 4], 3, 2, Dialect::Linux6_12);
    for compare in [Compare::Outcomes, Compare::Touched, Compare::Everything] {
        let mut driver = Driver::new(smaller.clone());
        let run = without_noise(|| run(&mut driver, "read s0 v0; map s2 v7+1 rw; read s0 v0", compare));
        let divergence = run.divergence.expect("the reference has no such page");
        assert_eq!((divergence.step, divergence.mismatch.oracle), (1, "panic"), "{compare:?}");
        assert!(divergence.mismatch.fact.starts_with("reference_"), "{compare:?}: {}", divergence.mismatch.fact);
    }
}

#[test]
fn pages_that_nothing_shows_are_known_anew_in_each_run() {
    let text = "map s0 v0+2 rw; write s0 v0 #1; write s0 v1 #2; migrate s0 v0+2 to d0; collect t0 d0; unmap s0 v0+2";
    let mut driver = Driver::new(Liars::honest().and(Lie::Renames(50), 0..=99));
    for compare in [Compare::Touched, Compare::Everything, Compare::Touched, Compare::Touched] {
        assert_eq!(run(&mut driver, text, compare), Run { steps: 6, divergence: None }, "{compare:?}");
    }
}
