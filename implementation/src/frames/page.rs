//! The page descriptor: one record for every frame, in RAM and on the devices.
//!
//! ```text
//! byte               0       1      2–3     4–7        8–11       12–15     16–19   20–23      24–27         28–31
//! RAM page           flags | pins | 0     | refcount | mapcount | mapping | index | –        | –           | identity
//! device page        flags | 0    | 0     | refcount | mapcount | mapping | index | page map | driver data | identity
//! head of a folio    flags | pins | order | refcount | mapcount | mapping | index | as in its home         | identity
//! its first tail     flags | 0    | huge  | 0        | mapcount | head    | all   | as in its home         | identity
//! its other tails    flags | 0    | 0     | 0        | mapcount | head    | 0     | as in its home         | identity
//! free device frame  flags | 0    | 0     | 0        | −1       | 0       | 0     | page map | next free   | 0
//! free RAM frame     0     | 0    | 0     | 0        | −1       | 0       | 0     | –        | –           | 0
//! ```
//!
//! As in Linux (`struct folio`, include/linux/mm_types.h), the head of a large folio has the references and the mapping of all its
//! pages, and its first tail has the words for which the head has no room: how many huge entries map the folio, and how many entries
//! map it or a part of it. A page's own mapcount counts its small entries. `large.rs` reads and writes these words.
//!
//! As in Linux (`struct page`, include/linux/mm_types.h), a page on a device keeps using `mapping` and `index`, since
//! the reverse map finds it by them, while two words that are list links elsewhere hold the device's page map and the
//! driver's private word. A frame that is free keeps nothing of the page that was in it.

use stalemap_operations::Device;

use super::frame::Frame;
use crate::lifetime::token::ByLifetime;
use crate::migration::token::ByMigration;
use crate::rmap::ids::AnonVmaId;
use crate::rmap::token::ByRmap;

/// The descriptor of one frame.
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Page {
    /// A set of [`flag`] bits.
    flags: u8,
    /// Pins on the page, 0 to 4 (a pin slot each); each is in `refcount` too.
    pins: u8,
    /// Head of a large folio: its order. First tail: huge entries that map the folio. Else 0.
    pub(super) large: u16,
    /// 0 when free, and of a tail; else one for each entry that maps the page, each pin, each hold, and one for the transaction or
    /// the block that has the frame.
    refcount: u32,
    /// Small entries that map the page, less one: −1 when none does. Migration entries do not count.
    mapcount: i32,
    /// 0, or the anon_vma by which the reverse map finds the page, shifted left by one, with the low bit set to say
    /// so (`PAGE_MAPPING_ANON`). Of a tail: the head's frame, shifted left by one (`compound_head`).
    pub(super) mapping: u32,
    /// With `mapping`: the virtual page where the page was allocated, which with a region's offset gives the place. Of the first
    /// tail of a large folio: entries of any size that map the folio or a part of it.
    pub(super) index: u32,
    /// Device frames: number of the device plus one, for ever. RAM frames: 0.
    page_map: u32,
    /// Device frames in use: the driver's word, which is the frame's offset in the device's own memory. Free device
    /// frames: the next free frame of the device. RAM frames: 0.
    word: u32,
    /// 0, or the page's identity plus one: an observer's name for what is in the frame. Of a page that has moved, the
    /// old frame keeps it until it is free, since migration entries still lead there.
    identity: u32,
}

const _: () = assert!(size_of::<Page>() == 32, "the descriptor's size is part of the design");

/// Bits of [`Page::flags`].
pub(super) mod flag {
    /// The frame is in use.
    pub(super) const USED: u8 = 1 << 0;
    /// The page belongs to one place (`PageAnonExclusive`).
    pub(super) const EXCLUSIVE: u8 = 1 << 1;
    /// A transaction has the page or the frame (`PageLocked`).
    pub(crate) const LOCKED: u8 = 1 << 2;
    /// The frame belongs to a block.
    pub(super) const BLOCK: u8 = 1 << 3;
    /// The first page of a large folio (`PG_head`).
    pub(crate) const HEAD: u8 = 1 << 4;
    /// A page of a large folio behind its first (the low bit of `compound_head`).
    pub(crate) const TAIL: u8 = 1 << 5;
    /// Head: all pages of the folio are exclusive or not as the head is, whatever the bits of the tails are. So it is as long as
    /// only huge entries were made of them.
    pub(crate) const ALIKE: u8 = 1 << 6;
}

