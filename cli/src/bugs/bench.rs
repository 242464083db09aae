//! `stalemap bugs --bench`: each engine hunts each bug at each seed, and as long again with no bug on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use stalemap_commands::fuzz::cores;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::status::Status;
use stalemap_commands::{Ending, output};
use stalemap_implementation::Bug;

use super::arguments::BugsArguments;
use super::engine::Engine;
use super::hunt::{Hunt, Limits, hunt};
#[cfg(unix)]
use super::outside::Outside;
use super::results::{Measured, Results, Settings};
use super::{page, table};
use crate::catalogue::Line;

/// How often the file of results is written while hunts go on.
const BETWEEN_WRITES: Duration = Duration::from_secs(2);

/// A hunt that is to be done.
#[derive(Clone, Copy)]
struct Task {
    engine: Engine,
    bug: Option<Bug>,
    seed: u64,
    limits: Limits,
}

/// The engines that are ready to hunt.
struct Crew {
    #[cfg(unix)]
    outside: Option<Outside>,
}

impl Crew {
    /// Builds what engines outside this process need.
    fn prepare(engines: &[Engine]) -> Result<Crew> {
        #[cfg(unix)]
        return Ok(Crew { outside: Outside::prepare(engines)? });
        #[cfg(not(unix))]
        Ok(Crew {})
    }

    /// Does a hunt; nothing where the user interrupts.
    fn hunt(&self, task: &Task) -> Result<Option<Hunt>> {
        if let Some(mut source) = task.engine.start(task.seed, task.limits.operations) {
            return hunt(source.as_mut(), task.bug, task.limits);
        }
        #[cfg(unix)]
        if let Some(outside) = &self.outside {
            return outside.hunt(task.engine, task.bug, task.seed, task.limits);
        }
        // Building was interrupted.
        Ok(None)
    }
}

pub(super) fn bench(line: &Line, arguments: &BugsArguments) -> Result<Ending> {
    let engines = arguments.engines();
    let (bugs, seeds) = (arguments.bugs(), 0..arguments.seeds);
    page::check(arguments.page.as_deref(), "bench")?;
    let beside = arguments.out.with_extension("md");
    ensure!(
        beside != arguments.out,
        "--out names the file of the hunts, and their table is written beside it as {}: take another name",
        beside.display()
    );
    output::check_file(&arguments.out)?;
    let settings =
        Settings { version: env!("CARGO_PKG_VERSION").to_string(), operations: arguments.ops, cap: arguments.cap };
    let mut results = if arguments.fresh { Results::none(settings) } else { Results::open(&arguments.out, settings)? };
    if !results.hunts.is_empty() {
        let count = results.hunts.len();
        output::tell(format_args!(
            "going on from the {count} hunts in {}; --fresh starts anew",
            arguments.out.display()
        ));
    }
    let crew = Crew::prepare(&engines)?;
    let limits = Limits { operations: arguments.ops, time: Duration::from_secs(arguments.cap), executions: None };
    let each = |engine: Engine| bugs.iter().map(move |&bug| (engine, bug));
    let hunts = engines.iter().flat_map(|&engine| each(engine));
    let tasks =
        hunts.flat_map(|(engine, bug)| seeds.clone().map(move |seed| Task { engine, bug: Some(bug), seed, limits }));
    work(arguments, &crew, tasks.collect(), &mut results)?;
    // A run of the same length with no bug on must find nothing.
    let quiet = engines.iter().flat_map(|&engine| seeds.clone().map(move |seed| (engine, seed)));
    let tasks: Vec<Task> = quiet
        .map(|(engine, seed)| {
            let same = bugs.iter().filter_map(|bug| results.find(engine, Some(bug.name()), seed));
            let executions = Some(same.map(|it| it.executions).sum());
            let limits = Limits { executions, time: Duration::MAX, ..limits };
            Task { engine, bug: None, seed, limits }
        })
        .collect();
    if !interrupted() {
        work(arguments, &crew, tasks, &mut results)?;
    }
    if interrupted() {
        output::tell(format_args!(
            "interrupted; the same command goes on from the {} hunts in {}",
            results.hunts.len(),
            arguments.out.display()
        ));
        return Ok(Ending::Interrupted);
    }
    let table = table::markdown(&results, &engines, &bugs, arguments.seeds);
    output::write_file(&beside, table.as_bytes())?;
    output::print(&table)?;
    page::update(line, arguments.page.as_deref(), "bench", &table)?;
    output::tell(format_args!("written to {} and {}", arguments.out.display(), beside.display()));
    let undetected = table::undetected(&results, &bugs, arguments.seeds);
    let alarms = results.hunts.iter().filter(|it| it.bug.is_none() && it.signature.is_some()).count();
    for bug in &undetected {
        output::tell(format_args!("the native engine does not find {bug} at every seed"));
    }
    if alarms > 0 {
        output::tell(format_args!("{alarms} runs without a bug ended in a divergence"));
    }
    Ok(if undetected.is_empty() && alarms == 0 { Ending::Agree } else { Ending::Diverge })
}

/// Does the hunts that have no result yet, several at a time, and keeps what they come to.
fn work(arguments: &BugsArguments, crew: &Crew, tasks: Vec<Task>, results: &mut Results) -> Result<()> {
    let name = |task: &Task| task.bug.map(Bug::name);
    let tasks: Vec<Task> =
        tasks.into_iter().filter(|task| results.find(task.engine, name(task), task.seed).is_none()).collect();
    let jobs = arguments.jobs.unwrap_or_else(cores);
    let next = AtomicUsize::new(0);
    let mut status = Status::new();
    let mut written = Instant::now();
    let mut trouble = None;
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for _ in 0..jobs {
            let (sender, tasks, next) = (sender.clone(), &tasks, &next);
            scope.spawn(move || {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let hunted = crew.hunt(task);
                    let ends = !matches!(hunted, Ok(Some(_)));
                    if sender.send((task, hunted)).is_err() || ends {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (done, (task, hunted)) in (1..).zip(receiver) {
            match hunted {
                Ok(Some(hunt)) => results.hunts.push(Measured::new(task.engine, name(task), task.seed, &hunt)),
                Ok(None) => {}
                Err(error) => trouble = Some(error),
            }
            let what = name(task).unwrap_or("no bug");
            status.show(|| format!("{done} of {} hunts, last {what} by {}", tasks.len(), task.engine.name()));
            if written.elapsed() >= BETWEEN_WRITES && trouble.is_none() {
                trouble = results.write(&arguments.out).err();
                written = Instant::now();
            }
        }
    });
    status.clear();
    if let Some(error) = trouble {
        return Err(anyhow!(error));
    }
    results.write(&arguments.out)
}
