//! Steps that touch nothing, or less than they show: what is seen of them all the same.

use stalemap_operations::{Entry, Observation, Place, PlaceState, Space, Stamp};

use super::{Row, S0_V0, allowed, lay_out, once};
use crate::liar::Lie;

/// Step 2 is refused and touches nothing; there is a page in RAM.
const REFUSED_PAGE: &str = "map s0 v0+2 rw; write s0 v0 #1; map s0 v0+1 rw; read s0 v0";
/// Step 1 makes a space that has nothing, and step 2 ends it.
const EMPTY: &str = "read s0 v0; fork s0 s1; exit s1; read s0 v0";
/// Step 3 takes both a page of s0 and one that is s1's alone from s1; the second has ended then. Step 4 takes a frame.
const ONE_OF_TWO: &str = "map s0 v0+2 rw; write s0 v0 #1; fork s0 s1; write s1 v1 #2; exit s1; alloc b0 0; read s0 v0";

pub(super) const ROWS: &[Row] = &[
    once(
        "mapping.writable",
        "a refused operation writes an entry, and says so",
        REFUSED_PAGE,
        2,
        &[
            Lie::Shows(spoil_entry),
            Lie::Touches(|touched| {
                touched.places.push(S0_V0);
                true
            }),
        ],
    ),
    once(
        "mapping.writable",
        "a refused operation writes an entry, and the subject cannot tell",
        REFUSED_PAGE,
        2,
        &[Lie::Shows(spoil_entry), Lie::Touches(|_| false)],
    ),
    once(
        "content.stamp",
        "a refused operation writes a page, and says so",
        REFUSED_PAGE,
        2,
        &[
            Lie::Shows(|it, _| it.pages.iter_mut().for_each(|page| page.stamp = Stamp(9))),
            Lie::Touches(|touched| {
                touched.pages.push(stalemap_operations::PageToken(0));
                true
            }),
        ],
    ),
    once(
        "mapping.alive",
        "a space that has nothing is not made",
        EMPTY,
        1,
        &[Lie::Shows(|it, _| it.alive.remove(Space(1)))],
    ),
    once(
        "mapping.alive",
        "a space that has nothing does not end",
        EMPTY,
        2,
        &[Lie::Shows(|it, _| it.alive.insert(Space(1)))],
    ),
    once("mapping.alive", "a refused operation ends a space", REFUSED_PAGE, 2, &[Lie::Shows(|it, _| it.alive.clear())]),
    once(
        "mapping.locked",
        "a refused operation locks a space",
        REFUSED_PAGE,
        2,
        &[Lie::Shows(|it, _| it.locked.insert(Space(0)))],
    ),
    once(
        "conservation.free",
        "a refused operation loses a frame",
        REFUSED_PAGE,
        2,
        &[Lie::Shows(|it, _| it.free[0] -= 1)],
    ),
    once(
        "conservation.free",
        "a refused operation loses a frame of the last device",
        REFUSED_PAGE,
        2,
        &[Lie::Shows(|it, _| it.free[2] -= 1)],
    ),
    once(
        "mapping.alive",
        "the last of all spaces is dead",
        "machine ram=4 spaces=512 pages=1; map s0 v0+1 rw; write s0 v0 #1; fork s0 s511; read s0 v0",
        2,
        &[Lie::Shows(|it, _| it.alive.remove(Space(511)))],
    ),
    once(
        "mapping.locked",
        "the last of all spaces is locked",
        "machine ram=4 spaces=512 pages=1; map s0 v0+1 rw; write s0 v0 #1; fork s0 s511; read s0 v0",
        2,
        &[Lie::Shows(|it, _| it.locked.insert(Space(511)))],
    ),
    allowed(
        "a page stays where another ends, and a block takes the frame",
        ONE_OF_TWO,
        &[Lie::Shows(|it, whole| lay_out(it, whole, &[1, 2], &[2]))],
    ),
    allowed(
        "pages are shown twice where not everything is looked at",
        ONE_OF_TWO,
        &[Lie::Shows(|it, whole| {
            if is_part(it, whole) {
                it.pages.extend_from_within(..);
            }
        })],
    ),
];

/// Whether less than everything is looked at.
fn is_part(seen: &Observation, whole: &Observation) -> bool {
    let places = |seen: &Observation| seen.places.iter().map(|view| view.place).collect::<Vec<Place>>();
    places(seen) != places(whole) || seen.slots.len() != whole.slots.len()
}

/// Turns the writable bit of s0 v0, where it is shown.
fn spoil_entry(seen: &mut Observation, _: &Observation) {
    let view = seen.places.iter_mut().find(|view| view.place == S0_V0);
    if let Some(PlaceState::Mapped { entry: Entry::Maps { writable, .. }, .. }) = view.map(|view| &mut view.state) {
        *writable ^= true;
    }
}
