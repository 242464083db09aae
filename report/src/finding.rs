//! A finding: a minimised divergence, with everything that a person needs to understand and replay it.

use std::fmt::Write;

use serde::Serialize;
use stalemap_harness::{CannotBuild, Divergence, Driver, Hang, guarded};
use stalemap_operations::{Program, Subject, Trace};
use stalemap_reference::Model;

use crate::diff::diff;
use crate::number::counted;
use crate::state::states_after;
use crate::style::{BAD, FAINT, STRONG};

/// Where a finding came from.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Origin {
    /// Seed of the campaign and index of the execution, where it came from a campaign.
    pub seed_and_execution: Option<(u64, u64)>,
    /// The file of the input, where it came from an engine.
    pub input: Option<String>,
    /// Runs that minimising took.
    pub minimised_in: Option<u64>,
    /// Whether it diverges again on new machines, where that was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<bool>,
}

/// A divergence as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// `oracle.fact@operation`.
    pub signature: String,
    /// Number of the differing operation, counted from 1.
    pub step: usize,
    /// The differing operation.
    pub operation: String,
    /// What the reference says.
    pub expected: String,
    /// What the subject says.
    pub actual: String,
    /// Name of the subject.
    pub subject: String,
    /// Canonical text of the trace with the reference's answers.
    pub trace: String,
    /// State of the reference after the step; empty where it could not be looked at.
    pub reference_state: String,
    /// State of the subject after the step, likewise.
    pub subject_state: String,
    /// Where it came from.
    pub origin: Origin,
    #[serde(skip)]
    parsed: Trace,
}

impl Finding {
    /// Looks at both sides where operations diverge and writes down what is seen.
    ///
    /// # Errors
    /// As [`Driver::run`].
    pub fn describe(
        driver: &mut Driver,
        subject: &str,
        program: &Program,
        divergence: &Divergence,
        origin: Origin,
    ) -> Result<Finding, CannotBuild> {
        let [reference_state, subject_state] = states_after(driver, program, divergence.step)?;
        let plain = shown(program, divergence);
        // A reference that panics leaves the trace without answers.
        let mut parsed = guarded(|| answered(&plain)).unwrap_or(plain);
        // Which answer a large block gets is the subject's choice: a written one would be objected to first.
        if let Some(last) = parsed.steps.last_mut().filter(|_| divergence.mismatch.oracle == "refusal") {
            last.answer = None;
        }
        let states = [reference_state, subject_state];
        Ok(Finding::new(subject, parsed, divergence, states, origin))
    }

    /// What does not end, without the states of the two sides and without the reference's answers: a run that
    /// looks at them hangs as well, and it may be the reference that hangs.
    #[must_use]
    pub fn of_hang(subject: &str, hang: &Hang) -> Finding {
        let Hang { program, divergence, .. } = hang;
        Finding::new(subject, shown(program, divergence), divergence, Default::default(), Origin::default())
    }

    fn new(
        subject: &str,
        parsed: Trace,
        divergence: &Divergence,
        [reference_state, subject_state]: [String; 2],
        origin: Origin,
    ) -> Finding {
        Finding {
            signature: divergence.signature().to_string(),
            step: divergence.step + 1,
            operation: divergence.operation.map_or_else(String::new, |operation| operation.to_string()),
            expected: divergence.mismatch.expected.clone(),
            actual: divergence.mismatch.actual.clone(),
            subject: subject.to_string(),
            trace: parsed.to_string(),
            reference_state,
            subject_state,
            origin,
            parsed,
        }
    }

    /// The operations up to the one that differs, on the machine that the subject is.
    #[must_use]
    pub fn program(&self) -> Program {
        self.parsed.program()
    }

    /// The text of a file that `stalemap run` replays, with what stands behind these words; as
    /// [`file_replayed_by`](Self::file_replayed_by).
    #[must_use]
    pub fn file(&self, version: &str, name: &str) -> String {
        self.file_replayed_by(version, &format!("stalemap run {name}"))
    }

    /// The text of a file that this command replays: what it is on top, the reference's answers, a mark above the differing
    /// step. The version is that of Stalemap.
    #[must_use]
    pub fn file_replayed_by(&self, version: &str, command: &str) -> String {
        let mut trace = self.parsed.clone();
        trace.title = vec![
            format!("# {}", self.signature),
            format!("# expected: {}", self.expected),
            format!("# actual:   {}", one_line(&self.actual)),
            format!("# Found by stalemap {version}{}.", self.origin.words()),
            format!("# Replay with: {command}"),
        ];
        if let Some(step) = trace.steps.get_mut(self.step - 1) {
            step.comments.push(format!("# Here {} and reference differ.", self.subject));
        }
        trace.to_string()
    }

    /// The finding for a terminal: signature, trace with the differing step marked, what was expected, and the diff of
    /// the two states.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a string takes everything");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        write!(text, "{BAD}{}{BAD:#}", self.signature)?;
        let origin = self.origin.words();
        if !origin.is_empty() {
            write!(text, "  {FAINT}{}{FAINT:#}", origin.trim_start_matches(", "))?;
        }
        writeln!(text)?;
        writeln!(text)?;
        let marked = self.step;
        for (number, line) in self.trace.lines().enumerate() {
            if number == marked {
                writeln!(text, "{STRONG}> {line}{STRONG:#}")?;
            } else {
                writeln!(text, "  {line}")?;
            }
        }
        writeln!(text)?;
        writeln!(text, "  expected  {}", self.expected)?;
        writeln!(text, "  actual    {}", self.actual)?;
        if self.reference_state != self.subject_state {
            write!(text, "\n{}", diff(&self.reference_state, &self.subject_state, &self.subject))?;
        }
        Ok(())
    }
}

impl Origin {
    fn words(&self) -> String {
        let mut words = String::new();
        if let Some((seed, execution)) = self.seed_and_execution {
            words += &format!(", seed {seed}, execution {execution}");
        }
        if let Some(input) = &self.input {
            words += &format!(", input {input}");
        }
        if let Some(executions) = self.minimised_in {
            words += &format!(", minimised in {}", counted(executions, "run"));
        }
        if self.repeats == Some(false) {
            words += ", which does not repeat on new machines";
        }
        words
    }
}

/// The operations up to the one that diverges.
fn shown(program: &Program, divergence: &Divergence) -> Trace {
    Trace::new(program.machine, program.operations.iter().copied().take(divergence.step + 1))
}

/// The trace with the answers that the reference gives by itself.
#[must_use]
pub fn answered(trace: &Trace) -> Trace {
    let capacity = stalemap_operations::Home::ALL.map(|home| trace.machine.frames(home));
    let mut model = Model::new(trace.machine, capacity);
    let mut trace = trace.clone();
    for step in &mut trace.steps {
        step.answer = Some(model.apply(step.operation));
    }
    trace
}

/// A message without its line breaks, since a comment is a line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
