//! Building a kernel: unpack the packaged source, add and edit, configure, make.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use walkdir::WalkDir;

use crate::build_log::BuildLog;
use crate::cache::Cache;
use crate::edit::Edit;
use crate::group::Group;
use crate::recipe::Recipe;
use crate::version::Version;

/// Takes the progress of a long piece of work, a sentence at a time. `Break` ends the work and all that it has started.
pub type Tell<'a> = &'a mut dyn FnMut(&str) -> ControlFlow<()>;

/// The work was ended by its [`Tell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl Display for Stopped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("it was stopped")
    }
}

impl std::error::Error for Stopped {}

/// How often a command is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Megabytes that the source and what is built from it take, with some to spare.
const MEGABYTES: u64 = 1000;

/// Folders of the source whose code no kernel of ours has, and whose configuration files are needed all the same.
const UNUSED: [&str; 12] = [
    "drivers/gpu",
    "drivers/net",
    "drivers/media",
    "drivers/infiniband",
    "drivers/scsi",
    "drivers/staging",
    "drivers/iio",
    "drivers/usb",
    "sound",
    "arch/arm*",
    "arch/powerpc",
    "arch/mips",
];

/// Builds the image of a kernel into the cache; it is there already if nothing has changed.
///
/// # Errors
/// When the source is not where its package puts it, an edit does not find its place, or the build fails; [`Stopped`] when it
/// is ended.
pub fn build(cache: &Cache, recipe: impl Into<Recipe>, keep_tree: bool, tell: Tell<'_>) -> Result<PathBuf> {
    let recipe = recipe.into();
    let image = cache.image(recipe.clone());
    if image.exists() {
        return Ok(image);
    }
    let folder = cache.kernel(recipe.clone());
    let tree = Tree { folder: cache.build_folder(recipe.version), packed: cache.source(recipe.version), recipe };
    let _lock = tree.lock()?;
    // A removal that was stopped is brought to its end first.
    tree.remove_what_is_set_aside(tell)?;
    tree.unpack(tell)?;
    go_on(tell(&format!("linux-{}: editing the source", tree.recipe.name)))?;
    tree.edit()?;
    tree.configure(tell)?;
    tree.make(tell)?;
    if tree.recipe.has_tests {
        tree.make_tests(tell)?;
    }
    fs::create_dir_all(&folder)?;
    if tree.recipe.has_tests {
        fs::copy(tree.tests(), cache.tests(tree.recipe.clone()))?;
    }
    // The image is there when all is whole.
    let partial = image.with_extension("partial");
    let built = tree.output().join(tree.recipe.built);
    fs::copy(&built, &partial).with_context(|| format!("the build left no {}", built.display()))?;
    fs::copy(tree.output().join(".config"), folder.join("config"))?;
    fs::rename(&partial, &image)?;
    if !keep_tree {
        tree.remove(tell)?;
    }
    Ok(image)
}

/// An unpacked source and what is built from it.
struct Tree {
    folder: PathBuf,
    /// The source as it is packed.
    packed: PathBuf,
    recipe: Recipe,
}

impl Tree {
    fn source(&self) -> PathBuf {
        self.folder.join(format!("linux-source-{}", self.recipe.version))
    }

    /// The edited files as they were.
    fn originals(&self) -> PathBuf {
        self.folder.join("originals")
    }

    fn output(&self) -> PathBuf {
        self.folder.join(&self.recipe.output)
    }

