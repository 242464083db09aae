//! A page-table entry: one packed word whose fields overlap, and the view that all other code matches on.
//!
//! ```text
//! bit             63 … 12         11 … 8   7      6       5 … 1       0
//! hole            0               0        0      0       0           0
//! present         frame           – … –    huge   dirty   – … – | W   1
//! not present     frame ………………………………………………… (from bit 6)  type   0
//! ```
//!
//! An entry of the upper table has the same form and maps a whole group. A present one says so by the bit `huge` (`_PAGE_PSE`), the
//! others are told by the table that they are in, as in Linux; the frame is that of the folio's head.
//! `W` is bit 1, dirty is bit 6. The types of entries that are not present are those of Linux's swap entries
//! (include/linux/swap.h): migration entries 24 (read-only) and 26 (writable), device-private entries 27 (writable)
//! and 28 (read-only). The frame of an entry that is not present begins where a present one has its dirty bit, so a
//! reader that takes one for the other gets a wrong frame.

use crate::frames::Frame;

/// A packed entry; 0 is a hole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pte(u64);

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PteView {
    /// Nothing there yet.
    Hole,
    /// A page in RAM.
    Present { frame: Frame, writable: bool, dirty: bool },
    /// A page on a device, which the CPU cannot touch.
    Device { frame: Frame, writable: bool },
    /// A page that a transaction has collected; the frame is the one that it was collected from.
    Migration { frame: Frame, writable: bool },
}

const PRESENT: u64 = 1 << 0;
const WRITABLE: u64 = 1 << 1;
const DIRTY: u64 = 1 << 6;
const HUGE: u64 = 1 << 7;
const PRESENT_FRAME_SHIFT: u32 = 12;
const TYPE_SHIFT: u32 = 1;
const TYPE_MASK: u64 = 0x1f;
const SWAP_FRAME_SHIFT: u32 = 6;

const MIGRATION_READ: u64 = 24;
const MIGRATION_WRITE: u64 = 26;
const DEVICE_WRITE: u64 = 27;
const DEVICE_READ: u64 = 28;

impl Pte {
    pub(crate) const HOLE: Pte = Pte(0);

    /// Packs a view.
    #[inline]
    pub(crate) fn pack(view: PteView) -> Pte {
        match view {
            PteView::Hole => Pte::HOLE,
            PteView::Present { frame, writable, dirty } => {
                let bits = if writable { WRITABLE } else { 0 } | if dirty { DIRTY } else { 0 };
                Pte(u64::from(frame.0) << PRESENT_FRAME_SHIFT | bits | PRESENT)
            }
            PteView::Device { frame, writable } => Pte::swap(if writable { DEVICE_WRITE } else { DEVICE_READ }, frame),
            PteView::Migration { frame, writable } => {
                Pte::swap(if writable { MIGRATION_WRITE } else { MIGRATION_READ }, frame)
            }
        }
    }

    /// Packs the view of an entry of the upper table.
    pub(crate) fn pack_huge(view: PteView) -> Pte {
        match view {
            PteView::Present { .. } => Pte(Pte::pack(view).0 | HUGE),
            PteView::Hole | PteView::Device { .. } | PteView::Migration { .. } => Pte::pack(view),
        }
    }

    /// Unpacks the entry.
    ///
    /// # Panics
    /// On a word that [`pack`](Self::pack) never makes.
    #[inline]
    pub(crate) fn view(self) -> PteView {
        if self.0 == 0 {
            return PteView::Hole;
        }
        if self.0 & PRESENT != 0 {
            let frame = self.frame_as_if_present();
            return PteView::Present { frame, writable: self.0 & WRITABLE != 0, dirty: self.0 & DIRTY != 0 };
        }
        let frame = frame(self.0 >> SWAP_FRAME_SHIFT);
        match self.0 >> TYPE_SHIFT & TYPE_MASK {
            MIGRATION_READ => PteView::Migration { frame, writable: false },
            MIGRATION_WRITE => PteView::Migration { frame, writable: true },
            DEVICE_READ => PteView::Device { frame, writable: false },
            DEVICE_WRITE => PteView::Device { frame, writable: true },
            other => panic!("an entry of unknown type {other}"),
        }
    }

    /// The frame of a present entry (`pte_pfn`); of another one a number without meaning.
    #[inline]
    pub(crate) fn frame_as_if_present(self) -> Frame {
        frame(self.0 >> PRESENT_FRAME_SHIFT)
    }

    #[inline]
    fn swap(kind: u64, frame: Frame) -> Pte {
        Pte(u64::from(frame.0) << SWAP_FRAME_SHIFT | kind << TYPE_SHIFT)
    }
}

#[inline]
fn frame(number: u64) -> Frame {
    Frame(u32::try_from(number).expect("a frame number has 32 bits"))
}

impl PteView {
    /// The frame that the entry leads to.
    #[inline]
    pub(crate) fn frame(self) -> Option<Frame> {
        match self {
            PteView::Hole => None,
            PteView::Present { frame, .. } | PteView::Device { frame, .. } | PteView::Migration { frame, .. } => {
                Some(frame)
            }
        }
    }

    /// The small entry of the page with this index of a huge one: the same bits, the frame of the page.
    #[inline]
    pub(crate) fn of_page(self, index: u32) -> PteView {
        match self {
            PteView::Hole => PteView::Hole,
            PteView::Present { frame, writable, dirty } => {
                PteView::Present { frame: Frame(frame.0 + index), writable, dirty }
            }
            PteView::Device { frame, writable } => PteView::Device { frame: Frame(frame.0 + index), writable },
            PteView::Migration { frame, writable } => PteView::Migration { frame: Frame(frame.0 + index), writable },
        }
    }

    /// The same without the writable bit.
    #[inline]
    pub(crate) fn write_protected(self) -> PteView {
        match self {
            PteView::Hole => PteView::Hole,
            PteView::Present { frame, dirty, .. } => PteView::Present { frame, writable: false, dirty },
            PteView::Device { frame, .. } => PteView::Device { frame, writable: false },
            PteView::Migration { frame, .. } => PteView::Migration { frame, writable: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pte, PteView};
    use crate::frames::Frame;

    #[test]
    fn unpacking_gives_back_what_was_packed() {
        let mut packed = std::collections::BTreeSet::new();
        for frame in [0, 1, 63, 64, (1 << 24) * 3].map(Frame) {
            for writable in [false, true] {
                for view in [
                    PteView::Present { frame, writable, dirty: false },
                    PteView::Present { frame, writable, dirty: true },
                    PteView::Device { frame, writable },
                    PteView::Migration { frame, writable },
                ] {
                    assert_eq!(Pte::pack(view).view(), view);
                    assert!(packed.insert(Pte::pack(view).0), "{view:?} shares its word with another entry");
                    let huge = Pte::pack_huge(view);
                    assert_eq!(huge.view(), view);
                    let is_present = matches!(view, PteView::Present { .. });
                    assert_eq!(packed.insert(huge.0), is_present, "a present entry says that it is huge");
                }
            }
        }
        assert_eq!(Pte::HOLE.view(), PteView::Hole);
    }
}
