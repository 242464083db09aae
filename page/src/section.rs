//! The section of a finding: everything that its page shows, computed and ready to be written down.

use std::collections::BTreeMap;

use serde::Serialize;
use stalemap_operations::{Kind, Operation, Program};
use stalemap_report::Finding;

use crate::cell::Cell;
use crate::error::PageError;
use crate::history::Side;
use crate::look::{Difference, Look, Shown, look};
use crate::neighbours::{Counts, Neighbours, neighbours};
use crate::verdict::{Bench, Verdict};
use crate::visible::make_visible;
use crate::why::{Why, explain};

/// How far the work on a finding has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many operations of so many are explained.
    Explained(usize, usize),
    /// So many neighbours of so many are run.
    Neighbours(u64, u64),
    /// Operations are looked for that make the difference visible.
    Visible,
}

/// What is to be shown.
pub struct Request<'a> {
    /// What the finding is called, such as the name of its file.
    pub name: &'a str,
    /// The operations.
    pub program: &'a Program,
    /// The subjects that are shown beside the reference, in the order of the columns.
    pub subjects: &'a [Shown],
    /// How many neighbours are run.
    pub neighbours: u64,
}

/// Texts that the reader can copy.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Copies {
    /// The trace, as a file.
    pub trace: String,
    /// A Rust test.
    pub rust: Option<String>,
    /// A C program, in two parts: what stands before and behind the part that all programs share.
    pub c: Option<[String; 2]>,
    /// The command that replays the trace.
    pub command: String,
}

