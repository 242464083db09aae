//! What follows from an operation's row in the table for somebody who draws operations: what it fills, opens, ends.

use stalemap_operations::{EffectShape, Errno, Field, Kind, Row};

/// What follows from a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nature {
    /// The sort of slot that it names.
    pub(crate) slot: Option<Field>,
    /// It names a place.
    pub(crate) has_place: bool,
    /// It fills what it names: it is refused where that is in use.
    pub(crate) fills: bool,
    /// It makes room: it is refused where there is some already.
    pub(crate) opens: bool,
    /// It takes room away: it frees pages, and no place of its range can be wrong.
    pub(crate) closes: bool,
    /// It leaves the slot or space that it names empty: it names nothing else, and pages end by it, or nothing is to be
    /// seen and the slot's use has no phases.
    pub(crate) ends: bool,
    /// It takes room from one place to another.
    pub(crate) moves: bool,
}

/// The natures of all kinds.
static NATURES: [Nature; Kind::COUNT] = {
    let mut natures = [Nature::from_row(Kind::ALL[0].row()); Kind::COUNT];
    let mut i = 1;
    while i < Kind::COUNT {
        natures[i] = Nature::from_row(Kind::ALL[i].row());
        i += 1;
    }
    natures
};

impl Nature {
    /// The nature of a kind.
    #[inline]
    pub(crate) fn of(kind: Kind) -> &'static Nature {
        &NATURES[kind as usize]
    }

    /// The nature that a row describes.
    pub(crate) const fn from_row(row: &Row) -> Nature {
        let has_place = has(row, Field::Page);
        let frees_pages = matches!(row.effect, EffectShape::PagesFreed | EffectShape::Freed);
        let shows_nothing = matches!(row.effect, EffectShape::Nothing);
        let can_be_wrong = refuses(row, Errno::EFAULT) || refuses(row, Errno::ENOMEM);
        Nature {
            slot: slot_of(row),
            has_place,
            fills: refuses(row, Errno::EBUSY),
            opens: refuses(row, Errno::EEXIST),
            closes: has_place && frees_pages && !can_be_wrong,
            ends: row.fields.len() == 1 && (frees_pages || shows_nothing && !refuses(row, Errno::EINVAL)),
            moves: has(row, Field::Destination),
        }
    }
}

/// Whether the operation may be refused with this errno.
const fn refuses(row: &Row, errno: Errno) -> bool {
    let mut i = 0;
    while i < row.refusals.len() {
        if row.refusals[i] as u8 == errno as u8 {
            return true;
        }
        i += 1;
    }
    false
}

/// Whether the operation has this field.
const fn has(row: &Row, field: Field) -> bool {
    let mut i = 0;
    while i < row.fields.len() {
        if row.fields[i] as u8 == field as u8 {
            return true;
        }
        i += 1;
    }
    false
}

/// The sort of slot that the operation names.
const fn slot_of(row: &Row) -> Option<Field> {
    let mut i = 0;
    while i < row.fields.len() {
        if is_slot(row.fields[i]) {
            return Some(row.fields[i]);
        }
        i += 1;
    }
    None
}

/// Whether the field names a slot.
pub(crate) const fn is_slot(field: Field) -> bool {
    matches!(field, Field::Transaction | Field::Pin | Field::Hold | Field::Block)
}

#[cfg(test)]
mod tests {
    use stalemap_operations::Kind;

    use super::Nature;

    #[test]
    fn the_rows_say_what_fills_opens_closes_ends_and_moves() {
        let words = |has: fn(&Nature) -> bool| {
            let kinds = Kind::ALL.iter().filter(|&&kind| has(Nature::of(kind)));
            kinds.map(|kind| kind.row().word).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words(|it| it.fills), "alloc fork setup collect pin hold");
        assert_eq!(words(|it| it.opens), "map");
        assert_eq!(words(|it| it.closes), "unmap");
        assert_eq!(words(|it| it.ends), "free exit finalize unpin release");
        assert_eq!(words(|it| it.moves), "move");
    }
}
