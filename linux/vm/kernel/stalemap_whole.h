/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Migration of folios as a whole, and how large folios are looked at. Only kernels that have huge pages on devices, and of
 * these only machines with huge pages, have any. Included by stalemap_requests.h.
 */

/* Whether the operation that is done now found the runs of frames that it asked for, in order. */
static struct {
	unsigned char found[255];
	unsigned int count;
} stalemap_claims;

static void stalemap_claim(bool found)
{
	if (stalemap_claims.count < ARRAY_SIZE(stalemap_claims.found))
		stalemap_claims.found[stalemap_claims.count++] = found;
}

/* Pages of a block at the most: a huge page of the program has two pages or more. */
#ifdef STALEMAP_HAS_HUGE
#define STALEMAP_MOST_SCALE	(HPAGE_PMD_NR / 2)
#else
#define STALEMAP_MOST_SCALE	1
#endif

/* Pages that an entry of a list of migrate_vma is about. */
static unsigned long stalemap_size(unsigned long pfn)
{
#ifdef STALEMAP_HAS_HUGE_LEAVES
	if (pfn & MIGRATE_PFN_COMPOUND && pfn & (MIGRATE_PFN_VALID | MIGRATE_PFN_MIGRATE))
		return HPAGE_PMD_NR;
#endif
	return 1;
}

#ifdef STALEMAP_HAS_HUGE

/* Whether the machine of the program has huge pages. */
bool stalemap_has_huge;

/* Pages from this address to the end of its group; more than there are where the machine has no groups. */
static unsigned long stalemap_part(unsigned long addr)
{
	return stalemap_has_huge ? (HPAGE_PMD_SIZE - (addr & ~HPAGE_PMD_MASK)) >> PAGE_SHIFT : ULONG_MAX;
}

/* The place of an anonymous page in its mapping, in pages. */
static unsigned long stalemap_index(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio->index + folio_page_idx(folio, page);
}

/* Entries that map any part of a folio; those of a block are one. */
static int stalemap_folio_mapcount(struct folio *folio)
{
	int count = folio_entire_mapcount(folio);
	unsigned long i;

	if (stalemap_scale == 1)
		return folio_mapcount(folio);
	for (i = 0; i < folio_nr_pages(folio); i += stalemap_scale)
		count += atomic_read(&folio_page(folio, i)->_mapcount) + 1;
	return count;
}

/*
 * Whether Linux knows that all entries of a folio are of one space. It remembers two spaces of a folio: after a third has come
 * and two have gone, it takes the folio for a shared one. Linux 6.12 guesses, and reuses no page of such a folio.
 */
static bool stalemap_knows_one_space(struct folio *folio)
{
#ifdef STALEMAP_HAS_HUGE_LEAVES
	return !folio_maybe_mapped_shared(folio);
#else
	return false;
#endif
}

static void stalemap_describe_folio(struct page *page, struct folio *folio, struct stalemap_page *out)
{
	if (!folio_test_large(folio))
		return;
	out->bits |= 8 | (stalemap_knows_one_space(folio) ? 16 : 0);
	out->mapcount += folio_entire_mapcount(folio);
	out->head = out->number - folio_page_idx(folio, page);
	out->folio_mapcount = stalemap_folio_mapcount(folio);
}

/* Where an entry of a folio maps this page of it; 0 where it maps another. */
static unsigned long stalemap_mapped_at(const struct page_vma_mapped_walk *pvmw, struct folio *folio, struct page *page)
{
	unsigned long pfn;
	pte_t pte;

	if (!folio_test_large(folio))
		return pvmw->address;
	if (!pvmw->pte)
		return (pvmw->address & HPAGE_PMD_MASK) + (folio_page_idx(folio, page) << PAGE_SHIFT);
	pte = ptep_get(pvmw->pte);
	pfn = pte_present(pte) ? pte_pfn(pte) : softleaf_to_pfn(softleaf_from_pte(pte));
	return pfn == page_to_pfn(page) ? pvmw->address : 0;
}

