//! What a campaign came to: sums over executions, which are the same however these are spread over jobs and shards.

use std::time::Duration;

use stalemap_harness::{Driver, Skipped, Tally, Transitions};
use stalemap_reference::MARKS;

/// What a campaign came to.
#[derive(Clone, Debug, Default)]
pub struct CampaignStats {
    /// Executions that were done.
    pub executions: u64,
    /// Their operations.
    pub operations: u64,
    /// One more than the highest index: as many executions of the whole campaign do all of these again.
    pub end: u64,
    /// Time that it took.
    pub time: Duration,
    /// Operation × outcome.
    pub tally: Tally,
    /// Transitions that were met.
    pub transitions: Transitions,
    /// How often each coverage mark was met, in the order of the marks.
    pub marks: Vec<u64>,
    /// Oracles that the subject shows too little for.
    pub skipped: Vec<Skipped>,
}

impl CampaignStats {
    /// Nothing was done yet.
    pub(super) fn none() -> CampaignStats {
        CampaignStats { marks: vec![0; MARKS.len()], ..CampaignStats::default() }
    }

    /// Notes what a driver has met since it was told to forget.
    pub(super) fn note_met(&mut self, driver: &Driver) {
        self.add_met(driver.tally(), driver.transitions(), driver.marks());
    }

    /// Adds other executions of the same shard.
    pub(super) fn add(&mut self, other: &CampaignStats) {
        self.executions += other.executions;
        self.operations += other.operations;
        self.add_met(&other.tally, &other.transitions, &other.marks);
    }

    fn add_met(&mut self, tally: &Tally, transitions: &Transitions, marks: &[u64]) {
        self.tally.merge(tally);
        self.transitions.merge(transitions);
        for (sum, count) in self.marks.iter_mut().zip(marks) {
            *sum += count;
        }
    }
}
