//! `stalemap linux coverage`: which of the kernel's own code is passed, by a campaign or by inputs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use stalemap_campaign::{Campaign, Diverged, Observer, Passed, PassedFile, Progress, Store};
use stalemap_commands::input::Inputs;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_harness::{Compare, Driver};
use stalemap_linux::{Cache, Kernels, Native, Passes, SourceLines, Version};
use stalemap_operations::Program;
use stalemap_report::{counted, grouped};

/// Count which places of the kernel's own code are passed
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
The kernel is the native one that is built with counters (`stalemap linux build --native --coverage`). Without paths a campaign \
of the native generator runs. With paths, the traces and the inputs of engines below them are run, such as those that \
`stalemap fuzz --engine libfuzzer --subject linux-6.12-native` keeps.

Examples:
  stalemap linux coverage --seconds 60
  stalemap linux coverage corpus/spec
  stalemap linux coverage fuzz/corpus/kernel --missing
  stalemap linux coverage --seconds 60 --out findings"
)]
pub(super) struct CoverageArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The kernel's version
    #[arg(long, value_name = "VERSION", default_value_t = Version::V6_12)]
    version: Version,
    /// Seconds of the campaign
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "paths")]
    seconds: u64,
    /// Seed of the campaign
    #[arg(long, value_name = "S", default_value_t = 1, conflicts_with = "paths")]
    seed: u64,
    /// The most operations in an execution of the campaign
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024), conflicts_with = "paths")]
    ops: u32,
    /// List the functions that are never passed
    #[arg(long)]
    missing: bool,
    /// Add what is passed to this folder of findings; `stalemap status` and `stalemap report` show it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn coverage(cache: &Cache, arguments: &CoverageArguments) -> Result<Ending> {
    let native = Native::counting(arguments.version);
    let store = arguments.out.as_ref().map(Store::open).transpose()?;
    let kernels = Kernels::cached(cache, native, 0)?;
    let mut inputs = Inputs::of(&arguments.paths);
    let diverged =
        if arguments.paths.is_empty() { campaign(&kernels, arguments)? } else { replay(&kernels, &mut inputs)? };
    let lines = SourceLines::of(&cache.image(native))?;
    let met = Met::of(&kernels.passes(), &lines);
    ensure!(!met.files.is_empty(), "linux-{native} counts no place of its code; build it again");
    output::print(met.table())?;
    if arguments.missing {
        output::print(met.missing())?;
    }
    if let Some(store) = &store {
        store.add_passed(&met.passed(arguments.version.native_subject()))?;
    }
    if diverged > 0 {
        output::tell(format_args!(
            "{} diverged; `stalemap fuzz` and `stalemap run` say how",
            counted(diverged, "execution")
        ));
    }
    if interrupted() {
        return Ok(Ending::Interrupted);
    }
    Ok(inputs.ending(if diverged > 0 { Ending::Diverge } else { Ending::Agree }))
}

/// Runs a campaign; how many executions diverged.
fn campaign(kernels: &Kernels, arguments: &CoverageArguments) -> Result<u64> {
    let campaign = Campaign::new(kernels.clone())
        .settings(kernels.settings(arguments.ops as usize))
        .seed(arguments.seed)
        .time(Duration::from_secs(arguments.seconds))
        .stop_when(interrupted);
    let mut watched = Watched { status: Status::new(), seconds: arguments.seconds, diverged: 0 };
    let stats = campaign.run(&mut watched)?;
    watched.status.clear();
    let (executions, operations) =
        (counted(stats.executions, "execution"), counted(stats.tally.operations(), "operation"));
    output::print_line(format_args!(
        "{executions}, {operations} in {:.1} s, seed {}",
        stats.time.as_secs_f64(),
        arguments.seed
    ))?;
    Ok(watched.diverged)
}

/// What is seen of the campaign.
struct Watched {
    status: Status,
    seconds: u64,
    diverged: u64,
}

impl Observer for Watched {
    fn diverged(&mut self, _: Diverged) -> ControlFlow<()> {
        self.diverged += 1;
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: &Progress) {
        let seconds = self.seconds;
        self.status.show(|| {
            format!("{} of {seconds} s  {} executions", progress.time.as_secs(), grouped(progress.executions))
        });
    }
}

/// Inputs that are said ahead at once.
const AHEAD: usize = 256;

/// Runs the inputs; how many diverged.
fn replay(kernels: &Kernels, inputs: &mut Inputs) -> Result<u64> {
    let mut driver = Driver::new(kernels.clone());
    let (mut status, mut done, mut diverged) = (Status::new(), 0, 0);
    loop {
        let mut programs: Vec<Program> = Vec::new();
        while programs.len() < AHEAD
            && let Some((_, input)) = inputs.read_next()?
        {
            programs.push(input.trace.program());
        }
        if programs.is_empty() || interrupted() {
            break;
        }
        driver.look_ahead(&programs)?;
        for program in &programs {
            // What the kernel cannot be is no input of it.
            if let Ok(run) = driver.run(program, Compare::Touched) {
                done += 1;
                diverged += u64::from(run.divergence.is_some());
            }
        }
        status.show(|| format!("{} inputs, {} left", grouped(done), grouped(inputs.left() as u64)));
    }
    status.clear();
    output::print_line(counted(done, "input"))?;
    Ok(diverged)
}

