//! Programs with the commands of Stalemap as subjects: this program stands for one, since it serves its implementation.

#![cfg(unix)]

mod program;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use program::{in_folder, stalemap};

/// Writes a program that calls this one.
fn script(path: &Path, line: &str) {
    fs::write(path, format!("#!/bin/sh\n{line}\n")).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
}

fn this() -> String {
    assert_cmd::cargo::cargo_bin!("stalemap").display().to_string()
}

#[test]
fn a_program_is_driven_in_its_own_process() {
    in_folder(|folder| {
        script(&folder.join("mine"), &format!("exec '{}' \"$@\"", this()));
        let ended = stalemap(folder, &["fuzz", "--subject", "./mine", "--seed", "1", "--runs", "300"]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("300 executions"), "{}", ended.stdout);
    });
}

#[test]
fn a_file_that_is_no_such_program_is_told() {
    in_folder(|folder| {
        script(&folder.join("other"), "echo other 7.1");
        script(&folder.join("older"), "echo older with stalemap 0.0.1 '(record format 1)'");
        fs::write(folder.join("text"), "text").expect("a file");
        for (subject, says) in [
            ("./other", "./other --version says \"other 7.1\" and not that it is built with stalemap"),
            ("./older", "./older --version says \"older with stalemap 0.0.1 (record format 1)\" and not"),
            ("./text", "cannot run ./text"),
            ("./nothing", "cannot use ./nothing"),
        ] {
            let ended = stalemap(folder, &["fuzz", "--subject", subject, "--runs", "1"]);
            assert_eq!(ended.code, 2, "{}", ended.stdout);
            assert!(ended.stderr.contains(says), "{subject}: {}", ended.stderr);
        }
    });
}

#[cfg(feature = "seeded-bugs")]
#[test]
fn a_finding_of_a_program_has_a_page_and_names_the_program() {
    in_folder(|folder| {
        let with_bug =
            format!("[ \"$1\" = worker ] && exec '{0}' worker --bug stale_mapping; exec '{0}' \"$@\"", this());
        script(&folder.join("mine"), &with_bug);
        let trace = "machine ram=1 device=1 spaces=1 pages=2\nmap s0 v0+2 r\nmigrate s0 v0 to d0\nmove s0 v1 v0\nmigrate s0 v0 to d0\n";
        fs::write(folder.join("a.trace"), trace).expect("a file");
        assert_eq!(stalemap(folder, &["run", "a.trace"]).code, 0);
        let ended = stalemap(folder, &["run", "--subject", "./mine", "a.trace"]);
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        let report = ["report", "--subject", "./mine", "a.trace", "--neighbours", "10", "-o", "page.html"];
        assert_eq!(stalemap(folder, &report).code, 0);
        let page = fs::read_to_string(folder.join("page.html")).expect("the page");
        assert!(page.contains("stalemap run --subject ./mine a.trace") && page.contains("\"name\":\"mine\""));
    });
}
