//! The trace fork-shares-pages-until-one-side-writes, exported by stalemap 0.1.0.

use stalemap_harness::{Compare, Driver};
use stalemap_implementation::Implementation;
use stalemap_operations::{Machine, Trace};

#[test]
fn trace_fork_shares_pages_until_one_side_writes() {
    let trace = Trace::parse(
        r##"# After the fork a write of either side makes a copy for the writer (`do_wp_page`, mm/memory.c).
machine ram=4 device=2,2 spaces=3 pages=8
map      s0 v0+2 rw        = ok
write    s0 v0 #01         = ok
write    s0 v1 #02         = ok
fork     s0 s1             = ok
write    s0 v0 #03         = ok
write    s1 v1 #04         = ok
read     s0 v0             = ok value=#03
read     s0 v1             = ok value=#02
read     s1 v0             = ok value=#01
read     s1 v1             = ok value=#04
"##,
    )
    .expect("a trace");
    let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
    let run = driver.run_trace(&trace, Compare::Everything).expect("it takes every machine");
    assert!(run.divergence.is_none(), "{:#?}", run.divergence);
}
