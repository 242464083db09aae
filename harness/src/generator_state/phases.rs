//! Which operation brings a slot to its next phase, by the columns of the table.

use stalemap_operations::{Act, Kind};

/// For each kind the one that brings the same slot to its next phase, or ends it after the last; for slots with phases.
pub(super) static NEXT_PHASE: [Option<Kind>; Kind::COUNT] = {
    let mut next = [None; Kind::COUNT];
    let mut i = 0;
    while i < Kind::COUNT {
        next[i] = phase_after(Kind::ALL[i]);
        i += 1;
    }
    next
};

/// The kind that brings a slot to its next phase after one of this kind.
const fn phase_after(kind: Kind) -> Option<Kind> {
    let row = kind.row();
    let Some(slot) = row.slot else {
        return None;
    };
    let from = match row.act {
        Act::Fills => 0,
        Act::Advances => kind as usize + 1,
        Act::Ends | Act::Opens | Act::Closes | Act::Moves | Act::Sets | Act::Uses => return None,
    };
    // The end comes only after a phase: nothing follows where there is none.
    let mut end = None;
    let mut has_phases = false;
    let mut i = 0;
    while i < Kind::COUNT {
        let other = Kind::ALL[i].row();
        if matches!(other.slot, Some(sort) if sort as u8 == slot as u8) {
            match other.act {
                Act::Advances if i >= from => return Some(other.kind),
                Act::Advances => has_phases = true,
                Act::Ends => end = Some(other.kind),
                Act::Fills | Act::Opens | Act::Closes | Act::Moves | Act::Sets | Act::Uses => {}
            }
        }
        i += 1;
    }
    if has_phases { end } else { None }
}
