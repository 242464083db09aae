/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Splits the huge migration entries of a folio in every space. Included by mm/migrate_device.c of 7.3. */
#ifndef _LINUX_STALEMAP_SPLIT_H
#define _LINUX_STALEMAP_SPLIT_H

#ifdef CONFIG_ARCH_HAS_PMD_SOFTLEAVES

static bool stalemap_split_entry(struct folio *folio, struct vm_area_struct *vma, unsigned long addr, void *unused)
{
	unsigned long start = addr & HPAGE_PMD_MASK;
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, start);

	if (!pmd || !pmd_is_migration_entry(*pmd) || softleaf_to_folio(softleaf_from_pmd(*pmd)) != folio)
		return true;
	/* The split drops a reference. */
	folio_get(folio);
	split_huge_pmd_address(vma, start, true);
	return true;
}

/* The folio is locked and unmapped. */
static void stalemap_split_entries(struct folio *folio)
{
	struct rmap_walk_control walk = { .rmap_one = stalemap_split_entry };

	rmap_walk(folio, &walk);
}

#endif

#endif
