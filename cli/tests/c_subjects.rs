//! Libraries of C as subjects, through the built program: right ones, faulty ones, and all that a library can do wrong.

#![cfg(unix)]

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use program::{in_folder, stalemap};

/// Compiles a file of C to a shared library in the folder.
fn compile(source: &str, options: &[&str], folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let library = folder.join("libsubject.so");
    let (compiler, standard) = if source.ends_with(".cpp") { ("c++", "-std=c++17") } else { ("cc", "-std=gnu11") };
    let compiled = Command::new(compiler)
        .args([standard, "-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion", "-O0", "-shared", "-fPIC"])
        .args(options)
        .arg("-I")
        .arg(root.join("c/include"))
        .arg("-o")
        .arg(&library)
        .arg(root.join(source))
        .output()
        .expect("Rust links with cc");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    library
}

#[test]
fn a_right_allocator_agrees_and_a_faulty_one_is_found_minimised_and_replayed() {
    in_folder(|folder| {
        compile("c/examples/buddy.c", &[], folder);
        let fuzz = ["fuzz", "--subject", "./libsubject.so", "--seed", "1", "--runs", "400", "--max-findings", "1"];
        let right = stalemap(folder, &fuzz);
        assert_eq!(right.code, 0, "{}{}", right.stdout, right.stderr);
        compile("c/examples/buddy.c", &["-DFAULT"], folder);
        let faulty = stalemap(folder, &fuzz);
        assert_eq!(faulty.code, 1, "{}{}", faulty.stdout, faulty.stderr);
        let traces: Vec<_> =
            fs::read_dir(folder.join("findings")).unwrap().map(|entry| entry.unwrap().path()).collect();
        let trace = traces.iter().find(|path| path.extension().is_some_and(|it| it == "trace")).expect("a finding");
        let text = fs::read_to_string(trace).unwrap();
        let operations = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("machine")).count();
        assert_eq!(operations, 2, "{text}");
        assert!(text.contains("run --subject ./libsubject.so"), "{text}");
        let trace = trace.to_str().unwrap();
        assert_eq!(stalemap(folder, &["run", "--subject", "./libsubject.so", trace]).code, 1);
        assert_eq!(stalemap(folder, &["minimize", "--subject", "./libsubject.so", trace]).code, 0);
        assert_eq!(stalemap(folder, &["run", trace]).code, 0, "our own allocator has no such fault");
        let huge = "machine ram=8 spaces=1 pages=8 huge=1\nmap s0 v0+2 rw\nadvise s0 v0+2 huge\n";
        fs::write(folder.join("huge.trace"), huge).unwrap();
        let ended = stalemap(folder, &["run", "--subject", "./libsubject.so", "huge.trace"]);
        assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
        let says = "has no huge pages, and the machine has some: take huge= off the machine line";
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
        assert!(ended.stderr.contains("huge.trace: "), "it is said of which file: {}", ended.stderr);
    });
}

#[test]
fn a_replay_says_what_it_leaves_out_since_the_subject_cannot_do_it() {
    in_folder(|folder| {
        compile("c/examples/buddy.c", &[], folder);
        fs::write(folder.join("all.trace"), "machine ram=4 spaces=1 pages=2\nalloc b0 1\nfree b0\n").unwrap();
        let some =
            "machine ram=4 spaces=1 pages=2\nmap s0 v0+2 rw\nalloc b0 1\nwrite s0 v0 #2a\nmap s0 v1 r\nfree b0\n";
        fs::write(folder.join("some.trace"), some).unwrap();
        let run = |more: &[&str]| stalemap(folder, &[&["run", "--subject", "./libsubject.so"], more].concat());
        let said = run(&["some.trace"]).stdout;
        assert!(said.contains("some.trace  2 operations; left out: map, write"), "{said}");
        let said = run(&["all.trace", "some.trace"]).stdout;
        assert!(said.contains("2 agree") && said.contains("; of 1 operations are left out that "), "{said}");
        assert!(!run(&["all.trace"]).stdout.contains("left out"));
        let results: serde_json::Value =
            serde_json::from_str(&run(&["some.trace", "--format", "json"]).stdout).unwrap();
        assert_eq!(results["files"][0]["left_out"], serde_json::json!(["map", "write"]));
    });
}

