//! The token of migration.

/// A token that only this folder makes: a descriptor asks for it where its lock changes.
pub(crate) struct ByMigration(pub(super) ());
