//! Bad input through the built program: a clear sentence, exit code 2, and nothing written.

mod program;

use std::fs;
use std::path::Path;

use program::{Ended, command, in_folder, stalemap};

/// A file that is no trace, and what is said of it.
struct Bad {
    name: &'static str,
    content: &'static [u8],
    says: &'static str,
}

const BAD: &[Bad] = &[
    Bad {
        name: "empty.trace",
        content: b"",
        says: "empty.trace: the file is empty; a trace begins with a machine line",
    },
    Bad {
        name: "comments.trace",
        content: b"# nothing else\n",
        says: "comments.trace:2:1: expected a machine line such as `machine ram=8 device=4,4 spaces=3 pages=8`, found the end of the text",
    },
    Bad {
        name: "latin1.trace",
        content: b"machine ram=4 spaces=1 pages=4\n# gr\xfc\xdfe\n",
        says: "latin1.trace:2:5: expected text in UTF-8, found bytes that are none",
    },
    Bad {
        name: "unknown.trace",
        content: b"machine ram=4 spaces=1 pages=4\nmpa s0 v0 rw\n",
        says: "unknown.trace:2:1: expected an operation, found \"mpa\"; did you mean \"map\"?",
    },
    Bad {
        name: "two-machines.trace",
        content: b"machine ram=4 spaces=1 pages=4\nmachine ram=4 spaces=1 pages=4\n",
        says: "two-machines.trace:2:1: expected an operation (a trace has one machine line, its first), found \"machine\"",
    },
    Bad {
        name: "two-sizes.trace",
        content: b"machine ram=4 ram=5 spaces=1 pages=4\n",
        says: "two-sizes.trace:1:15: expected one ram= on a machine line, found \"ram=5\"",
    },
    Bad {
        name: "huge.trace",
        content: b"machine ram=16777217 spaces=1 pages=4\n",
        says: "huge.trace:1:13: expected 1 to 16777216 frames of RAM, found \"16777217\"",
    },
    Bad {
        name: "spaces.trace",
        content: b"machine ram=4 spaces=513 pages=4\n",
        says: "spaces.trace:1:22: expected 1 to 512 spaces, found \"513\"",
    },
    Bad {
        name: "out-of-range.trace",
        content: b"machine ram=4 spaces=1 pages=4\nmap s0 v3+2 rw\n",
        says: "out-of-range.trace:2:8: expected a range such as v0 or v0+2, within v0 to v3, found \"v3+2\"",
    },
    Bad {
        name: "no-device.trace",
        content: b"machine ram=4 spaces=1 pages=4\nevict d0\n",
        says: "no-device.trace:2:1: expected an operation without a device (the machine has none), found \"evict\"",
    },
    Bad {
        name: "impossible-answer.trace",
        content: b"machine ram=4 spaces=1 pages=4\nmap s0 v0 rw = EPERM\n",
        says: "impossible-answer.trace:2:16: expected ok or a refusal that map may give (ESRCH, EAGAIN, EEXIST), found \"EPERM\"",
    },
    Bad {
        name: "advice.trace",
        content: b"machine ram=8 spaces=1 pages=8 huge=1\nadvise s0 v0 maybe\n",
        says: "advice.trace:2:14: expected an advice (huge or nohuge), found \"maybe\"",
    },
    Bad {
        name: "small-pages.trace",
        content: b"machine ram=8 spaces=1 pages=8\nadvise s0 v0 huge\n",
        says: "small-pages.trace:2:1: expected an operation without huge pages (the machine has none; give it huge=2), found \"advise\"",
    },
    Bad {
        name: "order.trace",
        content: b"machine ram=8 spaces=1 pages=8 huge=4\n",
        says: "order.trace:1:37: expected an order of huge pages, 1 to 3 (2^order pages fit into ram and into pages), found \"4\"",
    },
    Bad {
        name: "collapse.trace",
        content: b"machine ram=8 spaces=1 pages=8 huge=1\ncollapse s0 v0+2\n",
        says: "collapse.trace:2:13: expected a page, v0 to v7, found \"v0+2\"",
    },
    Bad {
        name: "split.trace",
        content: b"machine ram=8 spaces=1 pages=8 huge=1\nsplit s0 v0\n",
        says: "split.trace:2:7: expected a block slot, b0 to b7, found \"s0\"",
    },
    Bad {
        name: "split-folio.trace",
        content: b"machine ram=8 spaces=1 pages=8 huge=1\nsplit_folio s0 v0 = ENOMEM\n",
        says: "split-folio.trace:2:21: expected ok or a refusal that split_folio may give (ESRCH, EFAULT, EINVAL, EAGAIN), found \"ENOMEM\"",
    },
    Bad {
        name: "control.trace",
        content: b"machine ram=4 spaces=1 pages=4\n\x1b[2J\n",
        says: "control.trace:2:1: expected an operation, found \"\\u{1b}[2J\"",
    },
];

