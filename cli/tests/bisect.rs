//! The search for the commit with which a finding begins, through the built program and git.

#![cfg(unix)]

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use program::{Ended, command, in_folder, stalemap};

/// The fault of the example is that of a block the last frame is not freed.
const TRACE: &str = "machine ram=2 spaces=1 pages=1\nalloc b0 1\nfree b0\n";
/// What each commit compiles the example with: right, faulty, or not at all.
const RIGHT: &str = "";
const FAULTY: &str = "-DFAULT";
const BROKEN: &str = "--no-such-option";

fn git(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
    let output = command.arg("-C").arg(folder).args(identity).args(words).output().expect("git");
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_string()
}

/// A repository with a commit for each of these, and the trace beside it. The commits.
fn repository(folder: &Path, flags: &[&str]) -> Vec<String> {
    let pool = folder.join("pool");
    fs::create_dir(&pool).expect("a folder");
    fs::write(folder.join("finding.trace"), TRACE).expect("a file");
    git(&pool, &["init", "--quiet"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the root");
    let compile = format!(
        "set -e\ncc -std=gnu11 -O0 -shared -fPIC $(cat flags) -I '{0}/c/include' -o libpool.so '{0}/c/examples/buddy.c'\necho built >> notes\n",
        root.display()
    );
    fs::write(pool.join("build.sh"), compile).expect("a file");
    fs::write(pool.join("notes"), "").expect("a file");
    let commit = |(number, flags): (usize, &&str)| {
        fs::write(pool.join("flags"), format!("{flags} -DCOMMIT={number}\n")).expect("a file");
        git(&pool, &["add", "."]);
        git(&pool, &["commit", "--quiet", "-m", &format!("Change number {number}")]);
        git(&pool, &["rev-parse", "HEAD"])
    };
    flags.iter().enumerate().map(commit).collect()
}

fn bisect(folder: &Path, good: &str, bad: &str) -> Ended {
    let words =
        ["bisect", "finding.trace", "--repository", "pool", "--build", "sh build.sh", "--subject", "libpool.so"];
    stalemap(folder, &[&words[..], &["--good", good, "--bad", bad]].concat())
}

/// The worktrees of the repository; the first is the user's.
fn worktrees(pool: &Path) -> usize {
    git(pool, &["worktree", "list"]).lines().count()
}

#[test]
fn the_first_commit_with_the_finding_is_named_and_the_users_files_stay() {
    in_folder(|folder| {
        let commits = repository(folder, &[RIGHT, RIGHT, BROKEN, RIGHT, RIGHT, FAULTY, FAULTY, BROKEN, FAULTY, FAULTY]);
        let pool = folder.join("pool");
        fs::write(pool.join("flags"), "mine\n").expect("a file");
        fs::write(pool.join("libpool.so"), "mine\n").expect("a file");
        let before = (git(&pool, &["status", "--porcelain"]), git(&pool, &["rev-parse", "HEAD"]));
        let ended = bisect(folder, &commits[0], "main");
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        let expected = format!("conservation.free@free begins with this commit:\n{}\n  A, ", commits[5]);
        assert!(ended.stdout.starts_with(&expected), "{}", ended.stdout);
        assert!(ended.stdout.ends_with("  Change number 5\n"), "{}", ended.stdout);
        assert!(ended.stderr.contains("what is not committed in the repository is left out"), "{}", ended.stderr);
        let tried = ended.stderr.lines().filter(|line| line.contains("shows ") || line.contains("agrees")).count();
        assert!((3..=7).contains(&tried), "{}", ended.stderr);
        assert_eq!((git(&pool, &["status", "--porcelain"]), git(&pool, &["rev-parse", "HEAD"])), before);
        assert_eq!(fs::read_to_string(pool.join("flags")).expect("a file"), "mine\n");
        assert_eq!((worktrees(&pool), git(&pool, &["for-each-ref", "refs/bisect"])), (1, String::new()));
    });
}

#[test]
fn the_commits_that_are_left_are_named_where_one_cannot_be_built() {
    in_folder(|folder| {
        let commits = repository(folder, &[RIGHT, BROKEN, FAULTY]);
        let ended = bisect(folder, &commits[0], &commits[2]);
        assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("is skipped: the build fails (exit status: 1): "), "{}", ended.stderr);
        assert!(ended.stderr.contains("no-such-option"), "{}", ended.stderr);
        let named: Vec<bool> = commits.iter().map(|commit| ended.stdout.contains(commit)).collect();
        assert_eq!(named, [false, true, true], "{}", ended.stdout);
    });
}

#[test]
fn ends_that_cannot_be_used_are_told() {
    in_folder(|folder| {
        let commits = repository(folder, &[RIGHT, FAULTY, FAULTY, BROKEN]);
        let pool = folder.join("pool");
        for (good, bad, says) in [
            (&*commits[0], &*commits[0], "name the same revision"),
            (&commits[0], "nowhere", "has no revision nowhere"),
            (&commits[3], "main", "are the same commit"),
            (&commits[0], &commits[3], "cannot be tried: the build fails"),
            (&commits[1], &commits[2], "shows conservation.free@free too: give a good revision that is older"),
            (&commits[1], &commits[0], "does not show a finding: all sides agree on the trace"),
            (&commits[3], &commits[2], "cannot be tried: the build fails"),
        ] {
            let ended = bisect(folder, good, bad);
            assert_eq!(ended.code, 2, "{}", ended.stdout);
            assert!(ended.stderr.contains(says), "{says}: {}", ended.stderr);
            assert_eq!(worktrees(&pool), 1);
        }
        let with = |more: &[&str]| {
            stalemap(folder, &[&["bisect", "finding.trace", "--good", "a", "--bad", "b"], more].concat())
        };
        for (more, says) in [
            (&[][..], "--build and --program or --subject say how a revision is built"),
            (&["--build", "true", "--subject", "x.so"], "is in no git repository"),
            (&["--build", "true", "--subject", "/x.so"], "/x.so is not in the repository"),
            (&["--repository", "pools", "--build", "true", "--program", "x"], "pools is no folder"),
        ] {
            let ended = with(more);
            assert_eq!(ended.code, 2, "{}", ended.stdout);
            assert!(ended.stderr.contains(says), "{says}: {}", ended.stderr);
        }
        let nothing =
            ["--repository", "pool", "--build", "true", "--subject", "x.so", "--good", &commits[0], "--bad", "main"];
        let ended = stalemap(folder, &[&["bisect", "finding.trace"], &nothing[..]].concat());
        assert!(ended.stderr.contains("the build makes no "), "{}", ended.stderr);
    });
}

#[test]
fn an_interrupted_search_ends_its_build_and_removes_its_worktree() {
    in_folder(|folder| {
        let commits = repository(folder, &[RIGHT, FAULTY]);
        // Other tests may run at the same time.
        let time = format!("4321.{}", std::process::id());
        let build = format!("sleep {time}");
        let words = ["bisect", "finding.trace", "--repository", "pool", "--build", &build, "--subject", "x.so"];
        let mut command = command(folder, &[&words[..], &["--good", &commits[0], "--bad", "main"]].concat());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the built program");
        let builds = || {
            let processes = fs::read_dir("/proc").expect("/proc").map_while(Result::ok);
            let words = |path: PathBuf| fs::read_to_string(path.join("cmdline")).unwrap_or_default();
            let is_build = |words: &String| {
                let begins = ["sleep\0", "sh\0-c\0"].iter().any(|begin| words.starts_with(begin));
                begins && words.contains(&time)
            };
            processes.map(|it| words(it.path())).filter(is_build).count()
        };
        let start = Instant::now();
        while builds() == 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "the build does not begin");
            sleep(Duration::from_millis(20));
        }
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!((builds(), worktrees(&folder.join("pool"))), (0, 1));
    });
}

