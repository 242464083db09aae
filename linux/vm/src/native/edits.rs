//! What is edited so that `arch/um` has memory of devices, and an agent in the kernel.

use crate::edit::{Edit, Side};
use crate::edits::allocation;
use crate::version::Version;

/// The edits of a native kernel beyond those of every kernel, in order.
pub(super) fn native_edits(version: Version) -> Vec<Edit> {
    let mut edits = memory_edits().to_vec();
    edits.extend(sparse_edit(version));
    edits.extend(frame_edits(version));
    edits.extend(want_edit(version));
    edits.extend(space_edits(version));
    edits.extend(host_edits(version));
    match version {
        Version::V6_1 => edits.extend(edits_of_6_1()),
        Version::V6_12 => edits.push(edit_since_6_12()),
        Version::V7_3 => {
            edits.push(edit_since_6_12());
            edits.extend(huge_edits());
        }
    }
    edits.extend(code_edits());
    edits.extend(agent_edits());
    edits
}

/// What lets `arch/um` have memory of devices.
fn memory_edits() -> [Edit; 3] {
    [
        Edit {
            purpose: "memory hotplug, and a virtual map of page descriptors",
            file: "arch/um/Kconfig",
            function: "",
            line: "source \"arch/um/drivers/Kconfig\"",
            side: Side::Before,
            text: "source \"arch/um/Kconfig.stalemap\"\n",
        },
        Edit {
            purpose: "the place of the page descriptors, and the bit of device mappings",
            file: "arch/um/include/asm/pgtable.h",
            function: "",
            line: "#define MODULES_VADDR\tVMALLOC_START",
            side: Side::Before,
            text: "#include <asm/stalemap_pgtable.h>",
        },
        Edit {
            purpose: "memory hotplug, and a console",
            file: "arch/um/kernel/Makefile",
            function: "",
            line: "obj-y += load_file.o",
            side: Side::After,
            text: "obj-y += stalemap_hotplug.o stalemap_console.o",
        },
    ]
}

/// Later kernels call it themselves.
fn sparse_edit(version: Version) -> Option<Edit> {
    (version < Version::V7_3).then_some(Edit {
        purpose: "sections of memory are known before their zones are made",
        file: "arch/um/kernel/mem.c",
        function: "void __init paging_init(",
        line: "max_zone_pfn[ZONE_NORMAL] = end_iomem >> PAGE_SHIFT;",
        side: Side::Before,
        text: "sparse_init();",
    })
}

/// What makes a part of the kernel's RAM that of the machine (`stalemap_frames.h`).
fn frame_edits(version: Version) -> [Edit; 4] {
    let (allocate, begins) = allocation(version);
    [
        Edit {
            purpose: "the frames of the machine",
            file: "mm/page_alloc.c",
            function: "",
            line: "#include <linux/delayacct.h>",
            side: Side::After,
            text: "#include <linux/stalemap_frames.h>",
        },
        Edit {
            purpose: "a frame that the machine does not have is not given",
            file: "mm/page_alloc.c",
            function: allocate,
            line: begins,
            side: Side::After,
            text: "const bool stalemap_counted = stalemap_counts(gfp);\n\n\
                   if (stalemap_counted && !stalemap_has_ram(gfp, order)) {\n\
                   \tstalemap_found_ram(order, false);\n\treturn NULL;\n}",
        },
        Edit {
            purpose: "frames of the machine that are given are counted",
            file: "mm/page_alloc.c",
            function: allocate,
            line: "trace_mm_page_alloc(page, order, alloc_gfp, ac.migratetype);",
            side: Side::Before,
            text: "if (stalemap_counted)\n\tstalemap_found_ram(order, page);\n\
                   if (stalemap_counted && page)\n\tstalemap_take_ram(page, order);",
        },
        Edit {
            purpose: "frames of the machine that come back are counted",
            file: "mm/page_alloc.c",
            function: version.pick(
                "static __always_inline bool free_pages_prepare(",
                "__always_inline bool free_pages_prepare(",
                "static __always_inline bool __free_pages_prepare(",
            ),
            line: "trace_mm_page_free(page, order);",
            side: Side::Before,
            text: "stalemap_give_ram(page, order);",
        },
    ]
}

