//! Transitions as coverage: the engine takes them for edges, so that an input with a new transition is kept.

// A test runs without AFL++, which has the map and hands out the guards.
#[cfg(all(feature = "afl", not(feature = "libfuzzer"), not(test)))]
pub(crate) use crate::afl_map::{clear, count};

include!(concat!(env!("OUT_DIR"), "/numbers.rs"));

/// The number of a cell among the transitions that a run can meet.
pub(crate) fn number(cell: usize) -> Option<usize> {
    Some(usize::from(NUMBERS[cell])).filter(|&number| number < POSSIBLE)
}

/// libFuzzer begins each run with counters at zero by itself.
#[cfg(not(all(feature = "afl", not(feature = "libfuzzer"), not(test))))]
pub(crate) fn clear() {}

/// Says which transitions the last run met.
#[cfg(all(feature = "libfuzzer", target_os = "linux"))]
pub(crate) fn count(met: impl Iterator<Item = usize>) {
    for number in met.filter_map(number) {
        linux::COUNTERS.0[number].store(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Room for the places of a kernel's code.
#[cfg(feature = "linux")]
pub(crate) const MOST_PASSES: usize = 1 << 13;

/// Says how often each place of a kernel's code was passed in the last run.
///
/// # Panics
/// When there are more places than room.
#[cfg(feature = "linux")]
pub(crate) fn count_passes(passes: &[u8]) {
    assert!(passes.len() <= MOST_PASSES, "{} places of the kernel are more than {MOST_PASSES}", passes.len());
    #[cfg(all(feature = "libfuzzer", target_os = "linux"))]
    for (counter, &passed) in linux::PASSES.0.iter().zip(passes) {
        counter.store(passed, std::sync::atomic::Ordering::Relaxed);
    }
    #[cfg(all(feature = "afl", not(feature = "libfuzzer"), not(test)))]
    crate::afl_map::count_passes(passes);
}

/// There is no engine, or it has no such counters on this system.
#[cfg(not(any(
    all(feature = "libfuzzer", target_os = "linux"),
    all(feature = "afl", not(feature = "libfuzzer"), not(test))
)))]
pub(crate) fn count(_met: impl Iterator<Item = usize>) {}

/// Counts as long as it lives, and shows the engine what was counted even if that ends in a panic.
pub(crate) struct Counting(());

impl Counting {
    pub(crate) fn begin() -> Counting {
        clear();
        Counting(())
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        count(std::iter::empty());
    }
}

#[cfg(all(feature = "libfuzzer", target_os = "linux"))]
mod linux {
    use std::sync::atomic::AtomicU8;

    use super::POSSIBLE;

    /// A counter for each transition that a run can meet; libFuzzer reads them eight at a time.
    #[repr(C, align(8))]
    pub(super) struct Counters(pub(super) [AtomicU8; POSSIBLE.next_multiple_of(8)]);

    /// libFuzzer finds them by the name of their section (FuzzerExtraCounters.cpp). No code here reads them, so the
    /// compiler would leave them out.
    #[used]
    #[unsafe(link_section = "__libfuzzer_extra_counters")]
    pub(super) static COUNTERS: Counters = Counters([const { AtomicU8::new(0) }; POSSIBLE.next_multiple_of(8)]);

    #[cfg(feature = "linux")]
    #[repr(C, align(8))]
    pub(super) struct Passes(pub(super) [AtomicU8; super::MOST_PASSES]);

    #[cfg(feature = "linux")]
    #[used]
    #[unsafe(link_section = "__libfuzzer_extra_counters")]
    pub(super) static PASSES: Passes = Passes([const { AtomicU8::new(0) }; super::MOST_PASSES]);
}

#[cfg(all(test, feature = "libfuzzer", target_os = "linux"))]
mod tests {
    use stalemap_harness::{Compare, Driver, Transitions};
    use stalemap_implementation::Implementation;
    use stalemap_operations::{Machine, Trace};

    unsafe extern "C" {
        // The linker sets these to the borders of the section, as libFuzzer sees them.
        static __start___libfuzzer_extra_counters: u8;
        static __stop___libfuzzer_extra_counters: u8;
    }

    #[test]
    fn libfuzzer_sees_one_counter_for_each_transition() {
        let trace =
            Trace::parse("machine ram=4 spaces=1 pages=2\nmap s0 v0 rw\nread s0 v0\nread s0 v1\n").expect("a trace");
        let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
        driver.run(&trace.program(), Compare::Touched).expect("it runs");
        super::count(driver.transitions().iter());
        let (start, stop) =
            (&raw const __start___libfuzzer_extra_counters, &raw const __stop___libfuzzer_extra_counters);
        let length = stop.addr() - start.addr();
        // SAFETY: between the two lie the counters, which are bytes, and no code writes them meanwhile.
        let seen = unsafe { std::slice::from_raw_parts(start, length) };
        let set: Vec<usize> = (0..length).filter(|&cell| seen[cell] != 0).collect();
        // In the order of the cells that a run can meet.
        let possible: Vec<usize> = Transitions::possible().collect();
        let number = |cell| possible.binary_search(&cell).expect("what was met can be met");
        let mut met: Vec<usize> = driver.transitions().iter().map(number).collect();
        met.sort_unstable();
        assert_eq!((set, start.addr() % 8, length % 8), (met, 0, 0));
    }
}
