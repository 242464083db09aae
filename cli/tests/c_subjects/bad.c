/* A library that does one thing wrong: BAD names which. */
#include <errno.h>
#include <stdlib.h>

#include "stalemap.h"

enum bad {
    NO_TABLE = 1, VERSION_9, SHORT, NO_NAME, NO_CREATE, NO_ALLOC, NO_LOOK, NO_DEVICE_WRITE, REFUSALS_9, LIVE_9, HIGHEST_99,
    LOAD_ABORTS, LOAD_EXITS, CREATE_ABORTS, CREATE_REFUSES, CREATE_IS_SILENT, CREATE_LOOPS, MAP_ANSWERS_99, READ_ANSWERS_EPERM,
    LOOK_ANSWERS_7, ACCESS_9, HOME_9, IS_PAGE_2, RMAP_9999, MAP_SEGFAULTS, MAP_ABORTS, MAP_EXITS, MAP_LOOPS, MAP_RECURSES,
    MAP_TRAPS, UNBALANCED, UNBALANCED_SILENT, LOAD_LOOPS, LOAD_SEGFAULTS, GET_ABORTS, GET_SEGFAULTS, VERSION_0, EMPTY_NAME,
    LATIN_NAME, SPLITS_9, LOWEST_99, SHOWS_WRITABLE_9, NO_DESTROY, NO_FREE, NO_UNMAP, NO_READ, NO_WRITE, NO_DEVICE_READ,
    ALLOC_WITHOUT_FREE, RULES_ARE_6_12, RIGHT
};

static volatile int never = 0;

#ifdef MISSES_A_SYMBOL
int in_no_library(void);
int (*const needed)(void) = in_no_library;
#endif

static void *create(const struct stalemap_machine *machine, const char **why)
{
    if (BAD == RULES_ARE_6_12 && machine->rules != STALEMAP_LINUX_6_12) {
        *why = "it has the rules of 6.12";
        return NULL;
    }
    if (BAD == CREATE_ABORTS)
        abort();
    while (BAD == CREATE_LOOPS)
        never = never;
    if (BAD == CREATE_REFUSES)
        *why = "frames are sold out";
    if (BAD == CREATE_REFUSES || BAD == CREATE_IS_SILENT)
        return NULL;
    return calloc(1, 1);
}

static int alloc(void *self, uint32_t order, uint32_t *first)
{
    (void)self, (void)order, (void)first;
    return ENOMEM;
}

static void release(void *self, uint32_t first, uint32_t order)
{
    (void)self, (void)first, (void)order;
}

static int recurse(int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return recurse(depth + 1) + room[0];
}

static int map(void *self, uint32_t space, uint32_t page, uint32_t count, uint32_t access)
{
    (void)self, (void)space, (void)page, (void)count, (void)access;
    if (BAD == MAP_SEGFAULTS)
        *(volatile int *)(intptr_t)(8 + never) = 1;
    if (BAD == MAP_ABORTS)
        abort();
    if (BAD == MAP_EXITS)
        _Exit(42);
    while (BAD == MAP_LOOPS)
        never = never;
    if (BAD == MAP_RECURSES)
        return recurse(0);
    if (BAD == MAP_TRAPS)
        __builtin_trap();
    return BAD == MAP_ANSWERS_99 ? 99 : EEXIST;
}

static void unmap(void *self, uint32_t space, uint32_t page, uint32_t count)
{
    (void)self, (void)space, (void)page, (void)count;
}

static int load(void *self, uint32_t space, uint32_t page, uint8_t *value)
{
    (void)self, (void)space, (void)page, (void)value;
    return BAD == READ_ANSWERS_EPERM ? EPERM : EFAULT;
}

static int store(void *self, uint32_t space, uint32_t page, uint8_t value)
{
    (void)self, (void)space, (void)page, (void)value;
    return EFAULT;
}

static int device_load(void *self, uint32_t device, uint32_t space, uint32_t page, uint8_t *value)
{
    (void)device;
    return load(self, space, page, value);
}

static int migrate(void *self, uint32_t space, uint32_t page, uint32_t count, uint32_t device, int to, uint32_t *moved)
{
    (void)self, (void)space, (void)page, (void)count, (void)device, (void)to, (void)moved;
    return EINVAL;
}

