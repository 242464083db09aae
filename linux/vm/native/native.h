/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the agent needs of the kernel that is static there; and no user space: users' pointers are the kernel's. */
#ifndef _LINUX_STALEMAP_NATIVE_H
#define _LINUX_STALEMAP_NATIVE_H

#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

/* kernel/fork.c: dup_mm, a fork without a task. */
struct mm_struct *stalemap_dup_mm(struct mm_struct *mm);

#define copy_to_user(to, from, size)	({ memcpy((void __force *)(to), (from), (size)); 0UL; })
#define copy_from_user(to, from, size)	({ memcpy((to), (const void __force *)(from), (size)); 0UL; })

/* The driver's buffers are small; each range of vmalloc costs calls of the host. */
#undef vmalloc
#define vmalloc(size)	kvmalloc(size, GFP_KERNEL)
#define vfree		kvfree

#endif
