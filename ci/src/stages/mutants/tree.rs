//! A copy of the workspace in which all changes stand at once, behind switches.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use stalemap_ci::files_below;

use super::change::Change;
use super::fates::{Fates, UNVIABLE};
use super::switched::{Switched, module};

/// Errors that say of an operator or a value that its type has no such thing, whatever stands around it.
const OF_THE_CHANGE: &[&str] = &["E0277", "E0369", "E0368", "E0600", "E0604", "E0614"];

/// Rounds of compiling: each leaves out the changes that did not compile, and shows those that the compiler sees later.
const MOST_ROUNDS: usize = 40;

/// The crates whose lines are changed, and whose tests are run: folder and package.
pub(super) const CHANGED: &[(&str, &str)] = &[
    ("reference", "stalemap-reference"),
    ("implementation", "stalemap-implementation"),
    ("harness", "stalemap-harness"),
];

/// The copy.
pub(super) struct Tree {
    pub(super) folder: PathBuf,
    /// Where cargo builds it.
    pub(super) target: PathBuf,
    /// For each number of a change that is in it the number that its place tells.
    pub(super) places: BTreeMap<u32, u32>,
    sources: BTreeMap<String, Switched>,
}

impl Tree {
    /// Copies the workspace but for the sources that [`Tree::switch`] writes. Files that are in the copy already keep their time
    /// of change.
    pub(super) fn copy(root: &Path, below: &Path) -> Result<Tree> {
        Tree::copy_some(root, below, |path| !is_changed_source(path))
    }

    /// Copies the whole workspace.
    pub(super) fn copy_whole(root: &Path, below: &Path) -> Result<Tree> {
        Tree::copy_some(root, below, |_| true)
    }

    fn copy_some(root: &Path, below: &Path, is_copied: impl Fn(&Path) -> bool) -> Result<Tree> {
        let folder = below.join("tree");
        let mut expected = BTreeSet::new();
        for path in files_below(root)? {
            let to = folder.join(path.strip_prefix(root)?);
            if is_copied(path.strip_prefix(root)?) {
                put(&to, &fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?)?;
            }
            expected.insert(to);
        }
        for (crate_folder, _) in CHANGED {
            expected.insert(folder.join(crate_folder).join("src/switched_changes.rs"));
        }
        for path in files_below(&folder)?.into_iter().filter(|path| !expected.contains(path)) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(Tree { folder, target: below.join("target"), places: BTreeMap::new(), sources: BTreeMap::new() })
    }

    /// Puts all changes in that compile, and notes the others. The number of a change is its place in the list and one.
    pub(super) fn switch(&mut self, root: &Path, changes: &[Change], fates: &mut Fates) -> Result<()> {
        for round in 1..=MOST_ROUNDS {
            self.write(root, changes, fates)?;
            let left_out = self.check(changes, fates)?;
            fates.keep()?;
            println!("round {round} of compiling: {left_out} changes are left out");
            if left_out == 0 {
                return Ok(());
            }
        }
        bail!("after {MOST_ROUNDS} rounds the copy in {} still does not compile", self.folder.display())
    }

    fn write(&mut self, root: &Path, changes: &[Change], fates: &mut Fates) -> Result<()> {
        self.places.clear();
        let mut by_file: BTreeMap<&str, Vec<(u32, &Change)>> = BTreeMap::new();
        for (number, change) in (1..).zip(changes) {
            let of_file = by_file.entry(&change.file).or_default();
            if !matches!(fates.get(&change.name), Some(UNVIABLE)) && !fates.is_alone(&change.name) {
                of_file.push((number, change));
            }
        }
        let most = u32::try_from(changes.len())?;
        for &(folder, _) in CHANGED {
            let sources = root.join(folder).join("src");
            for path in files_below(&sources)? {
                let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
                let source = fs::read_to_string(&path)?;
                let of_file = by_file.get(name.as_str()).map_or(&[][..], Vec::as_slice);
                let mut switched = Switched::of(&source, of_file).with_context(|| format!("cannot read {name}"))?;
                for &at in &switched.alone {
                    fates.set_alone(&of_file[at].1.name, "no place for a switch");
                }
                if path == sources.join("lib.rs") {
                    switched.text.push_str("\nmod switched_changes;\n");
                }
                self.places.extend(switched.places.iter().copied());
                put(&self.folder.join(&name), switched.text.as_bytes())?;
                self.sources.insert(name, switched);
            }
            put(&self.folder.join(folder).join("src/switched_changes.rs"), module(most).as_bytes())?;
        }
        Ok(())
    }

