//! `stalemap linux record`: writes transcripts of a kernel, which are replayed without it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use stalemap_commands::input::Inputs;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{Compare, Divergence, Driver, Generator};
use stalemap_linux::{Cache, Kernels, Target, Transcript, Version, Way};
use stalemap_operations::{Outcome, Program, Trace};
use stalemap_report::style::BAD;

use super::which::chosen;
use crate::catalogue;

/// Write down what the kernel answers and shows, so that it can be replayed without it
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Examples:
  stalemap linux record --version 6.12
  stalemap linux record --native --version 6.12 --corpus corpus/spec/frames --runs 0 --out transcripts"
)]
pub(super) struct RecordArguments {
    /// The kernel's version; all where none is given
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Record the native process, which shows reference counts, free frames and blocks too
    #[arg(long)]
    native: bool,
    /// Traces that are recorded, or folders of them
    #[arg(long, value_name = "FILE|DIR", default_value = "corpus/spec")]
    corpus: Vec<PathBuf>,
    /// Generated executions of which those are recorded that meet something new
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    runs: u64,
    /// The most of them that are recorded
    #[arg(long, value_name = "N", default_value_t = 150)]
    most: usize,
    /// Seed of the executions
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The folder for the transcripts
    #[arg(long, value_name = "DIR", default_value = "corpus/linux")]
    out: PathBuf,
}

/// The most operations in a generated execution: what is read by people is short.
const OPERATIONS: usize = 16;
/// Executions that a guest does at once.
const BATCH: u64 = 128;

pub(super) fn record(cache: &Cache, arguments: &RecordArguments) -> Result<Ending> {
    let mut inputs = Inputs::of(&arguments.corpus);
    let mut traces = Vec::new();
    while let Some((file, input)) = inputs.read_next()? {
        traces.push((file, input.trace));
    }
    let mut differ = 0;
    for version in chosen(arguments.version) {
        let target = Target::new(version, arguments.native);
        let kernels = Kernels::cached(cache, target, 0)?;
        let release = kernels.release()?;
        let folder = arguments.out.join(target.to_string());
        let mut recorder = Recorder {
            driver: Driver::new(kernels),
            implementation: Driver::new(catalogue::implementation()),
            target,
            release,
            written: 0,
            differ: 0,
        };
        for (file, trace) in &traces {
            if interrupted() {
                return Ok(Ending::Interrupted);
            }
            if let Err(error) = recorder.file(file, trace, &folder) {
                inputs.tell(&error.context(file.display().to_string()));
            }
        }
        if !recorder.distil(arguments, &folder.join("generated"))? {
            return Ok(Ending::Interrupted);
        }
        let written = recorder.written;
        output::print_line(format_args!("{}: {written} transcripts in {}", target.subject(), folder.display()))?;
        differ += recorder.differ;
    }
    Ok(if differ == 0 { inputs.ending(Ending::Agree) } else { Ending::Diverge })
}

struct Recorder {
    driver: Driver,
    /// Replays what is recorded, as tests do.
    implementation: Driver,
    target: Target,
    release: String,
    written: usize,
    /// Programs in which the kernel and the reference differ, which are not recorded.
    differ: usize,
}

impl Recorder {
    /// Records a trace of the corpus under its own name, in a folder named as the one that it is in.
    fn file(&mut self, file: &Path, trace: &Trace, folder: &Path) -> Result<()> {
        let program = self.able(trace.program());
        if program.operations.is_empty() {
            return Ok(());
        }
        let place = file.display().to_string();
        let Some(transcript) = self.transcript(&program, trace.title.clone(), &place)? else { return Ok(()) };
        let group = file.parent().and_then(Path::file_name).context("a file in a folder")?;
        let name = file.file_name().context("a file has a name")?;
        self.write(&folder.join(group).join(name), &transcript)
    }

    /// Records those generated executions that meet transitions which none before has met.
    fn distil(&mut self, arguments: &RecordArguments, folder: &Path) -> Result<bool> {
        let mut generator = Generator::new(self.target.asked().settings(OPERATIONS));
        let mut status = Status::new();
        self.driver.clear_met();
        let (mut index, mut kept) = (0, 0);
        while index < arguments.runs && kept < arguments.most {
            if interrupted() {
                return Ok(false);
            }
            let batch = generator.executions(arguments.seed, index..arguments.runs.min(index + BATCH));
            self.driver.look_ahead(&batch)?;
            for program in batch {
                let met = self.driver.transitions().count();
                let place = format!("seed {}, execution {index}", arguments.seed);
                let run = self.driver.run(&program, Compare::Touched)?;
                if let Some(divergence) = run.divergence {
                    self.tell(&place, &divergence)?;
                } else if self.driver.transitions().count() > met && kept < arguments.most {
                    let title = vec![format!("# Generated: {place}.")];
                    let transcript = self.transcript(&self.able(program), title, &place)?;
                    if let Some(transcript) = transcript.filter(mostly_done) {
                        self.write(&folder.join(format!("execution-{index:05}.trace")), &transcript)?;
                        kept += 1;
                    }
                }
                index += 1;
            }
            status.show(|| format!("{}: {index} executions, {kept} recorded", self.target.subject()));
        }
        status.clear();
        Ok(true)
    }

    /// Runs operations and writes down what the kernel says, if the reference agrees. Where it does not, that is told with
    /// this place.
    fn transcript(&mut self, program: &Program, mut title: Vec<String>, place: &str) -> Result<Option<Trace>> {
        let way = self.target.way();
        let how = if way == Way::Agent { " as a native process" } else { "" };
        title.push(format!("# Recorded from Linux {}{how}.", self.release));
        let machine = way.machine(self.target.version(), &program.machine).map_err(|it| anyhow!(it))?;
        let mut transcript = Transcript::new(way, title, machine);
        let run = self.driver.watch(program, &mut |watched| {
            transcript.step(watched.operation, watched.claimed, watched.subject);
        });
        match run?.divergence {
            Some(divergence) => self.tell(place, &divergence).map(|()| None),
            None => self.repeatable(transcript.finish(), place),
        }
    }

    /// The transcript, unless the implementation answers otherwise: whether a block finds a run of frames is a matter of where
    /// each side's frames lie.
    fn repeatable(&mut self, transcript: Trace, place: &str) -> Result<Option<Trace>> {
        let run = self.implementation.run_trace(&transcript, Compare::Touched)?;
        if run.divergence.is_none() {
            return Ok(Some(transcript));
        }
        output::print_line(format_args!("not recorded  {place}: its blocks lie otherwise than the implementation's"))?;
        Ok(None)
    }

    /// The program without the operations that the kernel cannot do.
    fn able(&self, mut program: Program) -> Program {
        program.operations.retain(|operation| self.target.asked().can(operation.kind()));
        program
    }

    /// Tells that a program is not recorded, since the kernel and the reference differ in it.
    fn tell(&mut self, place: &str, divergence: &Divergence) -> Result<()> {
        self.differ += 1;
        let (step, signature) = (divergence.step + 1, divergence.signature());
        output::print_line(format_args!("{BAD}differs{BAD:#}  {place}, at operation {step}: {signature}"))
    }

    fn write(&mut self, path: &Path, transcript: &Trace) -> Result<()> {
        let folder = path.parent().context("a file in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        self.written += 1;
        output::write_file(path, transcript.to_string().as_bytes())
    }
}

/// Whether at least half of the operations were done; a transcript of refusals tells little.
fn mostly_done(transcript: &Trace) -> bool {
    let done = transcript.steps.iter().filter(|step| matches!(step.answer, Some(Outcome::Done(_)))).count();
    2 * done >= transcript.steps.len()
}
