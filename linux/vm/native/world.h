/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The world of one program: spaces, open transactions and references, and what was seen of them last. */
#include <linux/cdev.h>
#include <linux/mman.h>
#include <linux/stalemap_frames.h>

#define STALEMAP_MOST_SPACES	8
#define STALEMAP_MOST_PAGES	64
#define STALEMAP_DEVICES	2
#define STALEMAP_PINS		4
#define STALEMAP_BLOCKS		8
#define STALEMAP_MOST_ORDER	10
/* Where the virtual pages of every space begin. */
#define STALEMAP_BASE		0x10000000UL
#define STALEMAP_NOBODY		255

/* More frames than a step can name: where one page of a large folio is named, all of them are. */
#define STALEMAP_MOST_FRAMES	(STALEMAP_MOST_SPACES * STALEMAP_MOST_PAGES * 8 + \
				 2 * STALEMAP_SLOTS * STALEMAP_CHUNK_PAGES + STALEMAP_MOST_PINS * 8)
#define STALEMAP_MOST_STEP	(STALEMAP_MOST_SPACES * STALEMAP_MOST_PAGES * sizeof(struct stalemap_shown_place) + \
				 STALEMAP_MOST_FRAMES * (sizeof(struct stalemap_shown_page) + 2 * STALEMAP_MOST_RMAP) + \
				 STALEMAP_SLOTS * (sizeof(struct stalemap_shown_transaction) + \
				 STALEMAP_CHUNK_PAGES * sizeof(struct stalemap_shown_candidate)) + \
				 STALEMAP_MOST_PINS * sizeof(struct stalemap_shown_reference) + \
				 STALEMAP_BLOCKS * sizeof(struct stalemap_shown_block) + \
				 sizeof(struct stalemap_step) + sizeof(stalemap_claims.found) + \
				 sizeof(struct stalemap_end) + STALEMAP_MOST_LOG)

/* What stalemap_frames.h counts. */
unsigned long stalemap_ram;
unsigned long stalemap_ram_used;
unsigned long stalemap_ram_taken[STALEMAP_MOST_FRAMES_OF_RAM / BITS_PER_LONG];

/* Frames of RAM that the program took as such. */
struct stalemap_block {
	/* None where the slot is empty. */
	struct page *page;
	unsigned int order;
	/* The highest ones; those below have been given back. */
	unsigned int held;
	bool split;
};

struct stalemap_space {
	/* None where the space is dead. */
	struct mm_struct *mm;
	struct dmirror *mirror[STALEMAP_DEVICES];
};

struct stalemap_world {
	unsigned int spaces;
	unsigned int pages;
	struct stalemap_space space[STALEMAP_MOST_SPACES];
	/* The space that an open transaction locks, or STALEMAP_NOBODY. */
	unsigned char locks[STALEMAP_SLOTS];
	/* What was seen last. */
	struct stalemap_place seen[STALEMAP_MOST_SPACES][STALEMAP_MOST_PAGES];
	unsigned int leaked[STALEMAP_HOMES];
	struct stalemap_block blocks[STALEMAP_BLOCKS];
	/* Every file that was opened: a page on a device remembers the file through which it came. */
	unsigned int files;
	struct file *opened[2 * STALEMAP_MOST_SPACES * 64];
};

static struct inode *stalemap_inode[STALEMAP_DEVICES];

/* The order of huge pages of the machine, or 0. */
static unsigned int stalemap_huge;

#ifdef CONFIG_STALEMAP_HUGE

/* What the kernel leaves off where there is no sysfs, or little memory. */
static void stalemap_switch_huge_pages_on(void)
{
	transparent_hugepage_flags |= 1 << TRANSPARENT_HUGEPAGE_REQ_MADV_FLAG | 1 << TRANSPARENT_HUGEPAGE_USE_ZERO_PAGE_FLAG;
	huge_anon_orders_inherit = BIT(HPAGE_PMD_ORDER);
}