    /// Compiles the changed crates: how many changes the compiler objects to, which are noted.
    fn check(&self, changes: &[Change], fates: &mut Fates) -> Result<usize> {
        let mut command = self.cargo("check");
        command.args(["--lib", "--keep-going"]);
        let (ok, messages) = self.messages(command)?;
        let mut left_out = BTreeSet::new();
        let mut unknown = Vec::new();
        for message in messages.iter().filter(|it| it.level == DiagnosticLevel::Error && !it.spans.is_empty()) {
            let code = message.code.as_ref().map_or("", |code| code.code.as_str());
            let Some((numbers, is_one)) = self.changes_of(message) else {
                unknown.push(message.rendered.clone().unwrap_or_default());
                continue;
            };
            for number in numbers {
                let change = &changes[usize::try_from(number)? - 1];
                if is_one && OF_THE_CHANGE.contains(&code) {
                    fates.set(&change.name, UNVIABLE);
                } else {
                    fates.set_alone(&change.name, code);
                }
                left_out.insert(number);
            }
        }
        ensure!(ok || !left_out.is_empty(), "the copy does not compile:\n{}", unknown.concat());
        Ok(left_out.len())
    }

    /// The changes that a message is about, and whether it is about what stands there when one of them is made.
    fn changes_of(&self, message: &Diagnostic) -> Option<(BTreeSet<u32>, bool)> {
        let (primary, other): (Vec<_>, Vec<_>) = message.spans.iter().partition(|span| span.is_primary);
        primary.into_iter().chain(other).find_map(|span| {
            let bytes = usize::try_from(span.byte_start).ok()?..usize::try_from(span.byte_end).ok()?;
            let numbers: BTreeSet<u32> =
                self.sources.get(&span.file_name)?.changes_at(&bytes).iter().copied().collect();
            let is_one = span.is_primary && numbers.len() == 1;
            (!numbers.is_empty()).then_some((numbers, is_one))
        })
    }

    /// A call of cargo for the packages whose tests are asked.
    fn cargo(&self, verb: &str) -> Command {
        let mut command = Command::new("nice");
        command.args(["-n", "5", "cargo", verb, "--locked", "--message-format=json"]).current_dir(&self.folder);
        for (_, package) in CHANGED {
            command.args(["-p", package]);
        }
        command.args(["--features", "stalemap-implementation/seeded-bugs"]);
        command.env("CARGO_TARGET_DIR", &self.target).env("RUSTFLAGS", "--cap-lints=allow");
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
        command
    }

    /// Runs cargo: whether it succeeds, and what the compiler says.
    fn messages(&self, command: Command) -> Result<(bool, Vec<Diagnostic>)> {
        let (ok, messages) = run(command)?;
        let of_compiler = messages.into_iter().filter_map(|message| {
            let Message::CompilerMessage(message) = message else { return None };
            Some(message.message)
        });
        Ok((ok, of_compiler.collect()))
    }

    /// Whether the changed crates compile as they are.
    pub(super) fn compiles(&self) -> Result<bool> {
        let mut command = self.cargo("check");
        command.arg("--lib");
        Ok(run(command)?.0)
    }

    /// Builds the tests: each program of tests with the folder of its package.
    pub(super) fn build_tests(&self) -> Result<Vec<(PathBuf, PathBuf)>> {
        let mut command = self.cargo("test");
        command.args(["--no-run", "--lib", "--tests"]);
        let (ok, messages) = run(command)?;
        ensure!(ok, "the tests of the copy in {} do not compile", self.folder.display());
        let mut programs = Vec::new();
        for message in messages {
            if let Message::CompilerArtifact(artifact) = message
                && let (Some(program), true) = (artifact.executable, artifact.profile.test)
            {
                let package = artifact.manifest_path.parent().context("a manifest is in a folder")?.to_owned();
                programs.push((program.into_std_path_buf(), package.into_std_path_buf()));
            }
        }
        Ok(programs)
    }
}

/// Whether the copy's file is written from the changes.
fn is_changed_source(path: &Path) -> bool {
    CHANGED.iter().any(|(folder, _)| path.starts_with(Path::new(folder).join("src")))
}

fn run(mut command: Command) -> Result<(bool, Vec<Message>)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let stdout = child.stdout.take().context("cargo has an output")?;
    let messages: Vec<Message> = Message::parse_stream(BufReader::new(stdout)).collect::<Result<_, _>>()?;
    Ok((child.wait()?.success(), messages))
}

/// Writes a file if it is another.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part: OsString = format!("{}.part", path.display()).into();
    fs::write(&part, bytes)
        .and_then(|()| fs::rename(&part, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
