//! The token of the reverse map.

/// A token that only the reverse map makes: descriptors ask for it where a mapcount or a mapping word changes.
#[derive(Clone, Copy)]
pub(crate) struct ByRmap(pub(super) ());
