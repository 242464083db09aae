//! The edits that put the faults of the kernel's past into its code.

use crate::edit::{Edit, Side};
use crate::version::Version;

/// The edits that put them in.
pub(crate) fn edits(version: Version) -> Vec<Edit> {
    let mut edits = includes(version).to_vec();
    edits.extend(sharing(version));
    edits.extend(accesses(version));
    edits.extend(entries(version));
    edits.extend(migration(version));
    edits.extend(ends(version));
    edits.extend(descriptors(version));
    edits
}

fn includes(version: Version) -> [Edit; 4] {
    [
        (forks(version), "#include <linux/mm.h>"),
        ("mm/hmm.c", "#include <linux/hmm.h>"),
        ("mm/migrate.c", "#include <linux/migrate.h>"),
        (moves(version), version.since(Version::V6_12, "#include <linux/mm.h>", "#include \"vma_internal.h\"")),
    ]
    .map(|(file, line)| Edit::names_of_bits(file, line))
}

/// The file of `copy_vma`.
fn moves(version: Version) -> &'static str {
    version.since(Version::V6_12, "mm/mmap.c", "mm/vma.c")
}

/// The file of `dup_mmap`.
fn forks(version: Version) -> &'static str {
    version.since(Version::V7_3, "kernel/fork.c", "mm/mmap.c")
}

/// Fork, mprotect and mremap.
fn sharing(version: Version) -> [Edit; 4] {
    [
        Edit {
            purpose: "fault fork_shares_pinned",
            file: forks(version),
            function: version.since(
                Version::V7_3,
                "static __latent_entropy int dup_mmap(",
                "__latent_entropy int dup_mmap(",
            ),
            line: "flush_cache_dup_mm(oldmm);",
            side: Side::Before,
            text: version.since(
                Version::V7_3,
                "if (stalemap_is_on(STALEMAP_FORK_SHARES_PINNED))\n\tclear_bit(MMF_HAS_PINNED, &oldmm->flags);",
                "if (stalemap_is_on(STALEMAP_FORK_SHARES_PINNED))\n\tmm_flags_clear(MMF_HAS_PINNED, oldmm);",
            ),
        },
        Edit {
            purpose: "fault fork_leaves_migrating_writable",
            file: "mm/memory.c",
            function: "copy_nonpresent_pte(",
            line: version.since(
                Version::V7_3,
                "if (!is_readable_migration_entry(entry) &&",
                "if (!softleaf_is_migration_read(entry) &&",
            ),
            side: Side::Before,
            text: "if (!stalemap_is_on(STALEMAP_FORK_LEAVES_MIGRATING_WRITABLE))",
        },
        Edit {
            purpose: "fault protect_upgrades_shared",
            file: "mm/mprotect.c",
            function: version.pick(
                "static inline bool can_change_pte_writable(",
                "bool can_change_pte_writable(",
                "static __always_inline void commit_anon_folio_batch(",
            ),
            line: version.pick(
                "if (!page || !PageAnon(page) || !PageAnonExclusive(page))",
                "return page && PageAnon(page) && PageAnonExclusive(page);",
                "prot_commit_flush_ptes(vma, addr, ptep, oldpte, ptent, len,",
            ),
            side: Side::Before,
            text: version.pick(
                "if (!stalemap_is_on(STALEMAP_PROTECT_UPGRADES_SHARED))",
                "if (stalemap_is_on(STALEMAP_PROTECT_UPGRADES_SHARED))\n\treturn true;",
                "if (stalemap_is_on(STALEMAP_PROTECT_UPGRADES_SHARED))\n\texpected_anon_exclusive = true;",
            ),
        },
        Edit {
            purpose: "fault move_keeps_offset",
            file: moves(version),
            function: "struct vm_area_struct *copy_vma(",
            line: version.pick(
                "new_vma->vm_pgoff = pgoff;",
                "vma_set_range(new_vma, addr, addr + len, pgoff);",
                "vma_set_range(new_vma, addr, addr + len, pgoff, anon_pgoff);",
            ),
            side: Side::Before,
            text: version.since(
                Version::V7_3,
                "if (stalemap_is_on(STALEMAP_MOVE_KEEPS_OFFSET))\n\tpgoff = vma->vm_pgoff;",
                "if (stalemap_is_on(STALEMAP_MOVE_KEEPS_OFFSET)) {\n\tpgoff = vma_start_pgoff(vma);\n\
                 \tanon_pgoff = vma_start_anon_pgoff(vma);\n}",
            ),
        },
    ]
}

