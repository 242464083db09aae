//! The summary of a campaign: what it met and found, as text, JSON, JUnit or SARIF.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;
use stalemap_harness::{Signature, Skipped, Transitions};
use stalemap_operations::{KindSet, LARGE_FOLIOS};
use stalemap_report::{Ending as HowEnded, Finding, Summary, grouped, junit_of_findings, sarif_of_findings};

use crate::findings::{Done, KeptFinding, SoFar};
use crate::interrupt::interrupted;
use crate::output;
use crate::values::Format;

/// What a campaign did, whichever engine made its executions.
#[derive(Clone, Debug)]
pub struct CampaignWork {
    /// What makes the executions.
    pub engine: &'static str,
    /// The seed.
    pub seed: u64,
    /// The command that does it again.
    pub command: String,
}

/// The summary of this work and of what it found; empty where it speaks of marks, outcomes and oracles. Of the findings those
/// with a `known` signature are none.
#[must_use]
pub fn of_work(so_far: &SoFar, known: &BTreeSet<Signature>, kinds: KindSet, work: CampaignWork) -> Summary {
    let SoFar { work: done, counts, findings, .. } = so_far;
    let files = findings.iter().filter_map(|it| Some((it.finding.signature.clone(), it.file.clone()?)));
    Summary {
        seed: work.seed,
        command: work.command,
        engine: work.engine,
        kept: None,
        engine_operations: None,
        engine_cpu_seconds: None,
        ending: if interrupted() { HowEnded::Interrupted } else { HowEnded::Done },
        executions: done.executions,
        operations: done.operations,
        seconds: done.time.as_secs_f64(),
        transitions: done.transitions,
        possible_transitions: possible_transitions(kinds),
        last_new_seconds: done.last_new.map(|time| time.as_secs_f64()),
        marks: BTreeMap::new(),
        tally: BTreeMap::new(),
        never_met: Vec::new(),
        signatures: counts.iter().map(|(signature, count)| (signature.to_string(), *count)).collect(),
        known: counts.keys().filter(|it| known.contains(it)).map(Signature::to_string).collect(),
        files: files.collect(),
        skipped_oracles: Vec::new(),
    }
}

/// The names of all coverage marks.
#[must_use]
pub fn all_marks() -> &'static [&'static str] {
    stalemap_report::MARKS
}

/// Transitions of these operations from states that are possible; those of large folios where an operation makes some.
#[must_use]
pub fn possible_transitions(kinds: KindSet) -> usize {
    let has_huge = kinds.iter().any(|kind| kind.row().level == LARGE_FOLIOS);
    let is_possible = |cell: usize| has_huge || !Transitions::needs_huge_pages(cell);
    Transitions::possible().filter(|&cell| is_possible(cell) && kinds.contains(Transitions::meaning(cell).0)).count()
}

/// What a status line says of transitions and findings.
#[must_use]
pub fn met_and_found(done: &Done, possible: usize, counts: &BTreeMap<Signature, u64>) -> String {
    let new = match done.last_new {
        Some(last) => format!(", the last new one {} s ago", done.time.saturating_sub(last).as_secs()),
        None => String::new(),
    };
    let findings: Vec<String> =
        counts.iter().map(|(signature, &count)| format!("{signature} ×{}", grouped(count))).collect();
    format!(
        "{} of {} transitions{new}  findings: {}",
        grouped(done.transitions as u64),
        grouped(possible as u64),
        if findings.is_empty() { "none".to_string() } else { findings.join(", ") }
    )
}

/// Oracles that could not check the subject, and why.
#[must_use]
pub fn skipped(oracles: &[Skipped]) -> Vec<String> {
    oracles.iter().map(Skipped::to_string).collect()
}

/// A campaign as JSON.
#[derive(Serialize)]
struct Results<'a> {
    version: &'static str,
    subject: &'a str,
    summary: &'a Summary,
    findings: &'a [&'a Finding],
    /// The old name of `findings`, for scripts.
    finds: &'a [&'a Finding],
}

/// How a campaign is printed.
#[derive(Clone, Copy, Debug)]
pub struct Printed {
    /// The form.
    pub format: Format,
    /// Whether each outcome and each mark is named.
    pub verbose: bool,
}

/// Prints a campaign: what was done and met, then the findings, and last where each of them is.
///
/// # Errors
/// When stdout does not take it.
pub fn print(subject: &str, how: Printed, summary: &Summary, findings: &[KeptFinding]) -> Result<()> {
    let plain: Vec<&Finding> = findings.iter().map(|kept| &kept.finding).collect();
    match how.format {
        Format::Text => {
            output::print(summary.text(how.verbose))?;
            for kept in findings {
                output::print(format_args!("\n{}", kept.text()))?;
            }
            let between = if findings.is_empty() { "" } else { "\n" };
            output::print(format_args!("{between}{}", summary.findings_text()))
        }
        Format::Junit => output::print_line(junit_of_findings(plain)),
        Format::Sarif => {
            let placed = findings.iter().map(|kept| (&kept.finding, kept.file.as_ref().map(|file| file.path.as_str())));
            let log = sarif_of_findings(placed, env!("CARGO_PKG_VERSION"));
            output::print_line(serde_json::to_string_pretty(&log)?)
        }
        Format::Json => {
            let version = env!("CARGO_PKG_VERSION");
            let campaign = Results { version, subject, summary, findings: &plain, finds: &plain };
            output::print_line(serde_json::to_string_pretty(&campaign)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use stalemap_harness::Signature;

    use super::{Done, met_and_found};

    #[test]
    fn a_status_line_tells_what_was_met_when_last_and_what_was_found_how_often() {
        let time = Duration::from_secs(90);
        let mut done = Done { executions: 7, operations: 400, transitions: 1_234, time, last_new: None };
        let mut counts: BTreeMap<Signature, u64> = BTreeMap::new();
        assert_eq!(met_and_found(&done, 2_715, &counts), "1,234 of 2,715 transitions  findings: none");
        done.last_new = Some(Duration::from_secs(60));
        for (text, count) in [("rmap.places@migrate", 1), ("mapping.writable@fork", 12_345)] {
            counts.insert(text.parse().expect("a signature"), count);
        }
        let expected = "1,234 of 2,715 transitions, the last new one 30 s ago  \
                        findings: mapping.writable@fork ×12,345, rmap.places@migrate ×1";
        assert_eq!(met_and_found(&done, 2_715, &counts), expected);
    }
}
