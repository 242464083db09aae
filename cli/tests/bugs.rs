//! What `stalemap bugs` and `--bug` print and write, through the built program.
#![cfg(feature = "seeded-bugs")]

mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use program::{in_folder, stalemap};

/// The traces of a folder, in the order of their names.
fn traces(folder: &Path) -> Vec<PathBuf> {
    let mut traces: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    traces.retain(|path| path.extension().is_some_and(|it| it == "trace"));
    traces.sort();
    traces
}

#[test]
fn the_list_names_every_bug_with_its_history() {
    in_folder(|folder| {
        let ended = stalemap(folder, &["bugs", "--format", "json"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let list: Vec<serde_json::Value> = serde_json::from_str(&ended.stdout).unwrap();
        assert!(list.len() >= 30, "{} bugs", list.len());
        let text = stalemap(folder, &["bugs", "--only", "stale_mapping"]).stdout;
        assert!(text.starts_with("stale_mapping\n") && text.contains("7ab0ad0e74f8"), "{text}");
        let wrong = stalemap(folder, &["bugs", "--only", "stale_maping"]);
        assert_eq!(wrong.code, 2);
        assert!(wrong.stderr.contains("stale_mapping"), "the nearest name is told: {}", wrong.stderr);
    });
}

#[test]
fn a_campaign_on_an_isolated_bug_prints_a_command_that_shows_it_in_isolation() {
    in_folder(|folder| {
        let fuzz = ["fuzz", "--bug", "refill_not_counted", "--isolate", "--seed", "3", "--max-findings", "1"];
        let fuzz = stalemap(folder, &fuzz);
        assert_eq!(fuzz.code, 1, "{}", fuzz.stderr);
        let replay = fuzz.stdout.lines().find_map(|line| line.trim_start().strip_prefix("replay ")).expect("a command");
        let words: Vec<&str> =
            replay.split_whitespace().skip_while(|word| !word.ends_with("stalemap")).skip(1).collect();
        assert!(words.starts_with(&["run", "--bug", "refill_not_counted", "--isolate"]), "{replay}");
        let run = stalemap(folder, &words);
        assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    });
}

#[test]
fn a_bug_that_is_switched_on_is_found_replayed_and_minimised() {
    in_folder(|folder| {
        let bug = ["--bug", "refill_not_counted"];
        let fuzz = stalemap(folder, &["fuzz", "--runs", "200", "--seed", "3", bug[0], bug[1]]);
        assert_eq!(fuzz.code, 1, "{}", fuzz.stderr);
        assert_eq!(stalemap(folder, &["fuzz", "--runs", "200", "--seed", "3"]).code, 0);
        assert_eq!(stalemap(folder, &["run", "findings", bug[0], bug[1]]).code, 1);
        assert_eq!(stalemap(folder, &["run", "findings"]).code, 0);
        let find = traces(&folder.join("findings")).remove(0);
        let find = find.to_str().unwrap();
        let minimised = stalemap(folder, &["minimize", find, bug[0], bug[1]]);
        assert_eq!(minimised.code, 0, "{}", minimised.stderr);
        assert!(minimised.stdout.contains("machine "), "{}", minimised.stdout);
    });
}

#[test]
fn both_amounts_of_comparison_find_run_and_minimise_the_same() {
    in_folder(|folder| {
        let bug = ["--bug", "refill_not_counted"];
        let with = |command: &[&str], amount: &[&str]| {
            let ended = stalemap(folder, &[command, &bug[..], amount].concat());
            assert!(ended.code < 2, "{}", ended.stderr);
            (ended.code, ended.stdout)
        };
        let amounts: [&[&str]; 3] = [&[], &["--compare", "touched"], &["--compare", "full"]];
        let campaign = ["fuzz", "--runs", "200", "--seed", "3", "--format", "junit"];
        let [one, two, full] = amounts.map(|amount| with(&campaign, amount));
        assert_eq!((one.0, &one, &one), (1, &two, &full));
        let trace = traces(&folder.join("findings")).remove(0);
        let trace = trace.to_str().unwrap();
        let [one, two, full] = amounts.map(|amount| with(&["run", trace], amount));
        assert_eq!((one.0, &one, &one, &one), (1, &two, &full, &with(&["run", trace], &["--full"])));
        let operations = |(code, text): (i32, String)| {
            assert_eq!(code, 0);
            text.lines().filter(|line| !line.starts_with('#')).collect::<String>()
        };
        let [one, two, full] = amounts.map(|amount| operations(with(&["minimize", trace], amount)));
        assert!(one.starts_with("machine ") && one == two && one == full, "{one}\n{full}");
        let both = stalemap(folder, &["run", trace, "--full", "--compare", "touched"]);
        assert_eq!(both.code, 2, "{}", both.stdout);
    });
}

#[test]
fn campaigns_that_share_a_folder_keep_one_trace_of_each_finding() {
    in_folder(|folder| {
        let mut expected = BTreeMap::new();
        for seed in ["3", "4", "3"] {
            let ended = stalemap(
                folder,
                &["fuzz", "--runs", "400", "--bug", "subpage_pointer", "--format", "json", "--seed", seed],
            );
            assert_eq!(ended.code, 1, "{}", ended.stderr);
            let results: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
            for finding in results["findings"].as_array().unwrap() {
                let signature = finding["signature"].as_str().unwrap();
                let count = results["summary"]["signatures"][signature].as_u64().unwrap();
                expected.insert((signature.to_string(), seed), count);
            }
        }
        let contents = stalemap_campaign::Store::to_read(folder.join("findings")).read().unwrap();
        let entries = contents.findings();
        let kept: u64 = entries.iter().map(stalemap_campaign::Entry::executions).sum();
        assert_eq!(kept, expected.values().sum::<u64>(), "a campaign that is done again adds nothing: {entries:?}");
        let signatures: BTreeSet<&String> = expected.keys().map(|(signature, _)| signature).collect();
        assert!(entries.iter().map(|entry| &entry.signature).eq(signatures));
        assert!(entries.iter().any(|entry| entry.met.len() == 2), "both seeds met it: {entries:?}");
        let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path).collect();
        paths.sort();
        assert_eq!(paths, traces(&folder.join("findings")));
    });
}

#[test]
fn a_campaign_ends_with_as_many_finds_as_are_asked_for_whatever_the_jobs() {
    in_folder(|folder| {
        let fuzz = ["fuzz", "--bug", "subpage_pointer", "--runs", "20000", "--seed", "3"];
        let names = |out: &str, more: &[&str]| {
            let ended = stalemap(folder, &[&fuzz[..], &["--out", out], more].concat());
            assert_eq!(ended.code, 1, "{}", ended.stderr);
            traces(&folder.join(out)).iter().map(|it| it.file_name().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert!(names("all", &[]).len() > 2);
        let two = names("two", &["--max-findings", "2", "--jobs", "1"]);
        assert_eq!((two.len(), &two), (2, &names("again", &["--finds", "2", "--jobs", "3"])));
    });
}

#[test]
fn a_bug_is_blessed_with_a_trace_that_says_what_it_is() {
    in_folder(|folder| {
        let ended = stalemap(folder, &["bugs", "--bless", "--only", "double_free_accepted"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let text = fs::read_to_string(folder.join("corpus/bugs/double_free_accepted.trace")).unwrap();
        assert!(text.starts_with("# seeded bug: double_free_accepted\n# signature: mapping.slot@free\n"), "{text}");
        assert!(text.contains("free     b0                = ok\n"), "{text}");
    });
}

#[test]
fn a_measurement_goes_on_from_its_file_and_prints_the_same_table() {
    in_folder(|folder| {
        let ended = stalemap(folder, &["bugs", "--bench", "--out", "hunts.md"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("their table is written beside it as hunts.md"), "{}", ended.stderr);
        let arguments =
            ["bugs", "--bench", "--only", "double_free_accepted,stamp_survives", "--engines", "native,uniform"];
        let first = stalemap(folder, &[&arguments[..], &["--seeds", "1"]].concat());
        assert_eq!(first.code, 0, "{}", first.stderr);
        let kept = fs::read_to_string(folder.join("bugs.json")).unwrap();
        let more = stalemap(folder, &[&arguments[..], &["--seeds", "2"]].concat());
        assert_eq!(more.code, 0, "{}", more.stderr);
        let hunts = |text: &str| {
            let results: serde_json::Value = serde_json::from_str(text).unwrap();
            results["hunts"].as_array().unwrap().clone()
        };
        let (before, after) = (hunts(&kept), hunts(&fs::read_to_string(folder.join("bugs.json")).unwrap()));
        // Two bugs and the hunt for false alarms, by two engines.
        assert_eq!((before.len(), after.len()), (6, 12));
        assert!(before.iter().all(|hunt| after.contains(hunt)), "what was measured stays as it was");
        let again = stalemap(folder, &[&arguments[..], &["--seeds", "2"]].concat());
        assert_eq!(again.stdout, more.stdout);
        assert_eq!(again.stdout, fs::read_to_string(folder.join("bugs.md")).unwrap());
        let other = stalemap(folder, &[&arguments[..], &["--ops", "32"]].concat());
        assert_eq!(other.code, 2);
        assert!(other.stderr.contains("other settings"), "{}", other.stderr);
    });
}

#[test]
#[cfg(unix)]
fn engines_outside_this_process_are_told_from_each_other_and_need_a_clone() {
    in_folder(|folder| {
        let help = stalemap(folder, &["bugs", "--help"]).stdout;
        assert!(help.contains("native, uniform, proptest, libfuzzer, libfuzzer-bytes, afl, all"), "{help}");
        for engines in ["libfuzzer", "libfuzzer-bytes", "afl", "native,all"] {
            let ended = stalemap(folder, &["bugs", "--bench", "--engines", engines]);
            assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{engines}");
            assert!(ended.stderr.contains("the current folder is in no clone of stalemap"), "{}", ended.stderr);
        }
        let wrong = stalemap(folder, &["bugs", "--bench", "--engines", "libfuzer"]);
        assert!(wrong.stderr.contains("'libfuzzer'"), "the nearest name is told: {}", wrong.stderr);
    });
}

#[test]
fn a_measurement_is_written_into_its_part_of_a_page_and_nowhere_else() {
    in_folder(|folder| {
        let page = "before\n<!-- bugs --bench -->\nold\n<!-- end -->\nafter\n";
        fs::write(folder.join("page.md"), page).unwrap();
        let arguments = ["--only", "double_free_accepted", "--page", "page.md"];
        let bench = ["bugs", "--bench", "--engines", "native", "--seeds", "1"];
        let ended = stalemap(folder, &[&bench[..], &arguments[..]].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let text = fs::read_to_string(folder.join("page.md")).unwrap();
        let start = text.strip_prefix("before\n<!-- bugs --bench -->\n").expect("what stands before is there");
        let part = start.strip_suffix("<!-- end -->\nafter\n").expect("what stands behind is there");
        assert!(part.ends_with(&ended.stdout) && !part.contains("old"), "{part}");
        assert!(
            part.contains("`cargo run --release --features seeded-bugs -- bugs --bench --engines native"),
            "{part}"
        );
        let none = stalemap(folder, &[&["bugs", "--oracles"][..], &arguments[..]].concat());
        assert_eq!((none.code, none.stdout.as_str()), (2, ""), "no part for it");
        assert!(none.stderr.contains("page.md has no part from `<!-- bugs --oracles -->`"), "{}", none.stderr);
    });
}
