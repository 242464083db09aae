//! Exported programs, and triage of traces, through the built program.

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use program::{Ended, command, in_folder, stalemap};

fn has_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|it| it == *line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_trace_is_exported_as_a_c_program_that_checks_each_answer_and_as_a_rust_test() {
    in_folder(|folder| {
        let trace = "machine ram=1 device=2 spaces=2 pages=2\nmap s0 v0 rw\nwrite s0 v0 #2a\nmigrate s0 v0 to d0\n\
                     fork s0 s1\nread s0 v1\nsetup t0 s0 v0 from d0\nread s1 v0\nfinalize t0\n";
        fs::write(folder.join("a-trace.trace"), trace).expect("a file");
        let c = stalemap(folder, &["export", "--as", "c", "a-trace.trace"]);
        assert_eq!(c.code, 0, "{}", c.stderr);
        has_lines(
            &c.stdout,
            &[
                "\tbegin(13, 1);",
                "\tcheck_entry(\"s0 v0 maps a page mapcount 2\", 0, 0, MAPS, 0, 0, 2);",
                "\tcheck(\"write s0 v0 #2a\", 0, op_write(0, 0, 42));",
                "\tcheck(\"migrate s0 v0 to d0\", 0, op_migrate(0, 0, 1, 0, 0));",
                "\tcheck(\"read s0 v1\", -EFAULT, op_read(0, 1));",
                "\t/* read s1 v0 = EAGAIN: Linux would block, or is not asked. */",
                "\tcheck(\"device_write d0 s0 v0 #e0\", -EFAULT, op_device_write(0, 0, 0, 224));",
                "\tcheck(\"read s1 v0\", 42, op_read(1, 0));",
            ],
        );
        let rust = stalemap(folder, &["export", "--as", "rust", "a-trace.trace", "-o", "test.rs"]);
        assert_eq!((rust.code, rust.stdout.as_str()), (0, ""), "{}", rust.stderr);
        let text = fs::read_to_string(folder.join("test.rs")).expect("it was written");
        assert!(text.contains("#[test]\nfn trace_a_trace() {") && text.contains("fork     s0 s1"), "{text}");
    });
}

#[test]
fn each_page_of_a_trace_with_huge_pages_is_a_part_of_a_huge_page_of_x86() {
    in_folder(|folder| {
        let trace = "machine ram=8 device=8 spaces=1 pages=4 huge=2 rules=linux-7.3\nmap s0 v0+4 rw\nadvise s0 v0+4 huge\n\
                     write s0 v0 #2a\nmigrate s0 v0+4 to d0\nunmap s0 v1\ncollapse s0 v0\n";
        fs::write(folder.join("huge.trace"), trace).expect("a file");
        let c = stalemap(folder, &["export", "--as", "c", "huge.trace"]);
        assert_eq!(c.code, 0, "{}", c.stderr);
        has_lines(
            &c.stdout,
            &[
                "#define SCALE 128UL",
                "#define GROUP 4UL",
                "\tcheck(\"advise s0 v0+4 huge\", 0, op_advise(0, 0, 4, 0));",
                "\tcheck_entry(\"s0 v0 maps a page writable exclusive mapcount 1\", 0, 0, MAPS, 1, 1, 1);",
            ],
        );
        assert!(!c.stdout.contains("check(\"collapse"), "a group in two mappings: Linux is not asked");
        assert!(c.stdout.contains("\tbegin(14, 0);"), "the driver as it is will do:\n{}", c.stdout);
    });
}

