//! Section 5, migration in one step: by place, and by device.

use alloc::vec::Vec;

use stalemap_operations::{Device, Dialect, Effect, Errno, Home, PageRange, Route, Space};

use crate::address_space::places;
use crate::marks::mark;
use crate::migration::{count, destination, size};
use crate::model::{Answer, Model};
use crate::transaction::{Candidate, What};

impl Model {
    /// The four phases in one step, place by place, on a machine with huge pages group by group: the first unmapped or unreadable
    /// place stops with `EINVAL`, what came before has moved. Without frames it answers ok with fewer `pages`. But in
    /// dialect 7.3 the first page from a device that finds no frame of RAM stops with `ENOMEM` (`dmirror_migrate_to_system`,
    /// lib/test_hmm.c).
    pub(crate) fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Answer {
        self.must_live(space)?;
        if self.is_space_locked(space) {
            mark!(self, "migration in one step in a locked space");
        }
        let mut candidates = Vec::new();
        let mut pages = 0;
        for part in self.parts(range) {
            let readable = count(places(space, part).take_while(|&place| self.readable(place).is_ok()).count());
            if readable > 0 {
                let part = PageRange { count: readable, ..part };
                self.collect_part(space, part, route, 0, &mut candidates);
                pages += self.migrate_part(&mut candidates, route)?;
            }
            if readable < part.count {
                if pages > 0 {
                    mark!(self, "migration that stops after pages have moved");
                }
                return Err(Errno::EINVAL);
            }
        }
        Ok(Effect::Pages(pages))
    }

    /// The other phases for what was collected of a part of one group; how many pages moved. Where it stops for want of a frame, a folio gets all its frames or
    /// none (`dmirror_devmem_fault_alloc_and_copy`, lib/test_hmm.c).
    fn migrate_part(&mut self, candidates: &mut Vec<Candidate>, route: Route) -> Result<u32, Errno> {
        let to = destination(route);
        let (free, wanted) = (self.free(to), size(candidates));
        let given = self.give_frames(candidates.iter_mut(), to, free, false);
        if given < wanted {
            mark!(self, "migration in one step without a frame");
        }
        if to != Home::Ram && self.are_used_again(to, given, free) {
            mark!(self, "migration to a device whose frames are used again");
        }
        if given > 0 {
            self.mark_frames(to);
        }
        let stops = given < wanted && to == Home::Ram && self.machine.rules() == Dialect::Linux7_3;
        let mut pages = 0;
        for mut candidate in candidates.drain(..) {
            if stops && candidate.frames < candidate.size {
                candidate.frames = 0;
            }
            pages += self.migrate_candidate(candidate, to);
        }
        if stops {
            mark!(self, "migration from a device that stops without a frame in dialect 7.3");
            return Err(Errno::ENOMEM);
        }
        Ok(pages)
    }

    /// Moves a candidate, if it has frames, and brings its entries back; how many pages moved.
    fn migrate_candidate(&mut self, candidate: Candidate, to: Home) -> u32 {
        if candidate.falls_apart() {
            return self.take_apart(candidate).into_iter().map(|part| self.migrate_candidate(part, to)).sum();
        }
        let mut pages = 0;
        match candidate.what {
            What::Hole(place) if candidate.frames > 0 => {
                pages = if self.fill_holes(place, candidate.size, to).is_some() { candidate.size } else { 0 };
            }
            What::Hole(_) => {}
            What::Page(page, _) | What::Filled(page) => {
                if candidate.frames > 0 {
                    self.folio_pages(page).for_each(|page| self.move_home(page, to));
                    pages = candidate.size;
                }
                self.make_mapping(page);
                self.free_if_unused(page);
            }
        }
        pages
    }

    /// The same by device; `ENOMEM` as for `copy` after `collect`. A large folio for which no run is found stays.
    pub(crate) fn evict(&mut self, device: Device) -> Answer {
        let heads = self.collectable(device);
        let wanted: u32 = heads.iter().map(|&page| self.size(page)).sum();
        if self.free(Home::Ram) < wanted {
            return Err(Errno::ENOMEM);
        }
        let mut moved = 0;
        for &head in &heads {
            if self.mapcount(head) > 1 {
                mark!(self, "eviction of a shared page");
            }
            if !self.is_large(head) || self.finds_run(Home::Ram) {
                for page in self.folio_pages(head) {
                    self.move_home(page, Home::Ram);
                    moved += 1;
                }
            }
            for page in self.folio_pages(head) {
                self.clean_entries(page);
            }
        }
        Ok(Effect::Pages(moved))
    }
}
