//! The state that operations have probably set: what they named, filled and mapped; bugs need operations that meet.
//!
//! Nobody asks a subject: an operation that was refused is taken for one that worked, so the state is a good guess only.

use std::ops::Range;

use stalemap_operations::{Act, Field, FieldValues, Operation};

use crate::random::Random;

/// How many places are remembered.
const REMEMBERED: usize = 4;
/// Spaces from this one on are not known, nor are pages, slots and spaces from 64 on.
const SPACES: u32 = 8;

/// Recently named places, the slots and spaces in use, and the mapped places.
#[derive(Clone, Debug)]
pub(crate) struct GeneratorState {
    recent: [(u32, u32); REMEMBERED],
    count: usize,
    next: usize,
    /// For each sort of slot, and for spaces, the numbers in use as bits.
    used: [u64; Field::KINDS],
    /// For each space the mapped pages as bits.
    mapped: [u64; SPACES as usize],
}

impl GeneratorState {
    pub(crate) fn new() -> GeneratorState {
        let mut state = GeneratorState {
            recent: [(0, 0); REMEMBERED],
            count: 0,
            next: 0,
            used: [0; Field::KINDS],
            mapped: [0; SPACES as usize],
        };
        // The first space is the only one that is always alive.
        state.fill(Field::Space, 0);
        state
    }

    /// Notes what an operation names and does, as if it were not refused.
    pub(crate) fn note(&mut self, operation: &Operation) {
        let row = operation.kind().row();
        let place = operation.first_place().map(|(space, page)| (space.0, page.0));
        if let Some(place) = place {
            self.name(place);
        }
        if row.act == Act::Ends {
            operation.values().iter().for_each(|(field, value)| self.empty(field, value));
        }
        // Where nothing is mapped it fills nothing.
        if row.act == Act::Fills && place.is_none_or(|(space, page)| self.run(space, page, true) > 0) {
            self.fill_named(row.slot, &operation.values());
        }
        let Some((space, page)) = place.filter(|_| matches!(row.act, Act::Opens | Act::Closes | Act::Moves)) else {
            return;
        };
        let values = operation.values();
        let count = values.last(Field::Count);
        self.map(space, page..page + count, row.act == Act::Opens);
        if row.act == Act::Moves {
            let to = values.last(Field::Destination);
            self.map(space, to..to + count, true);
        }
    }

    /// The slot that is named is now in use. A space other than the first one that is named is filled as a slot is:
    /// with what is in the first.
    fn fill_named(&mut self, slot: Option<Field>, values: &FieldValues) {
        let mut first = None;
        for (field, value) in values.iter() {
            match (field, first) {
                (Field::Space, None) => first = Some(value),
                (Field::Space, Some(from)) => {
                    self.fill(field, value);
                    self.copy(from, value);
                }
                (_, _) if slot == Some(field) => self.fill(field, value),
                (_, _) => {}
            }
        }
    }

    /// A place, as space and page, was named.
    fn name(&mut self, place: (u32, u32)) {
        if !self.recent[..self.count].contains(&place) {
            self.recent[self.next] = place;
            self.next = (self.next + 1) % REMEMBERED;
            self.count = (self.count + 1).min(REMEMBERED);
        }
    }

    /// A place that was named recently.
    pub(crate) fn named(&self, random: &mut Random) -> Option<(u32, u32)> {
        random.pick(&self.recent[..self.count]).copied()
    }

    /// From now on the slot or space is in use.
    fn fill(&mut self, field: Field, number: u32) {
        self.used[field as usize] |= bit(number);
    }

    /// From now on the slot or space is not in use, and nothing is mapped in the space. The first space always is.
    fn empty(&mut self, field: Field, number: u32) {
        if field == Field::Space {
            if let Some(mapped) = self.mapped.get_mut(number as usize) {
                *mapped = 0;
            }
            if number == 0 {
                return;
            }
        }
        self.used[field as usize] &= !bit(number);
    }

    /// A slot or space that is in use, not below `lowest`.
    pub(crate) fn used(&self, field: Field, lowest: u32, random: &mut Random) -> Option<u32> {
        pick_bit(self.used[field as usize] & !below(lowest), random)
    }

    /// A slot or space, of so many, that is not in use.
    pub(crate) fn unused(&self, field: Field, choices: u32, random: &mut Random) -> Option<u32> {
        pick_bit(!self.used[field as usize] & below(choices), random)
    }

    /// A space now has the mapped places of another one.
    fn copy(&mut self, from: u32, to: u32) {
        if from.max(to) < SPACES {
            self.mapped[to as usize] = self.mapped[from as usize];
        }
    }

    /// From now on these pages of a space are mapped, or are not.
    fn map(&mut self, space: u32, pages: Range<u32>, are_mapped: bool) {
        if let Some(mapped) = self.mapped.get_mut(space as usize) {
            let pages = below(pages.end) & !below(pages.start);
            *mapped = if are_mapped { *mapped | pages } else { *mapped & !pages };
        }
    }

