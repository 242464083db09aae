//! Findings that are known, through the built program: counted and passed over, until their entry expires.
#![cfg(feature = "seeded-bugs")]

mod program;

use std::fs;
use std::path::Path;

use program::{Ended, in_folder, stalemap};

const CAMPAIGN: [&str; 7] = ["fuzz", "--bug", "subpage_pointer", "--seed", "7", "--runs", "400"];
/// What the campaign finds.
const FOUND: [&str; 2] = ["outcome.effect@collect", "panic.subject_an_entry_too_many_is_taken_from_a_page@any"];

fn fuzz(folder: &Path, more: &[&str]) -> Ended {
    stalemap(folder, &[&CAMPAIGN[..], more].concat())
}

fn entry(signature: &str, expires: &str) -> String {
    format!("[[known]]\nsignature = \"{signature}\"\nreason = \"issue 12\"\nexpires = \"{expires}\"\n")
}

fn traces(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|it| it == "trace")).count()
}

#[test]
fn what_is_known_is_counted_and_is_no_finding_until_it_expires() {
    in_folder(|folder| {
        let both = FOUND.map(|signature| entry(signature, "2999-12-31")).concat();
        fs::write(folder.join("known.toml"), &both).expect("a file");
        let known = fuzz(folder, &["--known", "known.toml"]);
        assert_eq!(known.code, 0, "{}{}", known.stdout, known.stderr);
        for signature in FOUND {
            let line = known.stdout.lines().find(|line| line.contains(signature)).expect("it is counted");
            assert!(line.ends_with(", known"), "{line}");
        }
        assert_eq!(traces(&folder.join("findings")), 0);
        // In the folder of findings it is read without an option. One that has expired is a finding again.
        let expired = entry(FOUND[0], "2020-02-29") + &entry(FOUND[1], "2999-12-31");
        fs::create_dir(folder.join("out")).expect("a folder");
        fs::write(folder.join("out/known.toml"), expired).expect("a file");
        let one = fuzz(folder, &["--out", "out"]);
        assert_eq!(one.code, 1, "{}{}", one.stdout, one.stderr);
        assert!(one.stderr.contains("has expired on 2020-02-29 (issue 12): it is a finding again"), "{}", one.stderr);
        assert_eq!(traces(&folder.join("out")), 1);
    });
}

#[test]
fn what_is_known_and_no_longer_reproduces_is_told() {
    in_folder(|folder| {
        assert_eq!(fuzz(folder, &[]).code, 1);
        fs::rename(folder.join("findings"), folder.join("kept")).expect("a folder");
        let trace = fs::read_dir(folder.join("kept")).expect("a folder").map(|it| it.expect("an entry").file_name());
        let trace = trace.filter_map(|it| it.into_string().ok()).find(|it| it.starts_with(FOUND[0])).expect("a trace");
        let known =
            entry(FOUND[0], "2999-12-31") + &format!("trace = \"kept/{trace}\"\n") + &entry(FOUND[1], "2999-12-31");
        fs::write(folder.join("known.toml"), known).expect("a file");
        // Without the bug neither shows; with it, and too few executions to meet them, the trace still does.
        let right = stalemap(folder, &["fuzz", "--seed", "7", "--runs", "50", "--known", "known.toml"]);
        assert_eq!(right.code, 0, "{}", right.stderr);
        let gone = format!("{} is known and no longer reproduces: take its entry out of known.toml", FOUND[0]);
        let unmet = format!("{} is known and was not met; known.toml names no trace of it", FOUND[1]);
        assert!(right.stderr.contains(&gone) && right.stderr.contains(&unmet), "{}", right.stderr);
        let few = ["fuzz", "--seed", "7", "--runs", "2", "--known", "known.toml", "--bug", "subpage_pointer"];
        let still = stalemap(folder, &[&few[..], &["--out", "few"]].concat());
        assert!(!still.stderr.contains("no longer reproduces"), "{}", still.stderr);
    });
}

#[test]
fn a_wrong_entry_is_told_with_its_file() {
    in_folder(|folder| {
        let good = "expires = \"2999-12-31\"\nreason = \"a\"\n";
        let cases = [
            (entry("mapping.writable@jump", "2999-12-31"), "\"mapping.writable@jump\" is no signature"),
            (entry(FOUND[0], "2999-02-30"), "\"2999-02-30\" is no day"),
            ("[[known]]\nsignature = \"outcome.effect@read\"\nreason = \"a\"\n".to_string(), "expires"),
            (format!("[[known]]\nsignature = \"outcome.effect@read\"\n{good}sinature = 1\n"), "sinature"),
            (format!("[[known]]\nsignature = \"outcome.effect@read\"\n{good}trace = \"no.trace\"\n"), "no.trace"),
            ("[[known".to_string(), "known.toml"),
        ];
        for (text, says) in cases {
            fs::write(folder.join("known.toml"), &text).expect("a file");
            let ended = stalemap(folder, &["fuzz", "--runs", "1", "--known", "known.toml"]);
            assert_eq!(ended.code, 2, "{text}: {}", ended.stderr);
            let stderr = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(stderr.contains(says) && stderr.contains("known.toml"), "{text}: {stderr}");
        }
    });
}

