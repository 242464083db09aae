//! Complete states: breadth first from the start of a tiny machine there are those, and as many operations between them,
//! that the certificate of `stalemap exhaust` says; and on a machine with two devices what differs is told apart.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use stalemap_harness::{Compare, Driver, StateDigest, digest_of_states, enumerate_operations, state_digest};
use stalemap_implementation::Implementation;
use stalemap_operations::{CompleteState, Explorable, Machine, Operation, Program, Subject, Trace};
use stalemap_reference::Model;

/// How deep is looked.
const DEPTH: usize = 4;

/// Both sides in one state.
type Sides<'a> = (&'a dyn Explorable, &'a Model);

fn build(machine: &Machine) -> Result<Implementation, String> {
    Ok(Implementation::new(machine))
}

/// Both sides after these operations, on whose answers they agree.
fn lead<'a>(driver: &'a mut Driver, machine: &Machine, path: &[Operation]) -> Sides<'a> {
    let program = Program::new(*machine, path.iter().copied());
    let run = driver.run(&program, Compare::Outcomes).expect("it takes every machine");
    assert_eq!(run.divergence, None, "{path:?}");
    let (implementation, reference) = driver.sides(machine).expect("it was run");
    (implementation.explorable().expect("its states can be told apart"), reference)
}

fn digest((implementation, reference): Sides<'_>) -> StateDigest {
    let state = implementation.complete_state();
    state_digest(&state.world, &state.slots, reference.hidden_state())
}

/// Every operation that is worth trying here.
fn operations((implementation, _): Sides<'_>) -> Vec<Operation> {
    let filled = implementation.complete_state().slots.into_iter().map(|(slot, _)| slot);
    enumerate_operations(implementation.machine(), filled, implementation.unused_stamp())
}

/// What is wrong with the states; `begin` is called now and then.
pub(super) fn wrong(begin: fn()) -> Option<String> {
    names().or_else(|| certificate(begin))
}

const START: &str = "machine ram=4 device=2,2 spaces=3 pages=8; map s0 v0+4 rw";

/// Sequences, and whether the implementation's states after the two are one.
const PAIRS: &[(&str, &str, bool)] = &[
    ("setup t0 s0 v0 to d0", "setup t0 s0 v0 to d1", false),
    ("setup t0 s0 v0 from d0", "setup t0 s0 v0 from d1", false),
    ("setup t0 s0 v0 to d0", "setup t0 s0 v1 to d0", false),
    ("setup t0 s0 v0 from d1", "collect t0 d1", false),
    ("migrate s0 v0 to d0", "migrate s0 v0 to d1", false),
    ("write s0 v0 #1", "write s0 v0 #2", true),
    ("write s0 v0 #1; write s0 v1 #2", "write s0 v0 #2; write s0 v1 #1", true),
    ("write s0 v0 #1; fork s0 s1; fork s0 s2; exit s2", "write s0 v0 #1; fork s0 s1", true),
];

/// Which states are one and should not be, or are not and should.
fn names() -> Option<String> {
    let is_wrong = |(one, other, expected): &&(&str, &str, bool)| (after(one) == after(other)) != *expected;
    let (one, other, expected) = PAIRS.iter().find(is_wrong)?;
    Some(format!("whether the states after `{one}` and `{other}` are one is not {expected}"))
}

fn after(sequence: &str) -> CompleteState {
    let trace = Trace::parse(&format!("{START}; {sequence}").replace("; ", "\n"));
    let trace = trace.unwrap_or_else(|error| panic!("{sequence}: {error}"));
    let mut implementation = Implementation::new(&trace.machine);
    for step in &trace.steps {
        implementation.apply(step.operation);
    }
    implementation.complete_state()
}

/// What the certificate says that is not so.
fn certificate(begin: fn()) -> Option<String> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/exhaust.txt");
    let kept = fs::read_to_string(&kept).unwrap_or_else(|error| panic!("{}: {error}", kept.display()));
    let mut lines = kept.lines();
    let machine = lines.next().and_then(|line| line.strip_prefix("# ")).expect("the machine stands in the first line");
    let machine = Trace::parse(machine).unwrap_or_else(|error| panic!("{machine}: {error}")).machine;
    let mut driver = Driver::new(build);
    let mut known = BTreeSet::from([digest(lead(&mut driver, &machine, &[]))]);
    let mut frontier: Vec<Vec<Operation>> = vec![Vec::new()];
    lines.skip(1).zip(1..=DEPTH).find_map(|(expected, depth)| {
        let (mut next, mut edges) = (Vec::new(), 0);
        for path in &frontier {
            begin();
            for operation in operations(lead(&mut driver, &machine, path)) {
                edges += 1;
                let path: Vec<Operation> = path.iter().copied().chain([operation]).collect();
                if known.insert(digest(lead(&mut driver, &machine, &path))) {
                    next.push(path);
                }
            }
        }
        frontier = next;
        let found = format!("{depth} {} {edges} {}", frontier.len(), digest_of_states(&known));
        (found != expected).then(|| format!("depth, states, edges and digest are {found} and not {expected}"))
    })
}
