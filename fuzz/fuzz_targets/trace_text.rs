//! Target: the parser of traces takes any bytes without a panic, and what it reads prints back the same.

#![cfg_attr(feature = "libfuzzer", no_main)]

stalemap_fuzz::text_target!();
