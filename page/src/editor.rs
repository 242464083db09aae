//! The editor of a running server: what a changed trace can be run on, and from which folder traces come.

use serde::Serialize;

/// What the editor offers.
#[derive(Clone, Debug, Serialize)]
pub struct Editor {
    /// The folder from which traces come, and into which they are put.
    pub folder: String,
    /// The subjects that there are.
    pub subjects: Vec<Offer>,
}

/// A subject that can be driven.
#[derive(Clone, Debug, Serialize)]
pub struct Offer {
    /// What it is called.
    pub name: String,
    /// Whether it is driven from the start.
    pub is_chosen: bool,
    /// What its variants are, such as `seeded bug`.
    pub sort: &'static str,
    /// Faults that can be switched on in it, one at a time.
    pub variants: Vec<Variant>,
}

/// A fault that can be switched on.
#[derive(Clone, Debug, Serialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub meaning: String,
}
