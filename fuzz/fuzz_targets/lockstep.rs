//! Target: whatever operations bytes mean, reference and implementation agree.

#![cfg_attr(feature = "libfuzzer", no_main)]

stalemap_fuzz::target!(stalemap_fuzz::lockstep());
