//! `stalemap triage`: reference, implementation and the kernel whose rules a trace has: which of them disagrees with both others?

use std::path::PathBuf;

use anyhow::{Context as _, Error, Result, anyhow, ensure};
use clap::Args;
use stalemap_commands::{Ending, input, output};
use stalemap_harness::{Build, Compare, Divergence, Driver};
use stalemap_linux::{Cache, Fault, Kernels, Recorded, Target, Version, Way};
use stalemap_operations::{Machine, Operation, Subject as _, Trace};
use stalemap_report::style::{BAD, GOOD};

use crate::catalogue;

/// Run a trace on reference, implementation and the kernel whose rules it has, and say which disagrees with both others
#[derive(Debug, Args)]
#[command(
    visible_alias = "blame",
    after_help = "\
The kernel runs the trace where it is built (`stalemap linux build`). Elsewhere a recording of it says what it did: the file \
itself, if it is a transcript (`stalemap linux record`), or another one. 0 if all three agree, 1 if one disagrees, 2 if \
the others agree and no kernel was asked. Operations that the kernel cannot do are left out of what it is asked, and told. With --native the trace is a finding of the native kernel: that is asked too, and \
the virtual machine confirms it or not. A finding that it does not confirm is one of arch/um or of the agent.

Examples:
  stalemap triage findings/mapping.writable@migrate-3f1a09c2.trace
  stalemap triage corpus/spec/migration/X.trace --recording corpus/linux/6.12/migration/X.trace
  stalemap triage --native findings/mapping.writable@fork-3f1a09c2.trace"
)]
pub(crate) struct TriageArguments {
    /// A trace, or an input of a fuzzing engine; `-` is stdin
    file: PathBuf,
    /// A fault that is switched on in the kernel
    #[arg(long, value_name = "NAME", value_parser = Fault::by_name)]
    fault: Option<Fault>,
    /// Ask the native kernel too, and say whether the virtual machine confirms what it shows
    #[arg(long)]
    native: bool,
    /// A transcript of the same operations, which stands for the kernel
    #[arg(long, value_name = "FILE", conflicts_with = "fault")]
    recording: Option<PathBuf>,
    /// Switch a seeded bug of the implementation on (`stalemap bugs` lists them)
    #[cfg(feature = "seeded-bugs")]
    #[arg(long, value_name = "NAME", value_parser = crate::seeded::name())]
    bug: Option<stalemap_implementation::Bug>,
    #[cfg(not(feature = "seeded-bugs"))]
    #[arg(long = "bug", value_name = "NAME", value_parser = crate::unseeded::no_name, hide = true)]
    _bug: Option<std::convert::Infallible>,
}

/// How a side differs from the reference, if it does.
type Difference = Option<Divergence>;

/// Which side disagrees with both others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// All three agree.
    None,
    /// The implementation and the reference agree, and no kernel was asked.
    NotAsked,
    /// The implementation and the reference differ, and no kernel was asked.
    Unknown,
    /// The implementation differs from both others.
    Implementation,
    /// The kernel differs from both others.
    Kernel,
    /// The others agree with one another.
    Reference,
    /// All three differ.
    All,
}

impl Verdict {
    /// Two sides that differ from the reference at the same step in the same way agree with one another.
    fn of(implementation: &Difference, kernel: Option<&Difference>) -> Verdict {
        match (implementation, kernel) {
            (None, None) => Verdict::NotAsked,
            (Some(_), None) => Verdict::Unknown,
            (None, Some(None)) => Verdict::None,
            (Some(_), Some(None)) => Verdict::Implementation,
            (None, Some(Some(_))) => Verdict::Kernel,
            (Some(mine), Some(Some(other)))
                if (mine.step, &mine.mismatch.actual) == (other.step, &other.mismatch.actual) =>
            {
                Verdict::Reference
            }
            (Some(_), Some(Some(_))) => Verdict::All,
        }
    }

    fn ending(self) -> Ending {
        match self {
            Verdict::None => Ending::Agree,
            Verdict::NotAsked => Ending::Trouble,
            Verdict::Unknown | Verdict::Implementation | Verdict::Kernel | Verdict::Reference | Verdict::All => {
                Ending::Diverge
            }
        }
    }

