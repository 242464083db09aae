//! The summary of a campaign: what it did, what it met and never met, what it found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;
use stalemap_harness::Tally;
use stalemap_operations::{Kind, KindSet, Outcome};
use stalemap_reference::MARKS;

use crate::number::{counted, grouped};
use crate::style::{BAD, GOOD, STRONG};

/// Why a campaign ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Its time or its number of runs was over.
    Done,
    /// The user interrupted it.
    Interrupted,
    /// An execution did not end. What had been met is not known then.
    Hung,
}

/// The file of a finding.
#[derive(Clone, Debug, Serialize)]
pub struct KeptFile {
    /// Its path.
    pub path: String,
    /// The command that keeps it as a regression.
    pub keep: String,
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
    /// Transitions of the enabled operations from states that are possible.
    pub possible_transitions: usize,
    /// Seconds from the start to the last transition that had not been met before, where that was noted.
    pub last_new_seconds: Option<f64>,
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
    /// The files of the findings that are kept, by signature.
    pub files: BTreeMap<String, KeptFile>,
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

    /// What was done and met, for a terminal; each outcome and each mark by name where it is `verbose`.
    #[must_use]
    pub fn text(&self, verbose: bool) -> String {
        let mut text = String::new();
        self.write(&mut text, verbose).expect("a string takes everything");
        text
    }

    /// What was found, for the end: each signature with the file of its finding.
    #[must_use]
    pub fn findings_text(&self) -> String {
        let mut text = String::new();
        self.write_findings(&mut text).expect("a string takes everything");
        text
    }

    fn write(&self, text: &mut String, verbose: bool) -> std::fmt::Result {
        // Where an execution hangs, no driver tells what it has met.
        if !self.tally.is_empty() {
            if verbose { self.write_met(text)? } else { self.write_met_in_short(text)? }
        }
        for oracle in &self.skipped_oracles {
            writeln!(text, "{STRONG}not checked{STRONG:#}  {oracle}")?;
        }
        self.write_campaign(text)
    }

    fn write_met(&self, text: &mut String) -> std::fmt::Result {
        self.write_tally(text)?;
        if !self.never_met.is_empty() {
            writeln!(text, "{STRONG}never met{STRONG:#}  {}", self.never_met.join(", "))?;
        }
        let is_whole = self.tally.len() == Kind::COUNT;
        let note = if is_whole { "" } else { "; a part of the operations cannot meet all of them" };
        writeln!(text, "{STRONG}marks{STRONG:#}  {} of {} met{note}", self.marks_met(), self.marks.len())?;
        for (name, _) in self.marks.iter().filter(|&(_, &count)| count == 0) {
            writeln!(text, "  never: {name}")?;
        }
        Ok(())
    }

    fn write_met_in_short(&self, text: &mut String) -> std::fmt::Result {
        let outcomes: usize = self.tally.values().map(BTreeMap::len).sum();
        writeln!(
            text,
            "{STRONG}met{STRONG:#}  {outcomes} of {} outcomes of {}, {} of {} marks (--verbose names them)",
            outcomes + self.never_met.len(),
            counted(self.tally.len() as u64, "operation"),
            self.marks_met(),
            self.marks.len(),
        )
    }

    fn marks_met(&self) -> usize {
        self.marks.values().filter(|&&count| count > 0).count()
    }

    fn write_findings(&self, text: &mut String) -> std::fmt::Result {
        let how = match self.ending {
            Ending::Done => "",
            Ending::Interrupted => ", interrupted",
            Ending::Hung => ", ended by an execution that does not end",
        };
        // A finding may be brought to another signature than all executions that are counted.
        let signatures: BTreeSet<&String> = self.signatures.keys().chain(self.files.keys()).collect();
        let new = (signatures.len() - self.known.len()) as u64;
        if new == 0 {
            let known = if self.known.is_empty() { "" } else { " that was not known" };
            writeln!(text, "{GOOD}no divergence{known}{GOOD:#}{how}")?;
        } else {
            writeln!(text, "{BAD}{}{BAD:#}{how}", counted(new, "finding"))?;
        }
        for signature in signatures {
            let count = self.signatures.get(signature).map(|&count| counted(count, "execution"));
            let known = if self.known.contains(signature) { ", known" } else { "" };
            writeln!(text, "  {signature}  {}{known}", count.unwrap_or_default())?;
            if let Some(KeptFile { path, keep }) = self.files.get(signature) {
                writeln!(text, "    file  {path}\n    keep  {keep}")?;
            }
        }
        Ok(())
    }

    /// What was done, and how it is done again.
    fn write_campaign(&self, text: &mut String) -> std::fmt::Result {
        let rate = |count: u64| if self.seconds > 0.0 { count as f64 / self.seconds } else { 0.0 };
        let Summary { engine, seconds, .. } = self;
        let (executions, operations) = (counted(self.executions, "execution"), counted(self.operations, "operation"));
        let new = self.last_new_seconds.map(|new| format!(", the last new one after {new:.1} s"));
        let transitions = format!(
            "{} of {} possible transitions{}",
            grouped(self.transitions as u64),
            grouped(self.possible_transitions as u64),
            new.unwrap_or_default()
        );
        write!(text, "{STRONG}campaign{STRONG:#}  ")?;
        match self.kept {
            None => {
                let rate = rate(self.operations) / 1e6;
                writeln!(
                    text,
                    "{executions}, {operations} in {seconds:.1} s ({rate:.2} M operations/s), {transitions}"
                )?;
            }
            Some(kept) => writeln!(
                text,
                "{engine}: {executions} in {seconds:.1} s ({:.0} a second); {} kept, which meet {transitions} in {operations}",
                rate(self.executions),
                counted(kept as u64, "input"),
            )?,
        }
        if let (Some(operations), Some(seconds)) = (self.engine_operations, self.engine_cpu_seconds) {
            let rate = operations as f64 / seconds.max(0.001) / 1e6;
            let operations = counted(operations, "operation");
            writeln!(text, "{STRONG}engine{STRONG:#}  {operations} in {seconds:.1} CPU s ({rate:.2} M a CPU second)")?;
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
                let cells: Vec<String> =
                    row.iter().map(|(class, &count)| format!("{class} {}", grouped(count))).collect();
                writeln!(text, "  {:width$}  {}", kind.row().word, cells.join(", "))?;
            }
        }
        Ok(())
    }
}
