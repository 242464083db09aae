//! What the program that runs engines gives them: whether they are to stop, and a receiver of their messages.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::tool::Tool;

/// Tells engines when to stop and receives their messages, from several threads. Clones share both functions.
#[derive(Clone)]
pub struct Control {
    interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
    report: Arc<dyn Fn(Event<'_>) + Send + Sync>,
}

/// A message; `Display` is its line for a user.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A tool that builds or installs has printed this line.
    Line(&'a str),
    /// A tool is missing and is now installed into the folder, which takes a minute or two.
    Installs {
        /// The missing tool.
        tool: &'a Tool,
        /// The root of the installation.
        folder: &'a Path,
    },
}

impl Control {
    /// `interrupted` is called many times a second and says whether to stop; `report` takes the messages.
    pub fn new(
        interrupted: impl Fn() -> bool + Send + Sync + 'static,
        report: impl Fn(Event<'_>) + Send + Sync + 'static,
    ) -> Control {
        Control { interrupted: Arc::new(interrupted), report: Arc::new(report) }
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        (self.interrupted)()
    }

    pub(crate) fn report(&self, event: Event<'_>) {
        (self.report)(event);
    }

    /// Reports each line of a tool.
    pub(crate) fn lines(&self) -> impl FnMut(&str) + Send + Clone + 'static {
        let control = self.clone();
        move |line| control.report(Event::Line(line))
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Line(line) => f.write_str(line),
            Event::Installs { tool, folder } => write!(
                f,
                "{} {} is missing; it is built into {} now (once, a minute or two)",
                tool.name,
                tool.version,
                folder.display()
            ),
        }
    }
}
