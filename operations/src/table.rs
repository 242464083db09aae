//! The operation table: one documented row for each operation, from which its variant, text, record and refusals follow.
//!
//! # What a refused operation answers
//!
//! An operation that is refused for several reasons answers the first of these; it changes nothing unless its row says
//! otherwise.
//!
//! 1. `ESRCH`: the space is dead.
//! 2. `EBUSY`: the slot is in use, or the child is alive (also where it is the parent itself).
//! 3. `ENOENT`: the slot is empty.
//! 4. `EAGAIN`: an open `setup` locks the space; also where the operation would do nothing, or fail otherwise.
//! 5. `EINVAL`: wrong shape or phase. Only `move` looks before it at its first source place (`EFAULT`).
//! 6. Place by place, ascending: `EFAULT` where nothing is mapped or access is not allowed, `EAGAIN` on a migration entry,
//!    `EPERM` for a device's write to a read-only mapping, `EAGAIN` where a transaction locks the page.
//! 7. `EEXIST`: a place is mapped already.
//! 8. `ENOMEM`: no frame is free.
//!
//! # What an effect counts
//!
//! | operations | `pages` | `freed` |
//! |---|---|---|
//! | `unmap`, `discard`, `exit` | entries removed that map a page or are migration entries; holes do not count | pages that ended in this step: they lost their last entry, pin, hold and transaction |
//! | `move` | the same, of the places at the destination that were unmapped before | likewise |
//! | `setup`, `collect` | candidates; a hole is one on the way to a device | |
//! | `copy` | candidates that got a frame | |
//! | `pages`, `migrate`, `evict` | pages that moved, or came to be in a hole | |
//! | `finalize` | entries that map their page again | pages that ended |
//! | `unpin`, `release` | | 1 if the page ended, else 0; all pages of a large folio end together |
//! | `collapse`, `split_folio` | | pages that ended |
//!
//! Frames that a migration has not used, or leaves behind, are no pages; the free counts show them. A large folio counts as all
//! its pages.
//!
//! # Large folios
//!
//! On a machine with `huge=K` a **group** is 2^K places of a space, the first a multiple of that number. A **large folio** is 2^K
//! pages in contiguous frames of one home, aligned to their number. One **huge entry** maps a large folio at a group; small entries
//! map its pages one by one, also elsewhere. Operations on a part of a group split its huge entry, and the folio stays whole. Where a
//! subject finds a run of frames is its own matter ([`Subject::runs`](crate::Subject::runs)).
//!
//! # The rows
//!
//! A row reads `number => Variant "word" (operands) level, effect, acts act, refuses [errnos], linux [functions with their sources]`.
//! Numbers are what records carry: they are never changed and never reused. To add an operation, add a row; the compiler then names the matches that
//! need an arm (the reference, the implementation, and the guest of the real kernel).

use crate::machine::Machine;
use crate::observation::Slot;
use crate::operand::{
    Access, Advice, BlockSlot, Destination, Device, Field, FieldValues, HoldSlot, Mask, Operand, OperandKind, Order,
    PageRange, PinSlot, Route, Space, Stamp, TransactionSlot, VirtualPage,
};
use crate::outcome::{EffectShape, Errno};

/// What the table says about one operation.
#[derive(Debug)]
pub struct Row {
    /// Which operation.
    pub kind: Kind,
    /// Its number in records.
    pub number: u8,
    /// Its word in text.
    pub word: &'static str,
    /// Its operands in order: name and kind.
    pub operands: &'static [(&'static str, OperandKind)],
    /// Its fields in order, those of all operands one after the other.
    pub fields: &'static [Field],
    /// The sort of slot that it names.
    pub slot: Option<Field>,
    /// It names a place: a page of a space.
    pub names_place: bool,
    /// Its fields as bits.
    present: u16,
    /// The level of the specification that it belongs to, 0 to 4.
    pub level: u8,
    /// Which parts its effect has.
    pub effect: EffectShape,
    /// What becomes of the thing that it names when it is not refused.
    pub act: Act,
    /// The refusals that it may give.
    pub refusals: &'static [Errno],
    /// The functions of Linux 7.3 that carry it out, the one that is called first before those that change entries and pages.
    pub linux: &'static [KernelFunction],
    /// What it means, one line of text or more.
    pub meaning: &'static str,
}

