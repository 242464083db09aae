//! Transcripts: a trace with what a kernel answered and showed after each step, and the subject that replays it.

mod line;

use stalemap_operations::{
    Capabilities, Home, Machine, Observation, Operation, Outcome, Scope, SpaceSet, Step, Subject, Touched, Trace,
};

use self::line::{BETWEEN, FREE, read, text};
use crate::way::Way;

/// How a line begins that shows what was seen after the step above it.
const SIGN: &str = "#= ";
/// What such a line has when nothing has changed since the one before.
const SAME: &str = "same";
/// How such a line begins where the kernel answered something else than what stands behind the `=`.
const ANSWERS: &str = "answers ";
/// How such a line begins where the kernel stopped; behind it stands what it said.
const STOPS: &str = "stops: ";

/// Writes a transcript while a trace runs.
#[derive(Clone, Debug)]
pub struct Transcript {
    way: Way,
    trace: Trace,
    last: String,
    /// The line that shows the last step; it stands above the next one.
    line: Vec<String>,
}

impl Transcript {
    /// Of a trace with this title on this machine, by kernels that are asked in this way.
    #[must_use]
    pub fn new(way: Way, title: Vec<String>, machine: Machine) -> Transcript {
        let last = text(way, &start());
        Transcript { way, trace: Trace { title, machine, ..Trace::default() }, last, line: Vec::new() }
    }

    /// Adds a step.
    pub fn step(&mut self, operation: Operation, answer: Outcome, seen: &Observation) {
        let comments = std::mem::take(&mut self.line);
        self.trace.steps.push(Step { comments, operation, answer: Some(answer) });
        let text = text(self.way, seen);
        self.line = vec![format!("{SIGN}{}", if text == self.last { SAME } else { &text })];
        self.last = text;
    }

    /// Adds the step at which the kernel differs: `written` stands behind the `=`, and what it answered in the line below.
    pub fn differing_step(&mut self, operation: Operation, written: Outcome, answer: Outcome, seen: &Observation) {
        self.step(operation, written, seen);
        let state = text(self.way, seen);
        self.line = vec![format!("{SIGN}{ANSWERS}{answer}{BETWEEN}{state}")];
    }

    /// Adds the step at which the kernel stopped and said this.
    pub fn stopping_step(&mut self, operation: Operation, written: Outcome, said: &str) {
        let comments = std::mem::take(&mut self.line);
        self.trace.steps.push(Step { comments, operation, answer: Some(written) });
        self.line = vec![format!("{SIGN}{STOPS}{}", said.split_whitespace().collect::<Vec<_>>().join(" "))];
    }

    /// The transcript as a trace.
    #[must_use]
    pub fn finish(mut self) -> Trace {
        self.trace.ending = self.line;
        self.trace
    }
}

/// What is seen before anything was done.
pub(crate) fn start() -> Observation {
    Observation { alive: SpaceSet::from(1), ..Observation::default() }
}

/// A kernel that was recorded: it answers and shows what stands in a transcript, and nothing else.
#[derive(Clone, Debug)]
pub struct Recorded {
    way: Way,
    machine: Machine,
    steps: Vec<(Operation, Answer, Observation)>,
    done: usize,
}

/// What a kernel did with an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Outcome(Outcome),
    /// It stopped and said this.
    Stop(String),
}

impl Recorded {
    /// The kernel of a transcript.
    ///
    /// # Errors
    /// Names the step at which something is missing or cannot be read.
    pub fn new(transcript: &Trace) -> Result<Recorded, String> {
        let lines = transcript.steps.iter().skip(1).map(|step| &step.comments).chain([&transcript.ending]);
        let mut steps = Vec::with_capacity(transcript.steps.len());
        let shows_free =
            |line: &String| line.starts_with(SIGN) && line.split(BETWEEN).any(|item| item.starts_with(FREE));
        let way = if lines.clone().flatten().any(shows_free) { Way::Agent } else { Way::Guest };
        let mut last = Observation { free: way.capacity(&transcript.machine), ..start() };
        for (number, (step, lines)) in (1..).zip(transcript.steps.iter().zip(lines)) {
            let at = |what: &str| format!("step {number}, {}: {what}", step.operation);
            let line = lines.iter().find_map(|line| line.strip_prefix(SIGN));
            let line = line.ok_or_else(|| at("no line shows what was seen after it"))?;
            if let Some(said) = line.strip_prefix(STOPS) {
                steps.push((step.operation, Answer::Stop(said.to_string()), last.clone()));
                continue;
            }
            let (answer, line) = match line.strip_prefix(ANSWERS).and_then(|rest| rest.split_once(BETWEEN)) {
                Some((answer, line)) => (outcome(transcript.machine, step.operation, answer), line),
                None => (step.answer, line),
            };
            if line != SAME {
                last = read(line).ok_or_else(|| at("what was seen after it cannot be read"))?;
            }
            let answer = answer.ok_or_else(|| at("it has no answer"))?;
            steps.push((step.operation, Answer::Outcome(answer), last.clone()));
        }
        Ok(Recorded { way, machine: transcript.machine, steps, done: 0 })
    }
}

