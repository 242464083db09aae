//! The summary of a campaign: what it met and found, as text, JSON or JUnit.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use stalemap_harness::{Signature, Skipped};
use stalemap_report::{Ending as HowEnded, Finding, Summary, junit_of_findings};

use crate::findings::Kept;
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
    /// Executions that were done.
    pub executions: u64,
    /// Time that it took.
    pub time: Duration,
}

/// The summary of this work and of what it found; empty where it speaks of transitions, marks, operations and oracles.
pub fn of_work(kept: &Kept, work: CampaignWork) -> Summary {
    let counts = kept.all.counts();
    Summary {
        seed: work.seed,
        command: work.command,
        engine: work.engine,
        kept: None,
        engine_operations: None,
        engine_cpu_seconds: None,
        ending: if interrupted() { HowEnded::Interrupted } else { HowEnded::Done },
        executions: work.executions,
        operations: 0,
        seconds: work.time.as_secs_f64(),
        transitions: 0,
        marks: BTreeMap::new(),
        tally: BTreeMap::new(),
        never_met: Vec::new(),
        signatures: counts.iter().map(|(signature, count)| (signature.to_string(), *count)).collect(),
        known: counts.keys().filter(|it| kept.all.known().contains(it)).map(Signature::to_string).collect(),
        skipped_oracles: Vec::new(),
    }
}

/// The findings of a status line.
#[must_use]
pub fn findings_of(counts: &BTreeMap<Signature, u64>) -> String {
    let findings: Vec<String> = counts.iter().map(|(signature, count)| format!("{signature} ×{count}")).collect();
    if findings.is_empty() { "none".to_string() } else { findings.join(", ") }
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
    findings: &'a [Finding],
    /// The old name of `findings`, for scripts.
    finds: &'a [Finding],
}

/// Prints a campaign.
///
/// # Errors
/// When stdout does not take it.
pub fn print(subject: &str, format: Format, summary: &Summary, findings: &[Finding]) -> Result<()> {
    match format {
        Format::Text => output::print(summary.text()),
        Format::Junit => output::print_line(junit_of_findings(findings)),
        Format::Json => {
            let campaign = Results { version: env!("CARGO_PKG_VERSION"), subject, summary, findings, finds: findings };
            output::print_line(serde_json::to_string_pretty(&campaign)?)
        }
    }
}
