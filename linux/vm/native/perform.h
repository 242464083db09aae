/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The operations, each as Linux does it: op_WORD gets the values of the fields of the operation's row, and answers with
 * pages, a stamp or 0, or with a negative errno. Where Linux would block, and where a slot or space is not what the
 * operation needs, the agent answers itself by what it saw last.
 */

/* How far an access goes before it would block. */
enum stalemap_needs { STALEMAP_READING = 1, STALEMAP_WRITING = 2 };

static bool stalemap_lives(struct stalemap_world *world, unsigned int space)
{
	return world->space[space].mm;
}

static bool stalemap_is_locked(struct stalemap_world *world, unsigned int space)
{
	return memchr(world->locks, space, sizeof(world->locks));
}

/* 0, or why nothing in the space can be changed. */
static long stalemap_unlocked(struct stalemap_world *world, unsigned int space)
{
	if (!stalemap_lives(world, space))
		return -ESRCH;
	return stalemap_is_locked(world, space) ? -EAGAIN : 0;
}

/* How many places of the range were last seen to have an entry. */
static long stalemap_entries(struct stalemap_world *world, unsigned int space, unsigned int first, unsigned int count)
{
	long entries = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		entries += stalemap_has_entry(&world->seen[space][first + i]);
	return entries;
}

static unsigned long stalemap_protection(unsigned int access)
{
	return access == 2 ? PROT_READ | PROT_WRITE : access == 1 ? PROT_READ : PROT_NONE;
}

/*
 * EAGAIN where an access would wait for a migration: at a migration entry, and at a page that a transaction has made of
 * a hole, unless its own device looks. Where the access is not allowed Linux fails before it waits. `by` is the number
 * of a device, or -1.
 */
static long stalemap_would_block(struct stalemap_world *world, unsigned int space, unsigned int page,
				 enum stalemap_needs needs, int by)
{
	const struct stalemap_place *place = &world->seen[space][page];
	bool is_allowed = place->access >= needs;

	switch (place->entry) {
	case STALEMAP_MIGRATING:
		/* A device that writes meets the entry before it looks at the mapping's access. */
		return is_allowed || (by >= 0 && place->access >= 1) ? -EAGAIN : 0;
	case STALEMAP_MAPS:
		return is_allowed && place->home != 1 + by && stalemap_is_born(place) ? -EAGAIN : 0;
	default:
		return 0;
	}
}

static long op_alloc(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_block *block = &world->blocks[v[0]];

	if (block->page)
		return -EBUSY;
	if (v[1] > min_t(unsigned int, ilog2(stalemap_ram), STALEMAP_MOST_ORDER))
		return -EINVAL;
	block->page = alloc_pages(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN, v[1]);
	block->order = v[1];
	block->held = 1U << v[1];
	block->split = false;
	return block->page ? 0 : -ENOMEM;
}

static long op_free(struct stalemap_world *world, const unsigned char *v)
{
	if (!world->blocks[v[0]].page)
		return -ENOENT;
	stalemap_free_block(&world->blocks[v[0]]);
	return 0;
}

static long op_split(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_block *block = &world->blocks[v[0]];

	if (!block->page)
		return -ENOENT;
	if (block->split || !block->order)
		return -EINVAL;
	split_page(block->page, block->order);
	block->split = true;
	return 0;
}

static long op_map(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	long ret = stalemap_unlocked(world, v[0]);

	if (ret)
		return ret;
	kthread_use_mm(mm);
	ret = vm_mmap(NULL, stalemap_address(v[1]), (unsigned long)v[2] << PAGE_SHIFT, stalemap_protection(v[3]),
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, 0);
	kthread_unuse_mm(mm);
	return IS_ERR_VALUE(ret) ? ret : 0;
}

static long op_unmap(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	long entries = stalemap_entries(world, v[0], v[1], v[2]);
	long ret = stalemap_unlocked(world, v[0]);

	if (ret)
		return ret;
	kthread_use_mm(mm);
	ret = vm_munmap(stalemap_address(v[1]), (unsigned long)v[2] << PAGE_SHIFT);
	kthread_unuse_mm(mm);
	return ret ? ret : entries;
}

static long op_discard(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	long entries = stalemap_entries(world, v[0], v[1], v[2]);
	long ret;

	if (!mm)
		return -ESRCH;
	kthread_use_mm(mm);
	ret = do_madvise(mm, stalemap_address(v[1]), (unsigned long)v[2] << PAGE_SHIFT, MADV_DONTNEED);
	kthread_unuse_mm(mm);
	return ret ? ret : entries;
}

