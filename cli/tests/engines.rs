//! Engines and their seeds through the built program.

mod program;

use std::fs;

use program::{in_folder, stalemap};

#[test]
fn what_an_engine_cannot_do_is_said_before_anything_is_built() {
    let cases: [(&[&str], &str); 7] = [
        (&["--engine", "afl", "--only", "map"], "--only, --without and --machine are for the native engine"),
        (&["--engine", "libfuzzer", "--machine", "ram=4 spaces=1 pages=4"], "libfuzzer runs whole targets"),
        (&["--engine", "afl", "--runs", "10"], "--runs is for the native engine; give afl --seconds"),
        (&["--engine", "libfuzzer", "--levels", "2"], "libfuzzer has targets for --levels 0-3, 0 and 1-3"),
        (
            &["--engine", "afl", "--subject", "linux-6.1"],
            "afl drives the implementation; leave --subject linux-6.1 out",
        ),
        (&["--engine", "libfuzzer"], "the current folder is in no clone of stalemap"),
        (&["--from-nothing", "--runs", "1"], "--from-nothing is for the engines that keep a corpus"),
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
        assert_eq!((ended.code, ended.stderr.as_str()), (0, "1 seeds in seeds\n"));
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
