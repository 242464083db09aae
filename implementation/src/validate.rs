//! Everything counted again from first principles and held against the counters, sets and links that are stored.

pub(crate) mod recount;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use stalemap_operations::{Home, Order, Space};

use crate::frames::Frame;
use crate::implementation::Implementation;
use crate::migration::transaction::Source;
use crate::paging::PteView;
use recount::{Count, Recount};

/// Fails with a sentence unless the condition holds.
macro_rules! balance {
    ($holds:expr, $($sentence:tt)+) => {
        if !$holds {
            return Err(format!($($sentence)+));
        }
    };
}

// Behind the macro, which it uses.
mod large;

impl Implementation {
    /// Recounts everything.
    pub(crate) fn balance(&self) -> Result<(), String> {
        let mut recount = self.recount.borrow_mut();
        recount.clear();
        let Recount { counts, places, walked, anon_vmas, locks } = &mut *recount;
        counts.resize(self.frames.memmap.frames() as usize, Count::default());
        anon_vmas.resize(self.graph.anon_vmas().numbers(), (0, false));
        locks.resize(self.spaces.len(), 0);
        walked.resize(self.machine.spaces() as usize * self.machine.pages() as usize, false);
        self.count_entries(counts, places)?;
        self.balance_huge_entries()?;
        self.count_references(counts, locks)?;
        self.count_free_frames(counts)?;
        for frame in (0..self.frames.memmap.frames()).map(Frame) {
            // Most frames are free.
            if !(counts[frame.index()].is_of_free_frame() && self.frames.memmap[frame].is_clean()) {
                self.balance_frame(frame, counts, walked)?;
                self.count_tag(frame, anon_vmas)?;
            }
        }
        self.balance_identities()?;
        self.balance_graph(places, anon_vmas)
    }

    /// Entries, mappings and what they say of regions and pages.
    fn count_entries(&self, counts: &mut [Count], places: &mut Vec<u32>) -> Result<(), String> {
        places.resize(self.graph.regions().numbers(), 0);
        for space in (0..self.machine.spaces()).map(Space) {
            let alive = self.spaces[space.index()].alive;
            for place in self.tables.mapped(space) {
                balance!(alive, "{place} is mapped in a dead space");
                let Some((region, access)) = self.tables.mapping(place) else {
                    return Err(format!("{place} is in the set of mapped pages and has no mapping"));
                };
                let owner = self.graph.regions().get(region.0);
                balance!(owner.is_some_and(|it| it.space == space), "{place} belongs to a region that is not there");
                places[region.0 as usize] += 1;
                match self.tables.entry(place) {
                    PteView::Hole => {}
                    entry @ (PteView::Present { frame, writable, .. } | PteView::Device { frame, writable }) => {
                        balance!(frame.0 < self.frames.memmap.frames(), "{place} maps {frame}, which is not there");
                        let on_device = matches!(entry, PteView::Device { .. });
                        balance!(
                            on_device == self.is_on_device(frame),
                            "{place} maps {frame} with the wrong kind of entry"
                        );
                        let exclusive = self.frames.memmap.is_exclusive(frame);
                        balance!(!writable || exclusive && access.writable(), "{place} is writable and must not be");
                        counts[frame.index()].maps += 1;
                        counts[frame.index()].huge_maps += u32::from(self.tables.is_huge(place));
                    }
                    PteView::Migration { frame, .. } => {
                        balance!(frame.0 < self.frames.memmap.frames(), "{place} leads to {frame}, which is not there");
                        let locked = self.frames.memmap.folio(frame).is_locked();
                        balance!(locked, "{place} has a migration entry to {frame}, which no transaction has");
                    }
                }
            }
        }
        Ok(())
    }

