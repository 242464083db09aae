//! The report of a run of conformance: `CONFORMANCE.md`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};
use stalemap_commands::output;
use stalemap_linux::{Cache, HugeOrder, Target};
use stalemap_operations::Outcome;
use stalemap_reference::{LIMIT, MARKS, needs_huge_pages};

use super::kept::{Build, Kept};

/// The report of all that is kept of kernels as their code is today.
///
/// # Errors
/// When there is none.
pub(super) fn report(cache: &Cache, state: Option<&Path>, all: &[Kept]) -> Result<String> {
    let sections = sections(cache, all);
    ensure!(
        !sections.is_empty(),
        "nothing is kept of a kernel as its code is today: run `stalemap linux conformance` first"
    );
    let state = state.map_or(String::new(), |folder| format!(" --state {}", folder.display()));
    let mut text = String::from(HEAD);
    writeln!(
        text,
        "Written by `stalemap linux conformance --kept{state}`, from what runs without `--kept` have kept\n\
         there; they go on where the last one has stopped, and `--afresh` begins again.\n"
    )
    .expect("a string takes everything");
    for (target, kept) in &sections {
        one(*target, kept, &mut text).expect("a string takes everything");
    }
    text.push_str(TAIL);
    Ok(text)
}

/// What the report is of, in the order of the kernels. What is kept of another kernel is told and left out.
fn sections(cache: &Cache, all: &[Kept]) -> Vec<(Target, Kept)> {
    let mut sections = Vec::new();
    for target in Target::all() {
        let code = Build::of(cache, target).code;
        for kept in all.iter().filter(|kept| kept.subject == target.subject()) {
            let (subject, seed, operations) = (&kept.subject, kept.seed, kept.operations);
            if kept.parts.last().is_some_and(|part| part.build.code == code) {
                sections.push((target, kept.clone()));
            } else {
                output::tell(format_args!(
                    "{subject}, seed {seed}, {operations} operations: it is of another kernel, and is left out"
                ));
            }
        }
    }
    sections
}

