//! libFuzzer target: whatever bytes mean, reference and implementation agree on it. All levels.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stalemap_fuzz::Input;

fuzz_target!(init: stalemap_fuzz::quiet_panics(), |input: Input<'_>| stalemap_fuzz::lockstep(input.0));
