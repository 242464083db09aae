//! The subjects that `stalemap` can drive, and the options that choose one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::Args;
use stalemap_commands::{
    ChosenSubject, CommandLine, Ending, Subjects, isolated, isolated_program, load, quoted, serve, version,
};
use stalemap_implementation::Implementation;
use stalemap_linux::{Cache, Checks, Fault, Kernels, Target};
use stalemap_operations::Machine;

use crate::linux::checks::WithChecks;

/// The subject that is driven beside the reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SubjectName {
    /// The optimised allocator.
    #[default]
    Implementation,
    /// Linux in a virtual machine, or as a native process (`stalemap linux build` makes them).
    Linux(Target),
    /// A shared library with the table of functions of `stalemap.h`.
    Library(PathBuf),
    /// A program that was written with `stalemap::main`, built with this version.
    Program(PathBuf),
}

/// The name of the implementation.
const IMPLEMENTATION: &str = "implementation";

impl SubjectName {
    /// Reads a name, or the path of a library.
    pub(crate) fn parse(text: &str) -> Result<SubjectName, String> {
        let kernel = Target::all().find(|target| target.subject() == text);
        let path = Path::new(text);
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let is_library = path.extension().is_some_and(|it| it == "so" || it == "dylib") || name.contains(".so.");
        let is_path = text.contains('/');
        match kernel {
            Some(target) => Ok(SubjectName::Linux(target)),
            None if text == IMPLEMENTATION => Ok(SubjectName::Implementation),
            None if is_library || is_path && path.is_dir() => Ok(SubjectName::Library(text.into())),
            None if is_path => Ok(SubjectName::Program(text.into())),
            None => Err("possible values: implementation, linux-6.1, linux-6.12, linux-7.3, linux-6.1-native, \
                     linux-6.12-native, linux-7.3-native, linux-6.12-huge2, linux-6.12-huge3, linux-7.3-huge2, \
                     linux-7.3-huge3, linux-7.3-native-huge2, linux-7.3-native-huge3, or the path of a shared library such as ./libmine.so or of a program with stalemap::main such as ./target/release/mine"
                .to_string()),
        }
    }

    /// The word by which a user chooses it.
    pub(crate) fn word(&self) -> String {
        match self {
            SubjectName::Implementation => IMPLEMENTATION.to_string(),
            SubjectName::Linux(target) => target.subject().to_string(),
            SubjectName::Library(path) | SubjectName::Program(path) => path.to_string_lossy().into_owned(),
        }
    }
}

/// The subject that a title names, and the fault that is switched on in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) subject: String,
    pub(crate) fault: Option<String>,
}

/// What the title of a trace names: `# seeded bug: NAME`, or the options `--subject`, `--bug` and `--fault` of the command that replays
/// it.
pub(crate) fn named_in(title: &[String]) -> Option<Named> {
    let seeded = title.iter().find_map(|line| line.strip_prefix("# seeded bug: "));
    if let Some(bug) = seeded {
        return Some(Named { subject: IMPLEMENTATION.to_string(), fault: Some(bug.trim().to_string()) });
    }
    let words = title.iter().find_map(|line| shlex::split(line.strip_prefix("# Replay with: ")?))?;
    let of = |option: &str| words.iter().position(|word| word == option).and_then(|at| words.get(at + 1)).cloned();
    let subject = of("--subject").unwrap_or_else(|| IMPLEMENTATION.to_string());
    Some(Named { subject, fault: of("--bug").or_else(|| of("--fault")) })
}

/// Which subject is driven.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Choice {
    /// The subject that is driven beside the reference: implementation, linux-6.1, linux-6.12, linux-7.3,
    /// linux-6.1-native, linux-6.12-native, linux-7.3-native, linux-6.12-huge2, linux-6.12-huge3,
    /// linux-7.3-huge2, linux-7.3-huge3, linux-7.3-native-huge2, linux-7.3-native-huge3, or the path of a shared library that is built with stalemap.h or of a program with `stalemap::main`
    #[arg(long, value_name = "SUBJECT", value_parser = SubjectName::parse, default_value = IMPLEMENTATION)]
    subject: SubjectName,
    /// Switch a seeded bug of the implementation on (`stalemap bugs` lists them)
    #[cfg(feature = "seeded-bugs")]
    #[arg(long, value_name = "NAME", value_parser = crate::seeded::name(), conflicts_with = "subject")]
    bug: Option<stalemap_implementation::Bug>,
    #[cfg(not(feature = "seeded-bugs"))]
    #[arg(long, value_name = "NAME", value_parser = crate::unseeded::no_name, hide = true)]
    bug: Option<std::convert::Infallible>,
    /// Switch a fault of the kernel on (`stalemap linux mutants` looks for them)
    #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
    fault: Option<Fault>,
    #[command(flatten)]
    checks: WithChecks,
    /// Drive the implementation in a process of its own, as a library always is: a crash or an endless loop is a finding
    #[arg(long)]
    isolate: bool,
}