    /// What it means. Of a side that is broken on purpose, as `faults` says, it means nothing.
    fn sentence(self, kernel: &str, faults: Option<&str>) -> String {
        let (who, conclusion) = match self {
            Verdict::None => ("all sides agree", ""),
            Verdict::NotAsked => ("the implementation and the reference agree", "; no kernel was asked"),
            Verdict::Unknown => {
                ("the implementation and the reference differ", "; without a kernel it is not known which is wrong")
            }
            Verdict::Implementation => ("the implementation disagrees with both others", ": it is wrong"),
            Verdict::Kernel => (
                "{kernel} disagrees with both others",
                ": the kernel wins, so reference and implementation are wrong, unless a rule of another dialect or its \
                 larger RAM says so",
            ),
            Verdict::Reference => ("the reference disagrees with both others", ": it is wrong"),
            Verdict::All => ("all three differ", "; the kernel wins"),
        };
        let who = who.replace("{kernel}", kernel);
        match faults {
            None => who + conclusion,
            Some(faults) if self == Verdict::None || self == Verdict::NotAsked => format!("{who}, although {faults}"),
            Some(faults) => format!("{who}; {faults}, so this does not say who is wrong without it"),
        }
    }
}

pub(crate) fn triage(arguments: &TriageArguments) -> Result<Ending> {
    let trace = input::read(&arguments.file)?.trace;
    let implementation = implementation(arguments, &trace)?;
    print_side("implementation", &implementation)?;
    let kernel = kernel(arguments, &trace)?;
    let verdict = Verdict::of(&implementation, kernel.as_ref());
    let faults = faults(arguments);
    output::print_line(verdict.sentence(version(&trace)?.subject(), faults.as_deref()))?;
    if !arguments.native {
        return Ok(verdict.ending());
    }
    let confirmation = Confirmation::of(&native(arguments, &trace)?, kernel.as_ref(), &trace);
    output::print_line(confirmation.sentence(version(&trace)?))?;
    Ok(confirmation.ending().unwrap_or(verdict.ending()))
}

/// How the native kernel differs.
fn native(arguments: &TriageArguments, trace: &Trace) -> Result<Difference> {
    let target = Target::new(version(trace)?, true);
    let kernels = Kernels::cached(&Cache::of_the_user()?, target, bits(arguments))?;
    let native = difference(kernels, trace)?;
    print_left_out(target.subject(), trace, |operation| Way::Agent.can(operation.kind()))?;
    print_side(target.subject(), &native)?;
    Ok(native)
}

/// The fault that is switched on in the kernel, as it takes it.
fn bits(arguments: &TriageArguments) -> u64 {
    arguments.fault.map_or(0, |fault| 1 << fault.bit)
}

/// What the virtual machine says of a finding of the native kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Confirmation {
    /// The native kernel and the reference agree.
    Nothing,
    /// No virtual machine was asked.
    NotAsked,
    /// It can neither do nor show what the finding is about.
    CannotShow,
    /// It agrees with the reference.
    Not,
    /// It differs from the reference in the same way.
    Confirmed,
    /// It differs in another way.
    Otherwise,
}

impl Confirmation {
    fn of(native: &Difference, kernel: Option<&Difference>, trace: &Trace) -> Confirmation {
        let is_of_agent = |native: &Divergence| {
            ["refcount", "conservation"].contains(&native.mismatch.oracle)
                || trace.operations().any(|operation| !Way::Guest.can(operation.kind()))
        };
        match (native, kernel) {
            (None, _) => Confirmation::Nothing,
            (Some(_), None) => Confirmation::NotAsked,
            (Some(native), Some(None)) if is_of_agent(native) => Confirmation::CannotShow,
            (Some(_), Some(None)) => Confirmation::Not,
            (Some(native), Some(Some(kernel))) => {
                let are_same = native.mismatch.oracle == kernel.mismatch.oracle && native.step == kernel.step;
                if are_same { Confirmation::Confirmed } else { Confirmation::Otherwise }
            }
        }
    }

    fn sentence(self, version: Version) -> String {
        let (kernel, native) = (version.subject(), version.native_subject());
        match self {
            Confirmation::Nothing => format!("{native} and the reference agree: there is nothing to confirm"),
            Confirmation::NotAsked => format!("{native} differs, and no virtual machine was asked"),
            Confirmation::CannotShow => {
                format!("{kernel} can neither do nor show what {native} differs in: it is not confirmed")
            }
            Confirmation::Not => format!(
                "{kernel} does not confirm what {native} shows: it is a matter of arch/um, of the agent, or of RAM that is \
                 short"
            ),
            Confirmation::Confirmed => format!("{kernel} confirms what {native} shows"),
            Confirmation::Otherwise => format!("{kernel} differs too, in another way than {native}"),
        }
    }