/// A function of Linux 7.3.
///
/// ```
/// use stalemap_operations::Kind;
///
/// let functions = Kind::Protect.row().linux;
/// assert_eq!((functions[0].name, functions[0].file), ("mprotect_fixup", "mm/mprotect.c"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelFunction {
    /// Its name.
    pub name: &'static str,
    /// The source that defines it, from the root of the kernel's tree.
    pub file: &'static str,
}

/// What becomes of the slot, space or places that an operation names when it is not refused. Generators go by it: what
/// nothing fills cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// The slot, or the last space that is named, is in use afterwards and was not before.
    Fills,
    /// The slot or space is not in use afterwards, and was before.
    Ends,
    /// The places of the range are mapped afterwards, and none was before.
    Opens,
    /// No place of the range is mapped afterwards.
    Closes,
    /// The places of the range are mapped elsewhere afterwards: from the destination on.
    Moves,
    /// The slot is in its next phase afterwards. Phases follow one another in the order of the table.
    Advances,
    /// A property of the places is another one afterwards, and can be set back.
    Sets,
    /// What it names is in use, or mapped, before and afterwards.
    Uses,
}

/// Joins the fields of all operands of a row.
const fn flatten(operands: &[&[Field]]) -> ([Field; FieldValues::MOST], usize) {
    let mut fields = [Field::Space; FieldValues::MOST];
    let mut len = 0;
    let mut i = 0;
    while i < operands.len() {
        let mut j = 0;
        while j < operands[i].len() {
            fields[len] = operands[i][j];
            len += 1;
            j += 1;
        }
        i += 1;
    }
    (fields, len)
}

impl Row {
    /// Whether the operation has this field.
    #[inline]
    #[must_use]
    pub const fn has(&self, field: Field) -> bool {
        self.present >> field as u32 & 1 == 1
    }

    /// Whether the operation has one of these fields.
    #[inline]
    #[must_use]
    pub const fn has_one_of(&self, fields: &[Field]) -> bool {
        self.present & bits(&[fields]) != 0
    }
}

const _: () = assert!(Field::KINDS <= 16, "the fields of a row are bits of a word");

/// The operands' fields as bits.
const fn bits(operands: &[&[Field]]) -> u16 {
    let (fields, len) = flatten(operands);
    let mut bits = 0;
    let mut i = 0;
    while i < len {
        bits |= 1 << fields[i] as u16;
        i += 1;
    }
    bits
}

/// The most fields that an operand consists of.
const MOST_OF_OPERAND: usize = 2;

/// The fields that name a slot.
const SLOTS: [Field; 4] = [Field::Transaction, Field::Pin, Field::Hold, Field::Block];

/// The sort of slot that the operands name; the table names one at the most.
const fn slot_of(operands: &[&[Field]]) -> Option<Field> {
    let mut slot = None;
    let mut i = 0;
    while i < SLOTS.len() {
        if bits(operands) >> SLOTS[i] as u16 & 1 == 1 {
            slot = Some(SLOTS[i]);
        }
        i += 1;
    }
    slot
}