    /// Pins, holds, blocks and transactions.
    fn count_references(&self, counts: &mut [Count], locks: &mut [u32]) -> Result<(), String> {
        for frame in self.pins.iter().flatten() {
            let head = self.frames.memmap.head(*frame);
            counts[head.index()].pins += 1;
            counts[head.index()].references += 1;
            balance!(
                self.frames.memmap.is_exclusive(*frame) && !self.is_on_device(*frame),
                "{frame} is pinned, not exclusive or not in RAM"
            );
        }
        for frame in self.holds.iter().flatten() {
            counts[self.frames.memmap.head(*frame).index()].references += 1;
            balance!(!self.is_on_device(*frame), "{frame} is held on a device");
        }
        for block in self.blocks.iter().flatten() {
            let referenced = if block.split { block.held() } else { 1 };
            for (number, frame) in (0..).zip(block.frames()) {
                counts[frame.index()].in_block = true;
                if number < referenced {
                    counts[frame.index()].references += 1;
                    balance!(self.frames.memmap[frame].is_block(), "{frame} belongs to a block that does not show");
                }
            }
        }
        for transaction in &self.transactions {
            if let Some(space) = transaction.open().and_then(|open| open.space) {
                locks[space.index()] += 1;
            }
            for candidate in transaction.candidates() {
                for frame in candidate.page_frame().into_iter().chain(transaction.bare_frames(*candidate)) {
                    counts[frame.index()].references += 1;
                    counts[frame.index()].locked = true;
                }
                if let (Source::Page(old), Some(new)) = (candidate.source, candidate.page_frame()) {
                    let memmap = &self.frames.memmap;
                    for (old, new) in memmap.folio_frames(old).zip(memmap.folio_frames(new)) {
                        let leads = self.frame_behind(old);
                        balance!(leads == new, "{old} leads to {leads} and its page is in {new}");
                    }
                }
            }
        }
        for (space, (state, &locks)) in self.spaces.iter().zip(&*locks).enumerate() {
            balance!(state.locks == locks, "s{space} counts {} locks, and transactions {locks}", state.locks);
        }
        Ok(())
    }

    /// The free sets, lists and cache, and what their counters say.
    fn count_free_frames(&self, counts: &mut [Count]) -> Result<(), String> {
        let mut blocks = [0; Order::HIGHEST.0 as usize + 1];
        let mut in_buddy = 0;
        self.frames.buddy().for_each_free_block(|frame, order| {
            blocks[order.0 as usize] += 1;
            in_buddy += order.frames();
            for frame in frame.0..frame.0 + order.frames() {
                counts[frame as usize].free += 1;
            }
        });
        balance!(blocks == self.frames.buddy().counted_blocks(), "the buddy allocator miscounts its free blocks");
        let counted = self.frames.buddy().free_frames();
        balance!(in_buddy == counted, "the buddy allocator counts {counted} free frames and has {in_buddy}");
        for frame in self.frames.cached() {
            counts[frame.index()].free += 1;
        }
        for (number, device) in self.frames.devices().iter().enumerate() {
            let mut listed = 0;
            for frame in device.free_list(&self.frames.memmap) {
                counts[frame.index()].free += 1;
                listed += 1;
                balance!(
                    self.frames.buddy().is_device_frame_free(frame),
                    "{frame} is free and the free set has it in use"
                );
            }
            listed += self.count_free_runs(device, counts)?;
            let counted = device.free_frames();
            balance!(listed == counted, "device {number} counts {counted} free frames and lists {listed}");
            let start = self.frames.memmap.range(Home::ALL[number + 1]).0;
            let used = core::iter::successors(device.next_used(0), |&offset| device.next_used(offset + 1));
            for frame in used.map(|offset| Frame(start.0 + offset)) {
                balance!(self.frames.memmap[frame].is_used(), "{frame} is free and in the set of those in use");
                balance!(!self.frames.buddy().is_device_frame_free(frame), "{frame} is in use and the free set has it");
            }
        }
        Ok(())
    }

