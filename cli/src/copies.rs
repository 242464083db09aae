//! The texts of a finding that a reader of its page can copy: the trace, a Rust test, a C program and a command.

use anyhow::{Result, anyhow};
use stalemap_linux::SELFTEST;
use stalemap_operations::Trace;
use stalemap_page::Copies;
use stalemap_report::Finding;

use crate::export;

/// The texts of a finding. Programs are named by `stem`; `command` replays the trace.
pub(crate) fn copies(finding: &Finding, stem: &str, command: &str) -> Result<Copies> {
    let shortened = Trace::parse(&finding.trace).map_err(|error| anyhow!("{error}"))?;
    let (rust, c) = export::programs(&shortened, stem);
    let trace = finding.file_replayed_by(env!("CARGO_PKG_VERSION"), command);
    let c = c.map(|text| match text.split_once(SELFTEST) {
        Some((before, behind)) => [before.to_string(), behind.to_string()],
        None => [text, String::new()],
    });
    Ok(Copies { trace, rust: Some(rust), c, command: command.to_string() })
}
