//! `stalemap report`: the page of a finding, or of folders of findings, as one HTML file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Error, Result, anyhow, bail, ensure};
use clap::Args;
use stalemap_campaign::{Contents as StoreContents, Store, StoreError};
use stalemap_commands::input::{self, Input, Inputs};
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{ChosenSubject, Ending, Subjects as _, hang, output, quoted};
use stalemap_harness::{AnyBuild, Build as _, Compare, Driver, Watch, Watchdog};
use stalemap_linux::{Recorded, SELFTEST, Version, Way};
use stalemap_operations::{Machine, Operation, Trace};
use stalemap_page::{Campaigns, Contents, Folder, LeftOut, PageError, Progress, Request, Section, Shown, document};
use stalemap_report::{counted, grouped};

use crate::catalogue::{Choice, Line, named_in};
use crate::copies::copies;

/// Write the page of a finding, or of a folder of them: one HTML file that shows each step for all sides
#[derive(Debug, Args)]
#[command(after_help = "\
The page needs no network and is opened from disk. It shows what each side answers and shows after each step, what differs, who wrote \
it last, and why each operation is there; #step=3 behind its address opens it at step 3. Of a folder it has an overview and a part for \
each finding, as many as 500 KB take. A seeded bug that the trace names in its title is switched on. A kernel stands beside the others \
where the trace is a recording of it, or one is given.

Of a folder of findings, such as `stalemap fuzz` and `stalemap merge` write, it also shows the campaigns, when each finding was met, the \
marks, and each transition (operation, state before, outcome): met, never met, or impossible. Of two such folders it shows what one \
has met and the other has not.

Ends with 0 when there is a page, with 2 where a trace agrees on all sides or cannot be read. Ctrl-C ends it with the page of what is \
known by then.

Examples:
  stalemap report findings/rmap.places@migrate-3f1a09c2.trace -o page.html
  stalemap report corpus/regressions/X.trace --bug stale_mapping -o page.html
  stalemap report findings -o page.html
  stalemap report findings-of-monday findings-of-tuesday -o comparison.html
  stalemap report corpus/linux/trophies -o page.html")]
pub(crate) struct ReportArguments {
    /// A trace, an input of a fuzzing engine, or a folder of them; `-` is stdin. Or two folders of findings, which are compared
    #[arg(required = true, num_args = 1..=2, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    subject: Choice,
    /// Where the page goes; to stdout where nothing is given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Mutated traces that are run around each finding
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    neighbours: u64,
    /// A recording of a kernel in the same operations, which stands beside the others
    #[arg(long, value_name = "FILE")]
    recording: Option<PathBuf>,
}

pub(crate) fn report(line: &Line, arguments: &ReportArguments) -> Result<Ending> {
    if let Some(path) = &arguments.output {
        output::check_file(path)?;
    }
    let recording = arguments.recording.as_deref().map(input::read).transpose()?;
    let recording = recording.map(|input| input.trace);
    let (campaigns, is_damaged) = campaigns(&arguments.paths)?;
    // A campaign need not have found anything.
    let has_traces = |path: &&PathBuf| campaigns.is_none() || input::files(std::slice::from_ref(path)).is_ok();
    let paths: Vec<PathBuf> = arguments.paths.iter().filter(has_traces).cloned().collect();
    let mut inputs = Inputs::of(&paths);
    let is_folder = arguments.paths.iter().all(|path| path.is_dir());
    let all = inputs.left();
    let mut maker = Maker { line, arguments, recording, status: Status::new() };
    let (mut sections, mut left_out) = (Vec::new(), Vec::new());
    while let Some((file, input)) = inputs.read_next()? {
        let place = if all > 1 { format!("{} of {}, ", all - inputs.left(), all) } else { String::new() };
        match maker.section(&file, &input, &place) {
            Ok(section) => sections.push(section),
            Err(error) if is_folder && error.downcast_ref::<PageError>().is_some_and(is_no_finding) => {
                left_out.push(LeftOut { name: file.display().to_string(), why: error.to_string() });
            }
            Err(error) => inputs.tell(&error.context(file.display().to_string())),
        }
        if interrupted() {
            break;
        }
    }
    maker.status.clear();
    if sections.is_empty() && campaigns.is_none() {
        left_out.iter().for_each(|out| output::tell(format_args!("{}: {}", out.name, out.why)));
        return Ok(if interrupted() { Ending::Interrupted } else { Ending::Trouble });
    }
    write(arguments, campaigns.as_ref(), &sections, &left_out)?;
    if inputs.left() > 0 {
        let (left, all) = (grouped(inputs.left() as u64), counted(all as u64, "file"));
        output::tell(format_args!("interrupted: {left} of {all} are not in the page"));
    }
    let ending = if is_damaged { Ending::Trouble } else { Ending::Agree };
    Ok(if interrupted() { Ending::Interrupted } else { inputs.ending(ending) })
}

