//! What an engine is to do, whichever it is.

use std::path::PathBuf;

use crate::member::Member;
use crate::protocol;
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

/// A kernel that a target drives.
#[derive(Clone, Copy, Debug)]
pub struct KernelOrder {
    /// Its name as a subject, such as `linux-6.12-native`.
    pub subject: &'static str,
    /// The fault that is switched on in it.
    pub fault: Option<&'static str>,
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
    /// The kernel that the target [`KERNEL`](crate::protocol::KERNEL) drives.
    pub kernel: Option<KernelOrder>,
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
    /// A folder for all else of this campaign: an empty one, or that of the member.
    pub scratch: PathBuf,
    /// Who shares the corpus with other processes or machines, and goes on where it was. AFL++ takes over what is new in it.
    pub member: Option<Member>,
}

impl Order<'_> {
    /// What the environment tells the target.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let kernel = self.kernel.map(|kernel| (protocol::KERNEL_SUBJECT, kernel.subject));
        let fault = self.kernel.and_then(|kernel| kernel.fault).map(|fault| (protocol::FAULT, fault));
        self.bug.map(|bug| (protocol::BUG, bug)).into_iter().chain(kernel).chain(fault)
    }

    /// The feature that the target is built with besides its usual ones, and what it adds to the name of the folder.
    pub(crate) fn feature(&self) -> Option<(&'static str, &'static str)> {
        match (self.bug, self.kernel) {
            (_, Some(_)) => Some((protocol::LINUX, "-linux")),
            (Some(_), None) => Some((protocol::BUGS, "-bugs")),
            (None, None) => None,
        }
    }
}
