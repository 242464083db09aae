//! Signals through the built program: the first Ctrl-C, SIGTERM or SIGHUP ends each loop and each read that waits, with 130.

#![cfg(target_os = "linux")]

mod program;
mod signals;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use program::{Ended, command, in_folder, stalemap};
use signals::{number, signals};
use stalemap_linux::{Cache, Version};

/// Far longer than anything here takes that ends at all.
const PATIENCE: Duration = Duration::from_secs(60);
/// The bit of SIGTERM in the masks of `/proc`.
const TERM: u64 = 1 << 14;

/// A program that listens for signals.
fn listening(mut command: Command) -> Child {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the built program");
    let listens = || {
        let caught = number(child.id(), "SigCgt:", 16);
        caught.is_some_and(|caught| caught & TERM != 0)
    };
    let start = Instant::now();
    while !listens() {
        assert!(start.elapsed() < PATIENCE, "it does not begin to listen");
        sleep(Duration::from_millis(5));
    }
    child
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("kill");
    assert!(sent.success(), "the program has ended before it was interrupted");
}

/// How the program ends, which it must do soon.
fn end_of(mut child: Child) -> Ended {
    // An end of its input would end it too.
    let _input = child.stdin.take();
    let (id, (sender, receiver)) = (child.id(), channel());
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(PATIENCE) else {
        let killed = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        panic!("it goes on after the signal; killed: {killed:?}");
    };
    let (output, text) = (output.expect("it ends"), |bytes| String::from_utf8(bytes).expect("text"));
    Ended {
        code: output.status.code().expect("it is not ended by the signal itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

#[test]
fn a_read_that_waits_ends_with_the_first_signal() {
    in_folder(|folder| {
        assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().expect("mkfifo").success());
        let rows: [&[&str]; 15] = [
            &["run", "pipe"],
            &["run", "-"],
            &["run", "--format", "json", "pipe"],
            &["minimize", "pipe"],
            &["minimize", "-", "-o", "small.trace"],
            &["report", "pipe", "-o", "page.html"],
            &["fmt", "pipe"],
            &["fmt", "-"],
            &["encode", "-", "-o", "bytes"],
            &["export", "--as", "c", "pipe"],
            &["triage", "pipe"],
            &["coverage", "pipe"],
            &["distill", "pipe", "-o", "small"],
            &["seeds", "pipe", "-o", "seeds"],
            &["fuzz", "--known", "pipe"],
        ];
        for (arguments, name) in rows.into_iter().zip(signals().into_iter().cycle()) {
            let mut command = command(folder, arguments);
            command.stdin(Stdio::piped());
            let child = listening(command);
            sleep(Duration::from_millis(50));
            signal(&child, name);
            let ended = end_of(child);
            assert_eq!(ended.code, 130, "{arguments:?}, {name}: {}{}", ended.stdout, ended.stderr);
            assert!(!ended.stderr.contains("error") && !ended.stderr.contains("panicked"), "{}", ended.stderr);
        }
        let left: Vec<_> =
            fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").file_name()).collect();
        assert_eq!(left, ["pipe"], "nothing is written");
    });
}

#[test]
fn a_loop_ends_with_the_first_signal() {
    in_folder(|folder| {
        fs::write(folder.join("a.trace"), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n").expect("a file");
        // Uninterrupted they would find nothing.
        assert_eq!(stalemap(folder, &["run", "a.trace"]).code, 0);
        let endless = "4000000000";
        // What it prints until then.
        let rows: [(&[&str], &str); 5] = [
            (&["fuzz", "--seed", "4"], "no divergence, interrupted"),
            (&["coverage", "a.trace", "--runs", endless], "transitions  "),
            (&["coverage", "a.trace", "--exhaust", "30"], "transitions  1 of "),
            (&["exhaust", "--depth", "30"], "# depth states edges digest"),
            (&["check-determinism", "a.trace", "--runs", endless, "--seed", "987654321"], ""),
        ];
        for (arguments, prints) in rows {
            for name in signals() {
                let child = listening(command(folder, arguments));
                sleep(Duration::from_millis(700));
                let most = number(child.id(), "VmHWM:", 10).expect("a size in kB");
                signal(&child, name);
                let ended = end_of(child);
                assert_eq!(ended.code, 130, "{arguments:?}, {name}: {}{}", ended.stdout, ended.stderr);
                assert!(ended.stdout.contains(prints), "{arguments:?}: {}", ended.stdout);
                assert!(most < 300_000, "{arguments:?} takes {most} kB");
            }
        }
        let second = || {
            let processes = fs::read_dir("/proc").expect("/proc").map_while(Result::ok);
            let words = |path: &Path| fs::read_to_string(path.join("cmdline")).unwrap_or_default();
            processes.filter(|it| words(&it.path()).contains("987654321")).count()
        };
        let start = Instant::now();
        while second() > 0 {
            assert!(start.elapsed() < PATIENCE, "the second process of check-determinism goes on");
            sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn a_command_under_nohup_goes_on_after_a_hangup() {
    in_folder(|folder| {
        let stalemap = command(folder, &["fuzz", "--seed", "4"]);
        let mut nohup = Command::new("nohup");
        nohup.current_dir(folder).arg(stalemap.get_program()).args(stalemap.get_args()).stdin(Stdio::null());
        let mut child = listening(nohup);
        signal(&child, "HUP");
        sleep(Duration::from_millis(500));
        assert!(child.try_wait().expect("a child").is_none(), "the hangup ends it");
        signal(&child, "TERM");
        let ended = end_of(child);
        assert_eq!(ended.code, 130, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("no divergence, interrupted"), "{}", ended.stdout);
    });
}

#[cfg(feature = "seeded-bugs")]
#[test]
fn an_interrupted_page_has_what_is_known_by_then() {
    const TRACE: &str = "machine ram=1 device=1 spaces=1 pages=2\nmap s0 v0+2 r\nmigrate s0 v0 to d0\nmove s0 v1 v0\nmigrate s0 v0 to d0\n";
    in_folder(|folder| {
        fs::create_dir(folder.join("traces")).expect("a folder");
        for name in ["a.trace", "b.trace"] {
            fs::write(folder.join("traces").join(name), TRACE).expect("a file");
        }
        for name in signals() {
            let what = ["--bug", "stale_mapping", "--neighbours", "4000000000", "-o", "page.html"];
            let child = listening(command(folder, &[&["report", "traces"], &what[..]].concat()));
            sleep(Duration::from_millis(700));
            signal(&child, name);
            let ended = end_of(child);
            assert_eq!(ended.code, 130, "{name}: {}", ended.stderr);
            assert!(ended.stderr.contains("interrupted: 1 of 2 files are not in the page"), "{}", ended.stderr);
            let page = fs::read_to_string(folder.join("page.html")).expect("the page");
            assert!(page.contains("It was interrupted: not everything was tried.") && page.ends_with("</html>"));
            fs::remove_file(folder.join("page.html")).expect("the page");
        }
    });
}

/// Its constructor does not end.
#[test]
fn a_library_that_is_being_loaded_ends_with_the_first_signal() {
    in_folder(|folder| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-DBAD=LOAD_LOOPS", "-o"])
            .arg(folder.join("libloading.so"))
            .arg("-I")
            .arg(root.join("c/include"))
            .arg(root.join("cli/tests/c_subjects/bad.c"))
            .status();
        assert!(compiled.expect("Rust links with cc").success());
        fs::write(folder.join("a.trace"), "machine ram=2 spaces=1 pages=2\nmap s0 v0 r\n").expect("a file");
        let loading = || {
            let processes = fs::read_dir("/proc").expect("/proc").map_while(Result::ok);
            let maps = |path: &Path| fs::read_to_string(path.join("maps")).unwrap_or_default();
            let library = folder.join("libloading.so");
            let library = library.to_str().expect("a name").to_string();
            processes.filter(|it| maps(&it.path()).contains(&library)).count()
        };
        for (arguments, name) in
            [&["fuzz"][..], &["run", "a.trace"], &["exhaust"]].into_iter().zip(signals().into_iter().cycle())
        {
            let child = listening(command(folder, &[arguments, &["--subject", "./libloading.so"]].concat()));
            let begun = Instant::now();
            while loading() == 0 {
                assert!(begun.elapsed() < PATIENCE, "the library is not loaded");
                sleep(Duration::from_millis(10));
            }
            let signalled = Instant::now();
            signal(&child, name);
            let ended = end_of(child);
            assert_eq!(ended.code, 130, "{arguments:?}, {name}: {}{}", ended.stdout, ended.stderr);
            assert!(!ended.stderr.contains("error"), "{arguments:?}: {}", ended.stderr);
            assert!(signalled.elapsed() < Duration::from_secs(15), "it waits until the loading is given up");
            assert_eq!(loading(), 0, "{arguments:?}: the process that loads goes on");
            assert!(!folder.join("findings").exists());
        }
    });
}

/// The kernel's image is there in this cache; a program in place of cargo builds the guest for ever.
#[test]
fn what_linux_build_has_started_ends_with_it() {
    in_folder(|folder| {
        let image = Cache::of_the_user().map(|cache| cache.image(Version::V6_1)).expect("a cache");
        let names: Vec<_> = image.iter().rev().take(2).collect();
        let kernel = folder.join("stalemap/linux").join(names[1]);
        fs::create_dir_all(&kernel).expect("a folder");
        fs::write(kernel.join(names[0]), "no kernel").expect("a file");
        let programs = folder.join("programs");
        fs::create_dir(&programs).expect("a folder");
        let script = |name: &str, text: &str| {
            fs::write(programs.join(name), text).expect("a file");
            fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).expect("a mode");
        };
        script("qemu-system-x86_64", "#!/bin/sh\n");
        script("cargo", "#!/bin/sh\nsleep 300 &\necho $! > \"$0.child\"\nwait\n");
        let path = std::env::var("PATH").expect("a path");
        for name in signals() {
            let started = programs.join("cargo.child");
            let mut command = command(folder, &["linux", "build", "--version", "6.1"]);
            command.env("XDG_CACHE_HOME", folder).env("CARGO", programs.join("cargo"));
            command.env("PATH", format!("{}:{path}", programs.display())).stdin(Stdio::null());
            let child = listening(command);
            let begun = Instant::now();
            while !fs::read_to_string(&started).is_ok_and(|text| text.ends_with('\n')) {
                assert!(begun.elapsed() < PATIENCE, "cargo is not started");
                sleep(Duration::from_millis(10));
            }
            signal(&child, name);
            let ended = end_of(child);
            assert_eq!(ended.code, 130, "{name}: {}{}", ended.stdout, ended.stderr);
            let id = fs::read_to_string(&started).expect("a number");
            let stat = || fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
            let begun = Instant::now();
            while !stat().is_empty() && !stat().contains(") Z ") {
                assert!(begun.elapsed() < PATIENCE, "what it has started goes on");
                sleep(Duration::from_millis(10));
            }
            fs::remove_file(&started).expect("a file");
        }
    });
}
