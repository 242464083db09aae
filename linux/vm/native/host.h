/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the kernel code may ask of the host, done by libc code (host.c). */
#ifndef STALEMAP_HOST_H
#define STALEMAP_HOST_H

/* Maps FOLDER/memory and connects to FOLDER/socket; the memory, or NULL with a line on stderr. */
extern void *stalemap_host_open(const char *folder);

/* Tells the campaign that the batch is done, and waits for the next. Does not return when the campaign is gone. */
extern void stalemap_host_wait(void);

/* Writes to standard error. */
extern void stalemap_host_say(const char *text, unsigned long size);

#endif
