//! Seeded bugs: each one's sequence diverges with the bug on and agrees with it off.

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Once;

use stalemap_harness::{Compare, Divergence, Driver, Signature};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Trace};

/// The machine and the mapping that most sequences begin with.
const START: &str = "machine ram=4 device=2,2 spaces=3 pages=8; map s0 v0+4 rw";

/// What sequences begin with that are about large folios: the first of two groups has one, of which the first page is written.
const LARGE: &str = "machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; map s0 v0+4 rw; advise s0 v0+4 huge; write s0 v0 #1";

/// Bug and operations that show it on a machine with large folios.
const LARGE_SEQUENCES: &[(&str, &str)] = &[
    ("split_loses_exclusive", "discard s0 v0"),
    ("split_counts_head_only", "discard s0 v0"),
    ("split_takes_one_reference", "discard s0 v0"),
    ("split_makes_writable", "fork s0 s1; discard s1 v0"),
    ("device_split_as_present", "migrate s0 v0+2 to d0; discard s0 v0; read s0 v1"),
    ("partial_unmap_puts_twice", "discard s0 v0"),
    (
        "forked_entry_stays_huge",
        "machine ram=8 device=1 spaces=2 pages=2 huge=1 rules=linux-7.3; \
         map s0 v0+2 rw; advise s0 v0+2 huge; write s0 v0 #1; fork s0 s1; migrate s0 v0+2 to d0",
    ),
    (
        "run_loses_frame",
        "map s0 v4+4 r; migrate s0 v4 to d0; migrate s0 v6 to d0; migrate s0 v5 to d0; migrate s0 v7 to d0",
    ),
    ("freed_run_keeps_order", "migrate s0 v0+2 to d0; read s0 v0; migrate s0 v2 to d0; setup t0 s0 v2 from d0"),
    ("eviction_counts_tails", "migrate s0 v0+2 to d0; alloc b0 2; alloc b1 1; evict d0"),
    ("pin_check_reads_tail", "pin k0 s0 v0; fork s0 s1"),
    ("move_ignores_alignment", "move s0 v0+2 v5"),
    ("collapse_forgets_hold", "write s0 v2 #2; split_folio s0 v2; hold h0 s0 v2; collapse s0 v2"),
    ("split_ignores_hold", "hold h0 s0 v0; split_folio s0 v0"),
    ("split_drops_device_zeros", "migrate s0 v0+2 to d0; migrate s0 v0 from d0"),
    ("fork_leaves_huge_device_writable", "migrate s0 v0+2 to d0; fork s0 s1"),
    ("protect_leaves_huge_device_writable", "migrate s0 v0+2 to d0; protect s0 v0+2 r"),
    ("huge_reuse_ignores_hold", "fork s0 s1; hold h0 s1 v0; exit s1; write s0 v0 #2"),
    ("large_reuse_ignores_others", "fork s0 s1; write s1 v0 #2; write s1 v1 #3"),
    ("migration_copies_head_only", "write s0 v1 #2; migrate s0 v0+2 to d0; device_read d0 s0 v1"),
    ("lost_group_race", "advise s0 v2+2 nohuge; setup t0 s0 v2+2 to d0; write s0 v2 #2; copy t0 0; pages t0"),
];

