//! A memory manager as a subject of level 1.

use std::mem;

use stalemap_operations::{
    Access, Capabilities, Effect, Entry, Errno, FolioView, FrameToken, Home, LargeFolios, Machine, Observables,
    Observation, Operation, Outcome, PageRange, PageToken, PageView, PinSlot, Place, PlaceState, PlaceView, Scope,
    Slot, SlotState, Space, SpaceSet, Stamp, Subject, Touched, VirtualPage,
};

use super::AddressSpaces;
use crate::block_slots::BlockSlots;
use crate::extensions::Extensions;
use crate::folio::Folio;
use crate::identities::{Identities, Step};
use crate::mapping::Mapping;

/// Builds the subject that a memory manager is.
///
/// # Errors
/// Says why it cannot be this machine.
pub fn spaces<M: AddressSpaces>(machine: &Machine) -> Result<Spaces<M>, String> {
    Extensions::new().build(machine)
}

/// A memory manager, which spaces of it are alive, and which page is which.
pub struct Spaces<M> {
    pub(crate) machine: Machine,
    pub(crate) manager: M,
    capacity: [u32; Home::LIMIT],
    alive: SpaceSet,
    identities: Identities,
    /// The frames that are pinned: pages in them live though nothing maps them.
    pub(crate) pins: [Option<FrameToken>; PinSlot::LIMIT as usize],
    pub(crate) blocks: BlockSlots,
    pub(crate) extensions: Extensions<M>,
    /// What the manager says of the runs that the last operation looked for.
    runs: Vec<bool>,
}

/// What an operation answers.
pub(crate) type Answer = Result<Effect, Errno>;

impl<M: AddressSpaces> Spaces<M> {
    /// A machine at its start.
    pub(crate) fn new(machine: &Machine, extensions: Extensions<M>) -> Result<Spaces<M>, String> {
        let manager = M::new(machine)?;
        let tells = M::SHOWS.include(Observables::FREE);
        let capacity = Home::ALL.map(|home| if tells { manager.free_frames(home) } else { machine.frames(home) });
        let identities = Identities::new(machine.spaces(), machine.pages());
        let (alive, pins, blocks) = (SpaceSet::from(1), Default::default(), BlockSlots::default());
        let machine = *machine;
        Ok(Spaces { machine, manager, capacity, alive, identities, pins, blocks, extensions, runs: Vec::new() })
    }

    /// What an operation of level 1 answers; none for another one.
    fn answer(&mut self, operation: Operation) -> Option<Answer> {
        let answer = if let Operation::Map { space, range, access } = operation {
            self.living(space).and_then(|()| self.manager.map(space, range, access)).map(|()| Effect::Nothing)
        } else if let Operation::Unmap { space, range } = operation {
            self.living(space).map(|()| self.unmapping(space, range, |manager| manager.unmap(space, range)))
        } else if let Operation::Discard { space, range } = operation {
            self.living(space).and_then(|()| self.discard(space, range))
        } else if let Operation::Protect { space, range, access } = operation {
            self.living(space).and_then(|()| self.protect(space, range, access))
        } else if let Operation::Move { space, range, destination } = operation {
            let to = PageRange { first: destination.0, count: range.count };
            self.living(space).and_then(|()| self.relocate(space, range, to))
        } else if let Operation::Fork { space, child } = operation {
            self.living(space).and_then(|()| self.fork(space, child))
        } else if let Operation::Exit { space } = operation {
            self.living(space).and_then(|()| self.exit(space))
        } else if let Operation::Read { space, page } = operation {
            self.living(space).and_then(|()| self.manager.read(Place { space, page })).map(Effect::Value)
        } else if let Operation::Write { space, page, stamp } = operation {
            self.living(space).and_then(|()| self.manager.write(Place { space, page }, stamp)).map(|()| Effect::Nothing)
        } else {
            return None;
        };
        self.update(Step::of(operation));
        Some(answer)
    }

    /// Whether a space is alive.
    pub(crate) fn living(&self, space: Space) -> Result<(), Errno> {
        if self.alive.contains(space) { Ok(()) } else { Err(Errno::ESRCH) }
    }

