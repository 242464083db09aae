//! What a target has done, told at its end beside what libFuzzer tells of itself.

use std::env;

/// Counted over all inputs of a process.
#[derive(Default)]
pub(crate) struct Statistics {
    /// Operations, each done by both sides.
    pub(crate) operations: u64,
}

/// libFuzzer counts inputs and knows nothing of operations: where it is asked for its final statistics (on stderr,
/// `stat::NAME: NUMBER`), this adds a line to them.
impl Drop for Statistics {
    fn drop(&mut self) {
        if env::args().any(|argument| argument == "-print_final_stats=1") {
            eprintln!("stat::number_of_operations:     {}", self.operations);
        }
    }
}
