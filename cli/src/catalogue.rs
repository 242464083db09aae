//! The subjects that `stalemap` can drive, and the options that choose one.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use stalemap_commands::{CommandLine, Ending, ExplorableWork, Subjects, Work};
use stalemap_implementation::Implementation;
use stalemap_linux::{Cache, Fault, Flavour, Kernels, Version};
use stalemap_operations::Machine;

/// The subject that is driven beside the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum SubjectName {
    /// The optimised allocator.
    #[default]
    Implementation,
    /// Linux 6.1 in a virtual machine (`stalemap linux build` makes it).
    #[value(name = "linux-6.1")]
    Linux6_1,
    /// Linux 6.12 in a virtual machine.
    #[value(name = "linux-6.12")]
    Linux6_12,
}

/// Which subject is driven.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Choice {
    /// The subject that is driven beside the reference
    #[arg(long, value_name = "SUBJECT", value_enum, default_value_t)]
    subject: SubjectName,
    /// Switch a seeded bug of the implementation on (`stalemap bugs` lists them)
    #[cfg(feature = "seeded-bugs")]
    #[arg(long, value_name = "NAME", value_parser = crate::seeded::name(), conflicts_with = "subject")]
    bug: Option<stalemap_implementation::Bug>,
    /// Switch a fault of the kernel on (`stalemap linux mutants` looks for them)
    #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
    fault: Option<Fault>,
    /// The kernel that is built with KASAN (`stalemap linux build --kasan`)
    #[arg(long)]
    kasan: bool,
}

impl Choice {
    /// The seeded bug that is switched on, if one is.
    #[cfg(unix)]
    pub(crate) fn bug(&self) -> Option<&'static str> {
        #[cfg(feature = "seeded-bugs")]
        return self.bug.map(stalemap_implementation::Bug::name);
        #[cfg(not(feature = "seeded-bugs"))]
        None
    }
}

/// All subjects: the implementation, with a seeded bug or without, and the kernels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Catalogue;

/// The command line of `stalemap`.
pub(crate) type Line = CommandLine<Catalogue>;

impl Subjects for Catalogue {
    type Choice = Choice;

    const EXPLORES: bool = true;

    fn with(&self, choice: &Choice, work: impl Work) -> Result<Ending> {
        #[cfg(feature = "seeded-bugs")]
        if let Some(bug) = choice.bug {
            return work.with("implementation", &crate::seeded::BuildSeeded::new(bug));
        }
        let bits = choice.fault.map_or(0, |fault| 1 << fault.bit);
        let kernel = |version| Kernels::cached(&Cache::of_the_user()?, Flavour { version, kasan: choice.kasan }, bits);
        match choice.subject {
            SubjectName::Implementation if choice.fault.is_some() || choice.kasan => {
                bail!("--fault and --kasan are of a kernel; --subject names one")
            }
            SubjectName::Implementation => work.with("implementation", &implementation()),
            SubjectName::Linux6_1 => work.with(Version::V6_1.subject(), &kernel(Version::V6_1)?),
            SubjectName::Linux6_12 => work.with(Version::V6_12.subject(), &kernel(Version::V6_12)?),
        }
    }

    fn option(&self, choice: &Choice) -> String {
        #[cfg(feature = "seeded-bugs")]
        if let Some(bug) = choice.bug {
            return format!(" --bug {}", bug.name());
        }
        let name = choice.subject.to_possible_value().filter(|_| choice.subject != SubjectName::default());
        let subject = name.map_or_else(String::new, |name| format!(" --subject {}", name.get_name()));
        let fault = choice.fault.map_or_else(String::new, |fault| format!(" --fault {}", fault.name));
        subject + if choice.kasan { " --kasan" } else { "" } + &fault
    }

    fn explore(&self, work: impl ExplorableWork) -> Result<Ending> {
        work.with(&implementation())
    }
}

/// Builds the optimised machine.
pub(crate) fn implementation() -> fn(&Machine) -> Result<Implementation, String> {
    |machine| Ok(Implementation::new(machine))
}
