//! The world, and which rule answers which operation.

use alloc::vec::Vec;

use stalemap_operations::{
    BlockContract, BlockSlot, Capabilities, Effect, Errno, HoldSlot, Home, LargeFolios, Machine, Observation,
    Operation, Order, Outcome, PageToken, PinSlot, Place, Scope, Space, SpaceSet, Stamp, Subject, Touched,
    TransactionSlot, Visitor,
};

use crate::entry::{Entry, Mapped};
use crate::folios::ClaimedRuns;
use crate::marks::MARKS;
use crate::notes::Notes;
use crate::places::Places;
use crate::slots::Slots;
use crate::transaction::Transaction;

/// What an operation answers.
pub(crate) type Answer = Result<Effect, Errno>;

/// What a frame holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) home: Home,
    pub(crate) stamp: Stamp,
    pub(crate) exclusive: bool,
    /// The large folio that it is a page of.
    pub(crate) folio: Option<InFolio>,
}

/// Which page of which large folio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InFolio {
    pub(crate) head: PageToken,
    pub(crate) index: u32,
}

/// Frames of RAM that belong to a block and hold no page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) order: Order,
    pub(crate) split: bool,
    pub(crate) held: u32,
}

/// The simple machine.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) machine: Machine,
    pub(crate) capacity: [u32; Home::LIMIT],
    /// What the subject beside it promises of blocks.
    pub(crate) contract: BlockContract,
    pub(crate) alive: SpaceSet,
    pub(crate) places: Places,
    /// The living pages by name; `None` under a name that is free.
    pages: Vec<Option<Page>>,
    pub(crate) transactions: Slots<TransactionSlot, Transaction>,
    pub(crate) pins: Slots<PinSlot, PageToken>,
    pub(crate) holds: Slots<HoldSlot, PageToken>,
    pub(crate) blocks: Slots<BlockSlot, Block>,
    /// Frames that were given back at each home since the start; only marks ask for it.
    given_back: [u32; Home::LIMIT],
    /// What the subject says of the runs of frames that this operation asks for.
    pub(crate) runs: ClaimedRuns,
    /// What the last operation touched.
    pub(crate) notes: Notes,
    /// How often each rule of [`MARKS`] was met.
    pub(crate) met: [u64; MARKS.len()],
}

impl Model {
    /// A machine at its start, with this many usable frames at each home: `s0` is alive with no mapped place.
    #[must_use]
    pub fn new(machine: Machine, capacity: [u32; Home::LIMIT]) -> Model {
        Model {
            machine,
            capacity,
            contract: BlockContract::BUDDY,
            alive: SpaceSet::from(1),
            places: Places::new(&machine),
            pages: Vec::new(),
            transactions: Slots::new(),
            pins: Slots::new(),
            holds: Slots::new(),
            blocks: Slots::new(),
            given_back: [0; Home::LIMIT],
            runs: ClaimedRuns::new(LargeFolios::ByRule),
            notes: Notes::default(),
            met: [0; MARKS.len()],
        }
    }

    /// The same machine beside a subject that promises this of its blocks and large folios: where it promises nothing, its answers
    /// and claims are followed.
    #[must_use]
    pub fn beside(self, subject: &Capabilities) -> Model {
        Model { contract: subject.blocks, runs: ClaimedRuns::new(subject.large_folios), ..self }
    }

    /// Does an operation after a subject did it. Equal to [`apply`](Subject::apply) in everything but what needs several
    /// frames while enough are free: whether they lie together is the subject's matter, so its claim is followed. That is an
    /// `alloc` or `collapse` that is ok or `ENOMEM` (an oracle asks whether the refusal was just), and each large folio that it could
    /// have made ([`Subject::runs`]).
    pub fn apply_after(&mut self, operation: Operation, claimed: Option<Outcome>, runs: &[bool]) -> Outcome {
        self.notes.clear();
        if self.machine.huge().is_some() {
            self.runs.claim(runs);
        }
        let outcome = Outcome::from(self.answer(operation, claimed));
        // Fuzzing engines compile with assertions; these would take most of their time.
        #[cfg(all(debug_assertions, not(fuzzing)))]
        self.assert_always();
        outcome
    }

    /// How often each rule of [`MARKS`] was met since the model was made; a reset does not clear it.
    #[must_use]
    pub fn marks(&self) -> &[u64] {
        &self.met
    }