#[test]
fn a_memory_manager_whose_frames_are_allocated_in_blocks_too_is_driven_with_both() {
    in_folder(|folder| {
        compile("c/examples/spaces.cpp", &[], folder);
        let trace = "machine ram=4 spaces=2 pages=4\nmap s0 v0+2 rw\nwrite s0 v0 #2a\nalloc b0 1\nfork s0 s1\n\
                     write s1 v0 #2b\nalloc b1 1 = ENOMEM\nfree b0\nalloc b1 1\n";
        fs::write(folder.join("both.trace"), trace).unwrap();
        let run = ["run", "--subject", "./libsubject.so", "both.trace"];
        let ended = stalemap(folder, &run);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        let fuzz = ["fuzz", "--subject", "./libsubject.so", "--seed", "1", "--runs", "300", "--format", "json"];
        let ended = stalemap(folder, &fuzz);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        let campaign: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let times = |operation: &str| {
            let counts = campaign["summary"]["tally"][operation].as_object();
            counts.into_iter().flat_map(|it| it.values()).filter_map(serde_json::Value::as_u64).sum::<u64>()
        };
        assert!(["alloc", "free", "split", "fork", "write"].iter().all(|it| times(it) > 100), "{campaign}");
        assert_eq!(times("advise"), 0, "a library has no huge pages");
        compile("c/examples/spaces.cpp", &["-DOVERLAP"], folder);
        let ended = stalemap(folder, &run);
        assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("conservation.free@alloc"), "{}", ended.stdout);
    });
}

#[test]
fn a_library_hears_whose_rules_count_and_may_refuse_them() {
    in_folder(|folder| {
        compile("cli/tests/c_subjects/bad.c", &["-DBAD=RULES_ARE_6_12"], folder);
        for (rules, code) in [("", 0), (" rules=linux-6.12", 0), (" rules=linux-6.1", 2), (" rules=linux-7.3", 2)] {
            let trace = format!("machine ram=2 spaces=1 pages=2{rules}\nread s0 v0 = EFAULT\n");
            fs::write(folder.join("a.trace"), trace).unwrap();
            let ended = stalemap(folder, &["run", "--subject", "./libsubject.so", "a.trace"]);
            assert_eq!(ended.code, code, "{rules}: {}{}", ended.stdout, ended.stderr);
            assert_eq!(ended.stderr.contains("it has the rules of 6.12"), code == 2, "{}", ended.stderr);
        }
    });
}

/// What is wrong with a library, and the words that tell it.
const NO_SUBJECTS: [(&str, &str); 31] = [
    ("NO_TABLE", "stalemap_get_subject of ./libsubject.so answers NULL"),
    ("VERSION_9", "is built for version 9 of stalemap.h; this is version 1"),
    ("SHORT", "says that it has 16 bytes"),
    ("NO_NAME", "has no name"),
    ("NO_CREATE", "create is NULL"),
    ("NO_ALLOC", "alloc is NULL"),
    ("NO_LOOK", "look is NULL"),
    ("NO_DEVICE_WRITE", "device_write is NULL"),
    ("REFUSALS_9", "refusals is 9, which means nothing"),
    ("LIVE_9", "live_blocks is 9, which means nothing"),
    ("HIGHEST_99", "highest_order is 99, which means nothing"),
    ("LOAD_ABORTS", "the subject cannot be loaded: SIGABRT ended the process of the subject"),
    ("LOAD_EXITS", "the subject cannot be loaded: exit code 7 of the process of the subject"),
    ("CREATE_REFUSES", "frames are sold out"),
    ("CREATE_IS_SILENT", "create answers NULL"),
    ("VERSION_0", "is built for version 0 of stalemap.h; this is version 1"),
    ("EMPTY_NAME", "has no name"),
    ("LATIN_NAME", "has no name"),
    ("SPLITS_9", "splits is 9, which means nothing"),
    ("LOWEST_99", "lowest_order is 99, which means nothing"),
    ("SHOWS_WRITABLE_9", "shows_writable is 9, which means nothing"),
    ("NO_DESTROY", "destroy is NULL"),
    ("NO_FREE", "free is NULL"),
    ("ALLOC_WITHOUT_FREE", "free is NULL; alloc and free go together"),
    ("NO_UNMAP", "unmap is NULL"),
    ("NO_READ", "read is NULL"),
    ("NO_WRITE", "write is NULL"),
    ("NO_DEVICE_READ", "device_read is NULL"),
    ("LOAD_SEGFAULTS", "the subject cannot be loaded: SIGSEGV ended the process of the subject"),
    ("GET_ABORTS", "the subject cannot be loaded: SIGABRT ended the process of the subject"),
    ("GET_SEGFAULTS", "the subject cannot be loaded: SIGSEGV ended the process of the subject"),
];

