//! Results for continuous integration: JUnit's XML.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::finding::Finding;
use crate::results::{FileResult, Verdict};

/// A test case for each replayed file.
///
/// # Errors
/// When the XML cannot be made.
pub fn junit_of_results(results: &[FileResult]) -> Result<String, String> {
    let cases = results.iter().map(|result| {
        let status = match &result.verdict {
            Verdict::Agree => TestCaseStatus::success(),
            Verdict::Diverge(find) => failure(find),
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

/// A test case for each find of a campaign; one that succeeds where there is none.
///
/// # Errors
/// When the XML cannot be made.
pub fn junit_of_finds(finds: &[Finding]) -> Result<String, String> {
    let mut cases: Vec<TestCase> =
        finds.iter().map(|find| TestCase::new(find.signature.clone(), failure(find))).collect();
    if cases.is_empty() {
        cases.push(TestCase::new("no divergence", TestCaseStatus::success()));
    }
    xml("campaign", cases)
}

fn failure(find: &Finding) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(find.signature.clone());
    status.set_message(format!("expected {}, got {}", find.expected, find.actual));
    status.set_description(find.trace.clone());
    status
}

fn xml(name: &str, cases: Vec<TestCase>) -> Result<String, String> {
    let mut report = Report::new("stalemap");
    let mut suite = TestSuite::new(name);
    suite.add_test_cases(cases);
    report.add_test_suite(suite);
    report.to_string().map_err(|error| error.to_string())
}
