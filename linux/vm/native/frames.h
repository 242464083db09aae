/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The RAM of a program's machine: a part of the kernel's. What holds pages of users is allocated as movable, and nothing
 * else that runs beside the agent is; so these frames are counted, and the allocation that would take one too many
 * fails as for want of memory. Included by mm/page_alloc.c; lib/stalemap_world.h has the variables.
 */
#ifndef _LINUX_STALEMAP_FRAMES_H
#define _LINUX_STALEMAP_FRAMES_H

#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/mm.h>

/* Frames that a kernel with an agent has at the most; the memory of the process says how many it has. */
#define STALEMAP_MOST_FRAMES_OF_RAM	(1UL << 17)

/* Frames that the machine has; none is counted before the first program. */
extern unsigned long stalemap_ram;
extern unsigned long stalemap_ram_used;
extern unsigned long stalemap_ram_taken[STALEMAP_MOST_FRAMES_OF_RAM / BITS_PER_LONG];

static inline bool stalemap_counts(gfp_t gfp)
{
	return stalemap_ram && gfp & __GFP_MOVABLE;
}

/* Whether the machine has so many frames left. What must not fail is asked for by callers that have looked before. */
static inline bool stalemap_has_ram(gfp_t gfp, unsigned int order)
{
	return gfp & __GFP_NOFAIL || stalemap_ram_used + (1UL << order) <= stalemap_ram;
}

/* Told of each block of frames that the machine was asked for, and whether it had them. */
void stalemap_found_ram(unsigned int order, bool found);

static inline void stalemap_take_ram(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), i;

	for (i = 0; i < 1UL << order; i++)
		stalemap_ram_used += !__test_and_set_bit(pfn + i, stalemap_ram_taken);
}

static inline void stalemap_give_ram(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), i;

	for (i = 0; i < 1UL << order && stalemap_ram_used; i++)
		stalemap_ram_used -= __test_and_clear_bit(pfn + i, stalemap_ram_taken);
}

#endif