    /// Keeps others from the tree, until the file is dropped.
    fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        let path = self.folder.join("lock");
        let lock = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => bail!("another build is at work in {}", self.folder.display()),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
    }

    fn unpack(&self, tell: Tell<'_>) -> Result<()> {
        let done = self.folder.join("unpacked");
        if done.exists() {
            return Ok(());
        }
        if let Some(free) = free_megabytes(&self.folder).filter(|&free| free < MEGABYTES) {
            bail!("a build needs {MEGABYTES} MB in {}, and {free} MB are free there", self.folder.display());
        }
        let mut tar = Command::new("nice");
        tar.args(["-n", "5", "tar", "xf"]).arg(&self.packed).arg("-C").arg(&self.folder);
        let version = self.recipe.version;
        tar.args(UNUSED.map(|unused| format!("--exclude=linux-source-{version}/{unused}/*.[chS]")));
        self.run(&mut tar, "unpacking the source", tell)?;
        Ok(fs::write(done, "")?)
    }

    /// Writes what changes and leaves the rest alone, so that `make` builds no more than it must.
    fn edit(&self) -> Result<()> {
        for addition in &self.recipe.additions {
            write_if_changed(&self.source().join(addition.file), &addition.text)?;
        }
        let mut files: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
        for edit in &self.recipe.edits {
            files.entry(edit.file).or_default().push(edit);
        }
        for (file, edits) in &files {
            let mut text = self.original(file)?;
            for edit in edits {
                text = edit.apply(&text)?;
            }
            write_if_changed(&self.source().join(file), &text)?;
        }
        // The source is that of all recipes of a version; what another one has edited is put back.
        for entry in self.edited()?.iter().filter(|file| !files.contains_key(file.as_str())) {
            write_if_changed(&self.source().join(entry), &self.original(entry)?)?;
        }
        Ok(())
    }

    /// A file as it was unpacked; it is kept before it is edited for the first time.
    fn original(&self, file: &str) -> Result<String> {
        let kept = self.originals().join(file);
        if !kept.exists() {
            let partial = kept.with_extension("partial");
            fs::create_dir_all(kept.parent().context("a file in a folder")?)?;
            fs::copy(self.source().join(file), &partial)
                .with_context(|| format!("the source has changed: there is no {file}"))?;
            fs::rename(&partial, &kept)?;
        }
        fs::read_to_string(&kept).with_context(|| format!("cannot read {}", kept.display()))
    }

    /// The files that some recipe has edited, from the root of the source.
    fn edited(&self) -> Result<Vec<String>> {
        let mut edited = Vec::new();
        for entry in WalkDir::new(self.originals()) {
            let entry = entry?;
            if entry.file_type().is_file() && entry.path().extension().is_none_or(|extension| extension != "partial") {
                let file = entry.path().strip_prefix(self.originals())?;
                edited.push(file.to_str().context("a file with a readable name")?.to_string());
            }
        }
        Ok(edited)
    }

    fn configure(&self, tell: Tell<'_>) -> Result<()> {
        let configured = self.output().join("configured");
        let configuration = self.recipe.configuration.concat();
        if fs::read_to_string(&configured).is_ok_and(|text| text == configuration) {
            return Ok(());
        }
        self.run(&mut self.make_command("tinyconfig"), "configuring", tell)?;
        let path = self.output().join(".config");
        let tiny = fs::read_to_string(&path)?;
        fs::write(&path, format!("{tiny}\n{configuration}"))?;
        self.run(&mut self.make_command("olddefconfig"), "configuring", tell)?;
        let result = fs::read_to_string(&path)?;
        for needed in &self.recipe.needed {
            if !result.lines().any(|line| line == *needed) {
                bail!("the source has changed: with our configuration {needed} is not reached");
            }
        }
        Ok(fs::write(configured, configuration)?)
    }

    /// The kernel's tests of its test driver, built.
    fn tests(&self) -> PathBuf {
        self.output().join("hmm-tests")
    }

    /// Builds these tests as a program that can be the first process of a machine.
    fn make_tests(&self, tell: Tell<'_>) -> Result<()> {
        let (source, init) = (self.source(), self.output().join("hmm_tests_init.c"));
        fs::write(&init, include_str!("../kernel/hmm_tests_init.c"))?;
        let tests = source.join("tools/testing/selftests");
        let folder = tests.join(self.recipe.version.since(Version::V6_12, "vm", "mm"));
        let mut compiler = Command::new("cc");
        compiler.args(["-static", "-pthread", "-O1", "-w", "-I"]).arg(&source).arg("-o").arg(self.tests());
        compiler.arg(folder.join("hmm-tests.c")).arg(init);
        if self.recipe.version >= Version::V7_3 {
            compiler.arg("-I").arg(&tests).arg("-I").arg(source.join("tools/include/uapi"));
            compiler.args(["vm_util.c", "hugepage_settings.c"].map(|file| folder.join(file)));
        }
        self.run(&mut compiler, "building the kernel's own tests", tell)
    }

    fn make(&self, tell: Tell<'_>) -> Result<()> {
        let what = format!("building, about {} CPU seconds the first time", self.recipe.seconds);
        self.run(&mut self.make_command(self.recipe.target), &what, tell)
    }

    fn make_command(&self, target: &str) -> Command {
        let mut make = Command::new("nice");
        make.args(["-n", "5", "make", "-C"]).arg(self.source()).arg(format!("O={}", self.output().display()));
        make.arg(format!("ARCH={}", self.recipe.architecture)).args(["-j2", target]);
        // The result must not depend on the user, the machine or the time of the build.
        make.envs([
            ("KBUILD_BUILD_TIMESTAMP", "2019"),
            ("KBUILD_BUILD_USER", "stalemap"),
            ("KBUILD_BUILD_HOST", "here"),
        ]);
        make
    }

    /// Removes all of it. It goes by another name first, so that what is left when this is stopped is no tree to build in.
    fn remove(&self, tell: Tell<'_>) -> Result<()> {
        fs::rename(&self.folder, self.set_aside())?;
        self.remove_what_is_set_aside(tell)
    }

    fn set_aside(&self) -> PathBuf {
        self.folder.with_file_name(format!("removed-{}", self.recipe.version))
    }

    fn remove_what_is_set_aside(&self, tell: Tell<'_>) -> Result<()> {
        let mut removed: u64 = 0;
        for entry in WalkDir::new(self.set_aside()).contents_first(true) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if error.io_error().is_some_and(|it| it.kind() == ErrorKind::NotFound) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let is_folder = entry.file_type().is_dir();
            if is_folder { fs::remove_dir(entry.path()) } else { fs::remove_file(entry.path()) }
                .with_context(|| format!("cannot remove {}", entry.path().display()))?;
            removed += 1;
            let what = "removing the source tree";
            go_on(tell(&format!("linux-{}: {what}, {removed} files and folders", self.recipe.name)))?;
        }
        Ok(())
    }

    /// Runs a command with its output in a log, and reports its progress.
    fn run(&self, command: &mut Command, what: &str, tell: Tell<'_>) -> Result<()> {
        fs::create_dir_all(self.output())?;
        let log = BuildLog::at(self.folder.join("log"));
        let file = log.begin(what)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let start = Instant::now();
        let mut group = Group::start(command).with_context(|| format!("{what}: cannot start {command:?}"))?;
        loop {
            if let Some(status) = group.ended()? {
                if status.success() {
                    return Ok(());
                }
                bail!("linux-{}: {what} failed; {}", self.recipe.name, log.complaint(&self.folder));
            }
            let objects = log.objects();
            let progress = if objects == 0 { String::new() } else { format!(", {objects} files compiled") };
            go_on(tell(&format!("linux-{}: {what}{progress}, {} s", self.recipe.name, start.elapsed().as_secs())))?;
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }
}

fn go_on(told: ControlFlow<()>) -> Result<(), Stopped> {
    if told.is_break() { Err(Stopped) } else { Ok(()) }
}

fn write_if_changed(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// What is free on the disk of a folder, as far as `df` tells.
fn free_megabytes(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pm").arg(folder).stderr(Stdio::null()).output().ok()?;
    available(&String::from_utf8_lossy(&output.stdout))
}

/// The fourth column of the second line.
fn available(table: &str) -> Option<u64> {
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::available;

    #[test]
    fn what_is_free_is_read_from_the_table() {
        let table = "Filesystem 1048576-blocks  Used Available Capacity Mounted on\n/dev/a 1000 90 910 9% /\n";
        assert_eq!(available(table), Some(910));
        assert_eq!(available("df: nowhere\n"), None);
    }
}
