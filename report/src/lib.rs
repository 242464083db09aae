//! What is shown: states, findings, results of replays and summaries of campaigns, as text, JSON, JUnit or SARIF.

mod diff;
mod digest;
mod finding;
mod junit;
mod number;
mod results;
mod sarif;
mod state;
mod summary;

pub mod style;

pub use diff::diff;
pub use digest::{digest, hex, input_name};
pub use finding::{Finding, Origin, answered};
pub use junit::{junit_of_findings, junit_of_results};
pub use number::{counted, grouped};
pub use results::{FileResult, Verdict};
pub use sarif::{Sarif, line_of_step, sarif_of_findings, sarif_of_results};
pub use stalemap_reference::MARKS;
pub use state::states;
pub use summary::{Ending, KeptFile, Summary};
