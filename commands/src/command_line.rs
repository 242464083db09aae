//! How the program was called: its name and what was typed, for commands that can be pasted.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use stalemap_harness::DEADLINE;

use crate::subjects::Subjects;

/// A program as its user called it, and the subjects that it drives. Nothing else reads the arguments of the process.
#[derive(Clone, Debug)]
pub struct CommandLine<S> {
    subjects: S,
    /// The file name of the program.
    name: String,
    /// What stands in front of the first argument, quoted.
    called: String,
    /// The arguments.
    words: Vec<OsString>,
    deadline: Duration,
}

/// The file name of the running program; `stalemap` where the system does not tell it.
#[must_use]
pub fn program_name() -> String {
    let path = env::args_os().next().unwrap_or_default();
    let name = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
    name.map_or_else(|| "stalemap".to_string(), |name| name.trim_end_matches(env::consts::EXE_SUFFIX).to_string())
}

impl<S: Subjects> CommandLine<S> {
    /// The running program.
    pub fn new(subjects: S) -> Self {
        let mut words = env::args_os();
        let called = words.next().map_or_else(program_name, |path| path.to_string_lossy().into_owned());
        let called = quoted(&called);
        CommandLine { subjects, name: program_name(), called, words: words.collect(), deadline: DEADLINE }
    }

    /// With this in front of the first argument, such as `cargo run --`, instead of the path of the program.
    #[must_use]
    pub fn called(self, called: impl Into<String>) -> Self {
        CommandLine { called: called.into(), ..self }
    }

    /// With this time for an execution instead of [`DEADLINE`]: one that takes longer, and a quarter more at the most, hangs.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        CommandLine { deadline, ..self }
    }

    /// The subjects.
    pub fn subjects(&self) -> &S {
        &self.subjects
    }

    /// The file name of the program.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments as they were typed.
    pub fn words(&self) -> &[OsString] {
        &self.words
    }

    /// How long an execution may take.
    pub fn limit(&self) -> Duration {
        self.deadline
    }

    /// The command as it was typed, with these options instead of those of the same name. `--runs` replaces `--seconds`; without
    /// `--resume`, the command does all from the beginning.
    pub fn retyped(&self, options: &[(&str, u64)]) -> String {
        let is_replaced = |word: &str| {
            let name = word.split('=').next().unwrap_or_default();
            let is_given = |name: &str| options.iter().any(|(option, _)| *option == name);
            is_given(name) || name == "--seconds" && is_given("--runs")
        };
        let mut words = vec![self.called.clone()];
        let mut typed = self.words.iter().map(|word| word.to_string_lossy());
        while let Some(word) = typed.next() {
            if word == "--resume" {
                continue;
            }
            if !is_replaced(&word) {
                words.push(quoted(&word));
            } else if !word.contains('=') {
                typed.next();
            }
        }
        words.extend(options.iter().map(|(option, value)| format!("{option} {value}")));
        words.join(" ")
    }

    /// How a file is replayed on the subject that is chosen.
    pub fn replay(&self, choice: &S::Choice) -> Replay {
        Replay { name: self.name.clone(), called: self.called.clone(), option: self.subjects.option(choice) }
    }
}

/// The commands that replay a file on one subject.
#[derive(Clone, Debug)]
pub struct Replay {
    name: String,
    called: String,
    option: String,
}

impl Replay {
    /// What stands in a file: by the name of the program, since the file outlives its folder. The path is quoted already.
    #[must_use]
    pub fn in_file(&self, path: &str) -> String {
        format!("{} run{} {path}", quoted(&self.name), self.option)
    }

    /// The options that choose the subject, each with a space in front of it.
    #[must_use]
    pub fn option(&self) -> &str {
        &self.option
    }

    /// What is printed: to be pasted where the program was called. The path is quoted already.
    #[must_use]
    pub fn printed(&self, path: &str) -> String {
        format!("{} run{} {path}", self.called, self.option)
    }
}

/// A word as a shell reads it back.
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=./,:+@".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_string();
    }
    shlex::try_quote(word).map_or_else(|_| word.to_string(), |quoted| quoted.into_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CommandLine, quoted};
    use crate::subjects::{Only, OnlyChoice};
    use stalemap_implementation::Implementation;
    use stalemap_operations::Machine;

    #[test]
    fn a_command_is_typed_again_with_other_limits() {
        let build = |machine: &Machine| Ok(Implementation::new(machine));
        let line = CommandLine {
            subjects: Only::new("mine", build),
            name: "my program".to_string(),
            called: "./target/my".to_string(),
            words: ["fuzz", "--seconds", "5", "--seed=3", "--resume", "--out", "a b"].map(Into::into).to_vec(),
            deadline: Duration::ZERO,
        };
        assert_eq!(line.retyped(&[("--seed", 3)]), "./target/my fuzz --seconds 5 --out 'a b' --seed 3");
        assert_eq!(line.retyped(&[("--runs", 9)]), "./target/my fuzz --seed=3 --out 'a b' --runs 9");
        let replay = line.replay(&OnlyChoice::default());
        assert_eq!(replay.in_file("x.trace"), "'my program' run x.trace");
        assert_eq!(replay.printed("x.trace"), "./target/my run x.trace");
        assert_eq!([quoted("a'b"), quoted("")], ["\"a'b\"", "''"]);
    }
}
