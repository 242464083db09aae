/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The frames of a device whose pages may be huge: single ones and aligned runs, all of one chunk. The driver itself has a
 * chunk for each sort, and makes another when one is used up. Included by stalemap_requests.h.
 */
#ifdef STALEMAP_HAS_HUGE_LEAVES

/* What a page of a run keeps of it when it is free; the same that zone_device_page_init clears. */
static void stalemap_make_single(struct dmirror_device *mdevice, struct page *page)
{
	struct folio *folio = (struct folio *)page;

	page->flags.f &= ~0xffUL;
	folio->mapping = NULL;
	folio->pgmap = &mdevice->devmem_chunks[0]->pagemap;
	folio->share = 0;
	atomic_set(&page->_mapcount, -1);
}

/* Makes the first free run singles. */
static bool stalemap_break_run(struct dmirror_device *mdevice)
{
	struct page *first;
	unsigned long i;

	if (!mdevice->free_folios)
		return false;
	first = folio_page(mdevice->free_folios, 0);
	mdevice->free_folios = first->zone_device_data;
	for (i = HPAGE_PMD_NR; i-- > 0;) {
		stalemap_make_single(mdevice, first + i);
		first[i].zone_device_data = mdevice->free_pages;
		mdevice->free_pages = first + i;
	}
	return true;
}

/* The run of a frame that can be in use; one behind all of them for the frames behind. */
static unsigned long stalemap_run_of(struct dmirror_device *mdevice, struct page *page)
{
	unsigned long start = mdevice->devmem_chunks[0]->pagemap.range.start >> PAGE_SHIFT;
	unsigned long run = (page_to_pfn(page) - start) / HPAGE_PMD_NR;

	return min(run, stalemap_frames(mdevice) / HPAGE_PMD_NR);
}

/* Makes the lowest aligned run whose frames are all free singles a free run. */
static bool stalemap_join_run(struct dmirror_device *mdevice)
{
	static unsigned int singles[STALEMAP_CHUNK_PAGES / HPAGE_PMD_NR + 1];
	unsigned long run = 0, runs = stalemap_frames(mdevice) / HPAGE_PMD_NR;
	struct page *page, *first = NULL;
	void **link = (void **)&mdevice->free_pages;

	memset(singles, 0, sizeof(singles));
	for (page = mdevice->free_pages; page; page = page->zone_device_data)
		singles[stalemap_run_of(mdevice, page)]++;
	while (run < runs && singles[run] != HPAGE_PMD_NR)
		run++;
	if (run == runs)
		return false;
	while ((page = *link)) {
		if (stalemap_run_of(mdevice, page) == run) {
			*link = page->zone_device_data;
			first = !first || page < first ? page : first;
		} else {
			link = &page->zone_device_data;
		}
	}
	first->zone_device_data = mdevice->free_folios;
	mdevice->free_folios = page_folio(first);
	return true;
}

/* Whether the next single frame is one of the machine's: those behind them stand last in the list and are never taken. */
static bool stalemap_has_single(struct dmirror_device *mdevice)
{
	unsigned long start = mdevice->devmem_chunks[0]->pagemap.range.start >> PAGE_SHIFT;

	return mdevice->free_pages && page_to_pfn(mdevice->free_pages) - start < stalemap_frames(mdevice);
}

/* Whether a page can be had; then there is one of its size in the driver's list. */
bool stalemap_make_room(struct dmirror_device *mdevice, bool is_large)
{
	unsigned long limit = stalemap_limit[mdevice - dmirror_devices];
	unsigned long used = mdevice->calloc - mdevice->cfree;

	/* No machine is set: the driver grows as it likes. */
	if (limit == ULONG_MAX)
		return true;
	if (is_large) {
		bool has_run = used + HPAGE_PMD_NR <= limit && (mdevice->free_folios || stalemap_join_run(mdevice));

		stalemap_claim(has_run);
		return has_run;
	}
	return used < limit && (stalemap_has_single(mdevice) || stalemap_break_run(mdevice));
}

static void stalemap_forget_runs(struct dmirror_device *mdevice)
{
	mdevice->free_folios = NULL;
}

#else

static void stalemap_make_single(struct dmirror_device *mdevice, struct page *page)
{
	page->mapping = NULL;
	atomic_set(&page->_mapcount, -1);
}

static void stalemap_forget_runs(struct dmirror_device *mdevice)
{
}

#endif
