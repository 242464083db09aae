/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the part of the agent in the kernel and the part on the host's side tell each other. */
#ifndef STALEMAP_SHARED_H
#define STALEMAP_SHARED_H

/* Maps the file of the host, or returns 0. */
void *stalemap_host_map(const char *path, unsigned long size);
/* Sleeps while the word has the value; it may return early. */
void stalemap_host_wait(int *word, int value);
/* Wakes whoever waits for a change of the word. */
void stalemap_host_wake(int *word);
/* Writes to standard error. */
void stalemap_host_say(const char *text, unsigned long size);
/* Ends the process. */
void stalemap_host_exit(int code);

#endif
