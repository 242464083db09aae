//! Marks at the limits of data structures: words of 64 bits, levels of words, bytes, full slots.
//!
//! The reference has no such limits. It knows how many there are of what an optimised subject keeps in words and bytes,
//! so a campaign can say whether it has gone past each of them.

use stalemap_operations::{BlockSlot, HoldSlot, Home, PinSlot, Place, Space, TransactionSlot};

use crate::marks::mark;
use crate::model::Model;

/// Bits of a word, and the numbers that two and three levels of words have bits for.
const WORD: u32 = 64;
/// Mappings of a page that any count has bits for.
const FEW_PLACES: u32 = 31;
const TWO_LEVELS: u32 = WORD * WORD;
const THREE_LEVELS: u32 = TWO_LEVELS * WORD;

impl Model {
    /// Up to so many spaces no page has so many mappings that it is past a limit.
    pub(crate) const SPACES_BEFORE_LIMITS: u32 = FEW_PLACES;

    /// A fork makes a page one that so many places map: signed and unsigned counts of few bits, words, and bytes overflow.
    #[inline]
    pub(crate) fn mark_mapcount(&mut self, places: u32) {
        if places <= FEW_PLACES {
            return;
        }
        mark!(self, "limit: more than 31 places map a page");
        if places > 63 {
            mark!(self, "limit: more than 63 places map a page");
        }
        if places > 127 {
            mark!(self, "limit: more than 127 places map a page");
        }
        if places > 255 {
            mark!(self, "limit: more than 255 places map a page");
        }
    }

    /// A fork makes a large folio one that so many entries map.
    #[inline]
    pub(crate) fn mark_huge_mapcount(&mut self, entries: u32) {
        if entries > 255 {
            mark!(self, "limit: more than 255 entries map a large folio");
        }
    }

    /// A large folio of so many pages is made.
    #[inline]
    pub(crate) fn mark_folio(&mut self, pages: u32) {
        if pages > WORD {
            mark!(self, "limit: a large folio of more pages than a word has bits");
        }
    }

    /// A fork fills this space.
    #[inline]
    pub(crate) fn mark_space(&mut self, space: Space) {
        if space.0 >= WORD {
            mark!(self, "limit: a space behind a word of them");
        }
    }

    /// A place is mapped, the last one of a range.
    #[inline]
    pub(crate) fn mark_place(&mut self, place: Place) {
        if place.page.0 >= WORD {
            mark!(self, "limit: a place behind a word of them");
        }
        if place.page.0 >= TWO_LEVELS {
            mark!(self, "limit: a place behind two levels of words");
        }
    }

    /// Frames are taken at this home. Those of a device come after those of RAM.
    #[inline]
    pub(crate) fn mark_frames(&mut self, at: Home) {
        let before = self.machine.ram();
        if at == Home::Ram || before < WORD {
            return;
        }
        mark!(self, "limit: a device's frame behind a word of them");
        if before >= TWO_LEVELS {
            mark!(self, "limit: a device's frame behind two levels of words");
        }
        if before >= THREE_LEVELS {
            mark!(self, "limit: a device's frame behind three levels of words");
        }
    }

    /// A transaction is opened with so many candidates.
    #[inline]
    pub(crate) fn mark_candidates(&mut self, candidates: u32) {
        if candidates > WORD {
            mark!(self, "limit: a transaction of more candidates than a word has bits");
        }
        if candidates > TWO_LEVELS {
            mark!(self, "limit: a transaction of more candidates than two levels have bits");
        }
    }

    /// So many pages end at once: more than a list in front of the allocator holds.
    #[inline]
    pub(crate) fn mark_freed(&mut self, pages: u32) {
        if pages > WORD {
            mark!(self, "limit: more than 64 pages end at once");
        }
    }

    /// A slot was filled.
    #[inline]
    pub(crate) fn mark_full(&mut self) {
        if self.transactions.len() == TransactionSlot::LIMIT as usize {
            mark!(self, "limit: every transaction slot is filled");
        }
        if self.pins.len() == PinSlot::LIMIT as usize {
            mark!(self, "limit: every pin slot is filled");
        }
        if self.holds.len() == HoldSlot::LIMIT as usize {
            mark!(self, "limit: every hold slot is filled");
        }
        if self.blocks.len() == BlockSlot::LIMIT as usize {
            mark!(self, "limit: every block slot is filled");
        }
    }
}
