//! What is edited in the kernel: the requests, the mutants, and what hides the test driver's own faults.

mod huge;

pub(crate) use self::huge::run_edits;
use crate::edit::{Edit, Side};
use crate::history;
use crate::version::Version;

/// A file of ours that is put into the source.
#[derive(Clone, Debug)]
pub struct Addition {
    /// Its path, from the root of the source.
    pub file: &'static str,
    /// What is in it.
    pub text: String,
}

/// The files that are added to every kernel.
pub(crate) fn additions() -> Vec<Addition> {
    let files = [
        ("include/linux/stalemap.h", include_str!("../kernel/stalemap.h")),
        ("lib/stalemap_requests.h", include_str!("../kernel/stalemap_requests.h")),
        ("lib/stalemap_runs.h", include_str!("../kernel/stalemap_runs.h")),
        ("include/linux/stalemap_split.h", include_str!("../kernel/stalemap_split.h")),
        ("lib/stalemap_whole.h", include_str!("../kernel/stalemap_whole.h")),
        ("lib/stalemap_scale.h", include_str!("../kernel/stalemap_scale.h")),
        ("lib/stalemap_versions.h", include_str!("../kernel/stalemap_versions.h")),
    ];
    files.map(|(file, text)| Addition { file, text: text.into() }).to_vec()
}

const DRIVER: &str = "lib/test_hmm.c";

/// Where the page allocator begins with a request: the function, and its line behind which an edit may refuse it.
pub(crate) const fn allocation(version: Version) -> (&'static str, &'static str) {
    let function = version.pick(
        "struct page *__alloc_pages(",
        "struct page *__alloc_pages_noprof(",
        "struct page *__alloc_frozen_pages_noprof(",
    );
    let line = version.since(
        Version::V7_3,
        "struct alloc_context ac = { };",
        "unsigned int fastpath_alloc_flags = alloc_flags;",
    );
    (function, line)
}

/// The edits of a version, in order.
#[must_use]
pub fn edits(version: Version) -> Vec<Edit> {
    let mut edits = include_edits();
    edits.extend(driver_edits(version));
    if version >= Version::V7_3 {
        edits.extend(huge::edits());
    }
    edits.extend(mutants(version));
    edits.extend(history::edits(version));
    edits
}

fn include_edits() -> Vec<Edit> {
    [
        (DRIVER, "#include <linux/migrate.h>"),
        ("mm/memremap.c", "#include <linux/memremap.h>"),
        ("mm/rmap.c", "#include <linux/rmap.h>"),
        ("mm/memory.c", "#include <linux/rmap.h>"),
        ("mm/mprotect.c", "#include <linux/migrate.h>"),
        ("mm/migrate_device.c", "#include <linux/rmap.h>"),
    ]
    .map(|(file, line)| Edit::names_of_bits(file, line))
    .to_vec()
}

fn driver_edits(version: Version) -> Vec<Edit> {
    let mut edits = [&device_edits(version)[..], &table_edits(), &request_edits()].concat();
    edits.extend(finalize_edit(version));
    edits
}

/// What hides that the test driver ends a migration in the middle with frames that it gave. Earlier drivers do not stop there.
fn finalize_edit(version: Version) -> Option<Edit> {
    (version >= Version::V7_3).then_some(Edit {
        purpose: "pages that got a frame before one got none move before the migration ends",
        file: DRIVER,
        function: "static int dmirror_migrate_to_system(",
        line: "if (dmirror_devmem_fault_alloc_and_copy(&args, dmirror)) {",
        side: Side::After,
        text: "\tif (!stalemap_is_on(STALEMAP_SHOW_FINALIZE_WITHOUT_PAGES))\n\t\tmigrate_vma_pages(&args);",
    })
}

/// What makes the devices of the test driver those of a small machine.
fn device_edits(version: Version) -> [Edit; 4] {
    [
        Edit {
            purpose: "small devices: opening, closing and collecting take time by their size",
            file: DRIVER,
            function: "",
            line: "#define DEVMEM_CHUNKS_RESERVE\t\t16",
            side: Side::After,
            text: "#undef DEVMEM_CHUNK_SIZE\n#define DEVMEM_CHUNK_SIZE\t\t((IS_ENABLED(CONFIG_UML) ? 2 : 32) * 1024 * 1024U)",
        },
        Edit {
            purpose: "a chunk of its own size: the region that is found for it is rounded up to a memory section",
            file: DRIVER,
            function: "static int dmirror_allocate_chunk(",
            line: "devmem->pagemap.range.end = res->end;",
            side: Side::After,
            text: "devmem->pagemap.range.end = res->start + DEVMEM_CHUNK_SIZE - 1;",
        },
        Edit {
            purpose: "a device has as many frames as the machine says",
            file: DRIVER,
            function: "static struct page *dmirror_devmem_alloc_page(",
            line: version.since(
                Version::V7_3,
                "struct page *rpage = NULL;",
                "struct dmirror_device *mdevice = dmirror->mdevice;",
            ),
            side: Side::After,
            text: version.since(
                Version::V7_3,
                "\nif (mdevice->calloc - mdevice->cfree >= stalemap_limit[mdevice - dmirror_devices])\n\treturn NULL;",
                "\nif (!stalemap_make_room(mdevice, is_large))\n\treturn NULL;",
            ),
        },
        Edit {
            purpose: "closing a file leaves the pages of other processes alone",
            file: DRIVER,
            function: "static int dmirror_fops_release(",
            line: "if (mdevice->devmem_chunks) {",
            side: Side::Before,
            text: "if (stalemap_is_on(STALEMAP_EVICT_ON_CLOSE))",
        },
    ]
}

