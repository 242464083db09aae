//! Section 5, migration of large folios: what is collected as a whole, what frames it gets, and how it falls apart.

use alloc::vec::Vec;

use stalemap_operations::{Dialect, Errno, Home, PageRange, Place, Route, Space};

use crate::address_space::places;
use crate::entry::Entry;
use crate::marks::mark;
use crate::migration::start;
use crate::model::Model;
use crate::transaction::{Candidate, What};

impl Model {
    /// Collects what is in a part of a range that lies in one group. A huge entry that is wholly in it is one candidate, a group of
    /// holes likewise where the subject takes it so (`migrate_vma_collect_huge_pmd`, `migrate_vma_collect_hole`, mm/migrate_device.c). A
    /// large folio of which only a part is in it is split first; where that cannot be, the rest of the part is passed over. Before 7.3
    /// every huge entry is split, whatever the route, and a page of a large folio that has a small entry is passed over
    /// (`migrate_vma_collect_pmd`, 6.12).
    pub(crate) fn collect_part(
        &mut self,
        space: Space,
        part: PageRange,
        route: Route,
        offset: u32,
        candidates: &mut Vec<Candidate>,
    ) {
        let first = Place { space, page: part.first };
        if self.machine.huge().is_none() {
            candidates.extend(self.collect_place(first, route).map(|what| Candidate::small(offset, what)));
            return;
        }
        let is_whole = self.is_group_within(first, part);
        if self.is_huge_at(first) {
            match self.collect_huge(first, is_whole, route) {
                Collected::Whole(what) => {
                    let size = self.machine.huge_pages();
                    return candidates.push(Candidate { size, ..Candidate::small(offset, what) });
                }
                Collected::PassedOver => return,
                Collected::Split => {}
            }
        } else if is_whole && self.takes_whole_group_of_holes(first, route) {
            mark!(self, "group of holes that is collected as one");
            let size = self.machine.huge_pages();
            return candidates.push(Candidate { size, ..Candidate::small(offset, What::Hole(first)) });
        }
        for (offset, place) in (offset..).zip(places(space, part)) {
            if !self.migrates_whole() && self.is_large_at(place) {
                mark!(self, "migration that passes over a page of a large folio");
                continue;
            }
            if self.split_to_collect(place, route).is_err() {
                return;
            }
            candidates.extend(self.collect_place(place, route).map(|what| Candidate::small(offset, what)));
        }
    }

    /// Only Linux 7.3 migrates folios as a whole.
    fn migrates_whole(&self) -> bool {
        self.machine.rules() == Dialect::Linux7_3
    }

    fn takes_whole_group_of_holes(&mut self, first: Place, route: Route) -> bool {
        matches!(route, Route::To(_))
            && self.migrates_whole()
            && self.is_group_of_holes(first)
            && self.runs.follows_rule()
    }

    /// What becomes of the huge entry of which this place is the first in the range.
    fn collect_huge(&mut self, first: Place, is_whole: bool, route: Route) -> Collected {
        let Some(Entry::Maps { page, .. }) = self.at(first).map(|mapped| mapped.entry) else {
            mark!(self, "migration that passes over a migration entry");
            return Collected::PassedOver;
        };
        if self.transaction_has(page) {
            mark!(self, "migration that passes over a locked page");
            return Collected::PassedOver;
        }
        if self.page(page).home != start(route) && self.migrates_whole() {
            mark!(self, "migration that passes over a page elsewhere");
            return Collected::PassedOver;
        }
        if !(is_whole && self.migrates_whole()) {
            mark!(self, "migration of a part of a huge entry");
            return if self.split_folio(page).is_ok() { Collected::Split } else { Collected::PassedOver };
        }
        if self.is_pinned_or_held(page) {
            mark!(self, "migration that puts back a pinned or held folio");
            if self.pins_on(page) == 0 {
                self.folio_pages(page).for_each(|page| self.clean_entries(page));
            }
            return Collected::PassedOver;
        }
        mark!(self, "folio that is collected as a whole");
        let head = self.head(page);
        self.make_migrating(head);
        Collected::Whole(What::Page(head, start(route)))
    }

    fn is_large_at(&self, place: Place) -> bool {
        self.at(place).and_then(|mapped| mapped.entry.page()).is_some_and(|page| self.is_large(page))
    }

    /// Splits the large folio of which a small entry maps a page that is to be collected.
    fn split_to_collect(&mut self, place: Place, route: Route) -> Result<(), Errno> {
        match self.at(place).map(|mapped| mapped.entry) {
            Some(Entry::Maps { page, .. }) if self.is_large(page) && self.page(page).home == start(route) => {
                self.split_folio(page).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Gives frames at a home, of which so many are free, to candidates that want them; how many it gives.
    pub(crate) fn give_frames<'a>(
        &mut self,
        candidates: impl Iterator<Item = &'a mut Candidate>,
        home: Home,
        free: u32,
        by_device: bool,
    ) -> u32 {
        let mut left = free;
        for candidate in candidates {
            if candidate.size > 1 {
                candidate.is_run = self.runs.take_run(home, left, candidate.size);
                if !candidate.is_run && by_device {
                    mark!(self, "folio that a device keeps for want of a run");
                    continue;
                }
            }
            candidate.frames = candidate.size.min(left);
            left -= candidate.frames;
        }
        free - left
    }

    /// The pages or holes of a candidate that is whole, which has single frames: the first ones get them. The folio is split while
    /// it is unmapped (`migrate_vma_split_unmapped_folio`, mm/migrate_device.c).
    pub(crate) fn take_apart(&mut self, candidate: Candidate) -> Vec<Candidate> {
        let whats: Vec<What> = match candidate.what {
            What::Hole(first) => self.group_places(first).map(What::Hole).collect(),
            What::Page(head, before) => {
                mark!(self, "folio that is split while it is unmapped");
                let pages = self.folio_pages(head);
                self.split_unmapped(head);
                pages.into_iter().map(|page| What::Page(page, before)).collect()
            }
            What::Filled(_) => unreachable!("a page that was made of a hole has used its frame"),
        };
        let frames = (0..).map(|index: u32| u32::from(index < candidate.frames));
        let offsets = candidate.offset..;
        let parts = offsets.zip(whats).zip(frames);
        parts.map(|((offset, what), frames)| Candidate { frames, ..Candidate::small(offset, what) }).collect()
    }
}

/// What became of a huge entry.
enum Collected {
    Whole(What),
    PassedOver,
    Split,
}
