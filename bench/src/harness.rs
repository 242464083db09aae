//! Rows G1 and H1 to H4: the generator and the harness, in instructions or operations a second of processor time.

use stalemap_harness::{Compare, Driver, Generator, Random, Settings};
use stalemap_implementation::Implementation;
use stalemap_operations::{Home, Machine, Observation, Program, Scope, Subject, Touched};
use stalemap_reference::Model;

use crate::callgrind::{self, Count, count};
use crate::clock::{alternately, median, now, seconds};
use crate::state_machine;
use crate::table::{Row, Verdict, figure};

/// `ram=8 device=4,4 spaces=3 pages=8`.
const MACHINE: Machine = Machine::DEFAULT;
/// Operations in an execution.
pub(crate) const OPERATIONS: usize = 64;
/// Executions in a round of timing.
const EXECUTIONS: u64 = 2_000;
const SEED: u64 = 1;

fn generator() -> Generator {
    Generator::new(Settings { operations: OPERATIONS, machine: Some(MACHINE), ..Settings::default() })
}

fn executions() -> Vec<Program> {
    let mut generator = generator();
    let make = |index| {
        let mut program = Program::default();
        generator.execution(SEED, index, &mut program);
        program
    };
    (0..EXECUTIONS).map(make).collect()
}

fn implementation(machine: &Machine) -> Result<Implementation, String> {
    Ok(Implementation::new(machine))
}

/// Operations of all executions.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn total(executions: &[Program]) -> f64 {
    executions.iter().map(|program| program.operations.len()).sum::<usize>() as f64
}

/// H1: the native campaign, and the same two machines driven by proptest-state-machine.
pub(crate) fn speed() -> Vec<Row> {
    let executions = executions();
    let operations = total(&executions);
    let mut campaign = Driver::new(implementation);
    let mut generator = generator();
    let mut program = Program::default();
    let generated = || {
        seconds(|| {
            for index in 0..EXECUTIONS {
                generator.execution(SEED, index, &mut program);
                let run = campaign.run(&program, Compare::Touched).expect("it takes every machine");
                assert!(run.divergence.is_none(), "the two agree");
            }
        }) / operations
    };
    let mut driver = Driver::new(implementation);
    let [with, without, _] =
        alternately(generated, || seconds(|| run_all(&mut driver, &executions, Compare::Touched)) / operations);
    let mut peer = state_machine::Peer::new();
    let mut random = Random::new(SEED, EXECUTIONS);
    let mut uniform = Driver::new(implementation);
    let lockstep = || seconds(|| run_uniform(&mut uniform, &mut random)) / state_machine::operations_in_a_round();
    let [mine, theirs, ratio] = alternately(lockstep, || peer.seconds_an_operation());
    vec![
        millions("operations a CPU second, generated, compared and recounted", with, Some(5.0)),
        millions("the same without generating them", without, None),
        Row {
            id: "H1",
            what: "uniform operations beside proptest-state-machine 0.9 driving the same two machines".to_string(),
            ours: millions_of(mine),
            peer: millions_of(theirs),
            ratio: figure(1.0 / ratio),
            goal: "≥ 4".to_string(),
            verdict: Verdict::of(1.0 / ratio >= 4.0),
        },
    ]
}

fn millions_of(seconds_each: f64) -> String {
    format!("{} M", figure(1e-6 / seconds_each))
}

fn millions(what: &str, seconds_each: f64, least: Option<f64>) -> Row {
    Row {
        id: "H1",
        what: what.to_string(),
        ours: millions_of(seconds_each),
        peer: String::new(),
        ratio: String::new(),
        goal: least.map_or(String::new(), |least| format!("≥ {least} M")),
        verdict: least.map_or(Verdict::Shown, |least| Verdict::of(1e-6 / seconds_each >= least)),
    }
}

