/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Requests of a guest whose machine has huge pages, or little RAM. Included by stalemap_requests.h. */

#ifdef STALEMAP_HAS_HUGE

/* value: pages of a block on the machine of the next program, or 0 where it has no huge pages. */
static int stalemap_set_scale(struct stalemap_request *request)
{
	if (request->value > STALEMAP_MOST_SCALE)
		return -EINVAL;
	stalemap_has_huge = request->value;
	stalemap_scale = max_t(unsigned long, request->value, 1);
	stalemap_claims.count = 0;
	return 0;
}

/* ptr to as many bytes as claims can be. Whether the runs were found that were asked for since this was asked last; their number in out. */
static int stalemap_take_claims(struct stalemap_request *request)
{
	request->out = stalemap_claims.count;
	stalemap_claims.count = 0;
	if (copy_to_user(u64_to_user_ptr(request->ptr), stalemap_claims.found, request->out))
		return -EFAULT;
	return 0;
}

/*
 * addr, npages. Of a group of pages that begins there, in out: bit 0 one mapping of the kernel's covers it, bit 1 that is
 * never to have huge pages, bit 2 all of it is holes that are mapped alike, may be read, and are in the range of so many
 * pages, bit 3 no table of small entries stands there. In value the pages to the end of the mapping, 0 where there is none.
 */
static int stalemap_look_at_group(struct dmirror *dmirror, struct stalemap_request *request)
{
	struct mm_struct *mm = dmirror->notifier.mm;
	struct vm_area_struct *vma;

	if (!mmget_not_zero(mm))
		return -ESRCH;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, request->addr);
	request->out = 0;
	request->value = vma ? (vma->vm_end - request->addr) >> PAGE_SHIFT : 0;
	if (vma) {
		request->out |= request->value >= HPAGE_PMD_NR ? 1 : 0;
		request->out |= vma->vm_flags & VM_NOHUGEPAGE ? 2 : 0;
		request->out |= vma->vm_flags & VM_READ && stalemap_asks_for_group(mm, request->addr, request->npages) ? 4 : 0;
		request->out |= stalemap_has_no_table(mm, request->addr) ? 8 : 0;
	}
	mmap_read_unlock(mm);
	mmput(mm);
	return 0;
}

/* addr, npages, value: 0 to the device of this file, 1 from it. Whether a migration passed over what follows in its group, in out. */
static int stalemap_was_passed_over(struct dmirror *dmirror, struct stalemap_request *request)
{
	struct mm_struct *mm = dmirror->notifier.mm;

	if (request->npages > HPAGE_PMD_NR)
		return -E2BIG;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	mmap_read_lock(mm);
	request->out = stalemap_is_passed_over(mm, request->addr, request->npages, request->value, dmirror);
	mmap_read_unlock(mm);
	mmput(mm);
	return 0;
}

/* addr in the space of this file. */
static long stalemap_split_folio(struct dmirror *dmirror, struct stalemap_request *request)
{
	struct mm_struct *mm = dmirror->notifier.mm;
	long ret;

	if (!mmget_not_zero(mm))
		return -ESRCH;
	lru_add_drain();
	mmap_read_lock(mm);
	ret = stalemap_split_at(mm, request->addr);
	mmap_read_unlock(mm);
	mmput(mm);
	return ret;
}

static long stalemap_huge_request(struct dmirror *dmirror, unsigned int command, struct stalemap_request *request)
{
	switch (command) {
	case STALEMAP_SCALE:
		return stalemap_set_scale(request);
	case STALEMAP_CLAIMS:
		return stalemap_take_claims(request);
	case STALEMAP_GROUP:
		return stalemap_look_at_group(dmirror, request);
	case STALEMAP_PASSED_OVER:
		return stalemap_was_passed_over(dmirror, request);
	case STALEMAP_SPLIT_FOLIO:
		return stalemap_split_folio(dmirror, request);
	default:
		return -EINVAL;
	}
}

#else

static long stalemap_huge_request(struct dmirror *dmirror, unsigned int command, struct stalemap_request *request)
{
	return command == STALEMAP_SCALE && !request->value ? 0 : -EINVAL;
}

#endif

#ifndef CONFIG_UML
/* Told of each huge page of RAM that was asked for. */
void stalemap_found_run(bool found)
{
	stalemap_claim(found);
}

/* Pages for users that may still be given, as a request says. */
static unsigned long stalemap_ram_left = ULONG_MAX;

bool stalemap_is_out_of_ram(bool must_not_fail, unsigned int order)
{
	if (stalemap_ram_left == ULONG_MAX || must_not_fail)
		return false;
	if (stalemap_ram_left < 1UL << order)
		return true;
	stalemap_ram_left -= 1UL << order;
	return false;
}

/* value: pages for users that may still be given; all ones for no limit. */
static int stalemap_limit_ram(struct stalemap_request *request)
{
	stalemap_ram_left = request->value;
	return 0;
}
#endif

static long stalemap_scale_request(struct dmirror *dmirror, unsigned int command, struct stalemap_request *request)
{
#ifndef CONFIG_UML
	if (command == STALEMAP_RAM)
		return stalemap_limit_ram(request);
#endif
	return stalemap_huge_request(dmirror, command, request);
}
