//! The state that operations have probably set: what they named, filled and mapped; bugs need operations that meet.
//!
//! No subject is asked: an operation that was refused is taken for one that worked, so the state is a good guess only.

mod bits;
mod mapped;
mod named;
mod phases;

use stalemap_operations::{Act, Field, Kind, Operation, Row};

use self::bits::{below, bit, first_bit, pick_bit};
use self::mapped::Mapped;
pub(crate) use self::named::{Named, Position, Want};
use self::phases::NEXT_PHASE;
use crate::random::Random;

/// How many places are remembered.
const REMEMBERED: usize = 4;
/// Spaces below this one are known one by one.
const WORD: u32 = u64::BITS;
/// The most slots of a sort.
const SLOTS: usize = 16;
/// Sorts of slots.
const SORTS: usize = 4;

/// Recently named places, the slots and spaces in use, the mapped places, and the phases that are under way.
#[derive(Clone, Debug)]
pub(crate) struct GeneratorState {
    /// The last one is at `latest`.
    recent: [Position; REMEMBERED],
    latest: usize,
    count: usize,
    /// For each sort of slot, and for spaces, the numbers in use as bits.
    used: [u64; Field::KINDS],
    /// The first space, from [`WORD`] on, that is not in use: those behind a word of them are filled in turn.
    beyond: u32,
    mapped: Mapped,
    /// Where each slot was filled, by sort.
    filled_at: [[Position; SLOTS]; SORTS],
    /// The next phase of the slot that was last filled or brought to a phase.
    next_phase: Option<(Kind, u32)>,
    /// The kind that last used a place.
    last_user: Option<Kind>,
    /// Where a slot was last filled with what is there: a page with more than its mappings.
    special: Option<Position>,
    /// The place that an operation with a device named last: its page may be on the device.
    on_device: Option<Position>,
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
            beyond: WORD,
            mapped: Mapped::default(),
            filled_at: [[(0, 0); SLOTS]; SORTS],
            next_phase: None,
            last_user: None,
            special: None,
            on_device: None,
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

    /// Notes an operation of this row, which names this. Inlined with what it calls: the calls took 27 of 376 instructions that
    /// it costs to generate an operation.
    #[inline(always)]
    pub(crate) fn note_named(&mut self, row: &'static Row, named: &Named) {
        if row.names_place {
            self.name(named.place);
            if row.has(Field::Device) {
                self.on_device = Some(named.place);
            }
            match row.act {
                Act::Uses => self.last_user = Some(row.kind),
                Act::Sets if !row.has(Field::Access) => {}
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
    #[inline(always)]
    fn note_slot(&mut self, row: &'static Row, sort: Field, named: &Named) {
        let slot = named.slot;
        let filled_at = self.filled_at[sort as usize % SORTS][slot as usize % SLOTS];
        match row.act {
            // Where nothing is mapped it fills nothing.
            Act::Fills if row.names_place && self.mapped.run(named.place, Want::Open) == 0 => {}
            Act::Fills => {
                self.fill(sort, slot);
                self.filled_at[sort as usize % SORTS][slot as usize % SLOTS] = self.recent[self.latest];
                if row.names_place {
                    self.special = Some(named.place);
                } else if row.has(Field::Device) {
                    // What is on a device is what the slot has then.
                    self.special = self.on_device.or(self.special);
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
    #[inline(always)]
    fn note_places(&mut self, row: &'static Row, named: &Named) {
        let (space, page) = named.place;
        let count = named.count;
        match row.act {
            Act::Uses | Act::Advances => {}
            // What it sets is not known of places.
            Act::Sets if !row.has(Field::Access) => {}
            Act::Opens if !self.is_alive(space) || self.mapped.run(named.place, Want::Unmapped) < count => {}
            Act::Opens => self.mapped.map(space, page..page + count, true, named.is_open()),
            Act::Closes => self.mapped.map(space, page..page + count, false, false),
            Act::Sets => {
                let mapped = self.mapped.run(named.place, Want::Mapped).min(count);
                self.mapped.map(space, page..page + mapped, true, named.is_open());
            }
            Act::Moves if page.abs_diff(named.destination) < count => {}
            Act::Moves => {
                let mapped = self.mapped.run(named.place, Want::Mapped).min(count);
                let open = self.mapped.run(named.place, Want::Open) >= mapped;
                self.mapped.map(space, page..page + mapped, false, false);
                self.mapped.map(space, named.destination..named.destination + mapped, true, open);
                self.name((space, named.destination));
            }
            // A space is filled with what is in the first.
            Act::Fills if !self.is_alive(space) || self.is_alive(named.child) => {}
            Act::Fills => {
                self.fill(Field::Space, named.child);
                self.mapped.copy(space, named.child);
                let page = match self.special {
                    Some((in_space, page)) if in_space == space => page,
                    _ => self.recent[self.latest].1,
                };
                // The copy of what is special is more special than the original.
                if matches!(self.special, Some((in_space, _)) if in_space == space) {
                    self.special = Some((named.child, page));
                }
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

    /// What set a property that was not set back, and where: set back, it must leave what was there before.
    #[inline]
    pub(crate) fn set_back(&self) -> Option<(Kind, Position)> {
        self.set_back
    }

    /// What was done last at the place that was named last: worth doing again with other values.
    #[inline]
    pub(crate) fn again(&self) -> Option<(Kind, Position)> {
        self.last_user.map(|kind| (kind, self.recent[self.latest]))
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
        if number >= WORD {
            self.beyond = self.beyond.max(number + 1);
        }
    }

    /// From now on the slot or space is not in use, and nothing is mapped in the space. The first space always is.
    fn empty(&mut self, field: Field, number: u32) {
        if field == Field::Space {
            if number == 0 {
                return;
            }
            self.mapped.end(number);
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
        let in_word = pick_bit(!self.used[field as usize] & below(choices), random);
        in_word.or((self.beyond < choices).then_some(self.beyond))
    }

    /// Whether no slot of this sort is in use, or no space but the first one.
    #[inline]
    pub(crate) fn is_empty(&self, field: Field) -> bool {
        self.used[field as usize] & !u64::from(field == Field::Space) == 0
    }

    /// Whether all slots or spaces, of so many, are in use.
    #[inline]
    pub(crate) fn is_full(&self, field: Field, choices: u32) -> bool {
        !self.used[field as usize] & below(choices) == 0 && (choices <= WORD || self.beyond >= choices)
    }

    /// A page of a space, of so many, as it is wanted.
    #[inline]
    pub(crate) fn page(&self, space: u32, pages: u32, want: Want, random: &mut Random) -> Option<u32> {
        self.mapped.page(space, pages, want, random)
    }

    /// Whether no page is as it is wanted.
    #[inline]
    pub(crate) fn has_none(&self, want: Want) -> bool {
        self.mapped.has_none(want)
    }

    /// How many pages from this one on, at least 1, an operation may take that wants them so: those that are not known may
    /// be anything.
    #[inline]
    pub(crate) fn reach(&self, place: Position, want: Want) -> u32 {
        self.mapped.reach(place, want)
    }

    /// How many pages from this one on are as they are wanted.
    #[inline]
    pub(crate) fn run(&self, place: Position, want: Want) -> u32 {
        self.mapped.run(place, want)
    }
}

#[cfg(test)]
mod tests;
