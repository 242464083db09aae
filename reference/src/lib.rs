//! What is right: every rule of the specification, in its order and its words, as maps and sets.
//!
//! The reference counts what an implementation stores: it keeps no mapcount, no refcount, no reverse map and no number
//! of free frames. It has no frames either, only how many of them are where. Read it in the order of the page:
//!
//! [`Model`] section 1 and 2, the world and the answers · `count` what follows from the world · `address_space`
//! section 3 · `fault` its faults · `device` section 4 · `migration` and `one_step` section 5 · `pins` section 6 · `frames` section 7 ·
//! `folios` and `collapse` section 8, large folios, and `whole` their migration ·
//! `always` what is always true · `marks` the rules that a campaign should meet · `situation` and `observe` how it is
//! looked at.

#![no_std]
// Which they are, and why, is in clippy.toml.
#![warn(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;

mod address_space;
mod always;
mod collapse;
mod count;
mod device;
mod entry;
mod fault;
mod folios;
mod frames;
mod hidden;
mod limits;
mod marks;
mod migration;
mod model;
mod notes;
mod observe;
mod one_step;
mod pins;
mod places;
mod situation;
mod slots;
mod transaction;
mod whole;

pub use hidden::HiddenState;
pub use marks::{LIMIT, MARKS, needs_huge_pages};
pub use model::Model;
pub use situation::Situation;
