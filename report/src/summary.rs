//! The summary of a campaign: what it did, what it met and never met, what it found.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use stalemap_harness::Tally;
use stalemap_operations::{Kind, KindSet, Outcome};
use stalemap_reference::MARKS;

use crate::style::{BAD, GOOD, STRONG};

/// Why a campaign ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Its time or its number of runs was over.
    Done,
    /// The user interrupted it.
    Interrupted,
}

/// What a campaign came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// The command that repeats it.
    pub command: String,
    /// Who made the executions: `native`, or an engine that keeps a corpus.
    pub engine: &'static str,
    /// Inputs that such an engine kept. What was met is then what these meet.
    pub kept: Option<usize>,
    /// Operations that such an engine's processes did in all, where they tell it.
    pub engine_operations: Option<u64>,
    /// Seconds of processor time that these processes took in all, where the system tells it.
    pub engine_cpu_seconds: Option<f64>,
    /// Why it ended.
    pub ending: Ending,
    /// Executions.
    pub executions: u64,
    /// Operations in all.
    pub operations: u64,
    /// Seconds that it took.
    pub seconds: f64,
    /// Transitions that were met: operation × state before × outcome.
    pub transitions: usize,
    /// How often each mark was met.
    pub marks: BTreeMap<&'static str, u64>,
    /// How often each operation had each outcome.
    pub tally: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Outcomes that an enabled operation may have and never had.
    pub never_met: Vec<String>,
    /// Executions that diverged, by signature; signatures that are known already included.
    pub signatures: BTreeMap<String, u64>,
    /// Those of the signatures that were known before, and are no findings.
    pub known: Vec<String>,
    /// Oracles that could not check this subject, and the facts they miss.
    pub skipped_oracles: Vec<String>,
}

impl Summary {
    /// Puts the counts of a campaign's drivers into the summary.
    pub fn set_met(&mut self, tally: &Tally, marks: &[u64], kinds: KindSet) {
        self.operations = tally.operations();
        self.marks = MARKS.iter().copied().zip(marks.iter().copied()).collect();
        for kind in kinds.iter() {
            let classes = (0..Outcome::CLASSES).filter(|&class| tally.of(kind, class) > 0);
            let row = classes.map(|class| (Outcome::class_name(class), tally.of(kind, class)));
            self.tally.insert(kind.row().word, row.collect());
        }
        let never = tally.never_met(kinds.iter());
        self.never_met = never.into_iter().map(|(kind, class)| format!("{} {class}", kind.row().word)).collect();
    }

    /// The summary for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a string takes everything");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        self.write_tally(text)?;
        if !self.never_met.is_empty() {
            writeln!(text, "{STRONG}never met{STRONG:#}  {}", self.never_met.join(", "))?;
        }
        let met = self.marks.values().filter(|&&count| count > 0).count();
        writeln!(text, "{STRONG}marks{STRONG:#}  {met} of {} met", self.marks.len())?;
        // A part of the operations cannot meet all of them.
        let is_whole = self.tally.len() == Kind::COUNT;
        for (name, _) in self.marks.iter().filter(|&(_, &count)| is_whole && count == 0) {
            writeln!(text, "  never: {name}")?;
        }
        for oracle in &self.skipped_oracles {
            writeln!(text, "{STRONG}not checked{STRONG:#}  {oracle}")?;
        }
        self.write_campaign(text)?;
        let interrupted = if self.ending == Ending::Interrupted { ", interrupted" } else { "" };
        let new = self.signatures.len() - self.known.len();
        if new == 0 {
            let known = if self.known.is_empty() { "" } else { " that was not known" };
            writeln!(text, "{GOOD}no divergence{known}{GOOD:#}{interrupted}")?;
        } else {
            writeln!(text, "{BAD}{new} signature{}{BAD:#}{interrupted}", if new == 1 { "" } else { "s" })?;
        }
        for (signature, count) in &self.signatures {
            let known = if self.known.contains(signature) { ", known" } else { "" };
            writeln!(text, "  {signature}  {count} executions{known}")?;
        }
        Ok(())
    }

    /// What was done, and how it is done again.
    fn write_campaign(&self, text: &mut String) -> std::fmt::Result {
        let rate = |count: u64| if self.seconds > 0.0 { count as f64 / self.seconds } else { 0.0 };
        let Summary { engine, executions, operations, seconds, transitions, .. } = self;
        write!(text, "{STRONG}campaign{STRONG:#}  ")?;
        match self.kept {
            None => writeln!(
                text,
                "{executions} executions, {operations} operations in {seconds:.1} s ({:.2} M operations/s), \
                 {transitions} transitions",
                rate(self.operations) / 1e6
            )?,
            Some(kept) => writeln!(
                text,
                "{engine}: {executions} executions in {seconds:.1} s ({:.0} a second); {kept} inputs are kept, and \
                 meet {transitions} transitions in {operations} operations",
                rate(self.executions)
            )?,
        }
        if let (Some(operations), Some(seconds)) = (self.engine_operations, self.engine_cpu_seconds) {
            let rate = operations as f64 / seconds.max(0.001) / 1e6;
            writeln!(
                text,
                "{STRONG}engine{STRONG:#}  {operations} operations in {seconds:.1} CPU s ({rate:.2} M a CPU second)"
            )?;
        }
        let again = if self.kept.is_none() { "repeat with" } else { "go on with" };
        writeln!(text, "{STRONG}seed{STRONG:#}  {}   {again}: {}", self.seed, self.command)
    }

    /// Operation × outcome, a line for each operation.
    fn write_tally(&self, text: &mut String) -> std::fmt::Result {
        let width = Kind::ALL.iter().map(|kind| kind.row().word.len()).max().unwrap_or(0);
        writeln!(text, "{STRONG}tally{STRONG:#}")?;
        for kind in Kind::ALL {
            if let Some(row) = self.tally.get(kind.row().word) {
                let cells: Vec<String> = row.iter().map(|(class, count)| format!("{class} {count}")).collect();
                writeln!(text, "  {:width$}  {}", kind.row().word, cells.join(", "))?;
            }
        }
        Ok(())
    }
}
