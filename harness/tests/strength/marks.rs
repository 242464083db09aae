//! The marks: for each rule a sequence that meets it, and one beside it that does not; in files as the reference's.

mod address_space;
mod device;
mod fault;
mod folios;
mod frames;
mod limits;
mod migration;
mod pins;

use stalemap_harness::{Compare, Driver};
use stalemap_implementation::Implementation;
use stalemap_operations::{Machine, Trace};
use stalemap_reference::{LIMIT, MARKS, needs_huge_pages};

/// The machine and the mapping that most sequences begin with: four frames of RAM, two on each device.
const START: &str = "machine ram=4 device=2,2 spaces=3 pages=8; map s0 v0+4 rw";
const START_6_1: &str = "machine ram=4 device=2 spaces=3 pages=8 rules=linux-6.1; map s0 v0+4 rw";
const START_7_3: &str = "machine ram=2 device=2,2 spaces=3 pages=8 rules=linux-7.3; map s0 v0+4 rw";
const START_LARGE: &str =
    "machine ram=8 device=4 spaces=3 pages=8 huge=1 rules=linux-7.3; map s0 v0+2 rw; advise s0 v0+2 huge";
const START_WIDE: &str = "machine ram=4 device=2 spaces=6 pages=10; map s0 v0+10 rw";

/// Mark, a sequence that meets it once, and one that nearly meets it.
type Sequence = (&'static str, &'static str, &'static str);

const SEQUENCES: &[&[Sequence]] = &[
    address_space::SEQUENCES,
    device::SEQUENCES,
    fault::SEQUENCES,
    folios::SEQUENCES,
    frames::SEQUENCES,
    migration::SEQUENCES,
    pins::SEQUENCES,
];

/// The trace of a sequence.
fn trace(sequence: &str) -> Trace {
    let (start, sequence) = match sequence.split_once("; ") {
        Some(("6.1", sequence)) => (START_6_1, sequence),
        Some(("7.3", sequence)) => (START_7_3, sequence),
        Some(("large", sequence)) => (START_LARGE, sequence),
        Some(("wide", sequence)) => (START_WIDE, sequence),
        Some((start, rest)) if start.starts_with("machine ") => (start, rest),
        _ => (START, sequence),
    };
    let lines: Vec<&str> = [start, sequence].into_iter().flat_map(|part| part.split("; ")).collect();
    Trace::parse(&lines.join("\n")).unwrap_or_else(|error| panic!("{sequence}: {error}"))
}

/// How often a sequence meets a mark. It is run twice, and must meet it as often each time.
fn met(mark: &str, sequence: &str) -> u64 {
    let trace = trace(sequence);
    let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
    let index = MARKS.iter().position(|it| *it == mark).unwrap_or_else(|| panic!("no mark is named \"{mark}\""));
    let [once, twice] = [(); 2].map(|()| {
        let run = driver.run_trace(&trace, Compare::Everything).expect("it takes every machine");
        assert_eq!(run.divergence, None, "{sequence}");
        driver.marks()[index]
    });
    assert_eq!(twice, 2 * once, "{sequence}");
    once
}

/// What is wrong with the marks.
pub(super) fn wrong() -> Vec<String> {
    let rules = SEQUENCES.iter().copied().flatten();
    let rules = rules.map(|&(mark, meets, passes_by)| (mark, meets.to_string(), passes_by.to_string()));
    let sequences: Vec<_> = rules.chain(limits::sequences()).collect();
    let mut wrong: Vec<String> = Vec::new();
    for mark in MARKS.iter().filter(|mark| !sequences.iter().any(|(it, _, _)| it == *mark)) {
        wrong.push(format!("no sequence meets \"{mark}\""));
    }
    for (mark, meets, passes_by) in &sequences {
        let has_huge_pages = trace(meets).program().machine.huge().is_some();
        if !mark.starts_with(LIMIT) && has_huge_pages != needs_huge_pages(mark) {
            wrong.push(format!("\"{mark}\" is told to need huge pages, or not to, but is met by {meets}"));
        }
        for (sequence, expected) in [(meets, 1), (passes_by, 0)] {
            let met = met(mark, sequence);
            if met != expected {
                wrong.push(format!("\"{mark}\" is met {met} times by {sequence}"));
            }
        }
    }
    wrong
}
