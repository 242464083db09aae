/*
 * An allocator of blocks of frames for Stalemap: the first aligned run that is free. With -DFAULT a block of more than one
 * frame is freed but for its last frame.
 */
#include <errno.h>
#include <stdlib.h>

#include "stalemap.h"

struct allocator {
    uint32_t frames;
    uint32_t free;
    unsigned char used[];
};

static void *create(const struct stalemap_machine *machine, const char **why)
{
    struct allocator *self = calloc(1, sizeof *self + machine->ram);

    if (!self) {
        *why = "no memory for the table of frames";
        return NULL;
    }
    self->frames = self->free = machine->ram;
    return self;
}

static int is_free(const struct allocator *self, uint32_t first, uint32_t count)
{
    for (uint32_t frame = first; frame < first + count; frame++)
        if (self->used[frame])
            return 0;
    return 1;
}

static void mark(struct allocator *self, uint32_t first, uint32_t count, unsigned char used)
{
    for (uint32_t frame = first; frame < first + count; frame++)
        self->used[frame] = used;
    self->free += used ? -count : count;
}

static int allocate(void *object, uint32_t order, uint32_t *first)
{
    struct allocator *self = object;
    uint32_t count = 1u << order;

    for (uint32_t frame = 0; frame + count <= self->frames; frame += count) {
        if (is_free(self, frame, count)) {
            mark(self, frame, count, 1);
            *first = frame;
            return 0;
        }
    }
    return ENOMEM;
}

static void release(void *object, uint32_t first, uint32_t order)
{
    uint32_t count = 1u << order;

#ifdef FAULT
    if (count > 1)
        count--;
#endif
    mark(object, first, count, 0);
}

static uint32_t free_frames(void *object, uint32_t home)
{
    struct allocator *self = object;

    return home == 0 ? self->free : 0;
}

static const struct stalemap_subject subject = {
    .version = STALEMAP_VERSION,
    .size = sizeof(struct stalemap_subject),
    .name = "first fit in C",
    .splits = 1,
    .create = create,
    .destroy = free,
    .alloc = allocate,
    .free = release,
    .free_frames = free_frames,
};

const struct stalemap_subject *stalemap_get_subject(void)
{
    return &subject;
}
