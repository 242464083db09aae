//! Descriptors of large folios: what the head and the tails keep, how they are made and unmade, and whose bit says that a page
//! is exclusive.

use stalemap_operations::{Order, Stamp};

use super::frame::Frame;
use super::memmap::Memmap;
use super::page::{Page, flag};
use crate::rmap::ids::AnonVmaId;
use crate::rmap::token::ByRmap;

impl Page {
    /// The first page of a large folio.
    #[inline]
    pub(crate) fn is_head(&self) -> bool {
        self.has(flag::HEAD)
    }

    /// A page of a large folio behind its first.
    #[inline]
    pub(crate) fn is_tail(&self) -> bool {
        self.has(flag::TAIL)
    }

    /// A page of a large folio.
    #[inline]
    pub(crate) fn is_large(&self) -> bool {
        self.has(flag::HEAD | flag::TAIL)
    }

    /// The order of the folio of which it is the head; 0 of a small page.
    #[inline]
    pub(crate) fn order(&self) -> Order {
        debug_assert!(!self.is_tail(), "the head has the order");
        Order(u32::from(self.large))
    }

    /// The head of the folio of which it is a tail.
    #[inline]
    fn head(&self) -> Frame {
        debug_assert!(self.is_tail(), "a tail names its head");
        Frame(self.mapping >> 1)
    }

    /// Whether all pages of the folio are exclusive or not as this head is.
    pub(crate) fn is_alike(&self) -> bool {
        self.has(flag::ALIKE)
    }

    /// Makes a free frame the head of a large folio, with one reference.
    fn take_head(&mut self, order: Order) {
        self.take();
        self.set(flag::HEAD, true);
        self.large = u16::try_from(order.0).expect("a small order");
    }

    /// Makes a free frame a tail.
    fn take_tail(&mut self, head: Frame) {
        self.take_as_tail();
        self.mapping = head.0 << 1;
    }

    /// The tail becomes a page of order 0, with one reference.
    fn leave_folio(&mut self) {
        self.set(flag::TAIL, false);
        self.mapping = 0;
        self.index = 0;
        self.large = 0;
        self.get_first();
    }
}

/// The frames of the folio, or of the run, that begins here.
pub(crate) fn frames_of(head: Frame, order: Order) -> impl DoubleEndedIterator<Item = Frame> + Clone {
    (head.0..head.0 + order.frames()).map(Frame)
}

impl Memmap {
    /// The head of the large folio of a page; the frame itself where the page is small (`page_folio`).
    #[inline]
    pub(crate) fn head(&self, frame: Frame) -> Frame {
        let page = &self[frame];
        if page.is_tail() { page.head() } else { frame }
    }

    /// The descriptor that has the references, the lock and the mapping of a page.
    #[inline]
    pub(crate) fn folio(&self, frame: Frame) -> &Page {
        &self[self.head(frame)]
    }

    /// As [`folio`](Self::folio), to be changed.
    #[inline]
    pub(crate) fn folio_mut(&mut self, frame: Frame) -> &mut Page {
        let head = self.head(frame);
        &mut self[head]
    }

    /// The frames of the folio of which this is the head; the frame alone where the page is small.
    #[inline]
    pub(crate) fn folio_frames(&self, head: Frame) -> impl DoubleEndedIterator<Item = Frame> + Clone + use<> {
        frames_of(head, self[head].order())
    }

    /// How many pages the folio of this head has.
    #[inline]
    pub(crate) fn folio_size(&self, head: Frame) -> u32 {
        self[head].order().frames()
    }

    /// Makes a run of free frames a large folio without pages in it, with one reference (`prep_compound_page`, mm/page_alloc.c).
    pub(super) fn take_run(&mut self, head: Frame, order: Order) {
        self[head].take_head(order);
        for frame in frames_of(head, order).skip(1) {
            self[frame].take_tail(head);
        }
    }

    /// The frames of a large folio without entries become pages of order 0, each with as many references as the head has, which is
    /// one, and locked as the head is (`__split_folio_to_order`, mm/huge_memory.c). The mapping of the head stays; the reverse map
    /// sets those of the tails.
    pub(crate) fn split_run(&mut self, head: Frame, _: ByRmap) {
        debug_assert!(self.folio_mapcount(head) == 0, "a folio that is split has no entries");
        self.make_unlike(head);
        let is_locked = self[head].is_locked();
        let order = self[head].order();
        for frame in frames_of(head, order).skip(1) {
            self[frame].leave_folio();
            self[frame].set(flag::LOCKED, is_locked);
        }
        self[head].set(flag::HEAD, false);
        self[head].large = 0;
    }

    /// The anon_vma and index by which the reverse map finds a page, also one that is a tail.
    #[inline]
    pub(crate) fn mapping(&self, frame: Frame) -> Option<(AnonVmaId, u32)> {
        let page = &self[frame];
        if page.is_tail() { self.mapping_of_tail(frame) } else { page.mapping() }
    }

    #[cold]
    #[inline(never)]
    fn mapping_of_tail(&self, frame: Frame) -> Option<(AnonVmaId, u32)> {
        let head = self.head(frame);
        let (anon_vma, index) = self[head].mapping()?;
        Some((anon_vma, index.wrapping_add(frame.0 - head.0)))
    }

