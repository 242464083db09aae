/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Requests that Stalemap adds to the test driver: migration in single phases, pins and holds, and a look at page
 * tables and page descriptors that changes neither. Included by lib/test_hmm.c, whose types it uses.
 *
 * One guest process makes one request at a time, on one CPU; nothing here is guarded against company.
 */
#include <linux/pagewalk.h>
#include <linux/rcupdate.h>
#include "stalemap_versions.h"

#define STALEMAP_LOOK		_IOWR('H', 0x20, struct stalemap_request)
#define STALEMAP_DESCRIBE	_IOWR('H', 0x21, struct stalemap_request)
#define STALEMAP_SETUP		_IOWR('H', 0x22, struct stalemap_request)
#define STALEMAP_COLLECT	_IOWR('H', 0x23, struct stalemap_request)
#define STALEMAP_COPY		_IOWR('H', 0x24, struct stalemap_request)
#define STALEMAP_PAGES		_IOWR('H', 0x25, struct stalemap_request)
#define STALEMAP_FINALIZE	_IOWR('H', 0x26, struct stalemap_request)
#define STALEMAP_CANDIDATES	_IOWR('H', 0x27, struct stalemap_request)
#define STALEMAP_EVICT		_IOWR('H', 0x28, struct stalemap_request)
#define STALEMAP_CAPACITY	_IOWR('H', 0x29, struct stalemap_request)
#define STALEMAP_PIN		_IOWR('H', 0x2a, struct stalemap_request)
#define STALEMAP_UNPIN		_IOWR('H', 0x2b, struct stalemap_request)
#define STALEMAP_PIN_READ	_IOWR('H', 0x2c, struct stalemap_request)
#define STALEMAP_PIN_WRITE	_IOWR('H', 0x2d, struct stalemap_request)
/* Of machines with huge pages (stalemap_scale.h). */
#define STALEMAP_SCALE		_IOWR('H', 0x2e, struct stalemap_request)
#define STALEMAP_CLAIMS		_IOWR('H', 0x2f, struct stalemap_request)
#define STALEMAP_GROUP		_IOWR('H', 0x30, struct stalemap_request)
#define STALEMAP_PASSED_OVER	_IOWR('H', 0x31, struct stalemap_request)
#define STALEMAP_SPLIT_FOLIO	_IOWR('H', 0x32, struct stalemap_request)
/* Of a virtual machine. */
#define STALEMAP_RAM		_IOWR('H', 0x33, struct stalemap_request)

/* The argument of every request; each says which fields it reads and writes. */
struct stalemap_request {
	__u64 addr;
	__u64 ptr;
	__u64 npages;
	__u64 slot;
	__u64 value;
	__u64 out;
};

#define STALEMAP_NOWHERE 0xff

/* A frame: 0 is RAM and the number counts from its start, else 1 + the number of the device, from its chunk's start. */
struct stalemap_frame {
	__u32 number;
	__u8 home;
};

enum stalemap_entry {
	STALEMAP_UNMAPPED,
	STALEMAP_HOLE,
	STALEMAP_MAPS,
	STALEMAP_MIGRATING,
	STALEMAP_UNKNOWN,
};

struct stalemap_place {
	__u32 number;
	__u8 home;
	__u8 entry;
	/* 0 none, 1 reading, 2 reading and writing. */
	__u8 access;
	/* Bit 0 writable, bit 1 exclusive, bit 2: the first place of a mapping, bit 3: its entry is one of a huge page. */
	__u8 bits;
};

#define STALEMAP_HUGE_ENTRY 8

#define STALEMAP_MOST_RMAP 16

struct stalemap_page {
	__u32 number;
	__u8 home;
	/* Bit 0 anonymous, bit 1 exclusive, bit 2 locked, bit 3 of a large folio, bit 4 of one that is known to be of one space. */
	__u8 bits;
	__u8 stamp;
	__u8 rmaps;
	__s32 mapcount;
	__s32 refcount;
	/* Of a page of a large folio (bit 3): the number of its head, and entries that map any part of it. */
	__u32 head;
	__s32 folio_mapcount;
	struct {
		__u64 mm;
		__u64 addr;
	} rmap[STALEMAP_MOST_RMAP];
};

struct stalemap_candidate {
	__u32 source;
	__u32 destination;
	__u8 source_home;
	__u8 destination_home;
	/* Offset of its place in the range; with collect its number among the candidates. */
	__u8 offset;
	/* Bit 0: still going to move, or has moved. */
	__u8 bits;
};

#define STALEMAP_SLOTS		4
#define STALEMAP_MOST_PLACES	64
#define STALEMAP_MOST_PINS	20
#define STALEMAP_CHUNK_PAGES	(DEVMEM_CHUNK_SIZE / PAGE_SIZE)

enum stalemap_phase { STALEMAP_FREE, STALEMAP_COLLECTED, STALEMAP_COPIED, STALEMAP_MOVED };