/// Bug and operations that show it. Where frames are given and taken, a cache stands before the buddy allocator: it takes
/// two frames before it spills one, and gives all back before a block is refused.
const SEQUENCES: &[(&str, &str)] = &[
    ("stale_mapping", "migrate s0 v0 to d0; read s0 v0; migrate s0 v1 to d0; read s0 v1"),
    ("stale_mapping", "migrate s0 v0 to d0; read s0 v0; unmap s0 v0; migrate s0 v1 to d0; read s0 v1"),
    ("subpage_pointer", "migrate s0 v0 to d0; fork s0 s1; read s1 v0"),
    ("subpage_pointer", "write s0 v1 #1; migrate s0 v0 to d0; evict d0"),
    ("readonly_slow_path", "write s0 v0 #1; migrate s0 v0 to d0; evict d0"),
    ("fork_leaves_device_writable", "migrate s0 v0 to d0; fork s0 s1"),
    ("protect_leaves_device_writable", "migrate s0 v0 to d0; protect s0 v0 r"),
    ("zap_keeps_rmap", "migrate s0 v0 to d0; fork s0 s1; unmap s0 v0"),
    ("collect_takes_all_writable", "migrate s0 v0 to d0; fork s0 s1; migrate s0 v0 from d0"),
    ("swallowed_fault_error", "migrate s0 v0 to d0; alloc b0 2; read s0 v0"),
    ("collected_not_migrating", "write s0 v0 #1; write s0 v1 #1; hold h0 s0 v1; setup t0 s0 v0+2 to d0"),
    ("free_page_counted", "migrate s0 v0 to d0; read s0 v0; evict d0"),
    ("foreign_device_refused", "migrate s0 v0 to d0; device_read d1 s0 v0"),
    ("foreign_device_refused", "migrate s0 v0 to d0; device_write d1 s0 v0 #1"),
    (
        "dirty_means_write",
        "write s0 v0 #1; fork s0 s1; migrate s0 v0 to d0; migrate s0 v0 from d0; write s0 v0 #2; read s1 v0",
    ),
    ("lost_hole_race", "setup t0 s0 v0 to d0; write s0 v0 #1; copy t0 0; pages t0"),
    ("space_lock_forgotten", "setup t0 s0 v0 to d0; finalize t0; unmap s0 v0"),
    ("page_lock_forgotten", "write s0 v0 #1; setup t0 s0 v0 to d0; finalize t0; setup t0 s0 v0 to d0"),
    ("frame_leak_on_abort", "setup t0 s0 v0 to d0; copy t0 0; finalize t0"),
    ("discard_frees_migrating", "write s0 v0 #1; setup t0 s0 v0 to d0; discard s0 v0"),
    ("exit_forgets_migration_entries", "migrate s0 v0 to d0; fork s0 s1; collect t0 d0; exit s1; finalize t0"),
    ("fork_shares_pinned", "pin k0 s0 v0; fork s0 s1; write s0 v0 #2; pin_read k0"),
    ("newest_anon_vma", "migrate s0 v0 to d0; fork s0 s1; read s1 v0"),
    ("protect_upgrades_shared", "write s0 v0 #1; fork s0 s1; protect s0 v0 r; protect s0 v0 rw"),
    ("move_keeps_offset", "write s0 v0 #1; move s0 v0 v6"),
    ("reuse_counts_only_maps", "write s0 v0 #1; fork s0 s1; hold h0 s1 v0; exit s1; write s0 v0 #2; peek h0"),
    ("held_page_migrates", "write s0 v0 #1; hold h0 s0 v0; migrate s0 v0 to d0"),
    ("collects_locked_page", "setup t0 s0 v0 to d0; copy t0 0; pages t0; setup t1 s0 v0 from d0"),
    ("migration_makes_exclusive", "write s0 v0 #1; fork s0 s1; migrate s0 v0 to d0"),
    ("protect_leaves_migration_writable", "migrate s0 v0 to d0; collect t0 d0; protect s0 v0 r"),
    ("pin_does_not_unshare", "write s0 v0 #1; fork s0 s1; pin k0 s0 v0"),
    (
        "pinned_copy_clean",
        "machine ram=2 spaces=2 pages=1 rules=linux-6.1; \
         map s0 v0 rw; pin k0 s0 v0; fork s0 s1; protect s1 v0 r; protect s1 v0 rw",
    ),
    // The region of s1 is reached from its own page and from its parent's.
    ("chain_cloned_once", "write s0 v0 #1; fork s0 s1; write s1 v1 #2; fork s1 s2"),
    ("refused_without_drain", "alloc b0 0; free b0; alloc b1 2"),
    // Frame 2 is given back before frame 1, whose buddy is frame 0.
    ("wrong_buddy", "alloc b0 0; alloc b1 0; alloc b2 0; alloc b3 0; free b1; free b2; alloc b4 1"),
    (
        "merge_across_border",
        "machine ram=5 device=2 spaces=1 pages=1; \
         alloc b0 2; alloc b1 0; free b1; alloc b2 1; free b0; alloc b3 1; alloc b4 1; alloc b5 1",
    ),
    (
        "merge_ignores_order",
        "machine ram=8 spaces=1 pages=1; alloc b0 1; alloc b1 1; split b1; free b1; alloc b2 2; free b2; alloc b3 2; \
         free b0; free b3; alloc b4 2; alloc b5 2",
    ),
    (
        "absorbed_half_stays",
        "alloc b0 0; alloc b1 0; alloc b2 0; alloc b3 0; free b0; free b1; free b2; free b3; alloc b4 1; alloc b5 2",
    ),
    ("last_order_missed", "alloc b0 0; free b0; alloc b0 2"),
    ("refill_not_counted", "write s0 v0 #1"),
    ("percpu_list_miscount", "alloc b0 0; alloc b1 0; alloc b2 0; free b0; free b1; free b2"),
    ("double_free_accepted", "alloc b0 0; free b0; free b0"),
    ("stamp_survives", "write s0 v0 #1; discard s0 v0; migrate s0 v0 to d0; pin k0 s0 v1"),
    ("stamp_survives", "write s0 v0 #1; migrate s0 v0 to d0; discard s0 v0; migrate s0 v0 to d0"),
];