/* Makes the machine one with huge pages of this order, or without; false where the kernel has them of another order. */
static bool stalemap_set_huge(unsigned int order)
{
	stalemap_huge = order;
	stalemap_has_huge = order;
	if (order)
		stalemap_switch_huge_pages_on();
	return !order || order == HPAGE_PMD_ORDER;
}

#else

static bool stalemap_set_huge(unsigned int order)
{
	return !order;
}

#endif

/* The test driver is opened by its own function, with an inode that stands in no file system. */
static int stalemap_open_devices(void)
{
	int i;

	for (i = 0; i < STALEMAP_DEVICES; i++) {
		stalemap_inode[i] = kzalloc(sizeof(struct inode), GFP_KERNEL);
		if (!stalemap_inode[i])
			return -ENOMEM;
		stalemap_inode[i]->i_cdev = &dmirror_devices[i].cdevice;
	}
	return 0;
}

/* A space that never runs a program of a user. */
static struct mm_struct *stalemap_new_mm(void)
{
	struct mm_struct *mm = mm_alloc();

	if (mm) {
		mm->task_size = TASK_SIZE;
		arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	}
	return mm;
}

static unsigned long stalemap_address(unsigned int page)
{
	return STALEMAP_BASE + ((unsigned long)page << PAGE_SHIFT);
}

/* The mirrors of a space, opened by the space as by a process. */
static int stalemap_open_mirrors(struct stalemap_world *world, unsigned int space)
{
	struct stalemap_space *it = &world->space[space];
	int i, ret = 0;

	for (i = 0; i < STALEMAP_DEVICES && !ret; i++) {
		struct file *file;

		if (world->files == ARRAY_SIZE(world->opened))
			return -ENFILE;
		file = kzalloc(sizeof(*file), GFP_KERNEL);
		if (!file)
			return -ENOMEM;
		file->f_inode = stalemap_inode[i];
		kthread_use_mm(it->mm);
		ret = dmirror_fops_open(stalemap_inode[i], file);
		kthread_unuse_mm(it->mm);
		if (ret) {
			kfree(file);
			break;
		}
		it->mirror[i] = file->private_data;
		world->opened[world->files++] = file;
	}
	return ret;
}

/* A file of the device that is always open: the first space's. */
static struct dmirror *stalemap_driver(struct stalemap_world *world, unsigned int device)
{
	return world->opened[device]->private_data;
}

static int stalemap_begin(struct stalemap_world *world, const struct stalemap_program *program)
{
	int i, ret;

	memset(world, 0, offsetof(struct stalemap_world, opened));
	memset(world->locks, STALEMAP_NOBODY, sizeof(world->locks));
	world->spaces = program->spaces;
	world->pages = program->pages;
	if (!stalemap_set_huge(program->huge))
		return -EINVAL;
	stalemap_ram = program->frames[0];
	world->space[0].mm = stalemap_new_mm();
	if (!world->space[0].mm)
		return -ENOMEM;
	ret = stalemap_open_mirrors(world, 0);
	for (i = 0; i < STALEMAP_DEVICES && !ret; i++) {
		struct stalemap_request request = { .value = program->frames[1 + i] };

		ret = stalemap_capacity(stalemap_driver(world, i), &request);
	}
	return ret;
}

/* Frames of a home that are in use. */
static unsigned int stalemap_in_use(unsigned int home)
{
	const struct dmirror_device *mdevice;

	if (!home)
		return stalemap_ram_used;
	mdevice = &dmirror_devices[home - 1];
	return mdevice->calloc - mdevice->cfree;
}

static unsigned int stalemap_free_frames(unsigned int home)
{
	unsigned long all = home ? stalemap_limit[home - 1] : stalemap_ram;

	return all - stalemap_in_use(home);
}

/* Gives back what is left of a block, or of one that is split its lowest frame. */
static void stalemap_free_block(struct stalemap_block *block)
{
	if (block->split) {
		__free_page(block->page + (1U << block->order) - block->held);
		block->held--;
	} else {
		__free_pages(block->page, block->order);
		block->held = 0;
	}
	if (!block->held)
		block->page = NULL;
}