static long op_protect(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	long ret = stalemap_unlocked(world, v[0]);

	if (ret)
		return ret;
	kthread_use_mm(mm);
	ret = sys_mprotect(stalemap_address(v[1]), (unsigned long)v[2] << PAGE_SHIFT, stalemap_protection(v[3]));
	kthread_unuse_mm(mm);
	return ret;
}

/* How many pages from a place on were last seen in one mapping; 1 where it is in none. */
static unsigned int stalemap_in_one_mapping(const struct stalemap_place *place, unsigned int count)
{
	unsigned int i = 1;

	while (i < count && place[i].entry != STALEMAP_UNMAPPED && !(place[i].bits & 4))
		i++;
	return i;
}

/* A call for each mapping that the range meets: mremap refuses a range of several. */
static long op_move(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	unsigned int first = v[1], count = v[2], to = v[3], done = 0;
	long entries = stalemap_entries(world, v[0], to, count);
	long ret = stalemap_unlocked(world, v[0]);

	if (ret)
		return ret;
	if (world->seen[v[0]][first].entry == STALEMAP_UNMAPPED)
		return -EFAULT;
	if (first < to + count && to < first + count)
		return -EINVAL;
	kthread_use_mm(mm);
	while (done < count && !IS_ERR_VALUE(ret)) {
		unsigned int part = stalemap_in_one_mapping(&world->seen[v[0]][first + done], count - done);
		unsigned long length = (unsigned long)part << PAGE_SHIFT;

		ret = sys_mremap(stalemap_address(first + done), length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
				 stalemap_address(to + done));
		done += part;
	}
	kthread_unuse_mm(mm);
	return IS_ERR_VALUE(ret) ? ret : entries;
}

static long op_fork(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_space *child = &world->space[v[1]];
	long ret;

	if (!stalemap_lives(world, v[0]))
		return -ESRCH;
	if (child->mm)
		return -EBUSY;
	if (stalemap_is_locked(world, v[0]))
		return -EAGAIN;
	child->mm = stalemap_dup_mm(world->space[v[0]].mm);
	if (!child->mm)
		return -ENOMEM;
	ret = stalemap_open_mirrors(world, v[1]);
	return ret;
}

static long op_exit(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	long entries = stalemap_entries(world, v[0], 0, world->pages);
	long ret = stalemap_unlocked(world, v[0]);

	if (ret)
		return ret;
	if (!v[0])
		return -EINVAL;
	world->space[v[0]].mm = NULL;
	mmput(mm);
	return entries;
}

#ifdef STALEMAP_HAS_HUGE_LEAVES
/* Without it the walk would split a huge entry. */
static int stalemap_make_huge_dirty(pmd_t *pmdp, unsigned long addr, unsigned long next, struct mm_walk *walk)
{
	if (pmd_trans_huge(*pmdp) || pmd_is_valid_softleaf(*pmdp))
		walk->action = ACTION_CONTINUE;
	if (pmd_trans_huge(*pmdp) && pmd_write(*pmdp))
		set_pmd_at(walk->mm, addr & HPAGE_PMD_MASK, pmdp, pmd_mkyoung(pmd_mkdirty(*pmdp)));
	return 0;
}
#endif

static int stalemap_make_dirty(pte_t *ptep, unsigned long addr, unsigned long next, struct mm_walk *walk)
{
	pte_t pte = *ptep;

	if (pte_present(pte) && pte_write(pte))
		set_pte_at(walk->mm, addr, ptep, pte_mkyoung(pte_mkdirty(pte)));
	return 0;
}

/* A processor that writes marks the entry; the call that stands in for it marks the page alone. */
static void stalemap_mark_written(struct mm_struct *mm, unsigned long addr)
{
	static const struct mm_walk_ops ops = {
#ifdef STALEMAP_HAS_HUGE_LEAVES
		.pmd_entry = stalemap_make_huge_dirty,
#endif
		.pte_entry = stalemap_make_dirty,
	};

	mmap_read_lock(mm);
	walk_page_range(mm, addr, addr + PAGE_SIZE, &ops, NULL);
	mmap_read_unlock(mm);
}

