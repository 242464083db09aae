//! Large folios and huge entries counted again.

use alloc::format;
use alloc::string::String;

use stalemap_operations::Space;

use super::recount::Count;
use crate::frames::{DeviceMemory, Frame, frames_of};
use crate::implementation::Implementation;

impl Implementation {
    /// A huge entry maps, or leads to, the head of a folio that was one when it was written, at a group of one mapping whose lower
    /// entries are holes.
    pub(super) fn balance_huge_entries(&self) -> Result<(), String> {
        if self.machine.huge().is_none() {
            return Ok(());
        }
        for space in (0..self.machine.spaces()).map(Space) {
            for place in self.tables.mapped(space) {
                let Some(entry) = self.tables.huge_entry(place) else { continue };
                let first = self.tables.group(place);
                let is_alike = self.tables.properties(place) == self.tables.properties(first)
                    && self.tables.mapping(place) == self.tables.mapping(first);
                balance!(is_alike, "{place} has a huge entry and not the mapping of {first}");
                balance!(self.tables.is_lower_entry_hole(place), "{place} has a huge entry and a small one");
                let frame = entry.frame().unwrap_or(Frame::NONE);
                let is_head = self.frames.memmap[frame].is_head();
                balance!(is_head, "{place} has a huge entry of {frame}, which is no head");
            }
        }
        Ok(())
    }

    /// The counters of a large folio, held against its head and all its frames; whether the frame is a tail, or a head whose
    /// references were counted here.
    pub(super) fn balance_folio(&self, frame: Frame, counts: &[Count]) -> Result<bool, String> {
        let memmap = &self.frames.memmap;
        let page = &memmap[frame];
        if page.is_tail() {
            let head = memmap.head(frame);
            balance!(memmap[head].is_head(), "{frame} is a tail of {head}, which is no head");
            let is_within = frame.0 - head.0 < memmap.folio_size(head);
            balance!(is_within, "{frame} is a tail of {head}, which is too small");
            balance!(page.refcount() == 0, "{frame} is a tail and has references of its own");
            balance!(page.is_used() == memmap[head].is_used(), "{frame} is a tail in use and {head} is not");
            return Ok(true);
        }
        let order = page.order();
        balance!(Some(order) == self.machine.huge(), "{frame} is the head of a folio of order {}", order.0);
        let start = memmap.range(memmap.home(frame)).0;
        balance!((frame.0 - start.0).is_multiple_of(order.frames()), "{frame} is a head and not aligned");
        let of_all =
            |of: fn(&Count) -> u32| -> u32 { frames_of(frame, order).map(|frame| of(&counts[frame.index()])).sum() };
        let huge = counts[frame.index()].huge_maps;
        let entries = of_all(|count| count.maps - count.huge_maps) + huge;
        let references = entries + of_all(|count| count.references);
        let (stored, mapped) = (memmap.huge_mapcount(frame), memmap.folio_mapcount(frame));
        balance!(stored == huge, "the folio of {frame} counts {stored} huge entries and has {huge}");
        balance!(mapped == entries, "the folio of {frame} counts {mapped} entries and has {entries}");
        let stored = page.refcount();
        balance!(stored == references, "the folio of {frame} counts {stored} references and has {references}");
        for tail in frames_of(frame, order).skip(1) {
            balance!(memmap[tail].is_tail() && memmap.head(tail) == frame, "{tail} is no tail of {frame}");
            let is_same = counts[tail.index()].huge_maps == huge;
            balance!(is_same, "{tail} has not the huge entries that {frame} has");
        }
        Ok(true)
    }

    /// The free runs of a device; how many frames they are.
    pub(super) fn count_free_runs(&self, device: &DeviceMemory, counts: &mut [Count]) -> Result<u32, String> {
        let mut frames = 0;
        let order = self.machine.huge();
        for (head, order) in device.free_runs(&self.frames.memmap).zip(core::iter::repeat(order)) {
            let Some(order) = order else { return Err(format!("{head} begins a run on a machine without any")) };
            for frame in frames_of(head, order) {
                counts[frame.index()].free += 1;
                frames += 1;
                let is_free = self.frames.buddy().is_device_frame_free(frame);
                balance!(is_free, "{frame} is free and the free set has it in use");
            }
        }
        Ok(frames)
    }
}