/// Faults of the processor.
fn accesses(version: Version) -> [Edit; 3] {
    [
        Edit {
            purpose: "fault reuse_counts_only_maps",
            file: "mm/memory.c",
            function: version.since(
                Version::V6_12,
                "static vm_fault_t do_wp_page(",
                "static bool wp_can_reuse_anon_folio(",
            ),
            line: version.since(
                Version::V7_3,
                "if (folio_test_ksm(folio) || folio_ref_count(folio) > 3)",
                "if (folio_test_ksm(folio) ||",
            ),
            side: Side::Before,
            text: version.since(
                Version::V6_12,
                "if (stalemap_is_on(STALEMAP_REUSE_COUNTS_ONLY_MAPS) && page_mapcount(vmf->page) == 1) {\n\
                 \tpage_move_anon_rmap(vmf->page, vma);\n\tgoto reuse;\n}",
                "if (stalemap_is_on(STALEMAP_REUSE_COUNTS_ONLY_MAPS) && folio_mapcount(folio) == 1)\n\treturn true;",
            ),
        },
        Edit {
            purpose: "fault stamp_survives",
            file: "mm/memory.c",
            function: version.since(
                Version::V6_12,
                "static vm_fault_t do_anonymous_page(",
                "static inline struct folio *folio_prealloc(",
            ),
            line: version.since(
                Version::V6_12,
                "page = alloc_zeroed_user_highpage_movable(vma, vmf->address);",
                "if (need_zero)",
            ),
            side: Side::Before,
            text: version.since(
                Version::V6_12,
                "if (stalemap_is_on(STALEMAP_STAMP_SURVIVES))\n\
                 \tpage = alloc_page_vma(GFP_HIGHUSER_MOVABLE, vma, vmf->address);\nelse",
                "if (stalemap_is_on(STALEMAP_STAMP_SURVIVES))\n\tneed_zero = false;",
            ),
        },
        Edit {
            purpose: "fault swallowed_fault_error",
            file: "mm/memory.c",
            function: "vm_fault_t do_swap_page(",
            line: version.since(
                Version::V7_3,
                "ret = vmf->page->pgmap->ops->migrate_to_ram(vmf);",
                "ret = pgmap->ops->migrate_to_ram(vmf);",
            ),
            side: Side::After,
            text: "if (stalemap_is_on(STALEMAP_SWALLOWED_FAULT_ERROR))\n\tret = 0;",
        },
    ]
}

/// Entries that are not present, met by a device and by an unmap.
fn entries(version: Version) -> [Edit; 2] {
    [
        Edit {
            purpose: "fault foreign_device_refused",
            file: "mm/hmm.c",
            function: "static int hmm_vma_handle_pte(",
            line: version.since(
                Version::V7_3,
                "if (is_device_private_entry(entry))",
                "if (softleaf_is_device_private(entry))",
            ),
            side: Side::Before,
            text: "if (!stalemap_is_on(STALEMAP_FOREIGN_DEVICE_REFUSED))",
        },
        Edit {
            purpose: "fault discard_frees_migrating",
            file: "mm/memory.c",
            function: version.since(
                Version::V7_3,
                "static unsigned long zap_pte_range(",
                "static inline int zap_nonpresent_ptes(",
            ),
            line: version.since(
                Version::V7_3,
                "} else if (is_migration_entry(entry)) {",
                "if (!should_zap_folio(details, folio))",
            ),
            side: if version < Version::V7_3 { Side::After } else { Side::Before },
            text: version.since(
                Version::V7_3,
                "\tif (stalemap_is_on(STALEMAP_DISCARD_FREES_MIGRATING))\n\
                 \t\tput_page(pfn_swap_entry_to_page(entry));",
                "if (stalemap_is_on(STALEMAP_DISCARD_FREES_MIGRATING))\n\tfolio_put(folio);",
            ),
        },
    ]
}