    /// Looks at all places; how many pages have ended since the last look.
    pub(crate) fn update(&mut self, step: Step) -> u32 {
        let (manager, folios) = (&self.manager, self.extensions.folios());
        let count = self.machine.huge_pages();
        let folio = |frame| {
            let folio = folios.and_then(|it| (it.folio)(manager, frame));
            folio.map_or_else(Vec::new, |Folio { head, .. }| {
                (0..count).map(|index| FrameToken { offset: head.offset + index, ..head }).collect()
            })
        };
        let pinned = self.pins.iter().flatten().copied();
        self.identities.update(|place| manager.look(place), pinned, folio, step)
    }

    /// What a place shows.
    pub(crate) fn mapping(&self, place: Place) -> Option<&Mapping> {
        self.identities.at(place)
    }

    pub(crate) fn is_mapped(&self, place: Place) -> bool {
        self.mapping(place).is_some()
    }

    /// How many places from the first of a range on are mapped.
    fn mapped_at_start(&self, space: Space, range: PageRange) -> u32 {
        let mapped = range.iter().take_while(|page| self.is_mapped(Place { space, page: *page })).count();
        u32::try_from(mapped).expect("a range is short")
    }

    /// Whether each place of a range is mapped.
    pub(crate) fn is_all_mapped(&self, space: Space, range: PageRange) -> bool {
        self.mapped_at_start(space, range) == range.count
    }

    /// Does what unmaps pages of a range, and counts them.
    fn unmapping(&mut self, space: Space, range: PageRange, act: impl FnOnce(&mut M)) -> Effect {
        let maps =
            |page: &VirtualPage| self.identities.at(Place { space, page: *page }).is_some_and(|it| it.frame.is_some());
        let pages = range.iter().filter(maps).count();
        act(&mut self.manager);
        let freed = self.update(Step::Other);
        Effect::PagesFreed { pages: u32::try_from(pages).expect("a range is short"), freed }
    }

    /// Unmapped places are passed over, and then told.
    fn discard(&mut self, space: Space, range: PageRange) -> Result<Effect, Errno> {
        let all_mapped = self.is_all_mapped(space, range);
        let effect = self.unmapping(space, range, |manager| manager.discard(space, range));
        if all_mapped { Ok(effect) } else { Err(Errno::ENOMEM) }
    }

    /// The first unmapped place stops; what is before it is done.
    fn protect(&mut self, space: Space, range: PageRange, access: Access) -> Result<Effect, Errno> {
        let count = self.mapped_at_start(space, range);
        if count > 0 {
            self.manager.protect(space, PageRange { count, ..range }, access);
        }
        if count == range.count { Ok(Effect::Nothing) } else { Err(Errno::ENOMEM) }
    }

    /// The first source place that is unmapped stops.
    fn relocate(&mut self, space: Space, range: PageRange, to: PageRange) -> Result<Effect, Errno> {
        if !self.is_mapped(Place { space, page: range.first }) {
            return Err(Errno::EFAULT);
        }
        if range.overlaps(to) {
            return Err(Errno::EINVAL);
        }
        let count = self.mapped_at_start(space, range);
        let effect = self.unmapping(space, PageRange { count, ..to }, |manager| {
            manager.relocate_range(space, PageRange { count, ..range }, to.first);
        });
        if count == range.count { Ok(effect) } else { Err(Errno::EFAULT) }
    }

    fn fork(&mut self, parent: Space, child: Space) -> Result<Effect, Errno> {
        if self.alive.contains(child) {
            return Err(Errno::EBUSY);
        }
        self.manager.try_fork(parent, child)?;
        self.alive.insert(child);
        Ok(Effect::Nothing)
    }

    fn exit(&mut self, space: Space) -> Result<Effect, Errno> {
        if space == Space(0) {
            return Err(Errno::EINVAL);
        }
        let all = PageRange { first: VirtualPage(0), count: self.machine.pages() };
        let effect = self.unmapping(space, all, |manager| manager.exit(space));
        self.alive.remove(space);
        Ok(effect)
    }

    fn state(&self, place: Place) -> PlaceState {
        let Some(&Mapping { access, frame, writable }) = self.identities.at(place) else {
            return PlaceState::Unmapped;
        };
        let entry = frame.map_or(Entry::Hole, |frame| Entry::Maps {
            page: self.identities.token(frame),
            writable,
            huge: self.extensions.folios().is_some_and(|it| (it.is_huge)(&self.manager, place)),
        });
        PlaceState::Mapped { access, entry }
    }

