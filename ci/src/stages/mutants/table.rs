//! The published table: of how many changed lines each room's oracles noticed how many, and why not the others.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::GOAL;
use super::equivalent::Equivalent;
use super::fate::{Fate, Fates, Killer, TEST, write_whole};
use crate::stages::tool::CARGO_MUTANTS;

/// What became of the changed lines of a room.
#[derive(Debug, Default)]
pub(super) struct Score {
    pub(super) room: &'static str,
    day: String,
    unviable: usize,
    /// Noticed by the judge: by which part of it.
    by_part: BTreeMap<String, usize>,
    /// Noticed by the judge: by which oracle, or how else.
    by_oracle: BTreeMap<String, usize>,
    /// Noticed by another test only: its name.
    by_test: BTreeMap<String, String>,
    /// Not noticed by anybody; `true` where a test did not come to its end.
    pub(super) survivors: BTreeMap<String, bool>,
    /// Not judged yet.
    pub(super) unjudged: usize,
    equivalent: Vec<Equivalent>,
}

impl Score {
    pub(super) fn new(room: &'static str, asked: &[String], fates: &Fates, equivalent: Vec<Equivalent>) -> Score {
        let mut score = Score { room, day: fates.day.clone(), equivalent, ..Score::default() };
        for name in asked {
            match fates.get(name) {
                Some(Fate::Unviable) => score.unviable += 1,
                Some(Fate::Killed(killer)) if killer.by == TEST => {
                    score.by_test.insert(name.clone(), killer.objection.clone());
                }
                Some(Fate::Killed(killer)) => {
                    *score.by_part.entry(killer.by.clone()).or_default() += 1;
                    *score.by_oracle.entry(oracle(killer)).or_default() += 1;
                }
                Some(Fate::TimedOut) => drop(score.survivors.insert(name.clone(), true)),
                Some(Fate::Survived) => drop(score.survivors.insert(name.clone(), false)),
                None => score.unjudged += 1,
            }
        }
        score
    }

    /// Noticed by the judge.
    pub(super) fn killed(&self) -> usize {
        self.by_part.values().sum()
    }

    /// Those that compile, or may: what is not judged yet is among them. (The ones that are left out as equivalent all did when they were looked at.)
    pub(super) fn viable(&self) -> usize {
        self.killed() + self.by_test.len() + self.survivors.len() + self.unjudged + self.equivalents()
    }

    fn equivalents(&self) -> usize {
        self.equivalent.iter().map(|it| it.names.len()).sum()
    }

    /// Of 100 that compile, how many the judge notices.
    fn percent(&self) -> f64 {
        let [killed, viable] = [self.killed(), self.viable()].map(|it| u32::try_from(it).map_or(f64::NAN, f64::from));
        100.0 * killed / viable
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        let parts: Vec<String> = self.by_part.iter().map(|(part, killed)| format!("{part} {killed}")).collect();
        format!(
            "{}: {} of {} viable were noticed, {:.1} % ({}); {} more by another test, {} make no difference, {} survived; \
             {} did not compile",
            self.room,
            self.killed(),
            self.viable(),
            self.percent(),
            parts.join(", "),
            self.by_test.len(),
            self.equivalents(),
            self.survivors.len(),
            self.unviable
        )
    }
}

/// The oracle that objected, or in how else it showed.
fn oracle(Killer { by, objection }: &Killer) -> String {
    let first = objection.split(' ').next().unwrap_or_default();
    match first.split_once('.') {
        Some((oracle, rest)) if rest.contains('@') => oracle.to_owned(),
        _ if first.ends_with(':') => format!("none: {}", first.trim_end_matches(':')),
        _ => format!("none: a check of `{by}`"),
    }
}

/// Writes the table of all rooms.
pub(super) fn write(path: &Path, scores: &[Score]) -> Result<()> {
    write_whole(path, &markdown(scores))
}

fn markdown(scores: &[Score]) -> String {
    let mut text = String::from("# How strong the oracles are: mutation score\n\n");
    let version = CARGO_MUTANTS.version;
    let days: Vec<&str> = scores.iter().map(|score| score.day.as_str()).collect();
    let day = days.iter().max().copied().unwrap_or_default();
    text.push_str(&format!(
        "cargo-mutants {version} changed one line of the reference or of the implementation after the other, and \
         `harness/tests/strength.rs`\njudged each change: both sides side by side, every oracle asked. Written by \
         `cargo run -q -p stalemap-ci -- mutants` on {day},\nwhich repeats it; the goal is {GOAL} % in each room.\n\n"
    ));
    let rooms: Vec<&str> = scores.iter().map(|score| score.room).collect();
    text.push_str(&row("", &rooms.iter().map(|room| format!("`{room}`")).collect::<Vec<_>>()));
    text.push_str(&format!("|---|{}\n", "---:|".repeat(scores.len())));
    let mut add = |what: &str, number: &dyn Fn(&Score) -> String| {
        text.push_str(&row(what, &scores.iter().map(number).collect::<Vec<_>>()));
    };
    add("changes that compile", &|score| score.viable().to_string());
    let mut parts = keys(scores, |score| &score.by_part);
    // The quick ones come first, in the order in which they are asked.
    parts.sort_by_key(|part| PARTS.iter().position(|(it, _)| it == part));
    for part in parts {
        add(&meaning(part), &|score| score.by_part.get(part).copied().unwrap_or(0).to_string());
    }
    add("**noticed**", &|score| format!("**{} = {:.1} %**", score.killed(), score.percent()));
    add("noticed by another test only", &|score| score.by_test.len().to_string());
    add("makes no difference that could be seen", &|score| score.equivalents().to_string());
    add("not noticed", &|score| score.survivors.len().to_string());
    if scores.iter().any(|score| score.unjudged > 0) {
        add("not judged yet", &|score| score.unjudged.to_string());
    }
    add("changes that do not compile", &|score| score.unviable.to_string());
    text.push_str("\n## By which oracle\n\n");
    text.push_str(&row("", &rooms.iter().map(|room| format!("`{room}`")).collect::<Vec<_>>()));
    text.push_str(&format!("|---|{}\n", "---:|".repeat(scores.len())));
    for oracle in keys(scores, |score| &score.by_oracle) {
        let counts = scores.iter().map(|score| score.by_oracle.get(oracle).copied().unwrap_or(0).to_string());
        text.push_str(&row(oracle, &counts.collect::<Vec<_>>()));
    }
    for score in scores {
        room(score, &mut text);
    }
    text
}

