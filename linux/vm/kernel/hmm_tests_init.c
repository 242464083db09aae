/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Linked with the kernel's own hmm-tests, so that these can be the first process of a machine. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs before main: mounts what the tests open, and lets them write to the console line by line. */
__attribute__((constructor)) static void prepare(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/tmp", 01777);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	dup2(open("/dev/console", O_RDWR), 0);
	dup2(0, 1);
	dup2(0, 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
}
