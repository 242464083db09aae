//! Processor time, and things timed alternately so that a noisy machine disturbs them alike.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this thread so far.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Seconds of processor time that something takes.
pub(crate) fn seconds(work: impl FnOnce()) -> f64 {
    let start = now();
    work();
    (now() - start).as_secs_f64()
}

/// How often each thing is timed.
const ROUNDS: usize = 15;

/// Times two things alternately; the medians, each in its own unit, and the median of the ratios within a round.
pub(crate) fn alternately(mut first: impl FnMut() -> f64, mut second: impl FnMut() -> f64) -> [f64; 3] {
    first();
    second();
    let mut rounds = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let (one, two) = (first(), second());
        for (times, time) in rounds.iter_mut().zip([one, two, one / two]) {
            times.push(time);
        }
    }
    rounds.map(median)
}

/// The number in the middle.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
