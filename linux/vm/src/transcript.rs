//! Transcripts: a trace with what a kernel answered and showed after each step, and the subject that replays it.

use std::fmt::Write as _;

use stalemap_operations::{
    Access, Capabilities, Device, Entry, Home, Machine, Observation, Operation, Order, Outcome, PageToken, PageView,
    Phase, Place, PlaceState, PlaceView, Scope, Slot, SlotState, Space, SpaceSet, Stamp, Step, Subject, Touched, Trace,
    VirtualPage,
};

use crate::way::Way;

/// How a line begins that shows what was seen after the step above it.
const SIGN: &str = "#= ";
/// What such a line has when nothing has changed since the one before.
const SAME: &str = "same";
/// How such a line begins where the kernel answered something else than what stands behind the `=`.
const ANSWERS: &str = "answers ";
/// How such a line begins where the kernel stopped; behind it stands what it said.
const STOPS: &str = "stops: ";
const BETWEEN: &str = "; ";

/// What a line begins with that an agent shows and a guest cannot: free frames.
const FREE: &str = "free";
/// The same of a page: its reference count.
const REFCOUNT: &str = "refcount";

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

/// An observation on one line.
fn text(way: Way, seen: &Observation) -> String {
    let spaces = |set: &SpaceSet| {
        set.iter().fold(String::new(), |mut text, space| {
            write!(text, " {space}").expect("a string takes everything");
            text
        })
    };
    let mut items = vec![format!("alive{}", spaces(&seen.alive))];
    if !seen.locked.is_empty() {
        items.push(format!("locked{}", spaces(&seen.locked)));
    }
    if way == Way::Agent {
        let [ram, first, second] = seen.free;
        items.push(format!("{FREE} {ram} {first} {second}"));
    }
    items.extend(seen.places.iter().map(place_text));
    items.extend(seen.pages.iter().map(|page| page_text(way, page, seen)));
    items.extend(seen.slots.iter().map(|(slot, state)| match state {
        SlotState::Pin(page) | SlotState::Hold(page) => format!("{slot} p{}", page.0),
        SlotState::Transaction { phase, candidates, .. } => format!("{slot} {} {candidates}", phase.word()),
        SlotState::Block { order, split, held, .. } => {
            format!("{slot} order {order} held {held}{}", if *split { " split" } else { "" })
        }
        SlotState::Empty => format!("{slot}"),
    }));
    items.join(BETWEEN)
}

fn dotted(place: &Place) -> String {
    format!("{}.{}", place.space, place.page)
}

fn place_text(view: &PlaceView) -> String {
    let place = dotted(&view.place);
    let PlaceState::Mapped { access, entry } = view.state else { return place };
    let bit = |writable| if writable { " writable" } else { "" };
    match entry {
        Entry::Hole => format!("{place} {access} hole"),
        Entry::Maps { page, writable } => format!("{place} {access} maps p{}{}", page.0, bit(writable)),
        Entry::Migrating { page, writable } => format!("{place} {access} migrating p{}{}", page.0, bit(writable)),
    }
}

fn page_text(way: Way, page: &PageView, seen: &Observation) -> String {
    let exclusive = if page.exclusive { " exclusive" } else { "" };
    let mut text = format!("p{} {} {}{exclusive} mapcount {}", page.token.0, page.home, page.stamp, page.mapcount);
    if way == Way::Agent {
        write!(text, " {REFCOUNT} {}", page.refcount).expect("a string takes everything");
    }
    for place in seen.rmap(page) {
        write!(text, " {}", dotted(place)).expect("a string takes everything");
    }
    text
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
        self.way.capabilities()
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

/// Reads the answer to an operation, as it stands in a trace.
fn outcome(machine: Machine, operation: Operation, answer: &str) -> Option<Outcome> {
    let trace = Trace::parse(&format!("machine {machine}\n{operation} = {answer}\n")).ok()?;
    trace.steps.first()?.answer
}

/// Reads an observation from its line.
fn read(line: &str) -> Option<Observation> {
    let mut seen = Observation::default();
    for item in line.split(BETWEEN) {
        let (first, rest) = item.split_once(' ').unwrap_or((item, ""));
        let mut words = rest.split(' ').filter(|word| !word.is_empty());
        match first {
            "alive" => seen.alive = spaces(words)?,
            "locked" => seen.locked = spaces(words)?,
            FREE => {
                let mut free = || words.next()?.parse().ok();
                seen.free = [free()?, free()?, free()?];
            }
            _ if first.contains('.') => {
                let state = place_state(&mut words)?;
                seen.places.push(PlaceView { place: place(first)?, state });
            }
            _ if first.starts_with('p') => read_page(first, words, &mut seen)?,
            _ => seen.slots.push(slot(first, &mut words)?),
        }
    }
    Some(seen)
}

fn spaces<'a>(words: impl Iterator<Item = &'a str>) -> Option<SpaceSet> {
    words.map(|word| number(word, "s").filter(|&space| space < Space::LIMIT).map(Space)).collect()
}

fn number(word: &str, letter: &str) -> Option<u32> {
    word.strip_prefix(letter)?.parse().ok()
}

