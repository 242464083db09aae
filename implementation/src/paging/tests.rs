//! The recount tells of each huge entry that is put wrong.

use stalemap_operations::{Place, Space, VirtualPage};

use super::PteView;
use super::pte::Pte;
use crate::frames::Frame;
use crate::notes::Notes;
use crate::rmap::ids::RegionId;
use crate::validate::tests::assert_told_of_folio;

const FIRST: Place = Place { space: Space(0), page: VirtualPage(0) };

#[test]
fn what_is_put_wrong_in_a_huge_entry_is_told() {
    assert_told_of_folio(&[
        (
            |it| {
                let entry = PteView::Present { frame: Frame(0), writable: false, dirty: false };
                it.tables.entries[0] = Pte::pack(entry);
            },
            "s0 v0 has a huge entry and a small one",
        ),
        (
            |it| {
                let entry = PteView::Migration { frame: Frame(2), writable: false };
                it.tables.set_huge_entry(FIRST, entry, &mut Notes::default());
            },
            "s0 v0 has a migration entry to f2, which no transaction has",
        ),
        (
            |it| {
                let entry = PteView::Present { frame: Frame(2), writable: false, dirty: false };
                it.tables.set_huge_entry(FIRST, entry, &mut Notes::default());
            },
            "s0 v0 has a huge entry of f2, which is no head",
        ),
        (
            |it| {
                let second = it.graph.new_region(Space(0), 1);
                it.graph.drop_places(RegionId(1), 1);
                it.tables.set_region(Place { page: VirtualPage(1), ..FIRST }, second);
            },
            "s0 v1 has a huge entry and not the mapping of s0 v0",
        ),
    ]);
}
