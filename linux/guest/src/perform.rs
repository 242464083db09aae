//! The operations, each as Linux does it. Where Linux would block, and where a slot or space is not what the operation
//! needs, the guest answers itself by what it saw last.

use std::io;

use stalemap_guest::EntryKind;
use stalemap_operations::{
    Access, Destination, Device, Effect, Errno, HoldSlot, Mask, Operation, Outcome, PageRange, Phase, PinSlot, Route,
    Space, Stamp, TransactionSlot, VirtualPage,
};

use crate::driver::{COLLECT, COPY, EVICT, FINALIZE, Mirror, PAGES, PIN_READ, PIN_WRITE, Request, SETUP, UNPIN};
use crate::space::{Alive, Task};
use crate::world::{Open, World};

/// Why there is no effect: an errno, or something that no operation should meet.
pub(crate) enum Failure {
    Errno(Errno),
    Unknown(io::Error),
}

pub(crate) type Answer = Result<Effect, Failure>;

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Failure::Errno(errno)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error().and_then(errno) {
            Some(errno) => Failure::Errno(errno),
            None => Failure::Unknown(error),
        }
    }
}

/// The errno of the table with this number.
fn errno(number: i32) -> Option<Errno> {
    Some(match number {
        libc::ESRCH => Errno::ESRCH,
        libc::EBUSY => Errno::EBUSY,
        libc::ENOENT => Errno::ENOENT,
        libc::EAGAIN => Errno::EAGAIN,
        libc::EINVAL => Errno::EINVAL,
        libc::EFAULT => Errno::EFAULT,
        libc::EPERM => Errno::EPERM,
        libc::EEXIST => Errno::EEXIST,
        libc::ENOMEM => Errno::ENOMEM,
        _ => return None,
    })
}

/// How far an access goes before it would block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Reading,
    Writing,
}

impl World {
    /// Does an operation and looks at everything afterwards.
    pub(crate) fn apply(&mut self, operation: Operation) -> Outcome {
        let began = self.begin_claims(operation);
        let answer = self.answer(operation);
        let looked = began.and_then(|known| self.look().and_then(|()| self.end_claims(known)));
        let answer = match (answer, looked) {
            (Ok(Effect::Pages(pages)), Ok(())) => Ok(Effect::Pages(pages)),
            (answer, Ok(())) => answer,
            (_, Err(error)) => Err(Failure::Unknown(error)),
        };
        match answer {
            Ok(effect) => Outcome::Done(effect),
            Err(Failure::Errno(errno)) => Outcome::Refused(errno),
            Err(Failure::Unknown(error)) => {
                eprintln!("stalemap: {operation}: {error}");
                Outcome::Stuck
            }
        }
    }

    fn answer(&mut self, operation: Operation) -> Answer {
        match operation {
            Operation::Alloc { .. } | Operation::Free { .. } | Operation::Split { .. } => {
                Err(Failure::Unknown(io::Error::other("frames cannot be chosen by a program")))
            }
            Operation::Advise { space, range, advice } => self.advise(space, range, advice),
            Operation::Collapse { space, page } => self.collapse(space, page),
            Operation::SplitFolio { space, page } => self.split_folio(space, page),
            Operation::Map { space, range, access } => self.map(space, range, access),
            Operation::Unmap { space, range } => self.unmap(space, range),
            Operation::Discard { space, range } => self.discard(space, range),
            Operation::Protect { space, range, access } => self.protect(space, range, access),
            Operation::Move { space, range, destination } => self.move_range(space, range, destination),
            Operation::Fork { space, child } => self.fork(space, child),
            Operation::Exit { space } => self.exit(space),
            Operation::Read { space, page } => self.read(space, page),
            Operation::Write { space, page, stamp } => self.write(space, page, stamp),
            Operation::DeviceRead { device, space, page } => self.device_read(device, space, page),
            Operation::DeviceWrite { device, space, page, stamp } => self.device_write(device, space, page, stamp),
            Operation::Setup { transaction, space, range, route } => self.setup(transaction, space, range, route),
            Operation::Copy { transaction, mask } => self.copy(transaction, mask),
            Operation::Pages { transaction } => self.pages(transaction),
            Operation::Finalize { transaction } => self.finalize(transaction),
            Operation::Collect { transaction, device } => self.collect(transaction, device),
            Operation::Migrate { space, range, route } => self.migrate(space, range, route),
            Operation::Evict { device } => self.evict(device),
            Operation::Pin { pin, space, page } => self.pin(pin, space, page),
            Operation::Unpin { pin } => self.release(pin.0),
            Operation::PinRead { pin } => self.peek(pin.0),
            Operation::PinWrite { pin, stamp } => self.pin_write(pin, stamp),
            Operation::Hold { hold, space, page } => self.hold(hold, space, page),
            Operation::Release { hold } => self.release(PinSlot::LIMIT + hold.0),
            Operation::Peek { hold } => self.peek(PinSlot::LIMIT + hold.0),
        }
    }

