//! The world of one program: spaces, open transactions and references, and what was seen of them last.

use std::io;

use stalemap_guest::{Candidate, EntryKind, Frame, GuestPlace, GuestState, GuestTransaction, Held};
use stalemap_operations::{Device, HoldSlot, Machine, PageRange, Phase, PinSlot, Space, TransactionSlot, VirtualPage};

use crate::block::Block;
use crate::driver::{self, CAPACITY, FINALIZE, Mirror, PIN_READ, Request, SCALE, UNPIN};
use crate::huge::show_exclusive_heads;
use crate::space::{Alive, BASE, Channels};

/// A transaction that the driver keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) phase: Phase,
    /// The space that it locks; none of one by device.
    pub(crate) space: Option<Space>,
    pub(crate) candidates: u32,
}

/// Slots of pins and, behind them, of holds.
pub(crate) const REFERENCES: usize = (PinSlot::LIMIT + HoldSlot::LIMIT) as usize;

/// Everything that there is.
pub(crate) struct World {
    channels: Channels,
    pub(crate) machine: Machine,
    /// What stands for a page of it.
    pub(crate) block: Block,
    spaces: Vec<Option<Alive>>,
    pub(crate) transactions: [Option<Open>; TransactionSlot::LIMIT as usize],
    pub(crate) references: [bool; REFERENCES],
    /// Every file that was opened: a page on a device remembers the file through which it came.
    opened: Vec<Mirror>,
    /// Of each space, at which pages a mapping begins, as was last seen.
    begins: Vec<u64>,
    pub(crate) seen: GuestState,
    /// Whether each run of frames that the operation asked for was found, in order.
    pub(crate) claims: Vec<bool>,
}

impl World {
    /// The machine at its start.
    pub(crate) fn new(channels: Channels, machine: Machine) -> io::Result<World> {
        let mut world = World {
            channels,
            machine,
            block: Block::of(&machine),
            spaces: vec![None; machine.spaces() as usize],
            transactions: [None; TransactionSlot::LIMIT as usize],
            references: [false; REFERENCES],
            opened: Vec::new(),
            begins: vec![0; machine.spaces() as usize],
            seen: GuestState::default(),
            claims: Vec::new(),
        };
        let first = channels.create(0)?;
        world.add(Space(0), first);
        let value = if world.block.is_scaled { world.block.pages } else { 0 };
        world.driver(Device(0)).request(SCALE, Request { value, ..Request::default() })?;
        for device in 0..2 {
            let frames = machine.frames(stalemap_operations::Home::Device(Device(device)));
            let request = Request { value: world.block.count(frames), ..Request::default() };
            world.driver(Device(device)).request(CAPACITY, request)?;
        }
        world.look()?;
        Ok(world)
    }

    /// Gives everything back; the frames of RAM, of which none is known, and of each device that are in use although no owner is left.
    pub(crate) fn end(mut self) -> io::Result<[u32; 3]> {
        let driver = self.driver(Device(0));
        for slot in 0..TransactionSlot::LIMIT {
            if self.transactions[slot as usize].is_some() {
                driver.request(FINALIZE, Request::slot(slot))?;
            }
        }
        for (slot, _) in (0..).zip(self.references).filter(|(_, used)| *used) {
            driver.request(UNPIN, Request::slot(slot))?;
        }
        for space in (0..self.machine.spaces()).map(Space) {
            if let Some(alive) = self.spaces[space.index()].take() {
                self.channels.end(space.0, alive);
            }
        }
        let mut leaked = [0; 3];
        for (device, leaked) in leaked[1..].iter_mut().enumerate() {
            let used = self.opened[device].request(CAPACITY, Request::default())?.out;
            *leaked = u32::try_from(used.div_ceil(self.block.pages)).unwrap_or(u32::MAX);
        }
        self.opened.into_iter().for_each(driver::close);
        Ok(leaked)
    }

    pub(crate) fn channels(&self) -> Channels {
        self.channels
    }

    pub(crate) fn alive(&self, space: Space) -> Option<Alive> {
        self.spaces[space.index()]
    }

    pub(crate) fn add(&mut self, space: Space, alive: Alive) {
        self.opened.extend(alive.mirrors);
        self.spaces[space.index()] = Some(alive);
    }

    pub(crate) fn remove(&mut self, space: Space) {
        self.spaces[space.index()] = None;
    }

    /// A file of the device that is always open: the first space's.
    pub(crate) fn driver(&self, device: Device) -> Mirror {
        self.opened[device.index()]
    }