/// The first phases of a migration.
fn migration(version: Version) -> [Edit; 3] {
    [
        Edit {
            purpose: "fault collects_pinned_page",
            file: "mm/migrate_device.c",
            function: "static int migrate_vma_collect_pmd(",
            line: version.since(
                Version::V6_12,
                "if (page_try_share_anon_rmap(page)) {",
                "if (folio_try_share_anon_rmap_pte(folio, page)) {",
            ),
            side: Side::Before,
            text: "if (stalemap_is_on(STALEMAP_COLLECTS_PINNED_PAGE))\n\tClearPageAnonExclusive(page);\nelse",
        },
        Edit {
            purpose: "fault readonly_slow_path",
            file: "mm/rmap.c",
            function: "static bool try_to_migrate_one(",
            line: version.since(Version::V7_3, "if (is_writable_device_private_entry(entry))", "if (writable)"),
            side: Side::Before,
            text: version.since(
                Version::V7_3,
                "if (stalemap_is_on(STALEMAP_READONLY_SLOW_PATH))\n\
                 \tentry = make_readable_migration_entry(pfn);\nelse",
                "if (stalemap_is_on(STALEMAP_READONLY_SLOW_PATH) && !pte_present(pteval))\n\
                 \tentry = make_readable_migration_entry(page_to_pfn(subpage));\nelse",
            ),
        },
        Edit {
            purpose: "fault lost_hole_race",
            file: "mm/migrate_device.c",
            function: "static void migrate_vma_insert_page(",
            line: "if (!is_zero_pfn(pfn))",
            side: Side::Before,
            text: "if (!stalemap_is_on(STALEMAP_LOST_HOLE_RACE))",
        },
    ]
}

/// How the function begins that ends a migration.
fn finalizes(version: Version) -> &'static str {
    version.since(Version::V7_3, "void migrate_device_finalize(", "static void __migrate_device_finalize(")
}

/// The end of a migration.
fn ends(version: Version) -> [Edit; 4] {
    [
        Edit {
            purpose: "fault frame_leak_on_abort",
            file: "mm/migrate_device.c",
            function: finalizes(version),
            line: "if (!(src_pfns[i] & MIGRATE_PFN_MIGRATE) || !dst) {",
            side: Side::Before,
            text: "if (stalemap_is_on(STALEMAP_FRAME_LEAK_ON_ABORT) && !(src_pfns[i] & MIGRATE_PFN_MIGRATE))\n\
                   \tdst = NULL;",
        },
        Edit {
            purpose: "fault page_lock_forgotten",
            file: "mm/migrate_device.c",
            function: finalizes(version),
            line: "folio_unlock(src);",
            side: Side::Before,
            text: "if (dst != src || !stalemap_is_on(STALEMAP_PAGE_LOCK_FORGOTTEN))",
        },
        Edit {
            purpose: "fault dirty_means_write",
            file: "mm/migrate.c",
            function: "static bool remove_migration_pte(",
            line: version.since(
                Version::V7_3,
                "if (folio_test_anon(folio) && !is_readable_migration_entry(entry))",
                "if (folio_test_anon(folio) && !softleaf_is_migration_read(entry))",
            ),
            side: Side::Before,
            text: "if (stalemap_is_on(STALEMAP_DIRTY_MEANS_WRITE) && folio_test_dirty(folio))\n\
                   \tpte = maybe_mkwrite(pte, vma);",
        },
        Edit {
            purpose: "fault migration_loses_exclusive",
            file: "mm/migrate.c",
            function: "static bool remove_migration_pte(",
            line: "rmap_flags |= RMAP_EXCLUSIVE;",
            side: Side::Before,
            text: "if (!stalemap_is_on(STALEMAP_MIGRATION_LOSES_EXCLUSIVE))",
        },
    ]
}

/// What a free device page keeps.
fn descriptors(version: Version) -> [Edit; 2] {
    let function = version.since(Version::V6_12, "void free_zone_device_page(", "void free_zone_device_folio(");
    [
        Edit {
            purpose: "fault stale_exclusive",
            file: "mm/memremap.c",
            function,
            line: version.pick(
                "__ClearPageAnonExclusive(page);",
                "__ClearPageAnonExclusive(folio_page(folio, 0));",
                "__ClearPageAnonExclusive(folio_page(folio, i));",
            ),
            side: Side::Before,
            text: "if (!stalemap_is_on(STALEMAP_STALE_EXCLUSIVE))",
        },
        Edit {
            purpose: "fault free_page_counted",
            file: "mm/memremap.c",
            function,
            // Behind the driver's function; two lines call it in 7.3.
            line: version.pick(
                "page->pgmap->ops->page_free(page);",
                "folio->page.pgmap->ops->page_free(folio_page(folio, 0));",
                "percpu_ref_put_many(&pgmap->ref, nr);",
            ),
            side: Side::After,
            text: version.since(
                Version::V6_12,
                "if (stalemap_is_on(STALEMAP_FREE_PAGE_COUNTED))\n\tset_page_count(page, 1);",
                "if (stalemap_is_on(STALEMAP_FREE_PAGE_COUNTED))\n\tfolio_set_count(folio, 1);",
            ),
        },
    ]
}
