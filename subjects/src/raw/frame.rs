//! How long a frame is where a crate hands out addresses.

/// Bytes in a frame.
pub(crate) const FRAME_BYTES: usize = 4_096;
