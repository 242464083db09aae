/*
 * What a memory manager or an allocator in C or C++ implements so that Stalemap can drive it.
 *
 * Build a shared library that exports `stalemap_get_subject`, which answers a table of functions, and drive it:
 *
 *     cc -shared -fPIC -g -o libmine.so mine.c
 *     stalemap fuzz --subject ./libmine.so --seconds 60
 *
 * A function that is not there is NULL. What needs it is left out, and named at the start of a campaign:
 *
 *   - an allocator of blocks has `alloc` and `free`;
 *   - a memory manager has `map`, `unmap`, `read`, `write` and `look`, and where it can `protect`, `discard`,
 *     `relocate`, `fork` and `exit`;
 *   - one with devices has `migrate`, `device_read` and `device_write` as well, and where it can `evict`;
 *   - one whose frames can be allocated in blocks too has `alloc` and `free` as well.
 *
 * Huge pages (level 4) are not in this table: no machine of a library has them. A memory manager that has them is brought by a
 * crate of Rust (`HugeMemory` of the crate `stalemap`), which may call C.
 *
 * The library runs in a process of its own. A crash, an abort, an endless loop or a sanitizer's report in it is a finding.
 * It must be deterministic: the same calls after `create` give the same answers.
 *
 * Functions that answer `int` answer 0, or a number of <errno.h> where their comment names one. Frames, spaces, pages and
 * devices are numbered from 0. A home is 0 for RAM, 1 for device 0, 2 for device 1. A value is what was last written to
 * a page, one byte for the whole page; a fresh page and a hole read as 0.
 */
#ifndef STALEMAP_H
#define STALEMAP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. A later one only adds functions at the end of the table. */
#define STALEMAP_VERSION 1

/* Sizes of the machine that is to be built. */
struct stalemap_machine {
    uint32_t ram;       /* frames of RAM, at least 1 */
    uint32_t device[2]; /* frames of each device; 0 where there is none */
    uint32_t spaces;    /* address spaces, at least 1; space 0 is alive at the start */
    uint32_t pages;     /* virtual pages of each space, at least 1 */
    uint32_t rules;     /* whose, where kernels differ: STALEMAP_LINUX_... */
};

/*
 * What differs. With those of 6.1, `protect` to STALEMAP_READ_WRITE sets the writable bit only of entries that were written since
 * they were made; it matters to a subject that `shows_writable`, which may refuse the machine. What 7.3 does otherwise where RAM
 * is short, Stalemap makes of the same answers.
 */
enum { STALEMAP_LINUX_6_1 = 601, STALEMAP_LINUX_6_12 = 612, STALEMAP_LINUX_7_3 = 703 };

/* The rights of a mapping. */
enum { STALEMAP_NONE = 0, STALEMAP_READ = 1, STALEMAP_READ_WRITE = 2 };

/* What a mapped place shows. */
struct stalemap_mapping {
    uint32_t access;   /* STALEMAP_NONE, STALEMAP_READ or STALEMAP_READ_WRITE */
    uint32_t is_page;  /* 0: a hole, to which nothing was written; 1: a page */
    uint32_t home;     /* of the page's frame */
    uint32_t frame;    /* its number in this home */
    uint32_t writable; /* the writable bit of the entry; means nothing unless `shows_writable` */
};

/* A virtual page of a space. */
struct stalemap_place {
    uint32_t space;
    uint32_t page;
};

/* Which requests for a block may be refused although an aligned run of its size is free. */
enum { STALEMAP_REFUSES_WITHOUT_RUN = 0, STALEMAP_REFUSES_ABOVE_ORDER_0 = 1, STALEMAP_REFUSES_ANY = 2 };

struct stalemap_subject {
    uint32_t version; /* STALEMAP_VERSION */
    uint32_t size;    /* sizeof(struct stalemap_subject) */
    const char *name; /* in reports, with the version if it has one */

    /* What blocks promise. Zeros are the promises of a kernel's buddy allocator. */
    uint32_t alignment;     /* a block begins at a multiple of so many frames; 0: of its own size */
    uint32_t refusals;      /* STALEMAP_REFUSES_... */
    uint32_t lowest_order;  /* that may be asked for */
    uint32_t highest_order; /* likewise; 0: whatever the machine has room for */
    uint32_t live_blocks;   /* that there may be at once, 1 to 8; 0: 8 */
    uint32_t splits;        /* 1: single frames of a block may be freed, the lowest first */

