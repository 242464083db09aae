//! Target: reference and implementation agree on memory that is shared, pinned, held and in the middle of a migration
//! (levels 1 to 3), on machines so small that everything collides.

#![cfg_attr(feature = "libfuzzer", no_main)]

use stalemap_fuzz::Lockstep;

stalemap_fuzz::target!(Lockstep::of_levels(1..=3).on_machines_up_to(16).favouring_phases());
