//! What is done when an execution does not end.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::time::Duration;

use stalemap_harness::{Build, Hang, Watch, Watchdog};

/// How long an execution may take, and what is called with one that takes longer.
#[derive(Clone)]
pub(crate) struct OnHang {
    deadline: Duration,
    callback: Arc<dyn Fn(Hang) + Send + Sync>,
}

impl OnHang {
    pub(crate) fn new(deadline: Duration, callback: impl Fn(Hang) + Send + Sync + 'static) -> OnHang {
        OnHang { deadline, callback: Arc::new(callback) }
    }

    /// What watches these. A subject that watches itself is not watched.
    pub(crate) fn watchdog(&self, build: &impl Build, watches: &[Watch]) -> Option<Watchdog> {
        if build.watches_itself() {
            return None;
        }
        let callback = Arc::clone(&self.callback);
        Some(Watchdog::start(watches.to_vec(), self.deadline, move |hang| callback(hang)))
    }
}

impl Debug for OnHang {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnHang").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
