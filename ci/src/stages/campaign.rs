//! The stages that fuzz as a user would: a seeded campaign over all levels that finds nothing and leaves nothing untested.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::context::{Context, code_and_stdout};

/// The start of the marks that name a limit of a data structure.
const LIMIT: &str = "limit: ";

/// How `stalemap fuzz` ends when the campaign is over: nothing was found, or something was.
const OVER: &[i32] = &[0, 1];

pub(super) fn short(context: &Context) -> Result<()> {
    fuzz_for(context, 60, "1")
}

pub(super) fn long(context: &Context) -> Result<()> {
    // Another seed than the short one, so that the long one does not begin with the same executions.
    fuzz_for(context, 300, "2")
}

/// What is found stays in the target folder, to be looked at.
fn fuzz_for(context: &Context, seconds: u64, seed: &str) -> Result<()> {
    let sh = &context.sh;
    let seconds = context.seconds(seconds);
    let folder = context.fresh_folder("campaign")?;
    let fuzz = ["fuzz", "--seconds", &seconds, "--seed", seed, "--format", "json", "--out"];
    let (code, report) = code_and_stdout(context.stalemap().args(fuzz).arg(&folder))?;
    ensure!(OVER.contains(&code), "the campaign ended with exit code {code}");
    let report: Value = serde_json::from_str(&report).context("the report of the campaign is no JSON")?;
    let summary = &report["summary"];
    println!(
        "{} executions, {} operations in {:.1} s, {} transitions",
        summary["executions"],
        summary["operations"],
        summary["seconds"].as_f64().unwrap_or(f64::NAN),
        summary["transitions"]
    );
    for trace in sh.read_dir(&folder)?.iter().filter(|it| it.extension().is_some_and(|it| it == "trace")) {
        println!("{}:\n{}", trace.display(), sh.read_file(trace)?);
    }
    check(code, summary)
}

/// Fails where a divergence was found, and where a permitted outcome or a rule was never met: a campaign proves nothing
/// about what it did not meet. (The first 100,000 of the millions of executions of a minute meet all of them.)
fn check(code: i32, summary: &Value) -> Result<()> {
    let signatures = names(&summary["signatures"])?;
    ensure!(code == 0 && signatures.is_empty(), "the campaign found {}", signatures.join(", "));
    let never = names(&summary["never_met"])?;
    ensure!(never.is_empty(), "the campaign never met these permitted outcomes: {}", never.join(", "));
    let marks = summary["marks"].as_object().context("the summary of the campaign has no marks")?;
    ensure!(!marks.is_empty(), "the summary of the campaign has no marks");
    // Limits are met by few executions, large worlds; `harness/tests/strength/limits.rs` meets each of them for certain.
    let (limits, rules): (Vec<_>, Vec<_>) = marks.iter().partition(|(name, _)| name.starts_with(LIMIT));
    println!("{} of {} limits met", limits.iter().filter(|(_, count)| **count != 0).count(), limits.len());
    let missed: Vec<&str> = rules.iter().filter(|(_, count)| **count == 0).map(|(name, _)| name.as_str()).collect();
    ensure!(missed.is_empty(), "the campaign never met these rules: {}", missed.join("; "));
    Ok(())
}

/// The texts of a list, or the keys of a map.
fn names(value: &Value) -> Result<Vec<&str>> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().context("a name is no text")).collect(),
        Value::Object(map) => Ok(map.keys().map(String::as_str).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            anyhow::bail!("the summary of the campaign has `{value}` where names belong")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use serde_json::json;

    #[test]
    fn a_campaign_passes_only_if_it_met_everything_and_found_nothing() {
        let good =
            json!({ "signatures": {}, "never_met": [], "marks": { "fault back of a shared page": 3, "limit: 64": 0 } });
        check(0, &good).unwrap();
        let cases = [
            (1, "signatures", json!({ "outcome.errno@read": 2 }), "outcome.errno@read"),
            (0, "signatures", json!({ "outcome.errno@read": 2 }), "outcome.errno@read"),
            (1, "signatures", json!({}), "found"),
            (0, "never_met", json!(["copy ENOMEM"]), "copy ENOMEM"),
            (0, "marks", json!({ "met": 1, "eviction of a shared page": 0 }), "eviction of a shared page"),
            (0, "marks", json!({}), "no marks"),
            (0, "never_met", json!(null), "null"),
        ];
        for (code, key, value, complaint) in cases {
            let mut summary = good.clone();
            summary[key] = value;
            let error = check(code, &summary).unwrap_err().to_string();
            assert!(error.contains(complaint), "{key}: {error}");
        }
    }
}
