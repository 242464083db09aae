//! A library of C as a subject: the adapters of the crate `stalemap`, with what the table has.

use stalemap::{
    Access, AddressSpaces, BlockAllocator, BlockContract, BlockMemory, Capabilities, Device, DeviceMemory, Errno,
    Extensions, FrameToken, Home, Kind, KindSet, Machine, Mapping, Observables, Observation, Operation, Outcome,
    PageRange, Place, Refusals, Route, Scope, Space, Stamp, Subject, Touched, VirtualPage, blocks,
};

use stalemap::operations::{BlockSlot, Order};

use crate::calls::Object;
use crate::library::loaded;
use crate::table::Table;

/// The subject that the loaded library is: its objects behind the adapter that fits.
pub struct CSubject(Box<dyn Subject>);

/// Builds a subject of the library that [`load`](crate::load) has loaded.
///
/// # Errors
/// Says why the library cannot be this machine.
///
/// # Panics
/// When no library is loaded, and where its functions answer what means nothing.
pub fn build(machine: &Machine) -> Result<CSubject, String> {
    let table = loaded().table;
    if table.map.is_none() {
        return Ok(CSubject(Box::new(blocks::<Allocator>(machine)?)));
    }
    let extensions = Extensions::<Manager>::new();
    let extensions = if table.migrate.is_some() { extensions.devices() } else { extensions };
    let extensions = if table.alloc.is_some() { extensions.blocks() } else { extensions };
    Ok(CSubject(Box::new(extensions.build(machine)?)))
}

/// The operations and observables that stand behind functions which may be NULL.
fn absent(table: &Table) -> (Vec<Kind>, Observables) {
    let kinds = [
        (Kind::Split, table.splits == 1),
        (Kind::Protect, table.protect.is_some()),
        (Kind::Discard, table.discard.is_some()),
        (Kind::Move, table.relocate.is_some()),
        (Kind::Fork, table.fork.is_some()),
        (Kind::Exit, table.exit.is_some()),
        (Kind::Evict, table.evict.is_some()),
    ];
    let observables = [
        (Observables::WRITABLE, table.shows_writable == 1),
        (Observables::STAMPS, table.value.is_some()),
        (Observables::EXCLUSIVE, table.is_exclusive.is_some()),
        (Observables::MAPCOUNTS, table.mapcount.is_some()),
        (Observables::REFCOUNTS, table.refcount.is_some()),
        (Observables::RMAPS, table.rmap.is_some()),
        (Observables::FREE, table.free_frames.is_some()),
    ];
    let kinds = kinds.into_iter().filter(|(_, is_there)| !is_there).map(|(kind, _)| kind).collect();
    let absent = observables.into_iter().filter(|(_, is_there)| !is_there);
    (kinds, absent.fold(Observables::NONE, |all, (one, _)| all.and(one)))
}

fn contract(table: &Table) -> BlockContract {
    let refusals = match table.refusals {
        0 => Refusals::OnlyWithoutRun,
        1 => Refusals::AboveOrder0,
        _ => Refusals::Any,
    };
    let highest = if table.highest_order == 0 { Order::LIMIT - 1 } else { table.highest_order };
    let live = if table.live_blocks == 0 { BlockSlot::LIMIT } else { table.live_blocks };
    let alignment = Some(table.alignment).filter(|&frames| frames > 0);
    BlockContract { refusals, alignment, lowest: Order(table.lowest_order), highest: Order(highest), live }
}

impl Subject for CSubject {
    fn name(&self) -> &str {
        loaded().name
    }

    fn capabilities(&self) -> Capabilities {
        let table = loaded().table;
        let (kinds, observables) = absent(table);
        let all = self.0.capabilities();
        Capabilities {
            observables: all.observables.without(observables),
            operations: kinds.into_iter().fold(all.operations, KindSet::without),
            blocks: contract(table),
            ..all
        }
    }

    fn machine(&self) -> &Machine {
        self.0.machine()
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.0.capacity()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.0.apply(operation)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.0.touched(into)
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.0.observe(scope, into);
    }

    fn validate(&self) -> Result<(), String> {
        self.0.validate()
    }
}

/// The library as an allocator of blocks.
struct Allocator(Object);

impl BlockAllocator for Allocator {
    const NAME: &'static str = "a library of C";
    const SPLITS: bool = true;