struct stalemap_transaction {
	enum stalemap_phase phase;
	struct dmirror *dmirror;
	bool by_device;
	bool from;
	unsigned long start;
	unsigned long count;
	/* One migrate_vma for each mapping that the range meets, and for each group of a huge page in it. */
	unsigned long mappings;
	struct migrate_vma args[STALEMAP_MOST_PLACES];
	unsigned long src[STALEMAP_CHUNK_PAGES];
	unsigned long dst[STALEMAP_CHUNK_PAGES];
	/* Whether it was a candidate once; a candidate that does not move loses MIGRATE_PFN_MIGRATE. */
	bool candidate[STALEMAP_CHUNK_PAGES];
	/* Whether it is a candidate of the program: the first page of its block. The others go with it. */
	bool shows[STALEMAP_CHUNK_PAGES];
	/* How far before it the candidate begins that it is a page of; 0 where it is one by itself. */
	unsigned short within[STALEMAP_CHUNK_PAGES];
	struct anon_vma *anon_vma[STALEMAP_CHUNK_PAGES];
};

static struct stalemap_transaction stalemap_transactions[STALEMAP_SLOTS];

static struct {
	struct page *page;
	bool pinned;
} stalemap_pins[STALEMAP_MOST_PINS];

/*
 * Pages of the kernel that one page of the program stands for, a block: the huge pages of the program can be smaller than
 * those of the kernel. All pages of a block are treated alike, and the first of them is what is looked at.
 */
unsigned long stalemap_scale = 1;

unsigned long stalemap_limit[DMIRROR_NDEVICES] = { [0 ... DMIRROR_NDEVICES - 1] = ULONG_MAX };
unsigned long stalemap_bits;
core_param(stalemap, stalemap_bits, ulong, 0444);

static struct stalemap_frame stalemap_frame_of(struct page *page)
{
	struct stalemap_frame frame = { .number = page_to_pfn(page), .home = 0 };

	if (is_device_private_page(page)) {
		struct dmirror_chunk *chunk = dmirror_page_to_chunk(page);

		frame.number = page_to_pfn(page) - (chunk->pagemap.range.start >> PAGE_SHIFT);
		frame.home = 1 + (chunk->mdevice - dmirror_devices);
	}
	return frame;
}

static struct page *stalemap_page_at(__u32 number, __u8 home)
{
	struct dmirror_device *mdevice;
	unsigned long pfn = number;

	if (home > 2)
		return NULL;
	if (home) {
		mdevice = &dmirror_devices[home - 1];
		if (!mdevice->devmem_count || number >= STALEMAP_CHUNK_PAGES)
			return NULL;
		pfn += mdevice->devmem_chunks[0]->pagemap.range.start >> PAGE_SHIFT;
	}
	return pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}

struct stalemap_look {
	struct stalemap_place *places;
	unsigned long start;
};

/* The page of an entry that is not present, and what the entry says of the place; nothing where it is of another sort. */
static struct page *stalemap_look_at_leaf(struct stalemap_place *place, softleaf_t entry)
{
	if (softleaf_is_device_private(entry)) {
		place->entry = STALEMAP_MAPS;
		place->bits |= softleaf_is_device_private_write(entry) ? 1 : 0;
	} else if (softleaf_is_migration(entry)) {
		place->entry = STALEMAP_MIGRATING;
		place->bits |= softleaf_is_migration_write(entry) ? 3 :
			softleaf_is_migration_read_exclusive(entry) ? 2 : 0;
	} else {
		place->entry = STALEMAP_UNKNOWN;
		return NULL;
	}
	return softleaf_to_page(entry);
}

/* `exclusive` is the page that tells for this one whether it is exclusive: itself, or the head by which a huge entry maps it. */
static void stalemap_note_page(struct stalemap_place *place, struct page *page, struct page *exclusive)
{
	struct stalemap_frame frame = stalemap_frame_of(page);

	if (place->entry == STALEMAP_MAPS && PageAnon(page) && PageAnonExclusive(exclusive))
		place->bits |= 2;
	place->number = frame.number;
	place->home = frame.home;
}

static int stalemap_look_at_entry(pte_t *ptep, unsigned long addr, unsigned long next, struct mm_walk *walk)
{
	struct stalemap_look *look = walk->private;
	struct stalemap_place *place = &look->places[(addr - look->start) >> PAGE_SHIFT];
	struct page *page;
	pte_t pte = *ptep;

	if (pte_none(pte))
		return 0;
	if (pte_present(pte)) {
		if (is_zero_pfn(pte_pfn(pte)))
			return 0;
		page = pte_page(pte);
		place->entry = STALEMAP_MAPS;
		place->bits |= pte_write(pte) ? 1 : 0;
	} else {
		page = stalemap_look_at_leaf(place, softleaf_from_pte(pte));
	}
	if (page)
		stalemap_note_page(place, page, page);
	return 0;
}

