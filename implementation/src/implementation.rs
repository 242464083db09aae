//! The implementation as a whole: its parts, and which of them answers which operation.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use stalemap_operations::{
    BlockSlot, Capabilities, Effect, Errno, Explorable, HoldSlot, Home, Machine, Observation, Operation, Outcome,
    PinSlot, Scope, Space, Subject, Touched, TransactionSlot, Visitor,
};

use crate::frames::{Block, Frame, FrameAllocator};
use crate::lifetime::identities::Identities;
use crate::migration::transaction::Transaction;
use crate::notes::Notes;
use crate::paging::PageTables;
use crate::rmap::anon_vma::Graph;
use crate::seeded::Switch;
use crate::validate::recount::Recount;

/// Why an operation ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is refused.
    Refused(Errno),
    /// A loop or a walk used up its fuel.
    Stuck,
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Stop::Refused(errno)
    }
}

/// What an operation answers.
pub(crate) type Answer = Result<Effect, Stop>;

/// An address space (`mm_struct`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SpaceState {
    pub(crate) alive: bool,
    /// Open transactions that `setup` made on it.
    pub(crate) locks: u32,
}

/// The optimised machine.
#[derive(Debug)]
pub struct Implementation {
    pub(crate) machine: Machine,
    pub(crate) frames: FrameAllocator,
    pub(crate) tables: PageTables,
    pub(crate) graph: Graph,
    pub(crate) identities: Identities,
    pub(crate) spaces: Vec<SpaceState>,
    pub(crate) transactions: [Transaction; TransactionSlot::LIMIT as usize],
    /// The transaction of a migration in one step.
    pub(crate) in_one_step: Transaction,
    pub(crate) pins: [Option<Frame>; PinSlot::LIMIT as usize],
    pub(crate) holds: [Option<Frame>; HoldSlot::LIMIT as usize],
    pub(crate) blocks: [Option<Block>; BlockSlot::LIMIT as usize],
    pub(crate) notes: Notes,
    /// Room for the recount.
    pub(crate) recount: RefCell<Recount>,
    /// The seeded bugs.
    pub(crate) bugs: Switch,
}

impl Implementation {
    /// The machine at its start: `s0` is alive, nothing is mapped, every frame is free.
    #[must_use]
    pub fn new(machine: &Machine) -> Self {
        Implementation::build(machine, Switch::default())
    }

    /// As [`new`](Self::new), with the bugs of this switch. The switch is shared: its counters go on counting there.
    #[cfg(feature = "seeded-bugs")]
    #[must_use]
    pub fn with_bug(machine: &Machine, switch: &Switch) -> Self {
        Implementation::build(machine, switch.clone())
    }

    fn build(machine: &Machine, bugs: Switch) -> Self {
        let mut implementation = Implementation {
            machine: *machine,
            frames: FrameAllocator::with_bugs(machine, &bugs),
            tables: PageTables::new(machine),
            graph: Graph::new(),
            identities: Identities::default(),
            spaces: vec![SpaceState::default(); machine.spaces() as usize],
            transactions: Default::default(),
            in_one_step: Transaction::default(),
            pins: Default::default(),
            holds: Default::default(),
            blocks: Default::default(),
            notes: Notes::default(),
            recount: RefCell::default(),
            bugs,
        };
        implementation.spaces[0].alive = true;
        implementation
    }

    fn answer(&mut self, operation: Operation) -> Answer {
        match operation {
            Operation::Alloc { block, order } => self.alloc(block, order),
            Operation::Free { block } => self.free(block),
            Operation::Split { block } => self.split(block),
            Operation::Advise { space, range, advice } => self.advise(space, range, advice),
            Operation::Collapse { space, page } => self.collapse(space, page),
            Operation::SplitFolio { space, page } => self.split_folio_at(space, page),
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
            Operation::Unpin { pin } => self.unpin(pin),
            Operation::PinRead { pin } => self.pin_read(pin),
            Operation::PinWrite { pin, stamp } => self.pin_write(pin, stamp),
            Operation::Hold { hold, space, page } => self.hold(hold, space, page),
            Operation::Release { hold } => self.release(hold),
            Operation::Peek { hold } => self.peek(hold),
        }
    }

    /// `ESRCH` unless the space is alive.
    #[inline]
    pub(crate) fn must_live(&self, space: Space) -> Result<(), Errno> {
        if self.spaces[space.index()].alive { Ok(()) } else { Err(Errno::ESRCH) }
    }

    /// `EAGAIN` while an open `setup` locks the space (the mmap lock is held).
    #[inline]
    pub(crate) fn must_be_unlocked(&self, space: Space) -> Result<(), Errno> {
        if self.spaces[space.index()].locks == 0 { Ok(()) } else { Err(Errno::EAGAIN) }
    }

    /// Forgets what the last operation did that few do. The names of the pages that ended by it may be given again.
    #[cold]
    #[inline(never)]
    fn forget_marked(&mut self) {
        self.notes.clear_marked();
        self.identities.begin();
    }

    /// Free frames at each home.
    pub(crate) fn free_frames(&self) -> [u32; Home::LIMIT] {
        Home::ALL.map(|home| self.frames.free_frames(home))
    }
}

impl Subject for Implementation {
    fn name(&self) -> &'static str {
        "implementation"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn reset(&mut self) {
        self.frames.reset();
        self.tables.reset();
        self.graph.clear();
        self.identities.clear();
        self.spaces.fill(SpaceState::default());
        self.spaces[0].alive = true;
        self.transactions.iter_mut().for_each(Transaction::close);
        self.in_one_step.close();
        self.pins = Default::default();
        self.holds = Default::default();
        self.blocks = Default::default();
        self.notes.clear();
        self.notes.clear_marked();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.notes.clear();
        if self.notes.is_marked() {
            self.forget_marked();
        }
        match self.answer(operation) {
            Ok(effect) => Outcome::Done(effect),
            Err(Stop::Refused(errno)) => Outcome::Refused(errno),
            Err(Stop::Stuck) => Outcome::Stuck,
        }
    }

    fn runs(&self) -> &[bool] {
        &self.notes.runs
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        if self.notes.is_marked() {
            self.expand_notes();
        }
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

    fn validate(&self) -> Result<(), String> {
        self.balance()
    }

    fn explorable(&self) -> Option<&dyn Explorable> {
        Some(self)
    }
}