/// Executions of operations that random bytes mean, as the peer makes them.
fn run_uniform(driver: &mut Driver, random: &mut Random) {
    let mut program = Program::new(MACHINE, []);
    for _ in 0..state_machine::CASES {
        program.operations.clear();
        while program.operations.len() < OPERATIONS {
            program.operations.extend(state_machine::operation(random.bits().to_le_bytes()));
        }
        let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
        assert!(run.divergence.is_none(), "the two agree");
    }
}

fn run_all(driver: &mut Driver, executions: &[Program], compare: Compare) {
    for program in executions {
        let run = driver.run(program, compare).expect("it takes every machine");
        assert!(run.divergence.is_none(), "the two agree");
    }
}

/// H2: with the oracles after each step, and with the answers compared alone.
pub(crate) fn oracles() -> Vec<Row> {
    let executions = executions();
    let operations = total(&executions);
    let (mut full, mut bare) = (Driver::new(implementation), Driver::new(implementation));
    let [with, without, ratio] = alternately(
        || seconds(|| run_all(&mut full, &executions, Compare::Touched)) / operations,
        || seconds(|| run_all(&mut bare, &executions, Compare::Outcomes)) / operations,
    );
    let time = "an operation in lockstep, judged / not judged, ns";
    vec![judged_instructions(), nanoseconds("H2", time, with, without, ratio, MOST_JUDGED)]
}

/// The most that a judged operation may cost beside one that is not.
const MOST_JUDGED: f64 = 1.5;

/// H2 by instructions, which are the same in each run.
fn judged_instructions() -> Row {
    let what = "an operation in lockstep, judged / not judged, instructions".to_string();
    match [instructions("lockstep:touched"), instructions("lockstep:outcomes")] {
        [Ok(judged), Ok(bare)] => Row::at_most("H2", what, judged, bare, Some(MOST_JUDGED)),
        [Err(why), _] | [_, Err(why)] => Row::skipped("H2", what, &why),
    }
}

/// G1: an operation of the generator, its share of what an execution begins with included.
pub(crate) fn generated() -> Vec<Row> {
    const MOST: f64 = 350.0;
    let what = "an operation generated, instructions".to_string();
    let row = match instructions("lockstep:generated") {
        Err(why) => Row::skipped("G1", what, &why),
        Ok(each) => Row {
            id: "G1",
            what,
            ours: figure(each),
            peer: String::new(),
            ratio: String::new(),
            goal: format!("≤ {MOST}"),
            verdict: Verdict::of(each <= MOST),
        },
    };
    vec![row]
}

/// Instructions an operation in a kernel of one part.
fn instructions(kernel: &str) -> Result<f64, String> {
    let counts = callgrind::run(kernel)?;
    counts.first().map(Count::each).ok_or_else(|| format!("the kernel {kernel} said nothing"))
}

/// Runs the kernel `lockstep:HOW` if it is this.
pub(crate) fn run_kernel(name: &str) -> bool {
    if !["lockstep:touched", "lockstep:outcomes", "lockstep:generated"].contains(&name) {
        return false;
    }
    let executions = executions();
    let operations = executions.iter().map(|program| program.operations.len()).sum::<usize>() as u64;
    let mut driver = Driver::new(implementation);
    let (mut generator, mut program) = (generator(), Program::default());
    let mut work = || match name {
        "lockstep:touched" => run_all(&mut driver, &executions, Compare::Touched),
        "lockstep:outcomes" => run_all(&mut driver, &executions, Compare::Outcomes),
        _ => (0..EXECUTIONS).for_each(|index| {
            generator.execution(SEED, index, &mut program);
        }),
    };
    work();
    count(name, || {
        work();
        (operations, String::new())
    });
    true
}

fn nanoseconds(id: &'static str, what: &str, one: f64, other: f64, ratio: f64, most: f64) -> Row {
    Row {
        id,
        what: what.to_string(),
        ours: figure(one * 1e9),
        peer: figure(other * 1e9),
        ratio: figure(ratio),
        goal: format!("≤ {most}"),
        verdict: Verdict::of(ratio <= most),
    }
}

