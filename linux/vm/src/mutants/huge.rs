//! Faults of Linux 7.3 and of its test driver that huge pages meet, which edits hide in all other runs.

use super::{Campaign, Fault};
use crate::version::Version;

/// Executions that bring huge pages to a device, two groups at the most.
const MIGRATIONS: Campaign = Campaign {
    only: &["map", "advise", "write", "read", "fork", "discard", "unmap", "migrate", "device_read", "device_write"],
    operations: 16,
    machine: Some("machine ram=32 device=6 spaces=2 pages=8 huge=2 rules=linux-7.3"),
};

/// The same with single phases.
const PHASES: Campaign = Campaign {
    only: &["map", "advise", "write", "fork", "discard", "unmap", "setup", "collect", "copy", "pages", "finalize"],
    operations: 24,
    machine: Some("machine ram=32 device=8 spaces=2 pages=8 huge=2 rules=linux-7.3"),
};

const fn fault(name: &'static str, bit: u32, meaning: &'static str, campaign: Campaign) -> Fault {
    let (source, way) = ("the kernel as it is (corpus/linux/trophies/huge)", None);
    Fault { name, bit, meaning, source, equivalent: None, way, since: Version::V7_3, campaign }
}

/// Faults of the kernel as it is, on machines with huge pages.
pub const HUGE_TROPHIES: &[Fault] = &[
    fault(
        "hole_without_frame",
        14,
        "a group of holes whose device gives fewer single frames than it has pages: the first hole without one is filled with no page (__migrate_device_pages, mm/migrate_device.c)",
        MIGRATIONS,
    ),
    fault(
        "split_in_one_space",
        15,
        "a folio that is split while it is unmapped keeps its huge migration entries in all spaces but one (migrate_vma_split_unmapped_folio, mm/migrate_device.c)",
        MIGRATIONS,
    ),
    fault(
        "head_for_tail",
        17,
        "a device that asks for a part of its own huge page gets the first pages of it (hmm_vma_handle_absent_pmd, mm/hmm.c)",
        MIGRATIONS,
    ),
    fault(
        "stale_fault_folio",
        18,
        "a fault that splits the folio of its page passes the page over, which is in another folio then (migrate_vma_collect_pmd, mm/migrate_device.c)",
        Campaign {
            only: &["map", "advise", "write", "fork", "discard", "migrate", "collapse"],
            operations: 24,
            ..MIGRATIONS
        },
    ),
    fault(
        "wait_for_folio",
        19,
        "a migration waits for the lock of a folio that it would split, which another migration has (migrate_vma_split_folio, mm/migrate_device.c)",
        PHASES,
    ),
    fault(
        "zap_of_migrating",
        38,
        "unmapping a huge migration entry of a device's folio takes a reference and a mapping away that it does not have (zap_huge_pmd_folio, mm/huge_memory.c)",
        PHASES,
    ),
    fault(
        "head_of_split_frames",
        39,
        "the test driver leaves the head flag on the first frame behind a folio that is split (dmirror_devmem_folio_split, lib/test_hmm.c)",
        Campaign { only: &["map", "migrate", "unmap", "discard", "pin", "write", "unpin"], ..MIGRATIONS },
    ),
    fault(
        "singles_run_out",
        40,
        "the test driver takes single frames in the place of a run without looking whether there are any (dmirror_migrate_alloc_and_copy, lib/test_hmm.c)",
        MIGRATIONS,
    ),
];
