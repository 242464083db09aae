//! Capabilities: what a subject can show, what it can do, and what its blocks promise.

use crate::operand::{BlockSlot, Field, Order};
use crate::table::{KindSet, LARGE_FOLIOS, Operation};

/// Kinds of fact that a subject can show. Each check of the harness names those that it needs; a check that needs others
/// is left out and named.
///
/// ```
/// use stalemap_operations::Observables;
///
/// let shown = Observables::PLACES.and(Observables::STAMPS);
/// let needed = Observables::PLACES.and(Observables::MAPCOUNTS);
/// assert!(!shown.include(needed));
/// assert!(shown.missing(needed).eq(["mapcounts"]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Observables(u16);

impl Observables {
    /// Which places are mapped, with which access, entry and page.
    pub const PLACES: Observables = Observables(1 << 0);
    /// The stamps of pages.
    pub const STAMPS: Observables = Observables(1 << 1);
    /// Which pages are exclusive.
    pub const EXCLUSIVE: Observables = Observables(1 << 2);
    /// Mapcounts.
    pub const MAPCOUNTS: Observables = Observables(1 << 3);
    /// Refcounts.
    pub const REFCOUNTS: Observables = Observables(1 << 4);
    /// Reverse maps.
    pub const RMAPS: Observables = Observables(1 << 5);
    /// Slots.
    pub const SLOTS: Observables = Observables(1 << 6);
    /// Free frames at each home.
    pub const FREE: Observables = Observables(1 << 7);
    /// Which frames pages, blocks and transactions are in.
    pub const FRAMES: Observables = Observables(1 << 8);
    /// The writable bits of entries.
    pub const WRITABLE: Observables = Observables(1 << 9);
    /// Which spaces are alive, and which are locked.
    pub const SPACES: Observables = Observables(1 << 10);
    /// Which pages are those of one large folio, the folio's mapcount, and which places are one huge entry.
    pub const FOLIOS: Observables = Observables(1 << 11);
    /// No fact.
    pub const NONE: Observables = Observables(0);
    /// All facts.
    pub const ALL: Observables = Observables((1 << Self::NAMES.len()) - 1);
    /// The names in the order of the bits.
    const NAMES: [&str; 12] = [
        "places",
        "stamps",
        "exclusive",
        "mapcounts",
        "refcounts",
        "rmaps",
        "slots",
        "free counts",
        "frames",
        "writable bits",
        "spaces",
        "folios",
    ];

    /// Both.
    #[must_use]
    pub const fn and(self, other: Observables) -> Observables {
        Observables(self.0 | other.0)
    }

    /// These without the others.
    #[must_use]
    pub const fn without(self, others: Observables) -> Observables {
        Observables(self.0 & !others.0)
    }

    /// Whether all of the others are among these.
    #[inline]
    #[must_use]
    pub const fn include(self, others: Observables) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those of the others that are not among these, by name.
    pub fn missing(self, others: Observables) -> impl Iterator<Item = &'static str> {
        others.without(self).each().map(|(name, _)| name)
    }

    /// Each single one of these, with its name.
    pub fn each(self) -> impl Iterator<Item = (&'static str, Observables)> {
        let bits = Self::NAMES.into_iter().enumerate().map(|(bit, name)| (name, Observables(1 << bit)));
        bits.filter(move |(_, one)| self.include(*one))
    }
}

/// What a subject can show and do.
///
/// ```
/// use stalemap_operations::{BlockContract, Capabilities, Kind, KindSet, Machine, Observables, Operation};
///
/// let able = Capabilities {
///     observables: Observables::SPACES.and(Observables::SLOTS).and(Observables::FRAMES),
///     operations: KindSet::NONE.with(Kind::Alloc).with(Kind::Free),
///     blocks: BlockContract { live: 4, ..BlockContract::BUDDY },
///     ..Capabilities::ALL
/// };
/// let free = |slot| Operation::new(Kind::Free, &[slot], &Machine::DEFAULT).expect("it fits");
/// assert!(able.can(free(3)));
/// assert!(!able.can(free(4)), "no more than four blocks are live, so the fifth slot is left out");
/// assert!(able.known().include(Observables::PLACES), "without operations on places there is nothing to show of them");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Capabilities {
    /// Observables that it can show.
    pub observables: Observables,
    /// Operations that it can do; others are dropped before either side runs.
    pub operations: KindSet,
    /// What it promises of blocks.
    pub blocks: BlockContract,
    /// What it promises of large folios.
    pub large_folios: LargeFolios,
}

impl Capabilities {
    /// Everything.
    pub const ALL: Capabilities = Capabilities {
        observables: Observables::ALL,
        operations: KindSet::ALL,
        blocks: BlockContract::BUDDY,
        large_folios: LargeFolios::ByRule,
    };

    /// Whether it can do this operation; one that it cannot do is dropped before either side runs.
    #[inline]
    #[must_use]
    pub fn can(&self, operation: Operation) -> bool {
        self.operations.contains(operation.kind()) && self.blocks.permits(operation)
    }

    /// Whether there is no operation that it [cannot do](Self::can).
    #[must_use]
    pub fn does_everything(&self) -> bool {
        let BlockContract { live, lowest, highest, .. } = self.blocks;
        let all_blocks = live >= BlockSlot::LIMIT && lowest == Order(0) && highest.0 + 1 >= Order::LIMIT;
        self.operations == KindSet::ALL && all_blocks
    }

    /// Whether it can do an operation that makes or splits large folios.
    #[must_use]
    pub fn has_folios(&self) -> bool {
        self.operations.iter().any(|kind| kind.row().level == LARGE_FOLIOS)
    }

