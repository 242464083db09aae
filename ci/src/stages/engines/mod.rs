//! The stage that runs two processes of an engine on one folder, and interrupts each engine: what one finds reaches the
//! other, and an interrupt ends every process and keeps the corpus.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::targets;
use super::workshop::{Call, Workshop};

const TARGET: &str = "lockstep";
/// How long two processes share a folder, in seconds. AFL++ looks at what others have at the start and every minute.
const LIBFUZZER: u64 = 12;
const AFL: u64 = 75;

/// Two processes of libFuzzer, each with its flags: alike, and one that leaves the work to a process that it forks.
const PAIRS: [(&str, [&[&str]; 2]); 2] = [("plain", [&[], &[]]), ("fork", [&["-fork=1"], &[]])];

/// By this a process is known to come from here, in whichever group it is and whoever its parent is now.
const MARK: &str = "STALEMAP_CI_MARK";
/// How long an engine may take to begin, its building included, and to end.
const BEGINS: Duration = Duration::from_secs(900);
const ENDS: Duration = Duration::from_secs(20);

pub(super) fn run(workshop: &Workshop) -> Result<()> {
    // The program builds the target, as it does for everybody.
    workshop.run(&stalemap().arguments(["--engine", "libfuzzer", "--from-nothing", "--seconds", "1"]))?;
    let folder = workshop.target().join("engines/libfuzzer").join(targets::host(workshop)?);
    let target = folder.join("release").join(TARGET);
    for (kind, flags) in PAIRS {
        share(workshop, &target, kind, flags)?;
    }
    share_with_afl(workshop)?;
    for engine in ["libfuzzer", "afl"] {
        interrupt(workshop, engine)?;
    }
    Ok(())
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

/// Interrupts a campaign at work, and asks that all its processes end and its corpus is kept.
fn interrupt(workshop: &Workshop, engine: &str) -> Result<()> {
    let folder = workshop.fresh_folder(&format!("engines-interrupt-{engine}"))?;
    let mark = format!("{}-{engine}", std::process::id());
    let call = Call::new(workshop.target().join("debug").join("stalemap")).arguments(["fuzz", "--engine", engine]);
    let call = call.arguments(["--from-nothing", "--jobs", "2", "--out"]).argument(folder.join("finds"));
    let log = folder.join("said.log");
    let mut child = workshop.start(&call.with(MARK, &mark), &log)?;
    let campaign = workshop.target().join("engines/campaign");
    let at_work = if engine == "afl" { campaign.join("afl/main/queue") } else { campaign.join("corpus") };
    let is_at_work = || Ok(marked(&mark)?.len() > 2 && count(&at_work) >= AT_WORK);
    let began = wait_for(BEGINS, is_at_work);
    let before = marked(&mark)?;
    // To this process alone, as `kill` does; a terminal would send it to the others as well.
    let told = workshop.run(&Call::new("kill").argument("-INT").argument(child.id().to_string()));
    let ended = told.and_then(|()| end_of(&mut child));
    let after = marked(&mark)?;
    for process in &after {
        // Nothing that was started here stays, whatever this stage says of it.
        let _ = Command::new("kill").args(["-KILL", process]).stderr(Stdio::null()).status();
    }
    began.with_context(|| format!("{engine} did not get to work; its words are in {}", log.display()))?;
    let status = ended?;
    ensure!(after.is_empty(), "{engine} left processes behind: {}", after.join(", "));
    ensure!(status.code() == Some(INTERRUPTED), "the interrupted campaign ended with {status}, not with {INTERRUPTED}");
    let kept = count(&campaign.join("corpus"));
    ensure!(kept >= AT_WORK, "{engine} has kept {kept} inputs only of those that it had when it was interrupted");
    println!("{engine}: {} processes ended with the interrupt, {kept} inputs are kept", before.len());
    Ok(())
}

/// How many inputs an engine at work has at least.
const AT_WORK: usize = 100;
/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

fn end_of(child: &mut Child) -> Result<ExitStatus> {
    wait_for(ENDS, || Ok(child.try_wait()?.is_some())).context("the campaign did not end when it was interrupted")?;
    Ok(child.wait()?)
}

fn wait_for(limit: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !holds()? {
        if start.elapsed() > limit {
            bail!("nothing came of it within {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The numbers of the processes that have this mark in their environment and are not over (proc(5)).
fn marked(mark: &str) -> Result<Vec<String>> {
    let mark = format!("{MARK}={mark}");
    let has_mark = |folder: &PathBuf| {
        // A process that is over and was not waited for has no environment any more.
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let entries = fs::read_dir("/proc").context("the table of processes is read from /proc")?.flatten();
    let folders = entries.map(|entry| entry.path()).filter(has_mark);
    Ok(folders.filter_map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::{ENDS, MARK, marked, statistic, wait_for};

    #[test]
    fn a_process_is_found_by_its_mark_while_it_lives() {
        let mark = format!("test-{}", std::process::id());
        let mut child = Command::new("sleep").arg("60").env(MARK, &mark).stdin(Stdio::null()).spawn().unwrap();
        let number = child.id().to_string();
        // A program that has only just begun has no environment yet.
        let found = wait_for(ENDS, || Ok(!marked(&mark)?.is_empty())).and_then(|()| marked(&mark)).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((found, marked(&mark).unwrap()), (vec![number], Vec::new()));
    }

    #[test]
    fn statistics_are_read_from_what_afl_writes() {
        let text = "start_time        : 17\ncorpus_imported   : 12\n";
        assert_eq!(statistic(text, "corpus_imported").unwrap(), 12);
        assert!(statistic(text, "imported").is_err());
    }
}