macro_rules! operations {
    ($(
        $(#[doc = $meaning:literal])+
        $number:literal => $name:ident $word:literal ($($operand:ident: $type:ident),*)
            level $level:literal, $effect:ident, acts $act:ident, refuses [$($errno:ident),*],
            linux [$($function:ident $file:literal),*];
    )+) => {
        /// One operation with its operands, which fit the machine that it was made for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {$(
            $(#[doc = $meaning])+
            $name {
                $(#[expect(missing_docs, reason = "the operand's type says what it is")] $operand: $type,)*
            },
        )+}

        /// An operation without its operands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {$(
            $(#[doc = $meaning])+
            $name,
        )+}

        impl Kind {
            /// All kinds in the order of the table.
            pub const ALL: &[Kind] = &[$(Kind::$name),+];
            /// How many kinds there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Its row in the table.
            #[inline]
            #[must_use]
            pub const fn row(self) -> &'static Row {
                &TABLE[self as usize]
            }

            /// The operation of this kind with the given values, one for each field; those behind them mean nothing.
            /// Whether they are in range on a machine is for [`Operation::fits`] to say.
            ///
            /// # Panics
            /// When a field whose range is the same on all machines has a value outside it.
            #[inline]
            #[must_use]
            pub fn with_values(self, values: &[u32; FieldValues::MOST]) -> Operation {
                match self {$(
                    Kind::$name => {
                        let mut _rest = values.as_slice();
                        $(
                            let (mine, others) = _rest.split_at(<$type as Operand>::FIELDS.len());
                            let $operand = <$type as Operand>::from_fields(mine);
                            _rest = others;
                        )*
                        Operation::$name { $($operand),* }
                    }
                )+}
            }

            /// As [`with_values`](Self::with_values), with a value for each sort of field, by `Field as usize`; of two
            /// spaces the second is given apart. Values of fields that the operation does not have mean nothing.
            ///
            /// # Panics
            /// When a field whose range is the same on all machines has a value outside it.
            #[inline]
            #[must_use]
            pub fn with_fields(self, values: &[u32; Field::KINDS], second_space: u32) -> Operation {
                match self {$(
                    Kind::$name => {
                        let mut _space = values[Field::Space as usize];
                        $(
                            let mut mine = [0; MOST_OF_OPERAND];
                            for (value, &field) in mine.iter_mut().zip(<$type as Operand>::FIELDS) {
                                *value = match field {
                                    Field::Space => core::mem::replace(&mut _space, second_space),
                                    field => values[field as usize],
                                };
                            }
                            let $operand = <$type as Operand>::from_fields(&mine[..<$type as Operand>::FIELDS.len()]);
                        )*
                        Operation::$name { $($operand),* }
                    }
                )+}
            }
        }

        impl Operation {
            /// Which operation it is.
            #[inline]
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self {$( Operation::$name { .. } => Kind::$name, )+}
            }

            /// The values of its fields in row order.
            #[inline]
            #[must_use]
            pub fn values(&self) -> FieldValues {
                match *self {$(
                    Operation::$name { $($operand),* } => {
                        let mut values = FieldValues::of(Kind::$name.row().fields);
                        $( $operand.push(&mut values); )*
                        values
                    }
                )+}
            }

            /// The first place that it names, if it names one.
            #[inline]
            #[must_use]
            pub fn first_place(&self) -> Option<(Space, VirtualPage)> {
                match *self {$(
                    Operation::$name { $($operand),* } => {
                        let (space, page) = (None$( .or(Operand::space($operand)) )*, None$( .or($operand.first_page()) )*);
                        space.zip(page)
                    }
                )+}
            }

            /// The slot that it names, if it names one.
            #[inline]
            #[must_use]
            pub fn slot(&self) -> Option<Slot> {
                match *self {$(
                    Operation::$name { $($operand),* } => None$( .or(Operand::slot($operand)) )*,
                )+}
            }
        }

        /// All rows, in the order of the variants.
        pub static TABLE: [Row; Kind::COUNT] = [$(
            Row {
                kind: Kind::$name,
                number: $number,
                word: $word,
                operands: &[$((stringify!($operand), OperandKind::of::<$type>())),*],
                fields: {
                    const FLAT: ([Field; FieldValues::MOST], usize) = flatten(&[$(<$type as Operand>::FIELDS),*]);
                    const FIELDS: &[Field] = FLAT.0.split_at(FLAT.1).0;
                    FIELDS
                },
                slot: slot_of(&[$(<$type as Operand>::FIELDS),*]),
                names_place: bits(&[$(<$type as Operand>::FIELDS),*]) >> Field::Page as u16 & 1 == 1,
                present: bits(&[$(<$type as Operand>::FIELDS),*]),
                level: $level,
                effect: EffectShape::$effect,
                act: Act::$act,
                refusals: &[$(Errno::$errno),*],
                linux: &[$(KernelFunction { name: stringify!($function), file: $file }),*],
                meaning: concat!($($meaning, "\n"),+),
            },
        )+];
    };
}

