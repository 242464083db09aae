//! The complete state as numbers: all that can make a difference to what happens next, private lists included.
//!
//! Names without meaning are replaced by the order of their first appearance: stamps other than 0, identities, regions,
//! anon_vmas. Two machines with equal numbers therefore answer and show the same for ever, up to such names.

use alloc::vec::Vec;

use stalemap_operations::{CompleteState, Explorable, Home, Order, Phase, Place, Route, Slot, Space, Stamp};

use crate::frames::Frame;
use crate::implementation::Implementation;
use crate::migration::transaction::{Given, Source, Transaction};
use crate::paging::PteView;
use crate::rmap::ids::{AnonVmaId, RegionId};

/// Numbers in the order of their first appearance, from 1.
#[derive(Default)]
struct Names(Vec<u32>);

impl Names {
    fn name(&mut self, number: u32) -> u64 {
        let known = self.0.iter().position(|&it| it == number);
        let index = known.unwrap_or_else(|| {
            self.0.push(number);
            self.0.len() - 1
        });
        index as u64 + 1
    }
}

/// The numbers and the names in them.
#[derive(Default)]
struct Writer {
    numbers: Vec<u64>,
    stamps: Names,
    identities: Names,
    regions: Names,
    anon_vmas: Names,
}

impl Explorable for Implementation {
    fn complete_state(&self) -> CompleteState {
        let mut writer = Writer::default();
        for space in (0..self.machine.spaces()).map(Space) {
            let state = &self.spaces[space.index()];
            writer.numbers.extend([u64::from(state.alive), u64::from(state.locks)]);
            for place in self.tables.mapped(space) {
                self.write_place(place, &mut writer);
            }
            writer.numbers.push(u64::MAX);
        }
        for frame in (0..self.frames.memmap.frames()).map(Frame) {
            self.write_frame(frame, &mut writer);
        }
        self.write_graph(&mut writer);
        self.write_free_frames(&mut writer);
        CompleteState { world: writer.numbers, slots: self.slot_numbers() }
    }

    /// The lowest one.
    fn unused_stamp(&self) -> Stamp {
        let frames = || (0..self.frames.memmap.frames()).map(Frame);
        let is_unused = |stamp: &Stamp| frames().all(|frame| self.frames.memmap.content(frame) != *stamp);
        (1..u8::MAX).map(Stamp).find(is_unused).unwrap_or(Stamp(u8::MAX))
    }
}

impl Implementation {
    fn write_place(&self, place: Place, writer: &mut Writer) {
        let (region, access) = self.tables.mapping(place).expect("a mapped place");
        let region = writer.regions.name(region.0);
        let bits = |kind: u64, frame: Frame, writable: bool, dirty: bool| {
            u64::from(frame.0) << 8 | kind << 2 | u64::from(writable) << 1 | u64::from(dirty)
        };
        let entry = match self.tables.entry(place) {
            PteView::Hole => 0,
            PteView::Present { frame, writable, dirty } => bits(1, frame, writable, dirty),
            PteView::Device { frame, writable } => bits(2, frame, writable, false),
            PteView::Migration { frame, writable } => bits(3, frame, writable, false),
        };
        let advice = self.tables.properties(place).and_then(|mapping| mapping.advice).map_or(0, |it| it as u64 + 1);
        let rights = u64::from(self.tables.is_huge(place)) << 4 | advice << 2 | access as u64;
        writer.numbers.extend([u64::from(place.page.0), region, rights, entry]);
    }

    /// Descriptor and content; what is left in a free frame too.
    fn write_frame(&self, frame: Frame, writer: &mut Writer) {
        let page = &self.frames.memmap[frame];
        let stamp = self.frames.memmap.content(frame).0;
        let stamp = if stamp == 0 { 0 } else { writer.stamps.name(stamp.into()) };
        let identity = page.identity().map_or(0, |identity| writer.identities.name(identity));
        let (anon_vma, index) = page.mapping().unwrap_or((AnonVmaId(0), 0));
        let anon_vma = if anon_vma.0 == 0 { 0 } else { writer.anon_vmas.name(anon_vma.0) };
        let word = match page.device() {
            None => 0,
            Some(_) if page.is_used() => page.driver_data(),
            Some(_) => page.next_free().0,
        };
        let flags = [page.is_used(), page.exclusive_bit(), page.is_locked(), page.is_block()];
        let flags = flags.iter().fold(0, |bits, &flag| bits << 1 | u64::from(flag));
        let flags = flags | if page.is_large() { self.write_large(frame, writer) } else { 0 };
        writer.numbers.extend([flags, page.pins().into(), page.refcount().into(), page.mapcount().into()]);
        writer.numbers.extend([anon_vma, index.into(), word.into(), identity, stamp]);
    }

