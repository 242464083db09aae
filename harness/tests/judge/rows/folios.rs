//! Large folios: huge entries, which pages are together, their frames, and runs that were not found.

use stalemap_operations::{Entry, Errno, FolioView, Observation, PageToken, PlaceState, Stamp};

use super::{Row, allowed, frame, just, lay_out, once};
use crate::liar::Lie;

/// Steps 2 and 3 make large folios of two pages each, and step 4 writes the entries of both.
const TWO: &str = "machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+4 rw; advise s0 v0+4 huge; \
                   write s0 v0 #1; write s0 v2 #2; protect s0 v0+4 r; read s0 v0";
/// Step 3 collects a large folio, and step 4 gives it frames on the device.
const COLLECTED: &str = "machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+2 rw; advise s0 v0+2 huge; \
                         write s0 v0 #1; setup t0 s0 v0+2 to d0; copy t0 0; pages t0; finalize t0";
/// Step 3 unmaps the first page of a large folio, whose entry is split.
const PARTLY: &str = "machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+2 rw; advise s0 v0+2 huge; \
                      write s0 v0 #1; unmap s0 v0; read s0 v1";
/// Step 1 makes a page of order 0.
const SMALL: &str = "machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+2 rw; write s0 v0 #1; \
                     write s0 v0 #2; read s0 v0";
/// Step 3 brings a large folio back from the device.
const BACK: &str = "machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+2 rw; advise s0 v0+2 huge; \
                    migrate s0 v0+2 to d0; read s0 v0; read s0 v1";
/// Step 4 asks for a run where two of six frames are in use.
const THIRD: &str = "machine ram=6 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+4 rw; write s0 v2 #1; \
                    write s0 v3 #2; advise s0 v0+2 huge; write s0 v0 #3; read s0 v0";
/// Step 6 writes to a page of a large folio that was shared, and whose small entries are all of one space.
const ALONE: &str = "machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+2 rw; advise s0 v0+2 huge; \
                     write s0 v0 #1; protect s0 v0 r; fork s0 s1; exit s1; write s0 v1 #2; read s0 v1";
/// Step 3 collapses a page and a hole.
const COLLAPSE: &str = "machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+2 rw; write s0 v0 #1; \
                        read s0 v0; collapse s0 v0; read s0 v0";

fn huge(seen: &mut Observation, index: usize) -> &mut bool {
    match &mut seen.places[index].state {
        PlaceState::Mapped { entry: Entry::Maps { huge, .. } | Entry::Migrating { huge, .. }, .. } => huge,
        PlaceState::Mapped { entry: Entry::Hole, .. } | PlaceState::Unmapped => panic!("there is an entry"),
    }
}

fn folio(seen: &mut Observation, index: usize) -> &mut FolioView {
    seen.pages[index].folio.as_mut().expect("it is of a large folio")
}

