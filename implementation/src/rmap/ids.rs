//! The numbers by which regions, anon_vmas and chains name each other.

/// The number of a region, at least 1 and less than 2^28; it shares a word with the access and the advice of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RegionId(pub(crate) u32);

/// The number of an anon_vma, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AnonVmaId(pub(crate) u32);

/// The number of a chain, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChainId(pub(super) u32);
