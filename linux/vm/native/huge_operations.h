/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Operations on huge pages, of which machines without huge pages have none. Included by stalemap_perform.h. */

static long op_advise(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	long ret = stalemap_unlocked(world, v[0]);

	if (ret)
		return ret;
	kthread_use_mm(mm);
	ret = do_madvise(mm, stalemap_address(v[1]), (unsigned long)v[2] << PAGE_SHIFT,
			 v[3] ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
	kthread_unuse_mm(mm);
	return ret;
}

/* The first page of the group of a page. */
static unsigned int stalemap_group(unsigned int page)
{
	return page >> stalemap_huge << stalemap_huge;
}

/*
 * EINVAL where the places of a group are in no one mapping, or have no page: whether Linux collapses a group without a page
 * depends on a table that was left there. EAGAIN where it would wait for a migration.
 */
static long stalemap_collapsible(struct stalemap_world *world, unsigned int space, unsigned int first)
{
	const struct stalemap_place *places = &world->seen[space][first];
	unsigned int i, pages = 1U << stalemap_huge;
	bool is_empty = true, waits = false;

	if (first + pages > world->pages || places[0].entry == STALEMAP_UNMAPPED ||
	    stalemap_in_one_mapping(places, pages) < pages)
		return -EINVAL;
	for (i = 0; i < pages; i++) {
		is_empty = is_empty && places[i].entry == STALEMAP_HOLE;
		waits = waits || places[i].entry == STALEMAP_MIGRATING || stalemap_is_born(&places[i]);
	}
	if (is_empty)
		return -EINVAL;
	return waits && !(places[0].bits & STALEMAP_HUGE_ENTRY) ? -EAGAIN : 0;
}

/*
 * Tells whether the group from this address on lies in one mapping of the kernel's, be it next to another that is alike; and
 * EINVAL where it does not, or where it is never to have huge pages.
 */
static long stalemap_ask_for_mapping(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool is_in_one, is_advised_against;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	is_in_one = vma && vma->vm_end >= addr + (PAGE_SIZE << stalemap_huge);
	is_advised_against = vma && vma->vm_flags & VM_NOHUGEPAGE;
	mmap_read_unlock(mm);
	if (!is_advised_against)
		stalemap_claim(is_in_one);
	return is_in_one && !is_advised_against ? 0 : -EINVAL;
}

static long op_collapse(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	unsigned int first = stalemap_group(v[1]);
	long ret = stalemap_unlocked(world, v[0]);

	if (ret)
		return ret;
	ret = stalemap_ask_for_mapping(mm, stalemap_address(first));
	if (!ret)
		ret = stalemap_collapsible(world, v[0], first);
	if (ret)
		return ret;
	kthread_use_mm(mm);
	ret = do_madvise(mm, stalemap_address(first), PAGE_SIZE << stalemap_huge, MADV_COLLAPSE);
	kthread_unuse_mm(mm);
	return ret;
}

#ifdef CONFIG_STALEMAP_HUGE

static long op_split_folio(struct stalemap_world *world, const unsigned char *v)
{
	struct mm_struct *mm = world->space[v[0]].mm;
	long ret;

	if (!mm)
		return -ESRCH;
	lru_add_drain();
	mmap_read_lock(mm);
	ret = stalemap_split_at(mm, stalemap_address(v[1]));
	mmap_read_unlock(mm);
	return ret;
}

#else

/* No folio of these machines is large. */
static long op_split_folio(struct stalemap_world *world, const unsigned char *v)
{
	return -EINVAL;
}

#endif