#[test]
fn every_command_that_reads_traces_names_the_place_of_the_first_mistake_and_writes_nothing() {
    in_folder(|folder| {
        for bad in BAD {
            fs::write(folder.join(bad.name), bad.content).unwrap();
        }
        for bad in BAD {
            for command in ["run", "minimize", "fmt", "encode", "check-determinism", "report"] {
                let ended = stalemap(folder, &[command, bad.name]);
                assert_eq!(ended.code, 2, "{command} {}: {}", bad.name, ended.stderr);
                assert!(ended.stderr.contains(bad.says), "{command} {}: {}", bad.name, ended.stderr);
                assert_eq!(ended.stdout, "", "{command} {}", bad.name);
            }
            for command in ["minimize", "encode", "report"] {
                stalemap(folder, &[command, bad.name, "-o", "written"]);
                assert!(!folder.join("written").exists(), "{command} {}", bad.name);
            }
        }
    });
}

#[test]
fn a_trace_with_too_many_operations_is_refused_at_the_first_that_is_too_many() {
    in_folder(|folder| {
        let text = format!("machine ram=4 spaces=1 pages=4\n{}", "free b0\n".repeat((1 << 20) + 1));
        fs::write(folder.join("long.trace"), text).unwrap();
        let ended = stalemap(folder, &["run", "long.trace"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("long.trace:1048578:1: expected at most 1048576 operations"), "{}", ended.stderr);
    });
}

/// Runs the program with so many kilobytes of memory at the most.
#[cfg(target_os = "linux")]
fn with_memory(folder: &Path, kilobytes: u32, arguments: &[&str]) -> Ended {
    let program = command(folder, &[]).get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    let limited = format!("ulimit -v {kilobytes} && exec \"$0\" \"$@\"");
    Ended::of(shell.current_dir(folder).args(["-c", &limited]).arg(program).args(arguments))
}

#[cfg(target_os = "linux")]
#[test]
fn a_hundred_megabytes_of_comments_take_little_memory() {
    const BYTES: usize = 100_000_000;
    in_folder(|folder| {
        let (machine, comment) = ("machine ram=4 spaces=1 pages=4\n", format!("# {}\n", "x".repeat(97)));
        fs::write(folder.join("short.trace"), format!("{machine}{}", "#\n".repeat(BYTES / 2))).unwrap();
        fs::write(folder.join("long.trace"), format!("{machine}{}free b0\n", comment.repeat(BYTES / comment.len())))
            .unwrap();
        for command in ["run", "fmt"] {
            let short = with_memory(folder, 800_000, &[command, "short.trace"]);
            assert_eq!(short.code, 2, "{}", short.stderr);
            let says = "short.trace:2097154:1: expected at most 2097152 lines of comments, found \"#\"";
            assert!(short.stderr.contains(says), "{}", short.stderr);
            let long = with_memory(folder, 800_000, &[command, "long.trace"]);
            assert_eq!(long.code, 0, "{command}: {}", long.stderr);
        }
    });
}

/// What cannot be read is told, and all else is done.
#[test]
fn one_unreadable_folder_or_file_does_not_stop_the_others() {
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n").unwrap();
        fs::write(folder.join("bad.trace"), "machine\n").unwrap();
        fs::create_dir(folder.join("empty")).unwrap();
        let paths = ["missing.trace", "empty", "bad.trace", "good.trace"];
        let told =
            ["cannot read missing.trace: No such file", "empty: the folder holds no trace", "bad.trace:1:8: expected"];
        // What is done with the file that is good.
        let rows: [(&[&str], &str); 6] = [
            (&["run"], "4 files: 1 agree, 0 diverge, 3 in trouble\n"),
            (&["fmt", "--check"], "not canonical  good.trace\n"),
            (&["coverage"], "transitions  1 of "),
            (&["check-determinism"], "1 trace, 0 differ, digest "),
            (&["distill", "-o", "small"], ""),
            (&["seeds", "-o", "seeds"], ""),
        ];
        for (command, says) in rows {
            let ended = stalemap(folder, &[command, &paths].concat());
            assert_eq!(ended.code, 2, "{command:?}: {}{}", ended.stdout, ended.stderr);
            assert!(ended.stdout.contains(says), "{command:?}: {}", ended.stdout);
            for told in told {
                assert!(ended.stderr.contains(told), "{command:?}: {}", ended.stderr);
            }
        }
        assert!(folder.join("small/good.trace").is_file());
        assert_eq!(fs::read_dir(folder.join("seeds")).unwrap().count(), 1);
        let json: serde_json::Value =
            serde_json::from_str(&stalemap(folder, &[&["run", "--format", "json"], &paths[..]].concat()).stdout)
                .unwrap();
        assert_eq!(json["files"].as_array().unwrap().len(), 4, "{json}");
    });
}

