//! Page tables and their entries.

mod huge;
mod pagetable;
mod pte;

pub(crate) use pagetable::{Mapping, PageTables, places};
pub(crate) use pte::PteView;
