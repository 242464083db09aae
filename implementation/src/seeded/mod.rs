//! Seeded bugs: real faults from the history of page migration and of page allocators, each behind one switch.
//!
//! A bug stands where the real one sat, in code that is otherwise right, behind a [`Switch`].

mod switch;

#[cfg(feature = "seeded-bugs")]
pub use switch::Switch;
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) use switch::Switch;

macro_rules! bugs {
    ($($(#[doc = $doc:literal])+ $name:ident $word:literal;)+) => {
        /// A fault that can be switched on.
        ///
        /// Commits are those of the mainline kernel that fixed the fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Bug {$(
            $(#[doc = $doc])+
            $name,
        )+}

        impl Bug {
            /// All of them.
            pub const ALL: &[Bug] = &[$(Bug::$name),+];

            /// Its name, as in `stale_mapping`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {$( Bug::$name => $word, )+}
            }

            /// The bug of this name.
            #[must_use]
            pub fn by_name(name: &str) -> Option<Bug> {
                Bug::ALL.iter().copied().find(|bug| bug.name() == name)
            }

            /// What it does and which real fault it stands for, in a few sentences.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self {$( Bug::$name => concat!($($doc),+), )+}
            }
        }
    };
}

bugs! {
    /// Freeing a device-private page leaves its mapping word. A word that says "anonymous" already is not set again, so
    /// the next page in the frame, when a migration fills a hole with it, keeps the mapping and index of the page before
    /// it, and no walk of the reverse map finds it.
    /// Linux, 2019: "mm/hmm: fix ZONE_DEVICE anon page mapping reuse", 7ab0ad0e74f8.
    StaleMapping "stale_mapping";
    /// The walk that unmaps a page takes the frame number out of its entry as if that were a present one. A
    /// device-private entry has another layout, so another page's descriptor loses a mapping.
    /// Linux, 2019: "mm/hmm: fix bad subpage pointer in try_to_unmap_one", 1de13ee59225.
    SubpagePointer "subpage_pointer";
    /// The reverse-map path makes read-only migration entries for device pages, whatever the entry was; only the direct
    /// path looks at it.
    /// Linux, 2021: "mm/rmap.c: avoid double faults migrating device private pages", 3d88705c1067.
    ReadonlySlowPath "readonly_slow_path";
    /// Fork write-protects present entries, not device-private ones.
    /// What copy_one_pte (mm/memory.c) had to learn with "mm/ZONE_DEVICE: new type of ZONE_DEVICE for unaddressable
    /// memory" (Linux, 2017).
    ForkLeavesDeviceWritable "fork_leaves_device_writable";
    /// A change to a lesser access write-protects present entries, not device-private ones.
    /// What change_pte_range (mm/mprotect.c) had to learn with "mm/ZONE_DEVICE: new type of ZONE_DEVICE for
    /// unaddressable memory" (Linux, 2017).
    ProtectLeavesDeviceWritable "protect_leaves_device_writable";
    /// Removing a device-private entry drops the reference and not the mapping count.
    /// What zap_pte_range (mm/memory.c) had to learn with "mm/ZONE_DEVICE: new type of ZONE_DEVICE for unaddressable
    /// memory" (Linux, 2017).
    ZapKeepsRmap "zap_keeps_rmap";
    /// The direct path takes every device-private entry that it collects for a writable one.
    /// The test that migrate_vma_collect_pmd (mm/migrate.c, since "mm/migrate: support un-addressable ZONE_DEVICE page
    /// in migration", Linux, 2017) makes of the entry's type.
    CollectTakesAllWritable "collect_takes_all_writable";
    /// A fault back that fails for want of memory is reported as done.
    /// Linux, 2022: "mm/memory: return vm_fault_t result from migrate_to_ram() callback", 4a955bed882e.
    SwallowedFaultError "swallowed_fault_error";
    /// The first phase returns how many pages it collected, not how many are left after held ones were put back.
    /// Linux, 2022: "mm/migrate_device: return number of migrating pages in args->cpages", 44af0b45d58d.
    CollectedNotMigrating "collected_not_migrating";
    /// A freed device page keeps a reference count of one, so that an eviction by frame takes it for a page in use.
    /// Linux, 2022: "mm: free device private pages have zero refcount", ef233450898f.
    FreePageCounted "free_page_counted";
    /// A device that meets another device's page answers an error instead of faulting the page back.
    /// Linux, 2022: "mm/hmm: fault non-owner device private entries", 8a295dbbaf72.
    ForeignDeviceRefused "foreign_device_refused";
    /// Restoring an entry after migration marks it dirty in a way that sets the writable bit as well.
    /// Linux, 2023: "mm/migrate: fix wrongly apply write bit after mkdirty on sparc64", 96a9c287e25d.
    DirtyMeansWrite "dirty_means_write";
    /// The third phase fills a hole although a fault filled it meanwhile.
    /// The check under the page-table lock that migrate_vma_insert_page (mm/migrate.c) came with in "mm/migrate: allow
    /// migrate_vma() to alloc new page on empty entry" (Linux, 2017).
    LostHoleRace "lost_hole_race";
    /// The last phase after an abort forgets the space's lock: the early return of an error path.
    SpaceLockForgotten "space_lock_forgotten";
    /// The last phase after an abort forgets the page's lock, so that later migrations pass the page over.
    PageLockForgotten "page_lock_forgotten";
    /// Frames that the second phase gave are not returned when the transaction is aborted.
    FrameLeakOnAbort "frame_leak_on_abort";
    /// Removing a migration entry drops the reference that the transaction holds, as if the entry held one.
    DiscardFreesMigrating "discard_frees_migrating";
    /// Tearing a space down walks present entries and leaves migration entries behind.
    ExitForgetsMigrationEntries "exit_forgets_migration_entries";
    /// Fork shares a pinned page like any other; the next write moves the parent to a copy, and the pin keeps the old
    /// page.
    /// Linux, 2020: "mm: Do early cow for pinned pages during fork() for ptes", 70e806e4e645.
    ForkSharesPinned "fork_shares_pinned";
    /// A page that ancestors map is tagged with the faulting region's own, newest anon_vma (here: in the fault back), so
    /// that walks miss the ancestors.
    /// Linux, 2010: "anonvma: when setting up page->mapping, we need to pick the _oldest_ anonvma", ea90002b0fa7.
    NewestAnonVma "newest_anon_vma";
    /// Widening the access sets the writable bit on pages that are not exclusive.
    /// What can_change_pte_writable (mm/mprotect.c) rules out since "mm/mprotect: try avoiding write faults for exclusive
    /// anonymous pages when changing protection" (Linux, 2022).
    ProtectUpgradesShared "protect_upgrades_shared";
    /// The region that a moved place belongs to keeps its old offset, so that the address computed from a page's index is
    /// the old one.
    /// The vm_pgoff that copy_vma (mm/mmap.c) computes for mremap.
    MoveKeepsOffset "move_keeps_offset";
    /// A held page is reused on write because a single entry maps it.
    /// Linux, 2020: "mm: do_wp_page() simplification", 09854ba94c6a (CVE-2020-29374).
    ReuseCountsOnlyMaps "reuse_counts_only_maps";
    /// The buddy of a block is computed as its frame plus its size, and not by turning one bit over.
    /// A classic of every first buddy allocator (Knuth, The Art of Computer Programming, volume 1, 2.5).
    WrongBuddy "wrong_buddy";
    /// The merge does not look at the border behind which a device's frames lie in the same free set.
    /// What page_is_buddy (mm/page_alloc.c) rules out by comparing zones.
    MergeAcrossBorder "merge_across_border";
    /// A free buddy of a smaller order is absorbed as if the whole of it were free.
    /// What page_is_buddy (mm/page_alloc.c) rules out by comparing orders.
    MergeIgnoresOrder "merge_ignores_order";
    /// The half that a merge absorbs stays in its free set.
    /// The del_page_from_free_list of __free_one_page (mm/page_alloc.c), left out.
    AbsorbedHalfStays "absorbed_half_stays";
    /// The largest order is never merged into: an "at most" read as "less than".
    /// The meaning of MAX_ORDER was mistaken so often that Linux changed it in 2023: "mm, treewide: redefine MAX_ORDER
    /// sanely", 23baf831a32c.
    LastOrderMissed "last_order_missed";
    /// The refill of the order-0 cache takes frames from the buddy allocator and forgets the counter of free ones.
    /// Linux, 2021: "mm/page_alloc: fix counting of free pages after take off from buddy", bac9c6fa1f92.
    RefillNotCounted "refill_not_counted";
    /// The order-0 cache gives back a number of frames and lowers its count by another.
    /// Linux, 2020: "mm, page_alloc: fix core hung in free_pcppages_bulk()", 88e8ac11d2ea.
    PercpuListMiscount "percpu_list_miscount";
    /// A block that is freed stays in its slot, and may be freed again.
    DoubleFreeAccepted "double_free_accepted";
    /// A held page is migrated: no check looks for references beside the transaction's,
    /// and the holder keeps a frame that the page has left.
    /// What migrate_vma_check_page (mm/migrate.c, since "mm/migrate: migrate_vma() unmap page from vma while collecting
    /// pages", Linux, 2017) rules out.
    HeldPageMigrates "held_page_migrates";
    /// A page that a transaction has is collected by another one as well.
    /// What the trylock_page of migrate_vma_collect_pmd (mm/migrate_device.c) rules out.
    CollectsLockedPage "collects_locked_page";
    /// A shared page is taken for exclusive in its new frame, so that the next write changes it in all spaces.
    /// What remove_migration_pte (mm/migrate.c) rules out since "mm: remember exclusively mapped anonymous pages with
    /// PG_anon_exclusive" (Linux, 2022).
    MigrationMakesExclusive "migration_makes_exclusive";
    /// A change to a lesser access write-protects present and device-private entries, not migration entries.
    /// What change_pte_range (mm/mprotect.c) had to learn with "Swapless page migration: add R/W migration entries"
    /// (Linux, 2006).
    ProtectLeavesMigrationWritable "protect_leaves_migration_writable";
    /// A pin takes a shared page as it is, and keeps the old one when the process writes.
    /// Linux, 2022: "mm/gup: trigger FAULT_FLAG_UNSHARE when R/O-pinning a possibly shared anonymous page", a7f226604170.
    PinDoesNotUnshare "pin_does_not_unshare";
    /// The copy that a child gets of a pinned page is entered clean. It shows where a clean entry stays read-only when
    /// the access widens: in the dialect of 6.1.
    /// The pte_mkdirty of copy_present_page (mm/memory.c), left out.
    PinnedCopyClean "pinned_copy_clean";
    /// Fork links the child's region to one of the anon_vmas from which the parent's is reached, not to all, so that
    /// walks from a grandparent's pages miss it.
    /// The loop of anon_vma_clone (mm/rmap.c, since "mm: change anon_vma linking to fix multi-process server scalability
    /// issue", Linux, 2010), left after its first turn.
    ChainClonedOnce "chain_cloned_once";
    /// A block is refused while the frames that complete it wait in the order-0 cache.
    /// Linux, 2010: "mm: page allocator: drain per-cpu lists after direct reclaim allocation fails".
    RefusedWithoutDrain "refused_without_drain";
    /// A frame's old content shows after the frame is reused: a new page is not cleared.
    StampSurvives "stamp_survives";
    /// A huge entry is split, and of the pages that are exclusive only the first stays so.
    /// What __split_huge_pmd_locked (mm/huge_memory.c) does for each page since "mm: remember exclusively mapped anonymous
    /// pages with PG_anon_exclusive" (Linux, 2022), 6c287605fd56.
    SplitLosesExclusive "split_loses_exclusive";
    /// A huge entry is split, and only the first page counts the small entry that maps it.
    /// The loop over _mapcount that "thp: implement split_huge_pmd()" (Linux, 2016), eef1b3ba053a, came with; its order matters: "mm:
    /// thp: make the THP mapcount atomic against __split_huge_pmd_locked()", 2020, c444eb564fb1 (CVE-2020-29368).
    SplitCountsHeadOnly "split_counts_head_only";
    /// A huge entry is split into small ones that have together the one reference that it had.
    /// The page_ref_add of __split_huge_pmd_locked (mm/huge_memory.c), since "thp: implement split_huge_pmd()" (Linux, 2016).
    SplitTakesOneReference "split_takes_one_reference";
    /// A huge entry is split into small ones that are writable where the mapping is, in a forked space too.
    /// The `write` that __split_huge_pmd_locked (mm/huge_memory.c) takes from the entry, since "thp: implement split_huge_pmd()" (Linux,
    /// 2016).
    SplitMakesWritable "split_makes_writable";
    /// A huge device-private entry is split into present ones, by which the CPU reads the device's memory.
    /// What __split_huge_pmd_locked had to learn with "mm/huge_memory: implement device-private THP splitting" (Linux, 2025).
    DeviceSplitAsPresent "device_split_as_present";
    /// The first page of a folio is unmapped by a small entry, and the reference of the huge entry that was split is dropped as well.
    /// What "mm: rework mapcount accounting to enable 4k mapping of THPs" (Linux, 2016) and the references of split entries had to
    /// fit to each other for.
    PartialUnmapPutsTwice "partial_unmap_puts_twice";
    /// A folio that is migrated gets no run and is split while it is unmapped; the huge migration entry of a forked space stays huge.
    /// migrate_vma_split_unmapped_folio (mm/migrate_device.c) splits the entry of the space that migrates; "mm/migrate_device: add THP
    /// splitting during migration" (Linux, 2025).
    ForkedEntryStaysHuge "forked_entry_stays_huge";
    /// A free run of a device is broken up, and its last frame does not come onto the list of single ones.
    /// A classic of free lists of two sizes; lib/test_hmm.c has such since "lib/test_hmm: add zone device private THP test
    /// infrastructure" (Linux, 2025).
    RunLosesFrame "run_loses_frame";
    /// The first frame of a freed run of a device keeps the order of its folio, and the small page that comes there next passes for
    /// several.
    /// Linux, 2026: "mm/zone_device: reinitialize large zone device private folios".
    FreedRunKeepsOrder "freed_run_keeps_order";
    /// An eviction counts the tails of a folio as pages of their own, and finds too few frames of RAM.
    /// The steps by folio_nr_pages that migrate_device_range (mm/migrate_device.c) learned with "mm/migrate_device: implement THP
    /// migration of zone device pages" (Linux, 2025).
    EvictionCountsTails "eviction_counts_tails";
    /// A fork asks the page for pins, and not its folio, where the page is a tail: it is shared with the child.
    /// The compound_head of page_maybe_dma_pinned (include/linux/mm.h), since "mm/gup: track FOLL_PIN pages" (Linux, 2020),
    /// 3faa52c03f44; at fork "mm/thp: Split huge pmds/puds if they're pinned when fork()", 2020, d042035eaf5f.
    PinCheckReadsTail "pin_check_reads_tail";
    /// A huge entry moves as one to a place that begins no group, and maps the group around it.
    /// The alignment that move_page_tables (mm/mremap.c) asks for since "thp: mremap support and TLB optimization" (Linux, 2011),
    /// 37a1c49a91ad.
    MoveIgnoresAlignment "move_ignores_alignment";
    /// A held page is collapsed: the holder keeps the old page, and the process writes to another.
    /// What is_refcount_suitable (mm/khugepaged.c) rules out, since "khugepaged: allow to collapse a page shared across fork" (Linux,
    /// 2020).
    CollapseForgetsHold "collapse_forgets_hold";
    /// A folio is split although one of its pages is held.
    /// The count that "thp: reintroduce split_huge_page()" (Linux, 2016), e9b61f19858a, expects.
    SplitIgnoresHold "split_ignores_hold";
    /// A split of a device's folio drops pages of zeros, which only one in RAM may lose.
    /// "mm: remap unused subpages to shared zeropage when splitting isolated thp" (Linux, 2024), and the folio_is_device_private that
    /// "mm/huge_memory: implement device-private THP splitting" (2025) puts beside it.
    SplitDropsDeviceZeros "split_drops_device_zeros";
    /// Fork write-protects present huge entries, not device-private ones.
    /// What copy_huge_pmd (mm/huge_memory.c) had to learn with "mm/huge_memory: add device-private THP support to PMD operations" (Linux,
    /// 2025).
    ForkLeavesHugeDeviceWritable "fork_leaves_huge_device_writable";
    /// A change to a lesser access write-protects present huge entries, not device-private ones.
    /// What change_huge_pmd (mm/huge_memory.c) had to learn with "mm/huge_memory: add device-private THP support to PMD operations"
    /// (Linux, 2025).
    ProtectLeavesHugeDeviceWritable "protect_leaves_huge_device_writable";
    /// A held folio is reused on write because a single huge entry maps it.
    /// What do_huge_pmd_wp_page (mm/huge_memory.c) counts since "mm/huge_memory: streamline COW logic in do_huge_pmd_wp_page()" (Linux,
    /// 2022).
    HugeReuseIgnoresHold "huge_reuse_ignores_hold";
    /// A page of a large folio is reused on write although another space maps it.
    /// What __wp_can_reuse_large_anon_folio (mm/memory.c) asks for since "mm: Copy-on-Write (COW) reuse support for PTE-mapped THP" (Linux,
    /// 2025).
    LargeReuseIgnoresOthers "large_reuse_ignores_others";
    /// A folio moves as a whole, and only the content of its first page is copied.
    /// The loop over the pages that a driver's copy needs; lib/test_hmm.c has it since "lib/test_hmm: add zone device private THP test
    /// infrastructure" (Linux, 2025).
    MigrationCopiesHeadOnly "migration_copies_head_only";
    /// The third phase maps a folio at a group of holes of which a fault has filled one meanwhile.
    /// The check under the page-table lock in migrate_vma_insert_huge_pmd_page (mm/migrate_device.c), since "mm/migrate_device: implement
    /// THP migration of zone device pages" (Linux, 2025).
    LostGroupRace "lost_group_race";
}

#[cfg(test)]
mod tests {
    use super::Bug;
    use alloc::collections::BTreeSet;

    #[test]
    fn every_bug_has_a_name_of_its_own_that_is_its_variant_in_small_letters() {
        let mut names = BTreeSet::new();
        for &bug in Bug::ALL {
            assert!(names.insert(bug.name()), "{} is twice there", bug.name());
            let joined: alloc::string::String = bug.name().split('_').collect();
            assert_eq!(joined, alloc::format!("{bug:?}").to_lowercase());
        }
    }
}
