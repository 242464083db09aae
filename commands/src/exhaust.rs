//! `stalemap exhaust`: an exhaustive exploration, printed depth by depth.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use stalemap_campaign::{Deeper, DepthProgress, Exploration, ExploreError};
use stalemap_harness::{Divergence, Hang, Transitions};
use stalemap_operations::{Dialect, Machine, Program, Trace};
use stalemap_report::{Finding, counted, grouped};

use crate::command_line::CommandLine;
use crate::ending::Ending;
use crate::fuzz::cores;
use crate::interrupt::interrupted;
use crate::status::Status;
use crate::subjects::{ChosenSubject, Subjects};
use crate::{hang, output, values};

/// The machine of the certificate.
pub const TINY: Machine = match Machine::new([2, 1, 0], 2, 2, Dialect::Linux6_12) {
    Some(machine) => machine,
    None => panic!("sizes within limits"),
};

/// Try every operation from every state that can be reached, breadth first, and compare both sides
#[derive(Debug, Args)]
#[command(after_help = "\
A line for each depth has the number of states that are first reached there, that of the operations tried from the states before, \
and a digest of all states so far. Equal digests mean equal sets of states. A state is what both sides hold; of a subject that does \
not show all that it holds, such as a kernel, it is what the reference holds, and the second line says so. Ends with the state space, with --depth, or after \
the depth in which --seconds are over; Ctrl-C ends it at the last depth that was complete. A constructor that crashes is a divergence as well.

Examples:
  stalemap exhaust --depth 4
  stalemap exhaust --machine \"ram=2 device=1 spaces=2 pages=2\" --seconds 600")]
pub struct ExhaustArguments<C: Args> {
    /// The machine, as on a machine line
    #[arg(long, value_name = "MACHINE", default_value_t = TINY, value_parser = values::machine)]
    machine: Machine,
    /// The subject that is driven.
    #[command(flatten)]
    subject: C,
    /// End after this depth
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    depth: u32,
    /// Begin no further depth after this many seconds
    #[arg(long, value_name = "N", default_value_t = 600)]
    seconds: u64,
    /// Operations that may be tried at the same time; as many as there are cores where none is given
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// A file to which the lines are written as well
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Explores the machine, and prints each depth.
///
/// # Errors
/// When the subject is not there, it cannot be the machine, or the lines cannot be written.
pub fn exhaust<S: Subjects>(line: &CommandLine<S>, arguments: &ExhaustArguments<S::Choice>) -> Result<Ending> {
    let start = Instant::now();
    let machine = arguments.machine;
    let mut exploration = match exploration(line, &arguments.subject, machine)? {
        Ok(exploration) => exploration,
        Err(error) => return diverges_or_fails(error),
    };
    let mut lines = vec![format!("# machine {machine}")];
    if !exploration.has_complete_states() {
        let name = line.subjects().chosen(&arguments.subject)?.name;
        lines.push(format!("# states of the reference: {name} does not show all that it holds"));
    }
    lines.push("# depth states edges digest".to_string());
    output::print_line(lines.join("\n"))?;
    for depth in 1..=arguments.depth {
        if exploration.is_closed() || start.elapsed() >= Duration::from_secs(arguments.seconds) {
            break;
        }
        let edges = match deepen(&mut exploration, arguments.jobs) {
            Ok(Deeper::Edges(edges)) => edges,
            Ok(Deeper::Stopped) => return Ok(Ending::Interrupted),
            Ok(Deeper::Diverges(program, divergence)) => return diverges(program, &divergence),
            Err(error) => return diverges_or_fails(error),
        };
        let line = format!("{depth} {} {edges} {}", exploration.states_of_last_depth(), exploration.digest());
        output::print_line(&line)?;
        lines.push(line);
    }
    if exploration.is_closed() {
        lines.push("# the state space is closed".to_string());
        output::print_line(lines[lines.len() - 1].as_str())?;
    }
    if let Some(path) = &arguments.out {
        output::write_file(path, (lines.join("\n") + "\n").as_bytes())?;
    }
    let states = counted(exploration.states() as u64, "state");
    output::tell(format_args!("{states} in {:.0} s", start.elapsed().as_secs_f64()));
    Ok(Ending::Agree)
}

/// An exploration that a divergence has ended is a finding; anything else that ends it is trouble.
fn diverges_or_fails(error: ExploreError) -> Result<Ending> {
    if let ExploreError::Unsteady(_) = error {
        output::tell("it diverges on the way to a state that was reached before: it does not repeat itself");
    }
    if let ExploreError::Start(way) | ExploreError::Unsteady(way) = error {
        return diverges(way.program, &way.divergence);
    }
    Err(error.into())
}

fn diverges(program: Program, divergence: &Divergence) -> Result<Ending> {
    output::print_line(format_args!("{}: {:?}", divergence.signature(), divergence.mismatch))?;
    output::print(Trace::from(program))?;
    Ok(Ending::Diverge)
}

/// The start of a machine; operations that do not end are printed, and end the program.
fn exploration<S: Subjects>(
    line: &CommandLine<S>,
    choice: &S::Choice,
    machine: Machine,
) -> Result<Result<Exploration, ExploreError>> {
    let ChosenSubject { build, .. } = line.subjects().chosen(choice)?;
    let program = line.name().to_string();
    let print = |finding: &Finding, _: &Hang| output::print_line(finding.text());
    let exploration = Exploration::new(build, machine);
    Ok(exploration.map(|it| it.on_hang(line.limit(), move |hang| hang::end(&program, &hang, &print))))
}

/// The transitions that are met by every operation from every state up to this depth; none where it is interrupted.
///
/// # Errors
/// When the subject is not there, cannot be the machine, or the sides diverge.
pub fn transitions<S: Subjects>(line: &CommandLine<S>, machine: Machine, depth: u32) -> Result<Option<Transitions>> {
    let mut exploration = exploration(line, &S::Choice::default(), machine)??;
    for _ in 0..depth {
        match deepen(&mut exploration, None)? {
            Deeper::Edges(_) => {}
            Deeper::Stopped => return Ok(None),
            Deeper::Diverges(..) => bail!("the two sides diverge; `{} exhaust` shows where", line.name()),
        }
    }
    Ok(Some(exploration.transitions().clone()))
}

/// One depth more, with a status line.
fn deepen(exploration: &mut Exploration, jobs: Option<u32>) -> Result<Deeper, ExploreError> {
    let mut status = Status::new();
    let jobs = jobs.unwrap_or_else(cores);
    let deeper = exploration.deepen(jobs, &interrupted, &mut |DepthProgress { done, all }| {
        status.show(|| format!("{} of {} states of this depth", grouped(done as u64), grouped(all as u64)));
    });
    status.clear();
    deeper
}