    /// Whether an open `setup` locks the space.
    pub(crate) fn is_locked(&self, space: Space) -> bool {
        self.transactions.iter().flatten().any(|open| open.space == Some(space))
    }

    /// What was last seen at a place; nothing where it is unmapped.
    pub(crate) fn place(&self, space: Space, page: VirtualPage) -> Option<&GuestPlace> {
        let key = (space.0, page.0);
        let places = &self.seen.places;
        places.binary_search_by_key(&key, |it| (it.space.into(), it.page.into())).ok().map(|index| &places[index])
    }

    /// How many pages from the first of a range on were last seen in one mapping; 1 where it is in none.
    pub(crate) fn in_one_mapping(&self, space: Space, range: PageRange) -> u32 {
        let goes_on =
            |page: &VirtualPage| self.place(space, *page).is_some() && self.begins[space.index()] >> page.0 & 1 == 0;
        let others = range.iter().skip(1).take_while(goes_on).count();
        1 + u32::try_from(others).expect("a short range")
    }

    /// How many places of the range were last seen to have an entry.
    pub(crate) fn entries(&self, space: Space, range: PageRange) -> u32 {
        let has_entry = |page: &VirtualPage| self.place(space, *page).is_some_and(|it| it.entry != EntryKind::Hole);
        u32::try_from(range.iter().filter(has_entry).count()).expect("a short range")
    }

    /// Whether the page is one that `pages` made of a hole in a transaction that is still open.
    pub(crate) fn is_born(&self, frame: Frame) -> bool {
        let born = |it: &Candidate| it.source.is_none() && it.moves && it.destination == Some(frame);
        self.seen.transactions.iter().filter(|it| it.phase == 3).any(|it| it.candidates.iter().any(born))
    }

    /// Looks at everything.
    pub(crate) fn look(&mut self) -> io::Result<()> {
        let mut state = GuestState::default();
        let mut names = Vec::new();
        for (space, alive) in (0_u8..).zip(&self.spaces) {
            let Some(alive) = alive else { continue };
            state.alive |= 1 << space;
            state.locked |= u8::from(self.is_locked(Space(space.into()))) << space;
            let mapped = alive.mirrors[0].look(space, BASE, self.machine.pages())?;
            state.places.extend(mapped.places);
            names.push((space, mapped.name));
            self.begins[usize::from(space)] = mapped.begins;
        }
        state.transactions = self.look_at_transactions()?;
        state.held = self.look_at_references()?;
        let shown = state.places.iter().filter(|it| matches!(it.entry, EntryKind::Maps | EntryKind::Migrating));
        let mut frames: Vec<Frame> = shown.map(|place| place.frame).collect();
        let candidates = state.transactions.iter().flat_map(|it| &it.candidates);
        frames.extend(candidates.flat_map(|it| it.source.into_iter().chain(it.destination)));
        frames.extend(state.held.iter().map(|held| held.frame));
        frames.sort_unstable();
        frames.dedup();
        state.pages = self.driver(Device(0)).describe(&frames, self.block, &names)?;
        if self.block.is_scaled {
            let others = self.others_of_folios(&state.pages);
            state.pages.extend(self.driver(Device(0)).describe(&others, self.block, &names)?);
            state.pages.sort_unstable_by_key(|page| page.frame);
            show_exclusive_heads(&mut state);
        }
        self.seen = state;
        Ok(())
    }

    fn look_at_transactions(&self) -> io::Result<Vec<GuestTransaction>> {
        let mut transactions = Vec::new();
        for (slot, open) in (0_u8..).zip(&self.transactions) {
            let Some(open) = open else { continue };
            let candidates = self.driver(Device(0)).candidates(slot.into(), open.candidates)?;
            let phase = match open.phase {
                Phase::Collected => 1,
                Phase::Copied => 2,
                Phase::Moved => 3,
            };
            transactions.push(GuestTransaction { slot, phase, candidates });
        }
        Ok(transactions)
    }

    fn look_at_references(&self) -> io::Result<Vec<Held>> {
        let mut held = Vec::new();
        for (slot, _) in (0_u8..).zip(self.references).filter(|(_, used)| *used) {
            let out = self.driver(Device(0)).request(PIN_READ, Request::slot(slot.into()))?.out;
            let number = u32::try_from(out & u64::from(u32::MAX)).expect("masked");
            let home = u8::try_from(out >> 32).unwrap_or(u8::MAX);
            held.push(Held { slot, frame: Frame { home, number } });
        }
        Ok(held)
    }
}