/// The program of each commit is a script that calls this one.
#[cfg(feature = "seeded-bugs")]
#[test]
fn a_program_of_the_repository_replays_the_trace_itself() {
    in_folder(|folder| {
        let mine = folder.join("mine");
        fs::create_dir(&mine).expect("a folder");
        git(&mine, &["init", "--quiet"]);
        let program = assert_cmd::cargo::cargo_bin!("stalemap").display().to_string();
        let commits: Vec<String> = ["", "", " --bug stale_mapping", " --bug stale_mapping"]
            .iter()
            .enumerate()
            .map(|(number, bug)| {
                let script = format!("#!/bin/sh\nshift\nexec '{program}' run{bug} \"$@\" # {number}\n");
                fs::write(mine.join("mine.sh"), script).expect("a file");
                git(&mine, &["add", "."]);
                git(&mine, &["commit", "--quiet", "-m", &format!("Change number {number}")]);
                git(&mine, &["rev-parse", "HEAD"])
            })
            .collect();
        let trace = "machine ram=1 device=1 spaces=1 pages=2\nmap s0 v0+2 r\nmigrate s0 v0 to d0\nmove s0 v1 v0\nmigrate s0 v0 to d0\n";
        fs::write(mine.join("x.trace"), trace).expect("a file");
        let build = "mkdir -p out && cp mine.sh out/mine && chmod +x out/mine";
        let words =
            ["bisect", "x.trace", "--build", build, "--program", "out/mine", "--good", &commits[0], "--bad", "HEAD"];
        let ended = stalemap(&mine, &words);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(
            ended.stdout.contains(&format!("rmap.places@migrate begins with this commit:\n{}", commits[2])),
            "{}",
            ended.stdout
        );
    });
}