/// What hides that the test driver does not tell when it finds no frame for a page that comes back; that of 7.3 tells it.
fn want_edit(version: Version) -> Option<Edit> {
    (version < Version::V7_3).then_some(Edit {
        purpose: "a fault for which RAM has no frame fails; the driver says that it is done, and the access faults for ever",
        file: "lib/test_hmm.c",
        function: "static vm_fault_t dmirror_devmem_fault(",
        line: "migrate_vma_pages(&args);",
        side: Side::Before,
        text: "if (src_pfns & MIGRATE_PFN_MIGRATE && !dst_pfns && !stalemap_is_on(STALEMAP_SHOW_FAULT_FOR_EVER)) {\n\
               \tmigrate_vma_finalize(&args);\n\treturn VM_FAULT_OOM;\n}",
    })
}

/// What lets `arch/um` have spaces without a process of the host behind them.
fn space_edits(version: Version) -> Vec<Edit> {
    let mut edits = vec![
        Edit {
            purpose: "a space that never runs user code has no process",
            file: "arch/um/kernel/skas/mmu.c",
            function: "int init_new_context(",
            line: version.since(Version::V7_3, "int ret = -ENOMEM;", "spin_lock_init(&mm->context.sync_tlb_lock);"),
            side: Side::After,
            text: "\nif (IS_ENABLED(CONFIG_UML))\n\treturn 0;",
        },
        Edit {
            purpose: "a space without a process has none to end",
            file: "arch/um/kernel/skas/mmu.c",
            function: "void destroy_context(",
            line: "struct mm_context *mmu = &mm->context;",
            side: Side::After,
            text: version.since(Version::V6_12, "\nif (!mmu->id.u.pid)\n\treturn;", "\nif (!mmu->id.pid)\n\treturn;"),
        },
    ];
    if version < Version::V7_3 {
        edits.extend(signal_edits());
    }
    edits
}

/// A space without a process is sent no signals; later kernels look themselves.
fn signal_edits() -> [Edit; 2] {
    [
        Edit {
            purpose: "on power-off, a space without a process has none to end",
            file: "arch/um/kernel/reboot.c",
            function: "static void kill_off_processes(",
            line: "task_unlock(t);",
            side: Side::After,
            text: "if (!pid)\n\tcontinue;",
        },
        Edit {
            purpose: "a space without a process has none to wake: the signal would come back to us, again and again",
            file: "arch/um/os-Linux/process.c",
            function: "void os_alarm_process(",
            line: "kill(pid, SIGALRM);",
            side: Side::Before,
            text: "if (pid > 0)",
        },
    ]
}

/// What the agent needs of the host's side and of fork.
fn host_edits(version: Version) -> [Edit; 2] {
    [
        Edit {
            purpose: "the host's side of the agent",
            file: "arch/um/os-Linux/Makefile",
            function: "",
            line: version.since(
                Version::V6_12,
                "include arch/um/scripts/Makefile.rules",
                "include $(srctree)/arch/um/scripts/Makefile.rules",
            ),
            side: Side::Before,
            text: "obj-y += stalemap_host.o\nUSER_OBJS += stalemap_host.o\n",
        },
        Edit {
            purpose: "a fork without a task",
            file: "kernel/fork.c",
            function: "",
            line: version.since(
                Version::V7_3,
                "static int copy_mm(unsigned long clone_flags, struct task_struct *tsk)",
                "static int copy_mm(u64 clone_flags, struct task_struct *tsk)",
            ),
            side: Side::Before,
            text: "struct mm_struct *stalemap_dup_mm(struct mm_struct *mm);\n\
                   struct mm_struct *stalemap_dup_mm(struct mm_struct *mm)\n{\n\treturn dup_mm(current, mm);\n}\n",
        },
    ]
}

/// What the kernel's code is compiled to.
fn code_edits() -> [Edit; 3] {
    [
        Edit {
            purpose: "all of the kernel lies below 2 GB, so that calls can be direct",
            file: "arch/um/Makefile",
            function: "",
            line: "KBUILD_CFLAGS += -mcmodel=large",
            side: Side::After,
            text: "KBUILD_CFLAGS += -mcmodel=small",
        },
        Edit {
            purpose: "the counters of the places that were passed, and those of the test driver",
            file: "lib/Makefile",
            function: "",
            line: "obj-$(CONFIG_TEST_HMM) += test_hmm.o",
            side: Side::After,
            text: "ifdef CONFIG_STALEMAP_COVERAGE\nobj-y += stalemap_coverage.o\n\
                   CFLAGS_test_hmm.o += -fsanitize-coverage=trace-pc\nendif",
        },
        Edit {
            purpose: "places of the code that moves pages",
            file: "mm/Makefile",
            function: "",
            line: "obj-y += init-mm.o",
            side: Side::After,
            text: "ifdef CONFIG_STALEMAP_COVERAGE\n\
                   stalemap-counted := migrate_device migrate rmap memory mprotect mremap huge_memory page_alloc\n\
                   $(foreach file,$(stalemap-counted),$(eval CFLAGS_$(file).o += -fsanitize-coverage=trace-pc))\nendif",
        },
    ]
}