/* Gives everything back, and counts the frames of each home that are in use although no owner is left. */
static void stalemap_finish(struct stalemap_world *world)
{
	struct stalemap_request request = { 0 };
	unsigned int i;

	for (i = 0; i < STALEMAP_SLOTS; i++) {
		request.slot = i;
		if (stalemap_transactions[i].phase != STALEMAP_FREE)
			stalemap_finalize(&request);
	}
	for (i = 0; i < STALEMAP_MOST_PINS; i++) {
		request.slot = i;
		stalemap_unpin(&request);
	}
	for (i = 0; i < STALEMAP_MOST_SPACES; i++)
		if (world->space[i].mm)
			mmput(world->space[i].mm);
	for (i = 0; i < STALEMAP_BLOCKS; i++)
		while (world->blocks[i].page)
			stalemap_free_block(&world->blocks[i]);
	lru_add_drain();
	for (i = 0; i < STALEMAP_HOMES; i++)
		world->leaked[i] = stalemap_in_use(i);
	for (i = 0; i < STALEMAP_DEVICES; i++) {
		struct stalemap_request capacity = { 0 };

		stalemap_capacity(stalemap_driver(world, i), &capacity);
	}
	for (i = 0; i < world->files; i++) {
		dmirror_fops_release(world->opened[i]->f_inode, world->opened[i]);
		kfree(world->opened[i]);
	}
}

/* Tells of blocks that the machine was asked for; those of a huge page are runs. */
void stalemap_found_ram(unsigned int order, bool found)
{
	if (order == stalemap_huge)
		stalemap_claim(found);
}

/* Looks at the places of all spaces. */
static void stalemap_see(struct stalemap_world *world)
{
	unsigned int i;

	for (i = 0; i < world->spaces; i++) {
		struct mm_struct *mm = world->space[i].mm;

		if (mm)
			stalemap_look_at(mm, STALEMAP_BASE, world->pages, world->seen[i]);
		else
			memset(world->seen[i], 0, sizeof(world->seen[i]));
	}
}

static bool stalemap_has_entry(const struct stalemap_place *place)
{
	return place->entry > STALEMAP_HOLE;
}

/* Whether the page is one that `pages` made of a hole in a transaction that is still open. */
static bool stalemap_is_born(const struct stalemap_place *place)
{
	unsigned long i;
	int slot;

	for (slot = 0; slot < STALEMAP_SLOTS; slot++) {
		struct stalemap_transaction *t = &stalemap_transactions[slot];

		for (i = 0; t->phase == STALEMAP_MOVED && i < t->count; i++) {
			struct stalemap_candidate it;

			if (stalemap_candidate_at(t, i, &it) && it.source_home == STALEMAP_NOWHERE && it.bits & 1 &&
			    it.destination_home == place->home && it.destination == place->number)
				return true;
		}
	}
	return false;
}

struct stalemap_out {
	char *at;
	char *end;
};

static void stalemap_put(struct stalemap_out *out, const void *from, size_t size)
{
	memcpy(out->at, from, size);
	out->at += size;
}

static struct stalemap_frame stalemap_named[STALEMAP_MOST_FRAMES];
static unsigned int stalemap_names;

/* Adds a frame to those that are described, in ascending order of home and number, once. */
static void stalemap_name_frame(unsigned int home, unsigned int number)
{
	unsigned int at = stalemap_names;

	while (at && (stalemap_named[at - 1].home > home ||
		      (stalemap_named[at - 1].home == home && stalemap_named[at - 1].number > number)))
		at--;
	if (at && stalemap_named[at - 1].home == home && stalemap_named[at - 1].number == number)
		return;
	memmove(&stalemap_named[at + 1], &stalemap_named[at], (stalemap_names - at) * sizeof(stalemap_named[0]));
	stalemap_named[at] = (struct stalemap_frame){ .number = number, .home = home };
	stalemap_names++;
}