/// What folders of findings hold, where the paths are such folders, and whether a part cannot be read. That stands in the page and is told.
fn campaigns(paths: &[PathBuf]) -> Result<(Option<Campaigns>, bool)> {
    let stores: Vec<Store> = paths.iter().map(Store::to_read).collect();
    if let [one, other] = &stores[..] {
        let missing = [one, other].into_iter().find(|store| !store.is_there());
        if let Some(store) = missing {
            bail!("two folders of findings are compared, and {} is none", store.path().display());
        }
    }
    if !stores.iter().all(Store::is_there) {
        return Ok((None, false));
    }
    let contents: Vec<StoreContents> = stores.iter().map(Store::read).collect::<Result<_, _>>()?;
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let folders: Vec<Folder<'_>> =
        names.iter().zip(&contents).map(|(name, contents)| Folder { name, contents }).collect();
    let campaigns = Campaigns::new(&folders);
    let damaged: Vec<StoreError> = contents.into_iter().flat_map(|contents| contents.damaged).collect();
    let is_damaged = !damaged.is_empty();
    damaged.into_iter().for_each(|error| output::complain(&error.into()));
    Ok((Some(campaigns), is_damaged))
}

/// Whether there is just nothing to show.
fn is_no_finding(error: &PageError) -> bool {
    matches!(error, PageError::Agree { .. })
}

fn write(
    arguments: &ReportArguments,
    campaigns: Option<&Campaigns>,
    sections: &[Section],
    left_out: &[LeftOut],
) -> Result<()> {
    let paths: Vec<String> = arguments.paths.iter().map(|path| path.display().to_string()).collect();
    let paths = paths.join(" and ");
    let title = match sections {
        [one] if left_out.is_empty() && campaigns.is_none() => {
            one.finding().map_or(&paths, |finding| &finding.signature)
        }
        _ => &paths,
    };
    let version = env!("CARGO_PKG_VERSION");
    let contents = Contents { title, campaigns, editor: None, sections, left_out, shared_c: SELFTEST, version };
    let (page, shown) = document(&contents)?;
    match &arguments.output {
        Some(path) => output::write_file(path, page.as_bytes())?,
        None => output::print_bytes(page.as_bytes())?,
    }
    let size = grouped(page.len() as u64 / 1000);
    let room = if shown < sections.len() { format!(", {shown} of them with a section") } else { String::new() };
    let agree = if left_out.is_empty() {
        String::new()
    } else {
        format!("; {} without a finding", counted(left_out.len() as u64, "trace"))
    };
    output::tell(format_args!("{}{room}{agree}, {size} KB", counted(sections.len() as u64, "finding")));
    Ok(())
}

/// The end of the name of a side that was recorded.
const RECORDED: &str = " (recorded)";

/// Makes sections.
struct Maker<'a> {
    line: &'a Line,
    arguments: &'a ReportArguments,
    recording: Option<Trace>,
    status: Status,
}

