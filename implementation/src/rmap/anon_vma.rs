//! The graph behind the anonymous reverse map: anon_vmas, regions, and the chains between them (Linux: mm/rmap.c).
//!
//! A page is tagged with the anon_vma of the region where it was allocated. From the anon_vma chains lead to every region
//! where the page may be mapped: that region, its clones in forked spaces, and what was moved from any of them.

use alloc::vec::Vec;

use stalemap_operations::Space;

use super::ids::{AnonVmaId, ChainId, RegionId};
use super::region::Region;
use crate::arena::Arena;
use crate::seeded::{Bug, Switch};

/// Where a walk begins.
#[derive(Debug)]
pub(crate) struct AnonVma {
    first_chain: Option<ChainId>,
    /// Descriptors that are tagged with it, those of pages without a mapping included: it stays while one may be
    /// walked from (`folio_get_anon_vma` holds a reference where Linux needs that).
    pub(crate) tagged: u32,
}

/// A link between an anon_vma and a region (`anon_vma_chain`).
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) anon_vma: AnonVmaId,
    pub(crate) region: RegionId,
    /// The chains of the same anon_vma, in both directions.
    next: Option<ChainId>,
    previous: Option<ChainId>,
    /// The next chain of the same region.
    next_of_region: Option<ChainId>,
}

/// All regions, anon_vmas and chains.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(super) regions: Arena<Region>,
    pub(super) anon_vmas: Arena<AnonVma>,
    pub(super) chains: Arena<Chain>,
    /// The regions that have an heir while a `fork` or `move` runs.
    origins: Vec<RegionId>,
}

impl Graph {
    pub(crate) const fn new() -> Self {
        Graph { regions: Arena::new(), anon_vmas: Arena::new(), chains: Arena::new(), origins: Vec::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.regions.clear();
        self.anon_vmas.clear();
        self.chains.clear();
        self.origins.clear();
    }

    /// All regions, to be read.
    pub(crate) fn regions(&self) -> &Arena<Region> {
        &self.regions
    }

    /// All anon_vmas, to be read.
    pub(crate) fn anon_vmas(&self) -> &Arena<AnonVma> {
        &self.anon_vmas
    }

    /// All chains, to be read.
    pub(crate) fn chains(&self) -> &Arena<Chain> {
        &self.chains
    }

    #[inline]
    pub(crate) fn region(&self, id: RegionId) -> &Region {
        self.regions.get(id.0).expect("a region of a mapped place")
    }

    #[inline]
    pub(super) fn region_mut(&mut self, id: RegionId) -> &mut Region {
        self.regions.get_mut(id.0).expect("a region of a mapped place")
    }

    /// A region of newly mapped places, with an anon_vma of its own.
    pub(crate) fn new_region(&mut self, space: Space, places: u32) -> RegionId {
        let anon_vma = self.new_anon_vma();
        self.add_region(space, 0, anon_vma, places)
    }

    /// The region that takes over from the parent's in a forked space: reached from all that reaches the parent's, and
    /// with an anon_vma of its own for the pages that will be allocated there (`anon_vma_fork`). The first call of a
    /// `fork` for a region makes it.
    pub(crate) fn heir_for_fork(&mut self, parent: RegionId, child: Space, bugs: &Switch) -> RegionId {
        if let Some(heir) = self.region(parent).heir {
            return heir;
        }
        let anon_vma = self.new_anon_vma();
        let clone = self.add_region(child, self.region(parent).offset, anon_vma, 0);
        self.clone_chains(parent, clone, |linked| linked > 0 && bugs.skips(Bug::ChainClonedOnce, true));
        self.set_heir(parent, clone);
        clone
    }

    /// The region that places belong to after they moved by `distance` within their space (`copy_vma`): the anon_vma is
    /// the same. The first call of a `move` for a region makes it.
    pub(crate) fn heir_for_move(&mut self, source: RegionId, distance: u32, bugs: &Switch) -> RegionId {
        if let Some(heir) = self.region(source).heir {
            return heir;
        }
        let distance = bugs.choose(Bug::MoveKeepsOffset, distance, || 0);
        let &Region { space, offset, anon_vma, .. } = self.region(source);
        let clone = self.add_region(space, offset.wrapping_add(distance), anon_vma, 0);
        self.clone_chains(source, clone, |_| false);
        self.set_heir(source, clone);
        clone
    }

    /// The `fork` or `move` is over. An origin may have ended since, or its number may have a new owner.
    pub(crate) fn forget_heirs(&mut self) {
        while let Some(origin) = self.origins.pop() {
            if let Some(region) = self.regions.get_mut(origin.0) {
                region.heir = None;
            }
        }
    }

    /// One place more belongs to a region.
    pub(crate) fn add_place(&mut self, id: RegionId) {
        self.region_mut(id).places += 1;
    }

    /// Takes places from a region, which ends with the last.
    pub(crate) fn drop_places(&mut self, id: RegionId, places: u32) {
        let region = self.region_mut(id);
        region.places -= places;
        if region.places == 0 {
            self.remove_region(id);
        }
    }

    /// One descriptor more is tagged with the anon_vma.
    #[inline]
    pub(super) fn tag(&mut self, id: AnonVmaId) {
        self.anon_vmas.get_mut(id.0).expect("an anon_vma that is there").tagged += 1;
    }

    /// One descriptor less; the anon_vma ends with the last, if no region is reached from it either.
    #[inline]
    pub(super) fn untag(&mut self, id: AnonVmaId) {
        let anon_vma = self.anon_vmas.get_mut(id.0).expect("an anon_vma that is there");
        anon_vma.tagged -= 1;
        self.free_if_unused(id);
    }

    /// The anon_vmas that a region is linked to, in the order of its chains.
    pub(crate) fn anon_vmas_of(&self, region: RegionId) -> impl Iterator<Item = AnonVmaId> + '_ {
        let first = self.region(region).first_chain;
        let chains = core::iter::successors(first.and_then(|id| self.chains.get(id.0)), |chain| {
            chain.next_of_region.and_then(|id| self.chains.get(id.0))
        });
        chains.map(|chain| chain.anon_vma)
    }

