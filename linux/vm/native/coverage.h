/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What a kernel that is built to count its passes shows of them. Plain types, as in stalemap_memory.h. */
#ifndef STALEMAP_COVERAGE_H
#define STALEMAP_COVERAGE_H

/*
 * From now on the passes are counted here, a byte a place, from place 1 on; a byte stays at 255. The address of each place's call is
 * written to `places`: the kernel's code lies below 4 GB. How many there are, place 0 included.
 */
extern unsigned int stalemap_count_into(unsigned char *counters, unsigned int *places);

#endif
