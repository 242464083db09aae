//! The code that `stalemap new` writes, as modules of this test: as it is it agrees, and with its fault it is found at once.

#![expect(clippy::duplicate_mod, reason = "the same files, with and without the fault")]

use stalemap::{Build, Compare, Driver, Generator, Program, Settings, Trace};

/// The files of a level, with or without the fault.
macro_rules! written {
    ($name:ident, $folder:literal, $code:ident, $fault:literal) => {
        #[path = $folder]
        #[expect(unreachable_pub, reason = "in a crate of their own they can be reached")]
        mod $name {
            const FAULT: bool = $fault;
            mod subject;
            mod $code;
            pub(crate) use subject::build;
        }
    };
}

written!(blocks, "../src/new/level0", allocator, false);
written!(faulty_blocks, "../src/new/level0", allocator, true);
written!(spaces, "../src/new/level1", memory, false);
written!(faulty_spaces, "../src/new/level1", memory, true);
written!(devices, "../src/new/level2", memory, false);
written!(faulty_devices, "../src/new/level2", memory, true);

/// The first of some executions that diverges, and its signature.
fn finds(build: impl Build + 'static, executions: u64) -> Option<(u64, String)> {
    let kinds = build.build(&stalemap::Machine::DEFAULT).expect("a small machine");
    let kinds = stalemap::Subject::capabilities(&kinds).operations;
    let mut driver = Driver::new(build);
    let mut generator = Generator::new(Settings { kinds, ..Settings::default() });
    let mut program = Program::default();
    (0..executions).find_map(|index| {
        generator.execution(1, index, &mut program);
        let run = driver.run(&program, Compare::Touched).expect("it can be any machine");
        run.divergence.map(|divergence| (index, divergence.signature().to_string()))
    })
}

#[test]
fn as_it_is_written_it_agrees() {
    assert_eq!(finds(blocks::build, 2_000), None);
    assert_eq!(finds(spaces::build, 2_000), None);
    assert_eq!(finds(devices::build, 2_000), None);
}

#[test]
fn the_fault_is_found_at_once() {
    let rows = [finds(faulty_blocks::build, 500), finds(faulty_spaces::build, 500), finds(faulty_devices::build, 500)];
    for (level, found) in rows.iter().enumerate() {
        assert!(found.is_some(), "level {level}");
        println!("level {level}: {found:?}");
    }
}

/// Whether a trace that is written agrees.
fn agrees(build: impl Build + 'static, trace: &str) -> bool {
    let trace = Trace::parse(trace).expect("a trace");
    let run = Driver::new(build).run_trace(&trace, Compare::Everything).expect("it can be any machine");
    run.divergence.is_none()
}

#[test]
fn the_traces_agree_and_one_of_each_level_shows_the_fault() {
    macro_rules! trace {
        ($file:literal) => {
            include_str!(concat!("../src/new/", $file, ".trace"))
        };
    }
    let copied = trace!("level1/a-shared-page-is-copied");
    let shared = trace!("level1/read-only-pages-are-shared-too");
    let migrates = trace!("level2/a-shared-page-migrates-for-all");
    let merges = trace!("level0/merges-with-its-buddy");
    let splits = trace!("level0/split-block-comes-back");
    assert!(agrees(blocks::build, merges) && agrees(blocks::build, splits));
    assert!(agrees(spaces::build, copied) && agrees(spaces::build, shared));
    assert!(agrees(devices::build, copied) && agrees(devices::build, migrates));
    assert!(!agrees(faulty_blocks::build, merges), "{merges}");
    assert!(!agrees(faulty_spaces::build, shared), "{shared}");
    assert!(!agrees(faulty_devices::build, migrates), "{migrates}");
}