#ifdef STALEMAP_HAS_HUGE
/* Without it the walk would split a huge entry. */
static int stalemap_look_at_huge_entry(pmd_t *pmdp, unsigned long addr, unsigned long next, struct mm_walk *walk)
{
	struct stalemap_look *look = walk->private;
	pmd_t pmd = *pmdp;

	if (!pmd_trans_huge(pmd) && !pmd_is_valid_softleaf(pmd))
		return 0;
	walk->action = ACTION_CONTINUE;
	if (pmd_trans_huge(pmd) && is_huge_zero_pmd(pmd))
		return 0;
	for (; addr < next; addr += PAGE_SIZE) {
		struct stalemap_place *place = &look->places[(addr - look->start) >> PAGE_SHIFT];
		struct page *page;

		if (pmd_trans_huge(pmd)) {
			page = pmd_page(pmd);
			place->entry = STALEMAP_MAPS;
			place->bits |= pmd_write(pmd) ? 1 : 0;
		} else {
			page = stalemap_look_at_leaf(place, softleaf_from_pmd(pmd));
		}
		place->bits |= STALEMAP_HUGE_ENTRY;
		stalemap_note_page(place, page + ((addr & ~HPAGE_PMD_MASK) >> PAGE_SHIFT), page);
	}
	return 0;
}
#endif

static const struct mm_walk_ops stalemap_look_ops = {
#ifdef STALEMAP_HAS_HUGE
	.pmd_entry = stalemap_look_at_huge_entry,
#endif
	.pte_entry = stalemap_look_at_entry,
};

/* The places of a space from this address on. The lock is held. */
static void stalemap_look_at_places(struct mm_struct *mm, unsigned long start, unsigned long npages,
				    struct stalemap_place *places)
{
	struct stalemap_look look = { .places = places, .start = start };
	unsigned long i;

	memset(places, 0, npages * sizeof(places[0]));
	for (i = 0; i < npages; i++) {
		unsigned long addr = start + (i << PAGE_SHIFT);
		struct vm_area_struct *vma = vma_lookup(mm, addr);

		if (!vma)
			continue;
		places[i].entry = STALEMAP_HOLE;
		places[i].bits = vma->vm_start == addr ? 4 : 0;
		places[i].access = !(vma->vm_flags & VM_READ) ? 0 : vma->vm_flags & VM_WRITE ? 2 : 1;
	}
	walk_page_range(mm, start, start + (npages << PAGE_SHIFT), &stalemap_look_ops, &look);
}

static void stalemap_look_at(struct mm_struct *mm, unsigned long start, unsigned long npages,
			     struct stalemap_place *places)
{
	unsigned long i;

	mmap_read_lock(mm);
	if (stalemap_scale == 1)
		stalemap_look_at_places(mm, start, npages, places);
	for (i = 0; i < npages && stalemap_scale > 1; i++)
		stalemap_look_at_places(mm, start + (i * stalemap_scale << PAGE_SHIFT), 1, &places[i]);
	mmap_read_unlock(mm);
}

/* addr, npages, ptr to as many stalemap_place; out is the space's name in the rmap of a page. */
static int stalemap_look(struct dmirror *dmirror, struct stalemap_request *request)
{
	static struct stalemap_place places[STALEMAP_MOST_PLACES];
	struct mm_struct *mm = dmirror->notifier.mm;

	if (request->npages > STALEMAP_MOST_PLACES)
		return -EINVAL;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	stalemap_look_at(mm, request->addr, request->npages, places);
	mmput(mm);
	request->out = (unsigned long)mm;
	if (copy_to_user(u64_to_user_ptr(request->ptr), places, request->npages * sizeof(places[0])))
		return -EFAULT;
	return 0;
}

#include "stalemap_whole.h"

struct stalemap_rmap {
	struct stalemap_page *out;
	struct page *page;
};

/* Entries of the page alone; those of its folio are walked. */
static bool stalemap_note_rmap(struct folio *folio, struct vm_area_struct *vma, unsigned long addr, void *arg)
{
	struct stalemap_rmap *rmap = arg;
	struct stalemap_page *out = rmap->out;
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, 0);

	while (page_vma_mapped_walk(&pvmw)) {
		unsigned long at = stalemap_mapped_at(&pvmw, folio, rmap->page);

		if (at && out->rmaps < STALEMAP_MOST_RMAP) {
			out->rmap[out->rmaps].mm = (unsigned long)vma->vm_mm;
			out->rmap[out->rmaps].addr = at;
			out->rmaps++;
		}
	}
	return true;
}

static unsigned char stalemap_first_byte(struct page *page)
{
	unsigned char *content = kmap_local_page(page);
	unsigned char byte = *content;

	kunmap_local(content);
	return byte;
}

