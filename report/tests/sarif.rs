//! SARIF against the schema of version 2.1.0: what each object must have, and what it may have, as far as objects are written.

use serde_json::{Value, json};
use stalemap_harness::{Compare, Driver};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Trace};
use stalemap_report::{FileResult, Finding, Origin, Verdict, sarif_of_findings, sarif_of_results};

/// An object of the schema: its name, what it must have, and what else of it is written here, each with the object or the sort
/// of value that it holds. A `*` stands for an array.
struct Object {
    name: &'static str,
    required: &'static [(&'static str, &'static str)],
    optional: &'static [(&'static str, &'static str)],
}

const SCHEMA: &[Object] = &[
    Object { name: "log", required: &[("version", "version"), ("runs", "*run")], optional: &[("$schema", "uri")] },
    Object {
        name: "run",
        required: &[("tool", "tool")],
        optional: &[("invocations", "*invocation"), ("results", "*result")],
    },
    Object { name: "tool", required: &[("driver", "driver")], optional: &[] },
    Object {
        name: "driver",
        required: &[("name", "text")],
        optional: &[("version", "text"), ("informationUri", "uri"), ("rules", "*rule")],
    },
    Object { name: "rule", required: &[("id", "text")], optional: &[("shortDescription", "message")] },
    Object {
        name: "invocation",
        required: &[("executionSuccessful", "bool")],
        optional: &[("toolExecutionNotifications", "*notification")],
    },
    Object {
        name: "notification",
        required: &[("message", "message")],
        optional: &[("level", "level"), ("locations", "*location")],
    },
    Object {
        name: "result",
        required: &[("message", "message")],
        optional: &[
            ("ruleId", "text"),
            ("ruleIndex", "index"),
            ("level", "level"),
            ("locations", "*location"),
            ("partialFingerprints", "fingerprints"),
        ],
    },
    Object { name: "message", required: &[("text", "text")], optional: &[] },
    Object { name: "fingerprints", required: &[], optional: &[("stalemapSignature/v1", "text")] },
    Object { name: "location", required: &[], optional: &[("physicalLocation", "place")] },
    Object { name: "place", required: &[("artifactLocation", "artifact")], optional: &[("region", "region")] },
    Object { name: "artifact", required: &[], optional: &[("uri", "uri")] },
    Object { name: "region", required: &[], optional: &[("startLine", "line")] },
];

/// What is wrong with a value of this sort.
fn wrong(sort: &str, value: &Value, at: &str) -> Vec<String> {
    let is_right = match sort {
        "version" => *value == json!("2.1.0"),
        "text" => value.as_str().is_some_and(|text| !text.is_empty()),
        "uri" => value.as_str().is_some_and(|text| !text.is_empty() && !text.contains([' ', '\\', '#'])),
        "bool" => value.is_boolean(),
        "level" => ["none", "note", "warning", "error"].iter().any(|level| *value == json!(level)),
        "index" => value.as_u64().is_some(),
        "line" => value.as_u64().is_some_and(|line| line >= 1),
        _ => match sort.strip_prefix('*') {
            Some(item) => {
                let items = value.as_array().into_iter().flatten().enumerate();
                return items.flat_map(|(index, it)| wrong(item, it, &format!("{at}[{index}]"))).collect();
            }
            None => return wrong_object(sort, value, at),
        },
    };
    if is_right { Vec::new() } else { vec![format!("{at} is no {sort}: {value}")] }
}

fn wrong_object(name: &str, value: &Value, at: &str) -> Vec<String> {
    let object = SCHEMA.iter().find(|object| object.name == name).expect("an object of the schema");
    let Some(fields) = value.as_object() else { return vec![format!("{at} is no object")] };
    let missing = object.required.iter().filter(|(field, _)| !fields.contains_key(*field));
    let mut found: Vec<String> = missing.map(|(field, _)| format!("{at} has no {field}")).collect();
    for (field, value) in fields {
        let known = object.required.iter().chain(object.optional).find(|(name, _)| name == field);
        match known {
            Some((_, sort)) => found.extend(wrong(sort, value, &format!("{at}.{field}"))),
            None => found.push(format!("{at} may not have {field}")),
        }
    }
    found
}

