//! The recount tells of each thing that is put wrong; the folders that own the things have the tests.

use std::string::ToString;

use stalemap_operations::{Machine, Subject, Trace};

use crate::implementation::Implementation;

/// A change that puts one thing wrong, and the sentence of the recount about it.
pub(crate) type Damage = (fn(&mut Implementation), &'static str);

/// Puts each thing wrong on a machine of its own and expects the sentence.
pub(crate) fn assert_told(damages: &[Damage]) {
    assert_told_of(&shared_page, damages);
}

/// As [`assert_told`], on machines with a large folio.
pub(crate) fn assert_told_of_folio(damages: &[Damage]) {
    assert_told_of(&shared_folio, damages);
}

fn assert_told_of(start: &dyn Fn() -> Implementation, damages: &[Damage]) {
    for &(damage, expected) in damages {
        let mut implementation = start();
        damage(&mut implementation);
        let said = implementation.validate().expect_err(expected);
        assert_eq!(said, expected.to_string());
    }
}

/// A machine with a page in RAM that a forked space maps too, found through anon_vma 1; region 1 is the parent's.
fn shared_page() -> Implementation {
    machine_after("machine ram=2 spaces=2 pages=2\nmap s0 v0 rw\nwrite s0 v0 #01\nfork s0 s1\n")
}

/// A machine with a large folio in the first two frames of RAM, which `s0` maps by a huge entry, and `s1` by a small one at its second
/// place.
fn shared_folio() -> Implementation {
    machine_after(
        "machine ram=4 device=4 spaces=2 pages=2 huge=1 rules=linux-7.3\nmap s0 v0+2 rw\nadvise s0 v0+2 huge\n\
         write s0 v0 #01\nfork s0 s1\ndiscard s1 v0\n",
    )
}

fn machine_after(text: &str) -> Implementation {
    let trace = Trace::parse(text).expect("a good text");
    let mut implementation = Implementation::new(&trace.machine);
    for operation in trace.operations() {
        implementation.apply(operation);
    }
    assert_eq!(implementation.validate(), Ok(()));
    implementation
}

#[test]
fn an_empty_machine_balances() {
    assert_eq!(Implementation::new(&Machine::DEFAULT).validate(), Ok(()));
}
