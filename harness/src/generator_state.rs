//! The state that operations have probably set: what they named, filled and mapped; bugs need operations that meet.
//!
//! No subject is asked: an operation that was refused is taken for one that worked, so the state is a good guess only.

use std::ops::Range;

use stalemap_operations::{Access, Act, Field, Kind, Operation, Row};

use crate::random::Random;

/// How many places are remembered.
const REMEMBERED: usize = 4;
/// Spaces from this one on are not known, nor are pages, slots and spaces from 64 on.
const SPACES: u32 = 8;
/// The most slots of a sort.
const SLOTS: usize = 16;
/// Sorts of slots.
const SORTS: usize = 4;

/// A space and a page in it.
pub(crate) type Position = (u32, u32);

/// What a page must be so that an operation has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Unmapped,
    Mapped,
    /// Mapped, to be read and written.
    Open,
}

impl Want {
    /// What operations of this row want.
    #[inline]
    pub(crate) const fn of(row: &Row) -> Want {
        match row.act {
            Act::Opens => Want::Unmapped,
            Act::Closes | Act::Moves | Act::Sets => Want::Mapped,
            Act::Fills | Act::Ends | Act::Advances | Act::Uses => Want::Open,
        }
    }
}

/// What an operation names, by the sort of its fields; 0 where it has no such field.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Named {
    /// The first space, and the first page.
    pub(crate) place: Position,
    /// Pages from there on.
    pub(crate) count: u32,
    /// Index into [`Access::ALL`].
    pub(crate) access: u32,
    pub(crate) destination: u32,
    pub(crate) slot: u32,
    /// The second space.
    pub(crate) child: u32,
}

impl Named {
    /// Whether its places may be read and written afterwards.
    const fn is_open(&self) -> bool {
        self.access == Access::ReadWrite as u32
    }

    /// What this operation names.
    fn by(operation: &Operation) -> Named {
        let mut named = Named::default();
        let mut spaces = 0;
        for (field, value) in operation.values().iter() {
            match field {
                Field::Space if spaces > 0 => named.child = value,
                Field::Space => (named.place.0, spaces) = (value, 1),
                Field::Page => named.place.1 = value,
                Field::Count => named.count = value,
                Field::Destination => named.destination = value,
                Field::Transaction | Field::Pin | Field::Hold | Field::Block => named.slot = value,
                Field::Access => named.access = value,
                Field::Stamp | Field::Device | Field::Direction | Field::Order | Field::Mask => {}
            }
        }
        named
    }
}

/// Recently named places, the slots and spaces in use, the mapped places, and the phases that are under way.
#[derive(Clone, Debug)]
pub(crate) struct GeneratorState {
    /// The last one is at `latest`.
    recent: [Position; REMEMBERED],
    latest: usize,
    count: usize,
    /// For each sort of slot, and for spaces, the numbers in use as bits.
    used: [u64; Field::KINDS],
    /// For each space the mapped pages as bits.
    mapped: [u64; SPACES as usize],
    /// For each space those of them that may be read and written.
    open: [u64; SPACES as usize],
    /// Where each slot was filled, by sort.
    filled_at: [[Position; SLOTS]; SORTS],
    /// The next phase of the slot that was last filled or brought to a phase.
    next_phase: Option<(Kind, u32)>,
    /// The kind that last used a place.
    last_user: Option<Kind>,
    /// Where a slot was last filled with what is there: a page with more than its mappings.
    special: Option<Position>,
    /// The kind that last set a property that was not set back, and where.
    set_back: Option<(Kind, Position)>,
}

impl GeneratorState {
    pub(crate) fn new() -> GeneratorState {
        let mut state = GeneratorState {
            recent: [(0, 0); REMEMBERED],
            latest: 0,
            count: 0,
            used: [0; Field::KINDS],
            mapped: [0; SPACES as usize],
            open: [0; SPACES as usize],
            filled_at: [[(0, 0); SLOTS]; SORTS],
            next_phase: None,
            last_user: None,
            special: None,
            set_back: None,
        };
        // The first space is the only one that is always alive.
        state.fill(Field::Space, 0);
        state
    }

    /// Notes what an operation names and does, as if it were not refused.
    pub(crate) fn note(&mut self, operation: &Operation) {
        self.note_named(operation.kind().row(), &Named::by(operation));
    }

    /// Notes an operation of this row, which names this.
    #[inline]
    pub(crate) fn note_named(&mut self, row: &'static Row, named: &Named) {
        if row.names_place {
            self.name(named.place);
            match row.act {
                Act::Uses => self.last_user = Some(row.kind),
                Act::Sets if self.set_back.is_some() => self.set_back = None,
                Act::Sets => self.set_back = Some((row.kind, named.place)),
                Act::Fills | Act::Ends | Act::Opens | Act::Closes | Act::Moves | Act::Advances => {}
            }
        }
        match row.slot {
            Some(sort) => self.note_slot(row, sort, named),
            None => self.note_places(row, named),
        }
    }

