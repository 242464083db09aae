//! Edits that make a program shorter by more than leaving an operation out: what stood behind it changes too.

use stalemap_operations::{Act, Field, Kind, Operation, Program};

use super::edits::{with, without_result};

/// The shorter programs that come of the operation at this step: its source stands for its result; its slot goes with all
/// that use it, or one operation of the same operands takes their place; its range takes in that of a later operation.
pub(super) fn shorter(program: &Program, step: usize) -> Vec<Program> {
    let mut all: Vec<Program> = without_result(program, step).into_iter().collect();
    all.extend(without_slot(program, step));
    all.extend(merged(program, step));
    all
}

/// Without the operations on the slot that this one fills, up to where it is filled again; and with one of a kind that has
/// the same operands but the slot in place of them all.
fn without_slot(program: &Program, step: usize) -> Vec<Program> {
    let first = &program.operations[step];
    let Some(slot) = slot_of(first).filter(|_| first.kind().row().act == Act::Fills) else {
        return Vec::new();
    };
    let mut rest = Vec::new();
    let mut is_filled_again = false;
    for operation in &program.operations[step + 1..] {
        let names_it = slot_of(operation) == Some(slot);
        is_filled_again |= names_it && operation.kind().row().act == Act::Fills;
        if !names_it || is_filled_again {
            rest.push(*operation);
        }
    }
    if step + 1 + rest.len() == program.operations.len() {
        // Nothing uses the slot: that the operation alone can go is tried elsewhere.
        return Vec::new();
    }
    let made = |replacement: Option<Operation>| {
        let operations: Vec<Operation> =
            program.operations[..step].iter().copied().chain(replacement).chain(rest.iter().copied()).collect();
        (!operations.is_empty()).then_some(Program { machine: program.machine, operations })
    };
    at_once(first, program).map(Some).chain([None]).filter_map(made).collect()
}

/// The sort and number of the slot that an operation names.
fn slot_of(operation: &Operation) -> Option<(Field, u32)> {
    operation.kind().row().slot.map(|field| (field, operation.values().last(field)))
}

/// The operations of other kinds that have the same operands as this one, but for the slot.
fn at_once<'a>(operation: &Operation, program: &'a Program) -> impl Iterator<Item = Operation> + 'a {
    let slot = operation.kind().row().slot;
    let (fields, values): (Vec<Field>, Vec<u32>) =
        operation.values().iter().filter(|&(field, _)| Some(field) != slot).unzip();
    let kinds = Kind::ALL.iter().filter(move |kind| kind.row().fields == fields);
    kinds.filter_map(move |&kind| Operation::new(kind, &values, &program.machine))
}

/// With this operation on its range and on that of a later one of its kind, which begins where it ends or ends where it
/// begins, and has the same other operands.
fn merged(program: &Program, step: usize) -> Vec<Program> {
    let first = &program.operations[step];
    let values = first.values();
    let Some(page) = values.fields().windows(2).position(|pair| pair == [Field::Page, Field::Count]) else {
        return Vec::new();
    };
    let machine = &program.machine;
    let range = |of: &Operation| (of.values().as_slice()[page], of.values().as_slice()[page + 1]);
    let (start, count) = range(first);
    let join = |later: usize| {
        let second = program.operations.get(later).filter(|second| second.kind() == first.kind())?;
        let (other, others) = range(second);
        let is_next = other == start + count || other + others == start;
        let moved = with(second, page + 1, 1, machine).and_then(|it| with(&it, page, start, machine));
        let is_same = moved.is_some() && moved == with(first, page + 1, 1, machine);
        let shrunk = (is_next && is_same).then(|| with(first, page, start.min(other), machine))??;
        let mut operations = program.operations.clone();
        operations[step] = with(&shrunk, page + 1, count + others, machine)?;
        operations.remove(later);
        Some(Program { machine: *machine, operations })
    };
    (step + 1..program.operations.len()).filter_map(join).collect()
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Program, Trace};

    use super::shorter;

    fn program(operations: &str) -> Program {
        let text = format!("machine ram=4 device=2 spaces=2 pages=4\n{operations}\n");
        Trace::parse(&text).expect("a trace").program()
    }

    #[test]
    fn a_transaction_is_done_at_once_or_goes() {
        let whole =
            program("map s0 v0 rw\nsetup t0 s0 v0 to d0\ncopy t0 0\nread s0 v0\npages t0\nsetup t0 s0 v0 from d0");
        let once = program("map s0 v0 rw\nmigrate s0 v0 to d0\nread s0 v0\nsetup t0 s0 v0 from d0");
        let gone = program("map s0 v0 rw\nread s0 v0\nsetup t0 s0 v0 from d0");
        assert_eq!(shorter(&whole, 1), [once, gone]);
        assert_eq!(shorter(&whole, 5), [], "nothing uses it");
    }

    #[test]
    fn neighbouring_ranges_of_one_kind_become_one() {
        let whole = program("map s0 v1 rw\nread s0 v1\nmap s0 v2+2 rw\nmap s0 v0 r\nmap s1 v0 rw\nmap s0 v0 rw");
        let up = program("map s0 v1+3 rw\nread s0 v1\nmap s0 v0 r\nmap s1 v0 rw\nmap s0 v0 rw");
        let down = program("map s0 v0+2 rw\nread s0 v1\nmap s0 v2+2 rw\nmap s0 v0 r\nmap s1 v0 rw");
        assert_eq!(shorter(&whole, 0), [up, down]);
    }

    #[test]
    fn a_copy_is_the_space_that_it_is_a_copy_of() {
        let whole = program("map s0 v0 rw\nfork s0 s1\nwrite s1 v0 #01");
        assert_eq!(shorter(&whole, 1), [program("map s0 v0 rw\nwrite s0 v0 #01")]);
    }
}
