/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Tests of huge pages, run by command (stalemap linux self-tests --native): each is a function that answers what went
 * wrong, or nothing. Included by the agent, whose functions it calls.
 */
#ifdef CONFIG_STALEMAP_HUGE

/* What a test works on: a space with room for one huge page, and a buffer of that size. */
struct stalemap_test {
	struct mm_struct *mm;
	struct dmirror *mirror;
	unsigned char *buffer;
};

static unsigned char stalemap_test_stamp(unsigned int page)
{
	return 1 + page % 255;
}

static struct hmm_dmirror_cmd stalemap_whole(struct stalemap_test *test)
{
	memset(test->buffer, 0, HPAGE_PMD_SIZE);
	return (struct hmm_dmirror_cmd){
		.addr = STALEMAP_BASE, .npages = HPAGE_PMD_NR, .ptr = (unsigned long)test->buffer,
	};
}

/* A mapping, advised and filled by a processor that writes each page. */
static const char *stalemap_fill(struct stalemap_test *test)
{
	unsigned long ret;
	unsigned int i;

	kthread_use_mm(test->mm);
	ret = vm_mmap(NULL, STALEMAP_BASE, HPAGE_PMD_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, 0);
	if (!IS_ERR_VALUE(ret))
		ret = do_madvise(test->mm, STALEMAP_BASE, HPAGE_PMD_SIZE, MADV_HUGEPAGE);
	kthread_unuse_mm(test->mm);
	if (ret)
		return "the range cannot be mapped and advised";
	for (i = 0; i < HPAGE_PMD_NR; i++) {
		unsigned char stamp = stalemap_test_stamp(i);

		if (access_remote_vm(test->mm, stalemap_address(i), &stamp, 1, FOLL_WRITE) != 1)
			return "a page cannot be written";
	}
	return NULL;
}

/* Whether one huge entry maps a page at this home: RAM, or 1 + the number of a device. */
static const char *stalemap_is_whole_at(struct stalemap_test *test, unsigned int home)
{
	static struct stalemap_place places[STALEMAP_MOST_PLACES];
	unsigned int i, count = min(HPAGE_PMD_NR, STALEMAP_MOST_PLACES);

	stalemap_look_at(test->mm, STALEMAP_BASE, count, places);
	for (i = 0; i < count; i++) {
		if (places[i].entry != STALEMAP_MAPS)
			return "a place maps nothing";
		if (!(places[i].bits & STALEMAP_HUGE_ENTRY))
			return "a place has an entry of its own";
		if (places[i].home != home)
			return "the page is elsewhere";
		if (places[i].number != places[0].number + i)
			return "a place maps another part of the page";
		if (!(places[i].bits & 1))
			return "the entry is not writable";
	}
	return NULL;
}

static const char *stalemap_holds_stamps(const unsigned char *buffer)
{
	unsigned int i;

	for (i = 0; i < HPAGE_PMD_NR; i++)
		if (buffer[i * PAGE_SIZE] != stalemap_test_stamp(i))
			return "a page has lost its content";
	return NULL;
}

/* What the processor reads of each page. */
static const char *stalemap_reads_stamps(struct stalemap_test *test)
{
	unsigned int i;

	memset(test->buffer, 0, HPAGE_PMD_SIZE);
	for (i = 0; i < HPAGE_PMD_NR; i++)
		if (access_remote_vm(test->mm, stalemap_address(i), &test->buffer[i * PAGE_SIZE], 1, 0) != 1)
			return "a page cannot be read";
	return stalemap_holds_stamps(test->buffer);
}

static const char *stalemap_test_fault(struct stalemap_test *test)
{
	const char *wrong = stalemap_fill(test);

	wrong = wrong ?: stalemap_is_whole_at(test, 0);
	return wrong ?: stalemap_reads_stamps(test);
}

