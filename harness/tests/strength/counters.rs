//! The counters of the seeded bugs: a faulty line that ran without making a difference is reached and not triggered.

use stalemap_harness::{Compare, Driver};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Trace};

const START: &str = "machine ram=2 device=2 spaces=2 pages=2; map s0 v0+2 rw";
const START_OF_4: &str = "machine ram=4 spaces=1 pages=1";

/// A bug, operations that it changes nothing of, and whether they reach it.
const HARMLESS: &[(&str, &str, &str, bool)] = &[
    ("zap_keeps_rmap", START, "migrate s0 v0 to d0; unmap s0 v0", true),
    ("protect_leaves_device_writable", START, "migrate s0 v0 to d0; fork s0 s1; protect s0 v0 r", true),
    ("refill_not_counted", START, "alloc b0 1; alloc b1 0", true),
    ("stamp_survives", START, "write s0 v0 #1", true),
    // The parent's region is reached from one anon_vma, and so is its clone.
    ("chain_cloned_once", START, "write s0 v0 #1; fork s0 s1", false),
    // The buddy of an even frame is the next one.
    ("wrong_buddy", START, "alloc b0 0; free b0; alloc b1 1", true),
    // Two frames become a block of order 1, which is not the last order.
    ("last_order_missed", START_OF_4, "alloc b0 0; alloc b1 1; free b0; alloc b2 1", false),
];

/// The first bug that counts otherwise.
pub(super) fn wrong() -> Option<String> {
    HARMLESS.iter().find_map(|&(name, start, operations, reaches)| {
        let text = [start, operations].join("; ").replace("; ", "\n");
        let trace = Trace::parse(&text).unwrap_or_else(|error| panic!("{operations}: {error}"));
        let switch = Switch::new(Some(Bug::by_name(name).unwrap_or_else(|| panic!("no bug is named {name}"))));
        let counted = switch.clone();
        let mut driver = Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &counted)));
        let run = driver.run_trace(&trace, Compare::Everything).expect("it takes every machine");
        if let Some(divergence) = run.divergence {
            return Some(format!("{name} makes a difference: {}", divergence.signature()));
        }
        let counted = (switch.reached() > 0, switch.triggered());
        (counted != (reaches, 0)).then(|| format!("{name} is reached {}, triggered {}", switch.reached(), counted.1))
    })
}
