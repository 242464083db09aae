//! Tests of the macro `replay!` and of the targets of engines: what agrees passes, and what does not says why and where.

use std::fs;

use stalemap::fuzzing::FuzzTarget;
use stalemap::{BlockAllocator, Machine, Program, Trace, blocks, replay_folder};

/// The lowest aligned run. A faulty one forgets that a block of two frames or more has a last one.
struct Lowest<const FAULTY: bool>(Vec<bool>);

impl<const FAULTY: bool> BlockAllocator for Lowest<FAULTY> {
    const NAME: &'static str = "lowest";

    fn new(frames: u32) -> Result<Self, String> {
        if frames == 5 {
            Err("five is not a number of mine".to_string())
        } else {
            Ok(Lowest(vec![false; frames as usize]))
        }
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let run = 1 << order;
        let (first, frames) = self.0.chunks_exact_mut(run).enumerate().find(|(_, frames)| !frames.contains(&true))?;
        let used = if FAULTY && run > 1 { run - 1 } else { run };
        frames[..used].fill(true);
        u32::try_from(first * run).ok()
    }

    fn free(&mut self, first: u32, order: u32) {
        self.0[first as usize..(first + (1 << order)) as usize].fill(false);
    }
}

stalemap::replay!(blocks::<Lowest<false>>, "tests/traces");
stalemap::replay!(the_name_of_the_test_can_be_chosen: blocks::<Lowest<false>>, "tests/traces/");

/// What is said of a folder with this file, replayed on the faulty allocator.
fn said(name: &str, content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    fs::write(folder.path().join("right.trace"), "machine ram=2 spaces=1 pages=1\nalloc b0 0\n").unwrap();
    let error = replay_folder(blocks::<Lowest<true>>, folder.path()).expect_err("the file is wrong");
    let text = error.to_string();
    assert!(text.starts_with("1 of 2 traces fail\n\n"), "{text}");
    let file = folder.path().join(name);
    text.strip_prefix("1 of 2 traces fail\n\n").unwrap().replace(file.to_str().unwrap(), "FILE")
}

#[test]
fn a_divergence_is_told_with_its_file_trace_and_states() {
    let text = said("wrong.trace", b"machine ram=2 spaces=1 pages=1\nalloc b0 1\nalloc b1 0\n");
    assert!(text.starts_with("FILE: lowest and the reference differ at operation 2\n\n"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["alloc b0 1 = ok > alloc b1 0 = ENOMEM", "expected alloc b1 0 = ENOMEM", "- reference + lowest"] {
        assert!(words.contains(part), "{part:?} is missing:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours: {text:?}");
}

#[test]
fn an_input_of_an_engine_is_replayed_as_well() {
    let trace = Trace::parse("machine ram=2 spaces=1 pages=1\nalloc b0 1\nalloc b1 0\n").unwrap();
    let text = said("crash-1f2e", &trace.to_bytes().unwrap());
    assert!(text.starts_with("FILE: lowest and the reference differ at operation 2"), "{text}");
}

#[test]
fn what_cannot_be_replayed_fails_with_one_sentence() {
    let rows: [(&[u8], &str); 4] = [
        (b"machine ram=2 spaces=1 pages=1\nalocc b0 1\n", "FILE:2:1: expected an operation, found \"alocc\""),
        (b"", "FILE: the file is empty"),
        (
            b"machine ram=2 spaces=1 pages=1\nmap s0 v0 rw\n",
            "FILE: lowest does not have the operation of `map s0 v0 rw`",
        ),
        (
            b"machine ram=5 spaces=1 pages=1\nalloc b0 0\n",
            "FILE: lowest cannot be `machine ram=5 spaces=1 pages=1`: five is not a number of mine",
        ),
    ];
    for (content, expected) in rows {
        let text = said("bad.trace", content);
        assert!(text.starts_with(expected) && !text.contains('\n'), "{text}");
    }
}

#[test]
fn a_folder_without_traces_fails() {
    let folder = tempfile::tempdir().unwrap();
    let said = |path| replay_folder(blocks::<Lowest<false>>, path).expect_err("nothing is there").to_string();
    assert!(said(folder.path().to_owned()).contains("holds no trace"));
    assert!(said(folder.path().join("typo")).starts_with("there is no folder"));
}

#[test]
fn the_folder_of_this_test_is_counted() {
    assert_eq!(replay_folder(blocks::<Lowest<false>>, "tests/traces").expect("they agree"), 1);
}

#[test]
fn a_target_takes_what_its_mutator_makes_and_nothing_that_the_subject_cannot_do() {
    let mut target = FuzzTarget::new(blocks::<Lowest<false>>);
    let mut input = Vec::new();
    let mut operations = 0;
    for seed in 0..2_000 {
        input = target.mutator().mutate(&input, 512, seed).to_vec();
        let program = Program::from_bytes(&input);
        operations += program.operations.len();
        // The one machine that it cannot be.
        let takes = program.machine.ram() != 5;
        assert_eq!(target.run(&input), Ok(takes), "{}", Trace::from_bytes(&input));
    }
    assert!(operations > 2_000, "{operations}");
    let maps = Trace::parse(&format!("machine {}\nmap s0 v0 rw\n", Machine::DEFAULT)).unwrap();
    assert_eq!(target.run(&maps.to_bytes().unwrap()), Ok(false));
}

#[test]
fn a_target_finds_a_fault_and_shows_the_minimised_trace() {
    let mut target = FuzzTarget::new(blocks::<Lowest<true>>);
    let mut input = Vec::new();
    let found = (0..2_000).find_map(|seed| {
        input = target.mutator().mutate(&input, 512, seed).to_vec();
        target.run(&input).err()
    });
    let text = found.expect("the fault is found");
    assert!(text.contains("@alloc") && text.contains("minimised in"), "{text}");
    // A step has no other words behind it than an answer.
    let step = |line: &&str| line.contains("alloc ") && !line.contains("expected") && !line.contains("actual");
    assert_eq!(text.lines().filter(step).count(), 2, "a block and one that overlaps it:\n{text}");
}