/// What hides the faults of the test driver's table of pages.
fn table_edits() -> [Edit; 7] {
    [
        Edit {
            purpose: "the device's table holds backing pages, and a refused write is no warning",
            file: DRIVER,
            function: "static int dmirror_do_fault(",
            line: "entry = page;",
            side: Side::After,
            text: "if (!stalemap_is_on(STALEMAP_SHOW_DEVICE_PAGE_IN_TABLE))\n\tentry = stalemap_backing(page);\n\
                   if (!(*pfns & HMM_PFN_WRITE) && (range->default_flags & HMM_PFN_WRITE))\n\treturn -EFAULT;",
        },
        Edit {
            purpose: "a file knows whether its own request migrates, and so brings its table up to date",
            file: DRIVER,
            function: "",
            line: "struct mutex\t\t\tmutex;",
            side: Side::After,
            text: "bool\t\t\t\tstalemap_migrates;",
        },
        Edit {
            purpose: "a migration to the device by request",
            file: DRIVER,
            function: "static long dmirror_fops_unlocked_ioctl(",
            line: "case HMM_DMIRROR_MIGRATE_TO_DEV:",
            side: Side::After,
            text: "\tdmirror->stalemap_migrates = true;",
        },
        Edit {
            purpose: "a migration from the device by request",
            file: DRIVER,
            function: "static long dmirror_fops_unlocked_ioctl(",
            line: "case HMM_DMIRROR_MIGRATE_TO_SYS:",
            side: Side::After,
            text: "\tdmirror->stalemap_migrates = true;",
        },
        Edit {
            purpose: "the end of a request",
            file: DRIVER,
            function: "static long dmirror_fops_unlocked_ioctl(",
            line: "if (ret)",
            side: Side::Before,
            text: "dmirror->stalemap_migrates = false;",
        },
        Edit {
            purpose: "what is dropped from the device's table ends before the end of the range: the last index is a part of it",
            file: DRIVER,
            function: "static void dmirror_do_update(",
            line: "xa_for_each_range(&dmirror->pt, pfn, entry, start >> PAGE_SHIFT,",
            side: Side::Before,
            text: "end--;",
        },
        Edit {
            purpose: "a process drops what another one faulted back from the device's table",
            file: DRIVER,
            function: "static bool dmirror_interval_invalidate(",
            line: "if (range->event == MMU_NOTIFY_MIGRATE &&",
            side: Side::Before,
            text: "if (dmirror->stalemap_migrates || stalemap_is_on(STALEMAP_SHOW_STALE_TABLE))",
        },
    ]
}

/// The requests that are added, and the way to them.
fn request_edits() -> [Edit; 2] {
    [
        Edit {
            purpose: "the requests",
            file: DRIVER,
            function: "",
            line: "static long dmirror_fops_unlocked_ioctl(struct file *filp,",
            side: Side::Before,
            text: "#include \"stalemap_requests.h\"\n",
        },
        Edit {
            purpose: "the way to the requests",
            file: DRIVER,
            function: "static long dmirror_fops_unlocked_ioctl(",
            line: "dmirror = filp->private_data;",
            side: Side::After,
            text: "if (_IOC_NR(command) >= 0x20)\n\treturn stalemap_request(dmirror, command, uarg);",
        },
    ]
}

/// The mutants, by the bits of the kernel parameter `stalemap`.
fn mutants(version: Version) -> Vec<Edit> {
    [&mutants_of_2019(version)[..], &mutants_of_entries(version)].concat()
}