#[test]
fn what_is_no_subject_is_told_and_is_no_finding() {
    in_folder(|folder| {
        for (bad, words) in NO_SUBJECTS {
            compile("cli/tests/c_subjects/bad.c", &[&format!("-DBAD={bad}")], folder);
            for command in [&["fuzz", "--runs", "50"][..], &["run", "-"]] {
                let ended = stalemap(folder, &[command, &["--subject", "./libsubject.so"]].concat());
                assert_eq!(ended.code, 2, "{bad}: {}{}", ended.stdout, ended.stderr);
                // An empty standard input is no trace either, which is noticed first.
                assert!(command[0] == "run" || ended.stderr.contains(words), "{bad}: {}", ended.stderr);
                assert!(!folder.join("findings").exists(), "{bad}");
            }
        }
    });
}

#[test]
fn a_file_that_is_no_library_is_told() {
    in_folder(|folder| {
        let fuzz = |subject: &str, words: &str| {
            let ended = stalemap(folder, &["fuzz", "--runs", "5", "--subject", subject]);
            assert_eq!(ended.code, 2, "{subject}: {}", ended.stderr);
            assert!(ended.stderr.contains(words), "{subject}: {}", ended.stderr);
        };
        fs::write(folder.join("text.so"), "this is a text\n").unwrap();
        fs::write(folder.join("empty.so"), "").unwrap();
        fuzz("./text.so", "cannot load ./text.so");
        fuzz("text.so", "cannot load text.so");
        fuzz("./empty.so", "cannot load ./empty.so");
        fuzz("./nothing.so", "cannot load ./nothing.so");
        fuzz("./", "cannot load ./");
        fuzz(
            "mine",
            "possible values: implementation, linux-6.1, linux-6.12, linux-7.3, linux-6.1-native, linux-6.12-native, linux-7.3-native, linux-6.12-huge2, linux-6.12-huge3, linux-7.3-huge2, linux-7.3-huge3, linux-7.3-native-huge2, linux-7.3-native-huge3, or the path of a shared library",
        );
        compile("cli/tests/c_subjects/bad.c", &["-DBAD=0", "-DNO_FUNCTION", "-Wno-unused-function"], folder);
        fuzz("./libsubject.so", "has no function stalemap_get_subject");
        let library = compile("cli/tests/c_subjects/bad.c", &["-DBAD=RIGHT", "-DMISSES_A_SYMBOL"], folder);
        fuzz("./libsubject.so", "undefined symbol: in_no_library");
        let whole = fs::read(library).unwrap();
        fs::write(folder.join("cut.so"), &whole[..40]).unwrap();
        fuzz("./cut.so", "cannot load ./cut.so");
        // The loader may read where the file has ended.
        fs::write(folder.join("half.so"), &whole[..whole.len() / 2]).unwrap();
        fuzz("./half.so", "load");
        // The number of the machine in the head of the file (`e_machine`, elf.h): no machine has this one.
        let other = [&whole[..18], &[0xfe, 0xca], &whole[20..]].concat();
        fs::write(folder.join("other.so"), other).unwrap();
        fuzz("./other.so", "cannot load ./other.so");
        fs::copy(program::command(folder, &[]).get_program(), folder.join("program.so")).unwrap();
        fuzz("./program.so", "cannot load ./program.so");
        fs::create_dir(folder.join("folder.so")).unwrap();
        fuzz("./folder.so", "cannot load ./folder.so");
        std::os::unix::fs::symlink("circle.so", folder.join("circle.so")).unwrap();
        fuzz("./circle.so", "cannot load ./circle.so");
        assert!(!folder.join("findings").exists());
    });
}