/// The low bit of `mapping`.
const MAPPING_ANON: u32 = 1;

impl Page {
    /// A free frame of RAM.
    pub(super) const FREE: Page = Page {
        flags: 0,
        pins: 0,
        large: 0,
        refcount: 0,
        mapcount: -1,
        mapping: 0,
        index: 0,
        page_map: 0,
        word: 0,
        identity: 0,
    };

    /// An empty descriptor becomes that of a free frame of a device, and names the next one on its list.
    #[inline]
    pub(super) fn come_to(&mut self, device: Device, next: Frame) {
        debug_assert!(*self == Page::FREE, "an empty descriptor");
        self.page_map = device.0 + 1;
        self.word = next.0;
    }

    /// Takes a free frame, with one reference. The recount checks that it is clean as well.
    #[inline]
    pub(super) fn take(&mut self) {
        assert!(!self.is_used(), "a frame is taken that is not free");
        self.flags = flag::USED;
        self.refcount = 1;
    }

    /// Takes a free frame that has no reference of its own: a tail.
    #[inline]
    pub(super) fn take_as_tail(&mut self) {
        assert!(!self.is_used(), "a frame is taken that is not free");
        self.flags = flag::USED | flag::TAIL;
    }

    /// A page that was a tail has its first reference.
    pub(super) fn get_first(&mut self) {
        assert!(self.refcount == 0, "a tail has no reference");
        self.refcount = 1;
    }

    /// Takes a frame of RAM back whose only reference is dropped by this. A free frame has none.
    #[inline]
    pub(super) fn release(&mut self) {
        assert!(self.refcount == 1, "a frame is released that is free or shared");
        debug_assert!(self.is_used() && self.page_map == 0, "a frame of RAM in use");
        *self = Page::FREE;
    }

    /// Takes a frame of RAM back that has no reference any more.
    #[inline]
    pub(super) fn give_back(&mut self) {
        assert!(self.flags & flag::USED != 0 && self.refcount == 0, "a frame is given back that is free or in use");
        *self = Page::FREE;
    }

    /// Takes a frame of a device back, which goes before `next` on the free list. Its mapping was cleared when the page
    /// ended.
    pub(super) fn give_back_to_device(&mut self, next: Frame, references: u32) {
        assert!(self.flags & flag::USED != 0 && self.refcount == 0, "a frame is given back that is free or in use");
        let Page { page_map, mapping, index, .. } = *self;
        *self = Page { page_map, mapping, index, word: next.0, refcount: references, ..Page::FREE };
    }

    /// Takes a frame of a device back that is part of a run, of which the first goes before `next` on the list of free runs.
    pub(super) fn give_back_in_run(&mut self, next: Frame, keeps_order: bool) {
        assert!(self.flags & flag::USED != 0 && self.refcount == 0, "a frame is given back that is free or in use");
        let large = if keeps_order { self.large } else { 0 };
        *self = Page { page_map: self.page_map, word: next.0, large, ..Page::FREE };
    }

    /// The next on the list that a free frame of a device, or the run that it begins, is on.
    pub(super) fn set_next_free(&mut self, next: Frame) {
        debug_assert!(self.page_map != 0 && !self.is_used(), "only a free device frame is on the list");
        self.word = next.0;
    }

    /// Whether nothing of a page shows in the descriptor.
    #[inline]
    pub(crate) fn is_clean(&self) -> bool {
        let Page { flags, pins, large, refcount, mapcount, mapping, index, page_map: _, word: _, identity } = *self;
        flags == 0
            && pins == 0
            && large == 0
            && refcount == 0
            && mapcount == -1
            && mapping == 0
            && index == 0
            && identity == 0
    }

    #[inline]
    pub(crate) fn is_used(&self) -> bool {
        self.flags & flag::USED != 0
    }

    /// The bit of this descriptor; of a page of a large folio see [`Memmap::is_exclusive`](super::memmap::Memmap::is_exclusive).
    #[inline]
    pub(crate) fn exclusive_bit(&self) -> bool {
        self.flags & flag::EXCLUSIVE != 0
    }

    #[inline]
    pub(super) fn set_exclusive_bit(&mut self, exclusive: bool) {
        self.set(flag::EXCLUSIVE, exclusive);
    }