/// The two faults of 2019.
fn mutants_of_2019(version: Version) -> [Edit; 2] {
    [
        Edit {
            purpose: "mutant stale_mapping",
            file: "mm/memremap.c",
            function: version.since(Version::V6_12, "void free_zone_device_page(", "void free_zone_device_folio("),
            line: version.since(Version::V6_12, "page->mapping = NULL;", "folio->mapping = NULL;"),
            side: Side::Before,
            text: "if (!stalemap_is_on(STALEMAP_STALE_MAPPING))",
        },
        Edit {
            purpose: "mutant subpage_pointer",
            file: "mm/rmap.c",
            function: "static bool try_to_migrate_one(",
            line: version.since(Version::V7_3, "subpage = &folio->page;", "anon_exclusive = folio_test_anon(folio) &&"),
            side: if version == Version::V7_3 { Side::Before } else { Side::After },
            text: version.pick(
                "if (stalemap_is_on(STALEMAP_SUBPAGE_POINTER))\n\
                 \tsubpage = folio_page(folio, pte_pfn(*pvmw.pte) - folio_pfn(folio));",
                "if (stalemap_is_on(STALEMAP_SUBPAGE_POINTER))\n\
                 \tsubpage = folio_page(folio, pte_pfn(ptep_get(pvmw.pte)) - folio_pfn(folio));",
                "if (stalemap_is_on(STALEMAP_SUBPAGE_POINTER))\n\
                 \tsubpage = folio_page(folio, pte_pfn(pteval) - folio_pfn(folio));",
            ),
        },
    ]
}

/// Faults in what is done to entries of device pages.
fn mutants_of_entries(version: Version) -> [Edit; 4] {
    [
        Edit {
            purpose: "mutant fork_leaves_device_writable",
            file: "mm/memory.c",
            function: "copy_nonpresent_pte(",
            line: version.since(
                Version::V7_3,
                "if (is_writable_device_private_entry(entry) &&",
                "if (softleaf_is_device_private_write(entry) &&",
            ),
            side: Side::Before,
            text: "if (!stalemap_is_on(STALEMAP_FORK_LEAVES_WRITABLE))",
        },
        Edit {
            purpose: "mutant protect_leaves_device_writable",
            file: "mm/mprotect.c",
            function: version.since(Version::V7_3, "static long change_pte_range(", "static long change_softleaf_pte("),
            line: version.since(
                Version::V7_3,
                "} else if (is_writable_device_private_entry(entry)) {",
                "} else if (softleaf_is_device_private_write(entry)) {",
            ),
            side: Side::After,
            text: version.since(
                Version::V7_3,
                "\tif (stalemap_is_on(STALEMAP_PROTECT_LEAVES_WRITABLE))\n\t\tcontinue;",
                "\tif (stalemap_is_on(STALEMAP_PROTECT_LEAVES_WRITABLE))\n\t\treturn 0;",
            ),
        },
        Edit {
            purpose: "mutant zap_keeps_rmap",
            file: "mm/memory.c",
            function: version.since(
                Version::V7_3,
                "static unsigned long zap_pte_range(",
                "static inline int zap_nonpresent_ptes(",
            ),
            line: version.since(
                Version::V7_3,
                "if (is_device_private_entry(entry))",
                "folio_remove_rmap_pte(folio, page, vma);",
            ),
            side: Side::Before,
            text: version.since(
                Version::V7_3,
                "if (!stalemap_is_on(STALEMAP_ZAP_KEEPS_RMAP))",
                "if (!stalemap_is_on(STALEMAP_ZAP_KEEPS_RMAP) || !softleaf_is_device_private(entry))",
            ),
        },
        Edit {
            purpose: "mutant collect_takes_all_writable",
            file: "mm/migrate_device.c",
            function: "static int migrate_vma_collect_pmd(",
            line: version.since(
                Version::V7_3,
                "if (is_writable_device_private_entry(entry))",
                "if (softleaf_is_device_private_write(entry))",
            ),
            side: Side::Before,
            text: "if (stalemap_is_on(STALEMAP_COLLECT_ALL_WRITABLE))\n\tmpfn |= MIGRATE_PFN_WRITE;",
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::{additions, edits};
    use crate::version::Version;

    #[test]
    fn every_bit_that_an_edit_asks_for_has_a_name_in_the_header() {
        let header = additions()[0].text.clone();
        for version in Version::ALL {
            for edit in edits(version) {
                for (at, _) in edit.text.match_indices("stalemap_is_on(") {
                    let rest = &edit.text[at + "stalemap_is_on(".len()..];
                    let name = &rest[..rest.find(')').expect("the call is closed")];
                    assert!(header.contains(&format!("\t{name} = ")), "{}: {name}", edit.purpose);
                }
            }
        }
    }

    #[test]
    fn no_two_edits_of_a_version_have_the_same_place() {
        for version in Version::ALL {
            let edits = edits(version);
            for (index, edit) in edits.iter().enumerate() {
                let twin = edits[..index].iter().find(|other| {
                    (other.file, other.function, other.line, other.side)
                        == (edit.file, edit.function, edit.line, edit.side)
                });
                assert!(twin.is_none(), "{}: {}", edit.file, edit.purpose);
            }
        }
    }
}
