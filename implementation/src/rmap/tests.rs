//! The recount tells of each link and counter of the graph that is put wrong.

use stalemap_operations::Space;

use crate::frames::Frame;
use crate::rmap::ids::RegionId;
use crate::rmap::token::ByRmap;
use crate::validate::tests::{assert_told, assert_told_of_folio};

#[test]
fn what_is_put_wrong_in_the_graph_is_told() {
    assert_told(&[
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
    ]);
}

#[test]
fn what_is_put_wrong_in_the_counters_of_a_folio_is_told() {
    assert_told_of_folio(&[
        (|it| it.frames.memmap[Frame(0)].get(), "the folio of f0 counts 3 references and has 2"),
        (
            |it| it.frames.memmap.dec_huge_mapcount(Frame(0), ByRmap(())),
            "the folio of f0 counts 0 huge entries and has 1",
        ),
        (
            |it| it.frames.memmap.take_from_folio_mapcount(Frame(0), ByRmap(())),
            "the folio of f0 counts 1 entries and has 2",
        ),
        (|it| it.frames.memmap[Frame(1)].dec_mapcount(ByRmap(())), "f1 counts 0 entries and has 1"),
        (
            |it| {
                it.graph.regions.get_mut(1).expect("the parent's").offset += 1;
            },
            "the reverse map of f0 does not find the entries that map it",
        ),
    ]);
}