/// The lines and functions of a file that have a place, each with whether one of its places was passed.
#[derive(Default)]
struct File {
    lines: BTreeMap<u32, bool>,
    functions: BTreeMap<String, bool>,
}

/// What was met of the source.
struct Met {
    files: BTreeMap<String, File>,
    places: [usize; 2],
}

impl Met {
    fn of(passes: &Passes, lines: &SourceLines) -> Met {
        let mut met = Met { files: BTreeMap::new(), places: [0; 2] };
        for (address, is_passed) in passes.places() {
            met.places[0] += usize::from(is_passed);
            met.places[1] += 1;
            let Some(line) = lines.at(address) else { continue };
            let file = met.files.entry(line.file).or_default();
            *file.lines.entry(line.line).or_default() |= is_passed;
            *file.functions.entry(line.function).or_default() |= is_passed;
        }
        met
    }

    /// A line for each source, headers together, and one for all places.
    fn table(&self) -> String {
        let mut text = format!("{:<28} {:>15} {:>15}\n", "file", "functions", "lines");
        let mut headers = [[0; 2]; 2];
        for (name, file) in &self.files {
            let [functions, lines] = [share(file.functions.values()), share(file.lines.values())];
            if is_header(name) {
                for (sum, more) in headers.iter_mut().zip([functions, lines]) {
                    (sum[0], sum[1]) = (sum[0] + more[0], sum[1] + more[1]);
                }
                continue;
            }
            text += &row(name, functions, lines);
        }
        text += &row("headers", headers[0], headers[1]);
        let [passed, all] = self.places;
        text + &format!("{} of {} places\n", grouped(passed as u64), grouped(all as u64))
    }

    /// The same for a store. What stands in headers is counted where it is compiled into.
    fn passed(self, subject: &str) -> Passed {
        let files = self.files.into_iter().filter(|(name, _)| !is_header(name));
        let file = |(name, File { lines, functions }): (String, File)| (name, PassedFile { functions, lines });
        Passed { subject: subject.to_string(), files: files.map(file).collect() }
    }

    /// The functions that were never passed, a line for each source; a function of a header is compiled into those that pass it.
    fn missing(&self) -> String {
        let of_file = |(name, file): (&String, &File)| {
            let never = file.functions.iter().filter(|(_, is_passed)| !**is_passed);
            let names: Vec<&str> = never.map(|(name, _)| name.as_str()).collect();
            (!names.is_empty()).then(|| format!("never {name}: {}\n", names.join(" ")))
        };
        self.files.iter().filter(|(name, _)| !is_header(name)).filter_map(of_file).collect()
    }
}

fn is_header(name: &str) -> bool {
    name.ends_with(".h")
}

fn row(name: &str, functions: [usize; 2], lines: [usize; 2]) -> String {
    let of = |[passed, all]: [usize; 2]| format!("{} of {}", grouped(passed as u64), grouped(all as u64));
    format!("{name:<28} {:>15} {:>15}\n", of(functions), of(lines))
}

/// How many were passed, of how many.
fn share<'a>(passed: impl Iterator<Item = &'a bool>) -> [usize; 2] {
    passed.fold([0; 2], |[passed, all], is_passed| [passed + usize::from(*is_passed), all + 1])
}

#[cfg(test)]
mod tests {
    use super::{File, Met};

    #[test]
    fn a_source_has_its_line_and_headers_have_one_together() {
        let file = |passed: [bool; 2]| File {
            lines: (1..).zip(passed).collect(),
            functions: ["first", "second"].map(str::to_string).into_iter().zip(passed).collect(),
        };
        let files = [("mm/rmap.c", [true, false]), ("a.h", [true, true]), ("b.h", [false, false])];
        let files = files.map(|(name, passed)| (name.to_string(), file(passed))).into_iter().collect();
        let met = Met { files, places: [3, 6] };
        let expected = [
            "file                               functions           lines",
            "mm/rmap.c                             1 of 2          1 of 2",
            "headers                               2 of 4          2 of 4",
            "3 of 6 places",
        ];
        assert_eq!(met.table().lines().collect::<Vec<_>>(), expected);
        assert_eq!(met.missing(), "never mm/rmap.c: second\n");
        let passed = met.passed("linux-6.12-native");
        let counts: Vec<_> =
            passed.files.iter().map(|(name, file)| (name.as_str(), file.functions(), file.lines())).collect();
        assert_eq!(counts, [("mm/rmap.c", [1, 2], [1, 2])]);
    }
}
