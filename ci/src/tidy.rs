//! What keeps the workspace easy to read and free of traces of one machine: rules over the texts of its files.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use regex::Regex;

use crate::files_below;

/// A text that may not stand in some lines.
struct Banned {
    /// A regular expression.
    pattern: &'static str,
    /// Why not, and what to do instead.
    why: &'static str,
    /// Endings of paths; none stands for all.
    endings: &'static [&'static str],
    /// Only below these folders; none stands for all.
    within: &'static [&'static str],
    /// Not below these folders.
    except: &'static [&'static str],
    lines: Lines,
}

#[derive(PartialEq, Eq)]
enum Lines {
    All,
    /// Without comments and tests.
    Code,
}

const BANNED: &[Banned] = &[
    Banned {
        pattern: r"\t|[ \r]$",
        why: "a tab or white space at the end of a line makes differences that cannot be seen",
        endings: &[".rs", ".md", ".trace"],
        within: &[],
        except: &[],
        lines: Lines::All,
    },
    Banned {
        pattern: r"(^|[^\w.*)}\]>~-])/(work|root|home)/",
        why: "a path of one machine is wrong on every other: take one from the root of the workspace, or an argument",
        endings: &[],
        within: &[],
        except: &[],
        lines: Lines::All,
    },
    Banned {
        pattern: r"(index\.|static\.|://)crates\.io|crates\.io-index|(sparse|registry)\+http|replace[-]with",
        why: "where packages come from is not for the project to say: put a mirror into your own cargo configuration",
        endings: &[],
        within: &[],
        except: &["Cargo.lock", "fuzz/Cargo.lock"],
        lines: Lines::All,
    },
    Banned {
        pattern: r"\bOperation::(\{|\*|[A-Z]\w*[a-z])|(^|[^<])\bOperation as\b",
        why: "a new operation changes few files: ask the operation table, `Operation::kind` or `Operation::values`",
        endings: &[".rs"],
        within: &[],
        except: &["operations/", "reference/", "implementation/", "subjects/", "linux/guest/", "stalemap/src/"],
        lines: Lines::Code,
    },
    Banned {
        pattern: r"\b(struct|enum|union|type|trait) (\w+Frame\w*|Frame|Frame[^T]\w*|\w*Pfn\w*)\b",
        why: "frames are private to a subject: only a FrameToken crosses the seam",
        endings: &[".rs"],
        within: &["operations/"],
        except: &[],
        lines: Lines::Code,
    },
    Banned {
        pattern: r"^\s*(pub(\([^)]*\))? )?\w*(mapcount|refcount|rmap)\w*: (u\d+|usize|[A-Z])",
        why: "the reference counts what the implementation stores: a stored number could be wrong in the same way",
        endings: &[".rs"],
        within: &["reference/src/"],
        except: &[],
        lines: Lines::Code,
    },
];

/// Words that do not come back, from the root of the workspace.
const WORDS: &str = "ci/words.txt";

/// The most lines that a source may have.
const LONGEST: usize = 400;

/// Sources that are longer: path and reason.
const LONG: &[(&str, &str)] = &[
    ("harness/src/mutate.rs", "each way to change a sequence stands beside the others"),
    ("linux/guest/src/perform.rs", "each operation as system calls"),
    ("operations/src/table.rs", "each operation is a row with its documentation"),
];

/// What breaks a rule below the root of the workspace, as lines `path:line: why`. Files that are ignored by git, and
/// those that are no text, are passed over.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for file in files_below(root)? {
        let path = file.strip_prefix(root)?.to_string_lossy().into_owned();
        let bytes = fs::read(&file).with_context(|| format!("cannot read {path}"))?;
        files.extend(String::from_utf8(bytes).ok().map(|text| (path, text)));
    }
    let texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let words = texts.iter().find(|(path, _)| *path == WORDS).map_or("", |(_, text)| text);
    let mut broken: Vec<String> = texts.iter().flat_map(|(path, text)| shape(path, text, &texts)).collect();
    for banned in BANNED {
        broken.extend(banned.check(&texts)?);
    }
    for line in words.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        broken.extend(word(line, &texts)?);
    }
    Ok(broken)
}