    /// None where the other sides alone decide.
    fn ending(self) -> Option<Ending> {
        match self {
            Confirmation::Nothing => None,
            Confirmation::NotAsked => Some(Ending::Trouble),
            Confirmation::CannotShow | Confirmation::Not | Confirmation::Confirmed | Confirmation::Otherwise => {
                Some(Ending::Diverge)
            }
        }
    }
}

/// What is broken on purpose.
fn faults(arguments: &TriageArguments) -> Option<String> {
    let kernel = arguments.fault.map(|fault| format!("the kernel has the fault {} on purpose", fault.name));
    let faults: Vec<String> = kernel.into_iter().chain(seeded_bug(arguments)).collect();
    (!faults.is_empty()).then(|| faults.join(" and "))
}

#[cfg(feature = "seeded-bugs")]
fn seeded_bug(arguments: &TriageArguments) -> Option<String> {
    arguments.bug.map(|bug| format!("the implementation has the bug {} on purpose", bug.name()))
}

#[cfg(not(feature = "seeded-bugs"))]
fn seeded_bug(_: &TriageArguments) -> Option<String> {
    None
}

#[cfg(feature = "seeded-bugs")]
fn implementation(arguments: &TriageArguments, trace: &Trace) -> Result<Difference> {
    match arguments.bug {
        Some(bug) => difference(crate::seeded::BuildSeeded::new(bug), trace),
        None => difference(catalogue::implementation(), trace),
    }
}

#[cfg(not(feature = "seeded-bugs"))]
fn implementation(_: &TriageArguments, trace: &Trace) -> Result<Difference> {
    difference(catalogue::implementation(), trace)
}

/// The version whose rules a trace has.
fn version(trace: &Trace) -> Result<Version> {
    let version = Version::ALL.into_iter().find(|version| version.dialect() == trace.machine.rules());
    version.ok_or_else(|| anyhow!("no kernel has the rules of this trace"))
}

/// How the kernel differs, live or recorded; nothing where there is neither.
fn kernel(arguments: &TriageArguments, trace: &Trace) -> Result<Option<Difference>> {
    let version = version(trace)?;
    if let Some(path) = &arguments.recording {
        return recorded(version, trace, &input::read(path)?.trace)
            .map(Some)
            .with_context(|| path.display().to_string());
    }
    match Kernels::cached(&Cache::of_the_user()?, version, bits(arguments)) {
        Ok(kernels) => {
            let kernel = difference(kernels, trace)?;
            print_left_out(version.subject(), trace, |operation| Way::Guest.can(operation.kind()))?;
            print_side(version.subject(), &kernel)?;
            Ok(Some(kernel))
        }
        Err(_) if arguments.fault.is_none() && Recorded::new(trace).is_ok() => {
            recorded(version, trace, trace).map(Some)
        }
        Err(error) => {
            output::print_line(format_args!("not asked  {}: {error:#}", version.subject()))?;
            Ok(None)
        }
    }
}

/// How a kernel differed that was recorded in these operations, at which step of the trace.
fn recorded(version: Version, trace: &Trace, transcript: &Trace) -> Result<Difference> {
    ensure!(version.dialect() == transcript.machine.rules(), "the recording is one of another kernel");
    let recorded = Recorded::new(transcript).map_err(Error::msg)?;
    let capabilities = recorded.capabilities();
    let can = |operation: &Operation| capabilities.can(*operation);
    let steps: Vec<usize> = (0..).zip(trace.operations()).filter(|(_, it)| can(it)).map(|(step, _)| step).collect();
    let able = |trace: &Trace| trace.operations().filter(can).collect::<Vec<_>>();
    ensure!(able(trace) == able(transcript), "the recording is one of other operations");
    let before = |step| transcript.operations().take(step).filter(can).count();
    let difference = difference(move |_: &Machine| Ok(recorded.clone()), transcript)?
        .map(|divergence| Divergence { step: steps.get(before(divergence.step)).copied().unwrap_or(0), ..divergence });
    let name = format!("{}, recorded", version.subject());
    print_left_out(&name, trace, can)?;
    print_side(&name, &difference)?;
    Ok(difference)
}