/// Machines that are reset in a row, so that the clock is read seldom.
const BATCH: usize = 32;

/// H3: a reset beside the 64 operations before it, on each side.
pub(crate) fn reset() -> Vec<Row> {
    let executions = executions();
    let capacity = Home::ALL.map(|home| MACHINE.frames(home));
    let mut implementations: Vec<Implementation> = (0..BATCH).map(|_| Implementation::new(&MACHINE)).collect();
    let mut references: Vec<Model> = (0..BATCH).map(|_| Model::new(MACHINE, capacity)).collect();
    vec![
        reset_row("implementation: reset / 64 operations, ns", &mut implementations, &executions),
        reset_row("reference: reset / 64 operations, ns", &mut references, &executions),
    ]
}

fn reset_row<S: Subject>(what: &str, subjects: &mut [S], executions: &[Program]) -> Row {
    let mut times = [Vec::new(), Vec::new()];
    for batch in executions.chunks_exact(BATCH) {
        let start = now();
        for (subject, program) in subjects.iter_mut().zip(batch) {
            for &operation in &program.operations {
                std::hint::black_box(subject.apply(operation));
            }
        }
        let middle = now();
        subjects.iter_mut().for_each(Subject::reset);
        let end = now();
        times[0].push((end - middle).as_secs_f64() / batch.len() as f64);
        times[1].push((middle - start).as_secs_f64() / batch.len() as f64);
    }
    let [reset, run] = times.map(median);
    nanoseconds("H3", what, reset, run, reset / run, 0.2)
}

/// H4: operations and the observation of what they touched, on each side alone.
pub(crate) fn reference() -> Vec<Row> {
    let executions = executions();
    let operations = total(&executions);
    let mut model = Model::new(MACHINE, Home::ALL.map(|home| MACHINE.frames(home)));
    let mut ours = Implementation::new(&MACHINE);
    let (mut one, mut other) = (Looker::default(), Looker::default());
    let [reference, implementation, ratio] = alternately(
        || seconds(|| one.drive(&mut model, &executions)) / operations,
        || seconds(|| other.drive(&mut ours, &executions)) / operations,
    );
    let what = "an operation and a look at what it touched, reference / implementation, ns";
    vec![nanoseconds("H4", what, reference, implementation, ratio, 8.0)]
}

/// Looks at what each operation touched, as the lockstep does.
#[derive(Default)]
pub(crate) struct Looker {
    touched: Touched,
    scope: Scope,
    pub(crate) seen: Observation,
}

impl Looker {
    fn drive(&mut self, subject: &mut impl Subject, executions: &[Program]) {
        for program in executions {
            subject.reset();
            for &operation in &program.operations {
                std::hint::black_box(subject.apply(operation));
                self.gather(subject);
                self.look(subject);
            }
        }
    }

    /// Asks what the last operation touched.
    pub(crate) fn gather(&mut self, subject: &mut impl Subject) {
        self.touched.clear();
        subject.touched(&mut self.touched);
        let Scope { places, pages, slots, .. } = &mut self.scope;
        places.clone_from(&self.touched.places);
        places.sort_unstable();
        places.dedup();
        pages.clone_from(&self.touched.pages);
        slots.clone_from(&self.touched.slots);
        slots.sort_unstable();
        slots.dedup();
    }

    /// Looks at the places and slots that somebody else touched; his names for pages mean nothing here.
    pub(crate) fn follow(&mut self, other: &Looker) {
        self.scope.places.clone_from(&other.scope.places);
        self.scope.slots.clone_from(&other.scope.slots);
    }

    pub(crate) fn look(&mut self, subject: &impl Subject) {
        if !(self.scope.places.is_empty() && self.scope.pages.is_empty() && self.scope.slots.is_empty()) {
            subject.observe(&self.scope, &mut self.seen);
        }
    }
}
