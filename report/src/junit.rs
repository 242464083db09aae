//! Results for continuous integration: JUnit's XML.

use std::fmt::Write as _;

use crate::finding::Finding;
use crate::results::{FileResult, Verdict};

/// A test case for each replayed file.
#[must_use]
pub fn junit_of_results(results: &[FileResult]) -> String {
    let cases = results.iter().map(|result| {
        let failure = match &result.verdict {
            Verdict::Agree => None,
            Verdict::Diverge(finding) => Some(Failure::of(finding)),
            Verdict::Trouble(sentence) => Some(Failure::Error { message: sentence }),
        };
        Case { name: &result.file, failure }
    });
    xml("replay", &cases.collect::<Vec<_>>())
}

/// A test case for each finding of a campaign; one that succeeds where there is none.
#[must_use]
pub fn junit_of_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let cases = findings.into_iter().map(|it| Case { name: &it.signature, failure: Some(Failure::of(it)) });
    let mut cases: Vec<_> = cases.collect();
    if cases.is_empty() {
        cases.push(Case { name: "no divergence", failure: None });
    }
    xml("campaign", &cases)
}

struct Case<'a> {
    name: &'a str,
    failure: Option<Failure<'a>>,
}

/// Why a case does not succeed.
enum Failure<'a> {
    Difference { message: String, kind: &'a str, trace: &'a str },
    Error { message: &'a str },
}

impl Failure<'_> {
    fn of(finding: &Finding) -> Failure<'_> {
        let message = format!("expected {}, got {}", finding.expected, finding.actual);
        Failure::Difference { message, kind: &finding.signature, trace: &finding.trace }
    }
}

fn xml(name: &str, cases: &[Case<'_>]) -> String {
    let failed =
        |is: fn(&Failure<'_>) -> bool| cases.iter().filter(|case| case.failure.as_ref().is_some_and(is)).count();
    let failures = failed(|it| matches!(it, Failure::Difference { .. }));
    let errors = failed(|it| matches!(it, Failure::Error { .. }));
    let tests = cases.len();
    let mut text = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="stalemap" tests="{tests}" failures="{failures}" errors="{errors}">
    <testsuite name="{name}" tests="{tests}" disabled="0" errors="{errors}" failures="{failures}">
"#
    );
    cases.iter().for_each(|case| write_case(&mut text, case));
    text + "    </testsuite>\n</testsuites>\n"
}

fn write_case(text: &mut String, case: &Case<'_>) {
    let (name, indent) = (attribute(case.name), "        ");
    let inside = match &case.failure {
        None => String::new(),
        Some(Failure::Difference { message, kind, trace }) => {
            let [message, kind] = [message.as_str(), kind].map(attribute);
            let trace = text_of(trace);
            format!("{indent}    <failure message=\"{message}\" type=\"{kind}\">{trace}</failure>\n")
        }
        Some(Failure::Error { message }) => format!("{indent}    <error message=\"{}\"/>\n", attribute(message)),
    };
    writeln!(text, "{indent}<testcase name=\"{name}\">\n{inside}{indent}</testcase>")
        .expect("a string takes everything");
}

/// As XML 1.0 has it in an attribute (section 3.3.3): the end of a line would be read as a space.
fn attribute(text: &str) -> String {
    text_of(text).replace('\t', "&#9;").replace('\n', "&#10;").replace('\r', "&#13;")
}

/// As XML 1.0 has it in text (sections 2.2 and 2.4): five signs have names, and most control characters are no characters.
fn text_of(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(letter),
            _ if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{junit_of_findings, junit_of_results};
    use crate::results::{FileResult, Verdict};

    #[test]
    fn a_case_for_each_file_with_what_xml_needs() {
        let result = |file: &str, verdict| FileResult {
            file: file.to_string(),
            operations: 1,
            left_out: [].into(),
            line: None,
            verdict,
        };
        let results = [
            result("a&b.trace", Verdict::Agree),
            result("c.trace", Verdict::Trouble("line 2: `<` is\nno \"operation\" \u{1b}here".to_string())),
        ];
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="stalemap" tests="2" failures="0" errors="1">
    <testsuite name="replay" tests="2" disabled="0" errors="1" failures="0">
        <testcase name="a&amp;b.trace">
        </testcase>
        <testcase name="c.trace">
            <error message="line 2: `&lt;` is&#10;no &quot;operation&quot; here"/>
        </testcase>
    </testsuite>
</testsuites>
"#;
        assert_eq!(junit_of_results(&results), expected);
    }

    #[test]
    fn lines_stay_lines_in_text_and_only_there() {
        assert_eq!(super::text_of("a\n<b>"), "a\n&lt;b&gt;");
        assert_eq!(super::attribute("a\n<b>"), "a&#10;&lt;b&gt;");
    }

    #[test]
    fn a_campaign_without_findings_is_one_case_that_succeeds() {
        let text = junit_of_findings(&[]);
        assert!(text.contains("tests=\"1\" failures=\"0\"") && text.contains("no divergence"), "{text}");
    }
}