    pub(crate) fn living(&self, space: Space) -> Result<Alive, Failure> {
        Ok(self.alive(space).ok_or(Errno::ESRCH)?)
    }

    pub(crate) fn unlocked(&self, space: Space) -> Result<(), Failure> {
        if self.is_locked(space) { Err(Errno::EAGAIN.into()) } else { Ok(()) }
    }

    pub(crate) fn call(&self, space: Space, task: Task, arguments: [u64; 4]) -> Result<u64, Failure> {
        let answer = self.channels().call(space.0, task, arguments);
        answer.map_err(|number| io::Error::from_raw_os_error(number).into())
    }

    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Answer {
        self.living(space)?;
        self.unlocked(space)?;
        self.call(
            space,
            Task::Map,
            [self.block.address(range.first), self.block.length(range), protection(access), 0],
        )?;
        Ok(Effect::Nothing)
    }

    fn unmap(&mut self, space: Space, range: PageRange) -> Answer {
        self.living(space)?;
        self.unlocked(space)?;
        let pages = self.entries(space, range);
        self.call(space, Task::Unmap, [self.block.address(range.first), self.block.length(range), 0, 0])?;
        Ok(Effect::Pages(pages))
    }

    fn discard(&mut self, space: Space, range: PageRange) -> Answer {
        self.living(space)?;
        let pages = self.entries(space, range);
        self.call(
            space,
            Task::Advise,
            [self.block.address(range.first), self.block.length(range), advice(libc::MADV_DONTNEED), 0],
        )?;
        Ok(Effect::Pages(pages))
    }

    fn protect(&mut self, space: Space, range: PageRange, access: Access) -> Answer {
        self.living(space)?;
        self.unlocked(space)?;
        self.call(
            space,
            Task::Protect,
            [self.block.address(range.first), self.block.length(range), protection(access), 0],
        )?;
        Ok(Effect::Nothing)
    }

    /// A request for each mapping that the range meets: `mremap` refuses a range of several.
    fn move_range(&mut self, space: Space, range: PageRange, Destination(to): Destination) -> Answer {
        self.living(space)?;
        self.unlocked(space)?;
        let destination = PageRange { first: to, count: range.count };
        if self.place(space, range.first).is_none() {
            return Err(Errno::EFAULT.into());
        }
        if range.overlaps(destination) {
            return Err(Errno::EINVAL.into());
        }
        let pages = self.entries(space, destination);
        let mut done = 0;
        while done < range.count {
            let rest = PageRange { first: VirtualPage(range.first.0 + done), count: range.count - done };
            let part = PageRange { count: self.in_one_mapping(space, rest), ..rest };
            self.call(
                space,
                Task::Move,
                [
                    self.block.address(part.first),
                    self.block.length(part),
                    self.block.address(VirtualPage(to.0 + done)),
                    0,
                ],
            )?;
            done += part.count;
        }
        Ok(Effect::Pages(pages))
    }

