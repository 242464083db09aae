//! What campaigns and kept traces of a row say, held against what is known of it.

use stalemap::Trace;

use crate::campaign::{Outcome, campaign, kept, replay};
use crate::catalogue::{Known, Row, row};

/// What a row's campaign comes to, if that is what is known of it, in a few words.
///
/// # Errors
/// Says what is not as it is known.
pub fn check(row: &Row, executions: u64) -> Result<String, String> {
    agree(row, &campaign(row, None, executions)?)
}

/// Holds what a campaign has come to against what is known.
///
/// # Errors
/// Says what is not as it is known.
pub fn agree(row: &Row, outcome: &Outcome) -> Result<String, String> {
    let kept = kept(row)?;
    let mut findings: Vec<_> = outcome.findings.iter().collect();
    findings.sort_by_key(|(_, found)| found.executions);
    if let Some((signature, found)) = findings.iter().find(|(signature, _)| !kept.contains_key(*signature)) {
        return Err(format!("{signature} is new, at execution {}\n{}", found.executions, found.trace));
    }
    traces(row)?;
    match row.known {
        Known::Agrees => Ok("agrees".to_string()),
        Known::Fault { what, .. } => {
            let (signature, found) = findings.first().ok_or("its fault is not found")?;
            Ok(format!("`{signature}` at execution {}: {what}", found.executions))
        }
    }
}

/// Replays the traces that are kept of a row: each shows on it what its file says, and nothing on the version in which the
/// fault is repaired.
///
/// # Errors
/// Says what is not as it is known.
pub fn traces(row: &Row) -> Result<(), String> {
    let kept = kept(row)?;
    let Known::Fault { repaired, .. } = row.known else {
        return if kept.is_empty() { Ok(()) } else { Err("traces are kept of it, and no fault is known".to_string()) };
    };
    if kept.is_empty() {
        return Err("a fault is known, and no trace is kept of it".to_string());
    }
    for (signature, trace) in &kept {
        let again = replay(row, trace)?;
        if again.as_ref() != Some(signature) {
            return Err(format!("the trace of {signature} shows {again:?}"));
        }
        if let Some(version) = repaired {
            passes(row, version, trace)?;
        }
    }
    Ok(())
}

/// The version in which a fault is repaired agrees where the earlier one does not.
fn passes(earlier: &Row, version: &'static str, trace: &Trace) -> Result<(), String> {
    let name = Row { version, ..*earlier }.name();
    let repaired = row(&name).ok_or_else(|| format!("there is no {name}"))?;
    match replay(repaired, trace)? {
        None => Ok(()),
        Some(signature) => Err(format!("{name} diverges as well: {signature}\n{trace}")),
    }
}