operations! {
    /// Takes 2^order contiguous frames of RAM, aligned to their number, for the block slot.
    /// Order 0 succeeds exactly while a frame is free; a larger order may be refused with enough free frames only if
    /// no free aligned run of that size exists. An order above the machine's highest is `EINVAL`.
    0 => Alloc "alloc" (block: BlockSlot, order: Order) level 0, Nothing, acts Fills, refuses [EBUSY, EINVAL, ENOMEM],
        linux [get_page_from_freelist "mm/page_alloc.c"];
    /// Gives the frames of a block back; of a split block only the lowest that is still held.
    1 => Free "free" (block: BlockSlot) level 0, Nothing, acts Ends, refuses [ENOENT],
        linux [__free_one_page "mm/page_alloc.c"];
    /// From now on the block's frames are given back one by one. Once for a block, and not for a single frame.
    2 => Split "split" (block: BlockSlot) level 0, Nothing, acts Uses, refuses [ENOENT, EINVAL],
        linux [split_page "mm/page_alloc.c"];

    /// Maps holes: anonymous, private, with `MAP_FIXED_NOREPLACE` (`EEXIST` if any place is mapped).
    3 => Map "map" (space: Space, range: PageRange, access: Access) level 1, Nothing, acts Opens, refuses [ESRCH, EAGAIN, EEXIST],
        linux [mmap_region "mm/vma.c"];
    /// Unmaps every place of the range; unmapped ones are passed over.
    4 => Unmap "unmap" (space: Space, range: PageRange) level 1, PagesFreed, acts Closes, refuses [ESRCH, EAGAIN],
        linux [do_vmi_munmap "mm/vma.c", zap_pte_range "mm/memory.c"];
    /// Turns entries into holes (`MADV_DONTNEED`). Unmapped places are passed over, and the answer is then `ENOMEM`.
    5 => Discard "discard" (space: Space, range: PageRange) level 1, PagesFreed, acts Uses, refuses [ESRCH, ENOMEM],
        linux [madvise_dontneed_single_vma "mm/madvise.c", zap_pte_range "mm/memory.c"];
    /// Changes the access (`mprotect`). Stops with `ENOMEM` at the first unmapped place; what came before stays done.
    6 => Protect "protect" (space: Space, range: PageRange, access: Access) level 1, Nothing, acts Sets, refuses [ESRCH, EAGAIN, ENOMEM],
        linux [mprotect_fixup "mm/mprotect.c", change_pte_range "mm/mprotect.c"];
    /// Moves a range over another one (`mremap` with `MREMAP_FIXED`), place by place.
    /// First source place unmapped: `EFAULT`; ranges that overlap: `EINVAL`; a later source place unmapped: stops with `EFAULT`.
    7 => Move "move" (space: Space, range: PageRange, destination: Destination) level 1, PagesFreed, acts Moves, refuses [ESRCH, EAGAIN, EINVAL, EFAULT],
        linux [mremap_to "mm/mremap.c", move_ptes "mm/mremap.c"];
    /// Copies a space into a dead one; pages become shared, pinned pages are copied at once.
    8 => Fork "fork" (space: Space, child: Space) level 1, Nothing, acts Fills, refuses [ESRCH, EBUSY, EAGAIN, ENOMEM],
        linux [dup_mmap "mm/mmap.c", copy_pte_range "mm/memory.c"];
    /// Unmaps everything, and the space is dead. `s0` cannot exit (`EINVAL`).
    9 => Exit "exit" (space: Space) level 1, PagesFreed, acts Ends, refuses [ESRCH, EAGAIN, EINVAL],
        linux [exit_mmap "mm/mmap.c", zap_pte_range "mm/memory.c"];
    /// Reads as the CPU does; a device page is faulted back first.
    10 => Read "read" (space: Space, page: VirtualPage) level 1, Value, acts Uses, refuses [ESRCH, EFAULT, EAGAIN, ENOMEM],
        linux [do_anonymous_page "mm/memory.c", do_swap_page "mm/memory.c"];
    /// Writes as the CPU does: fills a hole, reuses or copies a shared page, faults a device page back first.
    11 => Write "write" (space: Space, page: VirtualPage, stamp: Stamp) level 1, Nothing, acts Uses, refuses [ESRCH, EFAULT, EAGAIN, ENOMEM],
        linux [do_anonymous_page "mm/memory.c", do_wp_page "mm/memory.c", do_swap_page "mm/memory.c"];

    /// The device reads through the space's page tables (`hmm_range_fault`); its own pages are read in place. A fault that finds
    /// no frame of RAM is `EFAULT` (`hmm_vma_fault`), and `ENOMEM` by `rules=linux-7.3` (`hmm_do_fault`), as for `device_write`.
    12 => DeviceRead "device_read" (device: Device, space: Space, page: VirtualPage) level 2, Value, acts Uses, refuses [ESRCH, EFAULT, EAGAIN, ENOMEM],
        linux [hmm_range_fault "mm/hmm.c", hmm_do_fault "mm/hmm.c", dmirror_read "lib/test_hmm.c"];
    /// The device writes through the space's page tables; its own pages in place, which needs the writable bit (`EFAULT`).
    13 => DeviceWrite "device_write" (device: Device, space: Space, page: VirtualPage, stamp: Stamp) level 2, Nothing, acts Uses, refuses [ESRCH, EFAULT, EAGAIN, EPERM, ENOMEM],
        linux [hmm_range_fault "mm/hmm.c", hmm_do_fault "mm/hmm.c", dmirror_write "lib/test_hmm.c"];
    /// First phase of a migration by place (`migrate_vma_setup`): collects the pages of the range and locks the space.
    /// Pinned and held pages stay. The entry of a pinned one is left as it is, dirty bit included
    /// (`migrate_vma_collect_pmd`, mm/migrate_device.c); that of a held one comes back clean.
    14 => Setup "setup" (transaction: TransactionSlot, space: Space, range: PageRange, route: Route) level 2, Pages, acts Fills, refuses [ESRCH, EBUSY, EINVAL],
        linux [migrate_vma_setup "mm/migrate_device.c", migrate_vma_collect_pmd "mm/migrate_device.c", migrate_device_unmap "mm/migrate_device.c"];
    /// Second phase: candidates whose mask bit is clear get a frame at the destination, and the content.
    15 => Copy "copy" (transaction: TransactionSlot, mask: Mask) level 2, Pages, acts Advances, refuses [ENOENT, EINVAL, ENOMEM],
        linux [dmirror_migrate_alloc_and_copy "lib/test_hmm.c", dmirror_devmem_fault_alloc_and_copy "lib/test_hmm.c"];
    /// Third phase (`migrate_vma_pages`): candidates with a frame move; holes that are still holes become pages.
    16 => Pages "pages" (transaction: TransactionSlot) level 2, Pages, acts Advances, refuses [ENOENT, EINVAL],
        linux [migrate_vma_pages "mm/migrate_device.c", __migrate_device_pages "mm/migrate_device.c"];
    /// Last phase (`migrate_vma_finalize`), or the abort: restores the entries, frees what nobody has, unlocks.
    17 => Finalize "finalize" (transaction: TransactionSlot) level 2, PagesFreed, acts Ends, refuses [ENOENT],
        linux [migrate_vma_finalize "mm/migrate_device.c", __migrate_device_finalize "mm/migrate_device.c"];
    /// First phase by device (`migrate_device_range`): collects every page on the device that no transaction has.
    18 => Collect "collect" (transaction: TransactionSlot, device: Device) level 2, Pages, acts Fills, refuses [EBUSY],
        linux [migrate_device_range "mm/migrate_device.c", migrate_device_unmap "mm/migrate_device.c"];
    /// All four phases in one step, place by place; stops with `EINVAL` at the first unmapped or unreadable one, and by
    /// `rules=linux-7.3` with `ENOMEM` at the first page from a device that finds no frame of RAM.
    19 => Migrate "migrate" (space: Space, range: PageRange, route: Route) level 2, Pages, acts Uses, refuses [ESRCH, EINVAL, ENOMEM],
        linux [dmirror_migrate_to_device "lib/test_hmm.c", dmirror_migrate_to_system "lib/test_hmm.c", migrate_vma_setup "mm/migrate_device.c"];
    /// All four phases in one step for every page on the device that no transaction has; `ENOMEM` if RAM cannot take them all.
    20 => Evict "evict" (device: Device) level 2, Pages, acts Uses, refuses [ENOMEM],
        linux [dmirror_device_evict_chunk "lib/test_hmm.c", migrate_device_range "mm/migrate_device.c"];

    /// Pins the page for writing, as a write that stores nothing would leave it: exclusive, writable, in RAM.
    21 => Pin "pin" (pin: PinSlot, space: Space, page: VirtualPage) level 3, Nothing, acts Fills, refuses [ESRCH, EBUSY, EFAULT, EAGAIN, ENOMEM],
        linux [pin_user_pages_fast "mm/gup.c"];
    /// Drops a pin.
    22 => Unpin "unpin" (pin: PinSlot) level 3, Freed, acts Ends, refuses [ENOENT],
        linux [unpin_user_page "mm/gup.c"];
    /// Reads through a pin, whatever the page tables say now.
    23 => PinRead "pin_read" (pin: PinSlot) level 3, Value, acts Uses, refuses [ENOENT],
        linux [kmap_local_page "include/linux/highmem-internal.h"];
    /// Writes through a pin, whatever the page tables say now.
    24 => PinWrite "pin_write" (pin: PinSlot, stamp: Stamp) level 3, Nothing, acts Uses, refuses [ENOENT],
        linux [kmap_local_page "include/linux/highmem-internal.h"];
    /// Takes a bare reference to the page that is there; faults a device page back; `ENOENT` on a hole.
    25 => Hold "hold" (hold: HoldSlot, space: Space, page: VirtualPage) level 3, Nothing, acts Fills, refuses [ESRCH, EBUSY, ENOENT, EFAULT, EAGAIN, ENOMEM],
        linux [get_user_pages_fast "mm/gup.c"];
    /// Drops a bare reference.
    26 => Release "release" (hold: HoldSlot) level 3, Freed, acts Ends, refuses [ENOENT],
        linux [put_page "include/linux/mm.h"];
    /// Reads through a bare reference.
    27 => Peek "peek" (hold: HoldSlot) level 3, Value, acts Uses, refuses [ENOENT],
        linux [kmap_local_page "include/linux/highmem-internal.h"];

    /// Advises that the mapping be of huge pages, or never (`MADV_HUGEPAGE`, `MADV_NOHUGEPAGE`): the next write into a group of
    /// holes fills it with a large folio. Unmapped places are passed over, and the answer is then `ENOMEM`.
    28 => Advise "advise" (space: Space, range: PageRange, advice: Advice) level 4, Nothing, acts Sets, refuses [ESRCH, EAGAIN, ENOMEM],
        linux [hugepage_madvise "mm/khugepaged.c"];
    /// Replaces what is in the group of the place by one large folio (`MADV_COLLAPSE`), copied from it; holes read as zero.
    /// `EINVAL` unless the group is one mapping that is not advised against, and holds a page, and not a huge one of a device. `EAGAIN` where a page is pinned, held or
    /// migrating. `ENOMEM`: RAM has no run of frames.
    29 => Collapse "collapse" (space: Space, page: VirtualPage) level 4, Freed, acts Uses, refuses [ESRCH, EAGAIN, EINVAL, ENOMEM],
        linux [madvise_collapse "mm/khugepaged.c", collapse_huge_page "mm/khugepaged.c"];
    /// Splits the large folio that is mapped there into pages of order 0 (`split_folio`, as debugfs' `split_huge_pages` asks for).
    /// `EFAULT`: unmapped. `EINVAL`: no page of a large folio in RAM is there. `EAGAIN`: something but entries refers to it.
    30 => SplitFolio "split_folio" (space: Space, page: VirtualPage) level 4, Freed, acts Uses, refuses [ESRCH, EFAULT, EINVAL, EAGAIN],
        linux [split_huge_pages_pid "mm/huge_memory.c", __folio_split "mm/huge_memory.c"];
}

