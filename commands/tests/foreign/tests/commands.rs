//! What each command prints, writes and ends with in the program of a subject that Stalemap does not know.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use stalemap_foreign::Altered;
use stalemap_harness::{Generator, Settings};
use stalemap_operations::{Machine, Program, Subject as _, Trace};

/// How a program ended.
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Far longer than any command here takes; one that is not over then hangs.
const LIMIT: Duration = Duration::from_secs(60);

fn run(program: &str, folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program");
    let (id, (done, over)) = (child.id(), channel());
    let collect = thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = over.recv_timeout(LIMIT) else {
        let killed = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        panic!("{program} {arguments:?} hangs; killed: {killed:?}");
    };
    collect.join().expect("it has sent").expect("it is received");
    let (output, text) = (output.expect("the program"), |bytes| String::from_utf8(bytes).expect("text"));
    Ended {
        code: output.status.code().expect("an exit code"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn wrong_value(folder: &Path, arguments: &[&str]) -> Ended {
    run(env!("CARGO_BIN_EXE_wrong_value"), folder, arguments)
}

fn endless(folder: &Path, arguments: &[&str]) -> Ended {
    run(env!("CARGO_BIN_EXE_endless"), folder, arguments)
}

fn in_folder(work: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a folder");
    work(folder.path());
}

/// The findings in a folder.
fn findings(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("findings")).expect("a folder of findings");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "trace")).collect()
}

#[test]
fn a_foreign_subject_is_fuzzed_and_its_findings_are_replayed_by_its_own_program() {
    in_folder(|folder| {
        let fuzz = wrong_value(folder, &["fuzz", "--runs", "2000", "--seed", "3", "--max-findings", "1"]);
        assert_eq!(fuzz.code, 1, "{}{}", fuzz.stdout, fuzz.stderr);
        assert!(fuzz.stdout.contains("outcome.effect@read"), "{}", fuzz.stdout);
        assert!(fuzz.stdout.contains("  expected  read "), "{}", fuzz.stdout);
        let kept = findings(folder);
        let [kept] = kept.as_slice() else { panic!("{kept:?}") };
        let text = fs::read_to_string(kept).expect("a finding");
        let name = kept.strip_prefix(folder).expect("below it").to_str().expect("text");
        let file = kept.file_name().expect("a name").to_str().expect("text");
        assert!(text.contains(&format!("# Replay with: wrong_value run {file}\n")), "{text}");
        assert!(text.contains("# Here wrong_value and reference differ."), "{text}");
        let replay = fuzz.stdout.lines().find(|line| line.trim_start().starts_with("replay ")).expect("a command");
        assert!(replay.ends_with(&format!("wrong_value run {name}")), "{replay}");
        let run = wrong_value(folder, &["run", name]);
        assert_eq!(run.code, 1, "{}", run.stdout);
        assert!(run.stdout.starts_with("diverge  "), "{}", run.stdout);
        let json = wrong_value(folder, &["run", "--format", "json", name]);
        assert!(json.stdout.contains("\"subject\": \"wrong_value\""), "{}", json.stdout);
    });
}

