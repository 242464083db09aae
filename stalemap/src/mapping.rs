//! What a place of a memory manager shows.

use stalemap_operations::{Access, FrameToken, Home};

/// What a mapped place shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The rights of the mapping.
    pub access: Access,
    /// The frame of the page that is mapped; none for a hole, which reads as zero.
    pub frame: Option<FrameToken>,
    /// The writable bit of the entry. It has no meaning for a hole, or where [`AddressSpaces::SHOWS`](crate::AddressSpaces::SHOWS) does not name it.
    pub writable: bool,
}

impl Mapping {
    /// A hole.
    #[must_use]
    pub const fn hole(access: Access) -> Mapping {
        Mapping { access, frame: None, writable: false }
    }

    /// A page in a frame of RAM.
    #[must_use]
    pub const fn ram(access: Access, frame: u32, writable: bool) -> Mapping {
        let frame = FrameToken { home: Home::Ram, offset: frame };
        Mapping { access, frame: Some(frame), writable }
    }
}
