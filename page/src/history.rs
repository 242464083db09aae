//! Histories: what each side answers and shows, step by step, kept as what changes.

use stalemap_operations::Observables;

use crate::cell::{Cell, Facts, Group};

/// A cell that has another value than before; none where it is gone.
pub type Change = (Cell, Option<String>);

/// What one side answers and shows. Step 0 is the start, step *n* is behind the *n*th operation.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// What it is called.
    pub name: String,
    /// Its answer to each operation; none where it was not asked.
    answers: Vec<Option<String>>,
    /// What changes at each step, the start first; none where its state is not known.
    changes: Vec<Option<Vec<Change>>>,
    /// The facts that it does not show.
    hidden: Vec<&'static str>,
    /// What is shown by the latest step that is known.
    now: Facts,
}

impl Side {
    /// A side of which nothing is known yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Side {
        Side { name: name.into(), ..Side::default() }
    }

    /// Notes which facts it shows.
    pub(crate) fn set_shown(&mut self, shown: Observables) {
        self.hidden = FACTS.iter().filter(|(fact, _)| !shown.include(*fact)).map(|(_, word)| *word).collect();
    }

    /// Adds what it shows at the start.
    pub(crate) fn start(&mut self, facts: Facts) {
        self.changes.clear();
        self.changes.push(None);
        self.note(facts);
    }

    /// Adds a step; without facts where its state is not known.
    pub(crate) fn step(&mut self, answer: String, facts: Option<Facts>) {
        if self.changes.is_empty() {
            self.changes.push(Some(Vec::new()));
        }
        self.answers.push(Some(answer));
        self.changes.push(None);
        if let Some(facts) = facts {
            self.note(facts);
        }
    }

    /// Adds an operation that it was not asked.
    pub(crate) fn skip(&mut self) {
        self.step("not asked".to_string(), None);
        if let Some(last) = self.changes.last_mut() {
            *last = Some(Vec::new());
        }
    }

    /// Makes what is shown now the latest step.
    fn note(&mut self, facts: Facts) {
        let gone = self.now.keys().filter(|cell| !facts.contains_key(cell)).map(|cell| (cell.clone(), None));
        let mut changes: Vec<Change> = gone.collect();
        let written = facts.iter().filter(|(cell, value)| self.now.get(cell) != Some(value));
        changes.extend(written.map(|(cell, value)| (cell.clone(), Some(value.clone()))));
        if let Some(last) = self.changes.last_mut() {
            *last = Some(changes);
        }
        self.now = facts;
    }

    /// The number of operations that it was asked.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.answers.len()
    }

    /// Its answer to an operation, counted from 1.
    #[must_use]
    pub fn answer(&self, step: usize) -> Option<&str> {
        self.answers.get(step.checked_sub(1)?)?.as_deref()
    }

    /// What changes at a step; none where its state is not known.
    #[must_use]
    pub fn changes(&self, step: usize) -> Option<&[Change]> {
        self.changes.get(step)?.as_deref()
    }

    /// The facts that it does not show.
    #[must_use]
    pub fn hidden(&self) -> &[&'static str] {
        &self.hidden
    }

    /// What it shows after a step; none where that is not known.
    #[must_use]
    pub fn state(&self, step: usize) -> Option<Facts> {
        let mut facts = Facts::new();
        for changes in self.changes.get(..=step)? {
            for (cell, value) in changes.as_ref()? {
                match value {
                    Some(value) => facts.insert(cell.clone(), value.clone()),
                    None => facts.remove(cell),
                };
            }
        }
        Some(facts)
    }

    /// The step at which a cell got the value, or lost the value, that it has after this step; none where it never had one.
    #[must_use]
    pub fn writer(&self, cell: &Cell, step: usize) -> Option<usize> {
        let known = self.changes.get(..=step.min(self.changes.len().checked_sub(1)?))?;
        let writes = |changes: &Option<Vec<Change>>| changes.iter().flatten().any(|(it, _)| it == cell);
        known.iter().rposition(writes)
    }
}

/// Facts by the observable that they need.
const FACTS: &[(Observables, &str)] = &[
    (Observables::PLACES, "access"),
    (Observables::PLACES, "entry"),
    (Observables::WRITABLE, "writable"),
    (Observables::STAMPS, "stamp"),
    (Observables::EXCLUSIVE, "exclusive"),
    (Observables::MAPCOUNTS, "mapcount"),
    (Observables::REFCOUNTS, "refcount"),
    (Observables::RMAPS, "reverse map"),
    (Observables::FREE, "free frames"),
    (Observables::SPACES, "state"),
    (Observables::FRAMES, "frame"),
    (Observables::FRAMES, "owner"),
];

/// Whether a cell is compared with the reference, which has no frames.
#[must_use]
pub fn is_compared(cell: &Cell) -> bool {
    cell.group != Group::Frame && cell.fact != "frame"
}