    /// The slot that is named is now in use, in another phase, or empty.
    fn note_slot(&mut self, row: &'static Row, sort: Field, named: &Named) {
        let slot = named.slot;
        let filled_at = self.filled_at[sort as usize % SORTS][slot as usize % SLOTS];
        match row.act {
            // Where nothing is mapped it fills nothing.
            Act::Fills if row.names_place && self.run(named.place, Want::Open) == 0 => {}
            Act::Fills => {
                self.fill(sort, slot);
                self.filled_at[sort as usize % SORTS][slot as usize % SLOTS] = self.recent[self.latest];
                if row.names_place {
                    self.special = Some(named.place);
                }
                self.go_on(row.kind, slot);
            }
            // What is used next is likely to be what the slot is about.
            Act::Advances => {
                self.name(filled_at);
                self.go_on(row.kind, slot);
            }
            Act::Ends => {
                self.name(filled_at);
                self.empty(sort, slot);
                if self.next_phase.is_some_and(|next| next.0 == row.kind) {
                    self.next_phase = None;
                }
            }
            Act::Uses => self.name(filled_at),
            Act::Opens | Act::Closes | Act::Moves | Act::Sets => {}
        }
    }

    /// After an operation of this kind on the slot, the next phase may follow.
    fn go_on(&mut self, kind: Kind, slot: u32) {
        if let Some(next) = NEXT_PHASE[kind as usize] {
            self.next_phase = Some((next, slot));
        }
    }

    /// The spaces and places that are named are in use, or are not.
    fn note_places(&mut self, row: &'static Row, named: &Named) {
        let (space, page) = named.place;
        let count = named.count;
        match row.act {
            Act::Uses | Act::Advances => {}
            Act::Opens if !self.is_alive(space) || self.run(named.place, Want::Unmapped) < count => {}
            Act::Opens => self.map(space, page..page + count, true, named.is_open()),
            Act::Closes => self.map(space, page..page + count, false, false),
            Act::Sets => {
                let mapped = self.run(named.place, Want::Mapped).min(count);
                self.map(space, page..page + mapped, true, named.is_open());
            }
            Act::Moves if page.abs_diff(named.destination) < count => {}
            Act::Moves => {
                let mapped = self.run(named.place, Want::Mapped).min(count);
                let open = self.run(named.place, Want::Open) >= mapped;
                self.map(space, page..page + mapped, false, false);
                self.map(space, named.destination..named.destination + mapped, true, open);
                self.name((space, named.destination));
            }
            // A space is filled with what is in the first.
            Act::Fills if !self.is_alive(space) || self.is_alive(named.child) => {}
            Act::Fills => {
                self.fill(Field::Space, named.child);
                self.copy(space, named.child);
                let page = match self.special {
                    Some((in_space, page)) if in_space == space => page,
                    _ => self.recent[self.latest].1,
                };
                self.name((named.child, page));
            }
            Act::Ends => self.empty(Field::Space, space),
        }
    }

    /// Whether a space is in use.
    #[inline]
    fn is_alive(&self, space: u32) -> bool {
        self.used[Field::Space as usize] & bit(space) != 0
    }

    /// A place was named.
    #[inline]
    fn name(&mut self, place: Position) {
        if self.recent[self.latest] != place || self.count == 0 {
            self.latest = (self.latest + 1) % REMEMBERED;
            self.recent[self.latest] = place;
            self.count = (self.count + 1).min(REMEMBERED);
        }
    }

    /// What is worth doing again at the same place with other values: what set a property that was not set back, or
    /// what was done last.
    #[inline]
    pub(crate) fn again(&self) -> Option<(Kind, Position)> {
        self.set_back.or_else(|| self.last_user.map(|kind| (kind, self.recent[self.latest])))
    }

    /// A place that was named recently: `back` of them were named since then, if there are so many.
    #[inline]
    pub(crate) fn named(&self, back: u32) -> Option<Position> {
        let back = back as usize;
        (back < self.count).then(|| self.recent[(self.latest + REMEMBERED - back) % REMEMBERED])
    }

    /// The operation that brings the slot that was last filled or brought to a phase to its next phase, and the slot.
    #[inline]
    pub(crate) fn next_phase(&self) -> Option<(Kind, u32)> {
        self.next_phase
    }

    /// Where a slot was last filled with what is at a place.
    #[inline]
    pub(crate) fn special(&self) -> Option<Position> {
        self.special
    }

    /// The first slot in use from this one on, or of all.
    #[inline]
    pub(crate) fn used_from(&self, sort: Field, first: u32) -> Option<u32> {
        first_bit(self.used[sort as usize], first)
    }

    /// The first slot, of so many, that is not in use from this one on, or of all.
    #[inline]
    pub(crate) fn unused_from(&self, sort: Field, choices: u32, first: u32) -> Option<u32> {
        first_bit(!self.used[sort as usize] & below(choices), first)
    }