    /// A page of a space, of so many, that is mapped, or is not.
    pub(crate) fn page(&self, space: u32, pages: u32, is_mapped: bool, random: &mut Random) -> Option<u32> {
        pick_bit(self.alike(space, is_mapped) & below(pages), random)
    }

    /// Whether no slot of this sort is in use, or no space but the first one.
    pub(crate) fn is_empty(&self, field: Field) -> bool {
        self.used[field as usize] & !u64::from(field == Field::Space) == 0
    }

    /// Whether all slots or spaces, of so many, are in use.
    pub(crate) fn is_full(&self, field: Field, choices: u32) -> bool {
        !self.used[field as usize] & below(choices) == 0
    }

    /// Whether no page is mapped anywhere.
    pub(crate) fn is_nothing_mapped(&self) -> bool {
        self.mapped == [0; SPACES as usize]
    }

    /// How many pages from this one on are mapped, or are not, as it is.
    pub(crate) fn run(&self, space: u32, page: u32, is_mapped: bool) -> u32 {
        (self.alike(space, is_mapped).checked_shr(page).unwrap_or(0)).trailing_ones()
    }

    /// The pages of a space that are mapped, or are not.
    fn alike(&self, space: u32, are_mapped: bool) -> u64 {
        let mapped = self.mapped.get(space as usize).copied();
        mapped.map_or(0, |mapped| if are_mapped { mapped } else { !mapped })
    }
}

/// The bit of a number; none for numbers that are not known.
fn bit(number: u32) -> u64 {
    1_u64.checked_shl(number).unwrap_or(0)
}

/// The bits of all numbers below this one.
fn below(number: u32) -> u64 {
    bit(number).wrapping_sub(1)
}

/// The number of one of the bits.
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
mod tests {
    use stalemap_operations::{Field, Trace};

    use super::GeneratorState;
    use crate::random::Random;

    fn after(lines: &str) -> GeneratorState {
        let trace = Trace::parse(&format!("machine ram=4 device=2 spaces=3 pages=8\n{lines}")).expect("a good text");
        let mut state = GeneratorState::new();
        trace.operations().for_each(|operation| state.note(&operation));
        state
    }

    #[test]
    fn places_are_mapped_by_map_fork_and_move_until_unmap_or_exit() {
        let mapped = |lines: &str| {
            let state = after(lines);
            [0, 1].map(|space| (0..8).filter(|&page| state.run(space, page, true) > 0).collect::<Vec<_>>())
        };
        assert_eq!(mapped("map s0 v2+3 rw\n"), [vec![2, 3, 4], vec![]]);
        assert_eq!(mapped("map s0 v2+3 rw\nunmap s0 v3\n"), [vec![2, 4], vec![]]);
        assert_eq!(mapped("map s0 v2+3 rw\nmove s0 v2+2 v6\n"), [vec![4, 6, 7], vec![]]);
        assert_eq!(mapped("map s0 v2+3 rw\nfork s0 s1\nunmap s0 v2\n"), [vec![3, 4], vec![2, 3, 4]]);
        assert_eq!(mapped("map s0 v2+3 rw\nfork s0 s1\nexit s1\n"), [vec![2, 3, 4], vec![]]);
    }

    #[test]
    fn slots_and_spaces_are_in_use_from_what_fills_them_to_what_ends_them() {
        let used = |lines: &str, field| {
            let state = after(lines);
            (0..4).filter(|&number| state.used[field as usize] >> number & 1 == 1).collect::<Vec<_>>()
        };
        assert_eq!(used("map s0 v0+8 rw\npin k1 s0 v0\npin k2 s0 v1\nunpin k1\n", Field::Pin), [2]);
        assert_eq!(used("pin k1 s0 v0\n", Field::Pin), [0; 0], "there is nothing to pin");
        assert_eq!(used("alloc b3 0\nsplit b3\n", Field::Block), [3]);
        assert_eq!(used("alloc b3 0\nfree b3\n", Field::Block), [0; 0]);
        assert_eq!(used("fork s0 s2\nfork s0 s1\nexit s2\n", Field::Space), [0, 1]);
        assert_eq!(used("exit s0\n", Field::Space), [0], "the first space always lives");
    }

    #[test]
    fn picks_are_made_among_what_there_is() {
        let state = after("map s0 v6+2 rw\ncollect t1 d0\n");
        let mut random = Random::new(1, 1);
        for _ in 0..20 {
            assert_eq!(state.used(Field::Transaction, 0, &mut random), Some(1));
            assert_ne!(state.unused(Field::Transaction, 4, &mut random), Some(1));
            assert!(state.page(0, 8, true, &mut random).is_some_and(|page| page >= 6));
            assert!(state.page(0, 8, false, &mut random).is_some_and(|page| page < 6));
        }
        assert_eq!(state.used(Field::Space, 1, &mut random), None, "no space but the first");
        assert!(state.is_full(Field::Space, 1) && !state.is_full(Field::Space, 2) && state.is_empty(Field::Space));
    }
}
