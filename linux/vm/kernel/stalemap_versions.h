/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The names that things have in the newest kernel, for the older ones, and what of it only files of mm/ see there. */
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)

#include <linux/leafops.h>
#include "../mm/internal.h"

#define stalemap_device_page(dmirror)		dmirror_devmem_alloc_page(dmirror, false)
#define stalemap_flags(page)			(&(page)->flags.f)

/* Entries of huge pages that are not present. */
#ifdef CONFIG_ARCH_HAS_PMD_SOFTLEAVES
#define STALEMAP_HAS_HUGE_LEAVES
#endif

#else

#define softleaf_from_pte			pte_to_swp_entry
#define softleaf_from_pmd			pmd_to_swp_entry
#define softleaf_to_pfn				swp_offset_pfn
#define pmd_is_valid_softleaf			is_pmd_migration_entry
#define softleaf_to_page			pfn_swap_entry_to_page
#define softleaf_is_device_private		is_device_private_entry
#define softleaf_is_device_private_write	is_writable_device_private_entry
#define softleaf_is_migration			is_migration_entry
#define softleaf_is_migration_write		is_writable_migration_entry
#define softleaf_is_migration_read_exclusive	is_readable_exclusive_migration_entry
typedef swp_entry_t softleaf_t;

#define stalemap_device_page(dmirror)		dmirror_devmem_alloc_page((dmirror)->mdevice)
#define stalemap_flags(page)			(&(page)->flags)

/* A migration of an older kernel has no page of another size. */
#define MIGRATE_PFN_COMPOUND			0UL

#endif

/* Huge pages that a program is told of: of older kernels those of RAM, of which user mode Linux has none. */
#if defined(STALEMAP_HAS_HUGE_LEAVES) || \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) && defined(CONFIG_TRANSPARENT_HUGEPAGE) && !defined(CONFIG_UML))
#define STALEMAP_HAS_HUGE
#endif
