//! The canonical form of a finding: one fault that is met by many routes becomes one program, which names it.
//!
//! A program is minimised, and minimised again with everything compared and recounted after each step, so that the
//! earliest visible difference names it. Then each operation is replaced by the first kind of the table that still shows the same
//! difference, neighbours change places where the earlier kind can go first, and the result is minimised again, until
//! nothing changes. Whether a page is faulted back by `hold`, `pin` or `read` then makes no difference.
//!
//! At last a neighbour may name it (`canonical/restate.rs`): what is refused for want of memory is shown on a machine with a frame
//! more, what a wide range shows by one of its pages, what a `write` shows by a `read`, what shows where no frame is left by
//! the next access on a machine with a frame more. Without a check that the neighbour shows the same fault, one fault hides
//! behind another that is there too.

mod restate;
mod statement;

use stalemap_operations::{Kind, Program};

use crate::build::CannotBuild;
use crate::divergence::{Divergence, Signature};
use crate::driver::Driver;
use crate::lockstep::Compare;
use crate::minimise::{Progress, Search, minimise, swapped, with_kind};
use restate::restate;
use statement::{KindRank, Rank, Statement};

/// A finding in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// The smallest program that was reached; its last operation diverges.
    pub program: Program,
    /// How it diverges under [`Compare::Everything`].
    pub divergence: Divergence,
    /// What it is grouped by: findings with equal keys are one. It is the signature of the divergence.
    pub key: Signature,
    /// Runs that it took.
    pub executions: u64,
    /// Whether the work reached its end; `false` when `keep_going` stopped it.
    pub complete: bool,
}

/// Brings what leads to a divergence to its canonical form. `None` where the program does not diverge when everything is
/// compared: the finding does not repeat. `keep_going` is called before each run and ends the work by returning `false`;
/// what was reached until then is the result.
///
/// The result is a function of the program and the subject. Findings can be brought to it in any order and on any
/// machine, and those with equal keys then counted as one.
///
/// ```
/// use stalemap_harness::{Compare, Driver, canonicalise};
/// use stalemap_implementation::{Bug, Implementation, Switch};
/// use stalemap_operations::{Machine, Trace};
///
/// let bug = Switch::new(Some(Bug::ReadonlySlowPath));
/// let mut driver = Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &bug)));
/// let trace = Trace::parse(
///     "machine ram=4 device=2 spaces=2 pages=4\n\
///      map s0 v1+3 rw\nwrite s0 v2 #07\nread s0 v3\nmigrate s0 v1+3 to d0\nevict d0\n",
/// )?;
/// let program = trace.program();
/// let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
/// let divergence = run.divergence.expect("the bug shows");
///
/// let finding = canonicalise(&mut driver, &program, &divergence, &mut |_| true).expect("it repeats");
/// assert!(finding.complete);
/// assert!(finding.program.operations.len() < program.operations.len());
/// assert_eq!(finding.key, finding.divergence.signature());
/// # Ok::<(), stalemap_operations::ParseError>(())
/// ```
pub fn canonicalise(
    driver: &mut Driver,
    program: &Program,
    divergence: &Divergence,
    keep_going: &mut dyn FnMut(&Progress) -> bool,
) -> Option<Canonical> {
    // First with the signature that was met: what another fault does on the way to it is no longer there when the
    // earliest difference is looked for.
    let first = minimise(driver, program, &divergence.signature(), keep_going);
    let (program, before, complete) = match first {
        Some(first) => (first.program, first.executions, first.complete),
        None => (program.clone(), 1, true),
    };
    let earliest = driver.run(&program, Compare::Everything).ok()?.divergence?;
    let mut search = Search::new(driver, &program, Statement::of(&earliest).goal(), keep_going)?;
    settle(&mut search);
    let mut rank = Rank::of(&search.found.divergence);
    while restate(&mut search) {
        settle(&mut search);
        // To settle may end with a later kind; then this would never end.
        let reached = Rank::of(&search.found.divergence);
        if reached >= rank {
            break;
        }
        rank = reached;
    }
    let found = search.end();
    Some(Canonical {
        key: found.divergence.signature(),
        program: found.program,
        divergence: found.divergence,
        // One run found the statement.
        executions: before + 1 + found.executions,
        complete: complete && found.complete,
    })
}

/// Minimises and replaces until nothing changes.
fn settle(search: &mut Search<'_>) {
    search.minimise();
    while !search.stopped {
        let before = search.found.program.clone();
        substitute(search);
        swap(search);
        if search.found.program == before {
            break;
        }
        search.minimise();
    }
}

/// Replaces each operation, from the last to the first, by the first kind of the table that says the same.
fn substitute(search: &mut Search<'_>) {
    for step in (0..search.found.program.operations.len()).rev() {
        // What was replaced before may have shortened the program.
        let Some(kind) = search.found.program.operations.get(step).map(|operation| operation.kind()) else { continue };
        let is_last = step + 1 == search.found.program.operations.len();
        for lower in lower_kinds(kind, is_last) {
            if with_kind(&search.found.program, step, lower).is_some_and(|program| search.try_it(program)) {
                break;
            }
        }
    }
}

/// The kinds that are tried in place of one, the first to be preferred.
fn lower_kinds(kind: Kind, is_last: bool) -> Vec<Kind> {
    if !is_last {
        return Kind::ALL.iter().copied().take_while(|&lower| lower < kind).collect();
    }
    let mut lower: Vec<Kind> =
        Kind::ALL.iter().copied().filter(|&lower| KindRank::of(lower) < KindRank::of(kind)).collect();
    lower.sort_unstable_by_key(|&kind| KindRank::of(kind));
    lower
}

/// Exchanges neighbours where the later one is of an earlier kind.
fn swap(search: &mut Search<'_>) {
    let mut step = 0;
    while step + 1 < search.found.program.operations.len() {
        let program = &search.found.program;
        if program.operations[step].kind() > program.operations[step + 1].kind() {
            let swapped = swapped(program, step);
            search.try_it(swapped);
        }
        step += 1;
    }
}

/// Whether a finding repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// It diverges in the same way on a machine that was built for this run.
    Yes,
    /// It does not: what earlier runs left behind matters, or the subject is not deterministic.
    No {
        /// How it diverges there, if it does.
        instead: Option<Signature>,
    },
}

/// Runs a finding once more, with everything compared, on machines that are built for this run, and says whether it
/// diverges with the same signature.
///
/// # Errors
/// Says why the subject cannot be this machine.
pub fn confirm(driver: &mut Driver, program: &Program, signature: &Signature) -> Result<Repeats, CannotBuild> {
    driver.forget_machines();
    let divergence = driver.run(program, Compare::Everything)?.divergence;
    let found = divergence.map(|divergence| divergence.signature());
    Ok(if found.as_ref() == Some(signature) { Repeats::Yes } else { Repeats::No { instead: found } })
}