    fn new(frames: u32) -> Result<Self, String> {
        let machine = Machine::new([frames, 0, 0], 1, 1, stalemap::operations::Dialect::default());
        Object::create(&machine.ok_or("more frames than a machine has")?).map(Allocator)
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        self.0.alloc(order)
    }

    fn free(&mut self, first: u32, order: u32) {
        self.0.free(first, order);
    }

    fn free_frames(&self) -> Option<u32> {
        loaded().table.free_frames.map(|_| self.0.free_frames(Home::Ram))
    }

    fn validate(&self) -> Result<(), String> {
        self.0.validate()
    }
}

/// The library as a memory manager. What a NULL would answer is masked by the capabilities.
struct Manager(Object, [u32; Home::LIMIT]);

impl AddressSpaces for Manager {
    const NAME: &'static str = "a library of C";
    const OPERATIONS: KindSet = KindSet::NONE
        .with(Kind::Map)
        .with(Kind::Unmap)
        .with(Kind::Discard)
        .with(Kind::Protect)
        .with(Kind::Move)
        .with(Kind::Fork)
        .with(Kind::Exit)
        .with(Kind::Read)
        .with(Kind::Write);
    const SHOWS: Observables = Observables::WRITABLE
        .and(Observables::STAMPS)
        .and(Observables::EXCLUSIVE)
        .and(Observables::MAPCOUNTS)
        .and(Observables::REFCOUNTS)
        .and(Observables::RMAPS)
        .and(Observables::FREE);

    fn new(machine: &Machine) -> Result<Self, String> {
        Object::create(machine).map(|object| Manager(object, Home::ALL.map(|home| machine.frames(home))))
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        self.0.map(space, range, access)
    }

    fn unmap(&mut self, space: Space, range: PageRange) {
        self.0.unmap(space, range);
    }

    fn protect(&mut self, space: Space, range: PageRange, access: Access) {
        self.0.protect(space, range, access);
    }

    fn discard(&mut self, space: Space, range: PageRange) {
        self.0.discard(space, range);
    }

    fn relocate(&mut self, space: Space, from: VirtualPage, to: VirtualPage) {
        self.0.relocate(space, from, to);
    }

    fn fork(&mut self, parent: Space, child: Space) {
        self.0.fork(parent, child);
    }

    fn exit(&mut self, space: Space) {
        self.0.exit(space);
    }

    fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
        self.0.read(place)
    }

    fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
        self.0.write(place, stamp)
    }

    fn look(&self, place: Place) -> Option<Mapping> {
        self.0.look(place)
    }

    fn stamp(&self, frame: FrameToken) -> Stamp {
        loaded().table.value.map_or(Stamp(0), |_| self.0.value(frame))
    }

    fn is_exclusive(&self, frame: FrameToken) -> bool {
        loaded().table.is_exclusive.is_some() && self.0.is_exclusive(frame)
    }

    fn mapcount(&self, frame: FrameToken) -> u32 {
        loaded().table.mapcount.map_or(0, |_| self.0.mapcount(frame))
    }

    fn refcount(&self, frame: FrameToken) -> u32 {
        loaded().table.refcount.map_or(0, |_| self.0.refcount(frame))
    }

    fn rmap(&self, frame: FrameToken) -> Vec<Place> {
        loaded().table.rmap.map_or_else(Vec::new, |_| self.0.rmap(frame))
    }

    fn free_frames(&self, home: Home) -> u32 {
        loaded().table.free_frames.map_or(self.1[home.index()], |_| self.0.free_frames(home))
    }

    fn validate(&self) -> Result<(), String> {
        self.0.validate()
    }
}

impl DeviceMemory for Manager {
    const EVICTS: bool = true;

    fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Result<u32, Errno> {
        let (device, to_device) = match route {
            Route::To(device) => (device, true),
            Route::From(device) => (device, false),
        };
        self.0.migrate(space, range, device, to_device)
    }

    fn evict(&mut self, device: Device) -> Result<u32, Errno> {
        self.0.evict(device)
    }

    fn device_read(&mut self, device: Device, place: Place) -> Result<Stamp, Errno> {
        self.0.device_read(device, place)
    }

    fn device_write(&mut self, device: Device, place: Place, stamp: Stamp) -> Result<(), Errno> {
        self.0.device_write(device, place, stamp)
    }
}

impl BlockMemory for Manager {
    const SPLITS: bool = true;

    fn allocate(&mut self, order: u32) -> Option<u32> {
        self.0.alloc(order)
    }

    fn free(&mut self, first: u32, order: u32) {
        self.0.free(first, order);
    }
}
