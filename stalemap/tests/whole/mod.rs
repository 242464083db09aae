//! The implementation of the project as a memory manager of others: everything that it can do in one step, by the adapters' traits.

use stalemap::operations::{
    BlockSlot, Destination, Entry, Observation, Order, PageToken, PageView, PinSlot, PlaceState, Slot, SlotState,
};
use stalemap::{
    Access, AddressSpaces, Advice, BlockMemory, Device, DeviceMemory, Effect, Errno, Folio, FrameToken, Home,
    HugeMemory, Kind, KindSet, Machine, Mapping, Observables, Operation, Outcome, PageRange, PinnedMemory, Place,
    Route, Scope, Space, Stamp, Subject as _, VirtualPage,
};
use stalemap_implementation::Implementation;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Entries are never huge.
    HidesHugeEntries,
    /// A large folio has one entry too many.
    CountsOneMore,
    /// Which runs of frames were found is not told.
    TellsNoRuns,
    /// A block begins one frame too late.
    ShiftsBlocks,
    /// Advice is not heard.
    IgnoresAdvice,
}

pub(crate) const FAULTS: [Fault; 6] = [
    Fault::None,
    Fault::HidesHugeEntries,
    Fault::CountsOneMore,
    Fault::TellsNoRuns,
    Fault::ShiftsBlocks,
    Fault::IgnoresAdvice,
];

/// The implementation, and everything that it showed after the last operation.
pub(crate) struct Whole<const FAULT: usize> {
    inner: Implementation,
    seen: Observation,
}

impl<const FAULT: usize> Whole<FAULT> {
    const FAULT: Fault = FAULTS[FAULT];

    fn apply(&mut self, operation: Operation) -> Result<Effect, Errno> {
        let outcome = self.inner.apply(operation);
        self.inner.observe(&Scope::everything(), &mut self.seen);
        match outcome {
            Outcome::Done(effect) => Ok(effect),
            Outcome::Refused(errno) => Err(errno),
            other => panic!("{operation} answers {other:?}"),
        }
    }

    fn page(&self, token: PageToken) -> &PageView {
        self.seen.page(token).expect("a page that lives")
    }

    fn in_frame(&self, frame: FrameToken) -> &PageView {
        self.seen.pages.iter().find(|page| page.frame == Some(frame)).expect("a frame in use")
    }

    fn state(&self, place: Place) -> PlaceState {
        let view = self.seen.places.iter().find(|view| view.place == place);
        view.map_or(PlaceState::Unmapped, |view| view.state)
    }

    fn slot(&self, slot: Slot) -> SlotState {
        let state = self.seen.slots.iter().find(|(it, _)| *it == slot);
        state.map_or(SlotState::Empty, |(_, state)| state.clone())
    }

    fn empty_pin(&self) -> PinSlot {
        let mut pins = (0..PinSlot::LIMIT).map(PinSlot);
        pins.find(|&pin| self.slot(Slot::Pin(pin)) == SlotState::Empty).expect("as many slots as the adapter has")
    }

    /// A pin of the page in this frame.
    fn pin_of(&self, frame: FrameToken) -> PinSlot {
        let token = self.in_frame(frame).token;
        let mut pins = (0..PinSlot::LIMIT).map(PinSlot);
        pins.find(|&pin| self.slot(Slot::Pin(pin)) == SlotState::Pin(token)).expect("it is pinned")
    }

    /// The block of which this frame is the lowest that is held.
    fn block_at(&self, first: u32) -> (BlockSlot, Order, bool) {
        let block = self.seen.slots.iter().find_map(|(slot, state)| match (slot, state) {
            (Slot::Block(slot), SlotState::Block { order, split, held, base: Some(base) }) => {
                (base.offset + order.frames() - held == first).then_some((*slot, *order, *split))
            }
            _ => None,
        });
        block.expect("a block")
    }

    fn value(effect: Effect) -> Stamp {
        let Effect::Value(stamp) = effect else { panic!("{effect:?} is no value") };
        stamp
    }

