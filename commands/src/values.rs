//! Values of options that several commands read alike: operations, levels, machines, formats.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use stalemap_harness::Compare;
use stalemap_operations::{Kind, KindSet, Machine, TABLE, Trace};

/// The most seconds of a campaign, about 30 years: a clock has room for twice as many, and libFuzzer for 31 bits.
pub const MOST_SECONDS: u64 = 1_000_000_000;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON value.
    Json,
    /// JUnit's XML, for continuous integration.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// How much is compared after each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Amount {
    /// Digests of what both sides touched, and everything at the end.
    #[default]
    Touched,
    /// Everything, and the subject's own recount: many times slower, and sees what no digest shows.
    Full,
}

impl Amount {
    /// As the harness has it.
    #[must_use]
    pub fn compare(self) -> Compare {
        match self {
            Amount::Touched => Compare::Touched,
            Amount::Full => Compare::Everything,
        }
    }
}

/// How a table is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON value.
    Json,
}

/// Reads an operation's word; clap names the nearest one to a wrong one.
///
/// # Panics
/// Never: only words of the table get through.
pub fn operation() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(TABLE.iter().map(|row| row.word))
        .map(|word| Kind::by_word(&word).expect("one of the table's words"))
}

/// Reads `0-4` or `1,3`.
///
/// # Errors
/// When it is no list of levels; says what one looks like.
pub fn levels(text: &str) -> Result<KindSet, String> {
    let highest = TABLE.iter().map(|row| row.level).max().unwrap_or(0);
    let level = |text: &str| {
        let level = text.parse().ok().filter(|level| *level <= highest);
        level.ok_or_else(|| {
            format!("expected levels 0 to {highest} such as `2`, `0-{highest}` or `1,3`, found \"{text}\"")
        })
    };
    let mut kinds = KindSet::NONE;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (level(first)?, level(last)?);
        if first > last {
            return Err(format!("expected the lower level first, found \"{part}\""));
        }
        let wanted = |kind: &Kind| (first..=last).contains(&kind.row().level);
        kinds = Kind::ALL.iter().copied().filter(wanted).fold(kinds, KindSet::with);
    }
    Ok(kinds)
}

/// Reads what stands on a machine line.
///
/// # Errors
/// Says what is wrong, and at which column.
pub fn machine(text: &str) -> Result<Machine, String> {
    const WORD: &str = "machine ";
    // A pasted machine line has the word already, and may be set in as in a report.
    let pasted = text.trim_end();
    let pasted = if pasted.trim_start().starts_with(WORD.trim_end()) { pasted } else { &format!("{WORD}{pasted}") };
    if pasted.contains('\n') {
        return Err("a machine is one line".to_string());
    }
    let trace = Trace::parse(pasted).map_err(|mut error| {
        let added = pasted.len().saturating_sub(text.trim_end().len());
        error.column = error.column.saturating_sub(added).max(1);
        let sentence = error.to_string();
        let place = format!("{}:{}: ", error.line, error.column);
        format!("column {}: {}", error.column, sentence.trim_start_matches(&place))
    })?;
    Ok(trace.machine)
}
