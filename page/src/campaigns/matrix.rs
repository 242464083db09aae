//! The matrix of transitions: operation × state before × outcome, with what was met, never met and impossible.

use serde::Serialize;
use stalemap_harness::Transitions;
use stalemap_operations::{Kind, KindSet};

use super::Met;

/// The transitions of operations that meet the same sort of states: of a place, of a slot, or none.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Matrix {
    /// The states, one for each row.
    states: Vec<String>,
    columns: Vec<Column>,
    /// For each state a digit for each column: 1 where the first folder has met it, 2 where the second one has, 4 where the state is
    /// possible, or the sum of these.
    rows: Vec<String>,
}

/// One outcome of one operation.
#[derive(Clone, Debug, Serialize)]
struct Column {
    word: &'static str,
    outcome: &'static str,
    /// How often each folder has met it, from all states together; none where a matrix before this one has it.
    times: Vec<u64>,
    /// Whether a campaign of each folder does the operation.
    asked: Vec<bool>,
}

const POSSIBLE: u8 = 4;

/// All transitions, in the order of the operations.
pub(super) fn matrices(folders: &[Met]) -> Vec<Matrix> {
    let mut digits = vec![0; Transitions::CELLS];
    Transitions::possible().for_each(|cell| digits[cell] |= POSSIBLE);
    for (number, folder) in folders.iter().enumerate() {
        folder.transitions.iter().for_each(|cell| digits[cell] |= 1 << number);
    }
    let cells: Vec<(Kind, String, &str)> = (0..Transitions::CELLS).map(Transitions::meaning).collect();
    // An operation comes again behind all others, with the states of machines with huge pages.
    let mut digits = digits.into_iter();
    let mut matrices: Vec<Matrix> = Vec::new();
    let mut counted = KindSet::NONE;
    for of_kind in cells.chunk_by(|one, other| one.0 == other.0) {
        let kind = of_kind[0].0;
        let outcomes = 1 + kind.row().refusals.len();
        let states: Vec<&str> = of_kind.chunks(outcomes).map(|row| row[0].1.as_str()).collect();
        let at = matrices.iter().position(|matrix| matrix.states == states).unwrap_or_else(|| {
            let states: Vec<String> = states.iter().map(ToString::to_string).collect();
            matrices.push(Matrix { rows: vec![String::new(); states.len()], states, columns: Vec::new() });
            matrices.len() - 1
        });
        let Matrix { columns, rows, .. } = &mut matrices[at];
        columns.extend(of_kind[..outcomes].iter().map(|(_, _, outcome)| Column {
            word: kind.row().word,
            outcome,
            times: folders.iter().filter(|_| !counted.contains(kind)).map(|it| it.times(kind, outcome)).collect(),
            asked: folders.iter().map(|folder| folder.kinds.contains(kind)).collect(),
        }));
        counted = counted.with(kind);
        for row in rows {
            row.extend(digits.by_ref().take(outcomes).map(|digit| char::from(b'0' + digit)));
        }
    }
    matrices
}
