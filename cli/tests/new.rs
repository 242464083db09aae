//! `stalemap new` through the built program: what it writes, and that trouble leaves nothing behind.

mod program;

use std::fs;
use std::path::Path;
use std::process::Command;

use program::{Ended, in_folder, stalemap};

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(self::files(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}

const SHARED: [&str; 7] = [
    ".github/workflows/stalemap.yml",
    ".gitignore",
    "Cargo.toml",
    "README.md",
    "fuzz/Cargo.toml",
    "fuzz/build.rs",
    "fuzz/fuzz_targets/lockstep.rs",
];

/// The checkout that is tested.
fn checkout() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().display().to_string()
}

#[test]
fn a_crate_of_each_level_has_all_that_it_needs() {
    in_folder(|folder| {
        for (level, code) in [("0", "allocator"), ("1", "memory"), ("2", "memory")] {
            let name = format!("my-own-{level}");
            let ended = stalemap(folder, &["new", &name, "--level", level, "--path", &checkout()]);
            assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
            assert!(ended.stdout.contains(&format!("It depends on the checkout of Stalemap in {}.", checkout())));
            assert!(ended.stdout.contains("cargo run --features fault -- fuzz"), "{}", ended.stdout);
            let written = files(&folder.join(&name));
            for file in SHARED.map(str::to_string).into_iter().chain([
                format!("src/{code}.rs"),
                "src/lib.rs".to_string(),
                "src/main.rs".to_string(),
                "src/subject.rs".to_string(),
                "tests/replay.rs".to_string(),
            ]) {
                assert!(written.contains(&file), "{file} is missing of {written:?}");
            }
            let traces = written.iter().filter(|file| file.starts_with("corpus/") && file.ends_with(".trace"));
            assert_eq!(traces.count(), 2, "{written:?}");
            let main = fs::read_to_string(folder.join(&name).join("src/main.rs")).unwrap();
            assert!(main.contains(&format!("stalemap::main(my_own_{level}::build)")), "{main}");
            assert_eq!(stalemap(folder, &["run", &format!("{name}/corpus")]).code, 0);
        }
        assert_eq!(fs::read_dir(folder).unwrap().count(), 3, "nothing is left beside them");
    });
}

/// Cargo reads both manifests as they are meant; it builds nothing here.
#[test]
fn cargo_reads_the_manifests() {
    in_folder(|folder| {
        assert_eq!(stalemap(folder, &["new", "mine", "--path", &checkout()]).code, 0);
        for (manifest, package, target) in
            [("Cargo.toml", "mine", "replay"), ("fuzz/Cargo.toml", "mine-fuzz", "lockstep")]
        {
            let mut command = Command::new(env!("CARGO"));
            command.args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"]);
            let ended = Ended::of(command.arg(folder.join("mine").join(manifest)));
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            let metadata: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
            let packages = metadata["packages"].as_array().unwrap();
            assert_eq!(packages.len(), 1);
            assert_eq!(packages[0]["name"], package);
            let targets = packages[0]["targets"].as_array().unwrap();
            assert!(targets.iter().any(|it| it["name"] == target), "{targets:?}");
            let dependencies = packages[0]["dependencies"].as_array().unwrap();
            let stalemap = dependencies.iter().find(|it| it["name"] == "stalemap").expect("it depends on stalemap");
            assert_eq!(stalemap["path"], format!("{}/stalemap", checkout()));
        }
    });
}

#[test]
fn an_empty_folder_is_filled() {
    in_folder(|folder| {
        fs::create_dir(folder.join("mine")).unwrap();
        assert_eq!(stalemap(folder, &["new", "mine"]).code, 0);
        assert!(folder.join("mine/src/subject.rs").is_file());
        assert!(fs::read_dir(folder.join("mine")).unwrap().all(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            !name.starts_with(".stalemap")
        }));
    });
}

#[cfg(unix)]
#[test]
fn a_folder_has_the_modes_of_any_new_folder() {
    use std::os::unix::fs::PermissionsExt;
    in_folder(|folder| {
        assert_eq!(stalemap(folder, &["new", "mine"]).code, 0);
        fs::create_dir(folder.join("any")).unwrap();
        let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode("mine"), mode("any"));
    });
}

