//! Large worlds: seldom, an execution whose machine and length go past the limits of data structures.
//!
//! Words, levels of words, lists in front of the allocator, slots and counts in a byte break only when there is enough
//! of something. Such an execution costs as much as hundreds of small ones, so there are few. What they are past is said
//! by the marks of the reference that begin with [`LIMIT`](stalemap_reference::LIMIT).

use stalemap_operations::{Act, Dialect, Field, Kind, KindSet, Machine, Row, Space};

use crate::huge_orders::HugeOrders;
use crate::random::Random;
use crate::sample::{Given, slots};

/// One execution of so many is large.
pub(crate) const SHARE: u32 = 1 << 13;

/// One wide world of so many has thousands of places.
const VAST_SHARE: u32 = 8;

/// How large a world is, and how its execution begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LargeWorld {
    pub(crate) machine: Machine,
    /// Spaces that are filled with what is in others before anything else is done.
    pub(crate) forks: u32,
    /// Whether every slot is filled before anything else is done, but those that lock a space.
    pub(crate) fills_slots: bool,
    /// Whether operations take a whole space now and then.
    pub(crate) is_wide: bool,
    /// The execution has so many times the operations of a small one, besides the opening.
    pub(crate) times: usize,
}

impl LargeWorld {
    /// Many spaces that share a few pages, or many frames and pages in a few spaces.
    pub(crate) fn sample(rules: Dialect, random: &mut Random) -> LargeWorld {
        let machine = |frames, spaces, pages| Machine::new(frames, spaces, pages, rules).expect("within limits");
        let fills_slots = random.chance(1, 2);
        if random.chance(1, 2) {
            let spaces = many_spaces(random);
            let frames = [16 + random.below(80), 1 + random.below(8), 1 + random.below(8)];
            let machine = machine(frames, spaces, 1 + random.below(3));
            LargeWorld { machine, forks: spaces - 1, fills_slots, is_wide: false, times: 1 }
        } else {
            let ram = 64 << random.below(13);
            let frames = [ram + random.below(ram.min(4_096)), 64 + random.below(192), 1 + random.below(100)];
            let spaces = 1 + random.below(3);
            // More places than two levels of words have bits: each operation on a whole space costs as much as thousands.
            let pages = if random.chance(1, VAST_SHARE) { 4_097 + random.below(512) } else { 65 + random.below(192) };
            let machine = machine(frames, spaces, pages);
            LargeWorld { machine, forks: 0, fills_slots, is_wide: true, times: 2 }
        }
    }

    /// Huge pages that many spaces share, or of which each has more pages than words have bits. These orders of huge pages may be
    /// drawn.
    pub(crate) fn sample_huge(orders: HugeOrders, rules: Dialect, random: &mut Random) -> LargeWorld {
        let machine = |frames, spaces, pages, order| {
            let machine = Machine::new(frames, spaces, pages, rules).expect("within limits");
            machine.with_huge(order).expect("a group fits")
        };
        let fills_slots = random.chance(1, 2);
        if random.chance(1, 2) {
            let order = (1 + random.below(2)).clamp(orders.lowest, orders.highest);
            let group = 1 << order;
            let spaces = many_spaces(random);
            let frames = [group * (4 + random.below(12)), group * (1 + random.below(3)), group];
            let machine = machine(frames, spaces, group * (1 + random.below(2)), order);
            LargeWorld { machine, forks: spaces - 1, fills_slots, is_wide: false, times: 1 }
        } else {
            // Each order half as often as the one below: what is done to a folio of 512 pages costs as much as hundreds of operations.
            let order = (4 + random.bits().trailing_zeros()).clamp(orders.lowest, orders.highest);
            let group = 1 << order;
            let device = group * (1 + random.below(3)) + random.below(group);
            let frames = [group * (2 + random.below(4)) + random.below(group), device, group];
            let machine = machine(frames, 1 + random.below(3), group * (1 + random.below(3)), order);
            LargeWorld { machine, forks: 0, fills_slots, is_wide: true, times: 1 }
        }
    }

    /// Whether the next operation takes a whole space.
    pub(crate) fn goes_wide(&self, random: &mut Random) -> bool {
        self.is_wide && random.chance(1, 8)
    }

    /// The rows of the operations with which the execution ends: all that is left in a space ends at once.
    pub(crate) fn closing(&self, kinds: KindSet) -> impl Iterator<Item = &'static Row> + use<> {
        let is_wide = self.is_wide;
        kinds.iter().map(Kind::row).filter(move |row| is_wide && row.act == Act::Closes)
    }

    /// The rows of the operations with which the execution begins, after the mapping.
    pub(crate) fn opening(&self, kinds: KindSet) -> Vec<(&'static Row, Given)> {
        let possible = kinds.iter().filter(|kind| kind.exists_on(&self.machine)).map(Kind::row);
        let mut rows: Vec<(&'static Row, Given)> = Vec::new();
        // Whole spaces go to a device, in one step or in phases, until one is locked.
        let devices = possible.clone().filter(|row| self.is_wide && row.has(Field::Device) && row.has(Field::Count));
        rows.extend(devices.map(|row| (row, Given::Whole(0))));
        // In one step first: in phases the space is locked.
        rows.reverse();
        // So that there are pages to share.
        let uses = possible.clone().filter(|row| row.act == Act::Uses && row.names_place);
        rows.extend(uses.map(|row| (row, Given::Nothing)));
        for row in possible.filter(|row| row.act == Act::Fills) {
            let times = match row.slot {
                None if row.names_place => 0,
                None => self.forks,
                Some(Field::Transaction) => 0,
                // Some are refused.
                Some(sort) if self.fills_slots => slots(sort) * 2,
                Some(_) => 0,
            };
            rows.extend((0..times).map(|_| (row, Given::Nothing)));
        }
        rows
    }
}

/// So many that counts of few bits, words and bytes overflow.
fn many_spaces(random: &mut Random) -> u32 {
    let most = (64 << random.below(5)).min(Space::LIMIT);
    most - random.below(most / 4)
}

#[cfg(test)]
mod tests;