static void stalemap_describe_page(struct page *page, struct stalemap_page *out)
{
	struct stalemap_rmap rmap = { .out = out, .page = page };
	struct rmap_walk_control walk = {
		.rmap_one = stalemap_note_rmap,
		.arg = &rmap,
		.anon_lock = folio_lock_anon_vma_read,
	};
	struct folio *folio = page_folio(page);
	struct page *backing = stalemap_backing(page);

	out->rmaps = 0;
	out->mapcount = atomic_read(&page->_mapcount) + 1;
	out->refcount = page_count(page);
	out->bits = (PageAnon(page) ? 1 : 0) | (PageAnon(page) && PageAnonExclusive(page) ? 2 : 0) |
		(folio_test_locked(folio) ? 4 : 0);
	stalemap_describe_folio(page, folio, out);
	out->stamp = 0;
	if (out->refcount > 0 && backing)
		out->stamp = stalemap_first_byte(backing);
	if (PageAnon(page) && out->mapcount > 0) {
		/* A walk demands the lock of the folio, which an open transaction has already. */
		bool is_ours = folio_trylock(folio);

		rmap_walk(folio, &walk);
		if (is_ours)
			folio_unlock(folio);
	}
}

/* npages, ptr to as many stalemap_page, whose number and home are read and whose other fields are written. */
static int stalemap_describe(struct stalemap_request *request)
{
	struct stalemap_page __user *user = u64_to_user_ptr(request->ptr);
	static struct stalemap_page out;
	unsigned long i;

	lru_add_drain();
	for (i = 0; i < request->npages; i++) {
		struct page *page;

		if (copy_from_user(&out, &user[i], offsetof(struct stalemap_page, bits)))
			return -EFAULT;
		page = stalemap_page_at(out.number, out.home);
		if (!page)
			return -ENXIO;
		stalemap_describe_page(page, &out);
		if (copy_to_user(&user[i], &out, offsetof(struct stalemap_page, rmap[out.rmaps])))
			return -EFAULT;
	}
	return 0;
}

static bool stalemap_is_candidate(struct stalemap_transaction *t, unsigned long i)
{
	unsigned long wanted = MIGRATE_PFN_MIGRATE | (t->from ? MIGRATE_PFN_VALID : 0);

	return (t->src[i] & wanted) == wanted;
}

static struct page *stalemap_source(struct stalemap_transaction *t, unsigned long i);

/* Whether a candidate is the first page of its block. By device, the place of its page in its mapping tells. */
static bool stalemap_is_first(struct stalemap_transaction *t, unsigned long i)
{
	struct page *page = t->by_device ? stalemap_source(t, i) : NULL;

	return !((page ? stalemap_index(page) : i) % stalemap_scale);
}

/* Counts the candidates that are left, in out. */
static void stalemap_count_candidates(struct stalemap_transaction *t, struct stalemap_request *request)
{
	unsigned long i;

	request->out = 0;
	for (i = 0; i < t->count; i++) {
		unsigned long k, n = min(stalemap_size(t->src[i]), t->count - i);

		t->candidate[i] = stalemap_is_candidate(t, i);
		t->within[i] = 0;
		for (k = 1; t->candidate[i] && k < n; k++) {
			t->candidate[i + k] = true;
			t->within[i + k] = k;
		}
		if (t->candidate[i])
			i += n - 1;
	}
	for (i = 0; i < t->count; i++) {
		t->shows[i] = t->candidate[i] && stalemap_is_first(t, i);
		request->out += t->shows[i];
	}
}

/* Whether all of a range is mapped and may be read, as the test driver's own migrations demand. */
static bool stalemap_is_readable(struct mm_struct *mm, unsigned long addr, unsigned long npages)
{
	unsigned long end = addr + (npages << PAGE_SHIFT);

	while (addr < end) {
		struct vm_area_struct *vma = vma_lookup(mm, addr);

		if (!vma || !(vma->vm_flags & VM_READ))
			return false;
		addr = vma->vm_end;
	}
	return true;
}

/* The places from the one with this index to the end of its mapping, or of its group. Says how many they are. */
static unsigned long stalemap_setup_mapping(struct stalemap_transaction *t, struct mm_struct *mm, unsigned long i)
{
	struct migrate_vma *args = &t->args[t->mappings++];
	unsigned long n;
	bool asks;

	memset(args, 0, sizeof(*args));
	args->start = t->start + (i << PAGE_SHIFT);
	args->vma = vma_lookup(mm, args->start);
	n = min(t->count - i, (args->vma->vm_end - args->start) >> PAGE_SHIFT);
	n = min(n, stalemap_part(args->start));
	args->end = args->start + (n << PAGE_SHIFT);
	args->src = &t->src[i];
	args->dst = &t->dst[i];
	args->pgmap_owner = t->dmirror->mdevice;
	args->flags = t->from ? MIGRATE_VMA_SELECT_DEVICE_PRIVATE : MIGRATE_VMA_SELECT_SYSTEM;
	args->flags |= stalemap_whole_flag();
	asks = !t->from && stalemap_asks_for_group(mm, args->start, t->count - i);
	if (migrate_vma_setup(args))
		memset(args->src, 0, n * sizeof(*args->src));
	if (asks)
		stalemap_claim(stalemap_size(args->src[0]) > 1);
	return n;
}

