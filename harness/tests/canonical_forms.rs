//! The canonical form of a finding is what is left when noise is taken away, whatever the noise.

mod kept;
mod seeded;

use std::cell::Cell;
use std::fs;
use std::panic;
use std::path::Path;

use seeded::Shown;
use stalemap_harness::{
    Canonical, Compare, Driver, Generator, Repeats, Settings, canonicalise, confirm, minimise, what_is_left,
};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Field, Machine, Operation, Program, Trace};

fn driver(bug: Bug) -> Driver {
    let switch = Switch::new(Some(bug));
    Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &switch)))
}

/// The program a group of pages further up on a larger machine, with operations before it and between that have nothing to do with it.
fn with_noise(program: &Program) -> Program {
    let up = program.machine.huge_pages().max(2);
    let [ram, first, second, spaces, pages] = program.machine.sizes();
    let machine = program.machine.resized([ram, first, second, spaces + 1, pages + up]).expect("a larger machine");
    let moved = |operation: &Operation| {
        let mut values = operation.values();
        for index in 0..values.fields().len() {
            if matches!(values.fields()[index], Field::Page | Field::Destination) {
                values.set(index, values.as_slice()[index] + up);
            }
        }
        Operation::new(operation.kind(), values.as_slice(), &machine).expect("it fits a larger machine")
    };
    let line = Trace::from(Program { machine, operations: Vec::new() }).to_string();
    let noise = Trace::parse(&format!("{line}\nmap s0 v0+1 rw\nread s{spaces} v1\nunmap s0 v0\n")).expect("noise");
    let noise = noise.program().operations;
    let mut operations = noise.clone();
    for operation in &program.operations {
        operations.extend([moved(operation), noise[1]]);
    }
    operations.extend(noise);
    Program { machine, operations }
}

fn canonical(driver: &mut Driver, program: &Program) -> Option<Canonical> {
    let divergence = driver.run(program, Compare::Touched).expect("it takes every machine").divergence?;
    canonicalise(driver, program, &divergence, &mut |_| true)
}

/// The text is that of a file beside this one.
fn assert_kept(name: &str, text: &str) {
    let now = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&now, text).expect("it can be written");
    let kept = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)).expect("it is kept");
    assert!(kept == text, "this differs from tests/{name}; that of now is in {}", now.display());
}

/// The most executions that all of it takes: no more than when this was written.
const EXECUTIONS: u64 = 17_112;

#[test]
fn noise_around_the_trace_of_a_bug_leaves_the_name_and_the_form_that_it_has_for_ever() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let (mut forms, mut executions, mut others) = (String::new(), 0, Vec::new());
    for (name, _, trace) in kept::traces("bugs") {
        let name = name.trim_start_matches("corpus/bugs/").trim_end_matches(".trace");
        let mut driver = driver(Bug::by_name(name).expect("a bug"));
        let form = canonical(&mut driver, &trace.program()).expect("it diverges");
        let noisy = canonical(&mut driver, &with_noise(&trace.program())).expect("it diverges with noise too");
        forms += &format!("# {name}: {}\n{}", form.key, Trace::from(form.program.clone()));
        executions += form.executions + noisy.executions;
        if (&noisy.program, &noisy.key) != (&form.program, &form.key) {
            others.push(format!("{name}: {}\n{}", noisy.key, Trace::from(noisy.program)));
        }
    }
    panic::set_hook(print);
    assert!(others.is_empty(), "{}", others.join("\n"));
    assert_kept("canonical_forms.txt", &forms);
    assert!(executions <= EXECUTIONS, "{executions} executions");
}

/// Of each bug the first generated execution that shows it while nothing is recounted: its name, how long it takes to come to it, and
/// its form.
#[test]
fn the_first_finding_of_each_bug_has_the_name_and_the_form_that_it_has_for_ever() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let mut generator = Generator::new(Settings::default());
    let executions = generator.executions(9, 0..300);
    let mut text = String::new();
    for &bug in Bug::ALL {
        let mut driver = Driver::new(Shown(Switch::new(Some(bug))));
        let form = executions.iter().find_map(|program| canonical(&mut driver, program));
        text += &match form {
            None => format!("# {}: not met\n", bug.name()),
            Some(form) => {
                let trace = Trace::from(form.program);
                format!("# {}: {} after {} executions\n{trace}", bug.name(), form.key, form.executions)
            }
        };
    }
    panic::set_hook(print);
    assert_kept("first_findings.txt", &text);
}