/// Says which operations of a trace a kernel was not asked for.
fn print_left_out(name: &str, trace: &Trace, can: impl Fn(&Operation) -> bool) -> Result<()> {
    let left_out = (1..).zip(trace.operations()).filter(|(_, operation)| !can(operation));
    let words: Vec<String> =
        left_out.map(|(number, operation)| format!("{} ({number})", operation.kind().row().word)).collect();
    if words.is_empty() {
        return Ok(());
    }
    output::print_line(format_args!("left out   {name}: it cannot do {}", words.join(", ")))
}

fn difference(build: impl Build + 'static, trace: &Trace) -> Result<Difference> {
    let mut driver = Driver::new(build);
    let run = driver.run(&trace.program(), Compare::Everything);
    Ok(run?.divergence)
}

fn print_side(name: &str, difference: &Difference) -> Result<()> {
    match difference {
        None => output::print_line(format_args!("{GOOD}agrees{GOOD:#}     {name}")),
        Some(divergence) => output::print_line(format_args!(
            "{BAD}differs{BAD:#}    {name}, at operation {}: {}\n           reference: {}\n           {name}: {}",
            divergence.step + 1,
            divergence.signature(),
            divergence.mismatch.expected,
            divergence.mismatch.actual
        )),
    }
}

#[cfg(test)]
mod tests {
    use stalemap_harness::{Divergence, Mismatch, Sense};
    use stalemap_operations::Trace;

    use super::{Confirmation, Verdict};

    fn at(step: usize, actual: &str) -> Option<Divergence> {
        let (expected, actual) = (String::new(), actual.to_string());
        let mismatch = Mismatch { oracle: "outcome", fact: "errno".into(), expected, actual, sense: Sense::Other };
        Some(Divergence { step, operation: None, mismatch })
    }

    #[test]
    fn the_side_that_disagrees_with_both_others_is_named() {
        for (implementation, kernel, expected) in [
            (None, Some(None), Verdict::None),
            (None, None, Verdict::NotAsked),
            (at(3, "EFAULT"), Some(None), Verdict::Implementation),
            (at(3, "EFAULT"), None, Verdict::Unknown),
            (None, Some(at(3, "EFAULT")), Verdict::Kernel),
            (at(3, "EFAULT"), Some(at(3, "EFAULT")), Verdict::Reference),
            (at(3, "EFAULT"), Some(at(2, "EFAULT")), Verdict::All),
            (at(3, "EFAULT"), Some(at(3, "EPERM")), Verdict::All),
        ] {
            assert_eq!(Verdict::of(&implementation, kernel.as_ref()), expected, "{implementation:?} {kernel:?}");
        }
    }

    #[test]
    fn the_virtual_machine_confirms_what_it_shows_at_the_same_step_by_the_same_oracle() {
        let [plain, blocks] =
            ["machine ram=4 spaces=1 pages=1\nread s0 v0", "machine ram=4 spaces=1 pages=1\nalloc b0 0"]
                .map(|text| Trace::parse(text).expect("a trace"));
        let of = |oracle, step| {
            let mut divergence = at(step, "EFAULT").expect("one");
            divergence.mismatch.oracle = oracle;
            Some(divergence)
        };
        for (native, kernel, trace, expected) in [
            (None, Some(None), &plain, Confirmation::Nothing),
            (of("mapping", 1), None, &plain, Confirmation::NotAsked),
            (of("mapping", 1), Some(None), &plain, Confirmation::Not),
            (of("refcount", 1), Some(None), &plain, Confirmation::CannotShow),
            (of("mapping", 1), Some(None), &blocks, Confirmation::CannotShow),
            (of("mapping", 1), Some(of("mapping", 1)), &plain, Confirmation::Confirmed),
            (of("mapping", 1), Some(of("mapping", 2)), &plain, Confirmation::Otherwise),
            (of("mapping", 1), Some(of("content", 1)), &plain, Confirmation::Otherwise),
        ] {
            assert_eq!(Confirmation::of(&native, kernel.as_ref(), trace), expected, "{native:?} {kernel:?}");
        }
    }

    #[test]
    fn what_was_broken_on_purpose_is_not_called_wrong() {
        let all = [Verdict::Implementation, Verdict::Kernel, Verdict::Reference, Verdict::All];
        for verdict in all {
            assert!(!verdict.sentence("linux-6.1", None).contains("on purpose"), "{verdict:?}");
            let sentence = verdict.sentence("linux-6.1", Some("the kernel has the fault x on purpose"));
            assert!(sentence.contains("on purpose"), "{sentence}");
            assert!(!sentence.contains("it is wrong") && !sentence.contains("wins"), "{sentence}");
        }
    }
}
