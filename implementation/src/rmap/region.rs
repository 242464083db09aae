//! Regions: runs of places of one space whose pages the reverse map finds with one offset and one anon_vma.
//!
//! A page's index cannot serve two spaces of which one has moved it, so, as Linux keeps `vm_pgoff`, each place has a
//! region beside its entry. `map` makes a region, `move` makes one with another offset, `fork` makes clones, and a
//! region ends with its last place.

use stalemap_operations::{Space, VirtualPage};

use super::ids::{AnonVmaId, ChainId, RegionId};

/// A run of places.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) space: Space,
    /// place − index of the pages that are mapped here, modulo 2^32.
    pub(crate) offset: u32,
    /// The anon_vma by which pages allocated here are found.
    pub(crate) anon_vma: AnonVmaId,
    /// Places that belong to the region; never 0 between operations.
    pub(crate) places: u32,
    /// The chains from here to the anon_vmas whose pages may be mapped here, the region's own included.
    pub(super) first_chain: Option<ChainId>,
    /// During `fork` the clone in the child, during `move` the region at the destination; else `None`.
    pub(crate) heir: Option<RegionId>,
}

impl Region {
    /// The place that a page with this index has, if the region maps it.
    #[inline]
    pub(super) fn place_of(&self, index: u32) -> VirtualPage {
        VirtualPage(index.wrapping_add(self.offset))
    }

    /// The index of a page that is allocated at this place.
    #[inline]
    pub(super) fn index_of(&self, page: VirtualPage) -> u32 {
        page.0.wrapping_sub(self.offset)
    }
}
