//! From text to a trace.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::error::ParseError;
use super::line::{Line, Word, decimal};
use crate::machine::{Dialect, Home, Machine};
use crate::operand::{FieldValues, Space, Stamp, VirtualPage};
use crate::outcome::{Effect, EffectShape, Errno, Outcome};
use crate::table::{Kind, LARGE_FOLIOS, Operation, TABLE};
use crate::trace::{Step, Trace};

/// Reads a whole trace.
pub(crate) fn parse(text: &str) -> Result<Trace, ParseError> {
    let mut comments: Vec<String> = Vec::new();
    let mut trace: Option<Trace> = None;
    let (mut lines, mut commented) = (0, 0);
    for (number, text) in (1..).zip(text.lines()) {
        lines = number;
        let mut line = Line::new(number, text);
        let Some(first) = line.peek() else {
            // Several empty lines are one, as in print: so a trace is the same after it was printed.
            if comments.last().is_none_or(|above| !above.is_empty()) {
                comments.push(String::new());
                commented += 1;
            }
            continue;
        };
        if first.text.starts_with('#') {
            // Many short lines would take many times the memory of the text.
            if commented >= Trace::MOST_COMMENTS {
                return Err(line.error(first, &format!("at most {} lines of comments", Trace::MOST_COMMENTS)));
            }
            comments.push(text.trim().to_string());
            commented += 1;
            continue;
        }
        match &mut trace {
            None => {
                let machine = machine(&mut line)?;
                let title = core::mem::take(&mut comments);
                trace = Some(Trace { title, machine, ..Trace::default() });
            }
            Some(_) if first.text == "machine" => {
                return Err(line.error(first, "an operation (a trace has one machine line, its first)"));
            }
            Some(trace) if trace.steps.len() == Trace::MOST_STEPS => {
                let most = format!("at most {} operations", Trace::MOST_STEPS);
                return Err(line.error(first, &most));
            }
            Some(trace) => trace.steps.push(step(&mut line, &trace.machine, core::mem::take(&mut comments))?),
        }
    }
    let mut trace = trace.ok_or_else(|| ParseError {
        line: lines + 1,
        column: 1,
        found: "the end of the text".to_string(),
        expected: "a machine line such as `machine ram=8 device=4,4 spaces=3 pages=8`".to_string(),
        nearest: None,
    })?;
    trace.ending = comments;
    Ok(trace)
}