/// The superuser may list everything, so that another user is needed then.
#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_listed_does_not_stop_the_others() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    const WITHOUT_RIGHTS: u32 = 65_534;
    in_folder(|folder| {
        let set_mode =
            |name: &str, mode| fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
        fs::create_dir_all(folder.join("all/closed")).unwrap();
        fs::write(folder.join("all/good.trace"), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n").unwrap();
        set_mode("", 0o755);
        set_mode("all/closed", 0);
        let mut command = command(folder, &["run", "all"]);
        let is_superuser = fs::metadata(folder).unwrap().uid() == 0;
        if is_superuser {
            // The program may lie where other users may not go. Another process copies it: a file that this one has written may
            // still be open in what another test starts at the same time, and cannot be run then.
            let copied =
                std::process::Command::new("cp").arg(command.get_program()).arg(folder.join("program")).status();
            assert!(copied.unwrap().success());
            command = std::process::Command::new(folder.join("program"));
            command.current_dir(folder).args(["run", "all"]).uid(WITHOUT_RIGHTS);
        }
        let ended = Ended::of(&mut command);
        set_mode("all/closed", 0o755);
        assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("2 files: 1 agree, 0 diverge, 1 in trouble"), "{}", ended.stdout);
        assert!(ended.stderr.contains("cannot list all/closed: Permission denied"), "{}", ended.stderr);
    });
}

#[cfg(not(feature = "seeded-bugs"))]
#[test]
fn a_program_without_seeded_bugs_says_how_to_get_them() {
    in_folder(|folder| {
        let rows: [&[&str]; 5] = [
            &["bugs"],
            &["bugs", "--bench", "--seeds", "3"],
            &["fuzz", "--bug", "stale_mapping"],
            &["run", "--bug", "stale_mapping", "a.trace"],
            &["triage", "--bug", "stale_mapping", "a.trace"],
        ];
        for arguments in rows {
            let ended = stalemap(folder, arguments);
            assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments:?}: {}", ended.stderr);
            assert!(ended.stderr.contains("cargo run --release --features seeded-bugs -- "), "{}", ended.stderr);
        }
    });
}