    /* Whether `look` fills in the writable bit. */
    uint32_t shows_writable;

    /* A machine at its start. NULL where it cannot be this machine; then *why may point to a sentence that lives on. */
    void *(*create)(const struct stalemap_machine *machine, const char **why);
    void (*destroy)(void *self);

    /* Blocks of 2^order frames. ENOMEM where it is refused. */
    int (*alloc)(void *self, uint32_t order, uint32_t *first);
    void (*free)(void *self, uint32_t first, uint32_t order);

    /* Maps holes. EEXIST where a page of the range is mapped already; nothing is changed then. */
    int (*map)(void *self, uint32_t space, uint32_t page, uint32_t count, uint32_t access);
    /* Unmaps every page of the range; unmapped ones are passed over. */
    void (*unmap)(void *self, uint32_t space, uint32_t page, uint32_t count);
    /* Changes the access of a range, of which every page is mapped. */
    void (*protect)(void *self, uint32_t space, uint32_t page, uint32_t count, uint32_t access);
    /* Turns the mapped pages of the range into holes. */
    void (*discard)(void *self, uint32_t space, uint32_t page, uint32_t count);
    /* Moves a mapped page to another place of its space, which is unmapped before. */
    void (*relocate)(void *self, uint32_t space, uint32_t from, uint32_t to);
    /* Copies a space into a dead one; pages are shared until they are written. */
    void (*fork)(void *self, uint32_t parent, uint32_t child);
    /* Unmaps everything; the space is dead. */
    void (*exit)(void *self, uint32_t space);
    /* EFAULT where nothing is mapped or access is not allowed; ENOMEM without a frame. */
    int (*read)(void *self, uint32_t space, uint32_t page, uint8_t *value);
    int (*write)(void *self, uint32_t space, uint32_t page, uint8_t value);
    /* What a place shows: 0 where nothing is mapped, else 1 and *mapping. Also asked of dead spaces. */
    int (*look)(void *self, uint32_t space, uint32_t page, struct stalemap_mapping *mapping);

    /*
     * Migrates the pages of a range to a device, or from it to RAM, place by place; *moved is how many moved. EINVAL where
     * a place is unmapped or unreadable; what came before has moved. A hole that goes to a device becomes a page. Without
     * a free frame a page stays.
     */
    int (*migrate)(void *self, uint32_t space, uint32_t page, uint32_t count, uint32_t device, int to_device,
                   uint32_t *moved);
    /* Migrates every page on the device to RAM. ENOMEM where RAM cannot take them all; nothing moves then. */
    int (*evict)(void *self, uint32_t device, uint32_t *moved);
    /* The device's access through the same page tables. EFAULT, ENOMEM as above; EPERM where the mapping is read-only. */
    int (*device_read)(void *self, uint32_t device, uint32_t space, uint32_t page, uint8_t *value);
    int (*device_write)(void *self, uint32_t device, uint32_t space, uint32_t page, uint8_t value);

    /* What is known of the page in a frame; each is compared if it is there. */
    uint8_t (*value)(void *self, uint32_t home, uint32_t frame);
    int (*is_exclusive)(void *self, uint32_t home, uint32_t frame);
    uint32_t (*mapcount)(void *self, uint32_t home, uint32_t frame);
    uint32_t (*refcount)(void *self, uint32_t home, uint32_t frame);
    /* Walks the reverse map: fills in at most `room` places, and answers how many there are. */
    uint32_t (*rmap)(void *self, uint32_t home, uint32_t frame, struct stalemap_place *places, uint32_t room);
    /* Free frames of a home. What is missing right after `create` counts as the subject's own. */
    uint32_t (*free_frames)(void *self, uint32_t home);

    /* Recounts its own books: 0 where they balance, else 1 and a sentence in `why`, which has `room` bytes. */
    int (*validate)(void *self, char *why, size_t room);
};

/* The table; it lives as long as the library is loaded. */
const struct stalemap_subject *stalemap_get_subject(void);

#ifdef __cplusplus
}
#endif

#endif
