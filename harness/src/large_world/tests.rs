//! How large worlds are, and with which operations they begin and end.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use stalemap_operations::{Dialect, KindSet, Machine, Space};

use super::LargeWorld;
use crate::huge_orders::HugeOrders;
use crate::random::Random;
use crate::sample::Given;

/// Worlds that are drawn, so many that each limit is met.
const WORLDS: u32 = 60_000;

/// The least and the most of each size that was drawn: frames of each home, spaces, pages.
#[derive(Default)]
struct Drawn(Vec<RangeInclusive<u32>>);

impl Drawn {
    fn add(&mut self, sizes: &[u32]) {
        if self.0.is_empty() {
            self.0 = sizes.iter().map(|&size| size..=size).collect();
        }
        for (range, &size) in self.0.iter_mut().zip(sizes) {
            *range = size.min(*range.start())..=size.max(*range.end());
        }
    }
}

#[test]
fn worlds_of_many_spaces_or_of_many_frames_have_sizes_between_these_limits() {
    let mut random = Random::new(1, 0);
    let (mut crowds, mut wide, mut vast) = (Drawn::default(), Drawn::default(), Drawn::default());
    for _ in 0..WORLDS {
        let world = LargeWorld::sample(Dialect::Linux6_12, &mut random);
        let sizes = world.machine.sizes();
        let is_vast = world.machine.pages() > 256;
        let drawn = if !world.is_wide { &mut crowds } else { if is_vast { &mut vast } else { &mut wide } };
        drawn.add(&sizes);
        let forks = if world.is_wide { 0 } else { world.machine.spaces() - 1 };
        assert_eq!((world.forks, world.times), (forks, if world.is_wide { 2 } else { 1 }));
    }
    assert_eq!(crowds.0, [16..=95, 1..=8, 1..=8, 49..=Space::LIMIT, 1..=3]);
    let frames = |range: RangeInclusive<u32>| 64 <= *range.start() && *range.start() < 70 && *range.end() > (64 << 12);
    for (drawn, pages) in [(&wide, 65..=256), (&vast, 4_097..=4_608)] {
        assert!(frames(drawn.0[0].clone()) && *drawn.0[0].end() < (64 << 12) + 4_096, "{:?}", drawn.0);
        assert_eq!(drawn.0[1..], [64..=255, 1..=100, 1..=3, pages]);
    }
}

#[test]
fn worlds_with_huge_pages_have_sizes_in_groups_between_these_limits() {
    let mut random = Random::new(2, 0);
    let mut drawn: BTreeMap<(bool, u32), Drawn> = BTreeMap::new();
    for _ in 0..WORLDS {
        let world = LargeWorld::sample_huge(HugeOrders::ALL, Dialect::Linux7_3, &mut random);
        let order = world.machine.huge().expect("it has huge pages").0;
        drawn.entry((world.is_wide, order)).or_default().add(&world.machine.sizes());
        assert_eq!((world.forks, world.times), (if world.is_wide { 0 } else { world.machine.spaces() - 1 }, 1));
    }
    let orders = |is_wide: bool| drawn.keys().filter(move |key| key.0 == is_wide).map(|key| key.1).collect::<Vec<_>>();
    assert_eq!([orders(false), orders(true)], [vec![1, 2], (4..=Machine::HUGE_LIMIT).collect()]);
    for order in 1..=2 {
        let group = 1 << order;
        let sizes = [4 * group..=15 * group, group..=3 * group, group..=group, 49..=Space::LIMIT, group..=2 * group];
        assert_eq!(drawn[&(false, order)].0, sizes);
    }
    for order in 4..=5 {
        let group = 1 << order;
        let sizes = [2 * group..=6 * group - 1, group..=4 * group - 1, group..=group, 1..=3, group..=3 * group];
        assert_eq!(drawn[&(true, order)].0, sizes);
    }
}

/// A world on this machine that begins in this way.
fn world(is_wide: bool, fills_slots: bool, machine: Machine) -> LargeWorld {
    LargeWorld { machine, forks: 3, fills_slots, is_wide, times: 1 }
}

/// The words of what it begins with, each with how often it comes in a row, and whether it takes the whole first space.
fn opening(world: &LargeWorld) -> Vec<(&'static str, usize, bool)> {
    let mut words: Vec<(&str, usize, bool)> = Vec::new();
    for (row, given) in world.opening(KindSet::ALL) {
        let is_whole = matches!(given, Given::Whole(0));
        match words.last_mut() {
            Some((word, count, whole)) if *word == row.word && *whole == is_whole => *count += 1,
            _ => words.push((row.word, 1, is_whole)),
        }
    }
    words
}

#[test]
fn a_world_begins_with_pages_to_share_then_spaces_and_slots_are_filled() {
    let plain = Machine::DEFAULT;
    let wide = [("migrate", 1, true), ("setup", 1, true)];
    let uses = ["discard", "read", "write", "device_read", "device_write", "migrate"].map(|word| (word, 1, false));
    let filled = [("alloc", 16, false), ("fork", 3, false), ("pin", 8, false), ("hold", 32, false)];
    let forks = [("fork", 3, false)];
    assert_eq!(opening(&world(false, false, plain)), [&uses[..], &forks].concat());
    assert_eq!(opening(&world(false, true, plain)), [&uses[..], &filled].concat());
    assert_eq!(opening(&world(true, false, plain)), [&wide[..], &uses, &forks].concat());
    let none = Machine::new([4, 0, 0], 2, 4, Dialect::Linux6_12).expect("within limits");
    assert_eq!(opening(&world(true, false, none)), [&uses[..3], &forks].concat(), "no device, no migration");
}

#[test]
fn only_a_wide_world_takes_whole_spaces_one_time_in_eight_and_unmaps_them_at_the_end() {
    let closing = |world: LargeWorld| world.closing(KindSet::ALL).map(|row| row.word).collect::<Vec<_>>();
    let times = |world: LargeWorld| {
        let mut random = Random::new(3, 0);
        (0..8_000).filter(|_| world.goes_wide(&mut random)).count()
    };
    let [narrow, wide] = [false, true].map(|is_wide| world(is_wide, false, Machine::DEFAULT));
    assert_eq!((closing(narrow), times(narrow)), (vec![], 0));
    assert_eq!(closing(wide), ["unmap"]);
    assert!((900..1_100).contains(&times(wide)), "{}", times(wide));
}
