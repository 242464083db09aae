//! The minimiser: shortens what leads to a divergence and keeps its signature.
//!
//! Passes: cut the tail, drop chunks from the end forward; rename to first appearance, shrink the machine, cut pages out
//! of ranges, make operands smaller, until nothing changes; put the source of an operation in place of its result, one operation
//! in place of a transaction, one range in place of two; and all over again until nothing can be dropped. The result is
//! 1-minimal: [`what_is_left`] returns nothing for it.

mod edits;
mod minimal;
mod search;
mod shorter;

use stalemap_operations::Program;

use crate::divergence::{Divergence, Signature};
use crate::driver::Driver;
use crate::lockstep::Compare;

pub(crate) use edits::{swapped, with_kind};
pub use minimal::what_is_left;
pub(crate) use search::Search;

/// How far the minimiser has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Operations that are left.
    pub operations: usize,
    /// Runs so far.
    pub executions: u64,
}

/// What the minimiser reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimised {
    /// What is left, on the smallest machine; the last operation diverges.
    pub program: Program,
    /// How they diverge.
    pub divergence: Divergence,
    /// Runs that it took.
    pub executions: u64,
    /// Whether it came to its end; not so when it was told to stop.
    pub complete: bool,
}

/// What a smaller program must still do.
pub(crate) struct Goal {
    /// How it is compared.
    pub(crate) compare: Compare,
    /// Whether it is the same difference.
    pub(crate) same: Box<dyn Fn(&Divergence) -> bool>,
}

impl Goal {
    /// Diverges with this signature.
    pub(crate) fn signature(signature: &Signature, compare: Compare) -> Goal {
        let signature = signature.clone();
        Goal { compare, same: Box::new(move |divergence| divergence.signature() == signature) }
    }
}

/// Shortens operations that diverge with this signature; `None` if they do not. `keep_going` is called before each run
/// and ends the work by returning `false`; what was reached until then is the result.
///
/// [`canonicalise`](crate::canonicalise) does more: it brings different routes to one fault to the same program.
pub fn minimise(
    driver: &mut Driver,
    program: &Program,
    signature: &Signature,
    keep_going: &mut dyn FnMut(&Progress) -> bool,
) -> Option<Minimised> {
    minimise_comparing(driver, program, signature, Compare::Touched, keep_going)
}

/// As [`minimise`], with each run compared in this way.
pub fn minimise_comparing(
    driver: &mut Driver,
    program: &Program,
    signature: &Signature,
    compare: Compare,
    keep_going: &mut dyn FnMut(&Progress) -> bool,
) -> Option<Minimised> {
    let mut search = Search::new(driver, program, Goal::signature(signature, compare), keep_going)?;
    search.minimise();
    Some(search.end())
}

/// How the program diverges, if as the goal says.
pub(crate) fn diverges(driver: &mut Driver, program: &Program, goal: &Goal) -> Option<Divergence> {
    let run = driver.run(program, goal.compare).ok()?;
    run.divergence.filter(|divergence| (goal.same)(divergence))
}