    /// Starts counting the marks again.
    pub fn clear_marks(&mut self) {
        self.met = [0; MARKS.len()];
    }

    fn answer(&mut self, operation: Operation, claimed: Option<Outcome>) -> Answer {
        match operation {
            Operation::Map { space, range, access } => self.map(space, range, access),
            Operation::Unmap { space, range } => self.unmap(space, range),
            Operation::Discard { space, range } => self.discard(space, range),
            Operation::Protect { space, range, access } => self.protect(space, range, access),
            Operation::Move { space, range, destination } => self.move_range(space, range, destination),
            Operation::Fork { space, child } => self.fork(space, child),
            Operation::Exit { space } => self.exit(space),
            Operation::Read { space, page } => self.read(Place { space, page }),
            Operation::Write { space, page, stamp } => self.write(Place { space, page }, stamp),
            Operation::DeviceRead { device, space, page } => self.device_read(device, Place { space, page }),
            Operation::DeviceWrite { device, space, page, stamp } => {
                self.device_write(device, Place { space, page }, stamp)
            }
            Operation::Setup { transaction, space, range, route } => self.setup(transaction, space, range, route),
            Operation::Copy { transaction, mask } => self.copy(transaction, mask),
            Operation::Pages { transaction } => self.move_pages(transaction),
            Operation::Finalize { transaction } => self.finalize(transaction),
            Operation::Collect { transaction, device } => self.collect(transaction, device),
            Operation::Migrate { space, range, route } => self.migrate(space, range, route),
            Operation::Evict { device } => self.evict(device),
            Operation::Pin { pin, space, page } => self.pin(pin, Place { space, page }),
            Operation::Unpin { pin } => self.unpin(pin),
            Operation::PinRead { pin } => self.pin_read(pin),
            Operation::PinWrite { pin, stamp } => self.pin_write(pin, stamp),
            Operation::Hold { hold, space, page } => self.hold(hold, Place { space, page }),
            Operation::Release { hold } => self.release(hold),
            Operation::Peek { hold } => self.peek(hold),
            Operation::Alloc { block, order } => self.alloc(block, order, claimed),
            Operation::Free { block } => self.free_block(block),
            Operation::Split { block } => self.split(block),
            Operation::Advise { space, range, advice } => self.advise(space, range, advice),
            Operation::Collapse { space, page } => self.collapse(Place { space, page }, claimed),
            Operation::SplitFolio { space, page } => self.split_folio_at(Place { space, page }),
        }
    }

    /// `ESRCH`: the space is dead.
    pub(crate) fn must_live(&self, space: Space) -> Result<(), Errno> {
        if self.alive.contains(space) { Ok(()) } else { Err(Errno::ESRCH) }
    }

    /// `EAGAIN`: an open transaction that `setup` made locks the space.
    pub(crate) fn must_be_unlocked(&self, space: Space) -> Result<(), Errno> {
        if self.is_space_locked(space) { Err(Errno::EAGAIN) } else { Ok(()) }
    }

    /// The mapping of a place.
    pub(crate) fn at(&self, place: Place) -> Option<Mapped> {
        self.places.get(place).copied()
    }

    /// Changes a place; the only way to do it.
    pub(crate) fn set(&mut self, place: Place, to: Option<Mapped>) {
        let was = self.places.set(place, to);
        self.notes.place(place);
        let [was, is] = [was, to].map(|mapped| mapped.and_then(|mapped| mapped.entry.page()));
        if let Some(page) = was {
            self.note_folio(page);
        }
        if let Some(page) = is.filter(|_| is != was) {
            self.note_folio(page);
        }
    }

    /// Changes the entry of a mapped place.
    pub(crate) fn set_entry(&mut self, place: Place, entry: Entry) {
        let mapped = self.at(place).expect("a mapped place");
        self.set(place, Some(Mapped { entry, ..mapped }));
    }

    /// The page of this name, if it is live.
    pub(crate) fn live_page(&self, page: PageToken) -> Option<&Page> {
        self.pages.get(page.0 as usize)?.as_ref()
    }

    /// The living pages.
    #[inline]
    pub(crate) fn pages(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().flatten()
    }

