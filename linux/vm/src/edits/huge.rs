//! What hides the faults of Linux 7.3 that huge pages meet: each can be shown again by a bit.

use super::{DRIVER, allocation};
use crate::edit::{Edit, Side};
use crate::version::Version;

const CORE: &str = "mm/migrate_device.c";

/// The edits, in order.
pub(super) fn edits() -> Vec<Edit> {
    [&frame_edits()[..], &split_edits(), &collect_edits(), &device_edits(), &zap_edits()].concat()
}

/// What a virtual machine tells of huge pages of RAM, where a native kernel tells of all frames; and what makes its pages blocks of one.
pub(crate) fn run_edits(version: Version) -> Vec<Edit> {
    if version < Version::V6_12 {
        return Vec::new();
    }
    let (allocate, begins) = allocation(version);
    let mut edits = vec![
        Edit::names_of_bits("mm/page_alloc.c", "#include <linux/delayacct.h>"),
        Edit {
            purpose: "no more pages for users than were asked for",
            file: "mm/page_alloc.c",
            function: allocate,
            line: begins,
            side: Side::After,
            text: "const bool stalemap_for_users = gfp & __GFP_MOVABLE;\n\n\
                   if (stalemap_for_users && stalemap_is_out_of_ram(gfp & __GFP_NOFAIL, order))\n\treturn NULL;",
        },
        Edit {
            purpose: "it is told whether a huge page was found that was asked for",
            file: "mm/page_alloc.c",
            function: allocate,
            line: "trace_mm_page_alloc(page, order, alloc_gfp, ac.migratetype);",
            side: Side::Before,
            text: "if (order == HPAGE_PMD_ORDER && stalemap_for_users)\n\tstalemap_found_run(page);",
        },
    ];
    if version < Version::V7_3 {
        edits.push(Edit {
            purpose: "a hole that was collected is filled although a read has mapped the huge page of zeros since, as 7.3 does",
            file: CORE,
            function: "static void migrate_vma_insert_page(",
            line: "if (pmd_trans_huge(*pmdp) || pmd_devmap(*pmdp))",
            side: Side::Before,
            text: "if (pmd_trans_huge(*pmdp) && is_huge_zero_pmd(*pmdp))\n\tsplit_huge_pmd(vma, pmdp, addr);",
        });
    } else {
        edits.push(Edit {
            purpose: "where several pages stand for one of the program, those of the last one are the last mapped page of a folio",
            file: "mm/memory.c",
            function: "",
            line: "if (folio_large_mapcount(folio) <= 1)",
            side: Side::Before,
            text: "if (folio_large_mapcount(folio) <= stalemap_scale)\n\treturn false;",
        });
    }
    edits
}

/// Frames of a device: single ones in the place of a run, of which there are too few, and those of a run that is split.
fn frame_edits() -> [Edit; 3] {
    [
        Edit {
            purpose: "the frames behind a device's folio that is split are single ones, the first one too",
            file: DRIVER,
            function: "static void dmirror_devmem_folio_split(",
            line: "folio_reset_order(rfolio);",
            side: Side::After,
            text: "if (!stalemap_is_on(STALEMAP_SHOW_HEAD_OF_SPLIT_FRAMES))\n\tClearPageHead(rpage);",
        },
        Edit {
            purpose: "a device that has too few single frames in the place of a run gives those that it has",
            file: DRIVER,
            function: "static void dmirror_migrate_alloc_and_copy(",
            line: "dpage = dmirror_devmem_alloc_page(dmirror, false);",
            side: Side::After,
            text: "if (!dpage && !stalemap_is_on(STALEMAP_SHOW_SINGLES_RUN_OUT)) {\n\
                   \tsrc++;\n\tdst++;\n\taddr += PAGE_SIZE;\n\tcontinue;\n}",
        },
        Edit {
            purpose: "a hole of a group that got no frame stays a hole",
            file: CORE,
            function: "static void __migrate_device_pages(",
            line: "src_pfns[i+j] |= MIGRATE_PFN_MIGRATE;",
            side: Side::After,
            text: "if (!migrate_pfn_to_page(dst_pfns[i+j]) && !stalemap_is_on(STALEMAP_SHOW_HOLE_WITHOUT_FRAME)) {\n\
                   \tsrc_pfns[i+j] &= ~MIGRATE_PFN_MIGRATE;\n\tcontinue;\n}",
        },
    ]
}