/// The level whose operations exist only on machines with huge pages.
pub const LARGE_FOLIOS: u8 = 4;

impl Kind {
    /// The kind with this word.
    #[must_use]
    pub fn by_word(word: &str) -> Option<Kind> {
        TABLE.iter().find(|row| row.word == word).map(|row| row.kind)
    }

    /// Whether an operation of this kind can exist on this machine: those that name a device need one, and those of large folios
    /// need huge pages.
    #[inline]
    #[must_use]
    pub fn exists_on(self, machine: &Machine) -> bool {
        let row = self.row();
        (machine.devices() > 0 || !row.has(Field::Device)) && (machine.huge().is_some() || row.level != LARGE_FOLIOS)
    }
}

impl Operation {
    /// The operation with these values, if there is one for each field and each is in range on this machine.
    ///
    /// ```
    /// use stalemap_operations::{Field, Kind, Machine, Operation};
    ///
    /// // A range has two fields, its first page and its count; an access is an index into `Access::ALL`.
    /// assert_eq!(Kind::Map.row().fields, [Field::Space, Field::Page, Field::Count, Field::Access]);
    /// let map = Operation::new(Kind::Map, &[0, 3, 2, 2], &Machine::DEFAULT).expect("it fits");
    /// assert_eq!(map.to_string(), "map s0 v3+2 rw");
    /// assert_eq!(Operation::new(Kind::Map, &[0, 7, 2, 2], &Machine::DEFAULT), None, "the space has 8 pages");
    /// ```
    #[must_use]
    pub fn new(kind: Kind, values: &[u32], machine: &Machine) -> Option<Operation> {
        if !kind.exists_on(machine) {
            return None;
        }
        let mut checked = FieldValues::of(kind.row().fields);
        for &value in values {
            let field = checked.next_field()?;
            let above = value.checked_sub(field.lowest())?;
            if above >= field.choices(machine, &checked) {
                return None;
            }
            checked.push(value);
        }
        checked.next_field().is_none().then(|| kind.with_values(&padded(values)))
    }

