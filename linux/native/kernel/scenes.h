/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Scenes with huge pages, played by command (stalemap linux self-tests --native): each is a function that answers what
 * went wrong, or nothing. Included by the agent, whose functions it calls.
 */
#ifdef CONFIG_STALEMAP_HUGE

/* What the kernel leaves off where there is no sysfs, or little memory. */
static void stalemap_switch_huge_pages_on(void)
{
	transparent_hugepage_flags |= 1 << TRANSPARENT_HUGEPAGE_REQ_MADV_FLAG;
	huge_anon_orders_inherit = BIT(HPAGE_PMD_ORDER);
}

/* What a scene plays with: a space with room for one huge page, and a buffer of that size. */
struct stalemap_scene {
	struct stalemap_world *world;
	struct mm_struct *mm;
	struct dmirror *mirror;
	unsigned char *buffer;
};

static unsigned char stalemap_scene_stamp(unsigned int page)
{
	return 1 + page % 255;
}

static struct hmm_dmirror_cmd stalemap_whole(struct stalemap_scene *scene)
{
	memset(scene->buffer, 0, HPAGE_PMD_SIZE);
	return (struct hmm_dmirror_cmd){
		.addr = STALEMAP_BASE, .npages = HPAGE_PMD_NR, .ptr = (unsigned long)scene->buffer,
	};
}

/* A mapping, advised and filled by a processor that writes each page. */
static const char *stalemap_fill(struct stalemap_scene *scene)
{
	unsigned long ret;
	unsigned int i;

	kthread_use_mm(scene->mm);
	ret = vm_mmap(NULL, STALEMAP_BASE, HPAGE_PMD_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, 0);
	if (!IS_ERR_VALUE(ret))
		ret = do_madvise(scene->mm, STALEMAP_BASE, HPAGE_PMD_SIZE, MADV_HUGEPAGE);
	kthread_unuse_mm(scene->mm);
	if (ret)
		return "the range cannot be mapped and advised";
	for (i = 0; i < HPAGE_PMD_NR; i++) {
		unsigned char stamp = stalemap_scene_stamp(i);

		if (access_remote_vm(scene->mm, stalemap_address(i), &stamp, 1, FOLL_WRITE) != 1)
			return "a page cannot be written";
	}
	return NULL;
}

/* Whether one huge entry maps a page at this home: RAM, or 1 + the number of a device. */
static const char *stalemap_is_whole_at(struct stalemap_scene *scene, unsigned int home)
{
	static struct stalemap_place places[STALEMAP_MOST_PLACES];
	unsigned int i, count = min(HPAGE_PMD_NR, STALEMAP_MOST_PLACES);

	stalemap_look_at(scene->mm, STALEMAP_BASE, count, places);
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
		if (buffer[i * PAGE_SIZE] != stalemap_scene_stamp(i))
			return "a page has lost its content";
	return NULL;
}

/* What the processor reads of each page. */
static const char *stalemap_reads_stamps(struct stalemap_scene *scene)
{
	unsigned int i;

	memset(scene->buffer, 0, HPAGE_PMD_SIZE);
	for (i = 0; i < HPAGE_PMD_NR; i++)
		if (access_remote_vm(scene->mm, stalemap_address(i), &scene->buffer[i * PAGE_SIZE], 1, 0) != 1)
			return "a page cannot be read";
	return stalemap_holds_stamps(scene->buffer);
}

static const char *stalemap_scene_fault(struct stalemap_scene *scene)
{
	const char *wrong = stalemap_fill(scene);

	wrong = wrong ?: stalemap_is_whole_at(scene, 0);
	return wrong ?: stalemap_reads_stamps(scene);
}

/* The huge page goes to the device as one; the device sees what the processor wrote. */
static const char *stalemap_to_device(struct stalemap_scene *scene)
{
	const char *wrong = stalemap_scene_fault(scene);
	struct hmm_dmirror_cmd command = stalemap_whole(scene);

	if (!wrong && dmirror_migrate_to_device(scene->mirror, &command))
		wrong = "the request to the device fails";
	wrong = wrong ?: stalemap_holds_stamps(scene->buffer);
	wrong = wrong ?: stalemap_is_whole_at(scene, 1);
	command = stalemap_whole(scene);
	if (!wrong && dmirror_read(scene->mirror, &command))
		wrong = "the device cannot read";
	wrong = wrong ?: stalemap_holds_stamps(scene->buffer);
	return wrong ?: stalemap_is_whole_at(scene, 1);
}

