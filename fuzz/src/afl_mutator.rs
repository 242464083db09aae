//! The mutator as a library that AFL++ loads (`AFL_CUSTOM_MUTATOR_LIBRARY`; the functions are those of
//! include/afl-fuzz.h in AFL++ 4.40c).

use std::env;
use std::ffi::{c_uint, c_void};
use std::ptr;

use stalemap_engines::protocol::{FRAMES, KERNEL, LOCKSTEP, MIGRATION, TARGET};
use stalemap_harness::Random;

use crate::{Lockstep, targets};

/// What AFL++ hands back at each call.
pub struct State {
    lockstep: Lockstep,
    seeds: Random,
}

/// Makes the state. AFL++ refuses to start on a null pointer.
#[unsafe(no_mangle)]
pub extern "C" fn afl_custom_init(_afl: *mut c_void, seed: c_uint) -> *mut State {
    let name = env::var(TARGET).unwrap_or_else(|_| LOCKSTEP.to_string());
    match targets::by_name(&name) {
        Some(lockstep) => Box::into_raw(Box::new(State { lockstep, seeds: Random::new(seed.into(), 0) })),
        None => {
            eprintln!("{TARGET}={name}: expected {LOCKSTEP}, {FRAMES}, {MIGRATION} or {KERNEL}");
            ptr::null_mut()
        }
    }
}

/// Mutates an input, or makes one of it and another. The result belongs to the state and is valid until the next call.
///
/// # Safety
/// AFL++ promises: `state` is from [`afl_custom_init`], `input` and `other` are readable for their sizes (`other` may be
/// null), and `result` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_fuzz(
    state: *mut State,
    input: *const u8,
    size: usize,
    result: *mut *const u8,
    other: *const u8,
    other_size: usize,
    most: usize,
) -> usize {
    // SAFETY: as promised above; no other code has the state while AFL++ waits.
    let (state, input) = unsafe { (&mut *state, bytes(input, size)) };
    // SAFETY: as promised above.
    let other = unsafe { bytes(other, other_size) };
    let seed = state.seeds.bits();
    let crosses = !other.is_empty() && state.seeds.chance(1, 3);
    let mutator = state.lockstep.mutator();
    let mutated = if crosses { mutator.cross(input, other, most, seed) } else { mutator.mutate(input, most, seed) };
    // SAFETY: as promised above.
    unsafe { result.write(mutated.as_ptr()) };
    mutated.len()
}

/// Ends the state.
///
/// # Safety
/// AFL++ promises: `state` is from [`afl_custom_init`], and this is the last call with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afl_custom_deinit(state: *mut State) {
    // SAFETY: as promised above.
    drop(unsafe { Box::from_raw(state) });
}

/// The bytes there; none where the pointer is null.
///
/// # Safety
/// What is not null is readable for this size for as long as the result is used.
unsafe fn bytes<'a>(start: *const u8, size: usize) -> &'a [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: as promised above.
    unsafe { std::slice::from_raw_parts(start, size) }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use stalemap_operations::Trace;

    use super::{afl_custom_deinit, afl_custom_fuzz, afl_custom_init};

    #[test]
    fn the_library_mutates_as_afl_calls_it() {
        let state = afl_custom_init(ptr::null_mut(), 7);
        let mut input: Vec<u8> = Vec::new();
        for turn in 0..200 {
            let other = if turn % 2 == 0 { input.clone() } else { Vec::new() };
            let mut result = ptr::null();
            // SAFETY: everything handed over lives until the end of the turn.
            input = unsafe {
                let (start, size) = (input.as_ptr(), input.len());
                let size = afl_custom_fuzz(state, start, size, &raw mut result, other.as_ptr(), other.len(), 512);
                std::slice::from_raw_parts(result, size).to_vec()
            };
            assert!(input.len() <= 512);
        }
        assert!(Trace::from_bytes(&input).operations().len() > 0, "200 mutations of nothing are nothing");
        // SAFETY: the state is not used any more.
        unsafe { afl_custom_deinit(state) };
    }
}