    /// The operation that any numbers mean: each is folded into what its field allows. `None` only where the machine
    /// has no such thing at all ([`Kind::exists_on`]).
    #[inline]
    #[must_use]
    pub fn folded(kind: Kind, numbers: impl IntoIterator<Item = u32>, machine: &Machine) -> Option<Operation> {
        let mut numbers = numbers.into_iter();
        Operation::chosen(kind, machine, |_, choices, _| {
            let number = numbers.next().unwrap_or(0);
            if number < choices { number } else { number % choices }
        })
    }

    /// The operation whose fields are chosen one after the other: `choose` gets a field, its
    /// [choices](Field::choices) and the values before, and gives a number below the choices. `None` as for [`folded`](Self::folded).
    ///
    /// # Panics
    /// When a chosen number is not below the choices.
    #[inline]
    #[must_use]
    pub fn chosen(
        kind: Kind,
        machine: &Machine,
        mut choose: impl FnMut(Field, u32, &FieldValues) -> u32,
    ) -> Option<Operation> {
        if !kind.exists_on(machine) {
            return None;
        }
        let mut values = FieldValues::of(kind.row().fields);
        while let Some(field) = values.next_field() {
            let choices = field.choices(machine, &values);
            let number = choose(field, choices, &values);
            assert!(number < choices, "{number} is not below the {choices} choices of a field");
            values.push(field.lowest() + number);
        }
        Some(kind.with_values(&padded(values.as_slice())))
    }