/* One access of the processor brings all of it back. */
static const char *stalemap_scene_fault_back(struct stalemap_scene *scene)
{
	const char *wrong = stalemap_to_device(scene);
	unsigned char byte;

	if (!wrong && access_remote_vm(scene->mm, stalemap_address(HPAGE_PMD_NR - 1), &byte, 1, 0) != 1)
		wrong = "the page cannot be read";
	wrong = wrong ?: stalemap_is_whole_at(scene, 0);
	return wrong ?: stalemap_reads_stamps(scene);
}

/* A request brings all of it back. */
static const char *stalemap_scene_request_back(struct stalemap_scene *scene)
{
	const char *wrong = stalemap_to_device(scene);
	struct hmm_dmirror_cmd command = stalemap_whole(scene);

	if (!wrong && dmirror_migrate_to_system(scene->mirror, &command))
		wrong = "the request from the device fails";
	wrong = wrong ?: stalemap_is_whole_at(scene, 0);
	return wrong ?: stalemap_reads_stamps(scene);
}

static const struct {
	const char *name;
	const char *(*play)(struct stalemap_scene *scene);
} stalemap_scenes[] = {
	{ "a_fault_in_an_advised_range_makes_a_huge_page", stalemap_scene_fault },
	{ "a_huge_page_goes_whole_to_a_device", stalemap_to_device },
	{ "a_huge_page_of_a_device_is_faulted_back_whole", stalemap_scene_fault_back },
	{ "a_huge_page_of_a_device_is_brought_back_whole", stalemap_scene_request_back },
};

/* Plays a scene in a space of its own; afterwards the device is empty and the kernel has logged nothing. */
static const char *stalemap_play(const char *(*play)(struct stalemap_scene *), unsigned char *buffer)
{
	static struct stalemap_world world;
	const struct stalemap_program program = {
		.spaces = 1, .pages = 1, .frames = { HPAGE_PMD_NR, HPAGE_PMD_NR },
	};
	struct stalemap_scene scene = { .world = &world, .buffer = buffer };
	const char *wrong;

	if (stalemap_begin(&world, &program))
		return "the scene cannot begin";
	scene.mm = world.space[0].mm;
	scene.mirror = world.space[0].mirror[0];
	wrong = play(&scene);
	stalemap_finish(&world);
	stalemap_pause();
	if (!wrong && (world.leaked[0] || world.leaked[1]))
		wrong = "the device is not empty afterwards";
	if (!wrong && (stalemap_log.length || get_taint()))
		wrong = "the kernel complains";
	stalemap_log.length = 0;
	return wrong;
}

/* One line of the Test Anything Protocol for each scene. */
static void stalemap_play_all(void)
{
	unsigned char *buffer = kvzalloc(HPAGE_PMD_SIZE, GFP_KERNEL);
	char line[128];
	unsigned int i;

	stalemap_switch_huge_pages_on();
	stalemap_host_say(line, scnprintf(line, sizeof(line), "TAP version 13\n1..%zu\n", ARRAY_SIZE(stalemap_scenes)));
	for (i = 0; buffer && i < ARRAY_SIZE(stalemap_scenes); i++) {
		const char *wrong = stalemap_play(stalemap_scenes[i].play, buffer);

		stalemap_host_say(line, scnprintf(line, sizeof(line), "%s %u %s%s%s\n", wrong ? "not ok" : "ok", i + 1,
						  stalemap_scenes[i].name, wrong ? ": " : "", wrong ?: ""));
	}
}

#else

static void stalemap_play_all(void)
{
	static const char line[] = "TAP version 13\n1..0\n";

	stalemap_host_say(line, sizeof(line) - 1);
}

#endif