/// What 6.1 needs beyond that.
///
/// It tells the process of a space of each change at once; later versions only note that there was one.
fn edits_of_6_1() -> [Edit; 3] {
    [
        Edit {
            purpose: "sections of memory tell which pages have descriptors",
            file: "arch/um/include/asm/page.h",
            function: "",
            line: "#define pfn_valid(pfn) ((pfn) < max_mapnr)",
            side: Side::After,
            text: "#undef pfn_valid",
        },
        Edit {
            purpose: "a space without a process has no mappings of the host to change",
            file: "arch/um/kernel/tlb.c",
            function: "void fix_range_common(",
            line: "int ret = 0, userspace = 1;",
            side: Side::After,
            text: "\nif (!mm->context.id.u.pid)\n\treturn;",
        },
        Edit {
            purpose: "a space without a process has no mapping of the host to change",
            file: "arch/um/kernel/tlb.c",
            function: "void flush_tlb_page(",
            line: "struct mm_id *mm_id;",
            side: Side::After,
            text: "\nif (!mm->context.id.u.pid)\n\treturn;",
        },
    ]
}

/// What gives `arch/um` huge pages, without which the test driver of 7.3 does not compile.
fn huge_edits() -> [Edit; 4] {
    [
        Edit {
            purpose: "the order of a huge page",
            file: "arch/um/include/asm/pgtable-4level.h",
            function: "",
            line: "#define PTRS_PER_PGD 512",
            side: Side::After,
            text: "#include <asm/stalemap_levels.h>",
        },
        Edit {
            purpose: "entries that map huge pages",
            file: "arch/um/include/asm/pgtable.h",
            function: "",
            line: "static inline bool pte_swp_exclusive(pte_t pte)",
            side: Side::Before,
            text: "#include <asm/stalemap_huge.h>\n",
        },
        Edit {
            purpose: "entries of a large folio go from frame to frame, not by the number of those that are left",
            file: "arch/um/include/asm/pgtable.h",
            function: "static inline void set_ptes(",
            line: "pte = __pte(pte_val(pte) + (nr << PFN_PTE_SHIFT));",
            side: Side::Before,
            text: "pte = __pte(pte_val(pte) + (1UL << PFN_PTE_SHIFT));\ncontinue;",
        },
        Edit {
            purpose: "an entry that maps a huge page has no mapping of the host",
            file: "arch/um/kernel/tlb.c",
            function: "static inline int update_pmd_range(",
            line: "else ret = update_pte_range(pmd, addr, next, ops);",
            side: Side::Before,
            text: "else if (pmd_leaf(*pmd))\n\tpmd_mkuptodate(*pmd);",
        },
    ]
}

/// What 6.12 and those behind it need beyond that.
///
/// A fork that fails leaves a mark in the tree of the child's mappings, at which `exit_mmap` stops (`dup_mmap`, kernel/fork.c).
/// `flush_tlb_mm` of `arch/um` takes it for a mapping, and the kernel stops with a bad access. No other architecture walks there.
fn edit_since_6_12() -> Edit {
    Edit {
        purpose: "a space without a process has no mappings of the host to change, those of a failed fork among them",
        file: "arch/um/kernel/tlb.c",
        function: "void flush_tlb_mm(",
        line: "VMA_ITERATOR(vmi, mm, 0);",
        side: Side::After,
        text: "\nif (!mm->context.id.pid)\n\treturn;",
    }
}

/// What puts the agent into the test driver.
fn agent_edits() -> [Edit; 2] {
    [
        Edit {
            purpose: "users' pointers are the kernel's",
            file: "lib/test_hmm.c",
            function: "",
            line: "#include \"test_hmm_uapi.h\"",
            side: Side::After,
            text: "#include <linux/stalemap_native.h>",
        },
        Edit {
            purpose: "the agent",
            file: "lib/test_hmm.c",
            function: "",
            line: "module_exit(hmm_dmirror_exit);",
            side: Side::After,
            text: "#include \"stalemap_agent.h\"",
        },
    ]
}