impl Banned {
    fn check(&self, files: &[(&str, &str)]) -> Result<Vec<String>> {
        let pattern = Regex::new(self.pattern)?;
        let is_below = |path: &str, folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
        let mut broken = Vec::new();
        for (path, text) in files {
            let is_meant = self.endings.is_empty() || self.endings.iter().any(|ending| path.ends_with(ending));
            let is_within = self.within.is_empty() || is_below(path, self.within);
            if is_meant && is_within && !is_below(path, self.except) {
                let code = if self.lines == Lines::Code { code_of(path, text) } else { 0..usize::MAX };
                let is_read = |at: usize, line: &str| {
                    code.contains(&at) && (self.lines == Lines::All || !line.trim_start().starts_with("//"))
                };
                let lines = text.split('\n').enumerate().filter(|(at, line)| is_read(*at, line));
                let wrong = lines.filter(|(_, line)| pattern.is_match(line));
                broken.extend(wrong.map(|(at, _)| format!("{path}:{}: {}", at + 1, self.why)));
            }
        }
        Ok(broken)
    }
}

/// The lines of a source that are no test, by the place of the file and up to its own module of tests.
fn code_of(path: &str, text: &str) -> Range<usize> {
    if path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs") {
        return 0..0;
    }
    let lines: Vec<&str> = text.lines().collect();
    let is_module = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    0..lines.windows(2).position(is_module).unwrap_or(lines.len())
}

/// A line of the list of words: `pattern | what to say instead | paths that still have it`. A path that has it no longer
/// comes off the list, so that the list gets shorter.
fn word(line: &str, files: &[(&str, &str)]) -> Result<Vec<String>> {
    let (pattern, rest) = line.split_once(" | ").with_context(|| format!("{WORDS}: `{line}` has no ` | `"))?;
    let (instead, unclean) = rest.split_once(" | ").unwrap_or((rest, ""));
    let pattern = Regex::new(&format!(r"(?i)\b({pattern})\b"))?;
    let unclean: Vec<&str> = unclean.split_whitespace().collect();
    let mut is_met = vec![false; unclean.len()];
    let mut broken = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".rs") || path.ends_with(".md")) {
        for (number, line) in (1..).zip(text.lines()) {
            let Some(found) = pattern.find(line) else { continue };
            match unclean.iter().position(|start| path.starts_with(start)) {
                Some(at) => is_met[at] = true,
                None => broken.push(format!("{path}:{number}: say {instead} instead of `{}`", found.as_str())),
            }
        }
    }
    let cleaned = unclean.iter().zip(is_met).filter(|(_, is_met)| !is_met);
    broken.extend(cleaned.map(|(path, _)| format!("{WORDS}: {path} no longer has `{pattern}`: take it off the list")));
    Ok(broken)
}