#[test]
fn merged_folders_know_what_one_of_them_knows_in_every_order() {
    in_folder(|folder| {
        let toml = |name: &str| folder.join(name).join("known.toml");
        for (name, known) in [
            ("a", entry(FOUND[0], "2998-01-31") + "trace = \"../shown.trace\"\n" + &entry(FOUND[1], "2020-02-29")),
            (
                "b",
                entry(FOUND[0], "2999-12-31").replace("12\"", "13\"") + &entry("mapping.writable@fork", "2999-12-31"),
            ),
        ] {
            assert_eq!(fuzz(folder, &["--out", name]).code, 1);
            fs::write(toml(name), known).expect("a file");
        }
        fs::write(folder.join("shown.trace"), "machine ram=1 spaces=1 pages=1\nread s0 v0\n").expect("a file");
        for (folders, out) in [(["a", "b"], "ab"), (["b", "a"], "ba")] {
            let merged = stalemap(folder, &[&["merge", "-o", out], &folders[..]].concat());
            assert_eq!(merged.code, 0, "{}", merged.stderr);
            let told = format!(
                "{} is known as \"issue 13\" until 2999-12-31, and not as \"issue 12\" until 2998-01-31",
                FOUND[0]
            );
            assert!(merged.stderr.contains(&told), "{}", merged.stderr);
        }
        let known = fs::read_to_string(toml("ab")).expect("a file");
        assert_eq!(known, fs::read_to_string(toml("ba")).expect("a file"));
        assert_eq!(known.matches("signature").count(), 3, "{known}");
        assert!(known.contains("issue 13") && !known.contains("2998-01-31"), "{known}");
        assert_eq!(traces(&folder.join("ab")), 1, "what is known has no trace beside the others");
        // Merged once more, or beside what is there, nothing changes; nor do its comments.
        fs::write(toml("ab"), format!("# ours\n{known}")).expect("a file");
        assert_eq!(stalemap(folder, &["merge", "b", "-o", "ab"]).code, 0);
        assert_eq!(fs::read_to_string(toml("ab")).expect("a file"), format!("# ours\n{known}"));
        fs::write(toml("b"), "[[known").expect("a file");
        let wrong = stalemap(folder, &["merge", "a", "b", "-o", "wrong"]);
        assert_eq!(wrong.code, 2, "{}", wrong.stderr);
        assert!(wrong.stderr.contains("known.toml") && !folder.join("wrong").exists(), "{}", wrong.stderr);
    });
}

#[test]
fn a_trace_that_an_entry_names_comes_along() {
    in_folder(|folder| {
        fs::write(folder.join("shown.trace"), "machine ram=1 spaces=1 pages=1\nread s0 v0\n").expect("a file");
        fs::create_dir(folder.join("a")).expect("a folder");
        let known = entry(FOUND[0], "2999-12-31") + "trace = \"../shown.trace\"\n";
        fs::write(folder.join("a/known.toml"), known).expect("a file");
        assert_eq!(stalemap(folder, &["merge", "a", "-o", "b/c"]).code, 0);
        fs::remove_file(folder.join("shown.trace")).expect("a file");
        // The implementation without the bug does not show it.
        let ended = stalemap(folder, &["fuzz", "--seed", "7", "--runs", "5", "--out", "b/c"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stderr.contains("is known and no longer reproduces"), "{}", ended.stderr);
        let once = fs::read(folder.join("b/c/known.toml")).expect("a file");
        assert_eq!(stalemap(folder, &["merge", "b/c", "-o", "d"]).code, 0);
        assert_eq!(fs::read(folder.join("d/known.toml")).expect("a file"), once);
    });
}

#[test]
fn status_tells_what_is_known_what_has_expired_and_what_was_not_met() {
    in_folder(|folder| {
        assert_eq!(fuzz(folder, &[]).code, 1);
        let plain = stalemap(folder, &["status"]);
        assert!(plain.stdout.contains("2 findings\n") && !plain.stdout.contains("known"), "{}", plain.stdout);
        let unmet = entry("mapping.writable@fork", "2020-02-29");
        let known = entry(FOUND[0], "2999-12-31") + &entry(FOUND[1], "2020-02-29") + &unmet;
        fs::write(folder.join("findings/known.toml"), known).expect("a file");
        let status = stalemap(folder, &["status"]);
        assert_eq!(status.code, 0, "{}", status.stderr);
        let (findings, rest) = status.stdout.split_once("1 known\n").expect("what is known stands apart");
        assert!(findings.contains("1 finding\n") && findings.contains(FOUND[1]), "{}", status.stdout);
        assert!(findings.contains("\n    was known until 2020-02-29: issue 12\n"), "{}", status.stdout);
        assert!(rest.contains(FOUND[0]) && rest.contains("\n    known until 2999-12-31: issue 12\n"), "{rest}");
        let end = "known and not met\n  mapping.writable@fork\n    was known until 2020-02-29: issue 12\n";
        assert!(rest.ends_with(end), "{rest}");
        let json = stalemap(folder, &["status", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
        let expired = |at: usize| json["findings"][at]["known"]["has_expired"].as_bool();
        assert_eq!([expired(0), expired(1)], [Some(false), Some(true)], "{json}");
        assert_eq!(json["known_not_met"][0]["signature"], "mapping.writable@fork");
    });
}
