//! Where stages work: the root, the target folder, and how another program is called.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail};

/// The workspace in which stages run.
#[derive(Debug)]
pub struct Workshop {
    root: PathBuf,
    target: PathBuf,
    sources: Vec<String>,
    seconds: Option<u64>,
    is_known_enough: bool,
    bug: Option<String>,
}

/// A call of another program.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    /// Where it is called; at the root where nothing is said.
    folder: Option<PathBuf>,
}

impl Call {
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Call { program: program.into(), arguments: Vec::new(), variables: Vec::new(), folder: None }
    }

    /// A call of the cargo that runs this program, or else of the one in the path.
    pub(crate) fn cargo(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).arguments(arguments)
    }

    /// A call of our program, built with these options of cargo, and with the seeded bug where one is given.
    pub(crate) fn stalemap(options: &[&str], bug: Option<&str>, arguments: &[&str]) -> Self {
        let features: &[&str] = if bug.is_some() { &["--features", "seeded-bugs"] } else { &[] };
        let bug = bug.into_iter().flat_map(|bug| ["--bug", bug]);
        let start = ["run", "--quiet", "--locked"];
        let words = start.iter().chain(options).chain(features).chain(&["--"]).chain(arguments).copied();
        Self::cargo(words.chain(bug))
    }

    pub(crate) fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same call with an environment variable.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// The same call from another folder than the root.
    pub(crate) fn from(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    fn command(&self, root: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(self.folder.as_deref().unwrap_or(root)).stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// As it could be typed at the root of the workspace.
    fn line(&self, root: &Path) -> String {
        let program = Path::new(&self.program);
        let is_cargo = program.file_stem().is_some_and(|name| name == "cargo");
        let program =
            if is_cargo { OsStr::new("cargo") } else { program.strip_prefix(root).unwrap_or(program).as_os_str() };
        let variables = self.variables.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let arguments = self.arguments.iter().map(|argument| quoted(argument));
        variables.chain([quoted(program)]).chain(arguments).collect::<Vec<_>>().join(" ")
    }
}

/// What is in a folder, in order.
pub(crate) fn entries_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn quoted(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_=./,:+@".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) { text.into_owned() } else { format!("'{text}'") }
}

impl Workshop {
    pub(crate) fn new(root: PathBuf, target: PathBuf) -> Self {
        Workshop { root, target, sources: Vec::new(), seconds: None, is_known_enough: false, bug: None }
    }

    /// The same workshop, where stages that change sources change only these; none stands for all.
    #[must_use]
    pub fn with_sources(mut self, sources: Vec<String>) -> Self {
        self.sources = sources;
        self
    }

    /// The same workshop, where each campaign and each target runs for so long.
    #[must_use]
    pub fn with_seconds(mut self, seconds: Option<u64>) -> Self {
        self.seconds = seconds;
        self
    }

    /// The same workshop, where what earlier runs of a long stage came to is told, and nothing more is run.
    #[must_use]
    pub fn with_known(mut self, is_known_enough: bool) -> Self {
        self.is_known_enough = is_known_enough;
        self
    }

    /// The same workshop, where the nightly campaign runs with this seeded bug.
    #[must_use]
    pub fn with_bug(mut self, bug: Option<String>) -> Self {
        self.bug = bug;
        self
    }

    /// The seeded bug that the nightly campaign runs with.
    pub(crate) fn bug(&self) -> Option<&str> {
        self.bug.as_deref()
    }

    /// Whether what earlier runs came to is told, and nothing more is run.
    pub(crate) fn is_known_enough(&self) -> bool {
        self.is_known_enough
    }

    /// How long each campaign and each target runs, where it is not as long as the stage has it.
    pub(crate) fn seconds(&self) -> Option<u64> {
        self.seconds
    }

    /// The sources that are changed, as paths from the root; none stands for all.
    pub(crate) fn sources(&self) -> &[String] {
        &self.sources
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Says what is called, calls it, and lets its output through.
    pub(crate) fn run(&self, call: &Call) -> Result<()> {
        let status = self.status(call)?;
        anyhow::ensure!(status.success(), "`{}` ended with {status}", call.line(&self.root));
        Ok(())
    }

    /// The same for a program of which some failures mean something: gives its exit code.
    pub(crate) fn code(&self, call: &Call) -> Result<i32> {
        let status = self.status(call)?;
        status.code().with_context(|| format!("`{}` ended with {status}", call.line(&self.root)))
    }

    /// The same for a program whose output is read: gives its exit code and its output; what it tells on stderr goes
    /// through.
    pub(crate) fn listen(&self, call: &Call) -> Result<(i32, String)> {
        let line = call.line(&self.root);
        println!("$ {line}");
        let mut command = call.command(&self.root);
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.with_context(|| format!("`{line}` cannot be started"))?;
        let code = output.status.code().with_context(|| format!("`{line}` ended with {}", output.status))?;
        Ok((code, String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// Says what is called and starts it; what it says goes into a file.
    pub(crate) fn start(&self, call: &Call, log: &Path) -> Result<Child> {
        let line = call.line(&self.root);
        println!("$ {line}");
        let file = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = call.command(&self.root);
        command.stdout(file.try_clone()?).stderr(file).spawn().with_context(|| format!("`{line}` cannot be started"))
    }

    fn status(&self, call: &Call) -> Result<ExitStatus> {
        let line = call.line(&self.root);
        println!("$ {line}");
        call.command(&self.root).status().with_context(|| format!("`{line}` cannot be started"))
    }

    /// Says what is called, calls it, and gives all that it said, on stdout and stderr; that is shown if it fails only.
    pub(crate) fn hush(&self, call: &Call) -> Result<String> {
        println!("$ {}", call.line(&self.root));
        let output = self.output(call)?;
        Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// The same for a program of which some failures mean something: gives its exit code too.
    pub(crate) fn hear(&self, call: &Call) -> Result<(i32, String)> {
        let line = call.line(&self.root);
        println!("$ {line}");
        let output = call.command(&self.root).output().with_context(|| format!("`{line}` cannot be started"))?;
        let code = output.status.code().with_context(|| format!("`{line}` ended with {}", output.status))?;
        Ok((code, String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()))
    }

    /// Calls it without a word and gives its output; what it said is shown if it fails.
    pub(crate) fn ask(&self, call: &Call) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.output(call)?.stdout).into_owned())
    }

    fn output(&self, call: &Call) -> Result<Output> {
        let line = call.line(&self.root);
        let output = call.command(&self.root).output().with_context(|| format!("`{line}` cannot be started"))?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            bail!("`{line}` ended with {}:\n{}", output.status, String::from_utf8_lossy(&said).trim_end());
        }
        Ok(output)
    }

    /// An empty folder for what a stage makes. It stays after the stage, so that what failed can be looked at.
    pub(crate) fn fresh_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.target.join("ci").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::Call;
    use std::path::Path;

    #[test]
    fn a_call_is_shown_as_it_could_be_typed() {
        let call = Call::new("cargo").arguments(["doc", "a b"]).with("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(call.line(Path::new("/r")), "RUSTDOCFLAGS='-D warnings' cargo doc 'a b'");
        assert_eq!(Call::new("/r/target/x").argument("-runs=0").line(Path::new("/r")), "target/x -runs=0");
    }
}