/* addr, npages, slot, value: 0 to the device of this file, 1 from it. The mmap lock is kept. */
static int stalemap_setup(struct dmirror *dmirror, struct stalemap_request *request)
{
	struct stalemap_transaction *t = &stalemap_transactions[request->slot];
	struct mm_struct *mm = dmirror->notifier.mm;
	unsigned long i;

	if (t->phase != STALEMAP_FREE)
		return -EBUSY;
	if (request->npages > STALEMAP_MOST_PLACES * stalemap_scale || request->npages > STALEMAP_CHUNK_PAGES)
		return -E2BIG;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	mmap_read_lock(mm);
	if (!stalemap_is_readable(mm, request->addr, request->npages)) {
		mmap_read_unlock(mm);
		mmput(mm);
		return -EINVAL;
	}
	t->phase = STALEMAP_COLLECTED;
	t->dmirror = dmirror;
	t->by_device = false;
	t->from = request->value;
	t->start = request->addr;
	t->count = request->npages;
	t->mappings = 0;
	memset(t->src, 0, t->count * sizeof(t->src[0]));
	memset(t->dst, 0, t->count * sizeof(t->dst[0]));
	for (i = 0; i < t->count;) {
		unsigned long addr = t->start + (i << PAGE_SHIFT);
		unsigned long n = stalemap_setup_mapping(t, mm, i);

		i += stalemap_is_passed_over(mm, addr, n, t->from, dmirror) ? min(stalemap_part(addr), t->count - i) : n;
	}
	stalemap_count_candidates(t, request);
	return 0;
}

/* Frames that a device can have in use: the first of its chunk. */
static unsigned long stalemap_frames(struct dmirror_device *mdevice)
{
	return min(stalemap_limit[mdevice - dmirror_devices], (unsigned long)STALEMAP_CHUNK_PAGES);
}

#include "stalemap_runs.h"

/* slot. Collects by migrate_device_range over the frames of this file's device. */
static int stalemap_collect(struct dmirror *dmirror, struct stalemap_request *request)
{
	struct stalemap_transaction *t = &stalemap_transactions[request->slot];
	struct dmirror_device *mdevice = dmirror->mdevice;
	unsigned long start, i;

	if (t->phase != STALEMAP_FREE)
		return -EBUSY;
	if (mdevice->devmem_count != 1)
		return -ENODEV;
	start = mdevice->devmem_chunks[0]->pagemap.range.start >> PAGE_SHIFT;
	t->phase = STALEMAP_COLLECTED;
	t->dmirror = dmirror;
	t->by_device = true;
	t->from = true;
	t->count = stalemap_frames(mdevice);
	memset(t->dst, 0, t->count * sizeof(t->dst[0]));
	memset(t->anon_vma, 0, t->count * sizeof(t->anon_vma[0]));
	/* The walk of migrate_device_finalize needs the anon_vma; nobody else keeps it once all have unmapped the page. */
	for (i = 0; i < t->count && !stalemap_is_on(STALEMAP_SHOW_ANON_VMA); i++) {
		struct page *page = pfn_to_page(start + i);

		if (page_count(page) && folio_trylock(page_folio(page))) {
			t->anon_vma[i] = folio_get_anon_vma(page_folio(page));
			folio_unlock(page_folio(page));
		}
	}
	migrate_device_range(t->src, start, t->count);
	stalemap_count_candidates(t, request);
	return 0;
}

/* The page of a candidate; none of a hole. */
static struct page *stalemap_source(struct stalemap_transaction *t, unsigned long i)
{
	unsigned long k = t->within[i];

	if (!k || stalemap_size(t->src[i - k]) == 1)
		return migrate_pfn_to_page(t->src[i]);
	return t->src[i - k] & MIGRATE_PFN_VALID ? migrate_pfn_to_page(t->src[i - k]) + k : NULL;
}

/* The frame that a candidate was given, or none. */
static struct page *stalemap_destination(struct stalemap_transaction *t, unsigned long i)
{
	unsigned long k = t->within[i];

	if (!k || stalemap_size(t->dst[i - k]) == 1)
		return migrate_pfn_to_page(t->dst[i]);
	return t->dst[i - k] & MIGRATE_PFN_VALID ? migrate_pfn_to_page(t->dst[i - k]) + k : NULL;
}

/* Whether a candidate is still going to move, or has moved. */
static bool stalemap_moves(struct stalemap_transaction *t, unsigned long i)
{
	unsigned long head = stalemap_size(t->src[i - t->within[i]]) > 1 ? i - t->within[i] : i;

	return t->src[head] & MIGRATE_PFN_MIGRATE && stalemap_destination(t, i);
}

