//! Operations on machines with huge pages, and what is told of the runs of frames that an operation asked for.

use std::collections::BTreeSet;
use std::io;

use stalemap_guest::{EntryKind, Frame, GuestPage, GuestPlace, GuestState};
use stalemap_operations::{Advice, Device, Effect, Errno, Kind, Operation, PageRange, Route, Space, VirtualPage};

use crate::driver::{GROUP, Mirror, PASSED_OVER, Request, SPLIT_FOLIO};
use crate::perform::{Answer, Failure, advice};
use crate::space::Task;
use crate::world::World;

/// What the kernel has where a group of pages begins.
#[derive(Clone, Copy, Debug)]
struct Group {
    bits: u64,
    /// Pages to the end of the kernel's mapping; 0 where there is none.
    to_end: u32,
}

impl Group {
    /// One mapping of the kernel's covers it.
    fn is_in_one_mapping(self) -> bool {
        self.bits & 1 != 0
    }

    /// It is never to have huge pages.
    fn is_advised_against(self) -> bool {
        self.bits & 2 != 0
    }

    /// All of it is holes that may go to a device as one.
    fn is_of_holes(self) -> bool {
        self.bits & 4 != 0
    }

    fn has_no_table(self) -> bool {
        self.bits & 8 != 0
    }
}

impl World {
    pub(crate) fn advise(&mut self, space: Space, range: PageRange, how: Advice) -> Answer {
        self.living(space)?;
        self.unlocked(space)?;
        let how = match how {
            Advice::Huge => libc::MADV_HUGEPAGE,
            Advice::NoHuge => libc::MADV_NOHUGEPAGE,
        };
        let (first, length) = (self.block.address(range.first), self.block.length(range));
        self.call(space, Task::Advise, [first, length, advice(how), 0])?;
        Ok(Effect::Nothing)
    }

    /// The group of a page. Whether one mapping of the kernel's covers it, next to another that is alike, is told as a claim.
    pub(crate) fn collapse(&mut self, space: Space, page: VirtualPage) -> Answer {
        let alive = self.living(space)?;
        self.unlocked(space)?;
        let count = self.machine.huge_pages();
        let first = self.machine.group(page);
        let group = self.group(alive.mirrors[0], first, 0)?;
        if !group.is_advised_against() {
            self.claim(group.is_in_one_mapping())?;
        }
        let range = PageRange { first, count };
        if group.is_advised_against() || !group.is_in_one_mapping() || first.0 + count > self.machine.pages() {
            return Err(Errno::EINVAL.into());
        }
        self.must_be_collapsible(space, range)?;
        self.call(
            space,
            Task::Advise,
            [self.block.address(first), self.block.length(range), advice(libc::MADV_COLLAPSE), 0],
        )?;
        Ok(Effect::Freed(0))
    }

    /// `EINVAL` where the places are in no one mapping or have no page: whether Linux collapses a group without a page depends
    /// on a table that was left there. `EAGAIN` where it would wait for a migration.
    fn must_be_collapsible(&self, space: Space, range: PageRange) -> Result<(), Failure> {
        if self.in_one_mapping(space, range) < range.count {
            return Err(Errno::EINVAL.into());
        }
        let places: Vec<&GuestPlace> = range.iter().filter_map(|page| self.place(space, page)).collect();
        if places.len() < range.count as usize || places.iter().all(|it| it.entry == EntryKind::Hole) {
            return Err(Errno::EINVAL.into());
        }
        let waits = |it: &&GuestPlace| {
            it.entry == EntryKind::Migrating || it.entry == EntryKind::Maps && self.is_born(it.frame)
        };
        if !places[0].huge && places.iter().any(waits) {
            return Err(Errno::EAGAIN.into());
        }
        Ok(())
    }

    pub(crate) fn split_folio(&mut self, space: Space, page: VirtualPage) -> Answer {
        let alive = self.living(space)?;
        let addr = self.block.address(page);
        alive.mirrors[0].request(SPLIT_FOLIO, Request { addr, ..Request::default() })?;
        Ok(Effect::Freed(0))
    }

    /// A request for each part of the range that is in one mapping and one group. Of a migration to the device the driver counts
    /// what the device's table holds afterwards, and from the device a large folio as one page; so the places are looked at
    /// before and after.
    pub(crate) fn migrate_by_groups(&mut self, space: Space, range: PageRange, route: Route) -> Answer {
        let mirror = self.living(space)?.mirrors[route.device().index()];
        let (mut done, mut end, mut moved, mut stopped) = (0, range.count, 0, None);
        while done < end {
            let rest = PageRange { first: VirtualPage(range.first.0 + done), count: end - done };
            let group = self.group(mirror, rest.first, rest.count)?;
            if matches!(route, Route::To(_)) && group.is_of_holes() {
                self.claim(group.is_in_one_mapping() && group.has_no_table())?;
            }
            let part = PageRange { count: self.at_once(rest, group), ..rest };
            let passed = match self.migrate_part(mirror, space, part, route) {
                Err(Failure::Errno(Errno::ENOMEM)) => {
                    stopped = Some(Errno::ENOMEM);
                    end = end.min(done + self.to_end_of_group(rest.first));
                    Ok(part.count)
                }
                Ok(pages) => {
                    moved += pages;
                    self.done_with(mirror, space, part, rest, route)
                }
                Err(failure) => Err(failure),
            };
            done += match (passed, stopped) {
                (Ok(count), _) => count,
                (Err(_), Some(errno)) => return Err(errno.into()),
                (Err(failure), None) => return Err(failure),
            };
        }
        stopped.map_or(Ok(Effect::Pages(moved)), |errno| Err(errno.into()))
    }