    /// The living pages by name, ascending.
    pub(crate) fn live_pages(&self) -> impl Iterator<Item = (PageToken, &Page)> {
        (0..).map(PageToken).zip(&self.pages).filter_map(|(token, page)| Some((token, page.as_ref()?)))
    }

    pub(crate) fn page(&self, page: PageToken) -> &Page {
        self.live_page(page).expect("a living page")
    }

    /// A page that is about to change; the only way to do it.
    pub(crate) fn page_mut(&mut self, page: PageToken) -> &mut Page {
        self.notes.page(page);
        self.pages[page.0 as usize].as_mut().expect("a living page")
    }

    /// A fresh page, exclusive, under the smallest name that was free before the operation.
    pub(crate) fn allocate_page(&mut self, home: Home) -> PageToken {
        let page = Page { home, stamp: Stamp(0), exclusive: true, folio: None };
        let has_ended = |token: &PageToken| self.notes.ended.contains(token);
        let mut free = (0..).map(PageToken).zip(&self.pages).filter(|(_, page)| page.is_none());
        let free = free.find(|(token, _)| !has_ended(token)).map(|(token, _)| token);
        let token = free.unwrap_or_else(|| {
            self.pages.push(None);
            PageToken(u32::try_from(self.pages.len() - 1).expect("fewer than 2^32 pages"))
        });
        self.pages[token.0 as usize] = Some(page);
        self.notes.has_frames = true;
        self.notes.page(token);
        token
    }

    /// A fresh large folio, its pages exclusive, in order.
    pub(crate) fn allocate_folio(&mut self, home: Home) -> Vec<PageToken> {
        self.mark_folio(self.machine.huge_pages());
        let pages: Vec<PageToken> = (0..self.machine.huge_pages()).map(|_| self.allocate_page(home)).collect();
        for (index, &page) in (0..).zip(&pages) {
            self.page_mut(page).folio = Some(InFolio { head: pages[0], index });
        }
        pages
    }

    /// Frees a page, or the large folio that it is a page of, when nothing refers to it any more; the number of pages freed.
    pub(crate) fn free_if_unused(&mut self, page: PageToken) -> u32 {
        if self.is_live(page) {
            return 0;
        }
        if self.page(page).folio.is_none() {
            self.end(page);
            return 1;
        }
        self.folio_pages(page).for_each(|page| self.end(page));
        self.machine.huge_pages()
    }

    fn end(&mut self, page: PageToken) {
        if let Some(Page { home, .. }) = self.pages[page.0 as usize].take() {
            self.notes.ended.push(page);
            self.give_back(home, 1);
        }
    }

    /// A page changes its home at once.
    pub(crate) fn move_home(&mut self, page: PageToken, home: Home) {
        let before = core::mem::replace(&mut self.page_mut(page).home, home);
        self.give_back(before, 1);
    }

    /// Frames are free again.
    pub(crate) fn give_back(&mut self, home: Home, frames: u32) {
        self.given_back[home.index()] += frames;
        self.notes.has_frames = true;
    }

    /// Whether one of the next so many frames at a home, of which so many are free, is not in use for the first time:
    /// then more of them were taken since the start than there are.
    pub(crate) fn are_used_again(&self, home: Home, next: u32, free: u32) -> bool {
        next > 0 && free < self.given_back[home.index()] + next
    }
}

impl Subject for Model {
    fn name(&self) -> &'static str {
        "reference"
    }

    /// Everything but frames, which it does not have.
    fn capabilities(&self) -> Capabilities {
        Capabilities { observables: Model::OBSERVABLES, ..Capabilities::ALL }
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.capacity
    }

    fn reset(&mut self) {
        self.alive.clone_from(&SpaceSet::from(1));
        self.places.clear();
        self.pages.clear();
        self.transactions.clear();
        self.pins.clear();
        self.holds.clear();
        self.blocks.clear();
        self.given_back = [0; Home::LIMIT];
        self.notes.clear();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.apply_after(operation, None, &[])
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        into.take(&mut self.notes.touched);
        true
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.show(scope, into);
    }

    #[inline]
    fn show_touched(&self, visitor: &mut impl Visitor) -> bool {
        // Most operations are refused and touch nothing.
        if !self.notes.is_empty() {
            self.tell(visitor);
        }
        true
    }

    fn show_everything(&self, visitor: &mut impl Visitor) -> bool {
        self.tell_everything(visitor);
        true
    }
}