/// Reads `machine ram=8 device=4,4 spaces=3 pages=8 huge=2 rules=linux-6.12`.
fn machine<'a>(line: &mut Line<'a>) -> Result<Machine, ParseError> {
    const KEYS: [&str; 6] = ["ram", "device", "spaces", "pages", "rules", "huge"];
    let first = line.expect("the word machine")?;
    if first.text != "machine" {
        return Err(line.unknown(first, "the machine line, which comes before all operations", ["machine"]));
    }
    let mut values: [Option<Word<'a>>; KEYS.len()] = [None; KEYS.len()];
    while let Some(word) = line.take() {
        let (key, value) = word.text.split_once('=').unwrap_or((word.text, ""));
        let Some(index) = KEYS.iter().position(|&known| known == key) else {
            let named = Word { text: if key.is_empty() { word.text } else { key }, ..word };
            return Err(line.unknown(named, "ram=, device=, spaces=, pages=, huge= or rules=", KEYS));
        };
        if values[index].is_some() {
            return Err(line.error(word, &format!("one {key}= on a machine line")));
        }
        let column = word.column + key.chars().count() + 1;
        values[index] = Some(Word { text: value, column });
    }
    let line = &*line;
    let needed = |index: usize| {
        values[index].ok_or_else(|| line.error(line.end(), &format!("{}= on the machine line", KEYS[index])))
    };
    let ram = size(line, needed(0)?, "frames of RAM", Machine::FRAMES_LIMIT)?;
    let [first, second] = match values[1] {
        None => [0, 0],
        Some(word) => devices(line, word)?,
    };
    let spaces = size(line, needed(2)?, "spaces", Space::LIMIT)?;
    let pages = size(line, needed(3)?, "pages", VirtualPage::LIMIT)?;
    let rules = match values[4] {
        None => Dialect::default(),
        Some(word) => *Dialect::ALL
            .iter()
            .find(|dialect| dialect.word() == word.text)
            .ok_or_else(|| line.unknown(word, "linux-6.12, linux-6.1 or linux-7.3", Dialect::ALL.map(Dialect::word)))?,
    };
    let plain = Machine::new([ram, first, second], spaces, pages, rules).expect("every size was checked");
    values[5].map_or(Ok(plain), |word| huge(line, word, plain))
}

/// Gives the machine its huge pages.
fn huge(line: &Line<'_>, word: Word<'_>, plain: Machine) -> Result<Machine, ParseError> {
    let most = plain.most_huge();
    let machine = decimal(word.text).and_then(|order| plain.with_huge(order));
    machine.ok_or_else(|| {
        let expected = match most {
            0 => "no huge= (a huge page needs ram and pages of 2 or more)".to_string(),
            _ => format!("an order of huge pages, 1 to {most} (2^order pages fit into ram and into pages)"),
        };
        line.error(word, &expected)
    })
}

/// Reads the frames of one device or two.
fn devices(line: &Line<'_>, word: Word<'_>) -> Result<[u32; Home::LIMIT - 1], ParseError> {
    let one = |text, column| size(line, Word { text, column }, "frames of a device", Machine::FRAMES_LIMIT);
    Ok(match word.text.split_once(',') {
        None => [one(word.text, word.column)?, 0],
        Some((first, second)) => [one(first, word.column)?, one(second, word.column + first.chars().count() + 1)?],
    })
}

/// Reads a size of the machine.
fn size(line: &Line<'_>, word: Word<'_>, what: &str, limit: u32) -> Result<u32, ParseError> {
    decimal(word.text)
        .filter(|size| (1..=limit).contains(size))
        .ok_or_else(|| line.error(word, &format!("1 to {limit} {what}")))
}

/// Reads an operation and its answer.
fn step(line: &mut Line<'_>, machine: &Machine, comments: Vec<String>) -> Result<Step, ParseError> {
    let word = line.expect("an operation")?;
    let kind =
        Kind::by_word(word.text).ok_or_else(|| line.unknown(word, "an operation", TABLE.iter().map(|row| row.word)))?;
    if !kind.exists_on(machine) {
        let expected = match kind.row().level {
            LARGE_FOLIOS => "an operation without huge pages (the machine has none; give it huge=2)",
            _ => "an operation without a device (the machine has none)",
        };
        return Err(line.error(word, expected));
    }
    let row = kind.row();
    let mut values = FieldValues::of(row.fields);
    for (_, operand) in row.operands {
        operand.read(line, machine, &mut values)?;
    }
    let operation = Operation::new(kind, values.as_slice(), machine).expect("every field was checked");
    let answer = match line.take() {
        None => None,
        Some(word) if word.text == "=" => Some(answer(line, kind)?),
        Some(word) => return Err(line.error(word, "`=` and an answer, or the end of the line")),
    };
    line.clone().finish("the end of the line")?;
    Ok(Step { comments, operation, answer })
}

/// Reads what stands behind `=`.
fn answer(line: &mut Line<'_>, kind: Kind) -> Result<Outcome, ParseError> {
    let row = kind.row();
    let word = line.expect("an answer")?;
    if word.text == "ok" {
        return effect(line, row.effect).map(Outcome::Done);
    }
    let permitted = row.refusals.iter().map(|errno| errno.name());
    match Errno::ALL.into_iter().find(|errno| errno.name() == word.text) {
        Some(errno) if row.refusals.contains(&errno) => Ok(Outcome::Refused(errno)),
        Some(_) => {
            let list: Vec<&str> = permitted.collect();
            Err(line.error(word, &format!("ok or a refusal that {} may give ({})", row.word, list.join(", "))))
        }
        None => Err(line.unknown(word, "ok or an errno", permitted.chain(["ok"]))),
    }
}

/// Reads the parts of an effect.
fn effect(line: &mut Line<'_>, shape: EffectShape) -> Result<Effect, ParseError> {
    let mut number = |key: &str| -> Result<u32, ParseError> {
        let expected = format!("{key}= and a number");
        let word = line.expect(&expected)?;
        let value = word.text.strip_prefix(key).and_then(|rest| rest.strip_prefix('=')).and_then(decimal);
        value.ok_or_else(|| line.error(word, &expected))
    };
    Ok(match shape {
        EffectShape::Nothing => Effect::Nothing,
        EffectShape::Pages => Effect::Pages(number("pages")?),
        EffectShape::PagesFreed => Effect::PagesFreed { pages: number("pages")?, freed: number("freed")? },
        EffectShape::Freed => Effect::Freed(number("freed")?),
        EffectShape::Value => {
            let word = line.expect("value= and a stamp")?;
            let Some(value) = word.text.strip_prefix("value=") else {
                return Err(line.error(word, "value= and a stamp"));
            };
            Effect::Value(Stamp::from_word(line, Word { text: value, column: word.column + "value=".len() })?)
        }
    })
}
