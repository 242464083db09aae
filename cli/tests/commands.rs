//! What each command prints, writes and ends with, through the built program.

mod program;

use std::fs;

use program::{Ended, command, in_folder, stalemap};
use stalemap_operations::{Kind, record};

const GOOD: &str = "\
# A device page comes back.
machine ram=4 device=2 spaces=2 pages=8
map      s0 v3 rw          = ok
write    s0 v3 #2a         = ok
migrate  s0 v3 to d0       = ok pages=1
read     s0 v3             = ok value=#2a
";

/// The same with one answer that is wrong.
fn wrong() -> String {
    GOOD.replace("value=#2a", "value=#2b")
}

/// A line of that text, counted from 1.
fn wrong_line(number: u64) -> String {
    wrong().lines().nth(usize::try_from(number).expect("small") - 1).expect("a line").to_string()
}

#[test]
fn a_campaign_is_the_same_for_one_seed_whatever_the_number_of_jobs() {
    in_folder(|folder| {
        let summaries = ["1", "2", "5"].map(|jobs| {
            let arguments = ["fuzz", "--runs", "2000", "--seed", "9", "--jobs", jobs, "--format", "json"];
            let ended = stalemap(folder, &arguments);
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            let mut campaign: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
            let summary = campaign["summary"].as_object_mut().unwrap();
            summary.remove("seconds");
            summary.remove("last_new_seconds");
            summary.remove("command");
            campaign
        });
        assert_eq!(summaries[0]["summary"]["executions"], 2000);
        assert_eq!(summaries[0], summaries[1]);
        assert_eq!(summaries[0], summaries[2]);
        let names: Vec<_> = fs::read_dir(folder.join("findings")).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, [".stalemap"], "nothing was found, so there is no trace");
    });
}

#[test]
fn a_campaign_says_how_to_repeat_it_at_its_start_and_at_its_end() {
    in_folder(|folder| {
        let ended = stalemap(
            folder,
            &["fuzz", "-v", "--runs", "300", "--only=map,unmap", "--machine", "ram=4 spaces=2 pages=4"],
        );
        assert_eq!(ended.code, 0);
        let seed = ended.stderr.split_whitespace().nth(1).unwrap();
        let options = format!("fuzz -v --only=map,unmap --machine 'ram=4 spaces=2 pages=4' --runs 300 --seed {seed}");
        assert!(ended.stdout.contains(&options), "{}", ended.stdout);
        assert!(ended.stderr.contains(&format!("--seed {seed}")), "{}", ended.stderr);
        assert!(ended.stdout.contains("300 executions"), "{}", ended.stdout);
        assert!(ended.stdout.contains("no divergence"), "{}", ended.stdout);
        let tally: Vec<&str> = ended.stdout.lines().take(4).collect();
        assert!(tally[1].trim_start().starts_with("map ") && tally[2].trim_start().starts_with("unmap "), "{tally:?}");
    });
}

#[test]
fn a_right_trace_agrees_and_a_wrong_answer_is_a_divergence() {
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), GOOD).unwrap();
        fs::write(folder.join("wrong.trace"), wrong()).unwrap();
        let ended = stalemap(folder, &["run", "good.trace"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (0, "agree    good.trace  4 operations\n"), "{}", ended.stderr);
        let ended = stalemap(folder, &["run", "wrong.trace"]);
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        insta::assert_snapshot!(ended.stdout);
        let ended = stalemap(folder, &["run", "--full", "."]);
        assert_eq!(ended.code, 1);
        assert!(ended.stdout.ends_with("2 files: 1 agree, 1 diverge, 0 in trouble\n"), "{}", ended.stdout);
        assert!(ended.stdout.starts_with("diverge  ./wrong.trace"), "only failures are printed: {}", ended.stdout);
        let all = stalemap(folder, &["run", "--verbose", "."]);
        assert!(all.stdout.starts_with("agree    ./good.trace  4 operations\n"), "{}", all.stdout);
        let two = stalemap(folder, &["run", "good.trace", "good.trace"]);
        assert_eq!((two.code, two.stdout.as_str()), (0, "2 files: 2 agree, 0 diverge, 0 in trouble\n"));
    });
}

