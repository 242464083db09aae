//! The versions of a kernel between two of them, of which each is built where it is not and replays the trace.

use anyhow::{Result, bail, ensure};
use stalemap_commands::{Ending, output};
use stalemap_linux::{Cache, Kernels, Target, Version, Way};
use stalemap_operations::Trace;

use super::revision::{Shows, shows};
use crate::catalogue::{Line, SubjectName};
use crate::linux;

/// Names the first version, on the way from the good one to the bad one, that shows what the bad one shows.
pub(super) fn bisect(line: &Line, trace: &Trace, ends: [&SubjectName; 2], fault: Option<&str>) -> Result<Ending> {
    let [SubjectName::Linux(good), SubjectName::Linux(bad)] = ends else {
        bail!("--good and --bad are two kernels");
    };
    ensure!(good.way() == bad.way(), "one kernel is native and one is a virtual machine: give two of one sort");
    let has_huge = [good, bad].iter().any(|end| end.asked().huge.is_some());
    ensure!(!has_huge, "only kernels of {} have huge pages on devices: there is none before", Version::V7_3);
    let native = good.way() == Way::Agent;
    let (good, bad) = (good.version(), bad.version());
    let ask = |version: Version| -> Result<Shows> {
        let target = Target::new(version, native);
        if Kernels::cached(&Cache::of_the_user()?, target, 0).is_err() {
            output::tell(format_args!("{} is not built yet", target.subject()));
            linux::build_version(version, native)?;
        }
        let shown = shows(line, SubjectName::Linux(target), fault, trace)?;
        let said = match &shown {
            Shows::Finding(signature) => format!("shows {signature}"),
            Shows::Nothing => "agrees".to_string(),
            Shows::Unknown(why) => format!("cannot be tried: {why}"),
        };
        output::tell(format_args!("{} {said}", target.subject()));
        Ok(shown)
    };
    let Found { signature, without, with } = search(good, bad, ask)?;
    let [without, with] = [without, with].map(|version| Target::new(version, native).subject());
    output::print_line(format_args!("{signature} begins with {with}; {without} does not show it"))?;
    Ok(Ending::Agree)
}

/// A finding, the last version that does not show it on the way from the good to the bad one, and the first that does.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    signature: String,
    without: Version,
    with: Version,
}

/// Asks both ends, and the versions between them.
fn search(good: Version, bad: Version, mut ask: impl FnMut(Version) -> Result<Shows>) -> Result<Found> {
    let Shows::Finding(signature) = ask(bad)? else { bail!("the bad kernel does not show a finding") };
    ensure!(ask(good)? == Shows::Nothing, "the good kernel does not agree with the reference on the trace");
    let mut without = good;
    for version in between(good, bad) {
        match ask(version)? {
            Shows::Finding(found) if found == signature => return Ok(Found { signature, without, with: version }),
            Shows::Nothing => without = version,
            Shows::Finding(_) | Shows::Unknown(_) => {}
        }
    }
    Ok(Found { signature, without, with: bad })
}

/// The versions between two, in the order from the first to the second. There is one at the most.
fn between(good: Version, bad: Version) -> Vec<Version> {
    let (low, high) = (good.min(bad), good.max(bad));
    let inside = Version::ALL.into_iter().filter(|version| low < *version && *version < high);
    if good < bad { inside.collect() } else { inside.rev().collect() }
}

#[cfg(test)]
mod tests {
    use stalemap_linux::Version;

    use super::{Found, between, search};
    use crate::bisect::revision::Shows;

    #[test]
    fn versions_between_two_are_those_on_the_way() {
        assert_eq!(between(Version::V6_1, Version::V7_3), [Version::V6_12]);
        assert_eq!(between(Version::V7_3, Version::V6_1), [Version::V6_12]);
        assert_eq!(between(Version::V6_1, Version::V6_12), []);
    }

    #[test]
    fn the_first_version_with_the_finding_is_found_and_ends_that_cannot_be_used_are_told() {
        const FINDING: &str = "rmap.places@migrate";
        let [old, middle, new] = Version::ALL;
        let finding = || Shows::Finding(FINDING.to_string());
        let of = |answers: [Shows; 3]| {
            move |version: Version| Ok(answers[Version::ALL.iter().position(|it| *it == version).unwrap_or(0)].clone())
        };
        let found = |without, with| Found { signature: FINDING.to_string(), without, with };
        let other = || Shows::Finding("content.stamp@read".to_string());
        for (good, bad, answers, expected) in [
            (old, new, [Shows::Nothing, Shows::Nothing, finding()], found(middle, new)),
            (old, new, [Shows::Nothing, finding(), finding()], found(old, middle)),
            (new, old, [finding(), Shows::Nothing, Shows::Nothing], found(middle, old)),
            (new, old, [finding(), finding(), Shows::Nothing], found(new, middle)),
            (old, new, [Shows::Nothing, other(), finding()], found(old, new)),
            (old, middle, [Shows::Nothing, finding(), Shows::Nothing], found(old, middle)),
        ] {
            assert_eq!(search(good, bad, of(answers)).expect("it is found"), expected);
        }
        let [nothing, everything] = [Shows::Nothing, finding()].map(|shown| search(old, new, |_| Ok(shown.clone())));
        assert!(nothing.expect_err("nothing is found").to_string().contains("bad kernel"));
        assert!(everything.expect_err("both show it").to_string().contains("good kernel"));
    }
}
