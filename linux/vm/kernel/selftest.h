/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What an exported test needs: spaces as processes, the operations on them, and TAP output. Devices are those of the
 * kernel's test driver (CONFIG_TEST_HMM). As the first process of a machine it mounts what it needs by itself.
 * RULES names the version of Linux whose answers are expected.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define BASE 0x1000000000UL
#define SPACES 8
/* A page that no trace uses. */
#define SCRATCH 1024UL
/*
 * Pages of the kernel that stand for one page of the trace: with SCALE a huge page of the trace is one of x86, which has 512
 * pages. All of them are treated alike. GROUP is a huge page in pages of the trace.
 */
#ifndef SCALE
#define SCALE 1UL
#define GROUP 0UL
#endif
/* Seconds after which a step is taken to hang. */
#define TIMEOUT 10
/* A test has all operations, also those that it does not do. */
#define MAY_BE_UNUSED __attribute__((unused))

/* include/uapi of the test driver: lib/test_hmm_uapi.h */
struct hmm_dmirror_cmd {
	uint64_t addr, ptr, npages, cpages, faults;
};
#define HMM_DMIRROR_READ _IOWR('H', 0, struct hmm_dmirror_cmd)
#define HMM_DMIRROR_WRITE _IOWR('H', 1, struct hmm_dmirror_cmd)
#define HMM_DMIRROR_MIGRATE_TO_DEV _IOWR('H', 2, struct hmm_dmirror_cmd)
#define HMM_DMIRROR_MIGRATE_TO_SYS _IOWR('H', 3, struct hmm_dmirror_cmd)
#define HMM_DMIRROR_FLAGS _IOWR('H', 8, struct hmm_dmirror_cmd)
#define HMM_DMIRROR_FLAG_FAIL_ALLOC 1UL

/*
 * Requests that Stalemap's edit of the driver adds. Traces with single phases, evictions, pins or holds need them; without
 * them the others check of an entry what the page map shows.
 */
struct stalemap_request {
	uint64_t addr, ptr, npages, slot, value, out;
};
#define STALEMAP(number) _IOWR('H', number, struct stalemap_request)
#define LOOK STALEMAP(0x20)
#define DESCRIBE STALEMAP(0x21)
#define SETUP STALEMAP(0x22)
#define COLLECT STALEMAP(0x23)
#define COPY STALEMAP(0x24)
#define PAGES STALEMAP(0x25)
#define FINALIZE STALEMAP(0x26)
#define EVICT STALEMAP(0x28)
#define CAPACITY STALEMAP(0x29)
#define PIN STALEMAP(0x2a)
#define UNPIN STALEMAP(0x2b)
#define PIN_READ STALEMAP(0x2c)
#define PIN_WRITE STALEMAP(0x2d)
#define SET_SCALE STALEMAP(0x2e)
#define CHUNK 8192UL
#define SPLIT_FOLIO STALEMAP(0x32)
#define RAM STALEMAP(0x33)

/* What LOOK and DESCRIBE write. */
struct place {
	uint32_t number;
	uint8_t home, entry, access, bits;
};
struct page {
	uint32_t number;
	uint8_t home, bits, stamp, rmaps;
	int32_t mapcount, refcount;
	uint32_t head;
	int32_t folio_mapcount;
	struct {
		uint64_t mm, addr;
	} rmap[16];
};

/* An entry as it is compared; which of it could be seen stands above SEEN. */
enum { MAPS = 2, MIGRATING = 3, KIND = 3, WRITABLE = 4, EXCLUSIVE = 8, MAPCOUNT = 16, HUGE = 0x8000, SEEN = 16, ENTRY_BITS = 0xffff };

enum task { MAP, UNMAP, ADVISE, PROTECT, MOVE, FORK, EXIT, READ, WRITE, DREAD, DWRITE, MIGRATE, FLAGS, REQUEST, SHOW };

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

struct order {
	int task, device;
	unsigned long a, b, c;
	unsigned long command;
	struct stalemap_request request;
};

/* 0 or a value, or the negative errno. */
struct answer {
	long result;
};

static int orders[SPACES][2], answers[SPACES][2];
static int devices[2];
static int steps, failures;
static sigjmp_buf fault_return;

static void on_fault(int signal)
{
	siglongjmp(fault_return, signal);
}

static void *at(unsigned long page)
{
	return (void *)(BASE + page * SCALE * PAGE);
}

static size_t bytes(unsigned long pages)
{
	return pages * SCALE * PAGE;
}