/// A finding as its page has it.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    pub(crate) name: String,
    pub(crate) signature: String,
    expected: String,
    actual: String,
    machine: String,
    pub(crate) sides: Vec<SideData>,
    /// The number of the side that differs, and the step at which it does; none where all sides agree.
    pub(crate) culprit: Option<usize>,
    pub(crate) first: Option<usize>,
    silent: Option<usize>,
    visible: Option<usize>,
    /// Operations that make the difference visible, where those of the trace do not.
    shown_by: Option<Vec<String>>,
    pub(crate) operations: Vec<OperationData>,
    /// Operations of the trace that no side was asked any more.
    unasked: usize,
    cells: Vec<(&'static str, String, &'static str)>,
    /// The numbers of the cells in the order in which they are shown.
    order: Vec<usize>,
    values: Vec<String>,
    verdicts: Vec<String>,
    /// Why nothing is said of changed traces, or not everything.
    note: Option<String>,
    neighbours: Option<NeighboursData>,
    copies: Copies,
    #[serde(skip)]
    pub(crate) finding: Option<Finding>,
    #[serde(skip)]
    pub(crate) kinds: Vec<Kind>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SideData {
    pub(crate) name: String,
    hidden: Vec<&'static str>,
    /// For each step pairs of a cell and its value, counted from 1; 0 where the cell is gone.
    changes: Vec<Option<Vec<usize>>>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct OperationData {
    pub(crate) text: String,
    word: &'static str,
    answers: Vec<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    instead: Vec<(&'static str, String, usize)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<[u64; 3]>,
}

#[derive(Clone, Debug, Serialize)]
struct NeighboursData {
    wanted: u64,
    all: [u64; 3],
    others: Vec<(String, u64)>,
}

impl Section {
    /// Looks at a finding from all sides. `keep_going` hears how far it has come; where it says no, what was not computed yet
    /// is left out and said to be.
    ///
    /// # Errors
    /// As [`look`], and when all sides agree.
    pub fn new(request: &Request<'_>, keep_going: &mut dyn FnMut(Progress) -> bool) -> Result<Section, PageError> {
        let seen = look(request.program, request.subjects)?;
        let Some(difference) = &seen.difference else {
            return Err(PageError::Agree { operations: request.program.operations.len() });
        };
        let culprit = &request.subjects[difference.culprit - 1];
        let mut section = Section::of(request, &seen);
        if culprit.is_recorded {
            section.note = Some(format!(
                "What {} does with other operations is not known. Where it is there, a page with the options of the command below says it.",
                culprit.name
            ));
            return Ok(section);
        }
        let upto = Program::new(seen.program.machine, seen.program.operations.iter().copied().take(difference.first()));
        section.explain(culprit, &upto, difference, request.neighbours, keep_going);
        Ok(section)
    }

    /// Looks at a trace, whether the sides agree or not, without what changed traces do.
    ///
    /// # Errors
    /// As [`look`].
    pub fn without_changes(request: &Request<'_>) -> Result<Section, PageError> {
        let seen = look(request.program, request.subjects)?;
        let mut section = Section::of(request, &seen);
        section.note = Some("Changed traces were not tried yet.".to_string());
        Ok(section)
    }

    /// Puts in the texts that the reader can copy.
    #[must_use]
    pub fn with_copies(self, copies: Copies) -> Section {
        Section { copies, ..self }
    }

    /// The texts that the reader can copy.
    #[must_use]
    pub fn copies(&self) -> &Copies {
        &self.copies
    }

    /// The first difference; none where all sides agree.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// The same without the programs that the reader can copy.
    pub(crate) fn without_programs(&self) -> Section {
        let copies = Copies { rust: None, c: None, ..self.copies.clone() };
        Section { copies, ..self.clone() }
    }

    fn of(request: &Request<'_>, seen: &Look) -> Section {
        let mut table = Table::default();
        let difference = seen.difference.as_ref();
        let finding = difference.map(|it| it.finding.clone());
        let told = |fact: fn(&Finding) -> &String| finding.as_ref().map(|it| fact(it).clone()).unwrap_or_default();
        let sides: Vec<SideData> = seen.sides.iter().map(|side| table.side(side)).collect();
        let operations = (1..).zip(&seen.program.operations).map(|(step, operation)| OperationData {
            text: operation.to_string(),
            word: operation.kind().row().word,
            answers: seen.sides.iter().map(|side| side.answer(step).map(str::to_string)).collect(),
            without: None,
            instead: Vec::new(),
            changed: None,
        });
        Section {
            name: request.name.to_string(),
            signature: told(|it| &it.signature),
            expected: told(|it| &it.expected),
            actual: told(|it| &it.actual),
            machine: seen.program.machine.to_string(),
            sides,
            culprit: difference.map(|it| it.culprit),
            first: difference.map(Difference::first),
            silent: difference.and_then(Difference::silent),
            visible: difference.and_then(|it| it.visible),
            shown_by: None,
            operations: operations.collect(),
            unasked: request.program.operations.len() - seen.program.operations.len(),
            cells: table.cells(),
            order: table.cells.values().copied().collect(),
            values: table.values,
            verdicts: Vec::new(),
            note: None,
            neighbours: None,
            copies: Copies { trace: told(|it| &it.trace), ..Copies::default() },
            finding,
            kinds: seen.program.operations.iter().map(Operation::kind).collect(),
        }
    }

    /// Computes what changed traces do.
    fn explain(
        &mut self,
        shown: &Shown,
        program: &Program,
        difference: &Difference,
        wanted: u64,
        keep_going: &mut dyn FnMut(Progress) -> bool,
    ) {
        let mut is_whole = true;
        let mut go_on = |progress| {
            is_whole &= keep_going(progress);
            is_whole
        };
        let mut driver = shown.driver();
        let mut bench = Bench::new(&mut driver, difference.divergence.signature());
        let count = program.operations.len();
        let whys = explain(&mut bench, program, &mut |step| go_on(Progress::Explained(step, count)));
        let around = neighbours(&mut bench, program, wanted, &mut |run| go_on(Progress::Neighbours(run, wanted)));
        if difference.visible.is_none() {
            let added = make_visible(shown, program, &difference.filled, &mut || go_on(Progress::Visible));
            self.shown_by = added.map(|added| added.iter().map(Operation::to_string).collect());
        }
        let mut verdicts = Verdicts::default();
        for (data, why) in self.operations.iter_mut().zip(&whys) {
            let Why { without, instead } = why;
            data.without = without.as_ref().map(|it| verdicts.number(it));
            let numbered =
                instead.iter().map(|(operand, it, verdict)| (*operand, it.to_string(), verdicts.number(verdict)));
            data.instead = numbered.collect();
        }
        self.verdicts = verdicts.others;
        if !is_whole {
            self.note = Some("It was interrupted: not everything was tried.".to_string());
        } else if around.is_none() {
            self.note = Some("The machine is too large for mutated traces.".to_string());
        }
        if let Some(around) = around.filter(|it| it.all.all > 0) {
            self.set_neighbours(&around, wanted);
        }
    }

    fn set_neighbours(&mut self, around: &Neighbours, wanted: u64) {
        let numbers = |counts: &Counts| [counts.all, counts.same, counts.other];
        for (data, counts) in self.operations.iter_mut().zip(&around.changed) {
            data.changed = Some(numbers(counts));
        }
        let mut others: Vec<(String, u64)> = around.others.clone().into_iter().collect();
        others.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        others.truncate(MOST_OTHERS);
        self.neighbours = Some(NeighboursData { wanted, all: numbers(&around.all), others });
    }
}

/// Other findings of neighbours that are named.
const MOST_OTHERS: usize = 12;

/// Numbers for verdicts: 0 agrees, 1 the same finding, from 2 on another one.
#[derive(Default)]
struct Verdicts {
    others: Vec<String>,
}

impl Verdicts {
    fn number(&mut self, verdict: &Verdict) -> usize {
        match verdict {
            Verdict::Agrees => 0,
            Verdict::Same => 1,
            Verdict::Other(signature) => {
                let known = self.others.iter().position(|it| it == signature);
                2 + known.unwrap_or_else(|| {
                    self.others.push(signature.clone());
                    self.others.len() - 1
                })
            }
        }
    }
}

/// Numbers for cells and values.
#[derive(Default)]
struct Table {
    cells: BTreeMap<Cell, usize>,
    numbers: BTreeMap<String, usize>,
    values: Vec<String>,
}

impl Table {
    fn side(&mut self, side: &Side) -> SideData {
        let steps = 0..=side.operations();
        let changes = steps.map(|step| {
            side.changes(step).map(|changes| {
                changes.iter().flat_map(|(cell, value)| [self.cell(cell), self.value(value.as_deref())]).collect()
            })
        });
        SideData { name: side.name.clone(), changes: changes.collect(), hidden: side.hidden().to_vec() }
    }

    fn cell(&mut self, cell: &Cell) -> usize {
        let next = self.cells.len();
        *self.cells.entry(cell.clone()).or_insert(next)
    }

    fn value(&mut self, value: Option<&str>) -> usize {
        let Some(value) = value else { return 0 };
        if let Some(&number) = self.numbers.get(value) {
            return number;
        }
        self.values.push(value.to_string());
        self.numbers.insert(value.to_string(), self.values.len());
        self.values.len()
    }

    /// The cells by number.
    fn cells(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut cells: Vec<(&Cell, usize)> = self.cells.iter().map(|(cell, &number)| (cell, number)).collect();
        cells.sort_by_key(|(_, number)| *number);
        cells.into_iter().map(|(cell, _)| (cell.group.word(), cell.thing.clone(), cell.fact)).collect()
    }
}
