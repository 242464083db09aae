//! Work that a tab has asked for: done beside the server, waited for in small portions, and ended when the tab has gone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stalemap_commands::interrupt::interrupted;
use stalemap_harness::guarded;

/// Work that goes on at the same time.
const MOST: usize = 8;
/// A tab asks for its work at least this often; without, it was closed.
const ASKED: Duration = Duration::from_secs(10);
/// How long a request waits for work.
const WAIT: Duration = Duration::from_millis(900);

/// All work that goes on or was not fetched yet.
#[derive(Default)]
pub(super) struct Jobs {
    all: Mutex<All>,
}

#[derive(Default)]
struct All {
    next: u64,
    jobs: BTreeMap<u64, Arc<Job>>,
}

/// One piece of work.
pub(super) struct Job {
    tab: String,
    state: Mutex<State>,
    changed: Condvar,
    is_cancelled: AtomicBool,
}

struct State {
    progress: String,
    result: Option<Value>,
    asked: Instant,
}

impl Jobs {
    /// Begins work for a tab, whose other work ends. Its number; none where too much goes on already.
    pub(super) fn begin(&self, tab: &str, work: impl FnOnce(&Job) -> Value + Send + 'static) -> Option<u64> {
        let mut all = lock(&self.all);
        all.jobs.values().filter(|job| job.tab == tab).for_each(|job| job.cancel());
        // What was done and is not asked for any more was that of a closed tab.
        all.jobs.retain(|_, job| job.tab != tab && !(job.is_done() && job.is_left()));
        if all.jobs.values().filter(|job| !job.is_done()).count() >= MOST {
            return None;
        }
        let state = State { progress: String::new(), result: None, asked: Instant::now() };
        let job = Arc::new(Job {
            tab: tab.to_string(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            is_cancelled: AtomicBool::new(false),
        });
        all.next += 1;
        let number = all.next;
        all.jobs.insert(number, Arc::clone(&job));
        thread::spawn(move || {
            let result = guarded(|| work(&job)).unwrap_or_else(|panic| json!({ "error": format!("panic: {panic}") }));
            lock(&job.state).result = Some(result);
            job.changed.notify_all();
        });
        Some(number)
    }

    /// What came of work, or how far it is after a moment; none where a tab has no such work.
    pub(super) fn wait(&self, tab: &str, number: u64) -> Option<Value> {
        let job = Arc::clone(lock(&self.all).jobs.get(&number).filter(|job| job.tab == tab)?);
        let mut state = lock(&job.state);
        state.asked = Instant::now();
        let waited = job.changed.wait_timeout_while(state, WAIT, |state| state.result.is_none());
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.asked = Instant::now();
        let Some(result) = state.result.take() else {
            return Some(json!({ "job": number, "progress": state.progress }));
        };
        drop(state);
        lock(&self.all).jobs.remove(&number);
        Some(json!({ "job": number, "done": result }))
    }

    /// Ends the work of a tab.
    pub(super) fn stop(&self, tab: &str) {
        lock(&self.all).jobs.values().filter(|job| job.tab == tab).for_each(|job| job.cancel());
    }

    /// Ends all work, and waits until it has ended, but no longer than this.
    pub(super) fn end_all(&self, patience: Duration) {
        let jobs: Vec<Arc<Job>> = lock(&self.all).jobs.values().cloned().collect();
        jobs.iter().for_each(|job| job.cancel());
        let end = Instant::now() + patience;
        for job in jobs {
            let left = end.saturating_duration_since(Instant::now());
            drop(job.changed.wait_timeout_while(lock(&job.state), left, |state| state.result.is_none()));
        }
    }
}

impl Job {
    /// Says how far the work is; whether it goes on.
    pub(super) fn goes_on(&self, progress: String) -> bool {
        lock(&self.state).progress = progress;
        self.is_wanted()
    }

    /// Whether the work is still wanted.
    pub(super) fn is_wanted(&self) -> bool {
        !self.is_cancelled.load(Ordering::Relaxed) && !interrupted() && !self.is_left()
    }

    fn is_left(&self) -> bool {
        lock(&self.state).asked.elapsed() > ASKED
    }

    fn is_done(&self) -> bool {
        lock(&self.state).result.is_some()
    }

    fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread::sleep;
    use std::time::Duration;

    use serde_json::json;

    use super::{Job, Jobs, MOST};

    /// Works until it is not wanted any more; says that it has ended.
    fn endless(end: std::sync::mpsc::Sender<()>) -> impl FnOnce(&Job) -> serde_json::Value {
        move |job| {
            while job.goes_on("half".to_string()) {
                sleep(Duration::from_millis(2));
            }
            let _ = end.send(());
            json!("ended")
        }
    }

    #[test]
    fn work_is_waited_for_and_fetched_once_by_its_tab() {
        let jobs = Jobs::default();
        let number = jobs.begin("a", |_| json!(7)).expect("room");
        assert_eq!(jobs.wait("b", number), None, "it is the work of another tab");
        assert_eq!(jobs.wait("a", number), Some(json!({ "job": number, "done": 7 })));
        assert_eq!(jobs.wait("a", number), None);
    }

    #[test]
    fn new_work_of_a_tab_ends_its_old_work_and_leaves_that_of_others() {
        let (jobs, (first, first_ended), (other, other_ended)) = (Jobs::default(), channel(), channel());
        jobs.begin("a", endless(first)).expect("room");
        let number = jobs.begin("b", endless(other)).expect("room");
        jobs.begin("a", |_| json!(0)).expect("room");
        first_ended.recv_timeout(Duration::from_secs(20)).expect("the first ends");
        assert_eq!(jobs.wait("b", number), Some(json!({ "job": number, "progress": "half" })));
        assert!(other_ended.try_recv().is_err());
        jobs.stop("b");
        other_ended.recv_timeout(Duration::from_secs(20)).expect("it is stopped");
    }

    #[test]
    fn work_of_a_tab_that_asks_no_more_ends() {
        let (jobs, (sender, ended)) = (Jobs::default(), channel());
        jobs.begin("a", endless(sender)).expect("room");
        ended.recv_timeout(Duration::from_secs(60)).expect("it ends by itself");
    }

    #[test]
    fn a_panic_is_told_and_only_so_much_goes_on_at_once() {
        let jobs = Jobs::default();
        let number = jobs.begin("a", |_| panic!("no")).expect("room");
        assert_eq!(jobs.wait("a", number), Some(json!({ "job": number, "done": { "error": "panic: no" } })));
        let (sender, _ended) = channel();
        for tab in 0..MOST {
            assert!(jobs.begin(&tab.to_string(), endless(sender.clone())).is_some());
        }
        assert_eq!(jobs.begin("more", |_| json!(0)), None);
        jobs.end_all(Duration::from_secs(20));
        assert!(jobs.begin("more", |_| json!(0)).is_some());
    }
}