/* Adds a frame, and with it those of its whole folio. */
static void stalemap_name(unsigned int home, unsigned int number)
{
	struct page *page = home == STALEMAP_NOWHERE ? NULL : stalemap_page_at(number, home);
	unsigned long i;

	if (!page)
		return;
	for (i = 0; i < folio_nr_pages(page_folio(page)); i++)
		stalemap_name_frame(home, number - folio_page_idx(page_folio(page), page) + i);
}

static unsigned int stalemap_write_places(struct stalemap_world *world, struct stalemap_out *out)
{
	unsigned int i, page, count = 0;

	for (i = 0; i < world->spaces; i++) {
		for (page = 0; page < world->pages; page++) {
			const struct stalemap_place *it = &world->seen[i][page];
			struct stalemap_shown_place shown = {
				.number = it->number, .home = it->home, .space = i, .page = page,
				.bits = it->access | it->entry << 2 | (it->bits & 3) << 5 |
					(it->bits & STALEMAP_HUGE_ENTRY ? 0x80 : 0),
			};

			if (it->entry == STALEMAP_UNMAPPED)
				continue;
			if (it->entry == STALEMAP_MAPS || it->entry == STALEMAP_MIGRATING)
				stalemap_name(it->home, it->number);
			stalemap_put(out, &shown, sizeof(shown));
			count++;
		}
	}
	return count;
}

static unsigned int stalemap_write_transactions(struct stalemap_out *out)
{
	unsigned int slot, count = 0;

	for (slot = 0; slot < STALEMAP_SLOTS; slot++) {
		struct stalemap_transaction *t = &stalemap_transactions[slot];
		struct stalemap_shown_transaction shown = { .slot = slot, .phase = t->phase };
		char *head = out->at;
		unsigned long i;

		if (t->phase == STALEMAP_FREE)
			continue;
		out->at += sizeof(shown);
		for (i = 0; i < t->count; i++) {
			struct stalemap_candidate it;
			struct stalemap_shown_candidate candidate;

			if (!stalemap_candidate_at(t, i, &it))
				continue;
			candidate = (struct stalemap_shown_candidate){
				.source = it.source, .destination = it.destination, .source_home = it.source_home,
				.destination_home = it.destination_home, .bits = it.bits,
			};
			stalemap_name(it.source_home, it.source);
			stalemap_name(it.destination_home, it.destination);
			stalemap_put(out, &candidate, sizeof(candidate));
			shown.candidates++;
		}
		memcpy(head, &shown, sizeof(shown));
		count++;
	}
	return count;
}

static unsigned int stalemap_write_references(struct stalemap_out *out)
{
	unsigned int slot, count = 0;

	for (slot = 0; slot < STALEMAP_MOST_PINS; slot++) {
		struct stalemap_shown_reference shown = { .slot = slot };
		struct stalemap_frame frame;

		if (!stalemap_pins[slot].page)
			continue;
		frame = stalemap_frame_of(stalemap_pins[slot].page);
		shown.number = frame.number;
		shown.home = frame.home;
		stalemap_name(frame.home, frame.number);
		stalemap_put(out, &shown, sizeof(shown));
		count++;
	}
	return count;
}

static unsigned int stalemap_write_blocks(struct stalemap_world *world, struct stalemap_out *out)
{
	unsigned int slot, count = 0;

	for (slot = 0; slot < STALEMAP_BLOCKS; slot++) {
		const struct stalemap_block *block = &world->blocks[slot];
		struct stalemap_shown_block shown = {
			.slot = slot, .order = block->order, .split = block->split, .held = block->held,
		};

		if (!block->page)
			continue;
		stalemap_put(out, &shown, sizeof(shown));
		count++;
	}
	return count;
}

