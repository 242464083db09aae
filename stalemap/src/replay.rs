//! Replays in `cargo test`: every trace below a folder, on a subject beside the reference.

use std::error::Error;
use std::fmt::{self, Debug, Display, Formatter};
use std::path::Path;
use std::sync::Once;

use anstream::adapter::strip_str;
use stalemap_commands::{hang, input};
use stalemap_harness::{AnyBuild, Build, Compare, DEADLINE, Driver, guarded, quiet_panics, some_subject};
use stalemap_operations::{Subject as _, Trace};
use stalemap_report::{Finding, Origin};

/// Makes a test that replays every trace (`*.trace`) and every input of a fuzzing engine (`crash-…`) below a folder of the
/// crate. The test fails with what differs, file by file.
///
/// It is called `every_trace_agrees`, or as stands in front of a colon:
///
/// ```
/// # struct Mine;
/// # impl stalemap::BlockAllocator for Mine {
/// #     const NAME: &'static str = "mine";
/// #     fn new(_: u32) -> Result<Self, String> { Err("it has no frames".to_string()) }
/// #     fn allocate(&mut self, _: u32) -> Option<u32> { None }
/// #     fn free(&mut self, _: u32, _: u32) {}
/// # }
/// stalemap::replay!(stalemap::blocks::<Mine>, "corpus");
/// stalemap::replay!(fixed_findings_agree: stalemap::blocks::<Mine>, "findings/fixed");
/// ```
#[macro_export]
macro_rules! replay {
    ($test:ident: $build:expr, $folder:expr $(,)?) => {
        #[test]
        fn $test() {
            let folder = ::std::path::Path::new(::std::env!("CARGO_MANIFEST_DIR")).join($folder);
            if let ::std::result::Result::Err(error) = $crate::replay_folder($build, folder) {
                ::std::panic!("{error}");
            }
        }
    };
    ($build:expr, $folder:expr $(,)?) => {
        $crate::replay!(every_trace_agrees: $build, $folder);
    };
}

/// Replays every trace and every input of a fuzzing engine below a folder, with everything compared after each operation, as
/// [`replay!`](crate::replay!) does; how many there are.
///
/// What does not end within 10 seconds is printed and ends the process.
///
/// ```
/// # struct Mine;
/// # impl stalemap::BlockAllocator for Mine {
/// #     const NAME: &'static str = "mine";
/// #     fn new(_: u32) -> Result<Self, String> { Err("it has no frames".to_string()) }
/// #     fn allocate(&mut self, _: u32) -> Option<u32> { None }
/// #     fn free(&mut self, _: u32, _: u32) {}
/// # }
/// let error = stalemap::replay_folder(stalemap::blocks::<Mine>, "no-such-folder").expect_err("it is not there");
/// assert!(error.to_string().contains("there is no folder no-such-folder"));
/// ```
///
/// # Errors
/// When the folder is not there or holds no trace, a file is none, or the two sides differ. The message has each file that
/// fails, with the trace and the states of both sides.
pub fn replay_folder(
    build: impl Build + Clone + Send + Sync + 'static,
    folder: impl AsRef<Path>,
) -> Result<usize, ReplayError> {
    static QUIET: Once = Once::new();
    QUIET.call_once(quiet_panics);

    let folder = folder.as_ref();
    if !folder.is_dir() {
        return Err(ReplayError::of_folder(format!("there is no folder {}", shown(folder))));
    }
    let files = input::files(&[folder.to_owned()]);
    let files = files.map_err(|error| ReplayError::of_folder(without_current(&format!("{error:#}"))))?;
    let name = name_of(&build);
    let build = AnyBuild::new(build);
    let mut driver = Driver::new(build.clone());
    let _watchdog = hang::watch(&name, DEADLINE, &mut driver, hang::tell);
    let failures: Vec<String> =
        files.iter().filter_map(|file| replay_file(&build, &mut driver, &name, file).err()).collect();
    if failures.is_empty() { Ok(files.len()) } else { Err(ReplayError { replayed: files.len(), failures }) }
}

/// Why traces below a folder do not agree.
pub struct ReplayError {
    /// Files that were replayed; 0 where there was nothing to replay.
    replayed: usize,
    /// What is wrong, each with its file.
    failures: Vec<String>,
}

impl ReplayError {
    fn of_folder(sentence: String) -> ReplayError {
        ReplayError { replayed: 0, failures: vec![sentence] }
    }
}

impl Display for ReplayError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.replayed > 0 {
            write!(f, "{} of {} traces fail\n\n", self.failures.len(), self.replayed)?;
        }
        f.write_str(&self.failures.join("\n\n"))
    }
}

/// As it is displayed: a test that returns it shows its lines.
impl Debug for ReplayError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Error for ReplayError {}

/// What the subject is called, where it can be a machine.
pub(crate) fn name_of(build: &impl Build) -> String {
    some_subject(build).map_or_else(|_| "the subject".to_string(), |subject| subject.name().to_string())
}

/// Replays one file; what is wrong with it.
fn replay_file(build: &AnyBuild, driver: &mut Driver, name: &str, file: &Path) -> Result<(), String> {
    let trace = input::read(file).map_err(|error| without_current(&format!("{error:#}")))?.trace;
    replay_trace(build, driver, name, &trace).map_err(|sentence| format!("{}: {sentence}", shown(file)))
}

fn replay_trace(build: &AnyBuild, driver: &mut Driver, name: &str, trace: &Trace) -> Result<(), String> {
    let machine = format!("{name} cannot be `machine {}`", trace.machine);
    let built = guarded(|| build.build(&trace.machine).map(|subject| subject.capabilities().operations));
    // A constructor that panics is shown as any difference is.
    if let Ok(able) = built {
        let able = able.map_err(|why| format!("{machine}: {why}"))?;
        if let Some(other) = trace.operations().find(|operation| !able.contains(operation.kind())) {
            return Err(format!("{name} does not have the operation of `{other}`"));
        }
    }
    let run = driver.run_trace(trace, Compare::Everything).map_err(|why| format!("{machine}: {why}"))?;
    let Some(divergence) = run.divergence else { return Ok(()) };
    let finding = Finding::describe(driver, name, &trace.program(), &divergence, Origin::default())?;
    let text = strip_str(&finding.text()).to_string();
    Err(format!("{name} and the reference differ at operation {}\n\n{}", finding.step, text.trim_end()))
}

/// A path as tests show it: from the current folder, which is the crate's where cargo starts them.
fn shown(path: &Path) -> String {
    without_current(&path.display().to_string())
}

fn without_current(text: &str) -> String {
    match std::env::current_dir() {
        Ok(folder) => text.replace(&format!("{}/", folder.display()), ""),
        Err(_) => text.to_string(),
    }
}
