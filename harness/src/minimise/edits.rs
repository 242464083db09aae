//! Edits that make a program smaller: each gives another program or nothing, and none looks at what it does.

use stalemap_operations::{Field, FieldValues, Kind, Machine, Operation, Program};

/// The operation with another value in one field, if there is such a one.
pub(super) fn with(operation: &Operation, index: usize, value: u32, machine: &Machine) -> Option<Operation> {
    let mut values: FieldValues = operation.values();
    values.set(index, value);
    Operation::new(operation.kind(), values.as_slice(), machine)
}

/// The program on a machine with huge pages of this order, none at 0; what only machines with huge pages have is left out there.
pub(super) fn with_order(program: &Program, order: u32) -> Option<Program> {
    let without = program.machine.without_huge();
    let machine = if order == 0 { without } else { without.with_huge(order)? };
    let mut operations = program.operations.clone();
    operations.retain(|operation| operation.kind().exists_on(&machine));
    let program = Program { machine, operations };
    (!program.operations.is_empty() && program.fits()).then_some(program)
}

/// The program with half as large huge pages, and all ranges half as long at half the place: parts of a group stay parts of one.
pub(super) fn halved(program: &Program) -> Option<Program> {
    let order = program.machine.huge()?.0;
    let machine = program.machine.with_huge(order.checked_sub(1)?)?;
    let halved = |operation: &Operation| {
        let mut values = operation.values();
        for index in 0..values.fields().len() {
            let value = values.as_slice()[index];
            let field = values.fields()[index];
            if field == Field::Count {
                values.set(index, value.div_ceil(2));
            } else if is_page(field) {
                values.set(index, value / 2);
            }
        }
        Operation::new(operation.kind(), values.as_slice(), &machine)
    };
    let operations: Option<Vec<Operation>> = program.operations.iter().map(halved).collect();
    Some(Program { machine, operations: operations? })
}

/// Whether the field is the number of a virtual page.
fn is_page(field: Field) -> bool {
    matches!(field, Field::Page | Field::Destination)
}

/// The lowest page that an operation names and that is not below this one.
pub(super) fn next_named(operations: &[Operation], lowest: u32) -> Option<u32> {
    let named = |operation: &Operation| {
        let values = operation.values();
        values.iter().filter(|&(field, page)| is_page(field) && page >= lowest).map(|(_, page)| page).min()
    };
    operations.iter().filter_map(named).min()
}

/// The operation with all pages from this one on moved down.
pub(super) fn moved_down(operation: &Operation, from: u32, by: u32, machine: &Machine) -> Option<Operation> {
    let mut values = operation.values();
    for index in 0..values.fields().len() {
        let page = values.as_slice()[index];
        if is_page(values.fields()[index]) && page >= from {
            values.set(index, page - by);
        }
    }
    Operation::new(operation.kind(), values.as_slice(), machine)
}

/// The operations with the numbers of one kind of field replaced: the first to appear is the lowest, and so on. The
/// first space is a special one and keeps its name, as does the stamp of a fresh page.
pub(super) fn renamed(operations: &[Operation], field: Field, machine: &Machine) -> Option<Vec<Operation>> {
    let mut names: Vec<u32> = if matches!(field, Field::Space | Field::Stamp) { vec![0] } else { Vec::new() };
    let mut renamed = Vec::with_capacity(operations.len());
    for operation in operations {
        let mut values = operation.values();
        for index in 0..values.fields().len() {
            if values.fields()[index] != field {
                continue;
            }
            let old = values.as_slice()[index];
            let name = names.iter().position(|&name| name == old).unwrap_or_else(|| {
                names.push(old);
                names.len() - 1
            });
            values.set(index, u32::try_from(name).ok()?);
        }
        renamed.push(Operation::new(operation.kind(), values.as_slice(), machine)?);
    }
    Some(renamed)
}