impl Choice {
    /// This subject, with a fault that is switched on if one is named: a seeded bug, or a fault of a kernel.
    pub(crate) fn of(subject: SubjectName, fault: Option<&str>) -> Result<Choice> {
        let none = Choice { subject, ..Choice::default() };
        let Some(fault) = fault else { return Ok(none) };
        match none.subject {
            SubjectName::Linux { .. } => {
                let fault = Fault::by_name(fault).map_err(|it| anyhow!(it))?;
                Ok(Choice { fault: Some(fault), ..none })
            }
            #[cfg(feature = "seeded-bugs")]
            SubjectName::Implementation => {
                let bug = stalemap_implementation::Bug::by_name(fault);
                Ok(Choice { bug: Some(bug.ok_or_else(|| anyhow!("there is no seeded bug {fault}"))?), ..none })
            }
            #[cfg(not(feature = "seeded-bugs"))]
            SubjectName::Implementation => bail!("this program is built without the seeded bugs"),
            SubjectName::Library(_) | SubjectName::Program(_) => {
                bail!("{} has no fault that can be switched on", none.subject.word())
            }
        }
    }

    /// The same where one that hangs or crashes does not end this program: the implementation in a process of its own, as a
    /// library and a kernel always are.
    pub(crate) fn isolated(self) -> Choice {
        let isolate = self.subject == SubjectName::Implementation;
        Choice { isolate, ..self }
    }

    /// The words that switch the seeded bug on in another process.
    fn bug_words(&self) -> Vec<String> {
        #[cfg(feature = "seeded-bugs")]
        if let Some(bug) = self.bug {
            return vec!["--bug".to_string(), bug.name().to_string()];
        }
        Vec::new()
    }

    /// The same, or where it is the default the seeded bug that the title of a trace names: `# seeded bug: NAME`, or `--bug NAME`
    /// in the command that replays it.
    pub(crate) fn or_bug_of(&self, title: &[String]) -> Choice {
        #[cfg(feature = "seeded-bugs")]
        if Catalogue.option(self).is_empty() {
            let named =
                named_in(title).and_then(|named| named.fault).filter(|_| self.subject == SubjectName::Implementation);
            let bug = named.and_then(|name| stalemap_implementation::Bug::by_name(&name));
            return Choice { bug, ..self.clone() };
        }
        let _ = title;
        self.clone()
    }

    /// The seeded bug that is switched on, if one is.
    #[cfg(unix)]
    pub(crate) fn bug(&self) -> Option<&'static str> {
        #[cfg(feature = "seeded-bugs")]
        return self.bug.map(stalemap_implementation::Bug::name);
        #[cfg(not(feature = "seeded-bugs"))]
        self.bug.map(|never| match never {})
    }
}

#[cfg(unix)]
impl Choice {
    /// The native kernel that is chosen, for an engine that takes its code for coverage.
    pub(crate) fn native_kernel(&self) -> Option<stalemap_engines::KernelOrder> {
        let SubjectName::Linux(Target::Native(native)) = self.subject else { return None };
        (self.checks.checks() == Checks::Usual && native.huge.is_none()).then(|| stalemap_engines::KernelOrder {
            subject: native.version.native_subject(),
            fault: self.fault.map(|fault| fault.name),
        })
    }
}

/// All subjects: the implementation, with a seeded bug or without, and the kernels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Catalogue;

/// The command line of `stalemap`.
pub(crate) type Line = CommandLine<Catalogue>;

impl Subjects for Catalogue {
    type Choice = Choice;