/* The huge page goes to the device as one; the device sees what the processor wrote. */
static const char *stalemap_test_to_device(struct stalemap_test *test)
{
	const char *wrong = stalemap_test_fault(test);
	struct hmm_dmirror_cmd command = stalemap_whole(test);

	if (!wrong && dmirror_migrate_to_device(test->mirror, &command))
		wrong = "the request to the device fails";
	wrong = wrong ?: stalemap_holds_stamps(test->buffer);
	wrong = wrong ?: stalemap_is_whole_at(test, 1);
	command = stalemap_whole(test);
	if (!wrong && dmirror_read(test->mirror, &command))
		wrong = "the device cannot read";
	wrong = wrong ?: stalemap_holds_stamps(test->buffer);
	return wrong ?: stalemap_is_whole_at(test, 1);
}

/* One access of the processor brings all of it back. */
static const char *stalemap_test_fault_back(struct stalemap_test *test)
{
	const char *wrong = stalemap_test_to_device(test);
	unsigned char byte;

	if (!wrong && access_remote_vm(test->mm, stalemap_address(HPAGE_PMD_NR - 1), &byte, 1, 0) != 1)
		wrong = "the page cannot be read";
	wrong = wrong ?: stalemap_is_whole_at(test, 0);
	return wrong ?: stalemap_reads_stamps(test);
}

/* A request brings all of it back. */
static const char *stalemap_test_request_back(struct stalemap_test *test)
{
	const char *wrong = stalemap_test_to_device(test);
	struct hmm_dmirror_cmd command = stalemap_whole(test);

	if (!wrong && dmirror_migrate_to_system(test->mirror, &command))
		wrong = "the request from the device fails";
	wrong = wrong ?: stalemap_is_whole_at(test, 0);
	return wrong ?: stalemap_reads_stamps(test);
}

static const struct {
	const char *name;
	const char *(*run)(struct stalemap_test *test);
} stalemap_tests[] = {
	{ "a_fault_in_an_advised_range_makes_a_huge_page", stalemap_test_fault },
	{ "a_huge_page_goes_whole_to_a_device", stalemap_test_to_device },
	{ "a_huge_page_of_a_device_is_faulted_back_whole", stalemap_test_fault_back },
	{ "a_huge_page_of_a_device_is_brought_back_whole", stalemap_test_request_back },
};

/* Runs a test in a space of its own; afterwards the device is empty and the kernel has logged nothing. */
static const char *stalemap_run_test(const char *(*run)(struct stalemap_test *), unsigned char *buffer)
{
	static struct stalemap_world world;
	const struct stalemap_program program = {
		.spaces = 1, .pages = 1, .frames = { HPAGE_PMD_NR, HPAGE_PMD_NR }, .huge = HPAGE_PMD_ORDER,
	};
	struct stalemap_test test = { .buffer = buffer };
	const char *wrong;

	if (stalemap_begin(&world, &program))
		return "the test cannot begin";
	test.mm = world.space[0].mm;
	test.mirror = world.space[0].mirror[0];
	wrong = run(&test);
	stalemap_finish(&world);
	stalemap_pause();
	if (!wrong && (world.leaked[0] || world.leaked[1]))
		wrong = "the device is not empty afterwards";
	if (!wrong && (stalemap_log.length || get_taint()))
		wrong = "the kernel complains";
	stalemap_log.length = 0;
	return wrong;
}

/* One line of the Test Anything Protocol for each test. */
static void stalemap_run_tests(void)
{
	unsigned char *buffer = kvzalloc(HPAGE_PMD_SIZE, GFP_KERNEL);
	char line[128];
	unsigned int i;

	stalemap_host_say(line, scnprintf(line, sizeof(line), "TAP version 13\n1..%zu\n", ARRAY_SIZE(stalemap_tests)));
	for (i = 0; buffer && i < ARRAY_SIZE(stalemap_tests); i++) {
		const char *wrong = stalemap_run_test(stalemap_tests[i].run, buffer);

		stalemap_host_say(line, scnprintf(line, sizeof(line), "%s %u %s%s%s\n", wrong ? "not ok" : "ok", i + 1,
						  stalemap_tests[i].name, wrong ? ": " : "", wrong ?: ""));
	}
}

#else

static void stalemap_run_tests(void)
{
	static const char line[] = "TAP version 13\n1..0\n";

	stalemap_host_say(line, sizeof(line) - 1);
}

#endif
