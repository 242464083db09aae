//! What is shown: states, findings, results of replays and summaries of campaigns, as text, JSON or JUnit.

mod diff;
mod digest;
mod finding;
mod junit;
mod number;
mod results;
mod state;
mod summary;

pub use diff::diff;
pub use digest::{digest, hex, input_name};
pub use finding::{Finding, Origin, answered};
pub use junit::{junit_of_findings, junit_of_results};
pub use number::{counted, grouped};
pub use results::{FileResult, Verdict};
pub use stalemap_reference::MARKS;
pub use state::states;
pub use summary::{Ending, KeptFile, Summary};

/// How text is dressed up; where the output is no terminal, the printer strips it.
pub mod style {
    use anstyle::{AnsiColor, Style};

    /// Something that went wrong.
    pub const BAD: Style = AnsiColor::Red.on_default().bold();
    /// Something that went well.
    pub const GOOD: Style = AnsiColor::Green.on_default();
    /// Something to look at first.
    pub const STRONG: Style = Style::new().bold();
    /// Something beside the point.
    pub const FAINT: Style = Style::new().dimmed();
}
