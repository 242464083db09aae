//! The commands of the documents and of the examples in the help are commands that the program takes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use yaml_rust2::YamlLoader;

use crate::Arguments;

/// The words behind `stalemap`, and where they stand.
struct Typed {
    place: String,
    line: String,
    words: Vec<String>,
    /// Whether a sentence names it; it may then leave out what it must have to run.
    is_named: bool,
}

/// The command that a line types, whether by its name or through cargo; none where it types another program.
fn typed(place: String, line: &str) -> Option<Typed> {
    let command = line.trim_start().trim_start_matches("$ ");
    // Redirections, pipes and what follows are the shell's.
    let end = [" | ", " > ", " && "].iter().filter_map(|sign| command.find(sign)).min().unwrap_or(command.len());
    // A comment ends the words, as it does in a shell. A variable of the shell stands for a number of a machine.
    let words: Vec<String> = shlex::Shlex::new(&command[..end]).map(|word| with_number(&word)).collect();
    let words = match words.first()?.as_str() {
        "stalemap" => words[1..].to_vec(),
        "cargo" if words.get(1).is_some_and(|word| word == "run") => {
            let arguments = words.iter().position(|word| word == "--")?;
            // Packages are other programs, of which that of `subjects/` has the same commands.
            let is_other = words[..arguments].iter().any(|word| word == "-p" || word == "--bin");
            (!is_other).then(|| words[arguments + 1..].to_vec())?
        }
        _ => return None,
    };
    Some(Typed { place, line: line.trim().to_string(), words, is_named: false })
}

/// A word with 7 in place of each variable of the shell.
fn with_number(word: &str) -> String {
    let mut parts = word.split('$');
    let first = parts.next().unwrap_or_default().to_string();
    let is_name = |letter: char| letter == '_' || letter.is_ascii_uppercase();
    parts.fold(first, |word, part| word + "7" + part.trim_start_matches(is_name))
}

/// The commands in the blocks of code of a document, and those in its sentences.
fn of_document(path: &Path, text: &str) -> Vec<Typed> {
    let mut found = Vec::new();
    let mut block = None;
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("{}:{number}", path.display());
        if let Some(language) = line.trim_start().strip_prefix("```") {
            block = if block.is_some() { None } else { Some(language.to_string()) };
        } else if let Some(language) = &block {
            let is_shell = ["", "sh", "console", "text"].contains(&language.as_str());
            found.extend(typed(place, line).filter(|_| is_shell));
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            let whole = spans.filter(|span| span.starts_with("stalemap ") && !span.contains("COMMAND"));
            let named = whole.filter_map(|span| typed(place.clone(), span));
            found.extend(named.map(|typed| Typed { is_named: true, ..typed }));
        }
    }
    found
}

/// The documents of the repository below a folder.
fn documents(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() && !name.starts_with('.') && !["target", "findings", "afl"].contains(&name.as_str()) {
            documents(&entry, into);
        } else if name.ends_with(".md") && name != "CHANGELOG.md" {
            into.push(entry);
        }
    }
}

/// The examples in the help of a command and of those below it, each with the words that name its command.
fn of_help(command: &clap::Command, named: &[String], into: &mut Vec<(Vec<String>, Vec<Typed>)>) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // What an example does stands behind it, two spaces away.
    let lines = help.lines().filter_map(|line| line.strip_prefix("  ")?.split("  ").next());
    let place = || format!("help of stalemap {}", named.join(" "));
    into.push((named.to_vec(), lines.filter_map(|line| typed(place(), line)).collect()));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        of_help(below, &[named, &[below.get_name().to_string()]].concat(), into);
    }
}

/// What the program says against a command; nothing where it takes it. A program without the seeded bugs knows none.
fn complaint(typed: &Typed) -> Option<String> {
    let is_unknown = !cfg!(feature = "seeded-bugs") && typed.words.iter().any(|word| word == "--bug");
    let words = ["stalemap"].into_iter().chain(typed.words.iter().map(String::as_str));
    let error = Arguments::try_parse_from(words).err().filter(|_| !is_unknown)?;
    let is_short = matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    (error.exit_code() != 0 && !(typed.is_named && is_short))
        .then(|| format!("{}: {}\n{error}", typed.place, typed.line))
}

