//! What the targets in `fuzz/` and the programs that run them agree on: environment variables, names, and lines of files.

/// Names the seeded bug that is on, in a target that is built with [`BUGS`].
pub const BUG: &str = "STALEMAP_BUG";

/// Names the folder into which a target writes the first input of each signature and goes on, instead of aborting. A process
/// that ends at each finding meets little else where one bug is found often.
pub const KEEP: &str = "STALEMAP_KEEP";

/// Names the folder of a hunt. A target writes what it has counted to [`COUNTS`] in it, and the input that diverges to
/// [`FINDING`].
pub const HUNT: &str = "STALEMAP_HUNT";

/// Names the target whose operations the AFL++ mutator changes; [`LOCKSTEP`] where it is not set.
pub const TARGET: &str = "STALEMAP_TARGET";

/// Leaves mutation to libFuzzer, which mutates bytes, whatever the value is.
pub const MUTATE_BYTES: &str = "STALEMAP_MUTATE_BYTES";

/// Names the file to which a target adds a [`digest_line`] for each input, instead of comparing.
pub const DIGESTS: &str = "STALEMAP_DIGESTS";

/// The feature of `stalemap-fuzz` with which [`BUG`] has a meaning.
pub const BUGS: &str = "seeded-bugs";

/// Names the kernel that the target [`KERNEL`] drives, such as `linux-6.12-native`; a default where it is not set.
pub const KERNEL_SUBJECT: &str = "STALEMAP_KERNEL";

/// Names the fault that is switched on in that kernel.
pub const FAULT: &str = "STALEMAP_FAULT";

/// The feature of `stalemap-fuzz` that has the target [`KERNEL`].
pub const LINUX: &str = "linux";

/// The target of all levels.
pub const LOCKSTEP: &str = "lockstep";
/// The target of level 0.
pub const FRAMES: &str = "frames";
/// The target of levels 1 to 3.
pub const MIGRATION: &str = "migration";
/// The target whose subject is a kernel as a native process.
pub const KERNEL: &str = "kernel";

/// The file of [`Counts`] in the folder of a hunt.
pub const COUNTS: &str = "counts";
/// The file of the input that diverges in the folder of a hunt.
pub const FINDING: &str = "find";

/// What all processes of a hunt have counted so far: executions, operations, nanoseconds of CPU time, and how often the bug
/// was reached and triggered.
pub type Counts = [u64; 5];

/// The text of the file [`COUNTS`]. Each number has a fixed width, so that a reader sees whole numbers while a target
/// overwrites them.
#[must_use]
pub fn counts_text(counts: &Counts) -> String {
    counts.iter().map(|count| format!("{count:>20}\n")).collect()
}

/// Reads [`counts_text`]. A number that is missing is 0: no process has written yet.
#[must_use]
pub fn parse_counts(text: &str) -> Counts {
    let mut counts = Counts::default();
    for (count, word) in counts.iter_mut().zip(text.split_whitespace()) {
        *count = word.parse().unwrap_or(0);
    }
    counts
}

/// The line of an input in the file [`DIGESTS`], without its end: the SHA-1 of the input and the digest of its run.
#[must_use]
pub fn digest_line(input: &str, digest: &str) -> String {
    format!("{input} {digest}")
}

/// Reads a [`digest_line`].
#[must_use]
pub fn parse_digest_line(line: &str) -> Option<(&str, &str)> {
    line.split_once(' ')
}

/// Asks libFuzzer for its final statistics, and the target for [`operations_line`].
pub const FINAL_STATISTICS: &str = "-print_final_stats=1";

/// Begins the line of operations, in the form of libFuzzer's own statistics (`stat::NAME: NUMBER`).
const OPERATIONS: &str = "stat::number_of_operations:";

/// The line that a target adds to libFuzzer's final statistics: the operations of all its executions.
#[must_use]
pub fn operations_line(operations: u64) -> String {
    format!("{OPERATIONS}     {operations}")
}

/// Reads an [`operations_line`]; `None` for any other line.
#[must_use]
pub fn parse_operations_line(line: &str) -> Option<u64> {
    line.strip_prefix(OPERATIONS)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{
        Counts, counts_text, digest_line, operations_line, parse_counts, parse_digest_line, parse_operations_line,
    };

    #[test]
    fn what_a_target_writes_is_read_back() {
        let counts: Counts = [1, 20, u64::MAX, 0, 5];
        assert_eq!(parse_counts(&counts_text(&counts)), counts);
        assert_eq!(parse_digest_line(&digest_line("da39", "00ff")), Some(("da39", "00ff")));
        assert_eq!(parse_operations_line(&operations_line(4550)), Some(4550));
        assert_eq!(parse_operations_line("stat::number_of_executed_units: 100000"), None);
    }

    #[test]
    fn counts_of_any_size_overwrite_each_other_in_place() {
        let lengths = [[0; 5], [u64::MAX; 5]].map(|counts| counts_text(&counts).len());
        assert_eq!(lengths[0], lengths[1]);
        assert_eq!(parse_counts("    7\n"), [7, 0, 0, 0, 0]);
    }
}