/* As split_huge_pages_pid does for one address (mm/huge_memory.c), which tells nobody why it passes a folio over. The lock is held. */
static long stalemap_split_at(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	struct folio_walk fw;
	struct folio *folio;
	long ret = -EINVAL;

	if (!vma)
		return -EFAULT;
	folio = folio_walk_start(&fw, vma, addr, 0);
	if (!folio)
		return -EINVAL;
	if (folio_test_large(folio) && !folio_is_zone_device(folio))
		ret = folio_expected_ref_count(folio) != folio_ref_count(folio) || !folio_trylock(folio) ? -EAGAIN : 0;
	if (!ret)
		folio_get(folio);
	folio_walk_end(&fw, vma);
	if (ret)
		return ret;
	ret = split_folio(folio);
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

#else

static unsigned long stalemap_part(unsigned long addr)
{
	return ULONG_MAX;
}

/* Nobody asks where a page is a block by itself. */
static unsigned long stalemap_index(struct page *page)
{
	return 0;
}

static void stalemap_describe_folio(struct page *page, struct folio *folio, struct stalemap_page *out)
{
}

static unsigned long stalemap_mapped_at(const struct page_vma_mapped_walk *pvmw, struct folio *folio, struct page *page)
{
	return pvmw->address;
}

#endif

#ifdef STALEMAP_HAS_HUGE_LEAVES

static unsigned long stalemap_whole_flag(void)
{
	return stalemap_has_huge ? MIGRATE_VMA_SELECT_COMPOUND : 0;
}

/* What places of one mapping have in common. */
#define STALEMAP_MAPPING_FLAGS	(VM_READ | VM_WRITE | VM_HUGEPAGE | VM_NOHUGEPAGE)

/* Whether a range of so many pages begins with a group that is mapped alike and in which no page is. The lock is held. */
static bool stalemap_asks_for_group(struct mm_struct *mm, unsigned long addr, unsigned long npages)
{
	static struct stalemap_place places[HPAGE_PMD_NR];
	struct vm_area_struct *first = vma_lookup(mm, addr);
	unsigned long i;

	if (!stalemap_has_huge || npages < HPAGE_PMD_NR || addr & ~HPAGE_PMD_MASK)
		return false;
	stalemap_look_at_places(mm, addr, HPAGE_PMD_NR, places);
	for (i = 0; i < HPAGE_PMD_NR; i++) {
		struct vm_area_struct *vma = vma_lookup(mm, addr + (i << PAGE_SHIFT));

		if (places[i].entry != STALEMAP_HOLE || (vma->vm_flags ^ first->vm_flags) & STALEMAP_MAPPING_FLAGS)
			return false;
	}
	return true;
}

/* Whether a run is to fill a group in which still no page is. The lock is held. */
static bool stalemap_asks_for_run(struct migrate_vma *args)
{
	return stalemap_size(args->src[0]) > 1 && !(args->src[0] & MIGRATE_PFN_VALID) && stalemap_size(args->dst[0]) > 1 &&
		stalemap_asks_for_group(args->vma->vm_mm, args->start, HPAGE_PMD_NR);
}

/*
 * Whether a part of a range that lies in one mapping was passed over from some place on: a large folio is there that could
 * not be split. Then what lies in other mappings of the group is passed over too. The lock is held.
 */
static bool stalemap_is_passed_over(struct mm_struct *mm, unsigned long addr, unsigned long npages, bool from,
				    struct dmirror *dmirror)
{
	static struct stalemap_place places[HPAGE_PMD_NR];
	unsigned int home = from ? 1 + (dmirror->mdevice - dmirror_devices) : 0;
	unsigned long i;

	if (!stalemap_has_huge)
		return false;
	stalemap_look_at_places(mm, addr, npages, places);
	for (i = 0; i < npages; i++)
		if (places[i].entry == STALEMAP_MAPS && places[i].home == home && !(places[i].bits & STALEMAP_HUGE_ENTRY) &&
		    folio_test_large(page_folio(stalemap_page_at(places[i].number, home))))
			return true;
	return false;
}

/* Whether no table of small entries stands at a group, so that it can be taken as one. The lock is held. */
static bool stalemap_has_no_table(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);

	return !pmd || pmd_none(*pmd) || pmd_trans_huge(*pmd);
}

/* The frame in which the content of a page is. */
struct page *stalemap_backing(struct page *page)
{
	struct folio *folio = page_folio(page);
	struct page *backing;

	if (!is_device_private_page(page) || !folio_test_large(folio))
		return BACKING_PAGE(page);
	backing = BACKING_PAGE(folio_page(folio, 0));
	return backing ? backing + folio_page_idx(folio, page) : NULL;
}

static struct page *stalemap_ram_run(void)
{
	struct folio *folio = folio_alloc(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN, HPAGE_PMD_ORDER);

	return folio ? folio_page(folio, 0) : NULL;
}

static struct page *stalemap_device_run(struct dmirror *dmirror)
{
	return dmirror_devmem_alloc_page(dmirror, true);
}

#else

static unsigned long stalemap_whole_flag(void)
{
	return 0;
}

static bool stalemap_asks_for_group(struct mm_struct *mm, unsigned long addr, unsigned long npages)
{
	return false;
}

static bool stalemap_asks_for_run(struct migrate_vma *args)
{
	return false;
}

static bool stalemap_is_passed_over(struct mm_struct *mm, unsigned long addr, unsigned long npages, bool from,
				    struct dmirror *dmirror)
{
	return false;
}

static bool stalemap_has_no_table(struct mm_struct *mm, unsigned long addr)
{
	return false;
}

struct page *stalemap_backing(struct page *page)
{
	return BACKING_PAGE(page);
}

/* No candidate of these kernels is whole. */
static struct page *stalemap_ram_run(void)
{
	return NULL;
}

static struct page *stalemap_device_run(struct dmirror *dmirror)
{
	return NULL;
}

#endif
