// SPDX-License-Identifier: MIT OR GPL-2.0
/* The host's side of the agent: plain libc, in the same process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <stalemap_shared.h>

void *stalemap_host_map(const char *path, unsigned long size)
{
	int file = open(path, O_RDWR | O_CLOEXEC);
	void *memory;

	if (file < 0)
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	return memory == MAP_FAILED ? NULL : memory;
}

void stalemap_host_wait(int *word, int value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

void stalemap_host_wake(int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void stalemap_host_say(const char *text, unsigned long size)
{
	while (size) {
		long wrote = write(STDERR_FILENO, text, size);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return;
		text += wrote;
		size -= wrote;
	}
}

void stalemap_host_exit(int code)
{
	_exit(code);
}

/* Addresses that the host chooses at random would make the size of the memory random. */
static void __attribute__((constructor)) stalemap_host_start(int argc, char **argv, char **envp)
{
	int old = personality(0xffffffff);

	if (old == -1 || old & ADDR_NO_RANDOMIZE || personality(old | ADDR_NO_RANDOMIZE) == -1)
		return;
	execve("/proc/self/exe", argv, envp);
}