fn bug(name: &str) -> Bug {
    Bug::by_name(name).unwrap_or_else(|| panic!("no bug is called {name}"))
}

/// How a trace diverges with this switch, all oracles but the subject's own recount asked.
fn divergence(switch: &Switch, trace: &Trace, compare: Compare) -> Option<Divergence> {
    let switch = switch.clone();
    let mut driver = Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &switch)));
    driver.without_recount();
    driver.run_trace(trace, compare).expect("the implementation takes every machine").divergence
}

/// What is wrong where a trace must agree without the bug and differ with it; how it differs.
fn differs_only_with(bug: Bug, trace: &Trace, compare: Compare) -> Result<Divergence, String> {
    if let Some(divergence) = divergence(&Switch::new(None), trace, compare) {
        return Err(format!("{} off: {} {:?}", bug.name(), divergence.signature(), divergence.mismatch));
    }
    let switch = Switch::new(Some(bug));
    let Some(divergence) = divergence(&switch, trace, compare) else {
        return Err(format!("{} on: agrees, reached {} times", bug.name(), switch.reached()));
    };
    if switch.triggered() == 0 {
        return Err(format!("{} on: differs without being triggered: {:?}", bug.name(), divergence.mismatch));
    }
    Ok(divergence)
}

/// All sequences, and what each begins with.
fn sequences() -> impl Iterator<Item = (&'static str, Trace)> {
    let small = SEQUENCES.iter().map(|&(name, text)| (name, sequence(START, text)));
    small.chain(LARGE_SEQUENCES.iter().map(|&(name, text)| (name, sequence(LARGE, text))))
}

fn sequence(start: &str, sequence: &str) -> Trace {
    let start = if sequence.starts_with("machine") { "" } else { start };
    let lines: Vec<&str> = [start, sequence].into_iter().flat_map(|part| part.split(';')).map(str::trim).collect();
    let text = lines.join("\n");
    Trace::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The trace that is kept of each bug, and what it says of itself.
struct Kept {
    bug: Bug,
    signature: Signature,
    trace: Trace,
}

fn kept() -> Vec<Kept> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/bugs");
    let path = |bug: &Bug| folder.join(format!("{}.trace", bug.name()));
    let read = |&bug: &Bug| {
        let path = path(&bug);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let trace = Trace::parse(&text).unwrap_or_else(|error| panic!("{}:{error}", path.display()));
        let said = |key: &str| {
            let value = trace.title.iter().find_map(|line| line.strip_prefix(key));
            value.unwrap_or_else(|| panic!("{} does not say `{key}`", path.display())).trim().to_string()
        };
        assert_eq!(said("# seeded bug:"), bug.name(), "{}", path.display());
        let signature = said("# signature:").parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Kept { bug, signature, trace }
    };
    Bug::ALL.iter().map(read).collect()
}

fn expect_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Panics of the subject are results here, and not to be printed.
fn quietly(work: impl FnOnce()) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let of_a_subject = panic.location().is_some_and(|it| it.file().contains("implementation"));
            if !of_a_subject {
                print(panic);
            }
        }));
    });
    work();
}

#[test]
fn every_bug_has_a_sequence_that_shows_it_and_agrees_without_it() {
    quietly(|| {
        let mut wrong: Vec<String> = Vec::new();
        for bug in Bug::ALL.iter().filter(|bug| !sequences().any(|(name, _)| name == bug.name())) {
            wrong.push(format!("no sequence shows {}", bug.name()));
        }
        for (name, trace) in sequences() {
            for compare in [Compare::Touched, Compare::Everything] {
                wrong.extend(differs_only_with(bug(name), &trace, compare).err());
            }
        }
        expect_none(&wrong);
    });
}

#[test]
fn every_bug_has_a_trace_in_the_corpus_that_diverges_as_recorded() {
    quietly(|| {
        let mut wrong = Vec::new();
        for Kept { bug, signature, trace } in kept() {
            match differs_only_with(bug, &trace, Compare::Touched) {
                Ok(divergence) if divergence.signature() == signature => {}
                Ok(divergence) => wrong.push(format!(
                    "{}: {} instead of {signature}; `stalemap bugs --bless` records it anew",
                    bug.name(),
                    divergence.signature()
                )),
                Err(sentence) => wrong.push(sentence),
            }
        }
        expect_none(&wrong);
    });
}

#[test]
fn a_bug_that_is_off_counts_nothing() {
    let switch = Switch::new(None);
    for (_, trace) in sequences() {
        assert_eq!(divergence(&switch, &trace, Compare::Touched), None);
    }
    assert_eq!((switch.reached(), switch.triggered()), (0, 0));
}
