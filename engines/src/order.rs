//! What an engine is to do, whichever it is.

use std::path::PathBuf;

use crate::workspace::Workspace;

/// An engine that runs in processes of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// libFuzzer, by cargo-fuzz.
    Libfuzzer,
    /// AFL++, by cargo-afl.
    Afl,
}

impl Engine {
    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Engine::Libfuzzer => "libfuzzer",
            Engine::Afl => "afl",
        }
    }
}

/// A campaign that an engine is to run.
pub struct Order<'a> {
    /// Runs the campaign.
    pub engine: Engine,
    /// Holds the source of the target.
    pub workspace: &'a Workspace,
    /// The target, such as [`LOCKSTEP`](crate::protocol::LOCKSTEP).
    pub target: &'static str,
    /// The seeded bug that is switched on.
    pub bug: Option<&'static str>,
    /// Runs a target that does nothing instead; AFL++ only.
    pub empty: bool,
    /// Ends the campaign after so many seconds.
    pub seconds: Option<u64>,
    /// Processes that mutate at the same time, at least 1.
    pub jobs: u32,
    /// Seed of the mutations; engines take its lower 32 bits.
    pub seed: u64,
    /// The longest input in bytes.
    pub longest: usize,
    /// The folder of the inputs that are kept from campaign to campaign.
    pub corpus: PathBuf,
    /// The folder of inputs to begin with, at least one. AFL++ copies the corpus into it.
    pub seeds: PathBuf,
    /// An empty folder for all else of this campaign.
    pub scratch: PathBuf,
}