    fn chosen(&self, choice: &Choice) -> Result<ChosenSubject> {
        if choice.isolate && choice.subject == SubjectName::Implementation {
            let words = ["worker".to_string()].into_iter().chain(choice.bug_words());
            let build = isolated(words)?;
            // As where it is not isolated.
            let build = if choice.bug_words().is_empty() { build } else { build.without_recount() };
            return Ok(ChosenSubject::new(IMPLEMENTATION, build));
        }
        #[cfg(feature = "seeded-bugs")]
        if let Some(bug) = choice.bug {
            return Ok(ChosenSubject::new(IMPLEMENTATION, crate::seeded::BuildSeeded::new(bug)));
        }
        let bits = choice.fault.map_or(0, |fault| 1 << fault.bit);
        match &choice.subject {
            SubjectName::Implementation | SubjectName::Library(_) | SubjectName::Program(_)
                if choice.fault.is_some() || choice.checks.checks() != Checks::Usual =>
            {
                bail!("--fault, --kasan and --debug-vm are of a kernel; --subject names one")
            }
            SubjectName::Program(path) => program(path),
            SubjectName::Implementation => Ok(ChosenSubject::new(IMPLEMENTATION, implementation())),
            SubjectName::Linux(_) if choice.isolate => bail!("a kernel runs in a machine of its own already"),
            SubjectName::Linux(target) => {
                let target = target.with_checks(choice.checks.checks());
                let kernels = Kernels::cached(&Cache::of_the_user()?, target, bits)?;
                Ok(ChosenSubject::new(target.subject(), kernels))
            }
            SubjectName::Library(path) => {
                let build = isolated(["worker".as_ref(), "--subject".as_ref(), path.as_os_str()])?;
                let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
                let build = stalemap_c::environment(path)
                    .into_iter()
                    .fold(build, |build, (name, value)| build.environment(name, value));
                Ok(ChosenSubject::new(name.trim_start_matches("lib"), load(build)?))
            }
        }
    }

    fn option(&self, choice: &Choice) -> String {
        let bug: String = choice.bug_words().iter().map(|word| format!(" {word}")).collect();
        let subject = match &choice.subject {
            SubjectName::Implementation => String::new(),
            SubjectName::Linux(_) | SubjectName::Library(_) | SubjectName::Program(_) => {
                format!(" --subject {}", quoted(&choice.subject.word()))
            }
        };
        let fault = choice.fault.map_or_else(String::new, |fault| format!(" --fault {}", fault.name));
        let checks = choice.checks.checks().option();
        bug + &subject + checks + if choice.isolate { " --isolate" } else { "" } + &fault
    }

    fn serve(&self, choice: &Choice) -> Result<Ending> {
        #[cfg(feature = "seeded-bugs")]
        if let Some(bug) = choice.bug {
            return serve(|| Ok(crate::seeded::BuildSeeded::new(bug)));
        }
        match &choice.subject {
            SubjectName::Implementation => serve(|| Ok(implementation())),
            SubjectName::Library(path) => serve(|| {
                stalemap_c::load(path).map_err(|error| error.to_string())?;
                Ok(stalemap_c::build)
            }),
            SubjectName::Linux(_) => bail!("a kernel runs in a machine of its own already"),
            SubjectName::Program(_) => bail!("a program serves its own subject"),
        }
    }
}

/// The subject of a program with `stalemap::main`. Its worker speaks the language of its version.
fn program(path: &Path) -> Result<ChosenSubject> {
    let place = path.display();
    let path = path.canonicalize().with_context(|| format!("cannot use {place}"))?;
    let said = Command::new(&path).arg("--version").stdin(Stdio::null()).output();
    let said = said.with_context(|| format!("cannot run {place}"))?;
    let (said, version) = (String::from_utf8_lossy(&said.stdout).trim().to_string(), version());
    ensure!(
        said.ends_with(&format!("stalemap {version}")),
        "{place} --version says \"{said}\" and not that it is built with stalemap {version}"
    );
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(ChosenSubject::new(name, load(isolated_program(path))?))
}

/// Builds the optimised machine.
pub(crate) fn implementation() -> fn(&Machine) -> Result<Implementation, String> {
    |machine| Ok(Implementation::new(machine))
}
