//! Everything that a memory manager can do in one step, through the adapters: devices, pins, blocks and huge pages together.

mod whole;

use std::fs;
use std::path::Path;

use stalemap::{Build, Compare, Driver, Extensions, Generator, Kind, KindSet, Machine, Observables, Program, Settings};
use stalemap::{Spaces, Subject as _, Trace, replay_folder, spaces};

use whole::{FAULTS, Fault, Whole};

fn everything<const FAULT: usize>(machine: &Machine) -> Result<Spaces<Whole<FAULT>>, String> {
    Extensions::new().devices().pins().blocks().huge_pages().build(machine)
}

fn blocks_and_spaces<const FAULT: usize>(machine: &Machine) -> Result<Spaces<Whole<FAULT>>, String> {
    Extensions::new().blocks().build(machine)
}

/// The first divergence of some executions, and how often each of these operations succeeded.
fn campaign<const KINDS: usize>(
    build: impl Build + 'static,
    executions: u64,
    kinds: [Kind; KINDS],
) -> (Option<String>, [u64; KINDS]) {
    let able = build.build(&Machine::DEFAULT).expect("a machine").capabilities().operations;
    let mut generator = Generator::new(Settings { kinds: able, ..Settings::of(&build) });
    let mut driver = Driver::new(build);
    let mut program = Program::default();
    let found = (0..executions).find_map(|index| {
        generator.execution(1, index, &mut program);
        let run = driver.run(&program, Compare::Touched).expect("it can be every machine");
        run.divergence.map(|divergence| format!("{}\n{}", divergence.signature(), Trace::from(program.clone())))
    });
    (found, kinds.map(|kind| driver.tally().of(kind, 0)))
}

#[test]
fn a_manager_that_can_do_everything_in_one_step_agrees() {
    let kinds = [Kind::Migrate, Kind::Pin, Kind::Alloc, Kind::Split, Kind::Advise, Kind::Collapse, Kind::SplitFolio];
    let (found, met) = campaign(everything::<0>, 3_000, kinds);
    assert_eq!(found, None);
    assert!(met.iter().all(|&times| times > 25), "{kinds:?} succeeded {met:?} times");
    let (found, met) = campaign(blocks_and_spaces::<0>, 1_000, [Kind::Fork, Kind::Alloc]);
    assert_eq!(found, None);
    assert!(met.iter().all(|&times| times > 25), "{met:?}");
}

#[test]
fn each_fault_is_found() {
    assert_eq!(FAULTS[0], Fault::None);
    let rows = [
        (campaign(everything::<1>, 600, []).0, Fault::HidesHugeEntries),
        (campaign(everything::<2>, 600, []).0, Fault::CountsOneMore),
        (campaign(everything::<3>, 3_000, []).0, Fault::TellsNoRuns),
        (campaign(everything::<4>, 600, []).0, Fault::ShiftsBlocks),
        (campaign(everything::<5>, 600, []).0, Fault::IgnoresAdvice),
        (campaign(blocks_and_spaces::<4>, 600, []).0, Fault::ShiftsBlocks),
    ];
    for (found, fault) in rows {
        assert!(found.is_some(), "{fault:?} is not found");
    }
}

#[test]
fn a_manager_does_and_shows_what_its_extensions_add_and_nothing_else() {
    let of = |build: &dyn Fn(&Machine) -> Result<Spaces<Whole<0>>, String>| {
        build(&Machine::DEFAULT).expect("it can be every machine").capabilities()
    };
    let alone = of(&spaces::<Whole<0>>);
    let of_blocks = KindSet::NONE.with(Kind::Alloc).with(Kind::Split).with(Kind::Free);
    let with_blocks = of(&blocks_and_spaces::<0>);
    assert_eq!(with_blocks.operations, of_blocks.iter().fold(alone.operations, KindSet::with));
    assert_eq!(with_blocks.observables, alone.observables.and(Observables::SLOTS));
    assert!(!with_blocks.has_folios() && of(&everything::<0>).has_folios());
    assert!(
        !alone.observables.include(Observables::FOLIOS)
            && of(&everything::<0>).observables.include(Observables::FOLIOS)
    );
}

#[test]
fn a_manager_without_huge_pages_is_never_given_a_machine_that_has_some() {
    let settings = Settings::of(&(spaces::<Whole<0>> as fn(&Machine) -> Result<Spaces<Whole<0>>, String>));
    let kinds = spaces::<Whole<0>>(&Machine::DEFAULT).expect("a machine").capabilities().operations;
    let mut generator = Generator::new(Settings { kinds, ..settings });
    let mut program = Program::default();
    for index in 0..20_000 {
        generator.execution(1, index, &mut program);
        assert_eq!(program.machine.huge(), None, "execution {index}");
        assert!(program.operations.iter().all(|operation| operation.kind().row().level < 4), "execution {index}");
    }
    let trace = Trace::parse("machine ram=8 spaces=1 pages=8 huge=1\nmap s0 v0+2 rw\n").expect("a trace");
    let refused = Driver::new(spaces::<Whole<0>>).run(&trace.program(), Compare::Touched).map(|_| ());
    assert!(refused.is_err_and(|why| why.to_string().contains("whole has no huge pages")));
}

#[test]
fn traces_with_huge_pages_are_replayed_where_the_manager_has_them_and_named_where_not() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/spec/large");
    let able = everything::<0>(&Machine::DEFAULT).expect("a machine").capabilities().operations;
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(&corpus).expect("the corpus") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a trace");
        let trace = Trace::parse(&text).expect("a trace");
        if trace.operations().all(|operation| able.contains(operation.kind())) {
            fs::write(folder.path().join(path.file_name().expect("a name")), text).expect("a file");
        }
    }
    let replayed = replay_folder(everything::<0>, folder.path()).expect("they agree");
    assert!(replayed > 25, "{replayed} of the traces need no phases");
    let refused = replay_folder(spaces::<Whole<0>>, folder.path()).expect_err("it has no huge pages").to_string();
    assert!(refused.starts_with(&format!("{replayed} of {replayed} traces fail")), "{refused}");
    assert!(refused.contains("whole does not have the operation of `advise s0 v0+2 huge`"), "{refused}");
}