/* Why an access failed: the fault handler is asked once more, since the access itself does not say. */
static long stalemap_why(struct mm_struct *mm, unsigned long addr, enum stalemap_needs needs)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (needs == STALEMAP_WRITING ? FAULT_FLAG_WRITE : 0);
	long ret;

	mmap_read_lock(mm);
	ret = fixup_user_fault(mm, addr, flags, NULL);
	mmap_read_unlock(mm);
	return ret ? ret : -EFAULT;
}

/* What a processor would do: the fault handler, then the byte. A signal is EFAULT, and want of memory ENOMEM. */
static long stalemap_touch(struct stalemap_world *world, unsigned int space, unsigned int page, unsigned char *byte,
			   enum stalemap_needs needs)
{
	unsigned int flags = needs == STALEMAP_WRITING ? FOLL_WRITE : 0;
	long ret;

	if (!stalemap_lives(world, space))
		return -ESRCH;
	ret = stalemap_would_block(world, space, page, needs, -1);
	if (ret)
		return ret;
	/* The call below would wait for the lock of the space, to look for a stack that can grow to the place. */
	if (world->seen[space][page].entry == STALEMAP_UNMAPPED)
		return -EFAULT;
	if (access_remote_vm(world->space[space].mm, stalemap_address(page), byte, 1, flags) != 1)
		return stalemap_why(world->space[space].mm, stalemap_address(page), needs);
	if (needs == STALEMAP_WRITING)
		stalemap_mark_written(world->space[space].mm, stalemap_address(page));
	return 0;
}

static long op_read(struct stalemap_world *world, const unsigned char *v)
{
	unsigned char byte;
	long ret = stalemap_touch(world, v[0], v[1], &byte, STALEMAP_READING);

	return ret ? ret : byte;
}

/* Whether Linux knows, before an operation writes to a page of a large folio, that all entries of the folio are of one space. */
static bool stalemap_is_known;

static void stalemap_note_written(struct stalemap_world *world, unsigned int space, unsigned int page)
{
#ifdef STALEMAP_HAS_HUGE_LEAVES
	const struct stalemap_place *place = &world->seen[space][page];

	if (place->entry == STALEMAP_MAPS && !place->home)
		stalemap_is_known = stalemap_knows_one_space(page_folio(stalemap_page_at(place->number, 0)));
#endif
}

static long op_write(struct stalemap_world *world, const unsigned char *v)
{
	unsigned char byte = v[2];

	stalemap_note_written(world, v[0], v[1]);
	return stalemap_touch(world, v[0], v[1], &byte, STALEMAP_WRITING);
}

/* A request of the driver's; its buffer is of the kernel's memory, as all is here. */
static char stalemap_buffer[STALEMAP_MOST_PAGES * PAGE_SIZE];

static struct hmm_dmirror_cmd stalemap_command(unsigned int page, unsigned int npages)
{
	return (struct hmm_dmirror_cmd){
		.addr = stalemap_address(page), .npages = npages, .ptr = (unsigned long)stalemap_buffer,
	};
}

static long op_device_read(struct stalemap_world *world, const unsigned char *v)
{
	struct hmm_dmirror_cmd command = stalemap_command(v[2], 1);
	long ret;

	if (!stalemap_lives(world, v[1]))
		return -ESRCH;
	ret = stalemap_would_block(world, v[1], v[2], STALEMAP_READING, v[0]);
	if (!ret)
		ret = dmirror_read(world->space[v[1]].mirror[v[0]], &command);
	return ret ? ret : (unsigned char)stalemap_buffer[0];
}

static long op_device_write(struct stalemap_world *world, const unsigned char *v)
{
	struct hmm_dmirror_cmd command = stalemap_command(v[2], 1);
	long ret;

	if (!stalemap_lives(world, v[1]))
		return -ESRCH;
	stalemap_note_written(world, v[1], v[2]);
	ret = stalemap_would_block(world, v[1], v[2], STALEMAP_WRITING, v[0]);
	if (ret)
		return ret;
	memset(stalemap_buffer, 0, PAGE_SIZE);
	stalemap_buffer[0] = v[3];
	return dmirror_write(world->space[v[1]].mirror[v[0]], &command);
}

static long op_setup(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_request request = {
		.slot = v[0], .addr = stalemap_address(v[2]), .npages = v[3], .value = v[4],
	};
	long ret;

	if (!stalemap_lives(world, v[1]))
		return -ESRCH;
	ret = stalemap_setup(world->space[v[1]].mirror[v[5]], &request);
	if (ret)
		return ret;
	world->locks[v[0]] = v[1];
	return request.out;
}