/// The program without one virtual page: ranges that contain it are one page shorter, and what lies behind it moves
/// down. `None` where an operation names this page alone, or no operation is changed.
pub(super) fn without_page(program: &Program, page: u32) -> Option<Program> {
    let operations: Option<Vec<Operation>> =
        program.operations.iter().map(|operation| cut(operation, page, &program.machine)).collect();
    let operations = operations?;
    (operations != program.operations).then_some(Program { machine: program.machine, operations })
}

/// The operation on a machine that has lost a page.
fn cut(operation: &Operation, page: u32, machine: &Machine) -> Option<Operation> {
    let mut values = operation.values();
    for index in 0..values.fields().len() {
        let first = values.as_slice()[index];
        if !is_page(values.fields()[index]) {
            continue;
        }
        let range = index + 1;
        let count = match values.fields().get(range) {
            Some(Field::Count) => values.as_slice()[range],
            Some(_) | None => 1,
        };
        if first > page {
            values.set(index, first - 1);
        } else if page < first + count {
            if count == 1 && values.fields()[index] == Field::Page {
                return None;
            }
            if count > 1 {
                values.set(range, count - 1);
            }
        }
    }
    Operation::new(operation.kind(), values.as_slice(), machine)
}

/// The program without an operation that makes a second of something that there is, with the first in place of the
/// second in all operations behind it: a space that is a copy of another, or places where a range is moved.
/// `None` where this operation makes nothing of that kind.
pub(super) fn without_result(program: &Program, step: usize) -> Option<Program> {
    let values = program.operations[step].values();
    let mut spaces = values.iter().filter(|(field, _)| *field == Field::Space).map(|(_, space)| space);
    let source = spaces.next()?;
    let rename: Box<dyn Fn(&mut FieldValues)> = if let Some(result) = spaces.next() {
        Box::new(move |values| replace(values, Field::Space, |space| if space == result { source } else { space }))
    } else if values.fields().contains(&Field::Destination) {
        let [first, count, result] = [Field::Page, Field::Count, Field::Destination].map(|field| values.last(field));
        let back = move |page: u32| if (result..result + count).contains(&page) { page - result + first } else { page };
        Box::new(move |values| {
            if values.last(Field::Space) == source {
                replace(values, Field::Page, back);
                replace(values, Field::Destination, back);
            }
        })
    } else {
        return None;
    };
    let mut operations = program.operations[..step].to_vec();
    for operation in &program.operations[step + 1..] {
        let mut values = operation.values();
        rename(&mut values);
        operations.push(Operation::new(operation.kind(), values.as_slice(), &program.machine)?);
    }
    (!operations.is_empty()).then_some(Program { machine: program.machine, operations })
}

fn replace(values: &mut FieldValues, field: Field, by: impl Fn(u32) -> u32) {
    for index in 0..values.fields().len() {
        if values.fields()[index] == field {
            values.set(index, by(values.as_slice()[index]));
        }
    }
}

/// The program with an operation of another kind at this step. Fields that both kinds have keep their values, the
/// others have their lowest. `None` where the machine has no such operation.
pub(crate) fn with_kind(program: &Program, step: usize, kind: Kind) -> Option<Program> {
    let old = program.operations[step].values();
    let mut taken = [false; FieldValues::MOST];
    let mut values = FieldValues::of(kind.row().fields);
    while let Some(field) = values.next_field() {
        let same = old.iter().enumerate().position(|(index, (it, _))| it == field && !taken[index]);
        values.push(same.map_or(field.lowest(), |index| {
            taken[index] = true;
            old.as_slice()[index]
        }));
    }
    let mut changed = program.clone();
    changed.operations[step] = Operation::new(kind, values.as_slice(), &program.machine)?;
    Some(changed)
}

/// The program with this operation and the next one, which there must be, the other way round.
pub(crate) fn swapped(program: &Program, step: usize) -> Program {
    let mut changed = program.clone();
    changed.operations.swap(step, step + 1);
    changed
}
