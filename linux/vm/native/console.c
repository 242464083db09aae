// SPDX-License-Identifier: MIT OR GPL-2.0
/* The kernel's messages go to the process's standard error, from early on until the end. */
#include <linux/console.h>
#include <linux/init.h>
#include <stalemap_host.h>

static void stalemap_console_write(struct console *console, const char *text, unsigned int size)
{
	stalemap_host_say(text, size);
}

static struct console stalemap_console = {
	.name = "stalemap",
	.write = stalemap_console_write,
	.flags = CON_PRINTBUFFER | CON_ENABLED,
};

static int __init stalemap_console_init(void)
{
	register_console(&stalemap_console);
	return 0;
}
console_initcall(stalemap_console_init);
