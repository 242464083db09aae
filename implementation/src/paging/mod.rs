//! Page tables and their entries.

mod pagetable;
mod pte;

pub(crate) use pagetable::{PageTables, places};
pub(crate) use pte::PteView;