static int rights(unsigned long access)
{
	return access == 0 ? PROT_NONE : access == 1 ? PROT_READ : PROT_READ | PROT_WRITE;
}

static long done(long result)
{
	return result == -1 ? -errno : result;
}

static long device_access(int device, unsigned long command, unsigned long page, unsigned char *byte)
{
	static unsigned char buffer[SCALE * PAGE];
	struct hmm_dmirror_cmd cmd = { .addr = (uint64_t)at(page), .ptr = (uint64_t)buffer, .npages = SCALE };
	unsigned long i;
	long result;

	memset(buffer, 0, sizeof(buffer));
	for (i = 0; i < SCALE; i++)
		buffer[i * PAGE] = *byte;
	result = done(ioctl(devices[device], command, &cmd));
	*byte = buffer[0];
	return result;
}

static long access_by_cpu(const struct order *order)
{
	volatile unsigned char *byte = at(order->a);
	volatile unsigned long i;
	volatile long first = 0;

	if (sigsetjmp(fault_return, 1))
		return -EFAULT;
	for (i = 0; i < SCALE; i++) {
		if (order->task == WRITE)
			byte[i * PAGE] = order->b;
		else if (i)
			(void)byte[i * PAGE];
		else
			first = byte[0];
	}
	return first;
}

static long migrate_part(const struct order *order, unsigned long first, unsigned long pages)
{
	void *content = malloc(bytes(pages));
	struct hmm_dmirror_cmd cmd = { .addr = (uint64_t)at(first), .ptr = (uint64_t)content, .npages = pages * SCALE };
	long result = content ? done(ioctl(devices[order->device], order->command, &cmd)) : -ENOMEM;

	free(content);
	/* ENOENT: some could not be moved. */
	return result == -ENOENT ? 0 : result;
}

/* A request for all of it; where there are huge pages, one for each group of pages that can be one. */
static long migrate_pages(const struct order *order)
{
	unsigned long first = order->a, end = order->a + order->b;
	long result = 0;

	while (first < end && !result) {
		unsigned long next = GROUP ? (first / (GROUP ? GROUP : 1) + 1) * GROUP : end;

		next = next < end ? next : end;
		result = migrate_part(order, first, next - first);
		first = next;
	}
	return result;
}

/* The next page that this file's device is asked for it does not have, a huge one or a small one. */
static long fail_next(int device)
{
	struct hmm_dmirror_cmd cmd = { .npages = HMM_DMIRROR_FLAG_FAIL_ALLOC };

	return done(ioctl(devices[device], HMM_DMIRROR_FLAGS, &cmd));
}

static void open_devices(void)
{
	devices[0] = open("/dev/hmm_dmirror0", O_RDWR);
	devices[1] = open("/dev/hmm_dmirror1", O_RDWR);
	if (devices[0] < 0) {
		printf("Bail out! there is no /dev/hmm_dmirror0: the kernel needs CONFIG_TEST_HMM\n");
		exit(4);
	}
}

/* The entry as the added requests show it, or -EINVAL where the driver has not got them. */
static long show_by_request(unsigned long page_number)
{
	struct place place = { 0 };
	struct page page = { 0 };
	struct stalemap_request look = { .addr = (uint64_t)at(page_number), .ptr = (uint64_t)&place, .npages = 1 };
	struct stalemap_request describe = { .ptr = (uint64_t)&page, .npages = 1 };
	long result = done(ioctl(devices[0], LOOK, &look));

	if (result)
		return result;
	page.number = place.number;
	page.home = place.home;
	if (place.entry >= MAPS)
		result = done(ioctl(devices[0], DESCRIBE, &describe));
	if (result)
		return result;
	return (long)ENTRY_BITS << SEEN | place.entry | (place.bits & 1 ? WRITABLE : 0) |
	       (place.bits & 2 ? EXCLUSIVE : 0) | (place.bits & 8 ? HUGE : 0) | page.mapcount * MAPCOUNT;
}

static int swap_type(unsigned long page_number)
{
	int file = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (file < 0)
		return -1;
	if (pread(file, &entry, sizeof(entry), ((uint64_t)at(page_number) / PAGE) * sizeof(entry)) != sizeof(entry))
		entry = 0;
	close(file);
	return entry >> 62 & 1 ? (int)(entry & 31) : -1;
}

