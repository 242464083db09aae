/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Included by arch/um's asm/pgtable.h: entries of the level above the last that map huge pages. */
#ifdef CONFIG_STALEMAP_HUGE

#define HPAGE_SHIFT		PMD_SHIFT
#define HPAGE_SIZE		PMD_SIZE

/* An entry that maps a page and no table. Bit 2 has no meaning in other entries: types begin at bit 5. */
#define _PAGE_LEAF		0x004

/* An entry that is set aside while it is changed keeps all but its present bit, and gets this one. */
#undef pmd_present
#define pmd_present(pmd)	(pmd_val(pmd) & (_PAGE_PRESENT | _PAGE_PROTNONE))

static inline pmd_t stalemap_pmd(pmd_t pmd, unsigned long clear, unsigned long set)
{
	return __pmd((pmd_val(pmd) & ~clear) | set);
}

static inline int pmd_trans_huge(pmd_t pmd)
{
	return pmd_present(pmd) && pmd_val(pmd) & _PAGE_LEAF;
}

#define pmd_leaf(pmd)		(!!pmd_trans_huge(pmd))

/* In an entry that is not present the same bit is one of its type. */
#define pmd_write pmd_write
static inline int pmd_write(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_PRESENT && pmd_val(pmd) & _PAGE_RW;
}

#define pmd_dirty pmd_dirty
static inline int pmd_dirty(pmd_t pmd)
{
	return !!(pmd_val(pmd) & _PAGE_DIRTY);
}

#define pmd_young pmd_young
static inline int pmd_young(pmd_t pmd)
{
	return !!(pmd_val(pmd) & _PAGE_ACCESSED);
}

#define pmd_mkhuge(pmd)		stalemap_pmd(pmd, 0, _PAGE_LEAF)
#define pmd_mkwrite_novma(pmd)	stalemap_pmd(pmd, 0, _PAGE_RW)
#define pmd_wrprotect(pmd)	stalemap_pmd(pmd, _PAGE_RW, 0)
#define pmd_mkdirty(pmd)	stalemap_pmd(pmd, 0, _PAGE_DIRTY)
#define pmd_mkclean(pmd)	stalemap_pmd(pmd, _PAGE_DIRTY, 0)
#define pmd_mkyoung(pmd)	stalemap_pmd(pmd, 0, _PAGE_ACCESSED)
#define pmd_mkold(pmd)		stalemap_pmd(pmd, _PAGE_ACCESSED, 0)
#define pmd_mkinvalid(pmd)	stalemap_pmd(pmd, _PAGE_PRESENT, _PAGE_PROTNONE)

static inline pmd_t pmd_modify(pmd_t pmd, pgprot_t protection)
{
	return __pmd((pmd_val(pmd) & (_PAGE_CHG_MASK | _PAGE_LEAF)) | pgprot_val(protection));
}

#define __HAVE_ARCH_PMD_SAME
static inline int pmd_same(pmd_t one, pmd_t other)
{
	return !((pmd_val(one) ^ pmd_val(other)) & ~_PAGE_NEEDSYNC);
}

static inline void set_pmd_at(struct mm_struct *mm, unsigned long addr, pmd_t *at, pmd_t pmd)
{
	set_pmd(at, stalemap_pmd(pmd, 0, _PAGE_NEEDSYNC));
	um_tlb_mark_sync(mm, addr, addr + PMD_SIZE);
}

#define pmdp_establish		generic_pmdp_establish
#define update_mmu_cache_pmd(vma, addr, pmd) do { } while (0)

#define __pmd_to_swp_entry(pmd)	((swp_entry_t){ pmd_val(pmd) & ~_PAGE_NEEDSYNC })
#define __swp_entry_to_pmd(it)	__pmd((it).val)

#endif
