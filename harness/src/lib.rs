//! The comparison: reference and subject in lockstep, after every step all that was touched, at the end everything.
//!
//! A [`Driver`] runs operations on a pair of machines and answers with the first [`Divergence`], if there is one.
//! [`canonicalise`] brings what led to it to a canonical form, by which findings are grouped, and [`minimise`] only
//! shortens it. [`Generator`] makes operations, [`Mutator`] changes them for engines that keep a corpus, [`Tally`] and [`Transitions`] tell what a
//! campaign has met. One trace gives one result for ever: no clock, no thread, no hash order here.

// Which they are, and why, is in clippy.toml.
#![warn(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]
#![expect(clippy::disallowed_macros, reason = "the guard asks which thread panics; nothing of a run depends on it")]

mod answers;
mod any_build;
mod any_lockstep;
mod binding;
mod build;
mod canonical;
mod comparison;
mod digest;
mod divergence;
mod driver;
mod enumerate;
mod generate;
mod generator_state;
mod guard;
mod huge_orders;
mod large_world;
mod lockstep;
mod minimise;
mod mismatch;
mod mutate;
mod names;
mod oracle;
mod random;
mod reference_state;
mod sample;
mod some_subject;
mod state;
mod tally;
mod transitions;
mod watchdog;
mod watched;

pub use any_build::AnyBuild;
pub use build::{Build, CannotBuild};
pub use canonical::{Canonical, Repeats, canonicalise, confirm};
pub use divergence::{Divergence, NO_OPERATIONS, NotASignature, Signature};
pub use driver::{Driver, Run, Skipped};
pub use enumerate::{enumerate_operations, enumerate_some};
pub use generate::{Generator, Settings};
pub use guard::{guarded, quiet_panics};
pub use huge_orders::HugeOrders;
pub use lockstep::Compare;
pub use minimise::{Minimised, Progress, minimise, minimise_comparing, what_is_left};
pub use mismatch::{Mismatch, Sense};
pub use mutate::Mutator;
pub use names::Names;
pub use oracle::{ORACLE_NAMES, check_names};
pub use random::Random;
pub use reference_state::ReferenceState;
pub use some_subject::some_subject;
pub use state::{StateDigest, digest_of_states, state_digest};
pub use tally::Tally;
pub use transitions::Transitions;
pub use watchdog::{DEADLINE, Hang, Watch, Watchdog};
pub use watched::Watched;
