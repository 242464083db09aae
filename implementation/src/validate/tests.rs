//! The recount tells of each thing that is put wrong; the folders that own the things have the tests.

use std::string::ToString;

use stalemap_operations::{Machine, Subject, Trace};

use crate::implementation::Implementation;

/// A change that puts one thing wrong, and the sentence of the recount about it.
pub(crate) type Damage = (fn(&mut Implementation), &'static str);

/// Puts each thing wrong on a machine of its own and expects the sentence.
pub(crate) fn assert_told(damages: &[Damage]) {
    for &(damage, expected) in damages {
        let mut implementation = shared_page();
        damage(&mut implementation);
        let said = implementation.validate().expect_err(expected);
        assert_eq!(said, expected.to_string());
    }
}

/// A machine with a page in RAM that a forked space maps too, found through anon_vma 1; region 1 is the parent's.
fn shared_page() -> Implementation {
    let text = "machine ram=2 spaces=2 pages=2\nmap s0 v0 rw\nwrite s0 v0 #01\nfork s0 s1\n";
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
