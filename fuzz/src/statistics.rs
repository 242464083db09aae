//! What a target has done, printed at its end beside libFuzzer's own statistics.

use std::env;

use stalemap_engines::protocol::{FINAL_STATISTICS, operations_line};

/// Counted over all inputs of a process.
#[derive(Default)]
pub(crate) struct Statistics {
    /// Operations, each done by both sides.
    pub(crate) operations: u64,
}

/// libFuzzer counts inputs and knows nothing of operations. Where it is asked for its final statistics, on stderr, this adds a
/// line to them.
impl Drop for Statistics {
    fn drop(&mut self) {
        if env::args().any(|argument| argument == FINAL_STATISTICS) {
            eprintln!("{}", operations_line(self.operations));
        }
    }
}
