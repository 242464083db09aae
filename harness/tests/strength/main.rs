//! What must notice a changed line of either side: the corpus is replayed, then a campaign runs; the first difference ends it.
//!
//! The stage `mutants` of ci runs it on one changed line after the other. It counts executions and not seconds, so that a
//! changed line has the same fate on every machine.

mod counters;
#[path = "../kept/mod.rs"]
mod kept;
mod large;
mod limits;
mod marks;
mod memory;
mod notes;
mod recount;
mod reference;
mod situations;
mod states;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use stalemap_harness::{Compare, Divergence, Driver, Generator, Settings, Signature};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Program, Trace};

/// Executions of the campaign: a second. Ten times as many noticed none of the 1,391 changes that the checks before them missed.
const EXECUTIONS: u64 = 25_000;
const SEED: u64 = 1;

/// What begins once takes at most two seconds of an idle processor; what takes so long does not end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Executions that were begun; a thread watches that they end.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// Says what is wrong, if something is.
type Check = fn() -> Option<String>;

/// Checks of a second in all.
const QUICK: &[(&str, Check)] =
    &[("replay", replay), ("bugs", seeded_bugs), ("recount", recount), ("marks", marks), ("memory", memory)];
/// Checks that take longer.
const THOROUGH: &[(&str, Check)] = &[
    ("notes", notes),
    ("reference", reference),
    ("states", states),
    ("large", large_machines),
    ("campaign", campaign),
];

#[test]
fn quick_checks() {
    run(QUICK);
}

#[test]
fn thorough_checks() {
    run(THOROUGH);
}

fn run(checks: &[(&str, Check)]) {
    panic::set_hook(Box::new(|_| {}));
    thread::spawn(watch);
    for &(name, check) in checks {
        let mismatch = panic::catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            Some(format!("panic: {}", text.unwrap_or("without a message")))
        });
        if let Some(mismatch) = mismatch {
            end(&format!("{name}: {mismatch}"));
        }
    }
}

/// Ends the process, whatever thread finds the mismatch: the other checks have nothing to add.
fn end(mismatch: &str) -> ! {
    // Not by a macro, whose text the test harness would keep for itself.
    let _ = writeln!(io::stderr(), "{mismatch}");
    process::exit(1)
}

/// Ends an execution that does not end by itself.
fn watch() {
    loop {
        let begun = BEGUN.load(Ordering::Relaxed);
        thread::sleep(PATIENCE);
        if begun == BEGUN.load(Ordering::Relaxed) {
            end(&format!("endless: one execution takes longer than {} seconds", PATIENCE.as_secs()));
        }
    }
}

fn begin() {
    BEGUN.fetch_add(1, Ordering::Relaxed);
}

/// The specification and the regressions with their written answers; everything is looked at after every step.
fn replay() -> Option<String> {
    let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
    let mut traces = ["spec", "regressions"].into_iter().flat_map(kept::traces);
    traces.find_map(|(name, _, trace)| {
        begin();
        let run = driver.run_trace(&trace, Compare::Everything).expect("it takes every machine");
        Some(format!("{} in {name}", run.divergence?.signature()))
    })
}

/// Each seeded bug, where it is on, diverges from its trace as the trace says, and counts that it did.
fn seeded_bugs() -> Option<String> {
    let traces: BTreeMap<String, Trace> =
        kept::traces("bugs").into_iter().map(|(name, _, trace)| (name, trace)).collect();
    let different = Bug::ALL.iter().find_map(|&bug| {
        let trace = &traces[&format!("corpus/bugs/{}.trace", bug.name())];
        let said = trace.title.iter().find_map(|line| line.strip_prefix("# signature:")).expect("a signature");
        let said: Signature = said.trim().parse().expect("a signature");
        let (off, on) = (Switch::new(None), Switch::new(Some(bug)));
        if let Some(divergence) = diverges(&off, trace) {
            return Some(format!("{} off: {}", bug.name(), divergence.signature()));
        }
        let is_as_said = diverges(&on, trace).is_some_and(|divergence| divergence.signature() == said);
        let is_counted =
            (off.reached(), off.triggered()) == (0, 0) && on.reached() >= on.triggered() && on.triggered() > 0;
        (!is_as_said || !is_counted).then(|| format!("{} on: not {said}", bug.name()))
    });
    different.or_else(counters::wrong)
}

fn diverges(switch: &Switch, trace: &Trace) -> Option<Divergence> {
    begin();
    let switch = switch.clone();
    let mut driver = Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &switch)));
    driver.without_recount();
    driver.run_trace(trace, Compare::Touched).expect("it takes every machine").divergence
}

/// Generated executions on machines past every limit of the implementation's data structures.
fn large_machines() -> Option<String> {
    large::wrong(begin)
}

/// Generated executions, all of them recounted at their end, and one in 16 looked at as a whole after every step.
fn campaign() -> Option<String> {
    let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    (0..EXECUTIONS).find_map(|index| {
        begin();
        generator.execution(SEED, index, &mut program);
        let compare = if index % 16 == 0 { Compare::Everything } else { Compare::Touched };
        let run = driver.run(&program, compare).expect("it takes every machine");
        Some(format!("{} in execution {index}", run.divergence?.signature()))
    })
}

/// What the campaign says it has met.
fn marks() -> Option<String> {
    begin();
    marks::wrong().into_iter().chain(situations::wrong()).next()
}

/// Whether each side says what it touched.
fn notes() -> Option<String> {
    notes::wrong(begin)
}

/// Whether the allocator keeps as much as it says.
fn memory() -> Option<String> {
    begin();
    memory::wrong()
}

/// Whether the recount sees what it should.
fn recount() -> Option<String> {
    begin();
    recount::wrong()
}

/// Whether the reference is a subject like others.
fn reference() -> Option<String> {
    reference::wrong(begin)
}

/// Whether `exhaust` tells one state from another.
fn states() -> Option<String> {
    states::wrong(begin)
}
