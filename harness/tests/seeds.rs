//! What seeds mean: generator, mutator and enumeration make the same of the same numbers for ever, so that a seed in a
//! report leads to the same executions. Where a change of theirs is meant, the numbers here change with it.

use sha2::{Digest, Sha256};
use stalemap_harness::{Generator, Mutator, Random, Settings, enumerate_operations, enumerate_some};
use stalemap_operations::{
    BlockSlot, Dialect, HoldSlot, Kind, KindSet, Machine, PinSlot, Program, Slot, Stamp, Trace, TransactionSlot,
};

/// The first digits of a digest of texts.
fn digest(texts: impl IntoIterator<Item = String>) -> String {
    let mut digest = Sha256::new();
    texts.into_iter().for_each(|text| digest.update(text));
    digest.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Settings of each sort: the default, a machine with huge pages, none with such, few kinds, a machine of their own, a bound, and long executions.
fn settings() -> [(&'static str, Settings); 7] {
    let default = || Settings { huge: None, ..Settings::default() };
    let machine = |sizes| Machine::from_sizes(sizes, Dialect::Linux6_1).expect("a machine");
    let kinds: KindSet = Kind::ALL.iter().copied().filter(|kind| kind.row().level < 2).collect();
    [
        ("default", Settings::default()),
        ("huge", Settings { machine: Machine::DEFAULT.with_huge(2), ..default() }),
        ("small", default()),
        ("kinds", Settings { kinds, ..default() }),
        ("machine", Settings { machine: Some(machine([6, 2, 1, 3, 5])), ..default() }),
        ("largest", Settings { largest: Some(machine([9, 3, 2, 3, 7])), ..default() }),
        ("long", Settings { operations: 500, ..default() }),
    ]
}

#[test]
fn generated_executions_are_the_same_for_ever() {
    let found = settings().map(|(name, settings)| {
        let mut generator = Generator::new(settings);
        let mut program = Program::default();
        let texts = (0..150).map(|index| {
            generator.execution(1, index, &mut program);
            Trace::from(program.clone()).to_string()
        });
        (name, digest(texts))
    });
    let expected = [
        ("default", "879255df318e"),
        ("huge", "5d7c47f53acb"),
        ("small", "772571c83e4b"),
        ("kinds", "4a6f9ce950fe"),
        ("machine", "d44ad8ea3501"),
        ("largest", "a6c103e6a2cf"),
        ("long", "d73a96f62931"),
    ];
    assert_eq!(found, expected.map(|(name, digest)| (name, digest.to_string())));
}

#[test]
fn mutations_are_the_same_for_ever() {
    let found = settings().map(|(name, settings)| {
        let mut generator = Generator::new(settings.clone());
        let mut random = Random::new(5, 0);
        let mut mutator = Mutator::new(settings);
        let mut program = Program::default();
        let mut inputs: Vec<Vec<u8>> = vec![Vec::new()];
        for index in 0..10 {
            generator.execution(2, index, &mut program);
            inputs.push(program.to_bytes().expect("it was generated"));
        }
        for seed in 0..600 {
            let [one, other] = [0, 1].map(|_| inputs[random.index(inputs.len())].clone());
            let most = 16 + random.index(900);
            let is_crossed = random.chance(1, 3);
            let out =
                if is_crossed { mutator.cross(&one, &other, most, seed) } else { mutator.mutate(&one, most, seed) };
            inputs.push(out.to_vec());
        }
        (name, digest(inputs.iter().map(|input| format!("{input:?}"))))
    });
    let expected = [
        ("default", "33c1bb467b82"),
        ("huge", "77d1bdc070a1"),
        ("small", "4eec530f86c8"),
        ("kinds", "d3d81e855565"),
        ("machine", "f56cc63d7cbc"),
        ("largest", "b512e69bd998"),
        ("long", "9644111054ea"),
    ];
    assert_eq!(found, expected.map(|(name, digest)| (name, digest.to_string())));
}

#[test]
fn enumerated_operations_are_the_same_for_ever() {
    let slots = [
        Slot::Transaction(TransactionSlot(0)),
        Slot::Pin(PinSlot(1)),
        Slot::Hold(HoldSlot(0)),
        Slot::Block(BlockSlot(2)),
    ];
    let machines = [[4, 2, 2, 2, 3], [2, 0, 0, 1, 5], [8, 3, 0, 3, 2]];
    let found = machines.map(|sizes| {
        let machine = Machine::from_sizes(sizes, Dialect::Linux6_12).expect("a machine");
        let operations = |filled: &[Slot]| enumerate_operations(&machine, filled.iter().copied(), Stamp(7));
        let [none, some] = [operations(&[]), operations(&slots)];
        let text = digest(none.iter().chain(&some).map(|operation| format!("{operation}\n")));
        (none.len(), some.len(), text)
    });
    let expected = [(308, 400, "e4ef1a959924"), (227, 267, "f0a4f62454ab"), (199, 256, "09d96d771de1")];
    assert_eq!(found, expected.map(|(none, some, digest)| (none, some, digest.to_string())));
}

#[test]
fn of_a_machine_with_more_operations_than_memory_holds_some_of_each_kind_are_enumerated() {
    let some = |sizes, most| {
        let machine = Machine::from_sizes(sizes, Dialect::Linux6_12).expect("a machine");
        (machine, enumerate_some(&machine, [], Stamp(7), most))
    };
    let (large, found) = some([65_536, 100, 0, 64, 4_096], 1_000);
    assert!(found.len() <= 1_000, "{}", found.len());
    for kind in Kind::ALL.iter().filter(|kind| kind.exists_on(&large)) {
        assert!(found.iter().any(|operation| operation.kind() == *kind), "{kind:?}");
    }
    let (small, found) = some([4, 2, 2, 2, 3], 308);
    assert_eq!(found, enumerate_operations(&small, [], Stamp(7)));
    assert!(some([4, 2, 2, 2, 3], 307).1.len() < 307);
}