    fn pages(effect: Effect) -> u32 {
        let Effect::Pages(pages) = effect else { panic!("{effect:?} is no number of pages") };
        pages
    }
}

impl<const FAULT: usize> AddressSpaces for Whole<FAULT> {
    const NAME: &'static str = "whole";
    const OPERATIONS: KindSet = KindSet::NONE
        .with(Kind::Map)
        .with(Kind::Unmap)
        .with(Kind::Protect)
        .with(Kind::Discard)
        .with(Kind::Move)
        .with(Kind::Fork)
        .with(Kind::Exit)
        .with(Kind::Read)
        .with(Kind::Write);
    const SHOWS: Observables = Observables::NONE
        .and(Observables::WRITABLE)
        .and(Observables::STAMPS)
        .and(Observables::EXCLUSIVE)
        .and(Observables::MAPCOUNTS)
        .and(Observables::REFCOUNTS)
        .and(Observables::RMAPS)
        .and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        let (inner, mut seen) = (Implementation::new(machine), Observation::default());
        inner.observe(&Scope::everything(), &mut seen);
        Ok(Whole { inner, seen })
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        self.apply(Operation::Map { space, range, access }).map(drop)
    }

    fn unmap(&mut self, space: Space, range: PageRange) {
        self.apply(Operation::Unmap { space, range }).expect("the space is alive");
    }

    fn protect(&mut self, space: Space, range: PageRange, access: Access) {
        self.apply(Operation::Protect { space, range, access }).expect("the range is mapped");
    }

    fn discard(&mut self, space: Space, range: PageRange) {
        let answer = self.apply(Operation::Discard { space, range });
        assert!(matches!(answer, Ok(_) | Err(Errno::ENOMEM)), "{answer:?}");
    }

    fn relocate_range(&mut self, space: Space, range: PageRange, to: VirtualPage) {
        self.apply(Operation::Move { space, range, destination: Destination(to) }).expect("the range is mapped");
    }

    fn try_fork(&mut self, space: Space, child: Space) -> Result<(), Errno> {
        self.apply(Operation::Fork { space, child }).map(drop)
    }

    fn exit(&mut self, space: Space) {
        self.apply(Operation::Exit { space }).expect("the space is alive");
    }

    fn read(&mut self, Place { space, page }: Place) -> Result<Stamp, Errno> {
        self.apply(Operation::Read { space, page }).map(Self::value)
    }

    fn write(&mut self, Place { space, page }: Place, stamp: Stamp) -> Result<(), Errno> {
        self.apply(Operation::Write { space, page, stamp }).map(drop)
    }

    fn look(&self, place: Place) -> Option<Mapping> {
        let PlaceState::Mapped { access, entry } = self.state(place) else { return None };
        Some(match entry {
            Entry::Hole => Mapping::hole(access),
            Entry::Maps { page, writable, .. } => Mapping { access, frame: self.page(page).frame, writable },
            Entry::Migrating { .. } => unreachable!("no migration has phases here"),
        })
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        self.in_frame(frame).stamp
    }

    fn is_exclusive(&self, frame: FrameToken) -> bool {
        self.in_frame(frame).exclusive
    }

    fn mapcount(&self, frame: FrameToken) -> u32 {
        self.in_frame(frame).mapcount
    }

    fn refcount(&self, frame: FrameToken) -> u32 {
        self.in_frame(frame).refcount
    }

    fn rmap(&self, frame: FrameToken) -> Vec<Place> {
        self.seen.rmap(self.in_frame(frame)).to_vec()
    }

    fn free_frames(&self, home: Home) -> u32 {
        self.seen.free[home.index()]
    }

    fn validate(&self) -> Result<(), String> {
        self.inner.validate()
    }
}

impl<const FAULT: usize> DeviceMemory for Whole<FAULT> {
    const EVICTS: bool = true;

    fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Result<u32, Errno> {
        self.apply(Operation::Migrate { space, range, route }).map(Self::pages)
    }

    fn evict(&mut self, device: Device) -> Result<u32, Errno> {
        self.apply(Operation::Evict { device }).map(Self::pages)
    }