#[test]
fn what_is_not_there_or_holds_no_trace_is_named() {
    in_folder(|folder| {
        fs::create_dir(folder.join("empty")).unwrap();
        fs::write(folder.join("empty/notes.txt"), "nothing").unwrap();
        let cases: [(&[&str], &str); 4] = [
            (&["run", "missing.trace"], "cannot read missing.trace: No such file or directory"),
            (&["run", "empty"], "empty: the folder holds no trace (*.trace) and no input of a fuzzing engine"),
            (&["fmt", "missing"], "cannot read missing"),
            (&["fuzz", "--runs", "1", "--known", "missing"], "cannot read missing"),
        ];
        for (arguments, says) in cases {
            let ended = stalemap(folder, arguments);
            assert_eq!(ended.code, 2, "{arguments:?}");
            assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
        }
    });
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_the_work() {
    in_folder(|folder| {
        fs::write(folder.join("file"), "in the way").unwrap();
        fs::write(folder.join("good.trace"), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n").unwrap();
        let cases: [&[&str]; 3] = [
            &["fuzz", "--seconds", "60", "--out", "file"],
            &["fuzz", "--seconds", "60", "--out", "/proc/finds"],
            &["encode", "good.trace", "-o", "file/seed"],
        ];
        for arguments in cases {
            let ended = stalemap(folder, arguments);
            assert_eq!(ended.code, 2, "{arguments:?}");
            assert!(ended.stderr.contains("cannot write"), "{arguments:?}: {}", ended.stderr);
        }
    });
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_half_written() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    in_folder(|folder| {
        fs::write(folder.join("good.trace"), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n").unwrap();
        for arguments in [["fmt", "good.trace"], ["encode", "good.trace"], ["run", "good.trace"]] {
            let stdout = fs::File::options().write(true).open(full).unwrap();
            let ended = Ended::of(program::command(folder, &arguments).stdout(stdout));
            assert_eq!(ended.code, 2, "{arguments:?}");
            assert!(ended.stderr.contains("No space left on device"), "{arguments:?}: {}", ended.stderr);
        }
    });
}

#[test]
fn options_that_make_no_sense_are_refused_with_the_nearest_that_does() {
    in_folder(|folder| {
        let cases: [(&[&str], &str); 15] = [
            (
                &["fuzz", "--machine", "machine ram=0 spaces=1 pages=1"],
                "column 13: expected 1 to 16777216 frames of RAM",
            ),
            (&["fuzz", "--machine", "  machine ram=4 spaces=1"], "column 25: expected pages= on the machine line"),
            (&["fuzz", "--machine", "ram=4 spaces=1"], "column 15: expected pages= on the machine line"),
            (&["fuzz", "--machine", "machine ram=4 spaces=1 pages=4\nmap s0 v0 r"], "a machine is one line"),
            (&["check-determinism", "--runs", "0"], "there is nothing to check: --runs is 0, and no file is named"),
            (&["fuzz", "--only", "protcet"], "a similar value exists: 'protect'"),
            (&["fuzz", "--levels", "7"], "expected levels 0 to 4"),
            (&["fuzz", "--levels", "3-1"], "expected the lower level first"),
            (&["fuzz", "--machine", "ram=0 spaces=1 pages=1"], "column 5: expected 1 to 16777216 frames of RAM"),
            (&["fuzz", "--machine", "ram=4 space=1 pages=1"], "did you mean \"spaces\"?"),
            (
                &["fuzz", "--machine", "ram=8 spaces=1 pages=4 huge=3"],
                "column 29: expected an order of huge pages, 1 to 2 (2^order pages fit into ram and into pages)",
            ),
            (&["fuzz", "--machine", "ram=8 spaces=1 pages=4", "--only", "collapse"], "no operation is left"),
            (&["fuzz", "--only", "map", "--without", "map", "--runs", "1"], "no operation is left"),
            (&["fuzz", "--ops", "0"], "0 is not in 1..=1048576"),
            (&["fuzz", "--runs", "0"], "0 is not in 1.."),
        ];
        for (arguments, says) in cases {
            let ended = stalemap(folder, arguments);
            assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
            assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
        }
    });
}

#[test]
fn a_machine_is_taken_as_it_is_pasted() {
    in_folder(|folder| {
        let seen = ["ram=4 spaces=1 pages=4", "machine ram=4 spaces=1 pages=4", "  machine ram=4 spaces=1 pages=4\n"]
            .map(|machine| {
                let fuzz = ["fuzz", "--runs", "50", "--seed", "1", "--machine", machine, "--format", "json"];
                let ended = stalemap(folder, &fuzz);
                assert_eq!(ended.code, 0, "{machine}: {}", ended.stderr);
                let campaign: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
                campaign["summary"]["tally"].clone()
            });
        assert!(seen[0] == seen[1] && seen[0] == seen[2], "{seen:?}");
    });
}

#[test]
fn a_file_of_known_signatures_is_read_line_by_line() {
    in_folder(|folder| {
        fs::write(folder.join("known.txt"), "# ours\nmapping.writable@migrate\n\nmapping.writable@jump # no such\n")
            .unwrap();
        let ended = stalemap(folder, &["fuzz", "--runs", "1", "--known", "known.txt"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("known.txt:4: \"mapping.writable@jump\" is no signature"), "{}", ended.stderr);
    });
}

#[test]
fn a_kernel_that_is_not_built_is_said_with_the_command_that_builds_it() {
    in_folder(|folder| {
        for arguments in [&["fuzz", "--subject", "linux-6.1", "--runs", "1"][..], &["linux", "boot"]] {
            let ended = Ended::of(command(folder, arguments).env("XDG_CACHE_HOME", folder));
            assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments:?}");
            let says = "linux-6.1 is not built; run `stalemap linux build --version 6.1`";
            assert!(ended.stderr.contains(says), "{}", ended.stderr);
        }
        assert_eq!(fs::read_dir(folder).expect("a folder").count(), 0, "nothing is written");
    });
}