impl Maker<'_> {
    fn section(&mut self, file: &Path, input: &Input, place: &str) -> Result<Section> {
        let (trace, arguments) = (&input.trace, self.arguments);
        let choice = arguments.subject.or_bug_of(&trace.title);
        let subject = self.line.subjects().chosen(&choice)?;
        let (shown, _watchdog) = self.watched(subject);
        let subjects: Vec<Shown> = [Some(shown), self.recorded(trace)?].into_iter().flatten().collect();
        let name = file.display().to_string();
        let request =
            Request { name: &name, program: &trace.program(), subjects: &subjects, neighbours: arguments.neighbours };
        let status = &mut self.status;
        let section = Section::new(&request, &mut |progress| {
            status.show(|| format!("{place}{}", words(progress)));
            !interrupted()
        });
        let section = section.map_err(|error| agreeing(error, &subjects[0], trace))?;
        let Some(finding) = section.finding() else { return Ok(section) };
        let command = match replayed_by(trace).filter(|_| finding.subject.ends_with(RECORDED)) {
            Some(command) => command.to_string(),
            None => self.line.replay(&choice).in_file(&quoted(&name)),
        };
        let stem = file.file_stem().map_or("trace".into(), |stem| stem.to_string_lossy());
        let copies = copies(finding, &stem, &command)?;
        Ok(section.with_copies(copies))
    }

    /// The subject, with a watchdog that ends the program where an execution does not end.
    fn watched(&self, subject: ChosenSubject) -> (Shown, Option<Watchdog>) {
        let ChosenSubject { name, build } = subject;
        let watch = (!build.watches_itself()).then(Watch::default);
        let watchdog = watch.clone().map(|watch| {
            let name = name.clone();
            Watchdog::start(vec![watch], self.line.limit(), move |hang| hang::end(&name, &hang, &hang::tell))
        });
        (Shown { name, build, is_recorded: false, watch }, watchdog)
    }

    /// The kernel that was recorded in this trace, or in the file that is given.
    fn recorded(&self, trace: &Trace) -> Result<Option<Shown>> {
        let (transcript, recorded) = match &self.recording {
            Some(recording) => {
                ensure!(able(trace) == able(recording), "the recording is one of other operations");
                (recording, Recorded::new(recording).map_err(|it| anyhow!(it)).context("the recording")?)
            }
            None => match Recorded::new(trace) {
                Ok(recorded) => (trace, recorded),
                Err(_) => return Ok(None),
            },
        };
        // Its title says which kernel it was; a transcript of the corpus is one of the kernel of its rules.
        let version = Version::ALL.into_iter().find(|version| version.dialect() == transcript.machine.rules());
        let of_rules = || version.map_or("kernel", |version| version.subject()).to_string();
        let named = named_in(&transcript.title).map(|named| named.subject).filter(|name| name.starts_with("linux-"));
        let name = named.unwrap_or_else(of_rules);
        let build = AnyBuild::new(move |_: &Machine| Ok(recorded.clone()));
        Ok(Some(Shown { name: format!("{name}{RECORDED}"), build, is_recorded: true, watch: None }))
    }
}

/// The operations that a kernel can do, however it is asked.
fn able(trace: &Trace) -> Vec<Operation> {
    trace.operations().filter(|operation| Way::Guest.can(operation.kind())).collect()
}

/// The command that the title of a trace has.
fn replayed_by(trace: &Trace) -> Option<&str> {
    trace.title.iter().find_map(|line| line.strip_prefix("# Replay with: "))
}

/// Why a trace has no page, and what of it is wrong although both sides agree.
fn agreeing(error: PageError, subject: &Shown, trace: &Trace) -> Error {
    let run = Driver::new(subject.build.clone()).run_trace(trace, Compare::Touched);
    match (&error, run.ok().and_then(|run| run.divergence)) {
        (PageError::Agree { .. }, Some(wrong)) => {
            anyhow!("all sides agree; only the answer written at operation {} is wrong", wrong.step + 1)
        }
        _ => Error::new(error),
    }
}

fn words(progress: Progress) -> String {
    match progress {
        Progress::Explained(done, all) => format!("operation {} of {all}", done + 1),
        Progress::Neighbours(run, all) => format!("{} of {} neighbours", grouped(run), grouped(all)),
        Progress::Visible => "what makes it visible".to_string(),
    }
}
