//! The target of fuzzing engines: whatever operations bytes mean, this crate's code and the reference agree.

#![cfg_attr(feature = "libfuzzer", no_main)]

#[cfg(feature = "libfuzzer")]
stalemap::fuzz_target!({{crate}}::build);

#[cfg(all(feature = "afl", not(feature = "libfuzzer")))]
stalemap::afl_target!({{crate}}::build);
