//! Target: reference and implementation agree on blocks of frames.

#![cfg_attr(feature = "libfuzzer", no_main)]

stalemap_fuzz::target!(stalemap_fuzz::frames());