static long op_collect(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_request request = { .slot = v[0] };
	long ret = stalemap_collect(stalemap_driver(world, v[1]), &request);

	return ret ? ret : request.out;
}

static unsigned long stalemap_count(const bool *flags, unsigned long count)
{
	unsigned long set = 0;

	while (count--)
		set += flags[count];
	return set;
}

static long op_copy(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_transaction *t = &stalemap_transactions[v[0]];
	struct stalemap_request request = { .slot = v[0], .value = v[1] };
	long ret;

	if (t->phase == STALEMAP_FREE)
		return -ENOENT;
	/* The order of a device's frames is private, so that single ones cannot be chosen. */
	if (t->phase == STALEMAP_COLLECTED && t->by_device && v[1] && v[1] != 255)
		return -EINVAL;
	if (t->phase == STALEMAP_COLLECTED && t->by_device && !v[1] &&
	    stalemap_free_frames(0) < stalemap_count(t->candidate, t->count))
		return -ENOMEM;
	ret = stalemap_copy(&request);
	return ret ? ret : request.out;
}

static long op_pages(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_request request = { .slot = v[0] };
	long ret;

	if (stalemap_transactions[v[0]].phase == STALEMAP_FREE)
		return -ENOENT;
	ret = stalemap_pages(&request);
	return ret ? ret : request.out;
}

/* Whether the entry of a place waits for this transaction. */
static bool stalemap_waits_for(const struct stalemap_place *place, struct stalemap_transaction *t)
{
	unsigned long i;

	for (i = 0; place->entry == STALEMAP_MIGRATING && i < t->count; i++) {
		struct stalemap_candidate it;

		if (stalemap_candidate_at(t, i, &it) && it.source_home == place->home && it.source == place->number)
			return true;
	}
	return false;
}

/* Counts the entries that wait for the transaction and map their page again afterwards. */
static long op_finalize(struct stalemap_world *world, const unsigned char *v)
{
	static bool waits[STALEMAP_MOST_SPACES][STALEMAP_MOST_PAGES];
	struct stalemap_transaction *t = &stalemap_transactions[v[0]];
	struct stalemap_request request = { .slot = v[0] };
	unsigned int space, page;
	long ret, restored = 0;

	if (t->phase == STALEMAP_FREE)
		return -ENOENT;
	for (space = 0; space < world->spaces; space++)
		for (page = 0; page < world->pages; page++)
			waits[space][page] = stalemap_waits_for(&world->seen[space][page], t);
	ret = stalemap_finalize(&request);
	if (ret)
		return ret;
	world->locks[v[0]] = STALEMAP_NOBODY;
	stalemap_see(world);
	for (space = 0; space < world->spaces; space++)
		for (page = 0; page < world->pages; page++)
			restored += waits[space][page] && world->seen[space][page].entry == STALEMAP_MAPS;
	return restored;
}

/* How many places of a range were last seen to map pages of a device. */
static long stalemap_on_device(const struct stalemap_place *places, unsigned int count, unsigned int device)
{
	long there = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		there += places[i].entry == STALEMAP_MAPS && places[i].home == 1 + device;
	return there;
}

/* Tells whether a group of holes goes to the device as one, where a part of a range is such a group. */
static void stalemap_ask_for_group(struct stalemap_world *world, unsigned int space, unsigned int first, unsigned int count,
				   bool from)
{
	struct mm_struct *mm = world->space[space].mm;
	unsigned long addr = stalemap_address(first);
	struct vm_area_struct *vma;

	if (from || !stalemap_huge)
		return;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && vma->vm_flags & VM_READ && stalemap_asks_for_group(mm, addr, count))
		stalemap_claim(vma->vm_end >= addr + (PAGE_SIZE << stalemap_huge) && stalemap_has_no_table(mm, addr));
	mmap_read_unlock(mm);
}

/* Pages of a range that are asked for by one request: those in one mapping and one group, or all where there are no groups. */
static unsigned int stalemap_at_once(struct mm_struct *mm, unsigned int first, unsigned int count)
{
	unsigned long addr = stalemap_address(first);
	struct vm_area_struct *vma;

	if (!stalemap_huge)
		return count;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	count = min_t(unsigned long, count, stalemap_part(addr));
	if (vma)
		count = min_t(unsigned long, count, (vma->vm_end - addr) >> PAGE_SHIFT);
	mmap_read_unlock(mm);
	return count;
}

