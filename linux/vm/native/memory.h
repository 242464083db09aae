/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The memory that the kernel as a process shares with the campaign: programs come in, what they showed goes out.
 * linux/vm/src/native/memory.rs has the same layout. Plain types, since kernel code and libc code both include this.
 */
#ifndef STALEMAP_MEMORY_H
#define STALEMAP_MEMORY_H

/* A kernel of another layout is refused. */
#define STALEMAP_LAYOUT		3

#define STALEMAP_IN		4096UL
#define STALEMAP_IN_SIZE	(1UL << 20)
#define STALEMAP_OUT		(STALEMAP_IN + STALEMAP_IN_SIZE)
#define STALEMAP_OUT_SIZE	(16UL << 20)
/* Of a kernel that counts its passes: a byte a place, then the address of each place, four bytes each. */
#define STALEMAP_MOST_COUNTERS	(1UL << 15)
#define STALEMAP_COUNTERS	(STALEMAP_OUT + STALEMAP_OUT_SIZE)
#define STALEMAP_PLACES		(STALEMAP_COUNTERS + STALEMAP_MOST_COUNTERS)
#define STALEMAP_MEMORY_SIZE	(STALEMAP_PLACES + 4 * STALEMAP_MOST_COUNTERS)

#define STALEMAP_RELEASE	64

/* At offset 0. */
struct stalemap_control {
	unsigned int layout;
	/* Programs in the batch. */
	unsigned int programs;
	/* Those that were brought to their end. The kernel stops early where the output is full or its health is lost. */
	unsigned int ended;
	/* Bytes of output that are complete: whole steps, whole ends. */
	unsigned int written;
	char release[STALEMAP_RELEASE];
	/* Places whose passes are counted, place 0 included; 0 for a kernel that counts none. */
	unsigned int counted;
};

#define STALEMAP_VALUES 7
/* RAM and two devices. */
#define STALEMAP_HOMES 3

/* At STALEMAP_IN, one program behind the other. */
struct stalemap_program {
	unsigned char spaces;
	unsigned char pages;
	/* Frames of RAM and of each device. */
	unsigned short frames[STALEMAP_HOMES];
	unsigned short operations;
	/* The order of huge pages, or 0 for a machine that has none. */
	unsigned char huge;
	unsigned char unused;
};

/* The number of the operation's row, and the values of its fields. */
struct stalemap_operation {
	unsigned char kind;
	unsigned char values[STALEMAP_VALUES];
};

/* What follows is written at STALEMAP_OUT. First a tag. */
#define STALEMAP_STEP	1
#define STALEMAP_END	2

/* A step: this, then places, transactions, references, blocks, pages, and a byte for each run that was asked for. */
struct stalemap_step {
	unsigned char tag;
	/* 0 done, else 1 + the position of the errno in the table, or STALEMAP_STUCK. */
	unsigned char class;
	/* A bit for each space. */
	unsigned char alive;
	unsigned char locked;
	unsigned short places;
	unsigned short pages;
	unsigned char transactions;
	unsigned char references;
	unsigned char blocks;
	unsigned char runs;
	/* Pages or stamp, where the operation answers with some. */
	unsigned int number;
	/* Frames of each home that are free. */
	unsigned short free[STALEMAP_HOMES];
	unsigned short unused_too;
};

#define STALEMAP_STUCK 255

struct stalemap_shown_place {
	unsigned int number;
	unsigned char home;
	unsigned char space;
	unsigned char page;
	/* Bits 0 and 1 the access, 2 to 4 the sort of entry, 5 writable, 6 exclusive, 7 of a huge entry. */
	unsigned char bits;
};

/* Behind it stand its reverse map's places, two bytes each: space and page, 255 where it is none of the program. */
struct stalemap_shown_page {
	unsigned int number;
	unsigned char home;
	/* Bit 0 anonymous, bit 1 exclusive, bit 2 locked, bit 3 of a large folio. */
	unsigned char bits;
	unsigned char stamp;
	unsigned char rmaps;
	int mapcount;
	int refcount;
	/* Of a page of a large folio: the number of its head, and entries that map any part of it. */
	unsigned int head;
	int folio_mapcount;
};

/* Behind it stand its candidates. */
struct stalemap_shown_transaction {
	unsigned char slot;
	unsigned char phase;
	unsigned short candidates;
};

struct stalemap_shown_candidate {
	unsigned int source;
	unsigned int destination;
	unsigned char source_home;
	unsigned char destination_home;
	/* Bit 0: still going to move, or has moved. */
	unsigned char bits;
	unsigned char unused;
};

struct stalemap_shown_reference {
	unsigned int number;
	unsigned char home;
	/* The pins' slots, then the holds'. */
	unsigned char slot;
	unsigned short unused;
};

struct stalemap_shown_block {
	unsigned char slot;
	unsigned char order;
	unsigned short split;
	/* Frames that are not given back. */
	unsigned int held;
};

/* The end of a program: this, then the log. */
struct stalemap_end {
	unsigned char tag;
	unsigned char unused;
	/* Bytes of text that the kernel logged as a bug or a warning. */
	unsigned short log;
	/* Frames of each home that are in use after everything has been given back. */
	unsigned int leaked[STALEMAP_HOMES];
	unsigned int tainted;
};

#define STALEMAP_MOST_LOG 2048

#endif