pub(super) const ROWS: &[Row] = &[
    // Entries.
    once(
        "mapping.huge",
        "a huge entry is small",
        TWO,
        4,
        &[Lie::Shows(|it, _| (0..2).for_each(|at| *huge(it, at) = false))],
    ),
    once("mapping.huge", "a place of a huge entry is small", TWO, 4, &[Lie::Shows(|it, _| *huge(it, 3) = false)]),
    once("mapping.huge", "small entries are a huge one", SMALL, 2, &[Lie::Shows(|it, _| *huge(it, 0) = true)]),
    once(
        "mapping.huge",
        "a huge migration entry is small",
        COLLECTED,
        3,
        &[Lie::Shows(|it, _| (0..2).for_each(|at| *huge(it, at) = false))],
    ),
    // Which pages.
    once("folio.head", "a page of a large folio is small", TWO, 4, &[Lie::Shows(|it, _| it.pages[1].folio = None)]),
    once(
        "folio.head",
        "a large folio is small pages",
        TWO,
        4,
        &[Lie::Shows(|it, _| (0..2).for_each(|page| it.pages[page].folio = None))],
    ),
    once(
        "folio.head",
        "a small page is a large folio",
        SMALL,
        2,
        &[Lie::Shows(|it, _| {
            let head = it.pages[0].token;
            it.pages[0].folio = Some(FolioView { head, index: 0, mapcount: 1 });
        })],
    ),
    once(
        "folio.head",
        "pages of two folios change places",
        TWO,
        4,
        &[Lie::Shows(|it, _| {
            let heads = [folio(it, 0).head, folio(it, 2).head];
            (folio(it, 1).head, folio(it, 3).head) = (heads[1], heads[0]);
        })],
    ),
    once(
        "folio.head",
        "another page of a folio is its head",
        TWO,
        4,
        &[Lie::Shows(|it, whole| (0..2).for_each(|page| folio(it, page).head = whole.pages[1].token))],
    ),
    once(
        "folio.head",
        "the head of a folio is no page",
        TWO,
        4,
        &[Lie::Shows(|it, _| folio(it, 1).head = PageToken(77))],
    ),
    once(
        "folio.index",
        "the pages of a folio are in another order",
        TWO,
        4,
        &[Lie::Shows(|it, _| (folio(it, 2).index, folio(it, 3).index) = (1, 0))],
    ),
    once("folio.mapcount", "the mapcount of a folio", TWO, 4, &[Lie::Shows(|it, _| folio(it, 0).mapcount = 2)]),
    once(
        "folio.mapcount",
        "the mapcount of a folio, as a page shows it that nothing maps",
        PARTLY,
        3,
        &[Lie::Shows(|it, _| folio(it, 0).mapcount = 0)],
    ),
    once("refcount.count", "the refcount of a folio", TWO, 4, &[Lie::Shows(|it, _| it.pages[1].refcount += 1)]),
    once(
        "content.stamp",
        "what is in a page of a folio that nothing shows",
        PARTLY,
        3,
        &[Lie::Shows(|it, _| it.pages[0].stamp = Stamp(9))],
    ),
    once(
        "identity.live",
        "a page of a folio that nothing shows is missing",
        PARTLY,
        3,
        &[Lie::Shows(|it, _| it.pages.retain(|page| page.folio.is_none_or(|folio| folio.index > 0)))],
    ),
    // Frames.
    once(
        "placement.run",
        "a folio is not aligned",
        COLLECTED,
        2,
        &[Lie::Shows(|it, whole| lay_out(it, whole, &[1, 2], &[]))],
    ),
    once(
        "placement.run",
        "the pages of a folio are in another order",
        COLLECTED,
        2,
        &[Lie::Shows(|it, whole| lay_out(it, whole, &[1, 0], &[]))],
    ),
    once(
        "placement.run",
        "the pages of a folio are apart",
        COLLECTED,
        2,
        &[Lie::Shows(|it, whole| lay_out(it, whole, &[0, 3], &[]))],
    ),
    once(
        "placement.run",
        "a page of a folio on a device is apart",
        COLLECTED,
        6,
        &[Lie::Shows(|it, _| frame(it).offset = 3)],
    ),
    allowed("the last run of RAM", COLLECTED, &[Lie::Shows(|it, whole| lay_out(it, whole, &[6, 7], &[]))]),
    allowed("folios in another order", TWO, &[Lie::Shows(|it, whole| lay_out(it, whole, &[4, 5, 0, 1], &[]))]),
    // Runs.
    once("refusal.unjust", "a write finds no run", TWO, 2, &[Lie::Finds(&[false])]),
    once("refusal.unjust", "a fault finds no run in RAM", BACK, 3, &[Lie::Finds(&[false])]),
    once("refusal.unjust", "a collected folio finds no run on the device", COLLECTED, 4, &[Lie::Finds(&[false])]),
    once("refusal.unjust", "a migration finds no run on the device", BACK, 2, &[Lie::Finds(&[true, false])]),
    once("refusal.unjust", "a group finds no run to collapse into", COLLAPSE, 3, &[Lie::Refuses(Errno::ENOMEM)]),
    once(
        "refusal.unjust",
        "three pages leave the upper third free",
        THIRD,
        4,
        &[Lie::Finds(&[false]), Lie::Shows(|it, whole| lay_out(it, whole, &[0, 1, 2], &[]))],
    ),
    // What the rules leave to a subject that promises nothing.
    once("mapping.huge", "a group of holes is taken place by place", BACK, 2, &[Lie::Finds(&[false])]),
    once("identity.live", "a write brings a large folio without advice", SMALL, 1, &[Lie::Finds(&[true])]),
    once("outcome.errno", "places that are mapped alike are not collapsed", COLLAPSE, 3, &[Lie::Finds(&[false])]),
    once("identity.page", "a page of the only space of a folio is copied", ALONE, 6, &[Lie::Finds(&[false])]),
    just(
        "three pages leave no run free",
        THIRD,
        4,
        &[Lie::Finds(&[false]), Lie::Shows(|it, whole| lay_out(it, whole, &[0, 2, 4], &[]))],
    ),
];
