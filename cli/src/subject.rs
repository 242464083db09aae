//! The subjects that the command line can drive.

use anyhow::{Result, anyhow, bail};
use clap::ValueEnum;
use stalemap_harness::{Build, Driver};
use stalemap_implementation::Implementation;
use stalemap_linux::{Cache, Fault, Flavour, Kernels, Version};
use stalemap_operations::{KindSet, Machine, Subject as _};

use crate::ending::Ending;

/// Who is driven beside the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SubjectName {
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
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Choice {
    /// Who is driven beside the reference
    #[arg(long, value_name = "SUBJECT", value_enum, default_value_t)]
    subject: SubjectName,
    /// Switch a seeded bug of the implementation on (`stalemap bugs` lists them)
    #[cfg(feature = "seeded-bugs")]
    #[arg(long, value_name = "NAME", value_parser = crate::bugs::name(), conflicts_with = "subject")]
    bug: Option<stalemap_implementation::Bug>,
    /// Switch a fault of the kernel on (`stalemap linux mutants` looks for them)
    #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
    fault: Option<Fault>,
    /// The kernel that is built with KASAN (`stalemap linux build --kasan`)
    #[arg(long)]
    kasan: bool,
}

impl Choice {
    /// The option that makes this choice; empty for what is driven where none is given.
    pub(crate) fn option(self) -> String {
        #[cfg(feature = "seeded-bugs")]
        if let Some(bug) = self.bug {
            return format!(" --bug {}", bug.name());
        }
        let name = self.subject.to_possible_value().filter(|_| self.subject != SubjectName::default());
        let subject = name.map_or_else(String::new, |name| format!(" --subject {}", name.get_name()));
        let fault = self.fault.map_or_else(String::new, |fault| format!(" --fault {}", fault.name));
        subject + if self.kasan { " --kasan" } else { "" } + &fault
    }

    /// The seeded bug that is switched on, if one is.
    #[cfg(unix)]
    pub(crate) fn bug(self) -> Option<&'static str> {
        #[cfg(feature = "seeded-bugs")]
        return self.bug.map(stalemap_implementation::Bug::name);
        #[cfg(not(feature = "seeded-bugs"))]
        None
    }

    /// What stands behind `stalemap run` to replay a file, which is quoted where it must be.
    pub(crate) fn replaying(self, file: &str) -> String {
        format!("{} {file}", self.option()).trim_start().to_string()
    }
}

/// Builds the optimised machine.
pub(crate) type BuildImplementation = fn(&Machine) -> Result<Implementation, String>;

/// A builder of subjects that a campaign can hand to its jobs.
pub(crate) trait Builder: Build + Clone + Send + Sync {}

impl<B: Build + Clone + Send + Sync> Builder for B {}

/// What is to be done with a subject, whichever it is.
pub(crate) trait Work {
    /// Does it. The name is the subject's in reports and on the command line.
    fn with<B: Builder>(self, name: &'static str, build: &B) -> Result<Ending>;
}

/// Does some work with the subject that was chosen.
///
/// # Errors
/// When there is no such subject yet, or the work fails.
pub(crate) fn work_with(choice: Choice, work: impl Work) -> Result<Ending> {
    #[cfg(feature = "seeded-bugs")]
    if let Some(bug) = choice.bug {
        return work.with("implementation", &crate::bugs::BuildSeeded::new(bug));
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

/// Builds the optimised machine.
pub(crate) fn implementation() -> BuildImplementation {
    |machine| Ok(Implementation::new(machine))
}

/// A driver of the optimised machine.
pub(crate) fn driver() -> Driver<BuildImplementation> {
    Driver::new(implementation())
}

/// The operations that a subject can do.
///
/// # Errors
/// When it cannot even be the smallest of machines.
pub(crate) fn operations(build: &impl Build) -> Result<KindSet> {
    Ok(build.build(&Machine::DEFAULT).map_err(|it| anyhow!(it))?.capabilities().operations)
}