    fn show_page(&self, token: PageToken, frame: FrameToken, into: &mut Observation) {
        let shows = |one| M::SHOWS.include(one);
        let manager = &self.manager;
        let first = into.rmaps.len();
        if shows(Observables::RMAPS) {
            into.rmaps.extend(manager.rmap(frame));
        }
        into.pages.push(PageView {
            token,
            home: frame.home,
            stamp: if shows(Observables::STAMPS) { manager.stamp(frame) } else { Stamp(0) },
            exclusive: shows(Observables::EXCLUSIVE) && manager.is_exclusive(frame),
            mapcount: if shows(Observables::MAPCOUNTS) { manager.mapcount(frame) } else { 0 },
            refcount: if shows(Observables::REFCOUNTS) { manager.refcount(frame) } else { 0 },
            rmap: first..into.rmaps.len(),
            frame: Some(frame),
            folio: self.folio(frame),
        });
    }

    /// The large folio of the page in a frame.
    fn folio(&self, frame: FrameToken) -> Option<FolioView> {
        let Folio { head, mapcount } = (self.extensions.folios()?.folio)(&self.manager, frame)?;
        Some(FolioView { head: self.identities.token(head), index: frame.offset - head.offset, mapcount })
    }

    fn show_everything(&self, into: &mut Observation) {
        for place in self.identities.places() {
            let state = self.state(place);
            if state != PlaceState::Unmapped {
                into.places.push(PlaceView { place, state });
            }
        }
        for (token, frame) in self.identities.pages() {
            self.show_page(token, frame, into);
        }
        let slots = Slot::all().map(|slot| (slot, self.slot(slot)));
        into.slots.extend(slots.filter(|(_, state)| *state != SlotState::Empty));
    }

    fn slot(&self, slot: Slot) -> SlotState {
        match slot {
            Slot::Pin(pin) => {
                self.pins[pin.index()].map_or(SlotState::Empty, |frame| SlotState::Pin(self.identities.token(frame)))
            }
            Slot::Block(block) => self.blocks.state(block),
            Slot::Transaction(_) | Slot::Hold(_) => SlotState::Empty,
        }
    }

    fn show_part(&self, scope: &Scope, into: &mut Observation) {
        into.places.extend(scope.places.iter().map(|&place| PlaceView { place, state: self.state(place) }));
        into.slots.extend(scope.slots.iter().map(|slot| (*slot, self.slot(*slot))));
        let mut pages = scope.pages.clone();
        pages.extend(into.places.iter().filter_map(|view| view.state.page()));
        pages.sort_unstable();
        pages.dedup();
        for token in pages {
            if let Some(frame) = self.identities.frame(token) {
                self.show_page(token, frame, into);
            }
        }
    }
}

impl<M: AddressSpaces> Subject for Spaces<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn capabilities(&self) -> Capabilities {
        let Spaces { extensions, .. } = self;
        Capabilities {
            observables: extensions.shows(),
            operations: extensions.operations(),
            blocks: extensions.contract(),
            large_folios: extensions.folios().map_or(LargeFolios::ByRule, |it| it.promise),
        }
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.capacity
    }

    fn reset(&mut self) {
        let extensions = mem::take(&mut self.extensions);
        *self = Spaces::new(&self.machine, extensions).expect("it was this machine before");
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        let answer = self.extended_answer(operation).or_else(|| self.answer(operation));
        let answer = answer.unwrap_or_else(|| unreachable!("{operation} is not among what it can do"));
        self.runs = self.extensions.folios().map_or_else(Vec::new, |it| (it.runs)(&self.manager));
        answer.map_or_else(Outcome::Refused, Outcome::Done)
    }

    /// All places are looked at after each operation, so that nothing is gained by telling.
    fn touched(&mut self, _: &mut Touched) -> bool {
        false
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        into.clear();
        into.alive.clone_from(&self.alive);
        if M::SHOWS.include(Observables::FREE) {
            into.free = Home::ALL.map(|home| self.manager.free_frames(home));
        }
        if scope.everything { self.show_everything(into) } else { self.show_part(scope, into) }
    }

    fn runs(&self) -> &[bool] {
        &self.runs
    }

    fn validate(&self) -> Result<(), String> {
        self.manager.validate()
    }
}
