//! Stores that are damaged, half-written or of another version, through the built program: a clear sentence that names the file, all else is
//! used, and nothing is lost.
#![cfg(feature = "seeded-bugs")]

mod program;
mod tree;

use std::fs;
use std::path::Path;

use program::{Ended, in_folder, stalemap};
use tree::tree;

/// A campaign that finds a bug by several signatures.
const CAMPAIGN: [&str; 7] = ["fuzz", "--bug", "subpage_pointer", "--seed", "7", "--runs", "300"];

fn copy(from: &Path, to: &Path) {
    for (name, content) in tree(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
}

/// What is done to a file, and what is said of it.
struct Damage {
    /// The file is the first whose path has this.
    path: &'static str,
    content: fn(&str) -> Vec<u8>,
    says: &'static str,
    /// Whether other programs may still use the store.
    is_of_one_file: bool,
}

const DAMAGES: [Damage; 8] = [
    Damage { path: "/pieces/", content: half, says: "is damaged: EOF while parsing", is_of_one_file: true },
    Damage { path: "/pieces/", content: |_| Vec::new(), says: "is damaged: EOF while parsing", is_of_one_file: true },
    Damage { path: "/pieces/", content: |_| vec![0xff, 0xfe], says: "is damaged: it is no text", is_of_one_file: true },
    Damage {
        path: "/pieces/",
        content: later,
        says: "has format 3; this program reads formats 1 to 2: use the version that has written it",
        is_of_one_file: true,
    },
    Damage {
        path: "/samples/",
        content: |_| b"# a@b\nhalf".to_vec(),
        says: "is damaged: it is no trace of a finding",
        is_of_one_file: true,
    },
    Damage { path: "campaign.json", content: half, says: "is damaged: EOF while parsing", is_of_one_file: true },
    Damage {
        path: "campaign.json",
        content: |text| text.replace("\"seed\":7,", "").into_bytes(),
        says: "is damaged: missing field `seed`",
        is_of_one_file: true,
    },
    Damage {
        path: "store.json",
        content: later,
        says: "store.json has format 3; this program reads formats 1 to 2: use the version that has written it",
        is_of_one_file: false,
    },
];

fn half(text: &str) -> Vec<u8> {
    text.as_bytes()[..text.len() / 2].to_vec()
}

fn later(text: &str) -> Vec<u8> {
    text.replace("\"format\":2", "\"format\":3").into_bytes()
}

/// A command ends with trouble and this sentence, however it is broken into lines.
fn says(ended: &Ended, sentence: &str, of: &str) {
    assert_eq!(ended.code, 2, "{of}: {}{}", ended.stdout, ended.stderr);
    let stderr = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(stderr.contains(sentence) && !stderr.contains("panicked"), "{of}: {stderr}");
}

#[test]
fn a_store_with_a_file_that_cannot_be_used_is_told_by_each_command_and_stays_as_it_is() {
    in_folder(|folder| {
        for (name, seed) in [("good", "7"), ("other", "8")] {
            let fuzz = [&CAMPAIGN[..4], &[seed, "--runs", "300", "--out", name]].concat();
            assert_eq!(stalemap(folder, &fuzz).code, 1);
        }
        for (at, Damage { path, content, says: sentence, is_of_one_file }) in DAMAGES.iter().enumerate() {
            let name = format!("bad-{at}");
            let bad = folder.join(&name);
            copy(&folder.join("good"), &bad);
            let file = tree(&bad).into_keys().find(|it| it.to_string_lossy().contains(path)).expect("a file");
            let text = fs::read_to_string(bad.join(&file)).expect("text");
            fs::write(bad.join(&file), content(&text)).expect("a file");
            let before = tree(&bad);
            let merged = format!("merged-{at}");
            for command in [
                &["status", &name][..],
                &["status", "other", &name],
                &["report", &name, "-o", "page.html"],
                &["report", "other", &name, "-o", "pair.html"],
                &["merge", &name, "other", "-o", &merged],
            ] {
                let ended = stalemap(folder, command);
                says(&ended, sentence, &format!("{command:?}"));
                assert!(
                    ended.stderr.contains(&*file.to_string_lossy()),
                    "{command:?} names the file: {}",
                    ended.stderr
                );
                assert_eq!(tree(&bad), before, "{command:?} changes nothing");
            }
            if *is_of_one_file {
                // All else is used: what the other store has is there, in the answer and in the merged store.
                for folders in [&["status", "other", &name][..], &["status", &merged]] {
                    let stdout = stalemap(folder, folders).stdout;
                    assert!(stdout.contains("seed 8") && stdout.contains("outcome.effect@collect"), "{stdout}");
                }
            } else {
                // Nothing is written into a store that this program does not know.
                says(&stalemap(folder, &[&CAMPAIGN[..], &["--out", &name]].concat()), sentence, "fuzz");
                says(&stalemap(folder, &["merge", "other", "-o", &name]), sentence, "merge into it");
                assert_eq!(tree(&bad), before);
            }
        }
    });
}

#[test]
fn a_campaign_whose_name_cannot_be_read_is_not_begun_again_unasked() {
    in_folder(|folder| {
        let fuzz = |more: &[&str]| stalemap(folder, &[&CAMPAIGN[..], &["--out", "bad"], more].concat());
        assert_eq!(fuzz(&[]).code, 1);
        let bad = folder.join("bad");
        let file = bad.join(tree(&bad).into_keys().find(|it| it.ends_with("campaign.json")).expect("a file"));
        let text = fs::read_to_string(&file).expect("text");
        fs::write(&file, half(&text)).expect("a file");
        let before = tree(&bad);
        let without_seed = stalemap(folder, &[&CAMPAIGN[..3], &["--runs", "300", "--out", "bad", "--resume"]].concat());
        for ended in [fuzz(&["--resume"]), without_seed] {
            says(&ended, "the campaign cannot be resumed: bad/.stalemap/campaigns/native-seed-7-", "fuzz");
            says(&ended, "campaign.json is damaged: EOF while parsing", "fuzz");
            says(&ended, "without --resume it begins again", "fuzz");
        }
        assert_eq!(tree(&bad), before);
        // Begun again, all of it counts: also what was done before.
        assert_eq!(stalemap(folder, &[&CAMPAIGN[..5], &["--runs", "20", "--out", "bad"]].concat()).code, 1);
        let status = stalemap(folder, &["status", "bad"]);
        assert!(status.code == 0 && status.stdout.contains("done  300 executions"), "{}", status.stdout);
    });
}

#[test]
fn what_a_program_left_half_written_hinders_no_other() {
    in_folder(|folder| {
        let fuzz = |out: &str| stalemap(folder, &[&CAMPAIGN[..], &["--out", out]].concat());
        assert_eq!(fuzz("whole").code, 1);
        let left = folder.join("left/.stalemap/unfinished");
        fs::create_dir_all(&left).expect("a folder");
        fs::write(left.join(".tmpAbCdEf"), "{\"format\":2,\"sha").expect("a file");
        fs::create_dir_all(folder.join("left/.stalemap/campaigns/native-seed-7-000000000000")).expect("a folder");
        assert_eq!(stalemap(folder, &["status", "left"]).code, 0);
        assert_eq!(fuzz("left").code, 1);
        let mut there = tree(&folder.join("left"));
        there.retain(|path, _| !path.ends_with("lock"));
        let mut whole = tree(&folder.join("whole"));
        whole.retain(|path, _| !path.ends_with("lock"));
        assert_eq!(there, whole);
    });
}

#[test]
fn folders_that_are_no_stores_are_told() {
    in_folder(|folder| {
        fs::create_dir(folder.join("empty")).expect("a folder");
        fs::write(folder.join("file"), "text").expect("a file");
        says(&stalemap(folder, &["status", "nowhere"]), "nowhere is no folder", "status");
        says(&stalemap(folder, &["status", "file"]), "file is no folder", "status");
        says(&stalemap(folder, &["merge", "nowhere", "-o", "merged"]), "nowhere is no folder", "merge");
        says(&stalemap(folder, &["merge", "empty", "-o", "file"]), "file", "merge");
        assert!(!folder.join("merged").exists());
        assert_eq!(fs::read_to_string(folder.join("file")).expect("text"), "text");
    });
}
