//! Page tables and their entries.

mod huge;
mod pagetable;
mod pte;

#[cfg(test)]
mod tests;

pub(crate) use pagetable::{Mapping, PageTables, places};
pub(crate) use pte::PteView;
