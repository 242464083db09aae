//! Target: whatever operations bytes mean, reference and implementation agree. All levels, machines of any size.

#![cfg_attr(feature = "libfuzzer", no_main)]

use stalemap_fuzz::Lockstep;

stalemap_fuzz::target!(Lockstep::of_levels(0..=3));
