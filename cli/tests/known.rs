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
