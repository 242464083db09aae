//! A hunt, as `stalemap bugs --bench` has engines do it: what was done so far stands in a file that outlives the
//! process, and the input that diverges beside it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, process};

use rustix::time::{ClockId, clock_gettime};
use stalemap_engines::protocol::{COUNTS, Counts, FINDING, HUNT, counts_text, parse_counts};
use stalemap_harness::Divergence;

use crate::stacks;

/// Executions between two writes. An engine may kill the process at any time; so many executions may then be missing.
const BETWEEN_WRITES: u64 = 64;

/// A hunt that goes on over all processes which an engine starts one after the other.
pub(crate) struct Hunt {
    folder: PathBuf,
    file: File,
    /// What the processes before this one counted.
    before: Counts,
    executions: u64,
    operations: u64,
    counters: [u64; 2],
}

impl Hunt {
    /// The hunt that the environment asks for, if it does.
    ///
    /// # Panics
    /// When its file cannot be opened: what was counted would be lost.
    pub(crate) fn from_environment() -> Option<Hunt> {
        let folder = PathBuf::from(env::var_os(HUNT)?);
        let path = folder.join(COUNTS);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()));
        let before = parse_counts(&fs::read_to_string(&path).unwrap_or_default());
        Some(Hunt { folder, file, before, executions: 0, operations: 0, counters: [0; 2] })
    }

    /// Counts an execution of so many operations; `counters` say how often the bug was reached and triggered so far.
    pub(crate) fn count(&mut self, steps: usize, counters: [u64; 2]) {
        self.executions += 1;
        self.operations += steps as u64;
        self.counters = counters;
        if self.executions.is_multiple_of(BETWEEN_WRITES) {
            self.write();
        }
    }

    /// Keeps what was counted and the input, and ends the process: the hunt is over.
    #[cold]
    pub(crate) fn found(&self, bytes: &[u8], divergence: &Divergence) -> ! {
        self.write();
        let path = self.folder.join(FINDING);
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        let signature = divergence.signature();
        stacks::end_on_the_stack_of(signature.oracle(), signature.operation(), process::abort)
    }

    /// Writes what all processes have counted over what was written before.
    fn write(&self) {
        let [reached, triggered] = self.counters;
        let here: Counts = [self.executions, self.operations, cpu_nanoseconds(), reached, triggered];
        let all: Counts = std::array::from_fn(|at| here[at] + self.before[at]);
        self.file.write_all_at(counts_text(&all).as_bytes(), 0).expect("the hunt's folder can be written");
    }
}

/// Engines that end by `exit` leave the last executions to be written here. A process that only mutates, as AFL++ does
/// with the library, has none and nothing to say.
impl Drop for Hunt {
    fn drop(&mut self) {
        if self.executions > 0 {
            self.write();
        }
    }
}

/// CPU time that this process has used.
fn cpu_nanoseconds() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    u64::try_from(seconds.as_nanos()).unwrap_or(u64::MAX) + u64::try_from(time.tv_nsec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{COUNTS, Counts, Hunt};

    #[test]
    fn a_process_goes_on_from_what_the_one_before_it_counted() {
        let folder = std::env::temp_dir().join(format!("stalemap-hunt-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = || File::create(folder.join(COUNTS)).expect("a file");
        let before: Counts = [1_000, 64_000, 5, 7, 3];
        let mut hunt =
            Hunt { folder: folder.clone(), file: file(), before, executions: 0, operations: 0, counters: [0; 2] };
        for steps in 1..=10 {
            hunt.count(steps, [steps as u64, 1]);
        }
        drop(hunt);
        let text = fs::read_to_string(folder.join(COUNTS)).expect("a text");
        fs::remove_dir_all(&folder).expect("it can go");
        let counts: Vec<u64> = text.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        assert_eq!((counts.len(), &counts[..2], &counts[3..]), (5, &[1_010, 64_055][..], &[17, 4][..]));
        assert!(counts[2] > 5, "CPU time goes on");
    }
}