impl Subject for Recorded {
    fn name(&self) -> &str {
        "recorded"
    }

    fn capabilities(&self) -> Capabilities {
        match self.machine.huge() {
            None => self.way.capabilities(),
            Some(_) => self.way.capabilities_with_huge_pages(),
        }
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.way.capacity(&self.machine)
    }

    fn reset(&mut self) {
        self.done = 0;
    }

    /// What was not recorded it cannot answer.
    fn apply(&mut self, operation: Operation) -> Outcome {
        let recorded = self.steps.get(self.done).filter(|(it, _, _)| *it == operation);
        self.done += 1;
        match recorded {
            None => Outcome::Stuck,
            Some((_, Answer::Outcome(answer), _)) => *answer,
            // As the kernel itself does.
            Some((_, Answer::Stop(said), _)) => panic!("the kernel: {said}"),
        }
    }

    fn touched(&mut self, _: &mut Touched) -> bool {
        false
    }

    fn observe(&self, _: &Scope, into: &mut Observation) {
        let seen = self.done.checked_sub(1).and_then(|last| self.steps.get(last)).map(|(_, _, seen)| seen);
        match seen {
            Some(seen) => into.clone_from(seen),
            None => *into = Observation { free: self.way.capacity(&self.machine), ..start() },
        }
    }
}

/// Reads the answer to an operation, as it stands in a trace, or that there is none.
fn outcome(machine: Machine, operation: Operation, answer: &str) -> Option<Outcome> {
    if answer == Outcome::Stuck.to_string() {
        return Some(Outcome::Stuck);
    }
    let trace = Trace::parse(&format!("machine {machine}\n{operation} = {answer}\n")).ok()?;
    trace.steps.first()?.answer
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Outcome, Subject as _, Trace};

    use super::{Recorded, Transcript, Way, start};

    #[test]
    fn a_kernel_that_differs_or_stops_is_recorded_beside_the_right_answers() {
        let trace = Trace::parse(
            "machine ram=4 spaces=1 pages=2\nmap s0 v0 rw = ok\nread s0 v0 = ok value=#00\nread s0 v0 = ok value=#00\n",
        );
        let trace = trace.expect("a trace");
        let wrong =
            Trace::parse("machine ram=4 spaces=1 pages=2\nread s0 v0 = EFAULT\n").expect("a trace").steps[0].answer;
        let mut transcript = Transcript::new(Way::Guest, Vec::new(), trace.machine);
        let [map, read, last] =
            [0, 1, 2].map(|at| (trace.steps[at].operation, trace.steps[at].answer.expect("an answer")));
        transcript.step(map.0, map.1, &start());
        transcript.differing_step(read.0, read.1, wrong.expect("an answer"), &start());
        transcript.stopping_step(last.0, last.1, "BUG: at\n 0; or so");
        let transcript = transcript.finish();
        assert_eq!(transcript.steps[2].comments, ["#= answers EFAULT; alive s0"]);
        assert_eq!(transcript.ending, ["#= stops: BUG: at 0; or so"]);
        let mut recorded = Recorded::new(&transcript).expect("a recording");
        assert_eq!([recorded.apply(map.0), recorded.apply(read.0)], [map.1, wrong.expect("an answer")]);
        let stop = std::panic::catch_unwind(move || recorded.apply(last.0)).expect_err("it stops");
        assert_eq!(stop.downcast_ref::<String>().map(String::as_str), Some("the kernel: BUG: at 0; or so"));
    }

    #[test]
    fn a_kernel_that_does_not_answer_is_recorded_as_one_that_goes_on_for_ever() {
        let trace = Trace::parse("machine ram=4 spaces=1 pages=2\nread s0 v0 = EFAULT\n").expect("a trace");
        let (operation, answer) = (trace.steps[0].operation, trace.steps[0].answer.expect("an answer"));
        let mut transcript = Transcript::new(Way::Guest, Vec::new(), trace.machine);
        transcript.differing_step(operation, answer, Outcome::Stuck, &start());
        let transcript = Trace::parse(&transcript.finish().to_string()).expect("a trace");
        assert_eq!(Recorded::new(&transcript).expect("a recording").apply(operation), Outcome::Stuck);
    }
}
