//! Faults of the kernel's past, and others of their kind, put into the kernel's own code behind bits of its parameter.
//!
//! Each stands where the real one stood, or where the code is that keeps it away.

mod edits;

pub(crate) use self::edits::edits;
use crate::mutants::{Campaign, EVERYTHING, Fault};
use crate::version::Version;
use crate::way::Way;

/// Where a fault comes from that no repair of Linux is known for: the suite's own list.
const SEEDED: &str = "a seeded bug of the implementation (corpus/bugs)";

/// A fault that every way to ask can show.
const COMMON: Fault = Fault {
    name: "",
    bit: 0,
    meaning: "",
    source: SEEDED,
    equivalent: None,
    way: None,
    since: Version::V6_1,
    campaign: EVERYTHING,
};

/// The faults, beside [`MUTANTS`](crate::MUTANTS).
pub const HISTORY: &[Fault] = &[
    Fault {
        name: "fork_shares_pinned",
        bit: 20,
        meaning: "fork shares a pinned page like any other, so that the pin and its process part at the next write (dup_mmap forgets that the process has pins, kernel/fork.c)",
        source: "before \"mm: Do early cow for pinned pages during fork() for ptes\", 2020, 70e806e4e645",
        ..COMMON
    },
    Fault {
        name: "protect_upgrades_shared",
        bit: 21,
        meaning: "mprotect makes entries writable whose page is shared (can_change_pte_writable, 7.3: commit_anon_folio_batch, mm/mprotect.c)",
        source: "the check of \"mm: remember exclusively mapped anonymous pages with PG_anon_exclusive\", 2022, 6c287605fd56",
        ..COMMON
    },
    Fault {
        name: "reuse_counts_only_maps",
        bit: 22,
        meaning: "a write reuses a page that one entry maps, and counts no holds (do_wp_page, mm/memory.c)",
        source: "CVE-2020-29374; before \"mm: do_wp_page() simplification\", 2020, 09854ba94c6a",
        ..COMMON
    },
    Fault {
        name: "dirty_means_write",
        bit: 23,
        meaning: "an entry that is restored over a dirty page gets the writable bit (remove_migration_pte, mm/migrate.c)",
        source: "before \"mm/migrate: fix wrongly apply write bit after mkdirty on sparc64\", 2023, 96a9c287e25d",
        ..COMMON
    },
    Fault {
        name: "free_page_counted",
        bit: 24,
        meaning: "a free device page has a reference, so that a walk over the device's frames takes it for one in use (mm/memremap.c)",
        source: "before \"mm: free device private pages have zero refcount\", 2022, ef233450898f",
        ..COMMON
    },
    Fault {
        name: "foreign_device_refused",
        bit: 25,
        meaning: "a device that meets another device's page fails instead of faulting it back (hmm_vma_handle_pte, mm/hmm.c)",
        source: "before \"mm/hmm: fault non-owner device private entries\", 2022, 8a295dbbaf72",
        ..COMMON
    },
    Fault {
        name: "discard_frees_migrating",
        bit: 26,
        meaning: "dropping a migration entry drops a reference that the transaction has (zap_pte_range, mm/memory.c)",
        ..COMMON
    },
    Fault {
        name: "stamp_survives",
        bit: 27,
        meaning: "a page of a hole is not cleared (do_anonymous_page, mm/memory.c)",
        // The guest of a virtual machine would not be given cleared memory either.
        way: Some(Way::Agent),
        campaign: Campaign {
            only: &["map", "write", "discard", "unmap", "pin", "pin_read", "unpin"],
            operations: 16,
            machine: None,
        },
        ..COMMON
    },
    Fault {
        name: "swallowed_fault_error",
        bit: 28,
        meaning: "a fault back that fails for want of RAM is told as done, and the access faults for ever (do_swap_page, mm/memory.c)",
        source: "before \"mm/memory: return vm_fault_t result from migrate_to_ram() callback\", 2022, 4a955bed882e",
        way: Some(Way::Agent),
        campaign: Campaign {
            only: &["map", "write", "read", "migrate", "fork"],
            operations: 16,
            machine: Some("machine ram=1 device=2 spaces=1 pages=2"),
        },
        ..COMMON
    },
    Fault {
        name: "lost_hole_race",
        bit: 29,
        meaning: "a migration fills a hole that was filled meanwhile (migrate_vma_insert_page, mm/migrate_device.c)",
        source: "the check of \"mm/migrate: allow migrate_vma() to alloc new page on empty entry\", 2017, 8315ada7f095",
        ..COMMON
    },
    Fault {
        name: "page_lock_forgotten",
        bit: 30,
        meaning: "an aborted migration leaves its pages locked (migrate_device_finalize, mm/migrate_device.c)",
        // An access to such a page waits for ever, which takes seconds to see.
        campaign: Campaign { only: &["map", "write", "setup", "copy", "finalize"], ..EVERYTHING },
        ..COMMON
    },
    Fault {
        name: "frame_leak_on_abort",
        bit: 31,
        meaning: "the frames of pages that did not move are not given back (migrate_device_finalize, mm/migrate_device.c)",
        ..COMMON
    },
    Fault {
        name: "move_keeps_offset",
        bit: 32,
        meaning: "a mapping that moves keeps its old offset, which is wrong for a part of it (copy_vma, mm/mmap.c or mm/vma.c)",
        ..COMMON
    },
    Fault {
        name: "readonly_slow_path",
        bit: 33,
        meaning: "the reverse map walk makes read-only migration entries of all device entries (try_to_migrate_one, mm/rmap.c)",
        ..COMMON
    },
    Fault {
        name: "fork_leaves_migrating_writable",
        bit: 34,
        meaning: "fork copies migration entries as they are (copy_nonpresent_pte, mm/memory.c)",
        source: "the rule of \"mm: remember exclusively mapped anonymous pages with PG_anon_exclusive\", 2022, 6c287605fd56",
        ..COMMON
    },
    Fault {
        name: "collects_pinned_page",
        bit: 35,
        meaning: "collecting does not pass over pinned pages (migrate_vma_collect_pmd, mm/migrate_device.c)",
        equivalent: Some((
            Version::V6_12,
            "a pinned page is put back as exclusive as it was; its entry is clean then, which shows in 6.1 alone",
        )),
        source: "the rule of \"mm: remember exclusively mapped anonymous pages with PG_anon_exclusive\", 2022, 6c287605fd56",
        ..COMMON
    },
    Fault {
        name: "migration_loses_exclusive",
        bit: 36,
        meaning: "an entry that is restored leaves its page shared (remove_migration_pte, mm/migrate.c)",
        source: "the rule of \"mm: remember exclusively mapped anonymous pages with PG_anon_exclusive\", 2022, 6c287605fd56",
        ..COMMON
    },
    Fault {
        name: "stale_exclusive",
        bit: 37,
        meaning: "a device page that is freed keeps its flag of exclusiveness (mm/memremap.c)",
        source: "the clearing of \"mm/page-flags: reuse PG_mappedtodisk as PG_anon_exclusive for PageAnon() pages\", 2022, 78fbe906cc90",
        ..COMMON
    },
];
