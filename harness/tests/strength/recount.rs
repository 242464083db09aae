//! The recount: it says in which way a machine with a seeded bug does not balance, as early as the bug shows in a count.

use std::fs;
use std::path::Path;

use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Subject, Trace};

/// What the recount says while the shortest trace of a bug runs. The other bugs leave every count right.
const SENTENCES: &[(&str, &str)] = &[
    ("stale_mapping", "f1 is free and keeps something of its page"),
    ("subpage_pointer", "f0 counts 0 entries and has 1"),
    ("fork_leaves_device_writable", "s0 v0 is writable and must not be"),
    ("protect_leaves_device_writable", "s0 v0 is writable and must not be"),
    ("zap_keeps_rmap", "f1 counts 2 entries and has 1"),
    ("collect_takes_all_writable", "s0 v0 is writable and must not be"),
    ("free_page_counted", "f1 is free and in the set of those in use"),
    ("dirty_means_write", "s0 v0 is writable and must not be"),
    ("lost_hole_race", "f0 counts 1 references and has 0"),
    ("space_lock_forgotten", "s0 counts 1 locks, and transactions 0"),
    ("page_lock_forgotten", "f1 is locked although no transaction has it, or not although one has"),
    ("frame_leak_on_abort", "f1 counts 1 references and has 0"),
    ("discard_frees_migrating", "f0 counts 0 references and has 1"),
    ("exit_forgets_migration_entries", "s1 v0 is mapped in a dead space"),
    ("fork_shares_pinned", "f0 is pinned, not exclusive or not in RAM"),
    ("newest_anon_vma", "s0 v0 has a migration entry to f1, which no transaction has"),
    ("protect_upgrades_shared", "s0 v0 is writable and must not be"),
    ("move_keeps_offset", "the reverse map of f0 does not find the entries that map it"),
    ("held_page_migrates", "f0 is locked although no transaction has it, or not although one has"),
    ("pin_does_not_unshare", "f0 is pinned, not exclusive or not in RAM"),
    ("chain_cloned_once", "the reverse map of f1 does not find the entries that map it"),
    ("merge_across_border", "the buddy allocator counts 4294967295 free frames and has 0"),
    ("merge_ignores_order", "the buddy allocator counts 4294967295 free frames and has 0"),
    ("absorbed_half_stays", "the buddy allocator counts 0 free frames and has 3"),
    ("refill_not_counted", "the buddy allocator counts 1 free frames and has 0"),
    ("percpu_list_miscount", "f0 is in use and free"),
    ("double_free_accepted", "f0 belongs to a block that does not show"),
    ("split_counts_head_only", "f3 counts 0 entries and has 1"),
    ("split_takes_one_reference", "f3 counts 0 references and has 1"),
    ("split_makes_writable", "s0 v0 is writable and must not be"),
    ("device_split_as_present", "s0 v0 maps f2 with the wrong kind of entry"),
    ("partial_unmap_puts_twice", "s0 v1 is writable and must not be"),
    ("forked_entry_stays_huge", "s0 v0 has a migration entry to f0, which no transaction has"),
    ("run_loses_frame", "device 0 counts 1 free frames and lists 0"),
    ("freed_run_keeps_order", "f2 is free and keeps something of its page"),
    ("move_ignores_alignment", "s0 v0 has a huge entry and a small one"),
    ("fork_leaves_huge_device_writable", "s0 v0 is writable and must not be"),
    ("protect_leaves_huge_device_writable", "s0 v0 is writable and must not be"),
    ("lost_group_race", "s0 v2 has a huge entry and a small one"),
];

/// The first bug of which the recount says something else.
pub(super) fn wrong() -> Option<String> {
    Bug::ALL.iter().find_map(|&bug| {
        let expected = SENTENCES.iter().find(|(name, _)| *name == bug.name()).map(|(_, sentence)| *sentence);
        let said = sentence(bug);
        (said.as_deref() != expected).then(|| format!("the recount says {said:?} with {} on", bug.name()))
    })
}

/// What the recount says first while the shortest trace of the bug runs.
fn sentence(bug: Bug) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../corpus/bugs/{}.trace", bug.name()));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let trace = Trace::parse(&text).unwrap_or_else(|error| panic!("{}:{error}", path.display()));
    let mut implementation = Implementation::with_bug(&trace.machine, &Switch::new(Some(bug)));
    trace.operations().find_map(|operation| {
        implementation.apply(operation);
        implementation.validate().err()
    })
}
