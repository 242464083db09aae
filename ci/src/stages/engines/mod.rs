//! The stage that runs two processes of an engine on one folder, interrupts each engine, and has three machines share inputs: what one finds
//! reaches the other, and neither an interrupt nor a kill leaves a process behind or loses anything.

mod interrupt;
mod shared;

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use xshell::{Cmd, cmd};

use super::targets;
use crate::context::Context;

const TARGET: &str = "lockstep";
/// How long two processes share a folder, in seconds. AFL++ looks at what others have at the start and every minute.
const LIBFUZZER: u64 = 12;
const AFL: u64 = 75;

/// Two processes of libFuzzer, each with its flags: alike, and one that leaves the work to a process that it forks.
const PAIRS: [(&str, [&[&str]; 2]); 2] = [("plain", [&[], &[]]), ("fork", [&["-fork=1"], &[]])];

pub(super) fn run(context: &Context) -> Result<()> {
    // The program builds the target, as it does for its users.
    stalemap(context, &["--engine", "libfuzzer", "--from-nothing", "--seconds", "1"]).run()?;
    let folder = context.target.join("engines/libfuzzer").join(targets::host(context)?);
    let target = folder.join("release").join(TARGET);
    for (kind, flags) in PAIRS {
        share(context, &target, kind, flags)?;
    }
    share_with_afl(context)?;
    interrupt::run(context)?;
    shared::run(context)
}

/// A campaign of the program. The engine's work counts here, not the program's: it need not be optimised.
fn stalemap<'a>(context: &'a Context, arguments: &[&str]) -> Cmd<'a> {
    cmd!(context.sh, "cargo run --quiet --locked -p stalemap-cli -- fuzz {arguments...}")
}

/// Starts a program whose output goes into a file.
fn start(command: Cmd<'_>, log: &Path) -> Result<Child> {
    eprintln!("$ {command}");
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::from(command);
    Ok(command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?)
}

/// Two processes of libFuzzer on one folder. A process that takes over what it does not know and what is new to it says
/// RELOAD; one that forks says nothing of the kind, so the other one must.
fn share(context: &Context, target: &Path, kind: &str, flags: [&[&str]; 2]) -> Result<()> {
    let sh = &context.sh;
    let folder = context.fresh_folder(&format!("engines-{kind}"))?;
    let corpus = sh.create_dir(folder.join("corpus"))?;
    let seconds = LIBFUZZER.to_string();
    let mut running = Vec::new();
    for (number, flags) in ["1", "2"].into_iter().zip(flags) {
        let _there = sh.push_dir(&folder);
        let log = folder.join(number).with_extension("log");
        let fuzz =
            cmd!(sh, "{target} -reload=1 -len_control=0 -max_total_time={seconds} {flags...} -seed={number} {corpus}");
        running.push((start(fuzz, &log)?, log, flags.is_empty()));
    }
    for (mut child, log, tells) in running {
        let status = child.wait()?;
        ensure!(status.success(), "libFuzzer ended with {status}; its output is in {}", log.display());
        let taken = sh.read_file(&log)?.lines().filter(|line| line.contains("RELOAD")).count();
        if tells {
            println!("libFuzzer, {kind}: took over from the other process {taken} times ({})", log.display());
        }
        ensure!(!tells || taken > 0, "a process of libFuzzer took over nothing of the other one ({})", log.display());
    }
    let kept = sh.read_dir(&corpus)?.len();
    ensure!(kept > 0, "the shared corpus is empty");
    println!("libFuzzer, {kind}: {kept} inputs in the one folder");
    Ok(())
}

/// A main and a secondary instance of AFL++, as the program starts them for two jobs.
fn share_with_afl(context: &Context) -> Result<()> {
    let findings = context.fresh_folder("engines-afl")?;
    let seconds = AFL.to_string();
    let two = ["--engine", "afl", "--jobs", "2", "--from-nothing", "--seed", "1", "--seconds", &seconds, "--out"];
    stalemap(context, &two).arg(findings).run()?;
    for instance in ["main", "secondary1"] {
        let path = context.target.join("engines/campaign/afl").join(instance).join("fuzzer_stats");
        let imported = statistic(&context.sh.read_file(path)?, "corpus_imported")?;
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
