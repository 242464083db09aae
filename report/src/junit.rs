//! Results for continuous integration: JUnit's XML.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use thiserror::Error;

use crate::finding::Finding;
use crate::results::{FileResult, Verdict};

/// Why results cannot be written as JUnit's XML.
#[derive(Debug, Error)]
#[error("cannot write the results as JUnit's XML")]
pub struct JunitError(#[from] SerializeError);

/// A test case for each replayed file.
///
/// # Errors
/// When the XML cannot be made.
pub fn junit_of_results(results: &[FileResult]) -> Result<String, JunitError> {
    let cases = results.iter().map(|result| {
        let status = match &result.verdict {
            Verdict::Agree => TestCaseStatus::success(),
            Verdict::Diverge(finding) => failure(finding),
            Verdict::Trouble(sentence) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_message(sentence.clone());
                status
            }
        };
        TestCase::new(result.file.clone(), status)
    });
    xml("replay", cases.collect())
}

/// A test case for each finding of a campaign; one that succeeds where there is none.
///
/// # Errors
/// When the XML cannot be made.
pub fn junit_of_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Result<String, JunitError> {
    let mut cases: Vec<TestCase> =
        findings.into_iter().map(|finding| TestCase::new(finding.signature.clone(), failure(finding))).collect();
    if cases.is_empty() {
        cases.push(TestCase::new("no divergence", TestCaseStatus::success()));
    }
    xml("campaign", cases)
}

fn failure(finding: &Finding) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(finding.signature.clone());
    status.set_message(format!("expected {}, got {}", finding.expected, finding.actual));
    status.set_description(finding.trace.clone());
    status
}

fn xml(name: &str, cases: Vec<TestCase>) -> Result<String, JunitError> {
    let mut report = Report::new("stalemap");
    let mut suite = TestSuite::new(name);
    suite.add_test_cases(cases);
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}
