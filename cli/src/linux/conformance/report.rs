//! The report of a run of conformance: `CONFORMANCE.md`.

use std::fmt::Write as _;

use stalemap_linux::{HugeOrder, Target};
use stalemap_operations::Outcome;
use stalemap_reference::{LIMIT, MARKS};

use super::{Compared, ConformanceArguments};

/// The report.
pub(super) fn report(arguments: &ConformanceArguments, all: &[Compared]) -> String {
    let mut text = String::from(HEAD);
    let option = |name: &str, runs: u64| if runs > 0 { format!(" --{name} {runs}") } else { String::new() };
    let huge = option("huge-runs", arguments.huge_runs) + &option("scaled-runs", arguments.scaled_runs);
    writeln!(
        text,
        "Written by `stalemap linux conformance --runs {} --native-runs {}{huge} --seed {} --ops {}`, which repeats it where \
         nothing was done before (`--afresh`).\n",
        arguments.runs, arguments.native_runs, arguments.seed, arguments.ops
    )
    .expect("a string takes everything");
    for compared in all {
        one(compared, arguments, &mut text).expect("a string takes everything");
    }
    text.push_str(TAIL);
    text
}

fn one(compared: &Compared, arguments: &ConformanceArguments, text: &mut String) -> std::fmt::Result {
    let Compared { target, release, traces, trace_steps, executions, met, differences } = compared;
    let mut way =
        if matches!(target, Target::Native(_)) { "as a native process" } else { "in a virtual machine" }.to_string();
    if let Some(order) = target.asked().huge.map(HugeOrder::order) {
        write!(way, " with huge pages of {} pages", order.frames())?;
        if target.asked().stride() > 1 {
            write!(way, ", each of which {} pages of x86 stand for", target.asked().stride())?;
        }
    }
    writeln!(text, "## Linux {release} {way} (`rules={}`)\n", target.version().dialect().word())?;
    writeln!(text, "| compared | |\n|---|---|")?;
    writeln!(text, "| traces of the specification, and their operations | {traces}, {trace_steps} |")?;
    let (most, seed) = (arguments.ops, arguments.seed);
    writeln!(text, "| generated executions of at most {most} operations, the first of seed {seed} | {executions} |")?;
    writeln!(text, "| their operations | {} |", met.tally.operations())?;
    writeln!(text, "| transitions (operation, situation, answer) that were met | {} |", met.transitions.count())?;
    let rules = || MARKS.iter().zip(&met.marks).filter(|(mark, _)| !mark.starts_with(LIMIT));
    let rules_met = rules().filter(|(_, count)| **count > 0).count();
    writeln!(text, "| rules of the reference that were met | {rules_met} of {} |", rules().count())?;
    writeln!(text, "| differences | {} |\n", differences.len())?;
    writeln!(text, "| operation | answers in the generated executions |\n|---|---|")?;
    for kind in target.asked().capabilities().operations.iter() {
        let answers: Vec<String> = (0..Outcome::CLASSES)
            .map(|class| (Outcome::class_name(class), met.tally.of(kind, class)))
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        writeln!(text, "| `{}` | {} |", kind.row().word, answers.join(", "))?;
    }
    let unmet: Vec<&str> = rules().filter(|(_, count)| **count == 0).map(|(mark, _)| *mark).collect();
    if !unmet.is_empty() {
        writeln!(text, "\nRules that no execution met: {}.", unmet.join("; "))?;
    }
    writeln!(text)
}

const HEAD: &str = "\
# Conformance: the reference and real kernels

The reference claims to state Linux's rules. Here they were held against Linux: a kernel built from Debian's packaged source with
the edits of `linux/vm/src/edits.rs`, in a virtual machine or as a native process (User Mode Linux, whose page tables are
its own and not those of x86), did the same operations as the reference, and after each operation all of this was compared:

