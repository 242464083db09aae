//! The token of allocation and end of pages.

/// A token that only this folder makes: a descriptor asks for it where a reference is dropped or an identity changes, the
/// frame allocator where it takes back a frame. So no reference is dropped without a look at whether it was the last.
pub(crate) struct ByLifetime(pub(super) ());