#[test]
fn what_is_found_comes_last_with_its_file_and_the_line_that_keeps_it() {
    in_folder(|folder| {
        let fuzz = ["fuzz", "--runs", "2000", "--seed", "3", "--max-findings", "1"];
        let short = wrong_value(folder, &fuzz);
        assert_eq!(short.code, 1, "{}{}", short.stdout, short.stderr);
        let at = |text: &str| short.stdout.find(text).unwrap_or_else(|| panic!("no {text} in\n{}", short.stdout));
        let order = ["met  ", "campaign  ", "seed  3", "  expected  read ", "  kept in   ", "\n1 finding\n"].map(at);
        assert!(order.is_sorted(), "{order:?}: {}", short.stdout);
        assert!(short.stdout.lines().filter(|line| line.starts_with("met  ")).count() == 1, "{}", short.stdout);
        assert!(short.stdout.contains(" possible transitions, the last new one after "), "{}", short.stdout);
        assert!(short.stderr.contains("found outcome.effect@read, kept in findings/"), "{}", short.stderr);
        let [.., counted, file, keep] = short.stdout.lines().collect::<Vec<_>>()[..] else {
            panic!("{}", short.stdout)
        };
        assert!(counted.starts_with("  outcome.effect@read  ") && counted.contains(" execution"), "{counted}");
        assert!(folder.join(file.trim_start_matches("    file  ")).is_file(), "{file}");
        // What is printed is typed.
        let keep = keep.strip_prefix("    keep  ").expect("a command");
        let kept = Command::new("sh").args(["-c", keep]).current_dir(folder).status().expect("a shell");
        assert!(kept.success(), "{keep}");
        assert_eq!(wrong_value(folder, &["run", "corpus"]).code, 1);
        assert_eq!(findings(folder).len(), 0);
        let long = wrong_value(folder, &[&fuzz[..], &["--verbose"]].concat());
        assert!(long.stdout.starts_with("tally\n") && !long.stdout.contains("--verbose names"), "{}", long.stdout);
        // With the folder there is nothing to make.
        assert!(long.stdout.contains("    keep  mv findings/"), "{}", long.stdout);
    });
}

#[cfg(unix)]
#[test]
fn a_minimisation_that_is_interrupted_ends_with_130_and_what_it_has_reached() {
    in_folder(|folder| {
        let many = "write s0 v0 #2a\nprotect s0 v0 r\nprotect s0 v0 rw\n".repeat(30_000);
        let text = format!("machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n{many}read s0 v0\n");
        fs::write(folder.join("long.trace"), text).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_wrong_value"));
        command.current_dir(folder).args(["minimize", "long.trace", "-o", "small.trace"]);
        let child = command.stderr(Stdio::piped()).spawn().expect("the program");
        thread::sleep(Duration::from_millis(150));
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{told}");
        assert!(told.contains("from 90,002 operations to ") && told.contains(", interrupted before the end"), "{told}");
        let run = wrong_value(folder, &["run", "small.trace"]);
        assert_eq!(run.code, 1, "what is left still diverges: {}", run.stderr);
    });
}

#[test]
fn a_campaign_whose_time_is_over_keeps_its_finding_as_far_as_it_has_come_and_goes_on_there() {
    in_folder(|folder| {
        let seconds = |seconds, resume: &[&str]| {
            let arguments = ["fuzz", "--seconds", seconds, "--seed", "1", "--jobs", "1", "--max-findings", "1"];
            run(env!("CARGO_BIN_EXE_slow"), folder, &[&arguments, resume].concat())
        };
        let cut = "the time is over, and the last finding is not as short as it can be\nto go on: ";
        let first = seconds("1", &[]);
        assert_eq!(first.code, 1, "{}{}", first.stdout, first.stderr);
        assert!(first.stderr.contains(cut), "{}", first.stderr);
        let length = |kept: &[PathBuf]| fs::read_to_string(&kept[0]).expect("a finding").lines().count();
        let before = length(&findings(folder));
        let second = seconds("50", &["--resume"]);
        assert!(!second.stderr.contains(cut), "{}", second.stderr);
        assert!(length(&findings(folder)) < before, "{}{}", second.stdout, second.stderr);
    });
}

#[test]
fn a_foreign_subject_is_minimised_and_formatted() {
    in_folder(|folder| {
        let long =
            "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\nmap s0 v1 rw\nwrite s0 v1 #2a\nunmap s0 v0\nread s0 v1\n";
        fs::write(folder.join("long.trace"), long).expect("a file");
        let minimised = wrong_value(folder, &["minimize", "long.trace", "-o", "small.trace"]);
        assert_eq!(minimised.code, 0, "{}", minimised.stderr);
        let small = fs::read_to_string(folder.join("small.trace")).expect("it was written");
        let operations = small.lines().filter(|line| ["map", "write", "read"].iter().any(|it| line.starts_with(it)));
        assert_eq!(operations.count(), 3, "{small}");
        assert!(small.contains("# Replay with: wrong_value run small.trace\n"), "{small}");
        let ended = wrong_value(folder, &["fmt", "--check", "small.trace"]);
        assert_eq!(ended.code, 0, "{}", ended.stdout);
    });
}