fn keys<'a>(scores: &'a [Score], of: impl Fn(&'a Score) -> &'a BTreeMap<String, usize>) -> Vec<&'a str> {
    let mut keys: Vec<&str> = scores.iter().flat_map(|score| of(score).keys().map(String::as_str)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn row(what: &str, cells: &[String]) -> String {
    format!("| {what} | {} |\n", cells.join(" | "))
}

/// The parts of the judge, in the order in which they are asked, and what they are.
const PARTS: &[(&str, &str)] = &[
    ("replay", "noticed by the replay of specification and regressions"),
    ("bugs", "… by the traces of the seeded bugs"),
    ("recount", "… by what the recount says of seeded bugs"),
    ("marks", "… by sequences that meet each mark and each situation"),
    ("memory", "… by the allocator's account of itself"),
    ("notes", "… by what each side says it has touched"),
    ("reference", "… by the reference as a subject"),
    ("states", "… by the states of the exhaustive certificate"),
    ("large", "… by a campaign on large machines"),
    ("campaign", "… by the campaign of ten seconds"),
    ("plain", "… by the replay in a build without the seeded bugs"),
];

fn meaning(part: &str) -> String {
    let known = PARTS.iter().find(|(name, _)| *name == part);
    known.map_or_else(|| format!("… by `{part}`"), |(_, meaning)| (*meaning).to_owned())
}

/// What is said of a room's changes that the judge does not notice.
fn room(score: &Score, text: &mut String) {
    let Score { room, survivors, by_test, equivalent, .. } = score;
    if !survivors.is_empty() {
        let _ = write!(text, "\n## Not noticed in `{room}`\n\n");
        for (name, timed_out) in survivors {
            let _ = writeln!(text, "* `{name}`{}", if *timed_out { " (a test did not end)" } else { "" });
        }
    }
    if !equivalent.is_empty() {
        let _ = write!(text, "\n## No difference that could be seen, in `{room}`\n");
        let mut said = "";
        for Equivalent { reason, names, .. } in equivalent {
            if said != reason {
                let _ = write!(text, "\n{reason}\n\n");
                said = reason;
            }
            names.iter().for_each(|name| text.push_str(&format!("* `{name}`\n")));
        }
    }
    if !by_test.is_empty() {
        let _ = write!(text, "\n## Noticed by another test only, in `{room}`\n\n");
        by_test.iter().for_each(|(name, test)| text.push_str(&format!("* `{name}`: {test}\n")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fate::{Fate, Fates, Killer};
    use super::{Score, markdown};
    use crate::stages::mutants::equivalent::Equivalent;

    #[test]
    fn the_score_counts_what_compiles_and_names_what_is_left() {
        let killed =
            |by: &str, objection: &str| Fate::Killed(Killer { by: by.to_owned(), objection: objection.to_owned() });
        let fates = [
            ("a", killed("replay", "rmap.places@map in spec/x.trace")),
            ("b", killed("campaign", "panic: overflow")),
            ("c", killed("test", "a_test")),
            ("d", Fate::Unviable),
            ("e", Fate::Survived),
            ("f", Fate::TimedOut),
        ];
        let mut asked: Vec<String> = fates.iter().map(|(name, _)| (*name).to_owned()).collect();
        asked.push("h".to_owned());
        let fates = Fates::of(fates.map(|(name, fate)| (name.to_owned(), fate)), "2026-11-24");
        let equivalent = Equivalent {
            pattern: "g".to_owned(),
            reason: "It only takes longer.".to_owned(),
            names: vec!["g1".to_owned(), "g2".to_owned()],
        };
        let score = Score::new("reference", &asked, &fates, vec![equivalent]);
        assert_eq!((score.killed(), score.viable(), score.survivors.len(), score.unjudged), (2, 8, 2, 1));
        assert!(
            score.line().starts_with("reference: 2 of 8 viable were noticed, 25.0 % (campaign 1, replay 1); 1 more")
        );
        let text = markdown(&[score]);
        for line in [
            "| changes that compile | 8 |",
            "| **noticed** | **2 = 25.0 %** |",
            "| not judged yet | 1 |",
            "| rmap | 1 |",
            "| none: panic | 1 |",
            "* `e`",
            "* `f` (a test did not end)",
            "It only takes longer.",
            "* `g2`",
            "* `c`: a_test",
        ] {
            assert!(text.lines().any(|it| it == line), "`{line}` is not in\n{text}");
        }
    }
}