    fn device_read(&mut self, device: Device, Place { space, page }: Place) -> Result<Stamp, Errno> {
        self.apply(Operation::DeviceRead { device, space, page }).map(Self::value)
    }

    fn device_write(&mut self, device: Device, Place { space, page }: Place, stamp: Stamp) -> Result<(), Errno> {
        self.apply(Operation::DeviceWrite { device, space, page, stamp }).map(drop)
    }
}

impl<const FAULT: usize> PinnedMemory for Whole<FAULT> {
    fn pin(&mut self, Place { space, page }: Place) -> Result<FrameToken, Errno> {
        let pin = self.empty_pin();
        self.apply(Operation::Pin { pin, space, page })?;
        let SlotState::Pin(token) = self.slot(Slot::Pin(pin)) else { panic!("the slot is empty") };
        Ok(self.page(token).frame.expect("it shows frames"))
    }

    fn unpin(&mut self, frame: FrameToken) {
        let pin = self.pin_of(frame);
        self.apply(Operation::Unpin { pin }).expect("it is pinned");
    }

    fn pin_read(&mut self, frame: FrameToken) -> Stamp {
        let pin = self.pin_of(frame);
        Self::value(self.apply(Operation::PinRead { pin }).expect("it is pinned"))
    }

    fn pin_write(&mut self, frame: FrameToken, stamp: Stamp) {
        let pin = self.pin_of(frame);
        self.apply(Operation::PinWrite { pin, stamp }).expect("it is pinned");
    }
}

impl<const FAULT: usize> BlockMemory for Whole<FAULT> {
    const SPLITS: bool = true;

    fn allocate(&mut self, order: u32) -> Option<u32> {
        let mut slots = (0..BlockSlot::LIMIT).map(BlockSlot);
        let block = slots.find(|&block| self.slot(Slot::Block(block)) == SlotState::Empty).expect("a slot");
        self.apply(Operation::Alloc { block, order: Order(order) }).ok()?;
        let SlotState::Block { base: Some(base), .. } = self.slot(Slot::Block(block)) else { panic!("no block") };
        Some(base.offset + u32::from(Self::FAULT == Fault::ShiftsBlocks))
    }

    fn free(&mut self, first: u32, order: u32) {
        let (block, of, is_split) = self.block_at(first - u32::from(Self::FAULT == Fault::ShiftsBlocks));
        if of.0 > order && !is_split {
            self.apply(Operation::Split { block }).expect("a block that is whole");
        }
        self.apply(Operation::Free { block }).expect("a block");
    }
}

impl<const FAULT: usize> HugeMemory for Whole<FAULT> {
    fn advise(&mut self, space: Space, range: PageRange, advice: Advice) {
        if Self::FAULT != Fault::IgnoresAdvice {
            let answer = self.apply(Operation::Advise { space, range, advice });
            assert!(matches!(answer, Ok(_) | Err(Errno::ENOMEM)), "{answer:?}");
        }
    }

    fn collapse(&mut self, Place { space, page }: Place) -> Result<(), Errno> {
        self.apply(Operation::Collapse { space, page }).map(drop)
    }

    fn split_folio(&mut self, Place { space, page }: Place) -> Result<(), Errno> {
        self.apply(Operation::SplitFolio { space, page }).map(drop)
    }

    fn is_huge(&self, place: Place) -> bool {
        let PlaceState::Mapped { entry: Entry::Maps { huge, .. }, .. } = self.state(place) else { return false };
        huge && Self::FAULT != Fault::HidesHugeEntries
    }

    fn folio(&self, frame: FrameToken) -> Option<Folio> {
        let folio = self.in_frame(frame).folio?;
        let head = self.page(folio.head).frame.expect("it shows frames");
        Some(Folio { head, mapcount: folio.mapcount + u32::from(Self::FAULT == Fault::CountsOneMore) })
    }

    fn runs(&self) -> Vec<bool> {
        if Self::FAULT == Fault::TellsNoRuns { Vec::new() } else { self.inner.runs().to_vec() }
    }
}
