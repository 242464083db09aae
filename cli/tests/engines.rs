//! Engines and their seeds through the built program.

mod program;

use std::fs;

use program::{in_folder, stalemap};

#[test]
fn what_an_engine_cannot_do_is_said_before_anything_is_built() {
    let cases: [(&[&str], &str); 11] = [
        (&["--engine", "afl", "--only", "map"], "--only, --without and --machine are for the native engine"),
        (&["--engine", "libfuzzer", "--machine", "ram=4 spaces=1 pages=4"], "libfuzzer runs whole targets"),
        (&["--engine", "afl", "--runs", "10"], "--runs is for the native engine; give afl --seconds"),
        (&["--engine", "libfuzzer", "--levels", "2"], "libfuzzer has targets for --levels 0-4, 0 and 1-3"),
        (
            &["--engine", "afl", "--subject", "linux-6.1"],
            "afl drives the implementation, or a kernel as a native process; leave --subject linux-6.1 out",
        ),
        (&["--engine", "libfuzzer"], "the current folder is in no clone of stalemap"),
        (&["--from-nothing", "--runs", "1"], "--from-nothing is for the engines that keep a corpus"),
        (&["--engine", "afl", "--shard", "1/2"], "machines share them"),
        (&["--shared", "inputs", "--runs", "1"], "machines share a native campaign by --shard"),
        (&["--engine", "afl", "--shared", "inputs", "--from-nothing"], "cannot be used with"),
        (&["--engine", "afl", "--name", "one"], "--shared <FOLDER>"),
    ];
    in_folder(|folder| {
        for (arguments, says) in cases {
            let ended = stalemap(folder, &[&["fuzz"], arguments].concat());
            assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments:?}");
            assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
        }
    });
}

#[test]
fn seeds_are_the_bytes_of_the_traces_under_the_names_of_libfuzzer() {
    in_folder(|folder| {
        fs::create_dir(folder.join("corpus")).unwrap();
        // The second says the same as the first, and the third has no bytes.
        let small = "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n";
        fs::write(folder.join("corpus/one.trace"), small).unwrap();
        fs::write(folder.join("corpus/two.trace"), format!("# The same.\n{small}")).unwrap();
        fs::write(folder.join("corpus/large.trace"), "machine ram=4096 spaces=1 pages=4\nmap s0 v0 rw\n").unwrap();
        let ended = stalemap(folder, &["seeds", "corpus", "-o", "seeds"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, "1 seed in seeds\n"));
        stalemap(folder, &["encode", "corpus/one.trace", "-o", "bytes"]);
        let seeds: Vec<_> = fs::read_dir(folder.join("seeds")).unwrap().map(|seed| seed.unwrap().path()).collect();
        assert_eq!(seeds.len(), 1);
        assert_eq!(fs::read(&seeds[0]).unwrap(), fs::read(folder.join("bytes")).unwrap());
        // A folder of seeds is read like one of traces.
        assert_eq!(stalemap(folder, &["run", "seeds"]).code, 0);
        fs::remove_file(folder.join("corpus/one.trace")).unwrap();
        fs::remove_file(folder.join("corpus/two.trace")).unwrap();
        let ended = stalemap(folder, &["seeds", "corpus", "-o", "none"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("the machine of each has a size over 256"), "{}", ended.stderr);
    });
}

#[test]
fn distilled_inputs_meet_the_same_and_cannot_be_distilled_again() {
    let machine = "machine ram=4 spaces=1 pages=4\n";
    let traces = [
        ("map.trace", "map s0 v0 rw\n"),
        ("read.trace", "map s0 v0 rw\nread s0 v0\n"),
        ("free.trace", "# Why it is here.\nfree b0\n"),
        ("free-twice.trace", "free b0\nfree b1\n"),
    ];
    in_folder(|folder| {
        fs::create_dir(folder.join("all")).unwrap();
        for (name, operations) in traces {
            fs::write(folder.join("all").join(name), format!("{machine}{operations}")).unwrap();
        }
        let ended = stalemap(folder, &["distill", "all", "-o", "small"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{}", ended.stderr);
        let says = "2 of 4 inputs with 3 operations meet the same 3 transitions";
        assert!(ended.stderr.starts_with(says), "{}", ended.stderr);
        let mut names: Vec<_> = fs::read_dir(folder.join("small")).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["free.trace", "read.trace"]);
        // Comments are kept.
        assert!(fs::read_to_string(folder.join("small/free.trace")).unwrap().contains("# Why it is here."));
        let again = stalemap(folder, &["distill", "small", "-o", "smaller"]);
        assert!(again.stderr.starts_with("2 of 2 inputs"), "{}", again.stderr);
        let [all, small] = ["all", "small"].map(|inputs| stalemap(folder, &["coverage", inputs]).stdout);
        assert_eq!(all, small);
        let full = stalemap(folder, &["distill", "all", "-o", "small"]);
        assert_eq!(full.code, 2);
        assert!(full.stderr.contains("small is not empty"), "{}", full.stderr);
    });
}

#[test]
fn coverage_counts_what_was_met_and_lists_what_was_not() {
    in_folder(|folder| {
        fs::write(folder.join("a.trace"), "machine ram=4 spaces=1 pages=4\nfree b0\n").unwrap();
        let ended = stalemap(folder, &["coverage", "a.trace", "--never"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert!(lines[0].starts_with("transitions  1 of "), "{}", lines[0]);
        assert!(lines.contains(&"  free              1 of     6"), "{}", ended.stdout);
        assert!(lines.contains(&"  free = ok: in none"), "{}", ended.stdout);
        assert!(lines.contains(&"  free = ENOENT: only in empty slot"), "{}", ended.stdout);
        let exhausted = stalemap(folder, &["coverage", "a.trace", "--exhaust", "1", "--never"]).stdout;
        assert!(exhausted.contains("  alloc = ok: only in empty slot\n"), "{exhausted}");
    });
}

#[test]
#[cfg(unix)]
fn the_doctor_names_what_is_missing_and_how_to_mend_it() {
    in_folder(|folder| {
        // Outside a clone no engine can run.
        let ended = stalemap(folder, &["doctor"]);
        assert_eq!(ended.code, 2, "{}", ended.stdout);
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert_eq!(lines[..2], ["native  ready", "libfuzzer  not ready"]);
        assert!(lines[2].contains("missing") && lines[2].contains("cd into a clone of stalemap"), "{}", lines[2]);
    });
}
