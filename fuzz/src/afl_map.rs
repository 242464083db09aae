//! Coverage for AFL++: passes counted in place, as for libFuzzer, and transitions, laid into its map after each run.
//!
//! What cargo-afl asks the compiler for calls a function at each edge, which takes half of an execution. A counter in
//! place takes one instruction. AFL++ 4.40c knows nothing of such counters, but gives a part of its map to code that has
//! guards (`__sanitizer_cov_trace_pc_guard_init` in instrumentation/afl-compiler-rt.o.c): here a guard stands for each
//! counter and for each transition. A target that is built as cargo-afl does it has no counters, and nothing is laid.

use std::ptr;

use crate::counters::{POSSIBLE, number};

/// The compiler's counters, and the room for them and the transitions in the map.
struct Room {
    edges: *mut u8,
    count: usize,
    /// The number of the first edge in the map; after the edges come the transitions, and then the passes of a kernel.
    first: usize,
}

/// Room for the passes of a kernel's code.
#[cfg(feature = "linux")]
const PASSES: usize = crate::counters::MOST_PASSES;
#[cfg(not(feature = "linux"))]
const PASSES: usize = 0;

// SAFETY: targets have one thread; counters that several change at once would lose counts and nothing else.
unsafe impl Send for Room {}
// SAFETY: as above.
unsafe impl Sync for Room {}

impl Room {
    /// Room for the counters between the two and for the transitions, whose guards are numbered so.
    ///
    /// # Panics
    /// When AFL++ is asked to leave edges out.
    fn new(start: *mut u8, stop: *mut u8, number: impl FnOnce(&mut [u32])) -> Room {
        let count = stop.addr() - start.addr();
        // AFL++ looks at each byte after each run: none for transitions that no run can meet.
        let mut guards = vec![0; count + POSSIBLE + PASSES];
        number(&mut guards);
        let in_a_row = guards.windows(2).all(|pair| pair[1] == pair[0] + 1);
        assert!(in_a_row, "AFL_INST_RATIO is not for this target, whose edges lie in the map in one piece");
        Room { edges: start, count, first: guards[0] as usize }
    }

    /// # Safety
    /// The counters are still there.
    unsafe fn clear(&self) {
        // SAFETY: as promised; they are bytes, and no other code uses them now.
        unsafe { ptr::write_bytes(self.edges, 0, self.count) };
    }

    /// # Safety
    /// The map has a byte for each guard.
    #[cfg(all(feature = "linux", not(test)))]
    unsafe fn lay_passes(&self, map: *mut u8, passes: &[u8]) {
        // SAFETY: as promised, and no slice of this program is in the map.
        unsafe {
            let map = map.add(self.first + self.count + POSSIBLE);
            ptr::copy_nonoverlapping(passes.as_ptr(), map, passes.len().min(PASSES));
        }
    }

    /// # Safety
    /// The counters are still there, and the map has a byte for each guard.
    unsafe fn lay(&self, map: *mut u8, met: impl Iterator<Item = usize>) {
        // SAFETY: as promised, and the counters are not in the map.
        unsafe {
            let map = map.add(self.first);
            ptr::copy_nonoverlapping(self.edges, map, self.count);
            for number in met.filter_map(number) {
                map.add(self.count + number).write(1);
            }
        }
    }
}

#[cfg(all(feature = "linux", not(test)))]
pub(crate) use process::count_passes;
#[cfg(not(test))]
pub(crate) use process::{clear, count};

/// The room of this process.
#[cfg(not(test))]
mod process {
    use std::sync::OnceLock;

    use super::Room;

    unsafe extern "C" {
        fn __sanitizer_cov_trace_pc_guard_init(start: *mut u32, stop: *mut u32);
        /// The map; AFL++ moves it before it hands the first input over.
        static __afl_area_ptr: *mut u8;
    }

    static ROOM: OnceLock<Room> = OnceLock::new();

    /// Takes the counters. The compiler has it called before `main`, once for each module and each time with all of them
    /// (`SanitizerCoverage.cpp` of LLVM 22).
    #[unsafe(no_mangle)]
    extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
        ROOM.get_or_init(|| {
            Room::new(start, stop, |guards| {
                let all = guards.as_mut_ptr_range();
                // SAFETY: it writes a number into each and keeps none.
                unsafe { __sanitizer_cov_trace_pc_guard_init(all.start, all.end) };
            })
        });
    }

    /// Begins to count edges.
    pub(crate) fn clear() {
        if let Some(room) = ROOM.get() {
            // SAFETY: the compiler's counters are there as long as the process.
            unsafe { room.clear() };
        }
    }

    /// Shows AFL++ the edges counted since [`clear`] and the transitions that the last run met.
    pub(crate) fn count(met: impl Iterator<Item = usize>) {
        if let Some(room) = ROOM.get() {
            // SAFETY: as above, and AFL++ keeps a byte for each guard that it numbered.
            unsafe { room.lay(__afl_area_ptr, met) };
        }
    }

    /// Shows AFL++ what the last run passed of a kernel's code.
    #[cfg(feature = "linux")]
    pub(crate) fn count_passes(passes: &[u8]) {
        if let Some(room) = ROOM.get() {
            // SAFETY: AFL++ keeps a byte for each guard that it numbered.
            unsafe { room.lay_passes(__afl_area_ptr, passes) };
        }
    }
}

#[cfg(test)]
mod tests {
    use stalemap_harness::Transitions;

    use super::Room;

    #[test]
    fn the_map_gets_the_edges_and_behind_them_a_byte_for_each_transition() {
        let mut edges = [0_u8, 3, 0, 255];
        let range = edges.as_mut_ptr_range();
        let from_five = |guards: &mut [u32]| guards.iter_mut().zip(5..).for_each(|(guard, number)| *guard = number);
        let room = Room::new(range.start, range.end, from_five);
        let (possible, impossible): (Vec<_>, Vec<_>) =
            (0..Transitions::CELLS).partition(|&cell| Transitions::can_begin(cell));
        let [second, last] = [possible[1], possible[possible.len() - 1]];
        let mut map = vec![0; 5 + 4 + possible.len() + super::PASSES];
        // SAFETY: edges and map live to the end of the test, and the map is as long as numbers go.
        unsafe {
            room.lay(map.as_mut_ptr(), [last, impossible[0], second].into_iter());
            room.clear();
        }
        let set: Vec<(usize, u8)> = map.iter().copied().enumerate().filter(|(_, byte)| *byte != 0).collect();
        assert_eq!(set, [(6, 3), (8, 255), (9 + 1, 1), (map.len() - super::PASSES - 1, 1)]);
        assert_eq!(edges, [0; 4], "the next run begins anew");
    }

    #[test]
    #[should_panic(expected = "AFL_INST_RATIO")]
    fn edges_that_are_left_out_are_refused() {
        let mut edges = [0_u8; 2];
        let range = edges.as_mut_ptr_range();
        Room::new(range.start, range.end, |guards| guards[0] = 7);
    }
}
