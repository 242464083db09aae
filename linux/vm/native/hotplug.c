// SPDX-License-Identifier: MIT OR GPL-2.0
/* What memory hotplug and the virtual map of page descriptors ask of an architecture. */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/version.h>
#include <asm/tlbflush.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#include <linux/bootmem_info.h>
#endif

int arch_add_memory(int nid, u64 start, u64 size, struct mhp_params *params)
{
	return __add_pages(nid, start >> PAGE_SHIFT, size >> PAGE_SHIFT, params);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
void arch_remove_memory(u64 start, u64 size, struct vmem_altmap *altmap, struct dev_pagemap *pgmap)
{
	__remove_pages(start >> PAGE_SHIFT, size >> PAGE_SHIFT, altmap, pgmap);
}
#else
void arch_remove_memory(u64 start, u64 size, struct vmem_altmap *altmap)
{
	__remove_pages(start >> PAGE_SHIFT, size >> PAGE_SHIFT, altmap);
}
#endif

int __meminit vmemmap_populate(unsigned long start, unsigned long end, int node, struct vmem_altmap *altmap)
{
	int ret = vmemmap_populate_basepages(start, end, node, altmap);

	/* The page tables alone map nothing: the host must be asked. */
	if (!ret)
		flush_tlb_kernel_range(start, end);
	return ret;
}

/* Nothing takes memory away before the process ends. */
void vmemmap_free(unsigned long start, unsigned long end, struct vmem_altmap *altmap)
{
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
/* It would mark the page tables of page descriptors, so that they can be taken away. */
void __meminit register_page_bootmem_memmap(unsigned long section, struct page *start, unsigned long size)
{
}
#endif
