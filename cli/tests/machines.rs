//! Many machines, one result, through the built program: shards, merging, resuming, kills.
#![cfg(feature = "seeded-bugs")]

mod program;
mod tree;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use program::{Ended, command, in_folder, stalemap};
use serde_json::Value;
use tree::tree;

/// A campaign that finds a bug by several signatures.
const CAMPAIGN: [&str; 5] = ["fuzz", "--bug", "subpage_pointer", "--seed", "7"];

fn assert_same(one: &Path, other: &Path) {
    let [one, other] = [one, other].map(tree);
    let names: BTreeSet<&PathBuf> = one.keys().chain(other.keys()).collect();
    for name in names {
        let [one, other] = [&one, &other].map(|files| files.get(name).map(|bytes| bytes.escape_ascii().to_string()));
        assert_eq!(one, other, "{}", name.display());
    }
}

fn fuzz(folder: &Path, more: &[&str]) -> Ended {
    stalemap(folder, &[&CAMPAIGN[..], more].concat())
}

fn status(folder: &Path, folders: &[&str]) -> Value {
    let ended = stalemap(folder, &[&["status", "--format", "json"], folders].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn shards_are_done_merged_and_looked_at() {
    in_folder(|folder| {
        let runs = ["--runs", "900"];
        let whole = fuzz(folder, &[&runs[..], &["--out", "whole", "--jobs", "1"]].concat());
        assert_eq!(whole.code, 1, "{}", whole.stderr);
        for (shard, out, jobs) in [("0/3", "a", "1"), ("1/3", "b", "2"), ("2/3", "c", "3")] {
            let more = [&runs[..], &["--shard", shard, "--out", out, "--jobs", jobs, "--format", "json"]].concat();
            let ended = fuzz(folder, &more);
            assert_eq!(ended.code, 1, "{}", ended.stderr);
            let results: Value = serde_json::from_str(&ended.stdout).expect("JSON");
            assert_eq!(results["summary"]["executions"], 300);
        }
        let together = status(folder, &["a", "b", "c"]);
        for order in [["a", "b", "c"], ["c", "a", "b"]] {
            let out = order.concat();
            let merged = stalemap(folder, &[&["merge"], &order[..], &["-o", &out]].concat());
            assert_eq!(merged.code, 0, "{}", merged.stderr);
            assert!(merged.stdout.contains("900 executions of 1 campaign"), "{}", merged.stdout);
            assert_same(&folder.join(&out), &folder.join("whole"));
        }
        let mut merged = status(folder, &["abc"]);
        assert_eq!(merged["executions"], 900);
        let findings = merged["findings"].as_array_mut().expect("a list");
        assert!(findings.len() > 1);
        for (finding, other) in findings.iter_mut().zip(together["findings"].as_array().expect("a list")) {
            assert_eq!(finding["seeds"], serde_json::json!([7]));
            assert!(folder.join(finding["file"].as_str().expect("a path")).exists());
            for field in ["signature", "executions", "first", "last", "versions"] {
                assert_eq!(finding[field], other[field], "not merged, and merged");
            }
        }
        let text = stalemap(folder, &["status", "a", "b"]).stdout;
        assert!(text.contains("600 executions") && text.contains("of 2 shards"), "{text}");
    });
}

#[test]
fn a_campaign_goes_on_where_it_was_and_says_why_it_cannot() {
    in_folder(|folder| {
        assert_eq!(fuzz(folder, &["--runs", "900", "--out", "whole"]).code, 1);
        let first = fuzz(folder, &["--runs", "400", "--out", "part", "--resume"]);
        assert!(first.stderr.contains("nothing to resume in part"), "{}", first.stderr);
        let without_seed = ["fuzz", "--bug", "subpage_pointer", "--out", "part", "--runs", "900", "--resume"];
        let second = stalemap(folder, &without_seed);
        assert!(second.stderr.contains("goes on after 400 executions"), "{}", second.stderr);
        assert!(second.stdout.contains("500 executions"), "{}", second.stdout);
        assert_same(&folder.join("part"), &folder.join("whole"));
        // All is done: what was found is told again.
        let third = stalemap(folder, &[&without_seed[..], &["--format", "json"]].concat());
        let results: Value = serde_json::from_str(&third.stdout).expect("JSON");
        let found = results["findings"].as_array().expect("a list").len();
        assert_eq!((third.code, results["summary"]["executions"].as_u64()), (1, Some(0)));
        let again = results["summary"]["command"].as_str().expect("a command");
        assert!(again.contains("--runs 900 "), "all that was done is done again: {again}");
        assert_eq!(found, status(folder, &["part"])["findings"].as_array().expect("a list").len());
        let cases: [(&[&str], &str); 4] = [
            (&["--ops", "32"], "has other settings (ops: '64' there, '32' here)"),
            (&["--revision", "r2"], "has other settings (revision: '' there, 'r2' here)"),
            (&["--shard", "1/3"], "was done whole, and --shard asks for 1/3"),
            (&["--shard", "3/3"], "\"3/3\" is no shard"),
        ];
        for (more, says) in cases {
            let ended = fuzz(folder, &[&["--resume", "--out", "part", "--runs", "900"], more].concat());
            assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{more:?}");
            let stderr = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(stderr.contains(says), "{stderr}");
        }
        assert_same(&folder.join("part"), &folder.join("whole"));
        // A second campaign in the folder.
        assert_eq!(
            stalemap(folder, &["fuzz", "--bug", "subpage_pointer", "--seed", "8", "--out", "part", "--runs", "50"])
                .code,
            1
        );
        let ended = stalemap(folder, &without_seed);
        assert!(ended.stderr.contains("give one of the seeds 7, 8 by --seed"), "{}", ended.stderr);
        // Its state is damaged.
        let is_piece = |name: &PathBuf| ["seed-7", "/pieces/"].iter().all(|it| name.to_string_lossy().contains(it));
        let piece = tree(&folder.join("part")).into_keys().find(is_piece);
        fs::write(folder.join("part").join(piece.expect("a piece")), "{\"format\":2,").expect("a file");
        let ended = fuzz(folder, &["--resume", "--out", "part"]);
        assert_eq!(ended.code, 2);
        assert!(
            ended.stderr.contains("is damaged") && ended.stderr.contains("without --resume it begins again"),
            "{}",
            ended.stderr
        );
        assert_eq!(stalemap(folder, &["status", "part"]).code, 2);
        assert_eq!(fuzz(folder, &["--runs", "900", "--out", "part"]).code, 1);
        assert_eq!(stalemap(folder, &["status", "part"]).code, 0);
    });
}

/// Runs a campaign that is killed so often, each time after a while, and then to its end: nothing that it has said is lost, and it
/// comes to what one comes to that was not killed.
fn killed(times: u64) {
    in_folder(|folder| {
        // As many as take longer than all the whiles together.
        let executions = (times * 2_000).to_string();
        let runs = ["--runs", &executions, "--jobs", "2"];
        let mut said = BTreeSet::new();
        let (mut random, mut in_the_middle) = (times, 0);
        for _ in 0..times {
            let log = fs::File::create(folder.join("log")).expect("a file");
            let mut command = command(folder, &[&CAMPAIGN[..], &runs, &["--out", "killed", "--resume"]].concat());
            let mut child = command.stderr(log).stdout(Stdio::null()).spawn().expect("the built program");
            // A linear congruential generator (Knuth): the moments are spread over half a second.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sleep(Duration::from_millis((random >> 33) % 500));
            in_the_middle += u64::from(child.try_wait().expect("its state").is_none());
            child.kill().expect("it can be killed");
            child.wait().expect("it has ended");
            let log = fs::read_to_string(folder.join("log")).expect("text");
            // The last line may be half of one.
            let lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let found = lines.filter_map(|line| line.strip_prefix("found ")?.split_once(','));
            said.extend(found.map(|(signature, _)| signature.to_string()));
            let listed = status_or_nothing(folder);
            assert!(said.iter().all(|signature| listed.contains(signature)), "{said:?} of {listed:?}");
        }
        println!("{in_the_middle} of {times} kills before the campaign was done");
        assert_eq!(fuzz(folder, &[&runs[..], &["--out", "killed", "--resume"]].concat()).code, 1);
        assert_eq!(fuzz(folder, &[&runs[..], &["--out", "whole"]].concat()).code, 1);
        assert!(!said.is_empty(), "the kills were too early");
        assert_same(&folder.join("killed"), &folder.join("whole"));
    });
}

/// The signatures in the folder of the campaign that is killed.
fn status_or_nothing(folder: &Path) -> BTreeSet<String> {
    if !folder.join("killed").exists() {
        return BTreeSet::new();
    }
    let status = status(folder, &["killed"]);
    let findings = status["findings"].as_array().expect("a list").iter();
    findings.map(|finding| finding["signature"].as_str().expect("text").to_string()).collect()
}

#[test]
fn a_campaign_that_is_killed_loses_nothing_that_it_said() {
    killed(12);
}

#[test]
#[ignore = "minutes; the stage `kills` of ci/ runs it"]
fn a_campaign_that_is_killed_two_hundred_times_loses_nothing_that_it_said() {
    killed(200);
}

#[test]
#[cfg(unix)]
fn a_campaign_that_is_interrupted_goes_on_as_if_it_had_not_been() {
    in_folder(|folder| {
        let runs = ["--runs", "4000", "--jobs", "2"];
        for wait in [60, 150, 350, 20, 90] {
            let mut command = command(folder, &[&CAMPAIGN[..], &runs, &["--out", "interrupted", "--resume"]].concat());
            let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the built program");
            sleep(Duration::from_millis(wait));
            // It may have ended, or not listen yet.
            let id = child.id().to_string();
            std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill");
            let output = child.wait_with_output().expect("it ends");
            let stderr = String::from_utf8(output.stderr).expect("text");
            assert!(output.status.code().is_none_or(|code| [0, 1, 130].contains(&code)), "{stderr}");
            assert!(output.status.code() != Some(130) || stderr.contains("to go on: "), "{stderr}");
        }
        fuzz(folder, &[&runs[..], &["--out", "interrupted", "--resume"]].concat());
        fuzz(folder, &[&runs[..], &["--out", "whole"]].concat());
        assert_same(&folder.join("interrupted"), &folder.join("whole"));
    });
}

#[test]
fn a_shard_draws_no_seed_of_its_own() {
    in_folder(|folder| {
        for more in [&[][..], &["--resume"]] {
            let arguments = [&["fuzz", "--shard", "1/3", "--runs", "10", "--out", "shard"], more].concat();
            let ended = stalemap(folder, &arguments);
            assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{more:?}");
            assert!(
                ended.stderr.contains("all shards of a campaign have one seed: give it by --seed"),
                "{}",
                ended.stderr
            );
        }
    });
}

#[test]
fn two_campaigns_share_a_folder_at_once() {
    in_folder(|folder| {
        let shards = ["0/2", "1/2"].map(|shard| {
            let more = ["--runs", "1500", "--jobs", "1", "--out", "shared", "--shard", shard];
            let mut command = command(folder, &[&CAMPAIGN[..], &more].concat());
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the built program")
        });
        for mut shard in shards {
            assert_eq!(shard.wait().expect("it ends").code(), Some(1));
        }
        let all = status(folder, &["shared"]);
        assert_eq!(
            (all["executions"].as_u64(), all["campaigns"][0]["shards"].to_string()),
            (Some(1500), "{}".to_string())
        );
        assert_eq!(stalemap(folder, &["merge", "shared", "-o", "merged"]).code, 0);
        assert_eq!(fuzz(folder, &["--runs", "1500", "--out", "whole"]).code, 1);
        assert_same(&folder.join("merged"), &folder.join("whole"));
    });
}