/// What is wrong with a file's name, its first line or its length.
fn shape(path: &str, text: &str, files: &[(&str, &str)]) -> Vec<String> {
    let mut broken = Vec::new();
    let (stem, ending) = path.rsplit_once('.').unwrap_or((path, ""));
    if path.starts_with("corpus/") {
        // Everything that replays the corpus looks for .trace; a file under another name is never replayed.
        let is_console = ending == "console" && files.iter().any(|(other, _)| *other == format!("{stem}.trace"));
        if !(ending == "trace" || path.ends_with("/README.md") || is_console) {
            broken.push(format!("{path}: the corpus holds traces, README.md, and what a kernel said beside its trace"));
        }
    }
    if ending != "rs" {
        return broken;
    }
    let is_empty_name = |part: &str| ["util", "utils", "common", "helper", "helpers", "misc"].contains(&part);
    if stem.split('/').any(is_empty_name) {
        broken.push(format!("{path}: a name that fits everything collects everything: name the concept"));
    }
    let is_opened = text.strip_prefix("//! ").is_some_and(|rest| !rest.starts_with('\n'));
    if !is_opened {
        broken.push(format!("{path}:1: the file does not begin with a `//!` sentence that says what it is for"));
    }
    let lines = text.lines().count();
    let may_be_long = LONG.iter().any(|(long, _)| *long == path);
    if lines > LONGEST && !may_be_long {
        broken.push(format!("{path}: {lines} lines are more than {LONGEST}: split it by concept"));
    } else if lines <= LONGEST && may_be_long {
        broken.push(format!("{path}: {lines} lines need no exception: take it off the list in ci/src/tidy.rs"));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::{BANNED, code_of, shape, word};

    /// What the rule that says `why` finds in one file.
    fn found(why: &str, path: &str, text: &str) -> Vec<String> {
        let banned = BANNED.iter().find(|banned| banned.why.contains(why)).unwrap();
        let broken = banned.check(&[(path, text)]).unwrap();
        broken.into_iter().map(|line| line.replace(&format!(": {}", banned.why), "")).collect()
    }

    #[test]
    fn white_space_and_paths_and_registries_are_found_where_they_stand() {
        assert_eq!(found("white space", "a/a.rs", "a\n\tb\nc \nd\r\n"), ["a/a.rs:2", "a/a.rs:3", "a/a.rs:4"]);
        assert_eq!(found("white space", "Makefile", "a:\n\tb \n"), [""; 0]);
        assert_eq!(found("path", "a.sh", concat!("cd '/", "home/me'\nx\n/", "root/x")), ["a.sh:1", "a.sh:3"]);
        assert_eq!(found("path", "a.rs", "src/home/page.rs ~/work/x $HOME/work/y ./root/z"), [""; 0]);
        assert_eq!(found("packages", "a.md", concat!("https:", "//crates.io/x")), ["a.md:1"]);
        assert_eq!(found("packages", "a.toml", concat!("replace", "-with = 'x'")), ["a.toml:1"]);
        assert_eq!(found("packages", "Cargo.lock", concat!("registry", "+https://x")), [""; 0]);
    }

    #[test]
    fn code_that_knows_too_much_is_found_outside_tests_and_comments() {
        let named =
            "use x::Operation::*;\n// Operation::Map\nOperation::Map {}\nuse Operation as O;\nOperation::kind\n";
        assert_eq!(
            found("new operation", "cli/src/a.rs", named),
            ["cli/src/a.rs:1", "cli/src/a.rs:3", "cli/src/a.rs:4"]
        );
        assert_eq!(found("new operation", "reference/src/a.rs", named), [""; 0]);
        let tested = "fn f() {}\n#[cfg(test)]\nmod tests {\n    Operation::Map\n}\n";
        assert_eq!(found("new operation", "cli/src/a.rs", tested), [""; 0]);
        let frames = "pub struct FrameToken;\nstruct FrameNumber;\ntype Pfn = u64;\n";
        assert_eq!(
            found("frames are private", "operations/src/a.rs", frames),
            [2, 3].map(|n| format!("operations/src/a.rs:{n}"))
        );
        let counters =
            "struct A {\n    pub(crate) mapcount: u32,\n    rmap: BTreeSet<u8>,\n}\nB { refcount: self.count() }\n";
        assert_eq!(found("counts", "reference/src/a.rs", counters), [2, 3].map(|n| format!("reference/src/a.rs:{n}")));
    }

    #[test]
    fn tests_are_known_by_their_place() {
        assert_eq!(code_of("a/tests/b.rs", "a\n"), 0..0);
        assert_eq!(code_of("a/src/b.rs", "a\nb\n#[cfg(test)]\nmod tests {\n"), 0..2);
        assert_eq!(code_of("a/src/b.rs", "#[cfg(test)]\nmod tests;\nb\n"), 0..3);
    }

    #[test]
    fn a_word_is_found_and_a_path_that_lost_it_comes_off_the_list() {
        let files = [("a/a.rs", "one\nOlder two\n"), ("b/b.md", "old\n"), ("c/c.trace", "old\n"), ("d/d.rs", "bold\n")];
        assert_eq!(word("old(er)? | new | b/", &files).unwrap(), ["a/a.rs:2: say new instead of `Older`"]);
        let broken = word("old(er)? | new | a/ b/ d/", &files).unwrap();
        assert!(broken.len() == 1 && broken[0].contains("d/ no longer has"), "{broken:?}");
        assert!(word("old", &files).is_err());
    }

    #[test]
    fn names_openings_and_lengths_are_looked_at() {
        let broken = |path: &str, text: &str| shape(path, text, &[("corpus/a.trace", "")]).len();
        assert_eq!(broken("a/b.rs", "//! What it is.\n"), 0);
        for opening in ["", "// What it is.\n", "//! \n", "use b;\n//! What it is.\n"] {
            assert_eq!(broken("a/b.rs", opening), 1, "{opening}");
        }
        for (path, expected) in [("a/utils.rs", 1), ("common/b.rs", 1), ("a/uncommon.rs", 0)] {
            assert_eq!(broken(path, "//! What it is.\n"), expected, "{path}");
        }
        let lines = |count: usize| format!("//! What it is.\n{}", "b\n".repeat(count - 1));
        assert_eq!((broken("a/b.rs", &lines(400)), broken("a/b.rs", &lines(401))), (0, 1));
        let corpus = ["corpus/a.trace", "corpus/a.console", "corpus/README.md", "corpus/b.console", "corpus/a.c"];
        assert_eq!(corpus.map(|path| broken(path, "")), [0, 0, 0, 1, 1]);
    }
}