/// A folio that is split while it is unmapped.
fn split_edits() -> [Edit; 2] {
    [
        Edit {
            purpose: "how the huge migration entries of a folio are split in every space",
            file: CORE,
            function: "",
            line: "#include \"internal.h\"",
            side: Side::After,
            text: "#include <linux/stalemap_split.h>",
        },
        Edit {
            purpose: "the huge entries of a folio that is split while it is unmapped are split in every space, not in one",
            file: CORE,
            function: "",
            line: "split_huge_pmd_address(migrate->vma, addr, true);",
            side: Side::Before,
            text: "if (!stalemap_is_on(STALEMAP_SHOW_SPLIT_IN_ONE_SPACE)) {\n\
                   \tfolio_put(folio);\n\tstalemap_split_entries(folio);\n} else",
        },
    ]
}

/// What is collected of a large folio of which a part is asked for.
fn collect_edits() -> [Edit; 2] {
    [
        Edit {
            purpose: "a split on the way of a fault back leaves the page of the fault in another folio, which is the one that is locked",
            file: CORE,
            function: "static int migrate_vma_collect_pmd(",
            line: "again:",
            side: Side::After,
            text: "\tif (migrate->fault_page && !stalemap_is_on(STALEMAP_SHOW_STALE_FAULT_FOLIO))\n\
                   \t\tfault_folio = page_folio(migrate->fault_page);",
        },
        Edit {
            purpose: "a collection does not wait for the lock of a folio that it would split: another migration may have it",
            file: CORE,
            function: "static int migrate_vma_split_folio(",
            line: "struct folio *new_fault_folio = NULL;",
            side: Side::After,
            text: "\nif (folio != fault_folio && !stalemap_is_on(STALEMAP_SHOW_WAIT_FOR_FOLIO)) {\n\
                   \tif (!folio_trylock(folio)) {\n\t\tfolio_put(folio);\n\t\treturn -EAGAIN;\n\t}\n\
                   \tfolio_unlock(folio);\n}",
        },
    ]
}

/// What a device sees of a huge entry.
fn device_edits() -> [Edit; 1] {
    [Edit {
        purpose: "a device that asks for a part of its own huge page gets that part, not the first one",
        file: "mm/hmm.c",
        function: "",
        line: "unsigned long pfn = softleaf_to_pfn(entry);",
        side: Side::After,
        text: "\nif (!stalemap_is_on(STALEMAP_SHOW_HEAD_FOR_TAIL))\n\tpfn += (start & ~PMD_MASK) >> PAGE_SHIFT;\n",
    }]
}

/// The end of a huge migration entry.
fn zap_edits() -> [Edit; 2] {
    [
        Edit::names_of_bits("mm/huge_memory.c", "#include <linux/rmap.h>"),
        Edit {
            purpose: "a huge migration entry of a device's folio has no reference to it and is not counted, unlike its device entry",
            file: "mm/huge_memory.c",
            function: "static void zap_huge_pmd_folio(",
            line: "const bool is_device_private = folio_is_device_private(folio);",
            side: Side::After,
            text: "\nif (pmd_is_migration_entry(pmdval) && !stalemap_is_on(STALEMAP_SHOW_ZAP_OF_MIGRATING)) {\n\
                   \tadd_mm_counter(mm, folio_test_anon(folio) ? MM_ANONPAGES : mm_counter_file(folio), -HPAGE_PMD_NR);\n\
                   \treturn;\n}\n",
        },
    ]
}
