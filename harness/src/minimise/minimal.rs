//! Whether what leads to a divergence is 1-minimal: each edit of the minimiser is tried once, and none may keep the
//! signature.

use stalemap_operations::{Operation, Program};

use super::edits::{with, with_order, without_page};
use super::shorter::shorter;
use super::{Goal, diverges};
use crate::divergence::Signature;
use crate::driver::Driver;
use crate::lockstep::Compare;

/// What could still go or get smaller on its own without another signature; nothing in a 1-minimal finding.
///
/// Tried are: each operation left out; each operation left out whose result its source can stand for; each transaction,
/// pin, hold and block left out or done at once; two neighbouring ranges of one kind made one; huge pages of each lower order, or
/// none; each page taken out of the machine; each operand at every smaller value.
pub fn what_is_left(driver: &mut Driver, program: &Program, signature: &Signature) -> Option<String> {
    let goal = Goal::signature(signature, Compare::Touched);
    let Program { machine, operations } = program;
    let mut same = |program: &Program| diverges(driver, program, &goal).is_some();
    let replaced = |step: usize, by: &[Operation]| {
        let operations = [&operations[..step], by, &operations[step + 1..]].concat();
        Program { machine: *machine, operations }
    };
    for step in 0..operations.len() {
        let without = replaced(step, &[]);
        if !without.operations.is_empty() && same(&without) {
            return Some(format!("operation {} can go", step + 1));
        }
        if let Some(shorter) = shorter(program, step).iter().find(|shorter| same(shorter)) {
            let operations = shorter.operations.len();
            return Some(format!("operation {} and what belongs to it leave {operations} operations", step + 1));
        }
    }
    for order in 0..machine.huge().map_or(0, |order| order.0) {
        if with_order(program, order).is_some_and(|lower| same(&lower)) {
            return Some(format!("huge pages can be of order {order}"));
        }
    }
    for page in 0..machine.pages() {
        if without_page(program, page).is_some_and(|without| same(&without)) {
            return Some(format!("page {page} can go"));
        }
    }
    for (step, operation) in operations.iter().enumerate() {
        for (index, (field, value)) in operation.values().iter().enumerate() {
            for lower in field.lowest()..value {
                if let Some(smaller) = with(operation, index, lower, machine)
                    && same(&replaced(step, &[smaller]))
                {
                    return Some(format!("operation {} can be {smaller}", step + 1));
                }
            }
        }
    }
    None
}