/// The trace of a bug with an operation or a size that is more than it needs, and what is said of it.
const MORE_THAN_NEEDED: &[(&str, &str, &str)] = &[
    (
        "stale_mapping",
        "machine ram=1 device=1 spaces=1 pages=2; read s0 v0; map s0 v0+2 r; migrate s0 v0 to d0; move s0 v1 v0; migrate s0 v0 to d0",
        "operation 1 can go",
    ),
    (
        "stale_mapping",
        "machine ram=1 device=1 spaces=1 pages=3; map s0 v0+3 r; migrate s0 v0 to d0; move s0 v1 v0; migrate s0 v0 to d0",
        "page 2 can go",
    ),
    (
        "stale_mapping",
        "machine ram=1 device=1 spaces=1 pages=2; map s0 v0+2 rw; migrate s0 v0 to d0; move s0 v1 v0; migrate s0 v0 to d0",
        "operation 1 can be map s0 v0+2 r",
    ),
    (
        "newest_anon_vma",
        "machine ram=2 device=1 spaces=2 pages=2 huge=1; map s0 v0 r; migrate s0 v0 to d0; fork s0 s1; read s1 v0",
        "huge pages can be of order 0",
    ),
    (
        "stale_mapping",
        "machine ram=1 device=1 spaces=1 pages=2; map s0 v0 r; map s0 v1 r; migrate s0 v0 to d0; move s0 v1 v0; migrate s0 v0 to d0",
        "operation 1 and what belongs to it leave 4 operations",
    ),
];

#[test]
fn what_is_left_says_what_can_go() {
    for &(bug, text, expected) in MORE_THAN_NEEDED {
        let program = Trace::parse(&text.replace("; ", "\n")).expect("a trace").program();
        let mut driver = Driver::new(Shown(Switch::new(Bug::by_name(bug))));
        let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
        let signature = run.divergence.unwrap_or_else(|| panic!("{text} does not diverge")).signature();
        let left = what_is_left(&mut driver, &program, &signature);
        assert_eq!(left.as_deref(), Some(expected), "{text}: {signature}");
        let found = minimise(&mut driver, &program, &signature, &mut |_| true).expect("it diverges again");
        assert_eq!(what_is_left(&mut driver, &found.program, &signature), None, "{text}");
    }
}

#[test]
fn work_that_is_stopped_says_so_and_keeps_what_it_has_reached() {
    let (_, _, trace) = kept::traces("bugs").into_iter().find(|it| it.0.contains("stale_mapping")).expect("it is kept");
    let program = with_noise(&trace.program());
    let mut driver = driver(Bug::StaleMapping);
    let divergence = driver.run(&program, Compare::Touched).expect("any machine").divergence.expect("it diverges");
    let signature = divergence.signature();
    let whole = minimise(&mut driver, &program, &signature, &mut |_| true).expect("it diverges");
    assert!(whole.complete && whole.divergence.step + 1 == whole.program.operations.len());
    assert!(whole.executions > 10, "{} executions", whole.executions);
    for most in 1..whole.executions {
        let mut lengths = Vec::new();
        let found = minimise(&mut driver, &program, &signature, &mut |progress| {
            lengths.push(progress.operations);
            progress.executions < most
        });
        let found = found.expect("it diverges");
        assert!(!found.complete, "{most} of {} executions", whole.executions);
        assert_eq!(found.executions, most, "it is asked before each execution but the first");
        assert_eq!(lengths.last(), Some(&found.program.operations.len()));
        assert!(lengths.iter().rev().is_sorted(), "what is reached gets no longer");
        let run = driver.run(&found.program, Compare::Touched).expect("any machine");
        assert_eq!(run.divergence, Some(found.divergence));
    }
    let form = canonicalise(&mut driver, &program, &divergence, &mut |progress| progress.executions < 10);
    assert!(!form.expect("it diverges").complete);
    let other = "mapping.huge@read".parse().expect("a signature");
    assert_eq!(minimise(&mut driver, &program, &other, &mut |_| true), None, "it diverges otherwise");
}

#[test]
fn a_finding_repeats_when_a_fresh_machine_says_the_same() {
    let (_, _, trace) = kept::traces("bugs").into_iter().find(|it| it.0.contains("stale_mapping")).expect("it is kept");
    let program = trace.program();
    let mut driver = driver(Bug::StaleMapping);
    let form = canonical(&mut driver, &program).expect("it diverges");
    assert_eq!(confirm(&mut driver, &form.program, &form.key), Ok(Repeats::Yes));
    let other = "mapping.huge@read".parse().expect("a signature");
    assert_eq!(confirm(&mut driver, &form.program, &other), Ok(Repeats::No { instead: Some(form.key.clone()) }));
    // Only the first machine that is built has the bug.
    let (built, bug) = (Cell::new(0), Switch::new(Some(Bug::StaleMapping)));
    let mut once = Driver::new(move |machine: &Machine| {
        built.set(built.get() + 1);
        Ok(if built.get() == 1 { Implementation::with_bug(machine, &bug) } else { Implementation::new(machine) })
    });
    let met = once.run(&form.program, Compare::Everything).expect("any machine").divergence;
    assert_eq!(met.map(|it| it.signature()), Some(form.key.clone()));
    assert_eq!(confirm(&mut once, &form.program, &form.key), Ok(Repeats::No { instead: None }));
}
