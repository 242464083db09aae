//! Receives what the jobs of a campaign have done and reports it in the order of the index.

use stalemap_harness::CannotBuild;
use std::collections::BTreeMap;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::job::Batch;
use super::{CampaignStats, Observer, Progress, TICK};
use crate::shard::Shard;

/// How often the observer is told what could be written down: a campaign that has just begun has little to lose, but one that is
/// killed again and again is to come on.
const BETWEEN_CHECKPOINTS: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(1);

/// What all jobs have done, as far as nothing before it is missing.
pub(super) struct Collected {
    pub(super) stats: CampaignStats,
    /// Why the subject cannot be the machine of the next execution.
    pub(super) unable: Option<CannotBuild>,
}

pub(super) struct Collector {
    shard: Shard,
    begin: u64,
    start: Instant,
    stats: CampaignStats,
    unable: Option<CannotBuild>,
    /// Batches before which something is missing, by the position of their first execution.
    early: BTreeMap<u64, Batch>,
    /// When progress was reported last, and a checkpoint.
    told: Instant,
    written: Instant,
}

impl Collector {
    /// Nothing was done yet of this shard but the executions before its beginning.
    pub(super) fn new(shard: Shard, begin: u64, start: Instant) -> Collector {
        let (stats, early) = (CampaignStats::none(), BTreeMap::new());
        Collector { shard, begin, start, stats, unable: None, early, told: start, written: start }
    }

    /// Receives until all jobs have ended, the observer has enough, or the subject cannot be a machine.
    pub(super) fn collect(mut self, receiver: Receiver<Batch>, observer: &mut dyn Observer) -> Collected {
        loop {
            let is_last = match receiver.recv_timeout(TICK) {
                Ok(batch) => {
                    self.early.insert(batch.first, batch);
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            let is_last = self.report_in_order(observer).is_break() || is_last;
            self.report_progress(observer, is_last);
            if is_last {
                return Collected { stats: self.stats, unable: self.unable };
            }
        }
    }

    /// Reports the batches before which nothing is missing.
    fn report_in_order(&mut self, observer: &mut dyn Observer) -> ControlFlow<()> {
        while let Some(batch) = self.early.remove(&(self.begin + self.stats.executions)) {
            self.stats.add(&batch.done);
            self.stats.end = self.shard.end(self.begin + self.stats.executions);
            if let Some(diverged) = batch.diverged {
                observer.diverged(diverged)?;
            }
            if batch.unable.is_some() {
                self.unable = batch.unable;
                return ControlFlow::Break(());
            }
            let between = (self.start.elapsed() / 8).clamp(*BETWEEN_CHECKPOINTS.start(), *BETWEEN_CHECKPOINTS.end());
            if self.written.elapsed() >= between {
                self.written = Instant::now();
                self.stats.time = self.start.elapsed();
                observer.checkpoint(&self.stats);
            }
        }
        ControlFlow::Continue(())
    }

    fn report_progress(&mut self, observer: &mut dyn Observer, is_last: bool) {
        if !is_last && self.told.elapsed() < TICK {
            return;
        }
        self.told = Instant::now();
        observer.progress(&Progress {
            executions: self.stats.executions,
            operations: self.stats.operations,
            transitions: self.stats.transitions.count(),
            time: self.start.elapsed(),
        });
    }
}