    /// One descriptor against what was counted of it. A walk finds places that map the frame and no others, so it finds all
    /// of them where it finds as many as there are, each once: `walked` says which were found.
    #[inline(never)]
    fn balance_frame(&self, frame: Frame, counts: &[Count], walked: &mut [bool]) -> Result<(), String> {
        let page = &self.frames.memmap[frame];
        let count = &counts[frame.index()];
        let (stored, mapped) = (page.refcount(), page.mapcount());
        let small = count.maps - count.huge_maps;
        let is_counted = if page.is_large() { self.balance_folio(frame, counts)? } else { false };
        let references = small + count.references;
        balance!(is_counted || stored == references, "{frame} counts {stored} references and has {references}");
        balance!(mapped == small, "{frame} counts {mapped} entries and has {small}");
        balance!(u32::from(page.pins()) == count.pins, "{frame} counts {} pins and has {}", page.pins(), count.pins);
        balance!(
            page.is_locked() == count.locked,
            "{frame} is locked although no transaction has it, or not although one has"
        );
        if references == 0 && !is_counted {
            let free = count.free;
            balance!(free == u32::from(!count.in_block), "{frame} has no owner and is {free} times free");
            balance!(page.is_clean(), "{frame} is free and keeps something of its page");
            return Ok(());
        }
        balance!(count.free == 0, "{frame} is in use and free");
        let (mut found, mut is_once) = (0, true);
        for place in self.places_of(frame) {
            is_once &= !core::mem::replace(&mut walked[self.tables.index(place)], true);
            found += 1;
        }
        let finds_all = is_once && found == count.maps;
        balance!(finds_all, "the reverse map of {frame} does not find the entries that map it");
        Ok(())
    }

    /// The anon_vma that a frame is tagged with has one tag more.
    fn count_tag(&self, frame: Frame, anon_vmas: &mut [(u32, bool)]) -> Result<(), String> {
        if let Some((anon_vma, _)) = self.frames.memmap[frame].mapping() {
            let there = anon_vmas.get_mut(anon_vma.0 as usize);
            balance!(there.is_some(), "{frame} is tagged with anon_vma {}, which is not there", anon_vma.0);
            there.into_iter().for_each(|(tagged, _)| *tagged += 1);
        }
        Ok(())
    }

    /// Names and frames of pages lead to each other.
    fn balance_identities(&self) -> Result<(), String> {
        for (token, frame) in self.identities.live() {
            let identity = self.frames.memmap[frame].identity();
            balance!(identity == Some(token.0), "page {} is said to be in {frame}, which has another", token.0);
        }
        Ok(())
    }

    /// Regions, with how many places there are of each, anon_vmas and chains.
    fn balance_graph(&self, places: &[u32], anon_vmas: &mut [(u32, bool)]) -> Result<(), String> {
        for (number, region) in self.graph.regions().iter() {
            let counted = places[number as usize];
            balance!(region.places == counted, "region {number} counts {} places and has {counted}", region.places);
            balance!(counted > 0, "region {number} is still there after its last place");
            let anon_vma = self.graph.anon_vmas().get(region.anon_vma.0);
            balance!(anon_vma.is_some(), "region {number} has an anon_vma that is not there");
            balance!(region.heir.is_none(), "region {number} has an heir and nothing is forked or moved");
        }
        for (number, chain) in self.graph.chains().iter() {
            let ends = self.graph.regions().get(chain.region.0).is_some()
                && self.graph.anon_vmas().get(chain.anon_vma.0).is_some();
            balance!(ends, "chain {number} leads to a region or an anon_vma that is not there");
            anon_vmas[chain.anon_vma.0 as usize].1 = true;
        }
        for (number, anon_vma) in self.graph.anon_vmas().iter() {
            let (pages, (counted, is_chained)) = (anon_vma.tagged, anon_vmas[number as usize]);
            balance!(pages == counted, "anon_vma {number} counts {pages} pages and has {counted}");
            let reached = counted > 0 || is_chained;
            balance!(reached, "anon_vma {number} is still there after its last page and its last region");
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