fn one(target: Target, kept: &Kept, text: &mut String) -> std::fmt::Result {
    let mut way =
        if matches!(target, Target::Native(_)) { "as a native process" } else { "in a virtual machine" }.to_string();
    if let Some(order) = target.asked().huge.map(HugeOrder::order) {
        write!(way, " with huge pages of {} pages", order.frames())?;
        if target.asked().stride() > 1 {
            write!(way, ", each of which {} pages of x86 stand for", target.asked().stride())?;
        }
    }
    let (release, most, seed, sums) = (&kept.release, kept.operations, kept.seed, kept.sums());
    writeln!(text, "## Linux {release} {way} (`rules={}`)\n", target.version().dialect().word())?;
    writeln!(text, "| compared | |\n|---|---|")?;
    let corpus = &kept.corpus;
    let traces = (corpus.traces, corpus.operations);
    writeln!(text, "| traces of the specification, and their operations | {}, {} |", traces.0, traces.1)?;
    writeln!(text, "| generated executions of at most {most} operations, of seed {seed} | {} |", sums.executions)?;
    let (newest, earlier) = kept.parts.split_last().map_or((0, 0), |(last, earlier)| {
        (last.sums.executions, earlier.iter().filter(|part| part.sums.executions > 0).count())
    });
    if earlier > 0 {
        let builds = if earlier == 1 { "build".to_string() } else { format!("{earlier} builds") };
        let before = sums.executions - newest;
        writeln!(text, "| of these with the newest build, and with the {builds} before | {newest}, {before} |")?;
    }
    writeln!(text, "| their operations | {} |", sums.operations)?;
    let transitions = sums.transitions().map_or(0, |met| met.count());
    writeln!(text, "| transitions (operation, situation, answer) that were met | {transitions} |")?;
    let has_huge_pages = target.asked().huge.is_some();
    let rules = || MARKS.iter().filter(|it| !it.starts_with(LIMIT) && (has_huge_pages || !needs_huge_pages(it)));
    let unmet: Vec<&str> = rules().filter(|mark| !sums.marks.contains_key(**mark)).copied().collect();
    writeln!(
        text,
        "| rules of the reference that were met | {} of {} |",
        rules().count() - unmet.len(),
        rules().count()
    )?;
    writeln!(text, "| differences | {} |\n", kept.differences().len())?;
    writeln!(text, "| operation | answers in the generated executions |\n|---|---|")?;
    for kind in target.asked().capabilities().operations.iter() {
        let word = kind.row().word;
        let of = |class| sums.tally.get(word).and_then(|row| row.get(Outcome::class_name(class)));
        let answers: Vec<String> = (0..Outcome::CLASSES)
            .filter_map(|class| of(class).map(|count| format!("{} {count}", Outcome::class_name(class))))
            .collect();
        writeln!(text, "| `{word}` | {} |", answers.join(", "))?;
    }
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

A build is a kernel with our agent in it. What an earlier build has done counts as long as the version, the configuration and the edits
are those of today, but for faults behind bits that are not set; its agent and the reference of that time may have been others.

";

const TAIL: &str = "\
## Where the versions differ

| rule | Linux 6.1 | Linux 6.12 | Linux 7.3 | decided by |
|---|---|---|---|---|
| `protect` to `rw` sets the writable bit where the entry maps an exclusive page in RAM | and is dirty | always | always | `can_change_pte_writable`, 7.3: `commit_anon_folio_batch`, mm/mprotect.c |
| a device access that finds no frame of RAM | `EFAULT` | `EFAULT` | `ENOMEM` | `hmm_vma_fault`, 7.3: `hmm_do_fault`, mm/hmm.c |
| `migrate` from a device, at a page that finds no frame of RAM | passes over it | passes over it | stops with `ENOMEM` | `dmirror_devmem_fault_alloc_and_copy`, lib/test_hmm.c |
| `protect` to `rw` sets the writable bit of a huge entry | never | as of a small one | as of a small one | `change_huge_pmd`, mm/huge_memory.c |
| `collapse` of a group without a writable page in RAM | `EINVAL` | `EINVAL` | ok | `hpage_collapse_scan_pmd` (7.3: `collapse_scan_pmd`), mm/khugepaged.c |
| a migration takes a huge entry, or a group of holes, as one | splits the folio | splits the folio | as one | `migrate_vma_collect_pmd`, mm/migrate_device.c |
| a migration meets a small entry of a large folio | passes over it | passes over it | splits the folio | `migrate_vma_collect_pmd`, mm/migrate_device.c |
| a write reuses a page of a large folio that was shared | where its entry is the last of the folio | never | where its space alone has entries, and more than one | `do_wp_page`, 6.12: `wp_can_reuse_anon_folio`, 7.3: `__wp_can_reuse_large_anon_folio`, mm/memory.c |
| a hole that a migration has collected, in a group of which the huge page of zeros is read before `pages` | | stays a hole (here an edit splits that page's entry, as 7.3 does) | goes to the device | `migrate_vma_insert_page`, mm/migrate_device.c |
| a split of a folio drops its pages of zeros | no | yes | yes | `remove_migration_pte`, mm/migrate.c |

## What was not compared, but read in the source

* A block of several frames that is refused although enough are free, for want of a run: the machine's RAM is a part of the
  kernel's, where runs abound (`__rmqueue_smallest`, mm/page_alloc.c).
* Frame numbers, for the same reason, and so that no frame has two owners; every free frame was counted.
* Huge pages by `rules=linux-6.1`: its kernel has them, and no subject is built of it.
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
* `migrate` from a device on 7.3, on machines with huge pages: Linux stops at the mapping in which it finds no frame of RAM
  (`dmirror_migrate_to_system`). The rules collect a whole group before they look for frames, so that the guest asks for what is behind in
  the group too.
* `evict`, and `copy` after `collect`, answer `ENOMEM` before they ask Linux: the test driver demands its frames with
  `__GFP_NOFAIL` (`dmirror_device_evict_chunk`).
* `copy` after `collect` takes all candidates or none; the order of a device's frames is the driver's.
* `migrate` to a device counts by looking: the driver's request counts what its device's table holds, and answers `ENOENT`
  when a part of the range could not be moved.
";