    /// Number of huge entries that map the folio of this head (`folio_entire_mapcount`).
    #[inline]
    pub(crate) fn huge_mapcount(&self, head: Frame) -> u32 {
        u32::from(self[first_tail(head)].large)
    }

    /// Number of entries that map the folio of this head or a part of it; a huge entry counts once (`folio_mapcount`).
    #[inline]
    pub(crate) fn folio_mapcount(&self, head: Frame) -> u32 {
        if self[head].is_head() { self[first_tail(head)].index } else { self[head].mapcount() }
    }

    /// Number of entries of any size that map the page in this frame.
    #[inline]
    pub(crate) fn page_mapcount(&self, frame: Frame) -> u32 {
        let small = self[frame].mapcount();
        if self[frame].is_large() { small + self.huge_mapcount(self.head(frame)) } else { small }
    }

    /// One huge entry more maps the folio of this head.
    #[inline]
    pub(crate) fn inc_huge_mapcount(&mut self, head: Frame, by: ByRmap) {
        self[first_tail(head)].large += 1;
        self.add_to_folio_mapcount(head, 1, by);
    }

    /// One huge entry less.
    #[inline]
    pub(crate) fn dec_huge_mapcount(&mut self, head: Frame, by: ByRmap) {
        let tail = &mut self[first_tail(head)];
        assert!(tail.large > 0, "a huge entry too many is taken from a folio");
        tail.large -= 1;
        self.take_from_folio_mapcount(head, by);
    }

    /// Entries more map a page of the large folio.
    #[inline]
    pub(crate) fn add_to_folio_mapcount(&mut self, head: Frame, entries: u32, _: ByRmap) {
        self[first_tail(head)].index += entries;
    }

    /// One entry less maps a page of the large folio.
    #[inline]
    pub(crate) fn take_from_folio_mapcount(&mut self, head: Frame, _: ByRmap) {
        let tail = &mut self[first_tail(head)];
        assert!(tail.index > 0, "an entry too many is taken from a folio");
        tail.index -= 1;
    }

    /// Whether the page belongs to one place. While the pages of a large folio are alike, the head's bit is theirs.
    #[inline]
    pub(crate) fn is_exclusive(&self, frame: Frame) -> bool {
        let page = &self[frame];
        if page.is_tail() { self.is_tail_exclusive(page) } else { page.exclusive_bit() }
    }

    #[cold]
    #[inline(never)]
    fn is_tail_exclusive(&self, tail: &Page) -> bool {
        let head = &self[tail.head()];
        if head.is_alike() { head.exclusive_bit() } else { tail.exclusive_bit() }
    }

    /// Changes it for one page. The pages of its folio are no longer alike.
    #[inline]
    pub(crate) fn set_exclusive(&mut self, frame: Frame, exclusive: bool) {
        let page = &mut self[frame];
        if page.is_large() {
            return self.set_exclusive_in_folio(frame, exclusive);
        }
        page.set_exclusive_bit(exclusive);
    }

    #[cold]
    #[inline(never)]
    fn set_exclusive_in_folio(&mut self, frame: Frame, exclusive: bool) {
        self.make_unlike(self.head(frame));
        self[frame].set_exclusive_bit(exclusive);
    }

    /// Changes it for all pages of a large folio at once: they are alike from now on. A small page has only itself.
    #[inline]
    pub(crate) fn set_folio_exclusive(&mut self, head: Frame, exclusive: bool) {
        let is_large = self[head].is_head();
        let page = &mut self[head];
        page.set_exclusive_bit(exclusive);
        page.set(flag::ALIKE, is_large);
    }

    /// Fills the frames of a run with zeros (`folio_zero_user`, mm/memory.c).
    pub(crate) fn clear_contents(&mut self, head: Frame) {
        for frame in self.folio_frames(head) {
            self.set_content(frame, Stamp(0));
        }
    }

    /// Copies the contents of so many frames, from the first one on, into others.
    pub(crate) fn copy_contents(&mut self, from: Frame, to: Frame, frames: u32) {
        for index in 0..frames {
            let stamp = self.content(Frame(from.0 + index));
            self.set_content(Frame(to.0 + index), stamp);
        }
    }

    /// The pages that come to a run from another one are exclusive as they were there.
    pub(crate) fn copy_exclusive(&mut self, old: Frame, new: Frame) {
        if self[old].is_alike() {
            return self.set_folio_exclusive(new, self[old].exclusive_bit());
        }
        for (old, new) in self.folio_frames(old).zip(self.folio_frames(new)) {
            let exclusive = self[old].exclusive_bit();
            self[new].set_exclusive_bit(exclusive);
        }
        self[new].set(flag::ALIKE, false);
    }

    /// From now on each page of the folio has a bit of its own: the one that the head had for all.
    #[inline]
    pub(crate) fn make_unlike(&mut self, head: Frame) {
        if self[head].is_alike() {
            self.set_bits_of_tails(head, self[head].exclusive_bit());
        }
    }

    /// From now on each page of the folio has a bit of its own, the tails this one.
    pub(crate) fn set_bits_of_tails(&mut self, head: Frame, exclusive: bool) {
        for frame in self.folio_frames(head).skip(1) {
            self[frame].set_exclusive_bit(exclusive);
        }
        self[head].set(flag::ALIKE, false);
    }
}

/// The descriptor that has the words of a large folio for which the head has no room.
#[inline]
fn first_tail(head: Frame) -> Frame {
    Frame(head.0 + 1)
}
