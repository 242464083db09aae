//! How fast and how small: one table of the allocator and the harness beside their peers, from one run.
//!
//! Every figure is an instruction count, or a ratio of two things that were timed alternately in the same run.
//! `allocator`, `migration`, `harness`, `isolation` and `engines` make the rows; `frames` and `churn` are what the frame allocators in `peers`
//! are asked to do, `state_machine` is the harness's peer; `callgrind` counts, `clock` times, `table` prints.

mod allocator;
mod callgrind;
mod campaign;
mod churn;
mod clock;
mod engines;
mod frames;
mod harness;
mod header;
mod isolation;
mod linux;
mod migration;
mod peers;
mod state_machine;
mod table;

use std::process::ExitCode;

use table::Row;

const HELP: &str = "\
Prints one table: what is measured, ours, the peer's, their ratio, the goal, and whether it is met.

usage: cargo run --release -p stalemap-bench [-- [ID…]]

  ID       only the rows whose id begins with it, such as A1 or H
  --help   this text

The table goes to stdout, progress to stderr. Instructions are counted by valgrind (callgrind), which the benchmark
starts on itself; without it those rows say so.

examples:
  cargo run --release -p stalemap-bench
  cargo run --release -p stalemap-bench -- A1 H
";

/// A goal's rows: the ids that it makes, and how.
struct Group {
    id: &'static str,
    rows: fn() -> Vec<Row>,
}

const GROUPS: &[Group] = &[
    Group { id: "A1", rows: allocator::pairs },
    Group { id: "A2", rows: allocator::bulk_rows },
    Group { id: "A3", rows: allocator::mixed },
    Group { id: "A4", rows: allocator::sizes },
    Group { id: "A5", rows: allocator::metadata },
    Group { id: "M1", rows: migration::rows },
    Group { id: "G1", rows: harness::generated },
    Group { id: "H1", rows: harness::speed },
    Group { id: "H2", rows: harness::oracles },
    Group { id: "H3", rows: harness::reset },
    Group { id: "H4", rows: harness::reference },
    Group { id: "I1", rows: isolation::rows },
    Group { id: "K1", rows: linux::rows },
    Group { id: "F1", rows: engines::rows },
];

/// Runs what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("--help" | "-h") => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Some(callgrind::COMMAND) => kernel(&arguments[1..]),
        _ => report(&arguments),
    }
}

/// Runs one kernel, under callgrind or to see it run.
fn kernel(arguments: &[String]) -> ExitCode {
    let [name] = arguments else { return trouble("name one kernel") };
    if allocator::run_kernel(name) || migration::run_kernel(name) || harness::run_kernel(name) {
        ExitCode::SUCCESS
    } else {
        trouble(&format!("there is no kernel `{name}`"))
    }
}

fn report(wanted: &[String]) -> ExitCode {
    let is_wanted = |group: &&Group| wanted.is_empty() || wanted.iter().any(|id| id.starts_with(group.id));
    let begins = |id: &String| GROUPS.iter().any(|group| group.id.starts_with(id.as_str()));
    if let Some(unknown) = wanted.iter().find(|id| !begins(id)) {
        return trouble(&format!("no row's id begins with `{unknown}`"));
    }
    let is_wanted = |group: &&Group| is_wanted(group) || wanted.iter().any(|id| group.id.starts_with(id.as_str()));
    let mut rows = Vec::new();
    for group in GROUPS.iter().filter(is_wanted) {
        eprintln!("{} …", group.id);
        rows.extend((group.rows)());
    }
    print!("{}\n{}", header::text(wanted), table::text(&rows));
    ExitCode::SUCCESS
}

fn trouble(sentence: &str) -> ExitCode {
    eprintln!("error: {sentence}; see --help");
    ExitCode::from(2)
}