    /// What a descriptor of a large folio has beside; that and how much there is, as bits above those of other flags.
    fn write_large(&self, frame: Frame, writer: &mut Writer) -> u64 {
        let memmap = &self.frames.memmap;
        let page = &memmap[frame];
        if page.is_tail() {
            writer.numbers.push(memmap.head(frame).0.into());
            return 1 << 8;
        }
        let counters = [page.order().0, memmap.huge_mapcount(frame), memmap.folio_mapcount(frame)];
        writer.numbers.extend(counters.map(u64::from));
        2 << 8 | u64::from(page.is_alike()) << 10
    }

    /// Regions, anon_vmas and chains, from what was named so far on. The order of chains is that of a walk.
    fn write_graph(&self, writer: &mut Writer) {
        let mut region = 0;
        let mut anon_vma = 0;
        // Regions name anon_vmas and anon_vmas name regions.
        while region < writer.regions.0.len() || anon_vma < writer.anon_vmas.0.len() {
            if let Some(&number) = writer.regions.0.get(region) {
                region += 1;
                let it = self.graph.regions().get(number).expect("a region that something leads to");
                let own = writer.anon_vmas.name(it.anon_vma.0);
                let numbers = [it.space.0.into(), it.offset.into(), own, it.places.into()];
                writer.numbers.extend(numbers);
                for linked in self.graph.anon_vmas_of(RegionId(number)) {
                    let linked = writer.anon_vmas.name(linked.0);
                    writer.numbers.push(linked);
                }
                writer.numbers.push(u64::MAX);
                continue;
            }
            let number = writer.anon_vmas.0[anon_vma];
            anon_vma += 1;
            let id = AnonVmaId(number);
            writer.numbers.push(self.graph.anon_vmas().get(number).map_or(u64::MAX, |it| it.tagged.into()));
            let mut next = self.graph.first_chain(id);
            while let Some(chain) = next {
                let (to, after) = self.graph.follow(chain);
                let to = writer.regions.name(to.0);
                writer.numbers.push(to);
                next = after;
            }
            writer.numbers.push(u64::MAX);
        }
    }

    fn write_free_frames(&self, writer: &mut Writer) {
        let mut note = |frame: Frame, order: Order| writer.numbers.push(u64::from(frame.0) << 8 | u64::from(order.0));
        self.frames.buddy().for_each_free_block(&mut note);
        writer.numbers.push(u64::from(self.frames.buddy().free_frames()));
        writer.numbers.extend(self.frames.cached().iter().map(|frame| u64::from(frame.0)));
        for device in self.frames.devices() {
            writer.numbers.push(u64::MAX);
            writer.numbers.extend(device.free_list(&self.frames.memmap).map(|frame| u64::from(frame.0)));
            writer.numbers.extend(device.free_runs(&self.frames.memmap).map(|frame| 1 << 32 | u64::from(frame.0)));
        }
    }

    fn slot_numbers(&self) -> Vec<(Slot, Vec<u64>)> {
        let numbers = |slot: Slot| match slot {
            Slot::Transaction(slot) => transaction(&self.transactions[slot.index()], self.machine.pages()),
            Slot::Pin(slot) => self.pins[slot.index()].map(|frame| alloc::vec![frame.0.into()]),
            Slot::Hold(slot) => self.holds[slot.index()].map(|frame| alloc::vec![frame.0.into()]),
            Slot::Block(slot) => self.blocks[slot.index()].map(|block| {
                let given_back = block.order.frames() - block.held();
                alloc::vec![block.base.0.into(), block.order.0.into(), block.split.into(), given_back.into()]
            }),
        };
        Slot::all().filter_map(|slot| Some((slot, numbers(slot)?))).collect()
    }
}

fn transaction(transaction: &Transaction, pages: u32) -> Option<Vec<u64>> {
    let open = transaction.open()?;
    let phase = match open.phase {
        Phase::Collected => 0,
        Phase::Copied => 1,
        Phase::Moved => 2,
    };
    let route = match open.route {
        Route::To(device) => device.0 * 2,
        Route::From(device) => device.0 * 2 + 1,
    };
    let mut numbers = alloc::vec![phase, route.into(), open.space.map_or(u64::MAX, |space| space.0.into())];
    for candidate in transaction.candidates() {
        let source = match candidate.source {
            Source::Hole(place) => u64::from(place.space.0 * pages + place.page.0) << 1,
            Source::Page(frame) => u64::from(frame.0) << 1 | 1,
        };
        let given = match candidate.given {
            Given::Nothing => u64::MAX,
            Given::Frame(frame) => frame.0.into(),
            Given::Singles { count, .. } => 1 << 32 | u64::from(count),
        };
        numbers.extend([candidate.offset.into(), source, given, candidate.moved.into()]);
        if candidate.size > 1 {
            numbers.extend(transaction.bare_frames(*candidate).map(|frame| u64::from(frame.0)));
            numbers.push(u64::MAX - u64::from(candidate.size));
        }
    }
    Some(numbers)
}

const _: () = assert!(Home::LIMIT <= 3, "a route names a device by its number");

#[cfg(test)]
pub(crate) mod tests;
