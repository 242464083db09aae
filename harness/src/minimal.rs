//! Whether what leads to a divergence is 1-minimal: each operation is left out once, and each operand made smaller.

use stalemap_operations::{Operation, Program};

use crate::divergence::Signature;
use crate::driver::{Build, Driver};
use crate::minimise::{diverges, with};

/// What could still go or get smaller on its own without another signature; nothing in a 1-minimal find.
pub fn what_is_left<B: Build>(driver: &mut Driver<B>, program: &Program, signature: &Signature) -> Option<String> {
    let Program { machine, operations } = program;
    let mut same = |operations: &[Operation]| {
        let program = Program::new(*machine, operations.iter().copied());
        diverges(driver, &program, signature).is_some()
    };
    for (step, operation) in operations.iter().enumerate() {
        let without = [&operations[..step], &operations[step + 1..]].concat();
        if !without.is_empty() && same(&without) {
            return Some(format!("operation {} can go", step + 1));
        }
        for (index, (field, value)) in operation.values().iter().enumerate() {
            for lower in field.lowest()..value {
                let Some(smaller) = with(operation, index, lower, machine) else { continue };
                let changed = [&operations[..step], &[smaller], &operations[step + 1..]].concat();
                if same(&changed) {
                    return Some(format!("operation {} can be {smaller}", step + 1));
                }
            }
        }
    }
    None
}
