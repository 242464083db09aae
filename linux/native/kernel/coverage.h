/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What a kernel that is built to count its passes shows of them. Plain types, as in stalemap_memory.h. */
#ifndef STALEMAP_COVERAGE_H
#define STALEMAP_COVERAGE_H

/* More than the instrumented files have places; the counters' room in shared memory. */
#define STALEMAP_MOST_COUNTERS	(1U << 15)

/* A byte a place, from place 1 on; it stays at 255. The agent lets it point into the shared memory. */
extern unsigned char *stalemap_counters;
/* How many there are, place 0 included. */
extern unsigned int stalemap_counted;
/* The address of each place's call; the kernel's code lies below 4 GB. */
extern unsigned int stalemap_places[STALEMAP_MOST_COUNTERS];

#endif
