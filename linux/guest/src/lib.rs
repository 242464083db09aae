//! Messages between guest and host: programs one way, answers and what is seen the other.

mod message;
mod state;

pub use message::{Batch, End, FromGuest, Hello, Malformed, Shown, read_frame, table_text, write_frame};
pub use state::{
    Candidate, EntryKind, Frame, GuestBlock, GuestFolio, GuestPage, GuestPlace, GuestState, GuestTransaction, Held,
};

/// Pages of a huge page of x86.
pub const HUGE_PAGE_OF_X86: u32 = 512;

/// The most spaces that the guest can drive.
pub const MOST_SPACES: u32 = 8;
/// The most virtual pages in each.
pub const MOST_PAGES: u32 = 64;
/// The most frames of a device.
pub const MOST_DEVICE_FRAMES: u32 = 512;