fn place(word: &str) -> Option<Place> {
    let (space, page) = word.split_once('.')?;
    Some(Place { space: Space(number(space, "s")?), page: VirtualPage(number(page, "v")?) })
}

fn place_state<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<PlaceState> {
    let access = words.next()?;
    let access = Access::ALL.into_iter().find(|it| it.word() == access)?;
    let kind = words.next()?;
    if kind == "hole" {
        return words.next().is_none().then_some(PlaceState::Mapped { access, entry: Entry::Hole });
    }
    let page = PageToken(number(words.next()?, "p")?);
    let writable = match words.next() {
        None => false,
        Some("writable") => true,
        Some(_) => return None,
    };
    let entry = match kind {
        "maps" => Entry::Maps { page, writable },
        "migrating" => Entry::Migrating { page, writable },
        _ => return None,
    };
    Some(PlaceState::Mapped { access, entry })
}

fn read_page<'a>(name: &str, words: impl Iterator<Item = &'a str>, seen: &mut Observation) -> Option<()> {
    let mut words = words.peekable();
    let token = PageToken(number(name, "p")?);
    let home = match words.next()? {
        "ram" => Home::Ram,
        device => Home::Device(Device(number(device, "dev")?)),
    };
    let stamp = Stamp(u8::from_str_radix(words.next()?.strip_prefix('#')?, 16).ok()?);
    let exclusive = words.next_if_eq(&"exclusive").is_some();
    words.next_if_eq(&"mapcount")?;
    let mapcount = words.next()?.parse().ok()?;
    let mut refcount = 0;
    if words.next_if_eq(&REFCOUNT).is_some() {
        refcount = words.next()?.parse().ok()?;
    }
    let start = seen.rmaps.len();
    for word in words {
        seen.rmaps.push(place(word)?);
    }
    let rmap = start..seen.rmaps.len();
    seen.pages.push(PageView { token, home, stamp, exclusive, mapcount, refcount, rmap, frame: None });
    Some(())
}

fn slot<'a>(name: &str, words: &mut impl Iterator<Item = &'a str>) -> Option<(Slot, SlotState)> {
    let slot = Slot::all().find(|slot| slot.to_string() == name)?;
    let word = words.next()?;
    let page = || number(word, "p").map(PageToken);
    let state = match slot {
        Slot::Pin(_) => SlotState::Pin(page()?),
        Slot::Hold(_) => SlotState::Hold(page()?),
        Slot::Transaction(_) => {
            let phases = [Phase::Collected, Phase::Copied, Phase::Moved];
            let phase = phases.into_iter().find(|phase| phase.word() == word)?;
            SlotState::Transaction { phase, candidates: words.next()?.parse().ok()?, frames: 0..0 }
        }
        Slot::Block(_) => {
            let mut after = |name: &str| -> Option<u32> {
                let found = name.is_empty() || words.next()? == name;
                words.next().filter(|_| found)?.parse().ok()
            };
            let order = Order(after("").filter(|_| word == "order")?);
            let held = after("held")?;
            SlotState::Block { order, split: words.next() == Some("split"), held, base: None }
        }
    };
    Some((slot, state))
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{SpaceSet, Subject as _, Trace};

    use super::{Recorded, Transcript, Way, read, start, text};

    /// A line of everything that can be seen.
    const LINE: &str = "alive s0 s2; locked s2; s0.v0 none hole; s0.v1 rw maps p0 writable; s2.v0 r migrating p3; \
                        p0 dev1 #2a exclusive mapcount 2 s0.v1 s2.v5; p3 ram #00 mapcount 0; t0 moved 2; k1 p0; h15 p3";

    #[test]
    fn what_was_seen_is_read_as_it_was_written() {
        let seen = read(LINE).expect("a line");
        assert_eq!(text(Way::Guest, &seen), LINE);
        assert_eq!((seen.alive, seen.locked), (SpaceSet::from(0b101), SpaceSet::from(0b100)));
        assert_eq!((seen.places.len(), seen.pages.len(), seen.slots.len()), (3, 2, 3));
    }

    #[test]
    fn what_an_agent_shows_beyond_that_is_read_as_it_was_written() {
        let line = "alive s0; free 3 0 2; s0.v1 rw maps p0 writable; p0 ram #2a exclusive mapcount 1 refcount 2 s0.v1; \
                    k1 p0; b0 order 2 held 4; b7 order 1 held 1 split";
        let seen = read(line).expect("a line");
        assert_eq!(text(Way::Agent, &seen), line);
        assert_eq!((seen.free, seen.pages[0].refcount, seen.slots.len()), ([3, 0, 2], 2, 3));
    }

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
    fn a_line_of_another_form_is_refused() {
        for bad in [
            "alive x",
            "s0.v0 rw",
            "s0.v0 rw maps",
            "s0.v0 rw maps p0 dirty",
            "p0 ram",
            "p0 ram #00",
            "b0 1",
            "free 1 2",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
        for cut in 1..LINE.split("; ").count() {
            let item = LINE.split("; ").nth(cut).expect("an item");
            let shorter = item.rsplit_once(' ').expect("several words").0;
            if shorter.contains(' ') && !item.starts_with("p0") && !item.ends_with("writable") {
                assert!(read(shorter).is_none(), "{shorter}");
            }
        }
    }
}