/* Whether what is made of a candidate may be written at once. */
static unsigned long stalemap_writable(struct stalemap_transaction *t, unsigned long i)
{
	struct vm_area_struct *vma;

	if (t->from || stalemap_source(t, i))
		return t->src[i - t->within[i]] & MIGRATE_PFN_WRITE;
	vma = vma_lookup(t->dmirror->notifier.mm, t->start + (i << PAGE_SHIFT));
	return vma->vm_flags & VM_WRITE ? MIGRATE_PFN_WRITE : 0;
}

static void stalemap_give_device_frame(struct stalemap_transaction *t, unsigned long i)
{
	struct page *source = stalemap_source(t, i);
	struct page *page = stalemap_device_page(t->dmirror);
	struct page *backing;

	if (!page)
		return;
	backing = BACKING_PAGE(page);
	if (source)
		copy_highpage(backing, source);
	else
		clear_highpage(backing);
	backing->zone_device_data = t->dmirror;
	t->dst[i] = migrate_pfn(page_to_pfn(page)) | stalemap_writable(t, i);
}

static void stalemap_give_ram_frame(struct stalemap_transaction *t, unsigned long i)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);

	if (!page)
		return;
	lock_page(page);
	copy_highpage(page, stalemap_backing(stalemap_source(t, i)));
	t->dst[i] = migrate_pfn(page_to_pfn(page)) | stalemap_writable(t, i);
}

/* Gives a candidate that is whole a run of frames; false where there is none. */
static bool stalemap_give_run(struct stalemap_transaction *t, unsigned long i)
{
	struct page *page = t->from ? stalemap_ram_run() : stalemap_device_run(t->dmirror);
	struct page *backing = page ? stalemap_backing(page) : NULL;
	unsigned long k;

	if (!page)
		return false;
	if (t->from)
		lock_page(page);
	else
		backing->zone_device_data = t->dmirror;
	for (k = 0; k < stalemap_size(t->src[i]); k++) {
		struct page *source = stalemap_source(t, i + k);

		if (source)
			copy_highpage(stalemap_backing(page + k), stalemap_backing(source));
		else
			clear_highpage(stalemap_backing(page + k));
	}
	t->dst[i] = migrate_pfn(page_to_pfn(page)) | MIGRATE_PFN_COMPOUND | stalemap_writable(t, i);
	return true;
}

/* slot, value: candidates whose bit (offset mod 8) is set get no frame. Counts those that got one, in out. */
static int stalemap_copy(struct stalemap_request *request)
{
	struct stalemap_transaction *t = &stalemap_transactions[request->slot];
	unsigned long i, k, n;

	if (t->phase != STALEMAP_COLLECTED)
		return -EINVAL;
	t->phase = STALEMAP_COPIED;
	request->out = 0;
	for (i = 0; i < t->count; i += n) {
		unsigned long bit = t->by_device ? 0 : i / stalemap_scale % 8;

		n = t->candidate[i] ? stalemap_size(t->src[i]) : 1;
		if (!t->candidate[i] || request->value >> bit & 1)
			continue;
		if (n > 1 && stalemap_give_run(t, i)) {
			request->out += n / stalemap_scale;
			continue;
		}
		/* The core splits no folio that it has collected by device. */
		for (k = 0; k < n && (n == 1 || !t->by_device); k++) {
			if (t->from)
				stalemap_give_ram_frame(t, i + k);
			else
				stalemap_give_device_frame(t, i + k);
			request->out += t->dst[i + k] && t->shows[i + k];
		}
	}
	return 0;
}

/* slot. Counts those that moved, in out. */
static int stalemap_pages(struct stalemap_request *request)
{
	struct stalemap_transaction *t = &stalemap_transactions[request->slot];
	unsigned long i;

	if (t->phase != STALEMAP_COPIED)
		return -EINVAL;
	t->phase = STALEMAP_MOVED;
	if (t->by_device) {
		migrate_device_pages(t->src, t->dst, t->count);
	} else {
		for (i = 0; i < t->mappings; i++) {
			bool asks = stalemap_asks_for_run(&t->args[i]);

			migrate_vma_pages(&t->args[i]);
			if (asks)
				stalemap_claim(t->args[i].src[0] & MIGRATE_PFN_MIGRATE);
		}
	}
	request->out = 0;
	for (i = 0; i < t->count; i++)
		request->out += t->shows[i] && stalemap_moves(t, i);
	return 0;
}