    /// From now on the slot or space is in use.
    fn fill(&mut self, field: Field, number: u32) {
        self.used[field as usize] |= bit(number);
    }

    /// From now on the slot or space is not in use, and nothing is mapped in the space. The first space always is.
    fn empty(&mut self, field: Field, number: u32) {
        if field == Field::Space {
            if number == 0 {
                return;
            }
            if number < SPACES {
                (self.mapped[number as usize], self.open[number as usize]) = (0, 0);
            }
        }
        self.used[field as usize] &= !bit(number);
    }

    /// A slot or space that is in use, not below `lowest`.
    #[inline]
    pub(crate) fn used(&self, field: Field, lowest: u32, random: &mut Random) -> Option<u32> {
        pick_bit(self.used[field as usize] & !below(lowest), random)
    }

    /// A slot or space, of so many, that is not in use.
    #[inline]
    pub(crate) fn unused(&self, field: Field, choices: u32, random: &mut Random) -> Option<u32> {
        pick_bit(!self.used[field as usize] & below(choices), random)
    }

    /// A space now has the mapped places of another one.
    fn copy(&mut self, from: u32, to: u32) {
        if from.max(to) < SPACES {
            self.mapped[to as usize] = self.mapped[from as usize];
            self.open[to as usize] = self.open[from as usize];
        }
    }

    /// From now on these pages of a space are mapped, or are not, and may be read and written, or not.
    fn map(&mut self, space: u32, pages: Range<u32>, are_mapped: bool, are_open: bool) {
        if space < SPACES {
            let pages = below(pages.end) & !below(pages.start);
            let set = |bits: &mut u64, are: bool| *bits = if are { *bits | pages } else { *bits & !pages };
            set(&mut self.mapped[space as usize], are_mapped);
            set(&mut self.open[space as usize], are_open);
        }
    }

    /// A page of a space, of so many, as it is wanted.
    #[inline]
    pub(crate) fn page(&self, space: u32, pages: u32, want: Want, random: &mut Random) -> Option<u32> {
        pick_bit(self.alike(space, want) & below(pages), random)
    }

    /// Whether no slot of this sort is in use, or no space but the first one.
    #[inline]
    pub(crate) fn is_empty(&self, field: Field) -> bool {
        self.used[field as usize] & !u64::from(field == Field::Space) == 0
    }

    /// Whether all slots or spaces, of so many, are in use.
    #[inline]
    pub(crate) fn is_full(&self, field: Field, choices: u32) -> bool {
        !self.used[field as usize] & below(choices) == 0
    }

    /// Whether no page is as it is wanted.
    #[inline]
    pub(crate) fn has_none(&self, want: Want) -> bool {
        match want {
            Want::Unmapped => false,
            Want::Mapped => self.mapped.iter().fold(0, |all, pages| all | pages) == 0,
            Want::Open => self.open.iter().fold(0, |all, pages| all | pages) == 0,
        }
    }

    /// How many pages from this one on, at least 1, an operation may take that wants them so: those that are not known may
    /// be anything.
    #[inline]
    pub(crate) fn reach(&self, place: Position, want: Want) -> u32 {
        let run = self.run(place, want);
        if place.1 + run < u64::BITS { run.max(1) } else { u32::MAX }
    }

    /// How many pages from this one on are as they are wanted.
    #[inline]
    pub(crate) fn run(&self, (space, page): Position, want: Want) -> u32 {
        (self.alike(space, want).checked_shr(page).unwrap_or(0)).trailing_ones()
    }

    /// The pages of a space that are as they are wanted; none where that is not known.
    #[inline]
    fn alike(&self, space: u32, want: Want) -> u64 {
        if space >= SPACES {
            return 0;
        }
        match want {
            Want::Unmapped => !self.mapped[space as usize],
            Want::Mapped => self.mapped[space as usize],
            Want::Open => self.open[space as usize],
        }
    }
}

/// For each kind the one that brings the same slot to its next phase, or ends it after the last; for slots with phases.
static NEXT_PHASE: [Option<Kind>; Kind::COUNT] = {
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

/// The bit of a number; none for numbers that are not known.
#[inline]
fn bit(number: u32) -> u64 {
    1_u64.checked_shl(number).unwrap_or(0)
}

/// The bits of all numbers below this one.
#[inline]
fn below(number: u32) -> u64 {
    bit(number).wrapping_sub(1)
}

/// The number of the first bit from this one on, or of all.
#[inline]
fn first_bit(bits: u64, first: u32) -> Option<u32> {
    let behind = bits & !below(first);
    let bits = if behind == 0 { bits } else { behind };
    (bits != 0).then(|| bits.trailing_zeros())
}

/// The number of one of the bits.
#[inline]
fn pick_bit(mut bits: u64, random: &mut Random) -> Option<u32> {
    let count = bits.count_ones();
    if count == 0 {
        return None;
    }
    for _ in 0..random.below(count) {
        bits &= bits - 1;
    }
    Some(bits.trailing_zeros())
}

#[cfg(test)]
mod tests;
