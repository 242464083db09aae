//! Results for code scanning: SARIF 2.1.0 (OASIS standard, 27 March 2020), as far as findings have what it can say.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::finding::Finding;
use crate::results::{FileResult, Verdict};

/// A log with one run, which any serializer of JSON writes down.
#[derive(Clone, Debug, Serialize)]
pub struct Sarif<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

/// A result for each replayed file that diverges, a notification for each that could not be run. The version is that of
/// Stalemap.
#[must_use]
pub fn sarif_of_results<'a>(results: &'a [FileResult], version: &'a str) -> Sarif<'a> {
    let findings = results.iter().filter_map(|result| match &result.verdict {
        Verdict::Diverge(finding) => Some((&**finding, Some(Place { file: &result.file, line: result.line }))),
        Verdict::Agree | Verdict::Trouble(_) => None,
    });
    let troubles = results.iter().filter_map(|result| match &result.verdict {
        Verdict::Trouble(sentence) => Some(Notification {
            level: "error",
            message: Message { text: sentence.clone() },
            locations: vec![Location::of(Place { file: &result.file, line: None })],
        }),
        Verdict::Agree | Verdict::Diverge(_) => None,
    });
    log(findings, troubles.collect(), version)
}

/// A result for each finding of a campaign, at the path of its file where there is one. The version is that of Stalemap.
#[must_use]
pub fn sarif_of_findings<'a>(
    findings: impl IntoIterator<Item = (&'a Finding, Option<&'a str>)>,
    version: &'a str,
) -> Sarif<'a> {
    let placed = findings.into_iter().map(|(finding, file)| {
        let line = line_of_step(&finding.file(version, ""), finding.step);
        (finding, file.map(|file| Place { file, line }))
    });
    log(placed, Vec::new(), version)
}

/// The line of a trace's text that has this operation, both counted from 1.
///
/// ```
/// let text = "# A title.\nmachine ram=1 spaces=1 pages=1\nmap s0 v0 r\n\n# Here.\nread s0 v0\n";
/// assert_eq!(stalemap_report::line_of_step(text, 2), Some(6));
/// assert_eq!(stalemap_report::line_of_step(text, 3), None);
/// ```
#[must_use]
pub fn line_of_step(text: &str, step: usize) -> Option<usize> {
    let is_content = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    // The machine stands before the operations.
    (1..).zip(text.lines()).filter(|(_, line)| is_content(line)).nth(step).map(|(number, _)| number)
}

#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    line: Option<usize>,
}

fn log<'a>(
    findings: impl Iterator<Item = (&'a Finding, Option<Place<'a>>)>,
    troubles: Vec<Notification>,
    version: &'a str,
) -> Sarif<'a> {
    let mut numbers = BTreeMap::new();
    let mut rules = Vec::new();
    let mut results = Vec::new();
    for (finding, place) in findings {
        let id = finding.signature.as_str();
        let index = *numbers.entry(id).or_insert_with(|| {
            rules.push(Rule { id, short_description: Message { text: meaning(id) } });
            rules.len() - 1
        });
        results.push(SarifResult {
            rule_id: id,
            rule_index: index,
            level: "error",
            message: Message { text: sentence(finding) },
            locations: place.map(Location::of).into_iter().collect(),
            partial_fingerprints: Fingerprints { signature: id },
        });
    }
    let invocation = Invocation { execution_successful: troubles.is_empty(), notifications: troubles };
    let driver = Driver { name: "Stalemap", version, information_uri: HOME, rules };
    Sarif {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run { tool: Tool { driver }, invocations: [invocation], results }],
    }
}

const HOME: &str = "https://github.com/stalemap/stalemap";

/// What a signature says, in words.
fn meaning(signature: &str) -> String {
    let parts = signature.split_once('.').and_then(|(oracle, rest)| Some((oracle, rest.split_once('@')?)));
    let Some((oracle, (fact, operation))) = parts else { return signature.to_string() };
    let fact = fact.replace('_', " ");
    match oracle {
        "panic" => format!("panic in {operation}: {fact}"),
        "termination" => format!("{operation} does not end"),
        _ => format!("{oracle}: {fact} differs after {operation}"),
    }
}

fn sentence(finding: &Finding) -> String {
    let Finding { step, operation, subject, expected, actual, .. } = finding;
    let (oracle, _) = finding.signature.split_once('.').unwrap_or_default();
    // What crashes while it is built has come to no operation.
    let place = if operation.is_empty() { "its start".to_string() } else { format!("operation {step}, {operation}") };
    match oracle {
        "panic" | "termination" => format!("{subject} at {place}: {actual}"),
        _ => format!("{subject} and the reference differ at {place}: expected {expected}, got {actual}"),
    }
}

#[derive(Clone, Debug, Serialize)]
struct Run<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    results: Vec<SarifResult<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    version: &'a str,
    information_uri: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(rename = "toolExecutionNotifications", skip_serializing_if = "Vec::is_empty")]
    notifications: Vec<Notification>,
}

#[derive(Clone, Debug, Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
    partial_fingerprints: Fingerprints<'a>,
}

#[derive(Clone, Debug, Serialize)]
struct Message {
    text: String,
}

/// Equal signatures are one finding.
#[derive(Clone, Debug, Serialize)]
struct Fingerprints<'a> {
    #[serde(rename = "stalemapSignature/v1")]
    signature: &'a str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Clone, Debug, Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

impl Location {
    fn of(place: Place<'_>) -> Location {
        Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: uri(place.file) },
                region: place.line.map(|start_line| Region { start_line }),
            },
        }
    }
}

/// A path as a reference (RFC 3986): what a path may not have is written in percent, and none looks like a scheme.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = if path.starts_with('/') { "file://".to_string() } else { String::new() };
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/@!$&'()*+,;=".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::{meaning, uri};

    #[test]
    fn a_path_is_a_reference() {
        assert_eq!(uri("./a b/c#1.trace"), "a%20b/c%231.trace");
        assert_eq!(uri("/tmp/ä.trace"), "file:///tmp/%C3%A4.trace");
        assert_eq!(uri("id:000,x"), "id%3A000,x", "or `id` would be a scheme");
    }

    #[test]
    fn a_rule_says_what_its_signature_means() {
        assert_eq!(meaning("rmap.places@migrate"), "rmap: places differs after migrate");
    }
}