    /// The first step of a walk.
    #[inline]
    pub(crate) fn first_chain(&self, id: AnonVmaId) -> Option<ChainId> {
        self.anon_vmas.get(id.0)?.first_chain
    }

    /// A step of a walk: the region that the chain leads to, and the chain after it.
    #[inline]
    pub(crate) fn follow(&self, chain: ChainId) -> (RegionId, Option<ChainId>) {
        let chain = self.chains.get(chain.0).expect("a chain of an anon_vma");
        (chain.region, chain.next)
    }

    fn set_heir(&mut self, origin: RegionId, heir: RegionId) {
        self.region_mut(origin).heir = Some(heir);
        self.origins.push(origin);
    }

    fn new_anon_vma(&mut self) -> AnonVmaId {
        AnonVmaId(self.anon_vmas.insert(AnonVma { first_chain: None, tagged: 0 }))
    }

    fn add_region(&mut self, space: Space, offset: u32, anon_vma: AnonVmaId, places: u32) -> RegionId {
        let region = Region { space, offset, anon_vma, places, first_chain: None, heir: None };
        let id = RegionId(self.regions.insert(region));
        self.link(anon_vma, id);
        id
    }

    /// Links a new region to the anon_vmas that its origin is linked to. Those that no page is tagged with are passed
    /// over: a page that is tagged with one later is allocated in a region that is there already, and reaches others only
    /// from it. So chains do not pile up with generations of forks. `stops` says whether so many links are enough.
    fn clone_chains(&mut self, origin: RegionId, clone: RegionId, stops: impl Fn(u32) -> bool) {
        let mut linked = 0;
        let own = self.region(clone).anon_vma;
        let mut next = self.region(origin).first_chain;
        while let Some(id) = next {
            let chain = self.chains.get(id.0).expect("a chain of a region");
            let anon_vma = chain.anon_vma;
            next = chain.next_of_region;
            if anon_vma != own && self.anon_vmas.get(anon_vma.0).is_some_and(|it| it.tagged > 0) {
                if stops(linked) {
                    break;
                }
                self.link(anon_vma, clone);
                linked += 1;
            }
        }
    }

    fn link(&mut self, anon_vma: AnonVmaId, region: RegionId) {
        let next = self.anon_vmas.get(anon_vma.0).expect("an anon_vma that is there").first_chain;
        let next_of_region = self.region(region).first_chain;
        let id = ChainId(self.chains.insert(Chain { anon_vma, region, next, previous: None, next_of_region }));
        if let Some(next) = next {
            self.chains.get_mut(next.0).expect("a chain of an anon_vma").previous = Some(id);
        }
        self.anon_vmas.get_mut(anon_vma.0).expect("an anon_vma that is there").first_chain = Some(id);
        self.region_mut(region).first_chain = Some(id);
    }

    fn remove_region(&mut self, id: RegionId) {
        let mut next = self.regions.remove(id.0).first_chain;
        while let Some(chain) = next {
            let chain = self.chains.remove(chain.0);
            if let Some(after) = chain.next {
                self.chains.get_mut(after.0).expect("a chain of an anon_vma").previous = chain.previous;
            }
            match chain.previous {
                Some(before) => self.chains.get_mut(before.0).expect("a chain of an anon_vma").next = chain.next,
                None => {
                    let anon_vma = self.anon_vmas.get_mut(chain.anon_vma.0).expect("an anon_vma that is there");
                    anon_vma.first_chain = chain.next;
                    self.free_if_unused(chain.anon_vma);
                }
            }
            next = chain.next_of_region;
        }
    }

    #[inline]
    fn free_if_unused(&mut self, id: AnonVmaId) {
        if self.anon_vmas.get(id.0).is_some_and(|it| it.tagged == 0 && it.first_chain.is_none()) {
            self.anon_vmas.remove(id.0);
        }
    }
}
