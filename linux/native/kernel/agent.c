// SPDX-License-Identifier: MIT OR GPL-2.0
/* The agent, included at the end of lib/test_hmm.c: for now it only shows that spaces and devices work. */
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/reboot.h>
#include <linux/sched/mm.h>
#include <linux/syscalls.h>
#include <stalemap_shared.h>

#define AGENT_BASE 0x1000000UL

static struct dmirror *agent_open(int device)
{
	struct inode inode = { .i_cdev = &dmirror_devices[device].cdevice };
	struct file file = { };

	return dmirror_fops_open(&inode, &file) ? NULL : file.private_data;
}

static void agent_close(struct dmirror *dmirror)
{
	struct file file = { .private_data = dmirror };

	dmirror_fops_release(NULL, &file);
}

static struct mm_struct *agent_space(void)
{
	struct mm_struct *mm = mm_alloc();
	struct rlimit stack = { };

	if (mm) {
		mm->task_size = TASK_SIZE;
		arch_pick_mmap_layout(mm, &stack);
	}
	return mm;
}

static int agent_byte(struct mm_struct *mm, unsigned long addr, int write)
{
	char byte = write;
	int got = access_remote_vm(mm, addr, &byte, 1, write < 0 ? 0 : FOLL_WRITE);

	return got == 1 ? byte : -EFAULT;
}

static void agent_show(struct dmirror *dmirror, const char *what, unsigned long npages)
{
	static struct stalemap_place places[STALEMAP_MOST_PLACES];
	struct stalemap_request look = { .addr = AGENT_BASE, .npages = npages, .ptr = (unsigned long)places };
	unsigned long i;

	stalemap_look(dmirror, &look);
	for (i = 0; i < npages; i++) {
		struct stalemap_page page = { .number = places[i].number, .home = places[i].home };
		struct stalemap_request describe = { .npages = 1, .ptr = (unsigned long)&page };

		if (places[i].entry > STALEMAP_HOLE)
			stalemap_describe(&describe);
		pr_info("stalemap: %s: page %lu entry %u access %u bits %u home %u mapcount %d refcount %d rmaps %u\n",
			what, i, places[i].entry, places[i].access, places[i].bits, places[i].home, page.mapcount,
			page.refcount, page.rmaps);
	}
}

static int agent_trial(void)
{
	struct mm_struct *mm = agent_space(), *child;
	struct dmirror *device, *other;
	struct hmm_dmirror_cmd command = { .addr = AGENT_BASE, .npages = 1 };
	static unsigned char buffer[2 * PAGE_SIZE];
	long ret;

	kthread_use_mm(mm);
	ret = vm_mmap(NULL, AGENT_BASE, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	pr_info("stalemap: map %lx\n", ret);
	device = agent_open(0);
	other = agent_open(1);
	ret = agent_byte(mm, AGENT_BASE, 7);
	pr_info("stalemap: write %ld read %d\n", ret, agent_byte(mm, AGENT_BASE, -1));
	agent_show(device, "written", 2);
	child = stalemap_dup_mm(mm);
	agent_show(device, "forked", 1);
	ret = agent_byte(child, AGENT_BASE, 9);
	pr_info("stalemap: child writes %ld\n", ret);
	ret = agent_byte(child, AGENT_BASE, -1);
	pr_info("stalemap: child reads %ld, parent reads %d\n", ret, agent_byte(mm, AGENT_BASE, -1));
	mmput(child);
	agent_show(device, "child has ended", 1);
	command.ptr = (unsigned long)buffer;
	ret = dmirror_migrate_to_device(device, &command);
	pr_info("stalemap: migrate %ld cpages %llu byte %u\n", ret, command.cpages, buffer[0]);
	agent_show(device, "on the device", 1);
	child = stalemap_dup_mm(mm);
	agent_show(device, "forked on the device", 1);
	pr_info("stalemap: child reads %d\n", agent_byte(child, AGENT_BASE, -1));
	agent_show(device, "read by the child", 1);
	mmput(child);
	pr_info("stalemap: parent reads %d\n", agent_byte(mm, AGENT_BASE, -1));
	agent_show(device, "back", 1);
	ret = sys_mprotect(AGENT_BASE, PAGE_SIZE, PROT_READ);
	pr_info("stalemap: mprotect %ld write %d\n", ret, agent_byte(mm, AGENT_BASE, 1));
	ret = sys_mremap(AGENT_BASE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, AGENT_BASE + 8 * PAGE_SIZE);
	pr_info("stalemap: mremap %lx reads %d\n", ret, agent_byte(mm, AGENT_BASE + 8 * PAGE_SIZE, -1));
	ret = sys_madvise(AGENT_BASE + 8 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
	pr_info("stalemap: discard %ld reads %d\n", ret, agent_byte(mm, AGENT_BASE + 8 * PAGE_SIZE, -1));
	ret = vm_munmap(AGENT_BASE, 16 * PAGE_SIZE);
	pr_info("stalemap: munmap %ld reads %d\n", ret, agent_byte(mm, AGENT_BASE, -1));
	agent_close(device);
	agent_close(other);
	kthread_unuse_mm(mm);
	mmput(mm);
	pr_info("stalemap: done\n");
	return 0;
}

static int agent_thread(void *unused)
{
	agent_trial();
	kernel_power_off();
	return 0;
}

static int __init agent_start(void)
{
	struct task_struct *task = kthread_run(agent_thread, NULL, "stalemap");

	/* There is no user space to go on to. */
	while (!IS_ERR(task))
		schedule_timeout_uninterruptible(MAX_SCHEDULE_TIMEOUT);
	return PTR_ERR(task);
}
late_initcall_sync(agent_start);