/* The type of writable device entries depends on the kernel's configuration, so that one is made; readable ones follow. */
static int writable_type(void)
{
	unsigned char byte = 0;
	int type = -1;

	if (mmap(at(SCRATCH), bytes(1), rights(2), MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		return -1;
	*(volatile char *)at(SCRATCH) = 1;
	if (!device_access(0, HMM_DMIRROR_MIGRATE_TO_DEV, SCRATCH, &byte))
		type = swap_type(SCRATCH);
	munmap(at(SCRATCH), bytes(1));
	return type;
}

/* What can be seen of an entry: all of it by the added requests, of device entries the writable bit by the page map. */
static long show(unsigned long page_number)
{
	long shown = show_by_request(page_number);
	int type, writable;

	if (shown >= 0)
		return shown;
	type = swap_type(page_number);
	writable = type < 0 ? -1 : writable_type();
	if (writable < 0 || (type != writable && type != writable + 1))
		return 0;
	return (long)(KIND | WRITABLE) << SEEN | MAPS | (type == writable ? WRITABLE : 0);
}

static long perform(const struct order *order, struct stalemap_request *request)
{
	unsigned char byte = order->b;
	unsigned long i, part;
	long result = 0;

	switch (order->task) {
	case MAP:
		return done(mmap(at(order->a), bytes(order->b), rights(order->c),
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED ? -1 : 0);
	case UNMAP:
		return done(munmap(at(order->a), bytes(order->b)));
	case ADVISE:
		return done(madvise(at(order->a), bytes(order->b), order->c));
	case PROTECT:
		return done(mprotect(at(order->a), bytes(order->b), rights(order->c)));
	case MOVE:
		/* Where there are no huge pages, page by page: mremap of 6.1 and 6.12 refuses a range of several mappings. */
		part = GROUP ? order->b : 1;
		for (i = 0; i < order->b && !result; i += part)
			result = done(mremap(at(order->a + i), bytes(part), bytes(part), MREMAP_MAYMOVE | MREMAP_FIXED,
					     at(order->c + i)) == MAP_FAILED ? -1 : 0);
		return result;
	case READ:
	case WRITE:
		return access_by_cpu(order);
	case DREAD:
		result = device_access(order->device, HMM_DMIRROR_READ, order->a, &byte);
		return result ? result : byte;
	case DWRITE:
		return device_access(order->device, HMM_DMIRROR_WRITE, order->a, &byte);
	case MIGRATE:
		return migrate_pages(order);
	case FLAGS:
		return fail_next(order->device);
	case SHOW:
		return show(order->a);
	case REQUEST:
		*request = order->request;
		result = done(ioctl(devices[order->device], order->command, request));
		return result ? result : order->command == PIN_READ ? (long)request->value : 0;
	}
	return -ENOSYS;
}

static void reply(int space, const struct answer *answer)
{
	if (write(answers[space][1], answer, sizeof(*answer)) != sizeof(*answer))
		_exit(4);
}

/* The life of a space: each is a process with files of its own, since a file mirrors the memory of the process that opened it. */
static void live(int space)
{
	struct order order;
	struct answer answer = { 0 };
	struct stalemap_request request;

	open_devices();
	reply(space, &answer);
	while (read(orders[space][0], &order, sizeof(order)) == sizeof(order)) {
		if (order.task == EXIT)
			_exit(0);
		if (order.task == FORK) {
			pid_t child = fork();

			if (!child) {
				live(order.a);
				_exit(0);
			}
			answer.result = done(child) < 0 ? done(child) : 0;
		} else {
			answer.result = perform(&order, &request);
		}
		reply(space, &answer);
	}
}

static void send(int space, const struct order *order)
{
	if (write(orders[space][1], order, sizeof(*order)) != sizeof(*order))
		exit(4);
}

static long receive(int space)
{
	struct pollfd poll_for = { .fd = answers[space][0], .events = POLLIN };
	struct answer answer;

	if (poll(&poll_for, 1, TIMEOUT * 1000) != 1)
		return -ETIMEDOUT;
	return read(answers[space][0], &answer, sizeof(answer)) == sizeof(answer) ? answer.result : -EIO;
}

static long tell(int space, struct order order)
{
	send(space, &order);
	return receive(space);
}

static void check(const char *what, long expected, long result)
{
	steps++;
	if (result == expected) {
		printf("ok %d %s\n", steps, what);
		return;
	}
	failures++;
	if (result == -ETIMEDOUT)
		printf("not ok %d %s\n# it hangs\n", steps, what);
	else
		printf("not ok %d %s\n# expected %ld, was %ld\n", steps, what, expected, result);
}

/* What is at a place, in the end. */
static MAY_BE_UNUSED void check_entry(const char *what, int s, unsigned long v, int kind, int writable, int exclusive, int mapcount)
{
	long expected = kind | (writable ? WRITABLE : 0) | (exclusive ? EXCLUSIVE : 0) | mapcount * MAPCOUNT;
	long shown = tell(s, (struct order){ .task = SHOW, .a = v });
	long seen = shown < 0 ? ENTRY_BITS : shown >> SEEN;

	if (!seen)
		printf("ok %d %s # SKIP neither the driver nor the page map shows it\n", ++steps, what);
	else
		check(what, expected & seen, shown < 0 ? shown : shown & seen);
}

static void begin(int planned, int needs_requests)
{
	struct utsname kernel;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getpid() == 1) {
		mkdir("/proc", 0755);
		mount("proc", "/proc", "proc", 0, NULL);
		mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
		dup2(open("/dev/console", O_RDWR), 0);
		dup2(0, 1);
		dup2(0, 2);
	}
	printf("TAP version 13\n");
	if (!uname(&kernel))
		printf("# rules of %s, on Linux %s\n", RULES, kernel.release);
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	for (i = 0; i < SPACES; i++)
		if (pipe(orders[i]) || pipe(answers[i]))
			exit(4);
	if (!fork()) {
		live(0);
		_exit(0);
	}
	receive(0);
	if (needs_requests && tell(0, (struct order){ .task = REQUEST, .command = LOOK })) {
		printf("1..0 # SKIP the driver has not got the requests that Stalemap adds\n");
		exit(4);
	}
	if (needs_requests && SCALE > 1 &&
	    tell(0, (struct order){ .task = REQUEST, .command = SET_SCALE, .request = { .value = SCALE } })) {
		printf("1..0 # SKIP the kernel has no huge pages on devices\n");
		exit(4);
	}
	/* The added requests know pages of the first chunk of a device alone; without them it grows as it likes. */
	for (i = 0; i < 2 && GROUP; i++)
		tell(0, (struct order){ .task = REQUEST, .device = i, .command = CAPACITY, .request = { .value = CHUNK } });
	printf("1..%d\n", planned);
}

static int end(void)
{
	printf("# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:0 error:0\n", steps - failures, failures);
	printf("# stalemap: %s\n", failures ? "FAIL" : "PASS");
	fflush(stdout);
	if (getpid() == 1)
		sleep(1);
	return failures ? 1 : 0;
}

/* The operations, by their words. Each answers 0, a value, or the negative errno. */
static MAY_BE_UNUSED long op_map(int s, unsigned long v, unsigned long n, int access)
{
	return tell(s, (struct order){ .task = MAP, .a = v, .b = n, .c = access });
}

static MAY_BE_UNUSED long op_unmap(int s, unsigned long v, unsigned long n)
{
	return tell(s, (struct order){ .task = UNMAP, .a = v, .b = n });
}

static MAY_BE_UNUSED long op_discard(int s, unsigned long v, unsigned long n)
{
	return tell(s, (struct order){ .task = ADVISE, .a = v, .b = n, .c = MADV_DONTNEED });
}

static MAY_BE_UNUSED long op_protect(int s, unsigned long v, unsigned long n, int access)
{
	return tell(s, (struct order){ .task = PROTECT, .a = v, .b = n, .c = access });
}

static MAY_BE_UNUSED long op_move(int s, unsigned long v, unsigned long n, unsigned long to)
{
	return tell(s, (struct order){ .task = MOVE, .a = v, .b = n, .c = to });
}

static MAY_BE_UNUSED long op_fork(int s, int child)
{
	long result = tell(s, (struct order){ .task = FORK, .a = child });

	return result ? result : receive(child);
}

static MAY_BE_UNUSED long op_exit(int s)
{
	struct order order = { .task = EXIT };

	send(s, &order);
	usleep(100000);
	return 0;
}

static MAY_BE_UNUSED long op_read(int s, unsigned long v)
{
	return tell(s, (struct order){ .task = READ, .a = v });
}

static MAY_BE_UNUSED long op_write(int s, unsigned long v, int stamp)
{
	return tell(s, (struct order){ .task = WRITE, .a = v, .b = stamp });
}

static MAY_BE_UNUSED long op_device_read(int d, int s, unsigned long v)
{
	return tell(s, (struct order){ .task = DREAD, .device = d, .a = v });
}

static MAY_BE_UNUSED long op_device_write(int d, int s, unsigned long v, int stamp)
{
	return tell(s, (struct order){ .task = DWRITE, .device = d, .a = v, .b = stamp });
}

static MAY_BE_UNUSED long op_migrate(int s, unsigned long v, unsigned long n, int from, int d)
{
	return tell(s, (struct order){ .task = MIGRATE, .device = d, .a = v, .b = n,
				       .command = from ? HMM_DMIRROR_MIGRATE_TO_SYS : HMM_DMIRROR_MIGRATE_TO_DEV });
}

static long request(int s, int d, unsigned long command, struct stalemap_request request)
{
	return tell(s, (struct order){ .task = REQUEST, .device = d, .command = command, .request = request });
}

static MAY_BE_UNUSED long op_advise(int s, unsigned long v, unsigned long n, int advice)
{
	return tell(s, (struct order){ .task = ADVISE, .a = v, .b = n, .c = advice ? MADV_NOHUGEPAGE : MADV_HUGEPAGE });
}

static MAY_BE_UNUSED long op_collapse(int s, unsigned long v)
{
	unsigned long group = GROUP ? GROUP : 1;

	return tell(s, (struct order){ .task = ADVISE, .a = v / group * group, .b = group, .c = MADV_COLLAPSE });
}

static MAY_BE_UNUSED long op_split_folio(int s, unsigned long v)
{
	return request(s, 0, SPLIT_FOLIO, (struct stalemap_request){ .addr = (uint64_t)at(v) });
}

/* What comes next finds no room for its first page on the device. */
static MAY_BE_UNUSED long fail_alloc(int d, int s)
{
	return tell(s, (struct order){ .task = FLAGS, .device = d });
}

/* So many pages for users can be had, or without end. */
static MAY_BE_UNUSED long ram_left(long frames)
{
	return request(0, 0, RAM, (struct stalemap_request){ .value = frames });
}

/* The device has so many frames. */
static MAY_BE_UNUSED long capacity(int d, unsigned long frames)
{
	return request(0, d, CAPACITY, (struct stalemap_request){ .value = frames * SCALE });
}

static MAY_BE_UNUSED long op_setup(int t, int s, unsigned long v, unsigned long n, int from, int d)
{
	return request(s, d, SETUP, (struct stalemap_request){
		.addr = (uint64_t)at(v), .npages = n * SCALE, .slot = t, .value = from });
}

static MAY_BE_UNUSED long op_collect(int t, int d)
{
	return request(0, d, COLLECT, (struct stalemap_request){ .slot = t });
}

static MAY_BE_UNUSED long op_copy(int t, int mask)
{
	return request(0, 0, COPY, (struct stalemap_request){ .slot = t, .value = mask });
}

static MAY_BE_UNUSED long op_pages(int t)
{
	return request(0, 0, PAGES, (struct stalemap_request){ .slot = t });
}

static MAY_BE_UNUSED long op_finalize(int t)
{
	return request(0, 0, FINALIZE, (struct stalemap_request){ .slot = t });
}

static MAY_BE_UNUSED long op_evict(int d)
{
	return request(0, d, EVICT, (struct stalemap_request){ 0 });
}

static MAY_BE_UNUSED long op_pin(int k, int s, unsigned long v)
{
	return request(s, 0, PIN, (struct stalemap_request){ .addr = (uint64_t)at(v), .slot = k, .value = 1 });
}

static MAY_BE_UNUSED long op_unpin(int k)
{
	return request(0, 0, UNPIN, (struct stalemap_request){ .slot = k });
}

static MAY_BE_UNUSED long op_pin_read(int k)
{
	return request(0, 0, PIN_READ, (struct stalemap_request){ .slot = k });
}

static MAY_BE_UNUSED long op_pin_write(int k, int stamp)
{
	return request(0, 0, PIN_WRITE, (struct stalemap_request){ .slot = k, .value = stamp });
}

static MAY_BE_UNUSED long op_hold(int h, int s, unsigned long v)
{
	return request(s, 0, PIN, (struct stalemap_request){ .addr = (uint64_t)at(v), .slot = 4 + h });
}

static MAY_BE_UNUSED long op_release(int h)
{
	return op_unpin(4 + h);
}

static MAY_BE_UNUSED long op_peek(int h)
{
	return op_pin_read(4 + h);
}