const STALE: &str = "machine ram=1 device=1 spaces=1 pages=2
map s0 v0+2 r
migrate s0 v0 to d0
move s0 v1 v0
migrate s0 v0 to d0
";

fn finding() -> Finding {
    let bug = Bug::by_name("stale_mapping").expect("a bug");
    let build = move |machine: &Machine| Ok(Implementation::with_bug(machine, &Switch::new(Some(bug))));
    let mut driver = Driver::new(build);
    driver.without_recount();
    let program = Trace::parse(STALE).expect("a trace").program();
    let divergence = driver.run(&program, Compare::Touched).expect("it is built").divergence.expect("a finding");
    Finding::describe(&mut driver, "implementation", &program, &divergence, Origin::default()).expect("a finding")
}

#[test]
fn replayed_files_are_a_log_as_the_schema_has_it() {
    let result = |file: &str, line, verdict| FileResult {
        file: file.to_string(),
        operations: 4,
        left_out: [].into(),
        line,
        verdict,
    };
    let diverges = || Verdict::Diverge(Box::new(finding()));
    let results = [
        result("corpus/a.trace", None, Verdict::Agree),
        result("corpus/b c.trace", Some(5), diverges()),
        result("corpus/d.trace", None, diverges()),
        result("e.trace", None, Verdict::Trouble("e.trace:1:1: expected a machine line".to_string())),
    ];
    let log = serde_json::to_value(sarif_of_results(&results, "0.1.0")).expect("JSON");
    assert_eq!(wrong("log", &log, "log"), [""; 0]);
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().map(Vec::len), Some(2));
    assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1), "of one name is one rule");
    let first = &run["results"][0];
    assert_eq!((&first["ruleId"], &first["ruleIndex"]), (&json!("rmap.places@migrate"), &json!(0)));
    let place = json!({"artifactLocation": {"uri": "corpus/b%20c.trace"}, "region": {"startLine": 5}});
    assert_eq!(first["locations"][0]["physicalLocation"], place);
    assert_eq!(run["invocations"][0]["executionSuccessful"], json!(false));
    assert_eq!(wrong("log", &json!({"version": "2.0.0", "run": []}), "log").len(), 3, "the check itself");
}

#[test]
fn findings_of_a_campaign_stand_at_the_line_of_their_kept_file() {
    let finding = finding();
    let log = serde_json::to_value(sarif_of_findings([(&finding, Some("findings/x.trace"))], "0.1.0")).expect("JSON");
    assert_eq!(wrong("log", &log, "log"), [""; 0]);
    let line = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64();
    let text = finding.file("0.1.0", "x.trace");
    let line = text.lines().nth(usize::try_from(line.expect("a line")).expect("small") - 1).expect("a line");
    assert!(line.starts_with("migrate"), "{line}");
    let none = serde_json::to_value(sarif_of_findings([], "0.1.0")).expect("JSON");
    assert_eq!(wrong("log", &none, "log"), [""; 0]);
    assert_eq!(
        (&none["runs"][0]["results"], &none["runs"][0]["invocations"][0]["executionSuccessful"]),
        (&json!([]), &json!(true))
    );
}

#[test]
fn a_log_says_what_ended_the_subject_where_nothing_differs() {
    let message_of = |signature: &str, operation: &str, actual: &str| {
        let mut finding = finding();
        (finding.signature, finding.operation) = (signature.to_string(), operation.to_string());
        finding.actual = actual.to_string();
        let log = serde_json::to_value(sarif_of_findings([(&finding, None)], "0.1.0")).expect("JSON");
        let run = &log["runs"][0];
        let [rule, result] = [&run["tool"]["driver"]["rules"][0]["shortDescription"], &run["results"][0]["message"]];
        [rule, result].map(|it| it["text"].as_str().expect("a text").to_string())
    };
    assert_eq!(
        message_of("panic.subject_no_frame@map", "map s0 v0 r", "panic: no frame"),
        ["panic in map: subject no frame", "implementation at operation 4, map s0 v0 r: panic: no frame"]
    );
    assert_eq!(
        message_of("panic.subject_no_frame@start", "", "panic: no frame")[1],
        "implementation at its start: panic: no frame"
    );
    assert_eq!(message_of("termination.hang@fork", "fork s0 s1", "it goes on for ever")[0], "fork does not end");
}
