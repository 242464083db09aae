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
	/* Closing a file of the driver evicts the pages of every process, as in the unedited driver. */
	STALEMAP_EVICT_ON_CLOSE = 16,
};

extern unsigned long stalemap_bits;
extern unsigned long stalemap_limit[];

struct dmirror_device;
/* Of kernels that have huge pages on devices. */
bool stalemap_make_room(struct dmirror_device *mdevice, bool is_large);

static inline bool stalemap_is_on(enum stalemap_bit bit)
{
	return stalemap_bits >> bit & 1;
}

#endif