#[test]
fn trouble_is_a_clear_sentence_and_leaves_nothing_behind() {
    in_folder(|folder| {
        fs::create_dir(folder.join("full")).unwrap();
        fs::write(folder.join("full/kept"), "kept").unwrap();
        fs::write(folder.join("file"), "kept").unwrap();
        let before = files(folder);
        let long = "a".repeat(65);
        let rows: [(&[&str], &str); 26] = [
            (&["full", "--c"], "the folder full is not empty"),
            (&["full", "--level", "2"], "the folder full is not empty"),
            (&["./full/"], "the folder ./full/ is not empty"),
            (&["full/../full"], "the folder full/../full is not empty"),
            (&["file", "--c"], "file is there already, and is no folder"),
            (&[""], "a value is required for '<NAME>'"),
            (&["full/.."], "the path does not end in the name of a crate"),
            (&[".hidden"], "'.' is not an ASCII letter"),
            (&["-mine"], "unexpected argument '-m'"),
            (&["größe"], "'ö' is not an ASCII letter"),
            (&["a\nb"], "'\\n' is not an ASCII letter"),
            (&["Stalemap"], "the name has another meaning"),
            (&[&long], "the name has more than 64 letters"),
            (&["mine", "--path", "nowhere"], "nowhere is no checkout of Stalemap"),
            (&["full"], "the folder full is not empty"),
            (&["file"], "file is there already, and is no folder"),
            (&["file/mine"], "cannot write file/mine"),
            (&["missing/mine"], "cannot write missing/mine: No such file or directory"),
            (&["9lives"], "a crate cannot be called \"9lives\": the name begins with a letter"),
            (&["my allocator"], "' ' is not an ASCII letter, a digit, `-` or `_`"),
            (&["fn"], "a crate cannot be called \"fn\": the name has another meaning"),
            (&["."], "the path does not end in the name of a crate"),
            (&["mine", "--level", "3"], "3 is not in 0..=2"),
            (&["mine", "--path", "full"], "full is no checkout of Stalemap: it has no crate in stalemap/"),
            (&["mine", "--c", "--level", "1"], "--c writes an allocator, which is level 0"),
            (&["mine", "--c", "--path", "."], "cannot be used with"),
        ];
        for (arguments, says) in rows {
            let ended = stalemap(folder, &[&["new"], arguments].concat());
            assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
            assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
            assert_eq!(ended.stdout, "", "{arguments:?}");
            assert_eq!(files(folder), before, "{arguments:?}");
            assert_eq!(fs::read_dir(folder).unwrap().count(), 2, "{arguments:?}");
        }
    });
}

/// What a link names counts, and a link that names nothing is there.
#[cfg(unix)]
#[test]
fn a_link_is_not_written_over() {
    use std::os::unix::fs::symlink;
    in_folder(|folder| {
        fs::create_dir(folder.join("full")).unwrap();
        fs::write(folder.join("full/kept"), "kept").unwrap();
        symlink("full", folder.join("to-full")).unwrap();
        symlink("nowhere", folder.join("to-nothing")).unwrap();
        let rows =
            [("to-full", "the folder to-full is not empty"), ("to-nothing", "is there already, and is no folder")];
        for (name, says) in rows {
            let ended = stalemap(folder, &["new", name]);
            assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{name}");
            assert!(ended.stderr.contains(says), "{name}: {}", ended.stderr);
            assert!(fs::symlink_metadata(folder.join(name)).unwrap().is_symlink());
        }
        assert_eq!(fs::read_dir(folder).unwrap().count(), 3);
    });
}

/// Root may write anywhere but where there is no file system to write to.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    in_folder(|folder| {
        let ended = stalemap(folder, &["new", "/proc/self/mine"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
        assert!(ended.stderr.contains("cannot write /proc/self/mine: "), "{}", ended.stderr);
    });
}

/// With `--c` the compiler of C builds what is written, and the fault is found in it.
#[cfg(unix)]
#[test]
fn an_allocator_in_c_builds_and_its_fault_is_found() {
    in_folder(|folder| {
        assert_eq!(stalemap(folder, &["new", "mine", "--c"]).code, 0);
        let mine = folder.join("mine");
        let program = program::command(folder, &[]).get_program().to_owned();
        let make = |arguments: &[&str]| {
            let mut command = Command::new("make");
            command.current_dir(&mine).args(arguments).arg(format!("STALEMAP={}", Path::new(&program).display()));
            Ended::of(&mut command)
        };
        let replayed = make(&["test"]);
        assert_eq!(replayed.code, 0, "{}{}", replayed.stdout, replayed.stderr);
        assert!(replayed.stdout.contains("2 files: 2 agree"), "{}", replayed.stdout);
        assert!(!replayed.stderr.contains("warning"), "{}", replayed.stderr);
        let built = make(&["libmine-fault.so"]);
        assert_eq!(built.code, 0, "{}", built.stderr);
        let hunt = ["fuzz", "--subject", "./libmine-fault.so", "--runs", "500", "--max-findings", "1", "--seed", "1"];
        let found = stalemap(&mine, &hunt);
        assert_eq!(found.code, 1, "{}{}", found.stdout, found.stderr);
        let agreed = stalemap(&mine, &["fuzz", "--subject", "./libmine.so", "--runs", "2000", "--seed", "1"]);
        assert_eq!(agreed.code, 0, "{}{}", agreed.stdout, agreed.stderr);
    });
}