/// A line that was broken by hand and then again by the width of the terminal ends early, and the next word would fit.
#[test]
fn help_is_wrapped_once() {
    const COMMANDS: [&str; 17] = [
        "--help",
        "new",
        "fuzz",
        "run",
        "minimize",
        "fmt",
        "encode",
        "seeds",
        "distill",
        "coverage",
        "doctor",
        "ops",
        "check-determinism",
        "exhaust",
        "triage",
        "export",
        "linux",
    ];
    in_folder(|folder| {
        for width in [50, 72, 100] {
            for word in COMMANDS {
                let ended = Ended::of(command(folder, &[word, "--help"]).env("COLUMNS", width.to_string()));
                assert_eq!(ended.code, 0, "{word}: {}", ended.stderr);
                let lines: Vec<&str> = ended.stdout.lines().collect();
                let is_text = |line: &str| line.starts_with(|it: char| it.is_alphanumeric()) && !line.ends_with(':');
                for pair in lines.windows(2).filter(|pair| pair.iter().all(|line| is_text(line))) {
                    let next = pair[1].split(' ').next().unwrap_or_default();
                    let fits = pair[0].chars().count() + 1 + next.chars().count() <= width;
                    assert!(!fits, "{word}, {width} columns wide:\n{}\n{}", pair[0], pair[1]);
                }
            }
        }
    });
}

#[test]
fn results_come_as_json_junit_and_sarif_too() {
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), GOOD).unwrap();
        fs::write(folder.join("wrong.trace"), wrong()).unwrap();
        fs::write(folder.join("broken.trace"), "machine\n").unwrap();
        let ended = stalemap(folder, &["run", "--format", "json", "."]);
        assert_eq!(ended.code, 2, "trouble counts more than a divergence");
        let results: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let verdicts = ["broken", "good", "wrong"].map(|name| {
            let files = results["files"].as_array().unwrap();
            files.iter().find(|it| it["file"].as_str().unwrap().contains(name)).unwrap()["verdict"].clone()
        });
        assert!(verdicts[0]["trouble"].as_str().unwrap().contains("broken.trace:1:8"), "{verdicts:?}");
        assert_eq!(verdicts[1], "agree");
        assert_eq!(verdicts[2]["diverge"]["signature"], "answer.written@read");
        let ended = stalemap(folder, &["run", "--format", "junit", "."]);
        assert_eq!(ended.code, 2);
        assert!(ended.stdout.starts_with("<?xml"), "{}", ended.stdout);
        assert!(ended.stdout.contains("tests=\"3\" failures=\"1\" errors=\"1\""), "{}", ended.stdout);
        let ended = stalemap(folder, &["fuzz", "--runs", "10", "--format", "junit"]);
        assert_eq!(ended.code, 0);
        assert!(ended.stdout.contains("tests=\"1\" failures=\"0\""), "{}", ended.stdout);
        let ended = stalemap(folder, &["run", "--format", "sarif", "."]);
        assert_eq!(ended.code, 2);
        let log: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let (run, wrong) = (&log["runs"][0], &log["runs"][0]["results"][0]);
        assert_eq!((&log["version"], &wrong["ruleId"]), (&"2.1.0".into(), &"answer.written@read".into()));
        let place = &wrong["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "wrong.trace");
        let line = wrong_line(place["region"]["startLine"].as_u64().unwrap());
        assert!(line.starts_with("read"), "{line}");
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().map(Vec::len), Some(1));
        let ended = stalemap(folder, &["fuzz", "--runs", "10", "--format", "sarif"]);
        assert_eq!(ended.code, 0);
        let log: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    });
}

#[test]
fn the_state_after_each_step_is_shown_of_an_agreeing_trace_too() {
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), GOOD).unwrap();
        let ended = stalemap(folder, &["run", "--show", "good.trace"]);
        assert_eq!(ended.code, 0);
        insta::assert_snapshot!(ended.stdout);
    });
}

#[test]
fn a_trace_goes_to_bytes_and_back() {
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), GOOD).unwrap();
        assert_eq!(stalemap(folder, &["encode", "good.trace", "-o", "seed"]).code, 0);
        let bytes = fs::read(folder.join("seed")).unwrap();
        assert_eq!(bytes.len(), 8 * 5);
        let ended = stalemap(folder, &["fmt", "--answers", "seed"]);
        assert_eq!(ended.stdout, GOOD.split_once('\n').unwrap().1, "the comment has no bytes");
        fs::rename(folder.join("seed"), folder.join("crash-0123456789012345678901234567890123456789")).unwrap();
        let ended = stalemap(folder, &["run", "crash-0123456789012345678901234567890123456789"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let large = "machine ram=257 spaces=1 pages=1\n";
        fs::write(folder.join("large.trace"), large).unwrap();
        let ended = stalemap(folder, &["encode", "large.trace"]);
        assert_eq!(ended.code, 2);
        let why = "has a size over 256 or more than 64 spaces, so it has text only and no bytes";
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    });
}

