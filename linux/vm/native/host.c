// SPDX-License-Identifier: MIT OR GPL-2.0
/* The way from the kernel as a process to the campaign: a file that both map, and a socket on which one wakes the other. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stalemap_host.h>
#include <stalemap_memory.h>

static int campaign = -1;

static void *complain(const char *what, const char *path)
{
	fprintf(stderr, "stalemap: %s %s: %s\n", what, path, strerror(errno));
	return NULL;
}

void *stalemap_host_open(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[sizeof(address.sun_path)];
	void *memory;
	int file;

	snprintf(path, sizeof(path), "%s/memory", folder);
	file = open(path, O_RDWR);
	if (file < 0)
		return complain("cannot open", path);
	memory = mmap(NULL, STALEMAP_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (memory == MAP_FAILED)
		return complain("cannot map", path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	campaign = socket(AF_UNIX, SOCK_STREAM, 0);
	if (campaign < 0 || connect(campaign, (struct sockaddr *)&address, sizeof(address)))
		return complain("cannot connect to", address.sun_path);
	return memory;
}

void stalemap_host_wait(void)
{
	char byte = 0;
	ssize_t done;

	/* The kernel's own timer interrupts both. */
	do {
		done = write(campaign, &byte, 1);
	} while (done < 0 && errno == EINTR);
	while (done == 1) {
		done = read(campaign, &byte, 1);
		if (done == 1)
			return;
		if (done < 0 && errno == EINTR)
			done = 1;
	}
	_exit(0);
}

void stalemap_host_say(const char *text, unsigned long size)
{
	while (size) {
		ssize_t wrote = write(STDERR_FILENO, text, size);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return;
		text += wrote;
		size -= wrote;
	}
}

/* Addresses that the host chooses at random would make the size of the memory random. */
static void __attribute__((constructor)) stalemap_host_start(int argc, char **argv, char **envp)
{
	int old = personality(0xffffffff);

	if (old == -1 || old & ADDR_NO_RANDOMIZE || personality(old | ADDR_NO_RANDOMIZE) == -1)
		return;
	execve("/proc/self/exe", argv, envp);
}