static int look(void *self, uint32_t space, uint32_t page, struct stalemap_mapping *mapping)
{
    (void)self;
    if (space || page)
        return 0;
    mapping->access = BAD == ACCESS_9 ? 9 : STALEMAP_READ;
    mapping->home = BAD == HOME_9 ? 9 : 0;
    mapping->is_page = BAD == IS_PAGE_2 ? 2 : 1;
    if (BAD == LOOK_ANSWERS_7)
        return 7;
    return BAD == ACCESS_9 || BAD == HOME_9 || BAD == IS_PAGE_2 || BAD == RMAP_9999;
}

static uint32_t rmap(void *self, uint32_t home, uint32_t frame, struct stalemap_place *places, uint32_t room)
{
    (void)self, (void)home, (void)frame, (void)places, (void)room;
    return 9999;
}

static int validate(void *self, char *why, size_t room)
{
    static const char words[] = "a page is lost";

    (void)self;
    if (BAD == UNBALANCED)
        for (size_t i = 0; i < sizeof words && i < room; i++)
            why[i] = words[i];
    return BAD == UNBALANCED || BAD == UNBALANCED_SILENT;
}

__attribute__((constructor)) static void loaded(void)
{
    if (BAD == LOAD_ABORTS)
        abort();
    if (BAD == LOAD_EXITS)
        _Exit(7);
    if (BAD == LOAD_SEGFAULTS)
        *(volatile int *)(intptr_t)(8 + never) = 1;
    while (BAD == LOAD_LOOPS)
        never = never;
}

#ifndef NO_FUNCTION
const struct stalemap_subject *stalemap_get_subject(void)
{
    static struct stalemap_subject subject;
    int is_blocks = BAD == NO_ALLOC || BAD == REFUSALS_9 || BAD == LIVE_9 || BAD == HIGHEST_99 ||
                    BAD == SPLITS_9 || BAD == LOWEST_99 || BAD == NO_FREE;

    if (BAD == GET_ABORTS)
        abort();
    if (BAD == GET_SEGFAULTS)
        *(volatile int *)(intptr_t)(8 + never) = 1;
    subject.version = BAD == VERSION_9 ? 9 : BAD == VERSION_0 ? 0 : STALEMAP_VERSION;
    subject.size = BAD == SHORT ? 16 : sizeof subject;
    subject.name = BAD == NO_NAME ? NULL : BAD == EMPTY_NAME ? "" : BAD == LATIN_NAME ? "gr\xfc\xdf" "e" : "bad";
    subject.splits = BAD == SPLITS_9 ? 9 : 0;
    subject.lowest_order = BAD == LOWEST_99 ? 99 : 0;
    subject.shows_writable = BAD == SHOWS_WRITABLE_9 ? 9 : 0;
    subject.refusals = BAD == REFUSALS_9 ? 9 : 0;
    subject.live_blocks = BAD == LIVE_9 ? 9 : 0;
    subject.highest_order = BAD == HIGHEST_99 ? 99 : 0;
    subject.create = BAD == NO_CREATE ? NULL : create;
    subject.destroy = BAD == NO_DESTROY ? NULL : free;
    if (is_blocks || BAD == ALLOC_WITHOUT_FREE)
        subject.alloc = BAD == NO_ALLOC ? NULL : alloc;
    if (is_blocks)
        subject.free = BAD == NO_FREE ? NULL : release;
    if (!is_blocks) {
        subject.map = map;
        subject.unmap = BAD == NO_UNMAP ? NULL : unmap;
        subject.read = BAD == NO_READ ? NULL : load;
        subject.write = BAD == NO_WRITE ? NULL : store;
        subject.look = BAD == NO_LOOK ? NULL : look;
    }
    if (BAD == NO_DEVICE_WRITE || BAD == NO_DEVICE_READ) {
        subject.migrate = migrate;
        subject.device_read = BAD == NO_DEVICE_READ ? NULL : device_load;
    }
    if (BAD == RMAP_9999)
        subject.rmap = rmap;
    subject.validate = validate;
    return BAD == NO_TABLE ? NULL : &subject;
}
#endif