#[test]
fn formatting_prints_checks_or_writes_back() {
    in_folder(|folder| {
        let loose = "machine ram=4   device=2 spaces=2 pages=8\nmap s0 v3+1 rw\n\n\n\nread   s0 v3\n";
        let canonical = "machine ram=4 device=2 spaces=2 pages=8\nmap      s0 v3 rw\n\nread     s0 v3\n";
        fs::write(folder.join("good.trace"), GOOD).unwrap();
        fs::write(folder.join("loose.trace"), loose).unwrap();
        assert_eq!(stalemap(folder, &["fmt", "loose.trace"]).stdout, canonical);
        let ended = stalemap(folder, &["fmt", "--check", "."]);
        assert_eq!((ended.code, ended.stdout.as_str()), (1, "not canonical  ./loose.trace\n"));
        assert_eq!(fs::read_to_string(folder.join("loose.trace")).unwrap(), loose, "a check writes nothing");
        assert_eq!(stalemap(folder, &["fmt", "--write", "."]).code, 0);
        assert_eq!(fs::read_to_string(folder.join("loose.trace")).unwrap(), canonical);
        assert_eq!(stalemap(folder, &["fmt", "--check", "."]).code, 0);
        assert_eq!(stalemap(folder, &["fmt", "."]).code, 2, "two files on stdout would be no trace");
    });
}

#[test]
fn the_table_of_operations_names_every_answer() {
    in_folder(|folder| {
        let ended = stalemap(folder, &["ops", "migrate"]);
        assert_eq!(ended.code, 0);
        insta::assert_snapshot!(ended.stdout);
        let all: serde_json::Value =
            serde_json::from_str(&stalemap(folder, &["ops", "--format", "json"]).stdout).unwrap();
        assert_eq!(all.as_array().unwrap().len(), Kind::COUNT);
    });
}

#[test]
fn a_trace_that_agrees_cannot_be_shortened() {
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), GOOD).unwrap();
        fs::write(folder.join("wrong.trace"), wrong()).unwrap();
        let ended = stalemap(folder, &["minimize", "good.trace"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("good.trace: both sides agree on all 4 operations"), "{}", ended.stderr);
        let ended = stalemap(folder, &["minimize", "wrong.trace"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("only the answer written at operation 4 is wrong"), "{}", ended.stderr);
    });
}

#[test]
fn one_trace_gives_one_digest_in_two_processes() {
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), GOOD).unwrap();
        let ended = stalemap(folder, &["check-determinism", "good.trace", "--runs", "50"]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.starts_with("51 traces, 0 differ, digest "), "{}", ended.stdout);
    });
}

#[test]
fn the_version_names_the_record_format() {
    in_folder(|folder| {
        let ended = stalemap(folder, &["--version"]);
        let format = record::FORMAT;
        assert_eq!(ended.stdout, format!("stalemap {} (record format {format})\n", env!("CARGO_PKG_VERSION")));
    });
}

#[test]
fn colour_is_for_terminals_and_where_it_is_forced() {
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), GOOD).unwrap();
        let coloured = |variable: &str| {
            let ended = Ended::of(command(folder, &["run", "good.trace"]).env(variable, "1"));
            ended.stdout.contains('\u{1b}')
        };
        assert!(coloured("CLICOLOR_FORCE"));
        assert!(!coloured("NO_COLOR"));
        assert!(!coloured("NOTHING"), "stdout is no terminal here");
    });
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_campaign_in_order() {
    use std::process::Stdio;
    use std::thread::sleep;
    use std::time::Duration;

    in_folder(|folder| {
        let child = command(folder, &["fuzz", "--seed", "4"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.unwrap();
        sleep(Duration::from_millis(700));
        let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let output = child.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(130), "{stdout}");
        assert!(stdout.contains("no divergence, interrupted"), "{stdout}");
        assert!(stdout.contains("--seed 4"), "{stdout}");
    });
}