    fn migrate_part(&mut self, mirror: Mirror, space: Space, part: PageRange, route: Route) -> Result<u32, Failure> {
        let before = self.on_device(space, part, route.device());
        let (first, pages) = (self.block.address(part.first), self.block.count(part.count));
        match route {
            Route::From(_) => {
                mirror.migrate_to_ram(first, pages)?;
            }
            Route::To(_) => match mirror.migrate_to_device(first, pages).map_err(Failure::from) {
                // Some page could not be moved; the others have.
                Ok(()) | Err(Failure::Errno(Errno::ENOENT)) => {}
                Err(failure) => return Err(failure),
            },
        }
        self.look()?;
        Ok(self.on_device(space, part, route.device()).abs_diff(before))
    }

    /// Pages of a range that are asked for by one request.
    fn at_once(&self, rest: PageRange, group: Group) -> u32 {
        let part = rest.count.min(self.to_end_of_group(rest.first));
        if group.to_end == 0 { part } else { part.min(group.to_end) }
    }

    fn to_end_of_group(&self, page: VirtualPage) -> u32 {
        let count = self.machine.huge_pages();
        count - page.0 % count
    }

    /// Pages of a range that a request for its first ones has done with: the rest of a group is passed over, or not. `EINVAL`
    /// where what is passed over cannot be read.
    fn done_with(
        &self,
        mirror: Mirror,
        space: Space,
        part: PageRange,
        rest: PageRange,
        route: Route,
    ) -> Result<u32, Failure> {
        let request = Request {
            addr: self.block.address(part.first),
            npages: self.block.count(part.count),
            value: matches!(route, Route::From(_)).into(),
            ..Request::default()
        };
        if mirror.request(PASSED_OVER, request)?.out == 0 {
            return Ok(part.count);
        }
        let done = PageRange { count: rest.count.min(self.to_end_of_group(rest.first)), ..rest };
        let is_readable = |page: VirtualPage| self.place(space, page).is_some_and(|it| it.access >= 1);
        let mut passed = done.iter().skip(part.count as usize);
        if passed.all(is_readable) { Ok(done.count) } else { Err(Errno::EINVAL.into()) }
    }

    fn group(&self, mirror: Mirror, first: VirtualPage, pages: u32) -> io::Result<Group> {
        let request =
            Request { addr: self.block.address(first), npages: self.block.count(pages), ..Request::default() };
        let Request { out: bits, value, .. } = mirror.request(GROUP, request)?;
        Ok(Group { bits, to_end: u32::try_from(value / self.block.pages).unwrap_or(u32::MAX) })
    }

    /// Adds to what was told of runs: first what the kernel was asked for until now.
    fn claim(&mut self, found: bool) -> io::Result<()> {
        self.claims.extend(self.driver(Device(0)).claims()?);
        self.claims.push(found);
        Ok(())
    }

    /// Nothing was asked for yet. Whether Linux knows that one space maps the folio that an operation writes to: this is looked at
    /// before the write, since a write that keeps its frame for want of another says nothing of it.
    pub(crate) fn begin_claims(&mut self, operation: Operation) -> io::Result<bool> {
        self.claims.clear();
        if !self.block.is_scaled {
            return Ok(false);
        }
        self.driver(Device(0)).claims()?;
        self.written_in_ram(operation).map_or(Ok(false), |frame| self.driver(Device(0)).knows_one_space(frame))
    }

    /// An operation that asked for no run found none; a write tells whose the folio is instead.
    pub(crate) fn end_claims(&mut self, knows_one_space: bool) -> io::Result<()> {
        if !self.block.is_scaled {
            return Ok(());
        }
        self.claims.extend(self.driver(Device(0)).claims()?);
        if self.claims.is_empty() {
            self.claims.push(knows_one_space);
        }
        Ok(())
    }

    /// The frame of RAM that is mapped where an operation writes.
    fn written_in_ram(&self, operation: Operation) -> Option<Frame> {
        let writes = [Kind::Write, Kind::DeviceWrite, Kind::Pin].contains(&operation.kind());
        let (space, page) = operation.first_place().filter(|_| writes)?;
        let place = self.place(space, page).filter(|it| it.entry == EntryKind::Maps && it.frame.home == 0)?;
        Some(place.frame)
    }

    /// The pages of large folios that nothing names, though it names another page of the same folio.
    pub(crate) fn others_of_folios(&self, pages: &[GuestPage]) -> Vec<Frame> {
        let named: BTreeSet<Frame> = pages.iter().map(|page| page.frame).collect();
        let folios: BTreeSet<Frame> = pages
            .iter()
            .filter_map(|page| page.folio.map(|folio| Frame { number: folio.head, ..page.frame }))
            .collect();
        let stride = u32::try_from(self.block.pages).expect("a part of a huge page");
        let all = folios.iter().flat_map(|head| {
            (0..self.machine.huge_pages()).map(|index| Frame { number: head.number + index * stride, ..*head })
        });
        all.filter(|frame| !named.contains(frame)).collect()
    }
}

/// Where a huge entry maps a folio, its head tells for all pages whether they are exclusive.
pub(crate) fn show_exclusive_heads(state: &mut GuestState) {
    for place in state.places.iter().filter(|it| it.entry == EntryKind::Maps && it.huge) {
        if let Ok(index) = state.pages.binary_search_by_key(&place.frame, |page| page.frame) {
            state.pages[index].exclusive = place.exclusive;
        }
    }
}
