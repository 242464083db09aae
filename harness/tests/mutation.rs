//! The mutator through its bytes, as an engine uses it.

use stalemap_harness::{Mutator, Random, Settings};
use stalemap_operations::{Kind, KindSet, Machine, Program, record};

/// Random bytes of a random length.
fn noise(random: &mut Random) -> Vec<u8> {
    let length = random.below(400);
    (0..length).map(|_| random.bits().to_le_bytes()[0]).collect()
}

#[test]
fn what_comes_out_is_canonical_and_no_longer_than_allowed() {
    let mut mutator = Mutator::new(Settings::default());
    let mut random = Random::new(3, 0);
    for seed in 0..5_000 {
        let (one, other) = (noise(&mut random), noise(&mut random));
        let most = random.index(600);
        for crossed in [false, true] {
            let out = if crossed { mutator.cross(&one, &other, most, seed) } else { mutator.mutate(&one, most, seed) };
            assert!(out.len() <= most, "{} bytes where {most} are allowed", out.len());
            if most >= record::RECORD {
                assert_eq!(Program::from_bytes(out).to_bytes().expect("it came from bytes"), out);
            }
        }
    }
}

#[test]
fn the_same_seed_and_input_give_the_same_output() {
    let mut random = Random::new(4, 0);
    let mut used = Mutator::new(Settings::default());
    for seed in 0..500 {
        let (one, other) = (noise(&mut random), noise(&mut random));
        // What a mutator did before must not show.
        let mut fresh = Mutator::new(Settings::default());
        assert_eq!(used.mutate(&one, 512, seed), fresh.mutate(&one, 512, seed));
        assert_eq!(used.cross(&one, &other, 512, seed), fresh.cross(&one, &other, 512, seed));
    }
}

#[test]
fn an_empty_input_grows_to_the_length_of_the_settings_and_not_beyond() {
    let mut mutator = Mutator::new(Settings { operations: 20, ..Settings::default() });
    let mut input = Vec::new();
    let mut longest = 0;
    for seed in 0..5_000 {
        let grown = mutator.mutate(&input, 4_096, seed).to_vec();
        input = mutator.cross(&grown, &input, 4_096, seed).to_vec();
        longest = longest.max(Program::from_bytes(&input).operations.len());
    }
    assert_eq!(longest, 20);
}

#[test]
fn only_the_kinds_and_the_machine_of_the_settings_are_added() {
    let kinds: KindSet = Kind::ALL.iter().copied().filter(|kind| kind.row().level == 0).collect();
    let machine = Machine::from_sizes([5, 0, 0, 1, 3], Machine::DEFAULT.rules()).expect("a machine");
    let mut mutator = Mutator::new(Settings { kinds, machine: Some(machine), ..Settings::default() });
    let mut input = Vec::new();
    for seed in 0..2_000 {
        let grown = mutator.mutate(&input, 512, seed).to_vec();
        input = mutator.cross(&grown, &input, 512, seed).to_vec();
        let program = Program::from_bytes(&input);
        assert_eq!(program.machine, machine);
        assert!(program.operations.iter().all(|operation| kinds.contains(operation.kind())));
    }
}

#[test]
fn a_mutator_with_a_largest_machine_makes_none_that_is_larger() {
    let largest = Machine::from_sizes([5, 2, 0, 2, 4], Machine::DEFAULT.rules()).expect("a machine");
    let mut mutator = Mutator::new(Settings::default()).with_largest(largest);
    let mut input = Vec::new();
    for seed in 0..3_000 {
        // Each of a few inputs in a row comes of the one before it.
        input = if seed % 8 == 0 { Vec::new() } else { mutator.mutate(&input, 400, seed).to_vec() };
        let made = Program::from_bytes(&input).machine;
        let is_within = input.is_empty() || made.sizes().iter().zip(largest.sizes()).all(|(size, most)| *size <= most);
        assert!(is_within, "{made}");
    }
}
