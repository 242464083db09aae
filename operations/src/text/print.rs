//! From a trace to its canonical text, in columns.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::table::Operation;
use crate::trace::Trace;

/// The narrowest columns; most traces of anonymous memory line up with one another.
const WORD_WIDTH: usize = 8;
const OPERANDS_WIDTH: usize = 17;

/// Prints a whole trace.
pub(crate) fn print(trace: &Trace, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let operands: Vec<String> = trace.operations().map(|operation| operands_text(&operation)).collect();
    let word = trace.operations().map(|operation| operation.kind().row().word.len()).fold(WORD_WIDTH, usize::max);
    let width = operands.iter().map(String::len).fold(OPERANDS_WIDTH, usize::max);
    print_comments(f, &trace.title)?;
    writeln!(f, "machine {}", trace.machine)?;
    for (step, operands) in trace.steps.iter().zip(&operands) {
        print_comments(f, &step.comments)?;
        let name = step.operation.kind().row().word;
        match step.answer {
            Some(answer) => writeln!(f, "{name:word$} {operands:width$} = {answer}")?,
            None => writeln!(f, "{}", format!("{name:word$} {operands}").trim_end())?,
        }
    }
    print_comments(f, &trace.ending)
}

/// The operation as on a line of its own, without columns.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(format!("{} {}", self.kind().row().word, operands_text(self)).trim_end())
    }
}

/// The operands as on their line.
fn operands_text(operation: &Operation) -> String {
    let values = operation.values();
    let mut rest = values.as_slice();
    let mut text = String::new();
    for (_, kind) in operation.kind().row().operands {
        if !text.is_empty() {
            text.push(' ');
        }
        kind.print(&mut rest, &mut text);
    }
    debug_assert!(rest.is_empty(), "every value is printed");
    text
}

/// Comment lines; several empty lines become one.
fn print_comments(f: &mut fmt::Formatter<'_>, comments: &[String]) -> fmt::Result {
    let mut was_empty = false;
    for comment in comments {
        if !(was_empty && comment.is_empty()) {
            writeln!(f, "{comment}")?;
        }
        was_empty = comment.is_empty();
    }
    Ok(())
}