#[test]
fn a_device_that_is_full_needs_an_added_request_or_a_refusal_by_the_driver_as_it_is() {
    in_folder(|folder| {
        let exported = |frames: u32, options: &[&str]| {
            let trace = format!(
                "machine ram=8 device={frames} spaces=2 pages=4 huge=2 rules=linux-7.3\nmap s0 v0+2 rw\nmap s0 v2+2 rw\n\
                 write s0 v2 #2a\nmigrate s0 v2+1 to d0\nunmap s0 v0+4\nmap s0 v0+4 rw\nmigrate s0 v0+4 to d0\n"
            );
            fs::write(folder.join("full.trace"), trace).expect("a file");
            let c = stalemap(folder, &[&["export", "--as", "c", "full.trace"], options].concat());
            assert_eq!(c.code, 0, "{}", c.stderr);
            let has = |text: &str| c.stdout.split_once("int main").expect("a main").1.contains(text);
            (has("fail_alloc(0, 0)"), has("capacity(0, "))
        };
        let all = [exported(8, &[]), exported(3, &[]), exported(8, &["--refuse"]), exported(3, &["--refuse"])];
        assert_eq!(all, [(false, false), (false, true), (false, false), (true, false)]);
    });
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn exported(language: &str, trace: &Path) -> String {
    let ended = stalemap(&root(), &["export", "--as", language, &trace.to_string_lossy()]);
    assert_eq!(ended.code, 0, "{}: {}", trace.display(), ended.stderr);
    ended.stdout
}

/// The stage `linux` of ci runs them on real kernels. A linker for Rust programs is a C compiler, so there is one.
#[test]
fn each_trophy_is_exported_as_a_c_program_that_compiles_without_a_warning() {
    let folders = ["corpus/linux/trophies", "corpus/linux/trophies/huge"].map(|folder| root().join(folder));
    let read =
        |folder: PathBuf| fs::read_dir(folder).expect("the trophies").map(|entry| entry.expect("an entry").path());
    let traces = folders.into_iter().flat_map(read);
    let traces: Vec<PathBuf> = traces.filter(|path| path.extension().is_some_and(|it| it == "trace")).collect();
    assert!(traces.len() >= 12, "{traces:?}");
    in_folder(|folder| {
        for trace in traces {
            let program = folder.join("program.c");
            fs::write(&program, exported("c", &trace)).expect("a file");
            let mut compiler = Command::new("cc");
            compiler.args(["-O2", "-D_FORTIFY_SOURCE=2", "-Wall", "-Wextra", "-Werror", "-o"]);
            let output = compiler.arg(folder.join("program")).arg(&program).output().expect("a C compiler");
            assert!(output.status.success(), "{}\n{}", trace.display(), String::from_utf8_lossy(&output.stderr));
        }
    });
}

/// The test in `exported.rs` is compiled and run like any other.
#[test]
fn the_rust_test_that_is_run_is_what_its_trace_is_exported_as() {
    let trace = root().join("corpus/spec/address-space/fork-shares-pages-until-one-side-writes.trace");
    let kept = fs::read_to_string(root().join("cli/tests/exported.rs")).expect("the test");
    assert_eq!(kept, exported("rust", &trace), "`stalemap export --as rust {}` writes another test", trace.display());
}

#[test]
fn without_a_kernel_triage_runs_the_implementation_and_says_so() {
    in_folder(|folder| {
        fs::write(folder.join("a.trace"), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\nread s0 v0\n")
            .expect("a file");
        let ended = Ended::of(command(folder, &["triage", "a.trace"]).env("XDG_CACHE_HOME", folder));
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        let sentence = "the implementation and the reference agree; no kernel was asked";
        for line in ["agrees     implementation", "not asked  linux-6.12: linux-6.12 is not built", sentence] {
            assert!(ended.stdout.contains(line), "{}", ended.stdout);
        }
    });
}

#[test]
fn triage_reads_a_recording_where_there_is_no_kernel() {
    let spec = "corpus/spec/migration/collect-locks-no-space.trace";
    in_folder(|folder| {
        let blame = |arguments: &[&str]| {
            Ended::of(command(&root(), &[&["blame"], arguments].concat()).env("XDG_CACHE_HOME", folder))
        };
        let record = "corpus/linux/6.12/migration/collect-locks-no-space.trace";
        for arguments in [&[record][..], &[spec, "--recording", record]] {
            let ended = blame(arguments);
            assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
            for line in ["agrees     linux-6.12, recorded", "all sides agree"] {
                assert!(ended.stdout.contains(line), "{}", ended.stdout);
            }
            assert!(!ended.stdout.contains("left out"), "{}", ended.stdout);
        }
        let text = fs::read_to_string(root().join(spec)).expect("a trace");
        let (start, steps) = text.split_once("\nmap ").expect("a mapping");
        let with_block = folder.join("block.trace");
        fs::write(&with_block, format!("{start}\nalloc b0 0\nmap {steps}")).expect("a file");
        let with_block = with_block.to_string_lossy();
        let ended = blame(&[&with_block, "--recording", record]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        let left_out = "left out   linux-6.12, recorded: it cannot do alloc (1)\n";
        assert!(ended.stdout.contains(left_out), "{}", ended.stdout);
        let text = fs::read_to_string(root().join(record)).expect("a transcript");
        let other = folder.join("other.trace");
        fs::write(&other, text.replacen("= ok", "= EEXIST", 1)).expect("a file");
        let ended = blame(&[spec, "--recording", &other.to_string_lossy()]);
        assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("linux-6.12 disagrees with both others"), "{}", ended.stdout);
        assert!(ended.stdout.contains("recorded, at operation 1:"), "{}", ended.stdout);
        let ended = blame(&[&with_block, "--recording", &other.to_string_lossy()]);
        assert!(ended.stdout.contains("recorded, at operation 2:"), "the first is left out: {}", ended.stdout);
    });
}
