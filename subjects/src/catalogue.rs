//! Every released version that is a subject, with what is known of it: the one list of them.

use stalemap::{AddressSpaces, BlockAllocator, PinnedMemory, RangeAllocator, blocks, ranges, spaces, spaces_with_pins};
use stalemap_harness::AnyBuild;

use crate::axallocator::AxPages;
use crate::bitmap::Bitmap;
use crate::buddy_system::{
    BuddySystem, BuddySystem05, BuddySystem06, BuddySystem07, BuddySystem08, BuddySystem09, BuddySystem10,
    BuddySystem11, BuddySystem12,
};
use crate::dbs::Dbs;
use crate::offset::Offset;
use crate::range_alloc::RangeAlloc;
use crate::raw::{
    Amd64Tables, ArceOs, ArmTables, Bins, BuddyHeap, BuddySlab, FreeRanges, Heap, LinkedList, LinkedListExtended,
    LinkedListExtended0_9_1, PageTables, SummaryBuddy, TwoLevels,
};
#[cfg(feature = "vulkano")]
use crate::raw::{VulkanoBuddy, VulkanoFreeList};
use crate::restated::{Nanvix, Starry};
use crate::spaces::{
    Manager, MemorySets, RangeInclusiveMap0_1_8, RangeInclusiveMap1_8_0, RangeMap0_1_8, RangeMap1_8_0,
};
use crate::vm_allocator::VmAllocator;

/// A released version of a crate, or the logic of a kernel before or after a repair.
#[derive(Clone, Copy)]
pub struct Row {
    /// The crate's name in the registry, or that of the kernel.
    pub package: &'static str,
    /// Its version there, or the number of the report and on which side of the repair it is.
    pub version: &'static str,
    /// Whether this is code of others, and not restated.
    pub is_theirs: bool,
    /// Which part of it, or which use of it; empty where there is one only.
    pub part: &'static str,
    /// The day of that version as the registry says, or of the report.
    pub released: &'static str,
    /// The level of operations that it is driven with.
    pub level: u8,
    /// What is known of it.
    pub known: Known,
    /// Makes its builder.
    pub build: fn() -> AnyBuild,
}

/// What is known of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It keeps its contract, as far as anyone knows. No trace is kept of it.
    Agrees,
    /// It has a fault. The traces that show it are kept in the folder of the version.
    Fault {
        /// What is wrong.
        what: &'static str,
        /// The row's version in which it is repaired, if it is.
        repaired: Option<&'static str>,
    },
}

impl Row {
    /// Crate and version, as cargo writes them, and the part behind a slash.
    #[must_use]
    pub fn name(&self) -> String {
        let Row { package, version, part, .. } = self;
        if part.is_empty() { format!("{package}@{version}") } else { format!("{package}@{version}/{part}") }
    }

    const fn restated(self) -> Row {
        Row { is_theirs: false, ..self }
    }

    const fn of(self, part: &'static str) -> Row {
        Row { part, ..self }
    }

    /// Whether this is code of others that no row repairs.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.is_theirs && !matches!(self.known, Known::Fault { repaired: Some(_), .. })
    }

    /// Whether a name means this row: its own, or that of its crate.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.package == name || self.name() == name
    }
}

/// The row with this name; of a crate the last one.
#[must_use]
pub fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().rev().find(|row| row.is_named(name))
}

fn of_blocks<A: BlockAllocator + 'static>() -> AnyBuild {
    AnyBuild::new(blocks::<A>)
}

fn of_ranges<A: RangeAllocator + 'static>() -> AnyBuild {
    AnyBuild::new(ranges::<A>)
}

fn of_spaces<M: AddressSpaces + 'static>() -> AnyBuild {
    AnyBuild::new(spaces::<M>)
}

fn of_pins<M: PinnedMemory + 'static>() -> AnyBuild {
    AnyBuild::new(spaces_with_pins::<M>)
}

