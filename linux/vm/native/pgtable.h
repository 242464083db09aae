/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Included by arch/um's asm/pgtable.h: the place of the page descriptors, and the bit of device mappings. */

/* A page descriptor of 64 bytes for each page below MAX_PHYSMEM_BITS: 1 GB, in a range that the host leaves alone. */
#define STALEMAP_VMEMMAP	0x1000000000UL
#define STALEMAP_VMEMMAP_END	0x1080000000UL

#ifdef CONFIG_SPARSEMEM_VMEMMAP
#define vmemmap			((struct page *)STALEMAP_VMEMMAP)
#undef VMALLOC_START
#define VMALLOC_START		STALEMAP_VMEMMAP_END
#endif

/* KASAN asks for it where memory can be added. */
#define pfn_to_kaddr(pfn)	__va((pfn) << PAGE_SHIFT)

#ifdef CONFIG_ARCH_HAS_PTE_DEVMAP
/* In entries that are present; the others use the bit for their type. */
#define _PAGE_DEVMAP		0x200

static inline int pte_devmap(pte_t pte)
{
	return !!pte_get_bits(pte, _PAGE_DEVMAP);
}

static inline pte_t pte_mkdevmap(pte_t pte)
{
	pte_set_bits(pte, _PAGE_DEVMAP);
	return pte;
}
#endif
