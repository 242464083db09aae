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

#[cfg(test)]
mod tests {
    use stalemap_operations::{Field, Operation, Program, Trace};

    use super::{
        halved, moved_down, next_named, renamed, swapped, with, with_kind, with_order, without_page, without_result,
    };

    /// A program on a machine with three spaces of eight pages, with this on its line too.
    fn on(machine: &str, operations: &str) -> Program {
        let text = format!("machine ram=8 device=4 spaces=3 pages=8 {machine}\n{}\n", operations.replace("; ", "\n"));
        Trace::parse(&text).unwrap_or_else(|error| panic!("{text}{error}")).program()
    }

    fn program(operations: &str) -> Program {
        on("", operations)
    }

    #[test]
    fn huge_pages_get_another_order_and_what_only_they_have_goes_with_them() {
        let whole = on("huge=2", "map s0 v0+4 rw; advise s0 v0+4 huge; write s0 v0 #01");
        let lower = on("huge=1", "map s0 v0+4 rw; advise s0 v0+4 huge; write s0 v0 #01");
        assert_eq!(with_order(&whole, 1), Some(lower));
        assert_eq!(with_order(&whole, 0), Some(program("map s0 v0+4 rw; write s0 v0 #01")));
        assert_eq!(with_order(&on("huge=2", "advise s0 v0+4 huge"), 0), None, "nothing is left");
        assert_eq!(with_order(&whole, 4), None, "a space has no sixteen pages");
    }

    #[test]
    fn half_as_large_huge_pages_halve_places_and_ranges() {
        let whole = on("huge=2", "map s0 v4+4 rw; write s1 v5 #03; move s0 v4+3 v2");
        let half = on("huge=1", "map s0 v2+2 rw; write s1 v2 #03; move s0 v2+2 v1");
        assert_eq!(halved(&whole), Some(half.clone()));
        assert_eq!(halved(&half), None);
        assert_eq!(halved(&program("read s0 v4")), None);
    }

    #[test]
    fn pages_behind_a_gap_move_down_together() {
        let operations = program("map s0 v2+2 rw; move s0 v2 v5; write s0 v7 #02").operations;
        assert_eq!(
            [0, 2, 3, 6, 8].map(|lowest| next_named(&operations, lowest)),
            [Some(2), Some(2), Some(5), Some(7), None]
        );
        let machine = &program("read s0 v0").machine;
        let moved = |from, by| moved_down(&operations[1], from, by, machine).map(|it| it.to_string());
        let shown = |text: &str| Some(program(text).operations[0].to_string());
        assert_eq!(
            [moved(3, 2), moved(2, 2), moved(6, 2)],
            [shown("move s0 v2 v3"), shown("move s0 v0 v3"), shown("move s0 v2 v5")]
        );
    }

    #[test]
    fn names_are_given_in_the_order_in_which_they_appear() {
        let given = |operations: &str, field| {
            let program = program(operations);
            renamed(&program.operations, field, &program.machine)
        };
        let expected = |operations: &str| Some(program(operations).operations);
        let pins = given("pin k1 s0 v0; pin k0 s0 v1; unpin k1", Field::Pin);
        assert_eq!(pins, expected("pin k0 s0 v0; pin k1 s0 v1; unpin k0"));
        let spaces = given("read s2 v0; fork s2 s1; read s0 v1", Field::Space);
        assert_eq!(spaces, expected("read s1 v0; fork s1 s2; read s0 v1"), "the first space keeps its name");
        let stamps = given("write s0 v0 #07; write s0 v0 #03; write s0 v0 #07", Field::Stamp);
        assert_eq!(stamps, expected("write s0 v0 #01; write s0 v0 #02; write s0 v0 #01"));
    }

    #[test]
    fn a_page_is_taken_out_of_every_range_and_what_lies_behind_it_moves() {
        let whole = program("map s0 v0+3 rw; read s1 v2; move s0 v0+2 v4");
        let without = |page| without_page(&whole, page);
        assert_eq!(without(0), Some(program("map s0 v0+2 rw; read s1 v1; move s0 v0+1 v3")));
        assert_eq!(without(1), Some(program("map s0 v0+2 rw; read s1 v1; move s0 v0+1 v3")));
        assert_eq!(without(2), None, "an operation names it alone");
        assert_eq!(without(3), Some(program("map s0 v0+3 rw; read s1 v2; move s0 v0+2 v3")));
        assert_eq!([without(4), without(5)], [None, None], "nothing changes");
    }

    #[test]
    fn what_is_moved_or_copied_is_named_where_it_was() {
        let whole = program("map s0 v0+2 rw; move s0 v0+2 v3; write s0 v4 #01; read s1 v4; read s0 v5; read s0 v2");
        let stays = program("map s0 v0+2 rw; write s0 v1 #01; read s1 v4; read s0 v5; read s0 v2");
        assert_eq!(without_result(&whole, 1), Some(stays));
        let further = program("move s0 v0 v2; move s0 v2 v4; move s0 v5 v2");
        assert_eq!(without_result(&further, 0), Some(program("move s0 v0 v4; move s0 v5 v0")));
        let forked = program("fork s0 s1; fork s1 s2; read s2 v0");
        assert_eq!(without_result(&forked, 1), Some(program("fork s0 s1; read s1 v0")));
        assert_eq!(without_result(&whole, 0), None, "a mapping is a copy of nothing");
        assert_eq!(without_result(&program("fork s0 s1"), 0), None, "nothing is left");
    }

    #[test]
    fn another_kind_keeps_the_fields_that_it_has() {
        let as_kind = |from: &str, to: &str| {
            let kind = program(to).operations[0].kind();
            with_kind(&program(&format!("read s0 v0; {from}")), 1, kind)
        };
        let expected = |operation: &str| Some(program(&format!("read s0 v0; {operation}")));
        assert_eq!(as_kind("migrate s1 v1+2 to d0", "unmap s0 v0"), expected("unmap s1 v1+2"));
        assert_eq!(as_kind("unmap s1 v1+2", "pin k1 s0 v0"), expected("pin k0 s1 v1"));
        assert_eq!(as_kind("fork s1 s2", "exit s0"), expected("exit s1"));
    }

    #[test]
    fn neighbours_change_places_and_fields_their_values() {
        let whole = program("read s0 v0; read s0 v1; read s0 v2");
        assert_eq!(swapped(&whole, 1), program("read s0 v0; read s0 v2; read s0 v1"));
        let changed = |value| with(&whole.operations[0], 1, value, &whole.machine);
        let read: Vec<Operation> = program("read s0 v7").operations;
        assert_eq!([changed(7), changed(8)], [Some(read[0]), None]);
    }
}