    /// An operation of this kind whose fields are sampled evenly: `below` gives a number below the one that it gets.
    /// Fields of a new sort are sampled like this until a generator gives them weights. `None` as for
    /// [`folded`](Self::folded).
    #[must_use]
    pub fn sampled(kind: Kind, machine: &Machine, mut below: impl FnMut(u32) -> u32) -> Option<Operation> {
        Operation::chosen(kind, machine, |_, choices, _| below(choices))
    }

    /// Whether it fits this machine.
    #[must_use]
    pub fn fits(&self, machine: &Machine) -> bool {
        Operation::new(self.kind(), self.values().as_slice(), machine).is_some()
    }
}

/// The values of all fields, and zeros behind them.
#[inline]
fn padded(values: &[u32]) -> [u32; FieldValues::MOST] {
    let mut all = [0; FieldValues::MOST];
    all[..values.len()].copy_from_slice(values);
    all
}

/// A set of kinds.
///
/// ```
/// use stalemap_operations::{Kind, KindSet};
///
/// let anonymous: KindSet = Kind::ALL.iter().copied().filter(|kind| kind.row().level == 1).collect();
/// assert!(anonymous.contains(Kind::Fork) && !anonymous.contains(Kind::Pin));
/// let words: Vec<&str> = anonymous.and(KindSet::NONE.with(Kind::Read).with(Kind::Pin)).iter().map(|kind| kind.row().word).collect();
/// assert_eq!(words, ["read"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KindSet(u64);

