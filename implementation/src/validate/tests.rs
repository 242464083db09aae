//! The recount objects to each link and counter of the graph, and to each name of a page, that is put wrong.

use std::string::ToString;

use stalemap_operations::{Machine, Space, Subject, Trace};

use crate::frames::Frame;
use crate::implementation::Implementation;
use crate::rmap::RegionId;

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

/// What is put wrong, and what the recount says of it.
type Damage = (fn(&mut Implementation), &'static str);

const DAMAGES: &[Damage] = &[
    (|it| it.identities.moved(0, Frame(1)), "page 0 is said to be in f1, which has another"),
    (|it| it.graph.region_mut(RegionId(1)).places += 1, "region 1 counts 2 places and has 1"),
    (
        |it| it.graph.region_mut(RegionId(1)).heir = Some(RegionId(2)),
        "region 1 has an heir and nothing is forked or moved",
    ),
    (|it| it.graph.anon_vmas.get_mut(1).expect("the parent's").tagged += 1, "anon_vma 1 counts 2 pages and has 1"),
    (
        |it| {
            it.graph.new_region(Space(0), 0);
        },
        "region 3 is still there after its last place",
    ),
    (
        |it| {
            it.graph.regions.remove(2);
        },
        "s1 v0 belongs to a region that is not there",
    ),
    (
        |it| {
            it.graph.anon_vmas.remove(2);
        },
        "region 2 has an anon_vma that is not there",
    ),
    (
        |it| {
            let region = it.graph.new_region(Space(0), 0);
            it.graph.regions.remove(region.0);
        },
        "chain 4 leads to a region or an anon_vma that is not there",
    ),
    (
        |it| {
            let region = it.graph.new_region(Space(0), 0);
            let chain = it.graph.regions.remove(region.0).first_chain.expect("the chain to its own anon_vma");
            it.graph.chains.remove(chain.0);
        },
        "anon_vma 3 is still there after its last page and its last region",
    ),
];

#[test]
fn what_is_put_wrong_in_the_graph_or_in_the_names_of_pages_is_told() {
    for &(damage, expected) in DAMAGES {
        let mut implementation = shared_page();
        damage(&mut implementation);
        let said = implementation.validate().expect_err(expected);
        assert_eq!(said, expected.to_string());
    }
}

#[test]
fn an_empty_machine_balances() {
    assert_eq!(Implementation::new(&Machine::DEFAULT).validate(), Ok(()));
}
