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
    let native = &(good.way() == Way::Agent);
    let (good, bad) = (&good.version(), &bad.version());
    let between = between(*good, *bad);
    let asked = |version: Version| -> Result<Shows> {
        let target = Target::new(version, *native, false);
        if Kernels::cached(&Cache::of_the_user()?, target, 0).is_err() {
            output::tell(format_args!("{} is not built yet", target.subject()));
            linux::build_version(version, *native)?;
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
    let Shows::Finding(signature) = asked(*bad)? else { bail!("the bad kernel does not show a finding") };
    let shown = asked(*good)?;
    ensure!(shown == Shows::Nothing, "the good kernel does not agree with the reference on the trace");
    let mut without = *good;
    for version in between {
        match asked(version)? {
            Shows::Finding(found) if found == signature => return named(&signature, without, version, *native),
            Shows::Nothing => without = version,
            Shows::Finding(_) | Shows::Unknown(_) => {}
        }
    }
    named(&signature, without, *bad, *native)
}

/// The versions between two, in the order from the first to the second. There is one at the most.
fn between(good: Version, bad: Version) -> Vec<Version> {
    let (low, high) = (good.min(bad), good.max(bad));
    let inside = Version::ALL.into_iter().filter(|version| low < *version && *version < high);
    if good < bad { inside.collect() } else { inside.rev().collect() }
}

fn named(signature: &str, without: Version, with: Version, native: bool) -> Result<Ending> {
    let [without, with] = [without, with].map(|version| Target::new(version, native, false).subject());
    output::print_line(format_args!("{signature} begins with {with}; {without} does not show it"))?;
    Ok(Ending::Agree)
}

#[cfg(test)]
mod tests {
    use stalemap_linux::Version;

    use super::between;

    #[test]
    fn versions_between_two_are_those_on_the_way() {
        assert_eq!(between(Version::V6_1, Version::V7_3), [Version::V6_12]);
        assert_eq!(between(Version::V7_3, Version::V6_1), [Version::V6_12]);
        assert_eq!(between(Version::V6_1, Version::V6_12), []);
    }
}