const _: () = assert!(Kind::COUNT <= 64, "a set of kinds is one word");

impl KindSet {
    /// Every kind.
    pub const ALL: KindSet = KindSet(u64::MAX >> (64 - Kind::COUNT));
    /// No kind.
    pub const NONE: KindSet = KindSet(0);

    /// Whether the kind is in the set.
    #[inline]
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 >> kind as u32 & 1 == 1
    }

    /// The set with this kind in it.
    #[must_use]
    pub const fn with(self, kind: Kind) -> KindSet {
        KindSet(self.0 | 1 << kind as u32)
    }

    /// The set with this kind out of it.
    #[must_use]
    pub const fn without(self, kind: Kind) -> KindSet {
        KindSet(self.0 & !(1 << kind as u32))
    }

    /// The kinds in both sets.
    #[must_use]
    pub const fn and(self, other: KindSet) -> KindSet {
        KindSet(self.0 & other.0)
    }

    /// Whether no kind is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its kinds in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Kind> + Clone {
        Kind::ALL.iter().copied().filter(move |&kind| self.contains(kind))
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        kinds.into_iter().fold(KindSet::NONE, KindSet::with)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Act, SLOTS, TABLE};
    use crate::operand::Field;
    use crate::outcome::EffectShape;

    #[test]
    fn an_act_has_what_it_acts_on_and_frees_only_where_it_takes_away() {
        for row in &TABLE {
            let spaces = row.fields.iter().filter(|&&field| field == Field::Space).count();
            let range = row.fields.contains(&Field::Count);
            let fits = match row.act {
                Act::Fills => row.slot.is_some() || spaces == 2,
                Act::Ends => row.fields.len() == 1 && (row.slot.is_some() || spaces == 1),
                Act::Opens | Act::Closes | Act::Sets => range,
                Act::Moves => range && row.fields.contains(&Field::Destination),
                Act::Advances => row.slot.is_some(),
                Act::Uses => true,
            };
            assert!(fits, "`{}` names nothing that it could act on so", row.word);
            let frees = matches!(row.effect, EffectShape::Freed | EffectShape::PagesFreed);
            assert!(!frees || row.act != Act::Fills && row.act != Act::Opens, "`{}` frees what it makes", row.word);
            let slots = row.fields.iter().filter(|field| SLOTS.contains(field)).copied().collect::<Vec<_>>();
            assert_eq!(slots, row.slot.into_iter().collect::<Vec<_>>(), "`{}` names one slot at the most", row.word);
            assert_eq!(row.names_place, row.fields.contains(&Field::Page), "`{}`", row.word);
        }
    }

    #[test]
    fn every_slot_that_is_filled_can_be_ended() {
        let words = |act: Act| -> Vec<String> {
            let rows = TABLE.iter().filter(|row| row.act == act);
            let mut sorts: Vec<_> = rows.map(|row| alloc::format!("{:?}", row.slot)).collect();
            sorts.sort_unstable();
            sorts.dedup();
            sorts
        };
        assert_eq!(words(Act::Fills), words(Act::Ends));
        assert_eq!(words(Act::Fills).len(), SLOTS.len() + 1, "each sort of slot, and spaces");
    }
}