    fn fork(&mut self, space: Space, child: Space) -> Answer {
        self.living(space)?;
        if self.alive(child).is_some() {
            return Err(Errno::EBUSY.into());
        }
        self.unlocked(space)?;
        let alive = self.channels().fork(space.0, child.0).map_err(io::Error::from_raw_os_error)?;
        self.add(child, alive);
        Ok(Effect::Nothing)
    }

    fn exit(&mut self, space: Space) -> Answer {
        let alive = self.living(space)?;
        self.unlocked(space)?;
        if space == Space(0) {
            return Err(Errno::EINVAL.into());
        }
        let pages = self.entries(space, PageRange { first: VirtualPage(0), count: self.machine.pages() });
        self.channels().end(space.0, alive);
        self.remove(space);
        Ok(Effect::Pages(pages))
    }

    fn read(&mut self, space: Space, page: VirtualPage) -> Answer {
        self.living(space)?;
        self.would_block(space, page, Needs::Reading, None)?;
        let value = self.call(space, Task::Read, [self.block.address(page), self.block.pages, 0, 0])?;
        Ok(Effect::Value(stamp(value)))
    }

    fn write(&mut self, space: Space, page: VirtualPage, stamp: Stamp) -> Answer {
        self.living(space)?;
        self.would_block(space, page, Needs::Writing, None)?;
        self.call(space, Task::Write, [self.block.address(page), self.block.pages, stamp.0.into(), 0])?;
        Ok(Effect::Nothing)
    }

    /// `EAGAIN` where an access would wait for a migration: at a migration entry, and at a page that a transaction has
    /// made of a hole, unless its own device looks. Where the access is not allowed Linux fails before it waits.
    fn would_block(&self, space: Space, page: VirtualPage, needs: Needs, by: Option<Device>) -> Result<(), Failure> {
        let Some(place) = self.place(space, page) else { return Ok(()) };
        let is_allowed = place.access >= if needs == Needs::Writing { 2 } else { 1 };
        let is_own = by.is_some_and(|device| u32::from(place.frame.home) == 1 + device.0);
        let waits = match place.entry {
            EntryKind::Hole | EntryKind::Unknown => false,
            // A device that writes meets the entry before it looks at the mapping's access.
            EntryKind::Migrating => is_allowed || by.is_some() && place.access >= 1,
            EntryKind::Maps => is_allowed && !is_own && self.is_born(place.frame),
        };
        if waits { Err(Errno::EAGAIN.into()) } else { Ok(()) }
    }

    fn device_read(&mut self, device: Device, space: Space, page: VirtualPage) -> Answer {
        let alive = self.living(space)?;
        self.would_block(space, page, Needs::Reading, Some(device))?;
        let value = alive.mirrors[device.index()].read(self.block.address(page), self.block.pages)?;
        Ok(Effect::Value(Stamp(value)))
    }

    fn device_write(&mut self, device: Device, space: Space, page: VirtualPage, stamp: Stamp) -> Answer {
        let alive = self.living(space)?;
        self.would_block(space, page, Needs::Writing, Some(device))?;
        alive.mirrors[device.index()].write(self.block.address(page), self.block.pages, stamp.0)?;
        Ok(Effect::Nothing)
    }

    fn setup(&mut self, slot: TransactionSlot, space: Space, range: PageRange, route: Route) -> Answer {
        let alive = self.living(space)?;
        self.must_be_free(slot)?;
        let request = Request {
            addr: self.block.address(range.first),
            npages: self.block.count(range.count),
            value: matches!(route, Route::From(_)).into(),
            ..Request::slot(slot.0)
        };
        let mirror = alive.mirrors[route.device().index()];
        self.open(slot, Some(space), mirror, SETUP, request)
    }

    fn collect(&mut self, slot: TransactionSlot, device: Device) -> Answer {
        self.must_be_free(slot)?;
        self.open(slot, None, self.driver(device), COLLECT, Request::slot(slot.0))
    }

