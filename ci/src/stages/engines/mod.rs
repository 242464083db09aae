//! The stage that runs two processes of an engine on one folder, and interrupts each engine: what one finds reaches the
//! other, and an interrupt ends every process and loses nothing.

mod interrupt;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::targets;
use super::workshop::{Call, Workshop};

const TARGET: &str = "lockstep";
/// How long two processes share a folder, in seconds. AFL++ looks at what others have at the start and every minute.
const LIBFUZZER: u64 = 12;
const AFL: u64 = 75;

/// Two processes of libFuzzer, each with its flags: alike, and one that leaves the work to a process that it forks.
const PAIRS: [(&str, [&[&str]; 2]); 2] = [("plain", [&[], &[]]), ("fork", [&["-fork=1"], &[]])];

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    // The program builds the target, as it does for everybody.
    workshop.run(&stalemap().arguments(["--engine", "libfuzzer", "--from-nothing", "--seconds", "1"]))?;
    let folder = workshop.target().join("engines/libfuzzer").join(targets::host(workshop)?);
    let target = folder.join("release").join(TARGET);
    for (kind, flags) in PAIRS {
        share(workshop, &target, kind, flags)?;
    }
    share_with_afl(workshop)?;
    interrupt::run(workshop)
}

/// A campaign of the program. The engine's work counts here, not the program's: it need not be optimised.
fn stalemap() -> Call {
    Call::cargo(["run", "--quiet", "--locked", "-p", "stalemap", "--", "fuzz"])
}

/// Two processes of libFuzzer on one folder. A process that takes over what it does not know and what is new to it says
/// RELOAD; one that forks says nothing of the kind, so the other one must.
fn share(workshop: &Workshop, target: &Path, kind: &str, flags: [&[&str]; 2]) -> Result<()> {
    let folder = workshop.fresh_folder(&format!("engines-{kind}"))?;
    let corpus = folder.join("corpus");
    fs::create_dir(&corpus)?;
    let limit = format!("-max_total_time={LIBFUZZER}");
    let mut running = Vec::new();
    for (number, flags) in (1..).zip(flags) {
        let log = folder.join(format!("{number}.log"));
        let call =
            Call::new(target).arguments(["-reload=1", "-len_control=0", &limit]).arguments(flags.iter().copied());
        let call = call.argument(format!("-seed={number}")).argument(&corpus).from(&folder);
        running.push((workshop.start(&call, &log)?, log, flags.is_empty()));
    }
    for (mut child, log, tells) in running {
        let status = child.wait()?;
        let said = fs::read_to_string(&log)?;
        ensure!(status.success(), "libFuzzer ended with {status}; its words are in {}", log.display());
        let taken = said.lines().filter(|line| line.contains("RELOAD")).count();
        if tells {
            println!("libFuzzer, {kind}: took over from the other process {taken} times ({})", log.display());
        }
        ensure!(!tells || taken > 0, "a process of libFuzzer took over nothing of the other one ({})", log.display());
    }
    let kept = fs::read_dir(&corpus)?.count();
    ensure!(kept > 0, "the shared corpus is empty");
    println!("libFuzzer, {kind}: {kept} inputs in the one folder");
    Ok(())
}

/// A main and a secondary instance of AFL++, as the program starts them for two jobs.
fn share_with_afl(workshop: &Workshop) -> Result<()> {
    let finds = workshop.fresh_folder("engines-afl")?;
    let seconds = AFL.to_string();
    let call = stalemap().arguments(["--engine", "afl", "--jobs", "2", "--from-nothing", "--seed", "1"]);
    let call = call.arguments(["--seconds", &seconds, "--out"]);
    workshop.run(&call.argument(&finds))?;
    for instance in ["main", "secondary1"] {
        let path = workshop.target().join("engines/campaign/afl").join(instance).join("fuzzer_stats");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let imported = statistic(&text, "corpus_imported")?;
        println!("AFL++, {instance}: took over {imported} inputs of the other instance");
        ensure!(imported > 0, "the instance {instance} of AFL++ took over nothing of the other one");
    }
    Ok(())
}

/// A number in `fuzzer_stats` of AFL++.
fn statistic(text: &str, name: &str) -> Result<u64> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name).with_context(|| format!("AFL++ tells no {name}"))?;
    value.trim().parse().with_context(|| format!("{name} is no number: `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::statistic;

    #[test]
    fn statistics_are_read_from_what_afl_writes() {
        let text = "start_time        : 17\ncorpus_imported   : 12\n";
        assert_eq!(statistic(text, "corpus_imported").unwrap(), 12);
        assert!(statistic(text, "imported").is_err());
    }
}
