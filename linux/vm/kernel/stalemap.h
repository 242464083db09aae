/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the edited places of the kernel ask Stalemap: which deliberate faults are on, how large the devices are. */
#ifndef _LINUX_STALEMAP_H
#define _LINUX_STALEMAP_H

#include <linux/types.h>

/* Bits of the kernel parameter stalemap=, none of them set in an ordinary run. */
enum stalemap_bit {
	/* Mutants: faults put (back) into the kernel. */
	STALEMAP_STALE_MAPPING = 0,
	STALEMAP_SUBPAGE_POINTER = 1,
	STALEMAP_FORK_LEAVES_WRITABLE = 2,
	STALEMAP_PROTECT_LEAVES_WRITABLE = 3,
	STALEMAP_ZAP_KEEPS_RMAP = 4,
	STALEMAP_COLLECT_ALL_WRITABLE = 5,
	/* Faults of the kernel itself that the edits hide, shown again. */
	STALEMAP_SHOW_ANON_VMA = 8,
	STALEMAP_SHOW_STALE_TABLE = 9,
	STALEMAP_SHOW_DEVICE_PAGE_IN_TABLE = 10,
	STALEMAP_SHOW_DISCARDED_IN_TABLE = 11,
	STALEMAP_SHOW_FAULT_FOR_EVER = 12,
	STALEMAP_SHOW_FINALIZE_WITHOUT_PAGES = 13,
	STALEMAP_SHOW_SINGLES_RUN_OUT = 40,
	STALEMAP_SHOW_HOLE_WITHOUT_FRAME = 14,
	STALEMAP_SHOW_SPLIT_IN_ONE_SPACE = 15,
	STALEMAP_SHOW_HEAD_FOR_TAIL = 17,
	STALEMAP_SHOW_STALE_FAULT_FOLIO = 18,
	STALEMAP_SHOW_WAIT_FOR_FOLIO = 19,
	STALEMAP_SHOW_ZAP_OF_MIGRATING = 38,
	STALEMAP_SHOW_HEAD_OF_SPLIT_FRAMES = 39,
	/* Faults of the kernel's past, and others of their kind (linux/vm/src/history.rs). */
	STALEMAP_FORK_SHARES_PINNED = 20,
	STALEMAP_PROTECT_UPGRADES_SHARED = 21,
	STALEMAP_REUSE_COUNTS_ONLY_MAPS = 22,
	STALEMAP_DIRTY_MEANS_WRITE = 23,
	STALEMAP_FREE_PAGE_COUNTED = 24,
	STALEMAP_FOREIGN_DEVICE_REFUSED = 25,
	STALEMAP_DISCARD_FREES_MIGRATING = 26,
	STALEMAP_STAMP_SURVIVES = 27,
	STALEMAP_SWALLOWED_FAULT_ERROR = 28,
	STALEMAP_LOST_HOLE_RACE = 29,
	STALEMAP_PAGE_LOCK_FORGOTTEN = 30,
	STALEMAP_FRAME_LEAK_ON_ABORT = 31,
	STALEMAP_MOVE_KEEPS_OFFSET = 32,
	STALEMAP_READONLY_SLOW_PATH = 33,
	STALEMAP_FORK_LEAVES_MIGRATING_WRITABLE = 34,
	STALEMAP_COLLECTS_PINNED_PAGE = 35,
	STALEMAP_MIGRATION_LOSES_EXCLUSIVE = 36,
	STALEMAP_STALE_EXCLUSIVE = 37,
	/* Closing a file of the driver evicts the pages of every process, as in the unedited driver. */
	STALEMAP_EVICT_ON_CLOSE = 16,
};

extern unsigned long stalemap_bits;
extern unsigned long stalemap_limit[];

struct page;
/* The frame in which the content of a page is, which for a device's page is one of RAM. */
struct page *stalemap_backing(struct page *page);

struct dmirror_device;
/* Of kernels that have huge pages on devices. */
bool stalemap_make_room(struct dmirror_device *mdevice, bool is_large);

/* Told of each huge page of RAM that was asked for, in a virtual machine. */
void stalemap_found_run(bool found);
/* Whether a virtual machine refuses pages for users: it was told how many it may still give. */
bool stalemap_is_out_of_ram(bool must_not_fail, unsigned int order);
/* Pages of the kernel that stand for one page of the program. */
extern unsigned long stalemap_scale;

static inline bool stalemap_is_on(enum stalemap_bit bit)
{
	return stalemap_bits >> bit & 1;
}

#endif
