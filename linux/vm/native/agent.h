/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The agent in the kernel as a process: takes programs out of shared memory, performs each operation as Linux does it,
 * and writes what is seen afterwards. Included by lib/test_hmm.c behind stalemap_requests.h, whose functions it calls.
 *
 * One thread of the kernel is all that runs; nothing here is guarded against company.
 */
#include <linux/console.h>
#include <linux/kthread.h>
#include <linux/mmu_context.h>
#include <linux/reboot.h>
#include <linux/syscalls.h>
#include <linux/utsname.h>

#include <stalemap_coverage.h>
#include <stalemap_memory.h>
#include <stalemap_host.h>

#include "stalemap_table.h"
#include "stalemap_world.h"
#include "stalemap_perform.h"

static char *stalemap_folder;

static int __init stalemap_set_folder(char *text)
{
	stalemap_folder = text;
	return 1;
}
__setup("stalemap_folder=", stalemap_set_folder);

/* Whether tests of our own are run, and no programs of a campaign. */
static bool stalemap_tests_itself;

static int __init stalemap_set_tests(char *text)
{
	stalemap_tests_itself = true;
	return 1;
}
__setup("stalemap_self_tests", stalemap_set_tests);

/* What the kernel has printed about its own faults since the program began. */
static struct {
	char text[STALEMAP_MOST_LOG];
	unsigned int length;
} stalemap_log;

static bool stalemap_complains(const char *line, unsigned int length)
{
	static const char *const words[] = { "BUG", "WARNING", "Bad ", "bad " };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strnstr(line, words[i], length))
			return true;
	return false;
}

/* The kernel's log line by line; each begins with its time. */
static void stalemap_hear(struct console *console, const char *line, unsigned int length)
{
	const char *text = strnstr(line, "] ", length);

	if (!stalemap_complains(line, length))
		return;
	if (*line == '[' && text) {
		length -= text + 2 - line;
		line = text + 2;
	}
	length = min_t(unsigned int, length, sizeof(stalemap_log.text) - stalemap_log.length);
	memcpy(stalemap_log.text + stalemap_log.length, line, length);
	stalemap_log.length += length;
}

static struct console stalemap_listener = {
	.name = "complaints",
	.write = stalemap_hear,
	.flags = CON_ENABLED | CON_ANYTIME,
	.index = -1,
};

static struct stalemap_control *stalemap_control;

/* Where the next step or end is written; none where it might not fit. */
static struct stalemap_out stalemap_output(void)
{
	char *out = (char *)stalemap_control + STALEMAP_OUT;

	return (struct stalemap_out){ .at = out + stalemap_control->written, .end = out + STALEMAP_OUT_SIZE };
}

/* What was written counts from now on. */
static void stalemap_commit(const struct stalemap_out *out)
{
	barrier();
	stalemap_control->written = out->at - ((char *)stalemap_control + STALEMAP_OUT);
	barrier();
}

/* Writes the end; whether the kernel is well. */
static bool stalemap_write_end(struct stalemap_world *world)
{
	struct stalemap_out out = stalemap_output();
	struct stalemap_end end = { .tag = STALEMAP_END, .tainted = get_taint() };
	bool well;

	memcpy(end.leaked, world->leaked, sizeof(end.leaked));
	end.log = stalemap_log.length;
	stalemap_put(&out, &end, sizeof(end));
	stalemap_put(&out, stalemap_log.text, stalemap_log.length);
	well = !memchr_inv(end.leaked, 0, sizeof(end.leaked)) && !end.tainted && !stalemap_log.length;
	stalemap_log.length = 0;
	stalemap_commit(&out);
	return well;
}

enum stalemap_ran {
	STALEMAP_WELL,
	/* The next program should not follow in this kernel. */
	STALEMAP_ILL,
	/* What it shows has no room behind what stands there already. */
	STALEMAP_FULL,
};

/* Runs a program to its end, where everything has been given back. */
static enum stalemap_ran stalemap_run(const struct stalemap_program *program,
				      const struct stalemap_operation *operations)
{
	static struct stalemap_world world;
	unsigned int i;

	if (stalemap_begin(&world, program)) {
		pr_err("stalemap: BUG: a program cannot begin\n");
		return stalemap_write_end(&world) ? STALEMAP_WELL : STALEMAP_ILL;
	}
	for (i = 0; i < program->operations; i++) {
		struct stalemap_out out = stalemap_output();
		struct stalemap_step step = { .tag = STALEMAP_STEP };
		long answer;

		if (out.end - out.at < STALEMAP_MOST_STEP) {
			stalemap_finish(&world);
			return STALEMAP_FULL;
		}
		answer = stalemap_perform(&world, &operations[i]);
		step.class = answer < 0 ? stalemap_class(-answer) : 0;
		step.number = answer < 0 ? 0 : answer;
		stalemap_write_step(&world, &step, &out);
		stalemap_commit(&out);
	}
	stalemap_finish(&world);
	return stalemap_write_end(&world) ? STALEMAP_WELL : STALEMAP_ILL;
}

/* Lets the kernel do what it put off: freeing by RCU, and the work of its other threads. */
static void stalemap_pause(void)
{
	schedule();
	local_bh_disable();
	local_bh_enable();
}

#include "stalemap_huge_tests.h"

static void stalemap_run_batch(void)
{
	const char *in = (const char *)stalemap_control + STALEMAP_IN;
	unsigned int programs = stalemap_control->programs;
	enum stalemap_ran ran = STALEMAP_WELL;

	stalemap_control->ended = 0;
	stalemap_control->written = 0;
	while (stalemap_control->ended < programs && ran == STALEMAP_WELL) {
		const struct stalemap_program *program = (const void *)in;
		const struct stalemap_operation *operations = (const void *)(program + 1);
		unsigned int before = stalemap_control->written;

		ran = stalemap_run(program, operations);
		stalemap_pause();
		if (ran == STALEMAP_FULL)
			stalemap_control->written = before;
		else
			stalemap_control->ended++;
		in = (const char *)(operations + program->operations);
	}
}

static int stalemap_agent(void *unused)
{
	if (stalemap_tests_itself && !stalemap_open_devices()) {
		register_console(&stalemap_listener);
		stalemap_run_tests();
		kernel_power_off();
	}
	stalemap_control = stalemap_folder ? stalemap_host_open(stalemap_folder) : NULL;
	if (!stalemap_control || stalemap_open_devices()) {
		pr_emerg("stalemap: the agent cannot start\n");
		kernel_power_off();
	}
	register_console(&stalemap_listener);
	if (IS_ENABLED(CONFIG_STALEMAP_COVERAGE))
		stalemap_control->counted =
			stalemap_count_into((unsigned char *)stalemap_control + STALEMAP_COUNTERS,
					    (void *)((char *)stalemap_control + STALEMAP_PLACES));
	stalemap_control->layout = STALEMAP_LAYOUT;
	strscpy(stalemap_control->release, init_utsname()->release, STALEMAP_RELEASE);
	for (;;) {
		stalemap_host_wait();
		stalemap_run_batch();
	}
	return 0;
}

static int __init stalemap_start_agent(void)
{
	struct task_struct *task = kthread_run(stalemap_agent, NULL, "stalemap");

	/* There is no user space to go on to. */
	while (!IS_ERR(task))
		schedule_timeout_uninterruptible(MAX_SCHEDULE_TIMEOUT);
	return PTR_ERR(task);
}
late_initcall_sync(stalemap_start_agent);