    fn must_be_free(&self, slot: TransactionSlot) -> Result<(), Failure> {
        if self.transactions[slot.index()].is_some() { Err(Errno::EBUSY.into()) } else { Ok(()) }
    }

    fn open(
        &mut self,
        slot: TransactionSlot,
        space: Option<Space>,
        mirror: Mirror,
        number: u64,
        request: Request,
    ) -> Answer {
        let candidates = count(mirror.request(number, request)?.out);
        self.transactions[slot.index()] = Some(Open { phase: Phase::Collected, space, candidates });
        Ok(Effect::Pages(candidates))
    }

    fn transaction(&self, slot: TransactionSlot) -> Result<Open, Failure> {
        Ok(self.transactions[slot.index()].ok_or(Errno::ENOENT)?)
    }

    fn copy(&mut self, slot: TransactionSlot, mask: Mask) -> Answer {
        let open = self.transaction(slot)?;
        // The order of a device's frames is private, so that single ones cannot be chosen.
        if open.phase == Phase::Collected && open.space.is_none() && !matches!(mask, Mask(0 | 255)) {
            return Err(Errno::EINVAL.into());
        }
        self.advance(slot, COPY, Request { value: mask.0.into(), ..Request::slot(slot.0) }, Phase::Copied)
    }

    fn pages(&mut self, slot: TransactionSlot) -> Answer {
        self.transaction(slot)?;
        self.advance(slot, PAGES, Request::slot(slot.0), Phase::Moved)
    }

    fn advance(&mut self, slot: TransactionSlot, number: u64, request: Request, phase: Phase) -> Answer {
        let out = self.driver(Device(0)).request(number, request)?.out;
        if let Some(open) = &mut self.transactions[slot.index()] {
            open.phase = phase;
        }
        Ok(Effect::Pages(count(out)))
    }

    fn finalize(&mut self, slot: TransactionSlot) -> Answer {
        self.transaction(slot)?;
        let of_slot = self.seen.transactions.iter().filter(|it| u32::from(it.slot) == slot.0);
        let sources: Vec<_> = of_slot.flat_map(|it| &it.candidates).filter_map(|it| it.source).collect();
        let waits = |it: &&stalemap_guest::GuestPlace| it.entry == EntryKind::Migrating && sources.contains(&it.frame);
        let waiting: Vec<_> = self.seen.places.iter().filter(waits).map(|it| (it.space, it.page)).collect();
        self.driver(Device(0)).request(FINALIZE, Request::slot(slot.0))?;
        self.transactions[slot.index()] = None;
        self.look()?;
        let is_restored = |&&(space, page): &&(u8, u8)| {
            let place = self.place(Space(space.into()), VirtualPage(page.into()));
            place.is_some_and(|it| it.entry == EntryKind::Maps)
        };
        let restored = waiting.iter().filter(is_restored).count();
        Ok(Effect::Pages(u32::try_from(restored).expect("few places")))
    }

    /// One request for the whole range. Of a migration to the device the driver counts what the device's table holds
    /// afterwards, not what moved; so the places are looked at before and after.
    fn migrate(&mut self, space: Space, range: PageRange, route: Route) -> Answer {
        let alive = self.living(space)?;
        if self.block.is_scaled {
            return self.migrate_by_groups(space, range, route);
        }
        let mirror = alive.mirrors[route.device().index()];
        let (first, pages) = (self.block.address(range.first), self.block.count(range.count));
        if let Route::From(_) = route {
            return Ok(Effect::Pages(count(mirror.migrate_to_ram(first, pages)?)));
        }
        let before = self.on_device(space, range, route.device());
        match mirror.migrate_to_device(first, pages).map_err(Failure::from) {
            // Some page could not be moved; the others have.
            Ok(()) | Err(Failure::Errno(Errno::ENOENT)) => {}
            Err(failure) => return Err(failure),
        }
        self.look()?;
        Ok(Effect::Pages(self.on_device(space, range, route.device()) - before))
    }

