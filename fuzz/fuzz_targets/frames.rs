//! Target: reference and implementation agree on blocks of frames, taken, split and given back (level 0).

#![cfg_attr(feature = "libfuzzer", no_main)]

use stalemap_fuzz::Lockstep;

stalemap_fuzz::target!(Lockstep::of_levels(0..=0));
