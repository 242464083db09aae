//! What a memory manager shows of a large folio.

use stalemap_operations::FrameToken;

/// A large folio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folio {
    /// The frame of its first page.
    pub head: FrameToken,
    /// How many entries map it or a part of it, as its owner counts; a huge entry counts once.
    pub mapcount: u32,
}