    /// How many places of a range were last seen to map pages of a device.
    pub(crate) fn on_device(&self, space: Space, range: PageRange, device: Device) -> u32 {
        let home = 1 + device.0;
        let is_there = |page: &VirtualPage| {
            self.place(space, *page).is_some_and(|it| it.entry == EntryKind::Maps && u32::from(it.frame.home) == home)
        };
        u32::try_from(range.iter().filter(is_there).count()).expect("a short range")
    }

    fn evict(&mut self, device: Device) -> Answer {
        let home = u8::try_from(1 + device.0).expect("two devices");
        let on_device = |world: &World| {
            let shown = |frame| world.seen.places.iter().any(|it| it.entry == EntryKind::Maps && it.frame == frame);
            world.seen.pages.iter().filter(|page| page.frame.home == home && shown(page.frame)).count()
        };
        let before = on_device(self);
        let freed = self.driver(device).request(EVICT, Request::default())?.out;
        // Pages of a large folio move with it, those too that nothing maps.
        if self.block.is_scaled {
            return Ok(Effect::Pages(count(freed / self.block.pages)));
        }
        self.look()?;
        let moved = before.saturating_sub(on_device(self));
        Ok(Effect::Pages(u32::try_from(moved).expect("few pages")))
    }

    fn pin(&mut self, pin: PinSlot, space: Space, page: VirtualPage) -> Answer {
        self.living(space)?;
        self.must_be_empty(pin.0)?;
        self.would_block(space, page, Needs::Writing, None)?;
        self.refer(pin.0, space, page, true)
    }

    fn hold(&mut self, hold: HoldSlot, space: Space, page: VirtualPage) -> Answer {
        let slot = PinSlot::LIMIT + hold.0;
        self.living(space)?;
        self.must_be_empty(slot)?;
        // Linux would hold the shared zero page.
        if self.place(space, page).is_some_and(|it| it.entry == EntryKind::Hole && it.access >= 1) {
            return Err(Errno::ENOENT.into());
        }
        self.would_block(space, page, Needs::Reading, None)?;
        self.refer(slot, space, page, false)
    }

    fn must_be_empty(&self, slot: u32) -> Result<(), Failure> {
        if self.references[slot as usize] { Err(Errno::EBUSY.into()) } else { Ok(()) }
    }

    fn refer(&mut self, slot: u32, space: Space, page: VirtualPage, is_pin: bool) -> Answer {
        let file = self.driver(Device(0)).0.cast_unsigned();
        self.call(space, Task::Pin, [file.into(), slot.into(), self.block.address(page), is_pin.into()])?;
        self.references[slot as usize] = true;
        Ok(Effect::Nothing)
    }

    fn release(&mut self, slot: u32) -> Answer {
        self.driver(Device(0)).request(UNPIN, Request::slot(slot))?;
        self.references[slot as usize] = false;
        Ok(Effect::Freed(0))
    }

    fn peek(&mut self, slot: u32) -> Answer {
        let value = self.driver(Device(0)).request(PIN_READ, Request::slot(slot))?.value;
        Ok(Effect::Value(stamp(value)))
    }

    fn pin_write(&mut self, pin: PinSlot, Stamp(value): Stamp) -> Answer {
        self.driver(Device(0)).request(PIN_WRITE, Request { value: value.into(), ..Request::slot(pin.0) })?;
        Ok(Effect::Nothing)
    }
}

/// An advice as an argument.
pub(crate) fn advice(advice: i32) -> u64 {
    advice.cast_unsigned().into()
}

fn protection(access: Access) -> u64 {
    u64::from(
        match access {
            Access::None => libc::PROT_NONE,
            Access::Read => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        }
        .cast_unsigned(),
    )
}

fn stamp(value: u64) -> Stamp {
    Stamp(value.to_le_bytes()[0])
}

pub(crate) fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