/* slot. Without the phase before it is the abort. */
static int stalemap_finalize(struct stalemap_request *request)
{
	struct stalemap_transaction *t = &stalemap_transactions[request->slot];
	struct mm_struct *mm;
	unsigned long i;

	if (t->phase == STALEMAP_FREE)
		return -ENOENT;
	for (i = 0; i < t->count && t->phase != STALEMAP_MOVED; i++)
		t->src[i] &= ~MIGRATE_PFN_MIGRATE;
	/* Nothing bounds the time between the phases; here what was freed meanwhile has been given back. */
	if (t->by_device && stalemap_is_on(STALEMAP_SHOW_ANON_VMA))
		rcu_barrier();
	if (t->by_device) {
		migrate_device_finalize(t->src, t->dst, t->count);
		for (i = 0; i < t->count; i++)
			if (t->anon_vma[i])
				put_anon_vma(t->anon_vma[i]);
	} else {
		mm = t->dmirror->notifier.mm;
		for (i = 0; i < t->mappings; i++) {
			if (stalemap_is_on(STALEMAP_SHOW_DISCARDED_IN_TABLE) && !t->from)
				dmirror_migrate_finalize_and_map(&t->args[i], t->dmirror);
			migrate_vma_finalize(&t->args[i]);
		}
		mmap_read_unlock(mm);
		mmput(mm);
	}
	t->phase = STALEMAP_FREE;
	return 0;
}

/* A candidate of a transaction; false where its page, or hole, was none. The offset is left to the caller. */
static bool stalemap_candidate_at(struct stalemap_transaction *t, unsigned long i, struct stalemap_candidate *candidate)
{
	struct page *source, *destination;
	struct stalemap_frame frame;

	if (!t->candidate[i])
		return false;
	source = stalemap_source(t, i);
	destination = stalemap_destination(t, i);
	*candidate = (struct stalemap_candidate){
		.source_home = STALEMAP_NOWHERE,
		.destination_home = STALEMAP_NOWHERE,
		.bits = stalemap_moves(t, i) ? 1 : 0,
	};
	if (source) {
		frame = stalemap_frame_of(source);
		candidate->source = frame.number;
		candidate->source_home = frame.home;
	}
	if (destination) {
		frame = stalemap_frame_of(destination);
		candidate->destination = frame.number;
		candidate->destination_home = frame.home;
	}
	return true;
}

/* slot, npages, ptr to as many stalemap_candidate. Counts those that were written, in out. */
static int stalemap_candidates(struct stalemap_request *request)
{
	struct stalemap_transaction *t = &stalemap_transactions[request->slot];
	struct stalemap_candidate __user *user = u64_to_user_ptr(request->ptr);
	unsigned long i, n = 0;

	if (t->phase == STALEMAP_FREE)
		return -ENOENT;
	for (i = 0; i < t->count && n < request->npages; i++) {
		struct stalemap_candidate candidate;

		if (!t->shows[i] || !stalemap_candidate_at(t, i, &candidate))
			continue;
		candidate.offset = t->by_device ? n : i / stalemap_scale;
		if (copy_to_user(&user[n], &candidate, sizeof(candidate)))
			return -EFAULT;
		n++;
	}
	request->out = n;
	return 0;
}

/* Brings back all that is on the device of this file. Frames of it that are free afterwards and were not, in out. */
static int stalemap_evict(struct dmirror *dmirror, struct stalemap_request *request)
{
	struct dmirror_device *mdevice = dmirror->mdevice;
	unsigned long used = mdevice->calloc - mdevice->cfree;
	unsigned int i;

	for (i = 0; i < mdevice->devmem_count; i++)
		dmirror_device_evict_chunk(mdevice->devmem_chunks[i]);
	request->out = used - (mdevice->calloc - mdevice->cfree);
	return 0;
}

/* Frames of each device, from its first on, that may have been taken since the list of free ones was as new. */
static unsigned long stalemap_taken[DMIRROR_NDEVICES];

/* As new: free frames carry nothing from their last life, and are taken in the order of their numbers. */
static void stalemap_renew(struct dmirror_device *mdevice)
{
	unsigned long start = mdevice->devmem_chunks[0]->pagemap.range.start >> PAGE_SHIFT;
	unsigned long *taken = &stalemap_taken[mdevice - dmirror_devices];
	unsigned long i;

	for (i = 0; i < *taken; i++) {
		struct page *page = pfn_to_page(start + i);

		/* ClearPageAnonExclusive demands an anonymous page, which a free one is not. */
		clear_bit(PG_anon_exclusive, stalemap_flags(page));
		set_page_count(page, 0);
		stalemap_make_single(mdevice, page);
		page->zone_device_data = i + 1 < STALEMAP_CHUNK_PAGES ? pfn_to_page(start + i + 1) : NULL;
	}
	mdevice->free_pages = pfn_to_page(start);
	stalemap_forget_runs(mdevice);
	*taken = 0;
}

/* value: frames that this file's device has from now on; if none is in use, it is as new. Those in use, in out. */
static int stalemap_capacity(struct dmirror *dmirror, struct stalemap_request *request)
{
	struct dmirror_device *mdevice = dmirror->mdevice;
	unsigned long *taken = &stalemap_taken[mdevice - dmirror_devices];

	if (request->value > STALEMAP_CHUNK_PAGES || mdevice->devmem_count != 1)
		return -EINVAL;
	*taken = max(*taken, stalemap_frames(mdevice));
	stalemap_limit[mdevice - dmirror_devices] = request->value;
	request->out = mdevice->calloc - mdevice->cfree;
	if (!request->out)
		stalemap_renew(mdevice);
	return 0;
}

