//! The table of the faults that were put into a kernel, and how each was found.

use std::fmt::Write as _;
use std::time::Duration;

use stalemap_linux::{Fault, Target};

/// What became of a fault.
#[derive(Clone, Debug)]
pub(super) enum Row {
    /// It was found, and brought to its shortest form.
    Found {
        fault: Fault,
        signature: String,
        /// Executions until it showed.
        executions: u64,
        /// Time until it showed, the start of the kernel included.
        search: Duration,
        /// Time that minimising took.
        minimising: Duration,
        /// Operations that were left.
        operations: usize,
    },
    /// It did not show in so many executions.
    Missed { fault: Fault, executions: u64 },
}

/// The page of the faults that were looked for in so many executions of a seed.
pub(super) fn table(kernel: Target, release: &str, (seed, runs): (u64, u64), rows: &[Row]) -> String {
    let found = rows.iter().filter(|row| matches!(row, Row::Found { .. })).count();
    let way = if matches!(kernel, Target::Native(_)) { "as a native process" } else { "in a virtual machine" };
    let native = if matches!(kernel, Target::Native(_)) { "--native " } else { "" };
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes everything");
    line(format!("# Faults put into Linux {release} {way}\n"));
    line(format!(
        "Written by `stalemap linux mutants {native}--version {} --seed {seed} --runs {runs} --table FILE`. A bit of the kernel's parameter\n\
         switches each on; random executions of the seed find it, and the first that shows it is minimised. Seconds are of one\n\
         run on a machine with other work. Found: {found} of {}.\n",
        kernel.version(),
        rows.len()
    ));
    line(
        "| fault | where it comes from | found as | executions | seconds to find and to minimise | operations |".into(),
    );
    line("|---|---|---|--:|--:|--:|".into());
    for row in rows {
        line(cells(kernel, row));
    }
    line("\n| fault | what is wrong |\n|---|---|".into());
    for row in rows {
        let (Row::Found { fault, .. } | Row::Missed { fault, .. }) = row;
        line(format!("| `{}` | {} |", fault.name, fault.meaning));
    }
    text
}

fn cells(kernel: Target, row: &Row) -> String {
    match row {
        Row::Found { fault, signature, executions, search, minimising, operations } => format!(
            "| `{}` | {} | `{signature}` | {executions} | {:.1} + {:.1} | {operations} |",
            fault.name,
            fault.source,
            search.as_secs_f64(),
            minimising.as_secs_f64()
        ),
        Row::Missed { fault, executions } => {
            let equivalent = fault.equivalent.filter(|(version, _)| kernel.version() >= *version);
            let why = equivalent.map_or("not found".to_string(), |(_, why)| format!("changes nothing: {why}"));
            format!("| `{}` | {} | {why} | {executions} | | |", fault.name, fault.source)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stalemap_linux::{HISTORY, MUTANTS, Target, Version};

    use super::{Row, table};

    #[test]
    fn each_fault_has_a_row_that_says_whether_it_was_found() {
        let found = Row::Found {
            fault: HISTORY[0],
            signature: "mapping.writable@fork".to_string(),
            executions: 7,
            search: Duration::from_millis(1_300),
            minimising: Duration::from_millis(200),
            operations: 3,
        };
        let missed = |fault| Row::Missed { fault, executions: 5_000 };
        let kernel = Target::new(Version::V6_12, true);
        let text = table(kernel, "6.12.0", (1, 5_000), &[found, missed(MUTANTS[0]), missed(MUTANTS[1])]);
        assert!(text.contains("Found: 1 of 3.") && text.contains("--seed 1 --runs 5000 --table"), "{text}");
        assert!(text.contains("| `mapping.writable@fork` | 7 | 1.3 + 0.2 | 3 |"), "{text}");
        assert!(text.contains("| changes nothing: ") && text.contains("| not found | 5000 |"), "{text}");
        assert!(text.contains(HISTORY[0].source) && text.contains(HISTORY[0].meaning), "{text}");
    }
}
