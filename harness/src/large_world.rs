//! Large worlds: seldom, an execution whose machine and length go past the limits of data structures.
//!
//! Words, levels of words, lists in front of the allocator, slots and counts in a byte break only when there is enough
//! of something. Such an execution costs as much as hundreds of small ones, so there are few. What they are past is said
//! by the marks of the reference that begin with [`LIMIT`](stalemap_reference::LIMIT).

use stalemap_operations::{Act, Dialect, Field, Kind, KindSet, Machine, Row, Space};

use crate::random::Random;
use crate::sample::{Given, slots};

/// One execution of so many is large.
pub(crate) const SHARE: u32 = 1 << 13;

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
            let most = (64 << random.below(5)).min(Space::LIMIT);
            let spaces = most - random.below(most / 4);
            let frames = [16 + random.below(80), 1 + random.below(8), 1 + random.below(8)];
            let machine = machine(frames, spaces, 1 + random.below(3));
            LargeWorld { machine, forks: spaces - 1, fills_slots, is_wide: false, times: 1 }
        } else {
            let ram = 64 << random.below(13);
            let frames = [ram + random.below(ram.min(4_096)), 64 + random.below(192), 1 + random.below(100)];
            let machine = machine(frames, 1 + random.below(3), 65 + random.below(192));
            LargeWorld { machine, forks: 0, fills_slots, is_wide: true, times: 2 }
        }
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
