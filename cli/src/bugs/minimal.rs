//! Whether a shortened find is 1-minimal: each operation is left out once, and each operand made smaller.

use stalemap_harness::{Build, Compare, Driver, Signature};
use stalemap_operations::{Machine, Operation};

/// What could still go or get smaller on its own without another signature; nothing in a 1-minimal find.
pub(super) fn what_is_left<B: Build>(
    driver: &mut Driver<B>,
    machine: &Machine,
    operations: &[Operation],
    signature: &Signature,
) -> Option<String> {
    let mut same = |operations: &[Operation]| {
        let run = driver.run(machine, operations, Compare::Touched).ok();
        run.and_then(|run| run.divergence).is_some_and(|divergence| divergence.signature() == *signature)
    };
    for (step, operation) in operations.iter().enumerate() {
        let without = [&operations[..step], &operations[step + 1..]].concat();
        if !without.is_empty() && same(&without) {
            return Some(format!("operation {} can go", step + 1));
        }
        let values = operation.values();
        for (index, field) in values.fields().iter().enumerate() {
            for value in field.lowest()..values.as_slice()[index] {
                let mut lower = values;
                lower.set(index, value);
                let Some(lower) = Operation::new(operation.kind(), lower.as_slice(), machine) else { continue };
                let mut changed = operations.to_vec();
                changed[step] = lower;
                if same(&changed) {
                    return Some(format!("in operation {} {field:?} can be {value}", step + 1));
                }
            }
        }
    }
    None
}
