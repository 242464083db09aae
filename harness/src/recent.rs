//! What operations named recently: half of the operands are chosen among it, since bugs need operations that meet.

use stalemap_operations::Field;

use crate::random::Random;

/// How many places and slots are remembered.
const REMEMBERED: usize = 4;

/// The last few numbers of one sort.
#[derive(Clone, Copy, Debug)]
struct Ring<T> {
    last: [T; REMEMBERED],
    count: usize,
    next: usize,
}

impl<T: Copy + Default + PartialEq> Ring<T> {
    const EMPTY: fn() -> Ring<T> = || Ring { last: [T::default(); REMEMBERED], count: 0, next: 0 };

    fn remember(&mut self, value: T) {
        if !self.last[..self.count].contains(&value) {
            self.last[self.next] = value;
            self.next = (self.next + 1) % REMEMBERED;
            self.count = (self.count + 1).min(REMEMBERED);
        }
    }

    fn pick(&self, random: &mut Random) -> Option<T> {
        let count = u32::try_from(self.count).expect("a few");
        (count > 0).then(|| self.last[random.below(count) as usize])
    }
}

/// Recently named places and slots.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    places: Ring<(u32, u32)>,
    slots: [Ring<u32>; Field::KINDS],
}

impl Recent {
    pub(crate) fn new() -> Recent {
        let mut recent = Recent { places: Ring::EMPTY(), slots: [Ring::EMPTY(); Field::KINDS] };
        // The first space is the only one that is always alive.
        recent.remember_slot(Field::Space, 0);
        recent
    }

    /// A place, as space and page.
    pub(crate) fn remember_place(&mut self, place: (u32, u32)) {
        self.places.remember(place);
    }

    pub(crate) fn place(&self, random: &mut Random) -> Option<(u32, u32)> {
        self.places.pick(random)
    }

    /// A slot that was named when it was to be filled.
    pub(crate) fn remember_slot(&mut self, field: Field, slot: u32) {
        self.slots[field as usize].remember(slot);
    }

    pub(crate) fn slot(&self, field: Field, random: &mut Random) -> Option<u32> {
        self.slots[field as usize].pick(random)
    }
}