* the answer: ok with its pages, freed pages and value, or the errno;
* every place of every space: mapped or not, access, hole, page or migration entry, writable bit, and which page it is;
* every page: home, content, exclusive or not, mapcount, and the places that the kernel's own reverse map walk finds;
* every transaction with its phase and candidates, every pin and hold with its page;
* which spaces are alive and which are locked;
* of the native process: the reference count of each page, the free frames of RAM and of each device, every block of frames;
* at the end of each execution: no bug, warning or taint in the kernel's log, no frame that belongs to no page.

";

const TAIL: &str = "\
## Where the versions differ

| rule | Linux 6.1 | Linux 6.12 | Linux 7.3 | decided by |
|---|---|---|---|---|
| `protect` to `rw` sets the writable bit where the entry maps an exclusive page in RAM | and is dirty | always | always | `can_change_pte_writable`, 7.3: `commit_anon_folio_batch`, mm/mprotect.c |
| a device access that finds no frame of RAM | `EFAULT` | `EFAULT` | `ENOMEM` | `hmm_vma_fault`, 7.3: `hmm_do_fault`, mm/hmm.c |
| `migrate` from a device, at a page that finds no frame of RAM | passes over it | passes over it | stops with `ENOMEM` | `dmirror_devmem_fault_alloc_and_copy`, lib/test_hmm.c |

## What was not compared, but read in the source

* A block of several frames that is refused although enough are free, for want of a run: the machine's RAM is a part of the
  kernel's, where runs abound (`__rmqueue_smallest`, mm/page_alloc.c).
* Frame numbers, for the same reason, and so that no frame has two owners; every free frame was counted.
* In the virtual machine also: want of RAM, blocks of frames, reference counts and free frames. Its kernel has more RAM than an
  execution can use, and the guest is a program of a user.

## How the native process has the machine's RAM

Pages of users are allocated as movable memory. Where as many frames of it are in use as the machine has, the next allocation
fails at once (`__alloc_pages`, mm/page_alloc.c, 6.12: `__alloc_pages_noprof`). What was an `ENOMEM` read in the source is asked so:
`do_anonymous_page`, `wp_page_copy`, `do_swap_page` and `copy_present_page` (mm/memory.c), and the fork that is torn down
(`dup_mmap`, kernel/fork.c, 7.3: mm/mmap.c). A device access that finds no frame is `EFAULT` in 6.1 and 6.12: `hmm_vma_fault`
(mm/hmm.c) does not tell why a fault failed. The reference had `ENOMEM` there; the kernel won.

## Where the guest answers for Linux

* `EAGAIN`: Linux would block. At a migration entry an access waits in `migration_entry_wait` (mm/migrate.c), at a page
  that a transaction has locked in the fault that cannot bring it back, and whatever changes the mappings of a space in
  `mmap_write_lock` while `setup` holds the lock for reading.
* `EBUSY`, `ENOENT` of slots, `ESRCH` of dead spaces, `EINVAL` of `exit s0` and of phases out of order: slots and spaces
  are Stalemap's, not Linux's.
* `hold` of a hole is `ENOENT`; Linux would hold the shared zero page (`get_user_pages`, mm/gup.c).
* `move` is one `mremap` for each mapping of the kernel's that the range meets. One `mremap` over several mappings, or over a
  gap behind the first place, answers `EFAULT` on 6.1 and 6.12: the whole destination is unmapped by then, and nothing has
  moved (`mremap_to`, `vma_to_resize`, mm/mremap.c). 6.18 moves what is mapped, leaves the destination of a gap alone, and
  answers ok. What is one mapping depends on what the kernel merges, which the reference does not say. That the two ranges
  may not overlap is the guest's answer too.
* `evict`, and `copy` after `collect`, answer `ENOMEM` before they ask Linux: the test driver demands its frames with
  `__GFP_NOFAIL` (`dmirror_device_evict_chunk`).
* `copy` after `collect` takes all candidates or none; the order of a device's frames is the driver's.
* `migrate` to a device counts by looking: the driver's request counts what its device's table holds, and answers `ENOENT`
  when a part of the range could not be moved.
";
