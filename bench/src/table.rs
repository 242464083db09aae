//! The table: rows of figures and goals, printed so that they can be copied out into Markdown.

/// One line of the table.
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) peer: String,
    pub(crate) ratio: String,
    pub(crate) goal: String,
    pub(crate) verdict: Verdict,
}

/// What a row says about its goal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// The row has no goal of its own; it is there to be compared.
    Shown,
    /// Nothing was measured.
    Skipped,
}

impl Verdict {
    /// Met if it is so.
    pub(crate) fn of(met: bool) -> Verdict {
        if met { Verdict::Met } else { Verdict::Missed }
    }

    fn word(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::Shown => "",
            Verdict::Skipped => "skipped",
        }
    }
}

impl Row {
    /// A ratio, ours to a peer's or to our own in another state, that may be at most this.
    pub(crate) fn at_most(id: &'static str, what: String, ours: f64, peer: f64, most: Option<f64>) -> Row {
        let ratio = ours / peer;
        Row {
            id,
            what,
            ours: figure(ours),
            peer: figure(peer),
            ratio: figure(ratio),
            goal: most.map_or(String::new(), |most| format!("≤ {most}")),
            verdict: most.map_or(Verdict::Shown, |most| Verdict::of(ratio <= most)),
        }
    }

    /// A row of which nothing could be measured, and why.
    pub(crate) fn skipped(id: &'static str, what: String, why: &str) -> Row {
        Row {
            id,
            what,
            ours: why.to_string(),
            peer: String::new(),
            ratio: String::new(),
            goal: String::new(),
            verdict: Verdict::Skipped,
        }
    }

    fn cells(&self) -> [&str; 7] {
        [self.id, &self.what, &self.ours, &self.peer, &self.ratio, &self.goal, self.verdict.word()]
    }
}

const HEADER: [&str; 7] = ["id", "what", "ours", "peer", "ratio", "goal", ""];

/// All rows under a header.
pub(crate) fn text(rows: &[Row]) -> String {
    let lines: Vec<[&str; 7]> = std::iter::once(HEADER).chain(rows.iter().map(Row::cells)).collect();
    let widths: Vec<usize> = (0..HEADER.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(&format!("| {cell:<width$} "));
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                text.push_str(&format!("|{:-<1$}", "", width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

/// A number with three digits that count, and commas between thousands.
pub(crate) fn figure(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let plain = format!("{number:.decimals$}");
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), ""), |(whole, fraction)| (whole, fraction));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if fraction.is_empty() { grouped } else { format!("{grouped}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::{Row, Verdict, figure, text};

    #[test]
    fn figures_keep_three_digits_and_group_thousands() {
        let cases =
            [(0.284, "0.28"), (41.04, "41.0"), (999.6, "1,000"), (4_288.2, "4,288"), (1_234_567.0, "1,234,567")];
        for (number, expected) in cases {
            assert_eq!(figure(number), expected);
        }
    }

    #[test]
    fn a_row_says_whether_its_goal_is_met() {
        let row = |ours| Row::at_most("A1", "pair".to_string(), ours, 100.0, Some(0.3));
        assert!(row(30.0).verdict == Verdict::Met && row(31.0).verdict == Verdict::Missed);
        assert!(text(&[row(31.0)]).contains("| A1 | pair | 31.0 | 100  | 0.31  | ≤ 0.3 | MISSED |"));
    }
}
