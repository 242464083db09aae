//! Target: reference and implementation agree on memory that migrates, on very small machines.

#![cfg_attr(feature = "libfuzzer", no_main)]

stalemap_fuzz::target!(stalemap_fuzz::migration());