const DOUBLE: Known = Known::Fault {
    what: "a freed block is put into its list, merged with its buddy, and stays in the list: it is handed out twice",
    repaired: Some("0.13.0"),
};

const NOT_MERGED: Known = Known::Fault {
    what: "the block at frame 0 is put in with at most 32 frames, and one of 64 or more is refused although all are free",
    repaired: Some("0.13.0"),
};

const NOT_COALESCED: Known = Known::Fault {
    what: "two contiguous ranges of one value stay two, against the documentation",
    repaired: Some("1.8.0"),
};

/// The security advisory GHSA-xg8p-34w2-j49j of the crate, repaired in 0.10.2.
const TOO_FAR: Known = Known::Fault {
    what: "a heap that is extended by one word takes two, and hands out memory behind its end",
    repaired: Some("0.10.6"),
};

const FORKED_TWICE: Known = Known::Fault {
    what: "a page that is copy-on-write already loses the right to write at the second fork",
    repaired: Some("2512-after"),
};

const HALF_CLONED: Known = Known::Fault {
    what: "a clone that fails half way keeps its references, and the frames are never free again",
    repaired: Some("2096-after"),
};

/// Not released: [the report](../findings/vm-allocator-0.1.4/README.md) is ours.
const ONE_UNIT: Known = Known::Fault {
    what: "a range of one unit is not freed at the start 1, and not merged with a free neighbour",
    repaired: None,
};

