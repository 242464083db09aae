//! Why each operation is there: what the trace does without it, and with another value of each operand.

use stalemap_operations::{Field, FieldValues, Machine, Operation, Program};

use crate::verdict::{Bench, Verdict};

/// What a trace does without an operation, and with other values in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// Without it; none where that was not tried.
    pub without: Option<Verdict>,
    /// With the operation as it stands here instead: the operand that has another value, for each in turn.
    pub instead: Vec<(&'static str, Operation, Verdict)>,
}

/// Operations that the changes of one trace may take in all, so that a long one takes no longer than a short one.
const MOST_DONE: u64 = 3_000_000;
/// Other values of a field that are tried at the most.
const MOST_VALUES: usize = 8;

/// Tries each operation without and with other values, until `keep_going` says no. It hears how many operations are tried.
pub(crate) fn explain(bench: &mut Bench<'_>, program: &Program, keep_going: &mut dyn FnMut(usize) -> bool) -> Vec<Why> {
    let count = program.operations.len();
    let mut whys = vec![Why::default(); count];
    // First what matters most, so that what is left out at the end is other values.
    for (step, why) in whys.iter_mut().enumerate() {
        if !keep_going(step) {
            return whys;
        }
        why.without = bench.verdict(&without(program, step));
    }
    // Of a long trace there is no time, and on a page no room, for other values.
    let each = (MOST_DONE / (count * count).max(1) as u64 / 4).min(MOST_VALUES as u64);
    let values = usize::try_from(each).unwrap_or(MOST_VALUES);
    for (step, why) in whys.iter_mut().enumerate() {
        if !keep_going(step) || bench.operations > MOST_DONE {
            return whys;
        }
        for (operand, operation) in others(&program.operations[step], values, &program.machine) {
            let mut changed = program.clone();
            changed.operations[step] = operation;
            why.instead.extend(bench.verdict(&changed).map(|verdict| (operand, operation, verdict)));
        }
    }
    whys
}

fn without(program: &Program, step: usize) -> Program {
    let mut shorter = program.clone();
    shorter.operations.remove(step);
    shorter
}

/// The operation with other values, one field at a time, at most so many of each field.
fn others(operation: &Operation, most: usize, machine: &Machine) -> Vec<(&'static str, Operation)> {
    let values = operation.values();
    let mut before = FieldValues::of(values.fields());
    let mut others = Vec::new();
    for (index, (field, value)) in values.iter().enumerate() {
        let lowest = field.lowest();
        let choices = field.choices(machine, &before);
        before.push(value);
        for other in candidates(value, lowest, choices, most) {
            let mut changed = values;
            changed.set(index, other);
            // A value may leave no room for the fields behind it, such as the length of a range.
            let changed = Operation::new(operation.kind(), changed.as_slice(), machine);
            others.extend(changed.map(|operation| (word(field), operation)));
        }
    }
    others
}

/// What a field is called.
const fn word(field: Field) -> &'static str {
    match field {
        Field::Space => "space",
        Field::Page => "page",
        Field::Count => "length",
        Field::Destination => "destination",
        Field::Access => "access",
        Field::Stamp => "stamp",
        Field::Device => "device",
        Field::Direction => "direction",
        Field::Transaction | Field::Pin | Field::Hold | Field::Block => "slot",
        Field::Order => "order",
        Field::Mask => "mask",
        Field::Advice => "advice",
    }
}

/// Other values of a field, ascending: all where they are few, else those beside the value and at the ends.
fn candidates(value: u32, lowest: u32, choices: u32, most: usize) -> Vec<u32> {
    let highest = lowest + choices.max(1) - 1;
    let mut others: Vec<u32> = if choices as usize <= most + 1 {
        (lowest..=highest).collect()
    } else {
        let beside = [value.saturating_sub(1).max(lowest), (value + 1).min(highest), lowest, highest];
        beside.into_iter().filter(|&other| other != value).take(most).collect()
    };
    others.sort_unstable();
    others.dedup();
    others.retain(|&other| other != value);
    others
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn few_values_are_all_tried_and_of_many_those_beside_it_and_at_the_ends() {
        assert_eq!(candidates(1, 0, 3, 8), [0, 2]);
        assert_eq!(candidates(1, 1, 1, 8), [0; 0]);
        assert_eq!(candidates(9, 0, 256, 8), [0, 8, 10, 255]);
        assert_eq!(candidates(0, 0, 256, 8), [1, 255]);
        assert_eq!(candidates(9, 0, 256, 1), [8]);
    }
}
