/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Included by arch/um's asm/pgtable-4level.h: how many pages the last level of a page table has, and so a huge page, is
 * the configuration's to choose. No processor walks these tables.
 */
#ifdef CONFIG_STALEMAP_HUGE
#undef PMD_SHIFT
#undef PUD_SHIFT
#undef PGDIR_SHIFT
#undef PTRS_PER_PTE
#define PMD_SHIFT		(PAGE_SHIFT + CONFIG_STALEMAP_HUGE_ORDER)
#define PUD_SHIFT		(PMD_SHIFT + 9)
#define PGDIR_SHIFT		(PUD_SHIFT + 9)
#define PTRS_PER_PTE		(1 << CONFIG_STALEMAP_HUGE_ORDER)
#endif