/*
 * Pages of a range that a request for its first ones has done with: a group is passed over from some place on, or not. EINVAL
 * where what is passed over cannot be read.
 */
static long stalemap_done_with(struct stalemap_world *world, const unsigned char *v, unsigned int first, unsigned int asked,
			       unsigned int count)
{
	struct dmirror *dmirror = world->space[v[0]].mirror[v[4]];
	struct mm_struct *mm = dmirror->notifier.mm;
	bool is_passed_over;
	unsigned int i;

	mmap_read_lock(mm);
	is_passed_over = stalemap_is_passed_over(mm, stalemap_address(first), asked, v[3], dmirror);
	mmap_read_unlock(mm);
	if (!is_passed_over)
		return asked;
	count = min_t(unsigned long, count, stalemap_part(stalemap_address(first)));
	for (i = asked; i < count; i++)
		if (world->seen[v[0]][first + i].entry == STALEMAP_UNMAPPED || !world->seen[v[0]][first + i].access)
			return -EINVAL;
	return count;
}

/*
 * A request for a part of one group, or for the whole range where the machine has none. Of a migration to the device the
 * driver counts what the device's table holds afterwards, not what moved, and from the device a large folio as one page; so
 * the places are looked at before and after.
 */
static long stalemap_migrate_part(struct stalemap_world *world, const unsigned char *v, unsigned int first, unsigned int count)
{
	const struct stalemap_place *places = &world->seen[v[0]][first];
	struct hmm_dmirror_cmd command = stalemap_command(first, count);
	struct dmirror *dmirror = world->space[v[0]].mirror[v[4]];
	long before = stalemap_on_device(places, count, v[4]);
	long ret;

	stalemap_ask_for_group(world, v[0], first, v[1] + v[2] - first, v[3]);
	dmirror->stalemap_migrates = true;
	ret = v[3] ? dmirror_migrate_to_system(dmirror, &command) : dmirror_migrate_to_device(dmirror, &command);
	dmirror->stalemap_migrates = false;
	/* ENOENT: some page could not be moved; the others have. */
	if (ret && (v[3] || ret != -ENOENT))
		return ret;
	if (v[3] && !stalemap_huge)
		return command.cpages;
	stalemap_see(world);
	return (stalemap_on_device(places, count, v[4]) - before) * (v[3] ? -1 : 1);
}

/*
 * Linux stops at the mapping in which it finds no frame of RAM. The rules collect a whole group before they look for frames: what
 * is behind in the group is asked for too, is collected, finds no frame either, and is put back.
 */
static long op_migrate(struct stalemap_world *world, const unsigned char *v)
{
	unsigned int done = 0, end = v[2];
	long moved = 0, stopped = 0;

	if (!stalemap_lives(world, v[0]))
		return -ESRCH;
	while (done < end) {
		unsigned int first = v[1] + done, part = stalemap_at_once(world->space[v[0]].mm, first, end - done);
		long ret = stalemap_migrate_part(world, v, first, part);

		if (ret == -ENOMEM) {
			stopped = ret;
			end = min(end, done + (unsigned int)stalemap_part(stalemap_address(first)));
			done += part;
			continue;
		}
		if (ret >= 0) {
			moved += ret;
			ret = stalemap_done_with(world, v, first, part, end - done);
		}
		if (ret < 0)
			return stopped ? stopped : ret;
		done += ret;
	}
	return stopped ? stopped : moved;
}

/* How many pages on a device are mapped somewhere. */
static long stalemap_mapped_on(struct stalemap_world *world, unsigned int device)
{
	unsigned int space, page;

	stalemap_names = 0;
	for (space = 0; space < world->spaces; space++) {
		for (page = 0; page < world->pages; page++) {
			const struct stalemap_place *it = &world->seen[space][page];

			if (it->entry == STALEMAP_MAPS && it->home == 1 + device)
				stalemap_name(it->home, it->number);
		}
	}
	return stalemap_names;
}