#[test]
fn a_foreign_subject_is_explored_covered_and_checked() {
    in_folder(|folder| {
        fs::write(folder.join("a.trace"), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\nunmap s0 v0\n")
            .expect("a file");
        let exhaust = wrong_value(folder, &["exhaust", "--machine", "ram=1 spaces=1 pages=1", "--depth", "4"]);
        assert_eq!(exhaust.code, 1, "{}{}", exhaust.stdout, exhaust.stderr);
        assert!(exhaust.stdout.contains("outcome.effect@read"), "{}", exhaust.stdout);
        let shallow = wrong_value(folder, &["exhaust", "--machine", "ram=1 spaces=1 pages=1", "--depth", "1"]);
        assert_eq!((shallow.code, shallow.stdout.lines().count()), (0, 3), "{}", shallow.stdout);
        let coverage = wrong_value(folder, &["coverage", "a.trace"]);
        assert!(coverage.code == 0 && coverage.stdout.starts_with("transitions  2 of "), "{}", coverage.stdout);
        let twice = wrong_value(folder, &["check-determinism", "a.trace", "--runs", "3"]);
        assert!(twice.code == 0 && twice.stdout.starts_with("4 traces, 0 differ"), "{}", twice.stdout);
        assert_eq!(wrong_value(folder, &["distill", "a.trace", "-o", "small"]).code, 0);
        assert!(folder.join("small/a.trace").exists());
    });
}

#[test]
fn help_names_the_program_and_only_what_it_has() {
    in_folder(|folder| {
        let help = wrong_value(folder, &["--help"]).stdout;
        assert!(help.contains("Usage: wrong_value <COMMAND>") && help.contains("  exhaust "), "{help}");
        let help = wrong_value(folder, &["fuzz", "--help"]).stdout;
        assert!(help.contains("  wrong_value fuzz --seconds 60") && !help.contains("--subject"), "{help}");
        assert_eq!(wrong_value(folder, &["linux"]).code, 2);
    });
}

#[test]
fn a_campaign_on_a_subject_that_never_answers_ends_with_a_finding() {
    in_folder(|folder| {
        let fuzz = endless(folder, &["fuzz", "--seconds", "60", "--seed", "1"]);
        assert_eq!(fuzz.code, 1, "{}{}", fuzz.stdout, fuzz.stderr);
        assert!(fuzz.stdout.contains("termination.hang@protect"), "{}", fuzz.stdout);
        let kept = findings(folder);
        let text = fs::read_to_string(&kept[0]).expect("a finding");
        assert!(text.contains("# Replay with: endless run termination.hang@protect-"), "{text}");
        assert_eq!(text.lines().last().expect("a line").split(' ').next(), Some("protect"), "{text}");
        // What was done until then is not lost.
        assert!(
            fuzz.stdout.starts_with("campaign  ") && fuzz.stdout.contains("\nseed  1   repeat with: "),
            "{}",
            fuzz.stdout
        );
        let says =
            "\n1 finding, ended by an execution that does not end\n  termination.hang@protect  1 execution\n    file  ";
        assert!(fuzz.stdout.contains(says), "{}", fuzz.stdout);
        let json = endless(folder, &["fuzz", "--seconds", "60", "--seed", "1", "--format", "json"]);
        assert!(json.stdout.contains("\"ending\": \"hung\"") && json.stdout.starts_with('{'), "{}", json.stdout);
    });
}

#[test]
fn an_exploration_of_a_subject_that_never_answers_ends_with_a_finding() {
    in_folder(|folder| {
        let machine = ["--machine", "ram=1 spaces=1 pages=1"];
        let explore = endless(folder, &[&["exhaust"], &machine[..]].concat());
        assert_eq!(explore.code, 1, "{}{}", explore.stdout, explore.stderr);
        assert!(explore.stdout.contains("termination.hang@protect"), "{}", explore.stdout);
        fs::write(folder.join("a.trace"), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n").expect("a file");
        let coverage = endless(folder, &["coverage", "a.trace", "--exhaust", "2"]);
        assert_eq!(coverage.code, 1, "{}{}", coverage.stdout, coverage.stderr);
    });
}

#[test]
fn a_replay_on_a_subject_that_never_answers_ends_with_all_results_until_then() {
    in_folder(|folder| {
        let machine = "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n";
        fs::write(folder.join("1.trace"), machine).expect("a file");
        fs::write(folder.join("2.trace"), format!("{machine}protect s0 v0 r\nread s0 v0\n")).expect("a file");
        fs::write(folder.join("3.trace"), machine).expect("a file");
        let run = endless(folder, &["run", "1.trace", "2.trace", "3.trace"]);
        assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
        assert!(!run.stdout.contains("1.trace"), "of several files those that agree are counted: {}", run.stdout);
        assert!(run.stdout.contains("diverge  2.trace  at operation 2"), "{}", run.stdout);
        assert!(run.stdout.ends_with("2 files: 1 agree, 1 diverge, 0 in trouble\n"), "{}", run.stdout);
        let json = endless(folder, &["run", "--format", "json", "2.trace"]);
        assert_eq!(json.code, 1, "{}", json.stderr);
        assert!(json.stdout.contains("\"termination.hang@protect\""), "{}", json.stdout);
        // Its worker has more time than the watchdog of this program gives.
        let isolated = endless(folder, &["run", "--isolate", "2.trace"]);
        assert_eq!(isolated.code, 1, "{}", isolated.stderr);
        assert!(isolated.stdout.contains("it goes on for ever"), "{}", isolated.stdout);
        for command in ["minimize", "coverage", "check-determinism"] {
            let ended = endless(folder, &[command, "2.trace"]);
            assert_eq!(ended.code, 1, "{command}: {}", ended.stderr);
            assert!(ended.stderr.contains("termination.hang@protect"), "{command}: {}", ended.stderr);
        }
    });
}

#[test]
fn a_constructor_that_panics_is_a_finding_that_is_kept_and_minimised() {
    in_folder(|folder| {
        let unbuilt = |arguments: &[&str]| run(env!("CARGO_BIN_EXE_unbuilt"), folder, arguments);
        let fuzz = unbuilt(&["fuzz", "--runs", "100", "--seed", "1", "--max-findings", "1"]);
        assert_eq!(fuzz.code, 1, "{}{}", fuzz.stdout, fuzz.stderr);
        assert!(fuzz.stdout.contains("panic.subject_two_spaces_are_too_many@start"), "{}", fuzz.stdout);
        let kept = findings(folder);
        let name = kept[0].to_str().expect("text");
        assert_eq!(unbuilt(&["run", name]).code, 1);
        fs::write(folder.join("empty.trace"), "machine ram=4 spaces=2 pages=1\n").expect("a file");
        for file in [name, "empty.trace"] {
            let minimize = unbuilt(&["minimize", file]);
            assert_eq!(minimize.code, 0, "{file}: {}", minimize.stderr);
            assert!(minimize.stdout.contains("\nmachine ram=1 spaces=2 pages=1\n"), "{file}: {}", minimize.stdout);
        }
    });
}

#[test]
fn an_exploration_of_a_subject_whose_constructor_panics_ends_with_a_finding() {
    in_folder(|folder| {
        let exhaust = |panics: &str, says: &str| {
            let ended = run(env!("CARGO_BIN_EXE_unbuilt"), folder, &["exhaust", "--depth", "1"]);
            assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
            let machine = "\nmachine ram=2 device=1 spaces=2 pages=2\n";
            assert!(ended.stdout.contains(panics) && ended.stdout.ends_with(machine), "{}", ended.stdout);
            assert!(ended.stderr.contains(says) && !ended.stderr.contains("error"), "{}", ended.stderr);
        };
        exhaust("panic.subject_two_spaces_are_too_many@start", "");
        fs::write(folder.join("once"), "").expect("a file");
        exhaust("panic.subject_once_is_enough@start", "it does not repeat itself");
    });
}

#[test]
fn a_hang_while_another_finding_is_shortened_is_kept_under_its_own_execution() {
    in_folder(|folder| {
        let fuzz = run(env!("CARGO_BIN_EXE_busy"), folder, &["fuzz", "--seed", "12", "--jobs", "1", "--seconds", "60"]);
        assert_eq!(fuzz.code, 1, "{}{}", fuzz.stdout, fuzz.stderr);
        // The first execution reads another value, and is being shortened.
        assert!(fuzz.stdout.starts_with("campaign  1 execution, "), "{}", fuzz.stdout);
        let campaigns = fs::read_dir(folder.join("findings/.stalemap/campaigns")).expect("a folder of campaigns");
        let campaign = campaigns.map(|entry| entry.expect("an entry").path()).next().expect("a campaign");
        let samples = fs::read_dir(campaign.join("samples/termination.hang@protect")).expect("what has hung");
        let sample = samples.map(|entry| entry.expect("an entry").path()).next().expect("a sample");
        let index = sample.file_name().and_then(|name| name.to_str()?.split('.').next()?.parse().ok());
        let build = |machine: &Machine| Ok(Altered::new(machine, "", |implementation, it| implementation.apply(it)));
        let mut program = Program::default();
        Generator::new(Settings::of(&build)).execution(12, index.expect("an index"), &mut program);
        let kept = Trace::parse(&fs::read_to_string(sample).expect("a trace")).expect("a trace");
        assert!(program.operations.starts_with(&kept.program().operations), "{kept}\n{}", Trace::from(program));
    });
}

#[test]
fn a_finding_whose_trace_no_longer_shows_it_is_reported_when_a_resumed_campaign_meets_it_again() {
    in_folder(|folder| {
        let fuzz = |runs, more: &[&str]| {
            let arguments = [&["fuzz", "--seed", "3", "--jobs", "1", "--runs", runs], more].concat();
            run(env!("CARGO_BIN_EXE_changed"), folder, &arguments)
        };
        assert_eq!(fuzz("40", &[]).code, 1);
        fs::write(folder.join("changed"), "").expect("a file");
        let resumed = fuzz("600", &["--resume"]);
        assert!(
            resumed.stderr.contains("outcome.effect@read was found before and no longer shows"),
            "{}",
            resumed.stderr
        );
        assert!(resumed.stdout.contains("> read     s1 "), "{}", resumed.stdout);
        assert_eq!(resumed.code, 1, "{}{}", resumed.stdout, resumed.stderr);
    });
}

#[test]
fn a_resumed_campaign_whose_earlier_finding_never_ends_now_ends_with_that() {
    in_folder(|folder| {
        let fuzz = ["fuzz", "--seed", "3", "--jobs", "1", "--runs", "40", "--resume"];
        let changed = || run(env!("CARGO_BIN_EXE_changed"), folder, &fuzz);
        assert_eq!(changed().code, 1);
        fs::write(folder.join("endless"), "").expect("a file");
        let resumed = changed();
        assert_eq!(resumed.code, 1, "{}{}", resumed.stdout, resumed.stderr);
        assert!(resumed.stdout.contains("termination.hang@read"), "{}", resumed.stdout);
    });
}

#[test]
fn an_execution_that_could_not_be_looked_at_is_looked_at_by_the_resumed_campaign() {
    in_folder(|folder| {
        let fuzz = ["fuzz", "--seed", "3", "--jobs", "1", "--runs", "40", "--resume"];
        for _ in 0..2 {
            let fuzz = run(env!("CARGO_BIN_EXE_once"), folder, &fuzz);
            assert_eq!(fuzz.code, 2, "{}{}", fuzz.stdout, fuzz.stderr);
            assert!(fuzz.stderr.contains("there is no room any more"), "{}", fuzz.stderr);
            assert!(fuzz.stdout.contains("outcome.effect@read  1 execution"), "{}", fuzz.stdout);
        }
    });
}

#[test]
fn more_seconds_than_a_clock_has_are_refused() {
    in_folder(|folder| {
        let fuzz = wrong_value(folder, &["fuzz", "--runs", "10", "--seconds", "18446744073709551615"]);
        assert_eq!(fuzz.code, 2, "{}{}", fuzz.stdout, fuzz.stderr);
        assert!(fuzz.stderr.contains("is not in 1..=1000000000"), "{}", fuzz.stderr);
    });
}