#[test]
fn the_program_takes_each_command_of_the_documents() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root of the workspace");
    let mut paths = Vec::new();
    documents(root, &mut paths);
    let read = |path: &PathBuf| of_document(path.strip_prefix(root).unwrap(), &fs::read_to_string(path).unwrap());
    let found: Vec<Typed> = paths.iter().flat_map(read).collect();
    let of = |path: &str| found.iter().filter(|typed| typed.place.starts_with(path)).count();
    assert!(of("docs/src/") >= 25 && found.len() >= 60, "{} commands in the documents", found.len());
    let wrong: Vec<String> = found.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_takes_each_example_of_its_help() {
    let mut found = Vec::new();
    of_help(&Arguments::command(), &[], &mut found);
    let wrong: Vec<String> = found.iter().flat_map(|(_, examples)| examples.iter().filter_map(complaint)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_help_of_each_command_has_an_example_of_it() {
    let mut found = Vec::new();
    of_help(&Arguments::command(), &[], &mut found);
    assert!(found.iter().any(|(named, _)| *named == ["linux", "boot"]), "commands below others are asked too");
    let is_without = |(named, examples): &&(Vec<String>, Vec<Typed>)| {
        !examples.iter().any(|example| example.words.starts_with(named))
    };
    let without: Vec<String> = found.iter().filter(is_without).map(|(named, _)| named.join(" ")).collect();
    assert!(without.is_empty(), "without an example: {}", without.join(", "));
}

/// The fields that a Job of Kubernetes (batch/v1) needs for one shard a pod, and that its parts fit together. No schema is here
/// that says which other fields there are.
#[test]
fn the_job_of_the_documents_runs_each_shard_once() {
    let text = include_str!("../../docs/src/machines.md");
    let (_, block) = text.split_once("```yaml\n").expect("a block of YAML");
    let block = block.split("```").next().expect("its end");
    let job = &YamlLoader::load_from_str(block).expect("YAML")[0];
    assert_eq!((job["apiVersion"].as_str(), job["kind"].as_str()), (Some("batch/v1"), Some("Job")));
    assert!(job["metadata"]["name"].as_str().is_some());
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"].as_str(), Some("Indexed"));
    let shards = spec["completions"].as_i64().expect("a number");
    assert!(spec["parallelism"].as_i64().expect("a number") <= shards);
    let pod = &spec["template"]["spec"];
    // A limit for each index needs pods that are not started again in place.
    assert!(spec["backoffLimitPerIndex"].as_i64().is_some() && pod["restartPolicy"].as_str() == Some("Never"));
    let [container] = pod["containers"].as_vec().expect("a list").as_slice() else { panic!("one container") };
    assert!(container["name"].as_str().is_some() && container["image"].as_str().is_some());
    let volumes: Vec<_> = pod["volumes"].as_vec().expect("a list").iter().map(|it| it["name"].as_str()).collect();
    let mounts = container["volumeMounts"].as_vec().expect("a list");
    assert!(mounts.iter().all(|mount| volumes.contains(&mount["name"].as_str())));
    let script = container["args"][0].as_str().expect("a script");
    let place = mounts[0]["mountPath"].as_str().expect("a path");
    assert!(script.contains(&format!("--shard \"$JOB_COMPLETION_INDEX/{shards}\"")), "{script}");
    assert!(script.contains(&format!("--out \"{place}/$JOB_COMPLETION_INDEX\"")), "{script}");
    let commands: Vec<Typed> = script.lines().filter_map(|line| typed("the job".to_string(), line)).collect();
    assert_eq!(commands.len(), 1);
    assert_eq!(commands.iter().find_map(complaint), None);
}

#[test]
fn a_command_is_read_as_a_shell_reads_it() {
    let words = |line: &str| typed(String::new(), line).map(|typed| typed.words.join("|"));
    assert_eq!(words("stalemap run --show 'a b'   # both").as_deref(), Some("run|--show|a b"));
    assert_eq!(words("$ stalemap run a > b.xml").as_deref(), Some("run|a"));
    assert_eq!(words("cargo run -q --release --features x -- fuzz --runs 1").as_deref(), Some("fuzz|--runs|1"));
    assert_eq!(
        words("stalemap fuzz --shard \"$INDEX/9\" --out a-$INDEX").as_deref(),
        Some("fuzz|--shard|7/9|--out|a-7")
    );
    assert_eq!(words("cargo run -q -p stalemap-ci -- tidy"), None);
    assert_eq!(words("cargo fuzz run lockstep"), None);
    let complaint = |word: &str, is_named| {
        let words = vec!["fmt".into(), word.into()];
        complaint(&Typed { place: "a.md:1".into(), line: String::new(), words, is_named })
    };
    assert!(complaint("--shaw", true).is_some_and(|text| text.starts_with("a.md:1") && text.contains("--shaw")));
    assert!(complaint("--write", false).is_some_and(|text| text.contains("required arguments")));
    assert_eq!(complaint("--write", true), None, "a sentence names the command alone");
}