/* Pages on a device that no transaction has locked. */
static unsigned long stalemap_evictable(unsigned int device)
{
	unsigned long count = 0, i;

	for (i = 0; i < stalemap_frames(&dmirror_devices[device]); i++) {
		const struct page *page = stalemap_page_at(i, 1 + device);

		count += page && page_count(page) && !folio_test_locked(page_folio(page));
	}
	return count;
}

static long op_evict(struct stalemap_world *world, const unsigned char *v)
{
	long before = stalemap_mapped_on(world, v[0]);
	struct stalemap_request request = { 0 };

	/* The driver asks for frames that it must get, so that want of them is ours to tell. */
	if (stalemap_free_frames(0) < stalemap_evictable(v[0]))
		return -ENOMEM;
	stalemap_evict(stalemap_driver(world, v[0]), &request);
	/* Pages of a large folio move with it, those too that nothing maps. */
	if (stalemap_huge)
		return request.out;
	stalemap_see(world);
	return max(before - stalemap_mapped_on(world, v[0]), 0L);
}

static long stalemap_refer(struct stalemap_world *world, unsigned int slot, unsigned int space, unsigned int page, bool pins)
{
	struct stalemap_request request = { .slot = slot, .addr = stalemap_address(page), .value = pins };
	struct mm_struct *mm = world->space[space].mm;
	long ret;

	kthread_use_mm(mm);
	ret = stalemap_pin(&request);
	kthread_unuse_mm(mm);
	return ret;
}

static long op_pin(struct stalemap_world *world, const unsigned char *v)
{
	long ret;

	if (!stalemap_lives(world, v[1]))
		return -ESRCH;
	if (stalemap_pins[v[0]].page)
		return -EBUSY;
	stalemap_note_written(world, v[1], v[2]);
	ret = stalemap_would_block(world, v[1], v[2], STALEMAP_WRITING, -1);
	return ret ? ret : stalemap_refer(world, v[0], v[1], v[2], true);
}

static long op_hold(struct stalemap_world *world, const unsigned char *v)
{
	const struct stalemap_place *place = &world->seen[v[1]][v[2]];
	long ret;

	if (!stalemap_lives(world, v[1]))
		return -ESRCH;
	if (stalemap_pins[STALEMAP_PINS + v[0]].page)
		return -EBUSY;
	/* Linux would hold the shared zero page. */
	if (place->entry == STALEMAP_HOLE && place->access >= 1)
		return -ENOENT;
	ret = stalemap_would_block(world, v[1], v[2], STALEMAP_READING, -1);
	return ret ? ret : stalemap_refer(world, STALEMAP_PINS + v[0], v[1], v[2], false);
}

static long op_unpin(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_request request = { .slot = v[0] };

	return stalemap_unpin(&request);
}

static long op_release(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_request request = { .slot = STALEMAP_PINS + v[0] };

	return stalemap_unpin(&request);
}

static long op_pin_read(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_request request = { .slot = v[0] };
	long ret = stalemap_pin_access(&request, false);

	return ret ? ret : request.value;
}

static long op_pin_write(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_request request = { .slot = v[0], .value = v[1] };

	return stalemap_pin_access(&request, true);
}

static long op_peek(struct stalemap_world *world, const unsigned char *v)
{
	struct stalemap_request request = { .slot = STALEMAP_PINS + v[0] };
	long ret = stalemap_pin_access(&request, false);

	return ret ? ret : request.value;
}

#include "stalemap_huge_operations.h"

typedef long (*stalemap_op)(struct stalemap_world *world, const unsigned char *values);

#define STALEMAP_ROW(number, word) [number] = op_##word,
static const stalemap_op stalemap_ops[256] = { STALEMAP_TABLE(STALEMAP_ROW) };

/* The number that the campaign knows an errno by. */
static unsigned char stalemap_class(long number)
{
	static const long classes[] = { STALEMAP_ERRNOS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i] == number)
			return 1 + i;
	return STALEMAP_STUCK;
}

/* Does an operation and looks at everything afterwards. */
static long stalemap_perform(struct stalemap_world *world, const struct stalemap_operation *operation)
{
	stalemap_op op = stalemap_ops[operation->kind];
	long answer;

	stalemap_claims.count = 0;
	stalemap_is_known = false;
	answer = op ? op(world, operation->values) : -ENOSYS;
	stalemap_see(world);
	/* What asked for no run found none; a write to a page asks whose it is instead. */
	if (stalemap_huge && !stalemap_claims.count)
		stalemap_claim(stalemap_is_known);
	return answer;
}
