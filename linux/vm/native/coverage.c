// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Counts how often each instrumented place of the kernel's code was passed (-fsanitize-coverage=trace-pc), a byte a place.
 * The places have numbers in the order of their addresses, the same in every process of one build: each is a call of
 * __sanitizer_cov_trace_pc, and those are found in the code itself when the kernel starts.
 */
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/sections.h>
#include <stalemap_coverage.h>
#include <stalemap_memory.h>

#define CALL		0xe8
#define CALL_LENGTH	5

/* Until the memory that is shared is there. */
static unsigned char stalemap_first_counters[STALEMAP_MOST_COUNTERS];
static unsigned char *stalemap_counters = stalemap_first_counters;
static unsigned int stalemap_counted;
static unsigned int stalemap_places[STALEMAP_MOST_COUNTERS];

/* By the offset of the instruction behind the call; 0 where nothing is counted. */
static unsigned short *stalemap_number;
/* Code of the start lies elsewhere, and is instrumented too. */
static unsigned long stalemap_code_size;

void __sanitizer_cov_trace_pc(void);
void notrace __sanitizer_cov_trace_pc(void)
{
	unsigned long at = _RET_IP_ - (unsigned long)_stext;
	unsigned char *counter;

	if (at >= stalemap_code_size)
		return;
	counter = &stalemap_counters[stalemap_number[at]];
	/* It stays at its most: many passes are never taken for none. */
	*counter += *counter != 255;
}

static bool __init stalemap_is_call(const unsigned char *code)
{
	int distance;

	memcpy(&distance, code + 1, sizeof(distance));
	return *code == CALL && code + CALL_LENGTH + distance == (unsigned char *)__sanitizer_cov_trace_pc;
}

/* The agent's own code is compiled with the driver's, and is none of the kernel's. */
static bool __init stalemap_is_ours(unsigned long address)
{
	char name[KSYM_NAME_LEN];

	return lookup_symbol_name(address, name) || strstarts(name, "stalemap_") || strstarts(name, "op_");
}

static int __init stalemap_number_places(void)
{
	unsigned long size = _etext - _stext;
	unsigned short *number = alloc_pages_exact(size * sizeof(*number), GFP_KERNEL | __GFP_ZERO);
	const unsigned char *code = (const unsigned char *)_stext;
	unsigned long at;

	if (!number)
		return -ENOMEM;
	/* Place 0 stands for all that has no counter. */
	stalemap_counted = 1;
	for (at = 0; at + CALL_LENGTH < size && stalemap_counted < STALEMAP_MOST_COUNTERS; at++) {
		if (!stalemap_is_call(code + at) || stalemap_is_ours((unsigned long)code + at))
			continue;
		number[at + CALL_LENGTH] = stalemap_counted;
		stalemap_places[stalemap_counted++] = (unsigned long)code + at;
	}
	stalemap_number = number;
	stalemap_code_size = size;
	pr_info("stalemap: %u places are counted\n", stalemap_counted - 1);
	return 0;
}
early_initcall(stalemap_number_places);

unsigned int stalemap_count_into(unsigned char *counters, unsigned int *places)
{
	memcpy(places, stalemap_places, stalemap_counted * sizeof(*places));
	stalemap_counters = counters;
	return stalemap_counted;
}