/* References as the campaign counts them: a pin is one, and many in the kernel's count. */
static int stalemap_references(const struct page *page, int refcount)
{
	unsigned int slot;

	/* Those of a large folio are counted elsewhere. */
	if (folio_test_large(page_folio(page)))
		return refcount;
	for (slot = 0; slot < STALEMAP_MOST_PINS; slot++)
		if (stalemap_pins[slot].page == page && stalemap_pins[slot].pinned)
			refcount -= GUP_PIN_COUNTING_BIAS - 1;
	return refcount;
}

static void stalemap_write_rmap(struct stalemap_world *world, const struct stalemap_page *page, struct stalemap_out *out)
{
	unsigned int i, space;

	for (i = 0; i < page->rmaps; i++) {
		unsigned long offset = (page->rmap[i].addr - STALEMAP_BASE) >> PAGE_SHIFT;
		unsigned char shown[2] = { STALEMAP_NOBODY, min_t(unsigned long, offset, STALEMAP_NOBODY) };

		for (space = 0; space < world->spaces; space++)
			if ((unsigned long)world->space[space].mm == page->rmap[i].mm)
				shown[0] = space;
		stalemap_put(out, shown, sizeof(shown));
	}
}

/* The folio of a page. Where a huge entry maps it, the head tells for all pages whether they are exclusive. */
static void stalemap_show_folio(struct stalemap_world *world, const struct stalemap_page *page, struct stalemap_shown_page *shown)
{
	unsigned int i, at;

	shown->head = page->head;
	shown->folio_mapcount = page->folio_mapcount;
	for (i = 0; i < world->spaces; i++) {
		for (at = 0; at < world->pages; at++) {
			const struct stalemap_place *it = &world->seen[i][at];

			if (it->entry == STALEMAP_MAPS && it->bits & STALEMAP_HUGE_ENTRY && it->home == shown->home &&
			    it->number == shown->number)
				shown->bits = (shown->bits & ~2) | (it->bits & 2);
		}
	}
}

static unsigned int stalemap_write_pages(struct stalemap_world *world, struct stalemap_out *out)
{
	unsigned int i, count = 0;

	for (i = 0; i < stalemap_names; i++) {
		static struct stalemap_page page;
		struct page *at = stalemap_page_at(stalemap_named[i].number, stalemap_named[i].home);
		struct stalemap_shown_page shown = { .number = stalemap_named[i].number, .home = stalemap_named[i].home };

		if (!at)
			continue;
		page.number = shown.number;
		stalemap_describe_page(at, &page);
		shown.bits = page.bits;
		if (page.bits & 8)
			stalemap_show_folio(world, &page, &shown);
		shown.stamp = page.stamp;
		shown.rmaps = page.rmaps;
		shown.mapcount = page.mapcount;
		shown.refcount = stalemap_references(at, page.refcount);
		stalemap_put(out, &shown, sizeof(shown));
		stalemap_write_rmap(world, &page, out);
		count++;
	}
	return count;
}

/* Writes what was seen last; the order is that of the campaign's reader. */
static void stalemap_write_step(struct stalemap_world *world, struct stalemap_step *step, struct stalemap_out *out)
{
	char *head = out->at;
	unsigned int i;

	for (i = 0; i < world->spaces; i++)
		step->alive |= !!world->space[i].mm << i;
	for (i = 0; i < STALEMAP_SLOTS; i++)
		if (world->locks[i] != STALEMAP_NOBODY)
			step->locked |= 1 << world->locks[i];
	stalemap_names = 0;
	/* Lists of pages that were just mapped or brought back have references, and pages that nobody else has. */
	lru_add_drain();
	for (i = 0; i < STALEMAP_HOMES; i++)
		step->free[i] = stalemap_free_frames(i);
	out->at += sizeof(*step);
	step->places = stalemap_write_places(world, out);
	step->transactions = stalemap_write_transactions(out);
	step->references = stalemap_write_references(out);
	step->blocks = stalemap_write_blocks(world, out);
	step->pages = stalemap_write_pages(world, out);
	step->runs = stalemap_claims.count;
	stalemap_put(out, stalemap_claims.found, stalemap_claims.count);
	memcpy(head, step, sizeof(*step));
}
