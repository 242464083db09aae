//! What was passed of a subject's own code: the union, however it is added and merged.

use stalemap_campaign::{Passed, PassedFile, Store};

#[test]
fn what_was_passed_of_a_subjects_code_is_the_union_however_it_is_merged() {
    let passed = |functions: &[(&str, bool)], lines: &[(u32, bool)]| Passed {
        subject: "linux-6.12-native".to_string(),
        files: [(
            "mm/rmap.c".to_string(),
            PassedFile {
                functions: functions.iter().map(|(name, is_passed)| ((*name).to_string(), *is_passed)).collect(),
                lines: lines.iter().copied().collect(),
            },
        )]
        .into(),
    };
    let [one, other] = [
        passed(&[("a", true), ("b", false)], &[(1, true)]),
        passed(&[("b", true), ("c", false)], &[(1, false), (2, false)]),
    ];
    let sum = passed(&[("a", true), ("b", true), ("c", false)], &[(1, true), (2, false)]);
    let folders = [0; 4].map(|_| tempfile::tempdir().expect("a folder"));
    let stores = [0, 1, 2, 3].map(|at| Store::open(folders[at].path()).expect("a store"));
    stores[0].add_passed(&one).expect("it is written");
    stores[1].add_passed(&other).expect("it is written");
    for (store, order) in [(&stores[2], [0, 1]), (&stores[3], [1, 0])] {
        for _ in 0..2 {
            store.merge(order.map(|at| &stores[at])).expect("they are merged");
        }
        assert_eq!(store.read().expect("contents").passed, std::slice::from_ref(&sum));
    }
    let both = stores[0].read().expect("contents").and(stores[1].read().expect("contents"));
    assert_eq!(both.passed, std::slice::from_ref(&sum));
    stores[0].add_passed(&other).expect("it is written");
    assert_eq!(stores[0].read().expect("contents").passed, [sum]);
    let file = folders[1].path().join(".stalemap/passed/linux-6.12-native.json");
    std::fs::write(&file, "{\"format\":2,").expect("a file");
    let read = stores[1].read().expect("contents");
    assert_eq!((read.passed.len(), read.damaged.len()), (0, 1), "half of a file is told");
    stores[1].add_passed(&one).expect("it is replaced");
    assert_eq!(stores[1].read().expect("contents").passed, [one]);
}