    #[inline]
    pub(crate) fn is_locked(&self) -> bool {
        self.flags & flag::LOCKED != 0
    }

    #[inline]
    pub(crate) fn set_locked(&mut self, locked: bool, _: ByMigration) {
        self.set(flag::LOCKED, locked);
    }

    pub(crate) fn is_block(&self) -> bool {
        self.flags & flag::BLOCK != 0
    }

    pub(super) fn set_block(&mut self) {
        self.set(flag::BLOCK, true);
    }

    /// Whether a flag is set.
    #[inline]
    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    #[inline]
    pub(super) fn set(&mut self, flag: u8, on: bool) {
        if on {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }

    #[inline]
    pub(crate) fn refcount(&self) -> u32 {
        self.refcount
    }

    /// One reference more, on a frame in use.
    #[inline]
    pub(crate) fn get(&mut self) {
        self.get_many(1);
    }

    /// References more, on a frame in use (`folio_ref_add`).
    #[inline]
    pub(crate) fn get_many(&mut self, references: u32) {
        assert!(self.refcount > 0, "a reference to a free frame");
        self.refcount += references;
    }

    /// One reference less; `true` when it was the last.
    #[inline]
    pub(crate) fn put(&mut self, _: ByLifetime) -> bool {
        assert!(self.refcount > 0, "a reference too many is dropped");
        self.refcount -= 1;
        self.refcount == 0
    }

    #[inline]
    pub(crate) fn pins(&self) -> u8 {
        self.pins
    }

    pub(crate) fn pin(&mut self) {
        self.pins += 1;
        self.get();
    }

    /// One pin less; its reference is dropped apart.
    pub(crate) fn unpin(&mut self, _: ByLifetime) {
        assert!(self.pins > 0, "a pin too many is dropped");
        self.pins -= 1;
    }

    /// Number of small entries that map the page.
    #[inline]
    pub(crate) fn mapcount(&self) -> u32 {
        (self.mapcount + 1).unsigned_abs()
    }

    /// One entry more.
    #[inline]
    pub(crate) fn inc_mapcount(&mut self, _: ByRmap) {
        self.mapcount += 1;
    }

    /// One entry less.
    #[inline]
    pub(crate) fn dec_mapcount(&mut self, _: ByRmap) {
        assert!(self.mapcount >= 0, "an entry too many is taken from a page");
        self.mapcount -= 1;
    }

    /// The anon_vma and index by which the reverse map finds the page.
    #[inline]
    pub(crate) fn mapping(&self) -> Option<(AnonVmaId, u32)> {
        (self.mapping & MAPPING_ANON != 0).then_some((AnonVmaId(self.mapping >> 1), self.index))
    }

    /// Sets mapping and index; the reverse map counts the descriptors that lead to an anon_vma.
    #[inline]
    pub(crate) fn set_mapping(&mut self, anon_vma: AnonVmaId, index: u32, _: ByRmap) {
        self.mapping = anon_vma.0 << 1 | MAPPING_ANON;
        self.index = index;
    }

    /// The reverse map finds nothing from here any more.
    #[inline]
    pub(crate) fn clear_mapping(&mut self, _: ByRmap) {
        self.mapping = 0;
        self.index = 0;
    }

    /// The device on which the frame is.
    #[inline]
    pub(crate) fn device(&self) -> Option<Device> {
        self.page_map.checked_sub(1).map(Device)
    }

    /// The driver's word of a device frame in use.
    #[inline]
    pub(crate) fn driver_data(&self) -> u32 {
        debug_assert!(self.page_map != 0 && self.is_used(), "only a device frame in use has driver data");
        self.word
    }

    #[inline]
    pub(super) fn set_driver_data(&mut self, offset: u32) {
        debug_assert!(self.page_map != 0 && self.is_used(), "only a device frame in use has driver data");
        self.word = offset;
    }

    /// The next frame on the free list of a device.
    #[inline]
    pub(crate) fn next_free(&self) -> Frame {
        debug_assert!(self.page_map != 0 && !self.is_used(), "only a free device frame is on the list");
        Frame(self.word)
    }

    /// The page's identity.
    #[inline]
    pub(crate) fn identity(&self) -> Option<u32> {
        self.identity.checked_sub(1)
    }

    #[inline]
    pub(crate) fn set_identity(&mut self, identity: u32, _: ByLifetime) {
        self.identity = identity + 1;
    }
}