/// All rows: by name, of each the last version at last.
pub const ROWS: &[Row] = &[
    at_level(1, "aarch64-paging", "0.12.3", "2026-10-22", Known::Agrees, of_spaces::<Manager<ArmTables>>),
    at_level(0, "axallocator", "0.2.0", "2026-02-28", Known::Agrees, of_blocks::<AxPages>),
    at_level(0, "bitmap-allocator", "0.4.6", "2026-06-03", Known::Agrees, of_blocks::<Bitmap>),
    at_level(0, "buddy-slab-allocator", "0.6.1", "2026-09-12", Known::Agrees, of_blocks::<BuddySlab>),
    at_level(0, "buddy_system_allocator", "0.5.0", "2020-10-01", DOUBLE, of_blocks::<BuddySystem05>),
    at_level(0, "buddy_system_allocator", "0.6.0", "2020-11-23", DOUBLE, of_blocks::<BuddySystem06>),
    at_level(0, "buddy_system_allocator", "0.7.0", "2021-02-06", NOT_MERGED, of_blocks::<BuddySystem07>),
    at_level(0, "buddy_system_allocator", "0.8.0", "2021-04-22", NOT_MERGED, of_blocks::<BuddySystem08>),
    at_level(0, "buddy_system_allocator", "0.9.1", "2024-01-27", NOT_MERGED, of_blocks::<BuddySystem09>),
    at_level(0, "buddy_system_allocator", "0.10.0", "2024-07-01", NOT_MERGED, of_blocks::<BuddySystem10>),
    at_level(0, "buddy_system_allocator", "0.11.0", "2024-09-21", NOT_MERGED, of_blocks::<BuddySystem11>),
    at_level(0, "buddy_system_allocator", "0.12.0", "2026-01-12", NOT_MERGED, of_blocks::<BuddySystem12>),
    at_level(0, "buddy_system_allocator", "0.13.0", "2026-03-30", Known::Agrees, of_blocks::<BuddySystem>),
    at_level(0, "buddyalloc", "0.1.5", "2021-07-24", Known::Agrees, of_blocks::<BuddyHeap>),
    at_level(0, "dbs-allocator", "0.1.1", "2022-10-24", Known::Agrees, of_blocks::<Dbs>),
    at_level(0, "frame-alloc", "0.1.0", "2026-07-28", Known::Agrees, of_blocks::<SummaryBuddy>),
    at_level(0, "free-list", "0.3.4", "2026-09-12", Known::Agrees, of_blocks::<FreeRanges>),
    at_level(0, "linked_list_allocator", "0.9.1", "2021-10-17", TOO_FAR, of_blocks::<LinkedListExtended0_9_1>)
        .of("extended"),
    at_level(0, "linked_list_allocator", "0.10.6", "2026-04-14", Known::Agrees, of_blocks::<LinkedListExtended>)
        .of("extended"),
    at_level(0, "linked_list_allocator", "0.10.6", "2026-04-14", Known::Agrees, of_blocks::<LinkedList>),
    at_level(1, "memory_set", "0.4.1", "2025-11-23", Known::Agrees, of_spaces::<Manager<MemorySets>>),
    at_level(0, "offset-allocator", "0.2.0", "2024-07-09", Known::Agrees, of_ranges::<Offset>),
    at_level(1, "page_table_multiarch", "0.6.2", "2026-10-19", Known::Agrees, of_spaces::<Manager<PageTables>>),
    at_level(1, "page_table_multiarch", "0.6.2", "2026-10-19", Known::Agrees, of_spaces::<Manager<ArceOs>>)
        .of("with-memory_set"),
    at_level(0, "range-alloc", "0.1.5", "2026-02-27", Known::Agrees, of_blocks::<RangeAlloc>),
    at_level(1, "nanvix", "2512-before", "2026-06-11", FORKED_TWICE, of_spaces::<Nanvix<false>>).restated(),
    at_level(1, "nanvix", "2512-after", "2026-06-11", Known::Agrees, of_spaces::<Nanvix<true>>).restated(),
    at_level(1, "rangemap", "0.1.8", "2020-11-22", NOT_COALESCED, of_spaces::<Manager<RangeMap0_1_8>>),
    at_level(1, "rangemap", "0.1.8", "2020-11-22", NOT_COALESCED, of_spaces::<Manager<RangeInclusiveMap0_1_8>>)
        .of("inclusive"),
    at_level(1, "rangemap", "1.8.0", "2026-08-14", Known::Agrees, of_spaces::<Manager<RangeInclusiveMap1_8_0>>)
        .of("inclusive"),
    at_level(1, "rangemap", "1.8.0", "2026-08-14", Known::Agrees, of_spaces::<Manager<RangeMap1_8_0>>),
    at_level(0, "rlsf", "0.2.3", "2026-07-27", Known::Agrees, of_blocks::<Heap<TwoLevels>>),
    at_level(0, "talc", "5.1.1", "2026-09-09", Known::Agrees, of_blocks::<Heap<Bins>>),
    at_level(3, "tgoskits", "2096-before", "2026-08-18", HALF_CLONED, of_pins::<Starry<false>>).restated(),
    at_level(3, "tgoskits", "2096-after", "2026-08-18", Known::Agrees, of_pins::<Starry<true>>).restated(),
    at_level(0, "vm-allocator", "0.1.4", "2026-06-10", Known::Agrees, of_blocks::<VmAllocator<4_096>>).of("pages"),
    at_level(0, "vm-allocator", "0.1.4", "2026-06-10", ONE_UNIT, of_blocks::<VmAllocator<1>>),
    #[cfg(feature = "vulkano")]
    at_level(0, "vulkano", "0.35.2", "2025-08-16", Known::Agrees, of_blocks::<VulkanoBuddy>).of("BuddyAllocator"),
    #[cfg(feature = "vulkano")]
    at_level(0, "vulkano", "0.35.2", "2025-08-16", Known::Agrees, of_blocks::<VulkanoFreeList>).of("FreeListAllocator"),
    at_level(1, "x86_64", "0.15.5", "2026-07-11", Known::Agrees, of_spaces::<Manager<Amd64Tables>>),
];

const fn at_level(
    level: u8,
    package: &'static str,
    version: &'static str,
    released: &'static str,
    known: Known,
    build: fn() -> AnyBuild,
) -> Row {
    Row { package, version, is_theirs: true, part: "", released, level, known, build }
}