/// It has 20 seconds to be loaded.
#[test]
fn a_library_that_hangs_while_it_is_loaded_is_told() {
    in_folder(|folder| {
        compile("cli/tests/c_subjects/bad.c", &["-DBAD=LOAD_LOOPS"], folder);
        let ended = stalemap(folder, &["fuzz", "--runs", "5", "--subject", "./libsubject.so"]);
        assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
        let says = "the subject cannot be loaded: the subject does not answer";
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
        assert!(!folder.join("findings").exists());
    });
}

/// What a library does wrong while it is driven, and the words of the finding.
const FINDINGS: [(&str, &str); 17] = [
    ("CREATE_ABORTS", "SIGABRT ended the process of the subject"),
    ("CREATE_LOOPS", "the subject does not answer"),
    ("MAP_ANSWERS_99", "map answers 99; 0 and the numbers of [EEXIST, ENOMEM] mean something"),
    ("READ_ANSWERS_EPERM", "read answers 1; 0 and the numbers of [EFAULT, ENOMEM] mean something"),
    ("LOOK_ANSWERS_7", "look of s0 v0 answers 7; 0 and 1 mean something"),
    ("ACCESS_9", "look of s0 v0: access is 9, which means nothing"),
    ("HOME_9", "look of s0 v0: home is 9, which means nothing"),
    ("IS_PAGE_2", "look of s0 v0: is_page is 2, which means nothing"),
    ("RMAP_9999", "rmap finds 9999 places; the machine has 2"),
    ("MAP_SEGFAULTS", "SIGSEGV ended the process of the subject"),
    ("MAP_ABORTS", "SIGABRT ended the process of the subject"),
    ("MAP_EXITS", "exit code 42 of the process of the subject"),
    ("MAP_LOOPS", "it goes on for ever"),
    ("MAP_RECURSES", "ended the process of the subject"),
    ("MAP_TRAPS", "ended the process of the subject"),
    ("UNBALANCED", "a page is lost"),
    ("UNBALANCED_SILENT", "the books do not balance"),
];

#[test]
fn what_a_library_does_wrong_is_a_finding() {
    in_folder(|folder| {
        fs::write(folder.join("a.trace"), "machine ram=2 spaces=1 pages=2\nread s0 v0\nmap s0 v0 r\n").unwrap();
        for (bad, words) in FINDINGS {
            compile("cli/tests/c_subjects/bad.c", &[&format!("-DBAD={bad}")], folder);
            let ended = stalemap(folder, &["run", "--subject", "./libsubject.so", "a.trace"]);
            assert_eq!(ended.code, 1, "{bad}: {}{}", ended.stdout, ended.stderr);
            assert!(ended.stdout.contains(words), "{bad}: {}", ended.stdout);
        }
    });
}

#[test]
fn the_implementation_can_be_isolated_too() {
    in_folder(|folder| {
        let ended = stalemap(folder, &["fuzz", "--isolate", "--runs", "100", "--seed", "1"]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        let ended = stalemap(folder, &["fuzz", "--isolate", "--subject", "linux-6.1", "--runs", "1"]);
        assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
    });
}
