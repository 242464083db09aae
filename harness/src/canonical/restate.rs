//! Names a finding by a neighbour: a program that differs in its last operation or in the memory that there is, and shows
//! the same fault in a statement of a lower rank.
//!
//! That a neighbour shows something does not make it the same fault. It passes for the same where the statements agree
//! but for the fact, where one oracle makes both of them at one place, where its last operation is a part of the one that
//! was there, or where it needs every operation that the finding needs.

use stalemap_operations::{Act, Field, Machine, Operation, Program, Stamp};

use super::statement::{KindRank, Rank, Statement};
use crate::enumerate::enumerate_operations;
use crate::minimise::Search;

/// Turns the search to the first neighbour that shows the same fault in a statement of a lower rank, if there is one.
pub(super) fn restate(search: &mut Search<'_>) -> bool {
    let found = search.found.program.clone();
    if found.operations.is_empty() {
        return false;
    }
    let rank = Rank::of(&search.found.divergence);
    let statement = Statement::of(&search.found.divergence);
    for program in neighbours(&found, rank.is_errno) {
        let last = program.operations.len() - 1;
        let Some(divergence) = search.probe(&program) else { continue };
        let other = Statement::of(&divergence);
        if divergence.step == last
            && Rank::of(&divergence) < rank
            && other.may_name(&statement)
            && !other.contradicts(&statement)
            && (other.agrees_with(&statement)
                || other.is_of_oracle_of(&statement) && is_at_the_place_of(&program, &found)
                || is_part(&program.operations[last], &found.operations[found.operations.len() - 1])
                || needs_all(search, &program, &other))
            && search.turn_to(program, other.goal())
        {
            return true;
        }
    }
    restate_by_use(search, &found, &rank, &statement)
}

/// What shows where no frame is left may show on a machine with a frame more at the next use of the place, in the same words.
fn restate_by_use(search: &mut Search<'_>, found: &Program, rank: &Rank, statement: &Statement) -> bool {
    let Some(machine) = roomier(&found.machine) else { return false };
    let base = Program { machine, operations: found.operations.clone() };
    if search.probe(&base).is_some() {
        return false;
    }
    let uses = enumerate_operations(&machine, [], Stamp(0)).into_iter().filter(|operation| {
        let row = operation.kind().row();
        row.act == Act::Uses && row.names_place && !row.has(Field::Count)
    });
    for operation in uses {
        let mut program = base.clone();
        program.operations.push(operation);
        let Some(divergence) = search.probe(&program) else { continue };
        if divergence.step + 1 == program.operations.len()
            && Rank::of(&divergence) < *rank
            && Statement::of(&divergence) == *statement
            && search.turn_to(program, Statement::of(&divergence).goal())
        {
            return true;
        }
    }
    false
}

/// Whether the last operations of two programs name the same place first.
fn is_at_the_place_of(program: &Program, other: &Program) -> bool {
    let place = |program: &Program| program.operations.last().and_then(Operation::first_place);
    place(program).is_some() && place(program) == place(other)
}

/// Whether no operation but the last can go.
fn needs_all(search: &mut Search<'_>, program: &Program, statement: &Statement) -> bool {
    (0..program.operations.len() - 1).all(|step| {
        let mut without = program.clone();
        without.operations.remove(step);
        search.probe(&without).is_none_or(|divergence| Statement::of(&divergence) != *statement)
    })
}

/// The programs that are tried: with a frame more at each home, without one of the operations that only take frames
/// away, and with each other last operation; of later kinds only where `is_errno`.
fn neighbours(program: &Program, is_errno: bool) -> Vec<Program> {
    let Program { machine, operations } = program;
    let (last, before) = operations.split_last().expect("a finding has an operation");
    let mut neighbours: Vec<Program> =
        roomier(machine).map(|machine| Program { machine, operations: operations.clone() }).into_iter().collect();
    for (step, operation) in before.iter().enumerate() {
        if operation.kind().row().slot == Some(Field::Block) {
            let mut without = program.clone();
            without.operations.remove(step);
            neighbours.push(without);
        }
    }
    let rank = KindRank::of(last.kind());
    let others = enumerate_operations(machine, [], Stamp(0));
    let others = others.into_iter().filter(|other| other != last && (is_errno || KindRank::of(other.kind()) <= rank));
    neighbours.extend(others.map(|other| {
        let mut changed = program.clone();
        changed.operations[before.len()] = other;
        changed
    }));
    neighbours
}

/// The machine with a frame more at each home that has any.
fn roomier(machine: &Machine) -> Option<Machine> {
    let [ram, first, second, spaces, pages] = machine.sizes();
    let [first, second] = [first, second].map(|frames| frames + u32::from(frames > 0));
    machine.resized([ram + 1, first, second, spaces, pages])
}

/// Whether the first operation is the second on a part of its range.
fn is_part(part: &Operation, whole: &Operation) -> bool {
    let [part_of, all_of] = [part, whole].map(Operation::values);
    if part.kind() != whole.kind() || part == whole || !all_of.fields().contains(&Field::Count) {
        return false;
    }
    all_of.iter().zip(part_of.iter()).enumerate().all(|(index, ((field, all), (_, some)))| {
        if field == Field::Page {
            let [all_count, count] = [&all_of, &part_of].map(|values| values.as_slice()[index + 1]);
            some >= all && some + count <= all + all_count
        } else {
            some == all || matches!(field, Field::Count | Field::Destination)
        }
    })
}

#[cfg(test)]
mod tests;
