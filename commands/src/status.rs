//! The status line: redrawn on a terminal at most five times a second, a plain line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

const REDRAWS: u8 = 5;
const BETWEEN_REDRAWS: Duration = Duration::from_millis(1000 / REDRAWS as u64);
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// The status line of a long command, on stderr.
pub struct Status {
    /// The line; none where stderr is no terminal.
    bar: Option<ProgressBar>,
    last: Instant,
}

impl Default for Status {
    fn default() -> Status {
        Status::new()
    }
}

impl Status {
    /// Nothing is shown yet.
    #[must_use]
    pub fn new() -> Status {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(REDRAWS));
            bar.with_style(ProgressStyle::with_template("{wide_msg}").expect("a template that is right"))
        });
        Status { bar, last: Instant::now() }
    }

    /// Shows a text, unless the last one is too young.
    pub fn show(&mut self, text: impl FnOnce() -> String) {
        let between = if self.bar.is_some() { BETWEEN_REDRAWS } else { BETWEEN_LINES };
        if self.last.elapsed() < between {
            return;
        }
        self.last = Instant::now();
        match &self.bar {
            Some(bar) => bar.set_message(text()),
            None => output::tell(text()),
        }
    }

    /// Does something that prints, with the line out of its way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