/* All pages of a block of which the first is kept in the slot. */
static struct page **stalemap_block(unsigned long slot)
{
	static struct page *pages[STALEMAP_MOST_PINS][STALEMAP_MOST_SCALE];

	return pages[slot];
}

static void stalemap_let_go(struct page **pages, unsigned long npages, bool pinned)
{
	while (npages--) {
		if (pinned)
			unpin_user_page(pages[npages]);
		else
			put_page(pages[npages]);
	}
}

/* addr in the calling process, slot, value: 1 pins for writing, 0 takes a bare reference. */
static int stalemap_pin(struct stalemap_request *request)
{
	struct page **pages = stalemap_block(request->slot);
	int got;

	if (stalemap_pins[request->slot].page)
		return -EBUSY;
	if (request->value)
		got = pin_user_pages_fast(request->addr, stalemap_scale, FOLL_WRITE | FOLL_LONGTERM, pages);
	else
		got = get_user_pages_fast(request->addr, stalemap_scale, 0, pages);
	if (got < 0)
		return got;
	if (got < stalemap_scale) {
		stalemap_let_go(pages, got, request->value);
		return -EFAULT;
	}
	stalemap_pins[request->slot].page = pages[0];
	stalemap_pins[request->slot].pinned = request->value;
	return 0;
}

/* slot. */
static int stalemap_unpin(struct stalemap_request *request)
{
	if (!stalemap_pins[request->slot].page)
		return -ENOENT;
	stalemap_pins[request->slot].page = NULL;
	stalemap_let_go(stalemap_block(request->slot), stalemap_scale, stalemap_pins[request->slot].pinned);
	return 0;
}

/* slot; the stamp in value, the frame in out: the number, and its home above bit 32. */
static int stalemap_pin_access(struct stalemap_request *request, bool write)
{
	struct page *page = stalemap_pins[request->slot].page;
	struct stalemap_frame frame;
	unsigned long i;

	if (!page)
		return -ENOENT;
	for (i = 0; write && i < stalemap_scale; i++) {
		char *content = kmap_local_page(stalemap_block(request->slot)[i]);

		*content = request->value;
		kunmap_local(content);
	}
	request->value = stalemap_first_byte(page);
	frame = stalemap_frame_of(page);
	request->out = (__u64)frame.home << 32 | frame.number;
	return 0;
}

static bool stalemap_has_slot(unsigned int command, __u64 slot)
{
	switch (command) {
	case STALEMAP_PIN:
	case STALEMAP_UNPIN:
	case STALEMAP_PIN_READ:
	case STALEMAP_PIN_WRITE:
		return slot < STALEMAP_MOST_PINS;
	default:
		return slot < STALEMAP_SLOTS;
	}
}

#include "stalemap_scale.h"

static long stalemap_request(struct dmirror *dmirror, unsigned int command, void __user *user)
{
	struct stalemap_request request;
	long ret;

	if (copy_from_user(&request, user, sizeof(request)))
		return -EFAULT;
	if (!stalemap_has_slot(command, request.slot))
		return -EINVAL;
	switch (command) {
	case STALEMAP_LOOK:
		ret = stalemap_look(dmirror, &request);
		break;
	case STALEMAP_DESCRIBE:
		ret = stalemap_describe(&request);
		break;
	case STALEMAP_SETUP:
		ret = stalemap_setup(dmirror, &request);
		break;
	case STALEMAP_COLLECT:
		ret = stalemap_collect(dmirror, &request);
		break;
	case STALEMAP_COPY:
		ret = stalemap_copy(&request);
		break;
	case STALEMAP_PAGES:
		ret = stalemap_pages(&request);
		break;
	case STALEMAP_FINALIZE:
		ret = stalemap_finalize(&request);
		break;
	case STALEMAP_CANDIDATES:
		ret = stalemap_candidates(&request);
		break;
	case STALEMAP_EVICT:
		ret = stalemap_evict(dmirror, &request);
		break;
	case STALEMAP_CAPACITY:
		ret = stalemap_capacity(dmirror, &request);
		break;
	case STALEMAP_PIN:
		ret = stalemap_pin(&request);
		break;
	case STALEMAP_UNPIN:
		ret = stalemap_unpin(&request);
		break;
	case STALEMAP_PIN_READ:
	case STALEMAP_PIN_WRITE:
		ret = stalemap_pin_access(&request, command == STALEMAP_PIN_WRITE);
		break;
	default:
		ret = stalemap_scale_request(dmirror, command, &request);
	}
	if (!ret && copy_to_user(user, &request, sizeof(request)))
		return -EFAULT;
	return ret;
}