    /// The observables that it shows, and those of which there is nothing to show, since none of its operations makes it:
    /// a machine that only has blocks has no place, one without pins, holds, blocks and transactions has no slot, and one on which nothing
    /// asks for huge pages has no large folio.
    #[must_use]
    pub fn known(&self) -> Observables {
        const OF_PLACES: Observables = Observables::PLACES
            .and(Observables::WRITABLE)
            .and(Observables::STAMPS)
            .and(Observables::EXCLUSIVE)
            .and(Observables::MAPCOUNTS)
            .and(Observables::REFCOUNTS)
            .and(Observables::RMAPS);
        let mut known = self.observables;
        if !self.operations.iter().any(|kind| kind.row().names_place) {
            known = known.and(OF_PLACES);
        }
        if !self.has_folios() {
            known = known.and(Observables::FOLIOS);
        }
        if !self.operations.iter().any(|kind| kind.row().slot.is_some()) {
            known = known.and(Observables::SLOTS);
        }
        known
    }
}

/// What a subject promises of the blocks that `alloc`, `free` and `split` are about. Real allocators promise less than
/// a buddy allocator of a kernel, or something else; a promise that is not given is not checked.
///
/// ```
/// use stalemap_operations::{BlockContract, Order, Refusals};
///
/// // Runs of 1, 2 or 4 frames wherever they fit; first fit, so that a request may fail although a run is free elsewhere.
/// let contract = BlockContract {
///     alignment: Some(1),
///     refusals: Refusals::AboveOrder0,
///     highest: Order(2),
///     ..BlockContract::BUDDY
/// };
/// assert_eq!(contract.alignment(Order(2)), 1);
/// assert_eq!(BlockContract::BUDDY.alignment(Order(2)), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BlockContract {
    /// Which requests may be refused with `ENOMEM` although an aligned run of the size is free.
    pub refusals: Refusals,
    /// A block begins at a multiple of so many frames, at least 1; of its own size where no number is given.
    pub alignment: Option<u32>,
    /// The lowest order that can be asked for. `alloc` with a lower one is dropped before either side runs.
    pub lowest: Order,
    /// The highest order that can be asked for; higher ones are dropped likewise.
    pub highest: Order,
    /// How many blocks can be live at once, at most [`BlockSlot::LIMIT`]. Operations on the slots behind them are dropped.
    pub live: u32,
}

impl BlockContract {
    /// What the buddy allocator of a kernel promises: any order up to the machine's highest, aligned to its size, refused
    /// only where no such run is free.
    pub const BUDDY: BlockContract = BlockContract {
        refusals: Refusals::OnlyWithoutRun,
        alignment: None,
        lowest: Order(0),
        highest: Order(Order::LIMIT - 1),
        live: BlockSlot::LIMIT,
    };

    /// A block of this order begins at a multiple of so many frames.
    #[must_use]
    pub fn alignment(&self, order: Order) -> u32 {
        self.alignment.unwrap_or(order.frames()).max(1)
    }

    /// Whether an operation is about blocks that the contract speaks of; true for all other operations.
    #[inline]
    #[must_use]
    pub fn permits(&self, operation: Operation) -> bool {
        let row = operation.kind().row();
        if row.slot != Some(Field::Block) {
            return true;
        }
        let values = operation.values();
        values.last(Field::Block) < self.live
            && (!row.has(Field::Order) || (self.lowest..=self.highest).contains(&Order(values.last(Field::Order))))
    }
}

/// What a subject promises where the rules of level 4 leave a choice. Whether a run of frames is found is the subject's matter
/// with either promise ([`Subject::runs`](crate::Subject::runs)), and frames that are shown say whether there was one.
///
/// ```
/// use stalemap_operations::{Capabilities, LargeFolios};
///
/// assert_eq!(Capabilities::ALL.large_folios, LargeFolios::ByRule);
/// // A kernel that gives huge pages without advice.
/// let able = Capabilities { large_folios: LargeFolios::ByClaim, ..Capabilities::ALL };
/// assert!(able.does_everything());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LargeFolios {
    /// It makes the choices of the rules. A write brings a large folio only into a group that is advised to have huge pages, a
    /// migration takes a group of holes as one, `collapse` takes places that are mapped alike, and a page of a large folio that one
    /// space maps is reused. All else is a divergence.
    ByRule,
    /// It makes its own choices, and its claims are followed: it may do without a large folio, bring one where nothing is advised, or
    /// copy where it does not know that one space maps a folio. Linux does all of this.
    ByClaim,
}

/// Which requests for a block may be refused with `ENOMEM` although enough frames are free.
///
/// ```
/// use stalemap_operations::{Order, Refusals};
///
/// assert!(!Refusals::OnlyWithoutRun.permit(Order(1)));
/// assert!(Refusals::AboveOrder0.permit(Order(1)) && !Refusals::AboveOrder0.permit(Order(0)));
/// assert!(Refusals::Any.permit(Order(0)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Refusals {
    /// Only one for which no aligned run of its size is free.
    OnlyWithoutRun,
    /// Any above order 0: the allocator may not find, or not merge, what is free.
    AboveOrder0,
    /// Any: the allocator keeps books in the memory that it hands out, or holds frames back.
    Any,
}

impl Refusals {
    /// Whether a request of this order may be refused although an aligned run of its size is free.
    #[must_use]
    pub fn permit(self, order: Order) -> bool {
        match self {
            Refusals::OnlyWithoutRun => false,
            Refusals::AboveOrder0 => order > Order(0),
            Refusals::Any => true,
        }
    }
}
