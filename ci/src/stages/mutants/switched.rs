//! A source that holds many changes at once: a number that is read when it runs says which of them is made.

use std::ops::Range;

use anyhow::Result;

use super::change::{Change, Sort};
use super::sites::{Site, Sites};

/// A source with changes behind switches.
#[derive(Debug, Default)]
pub(super) struct Switched {
    pub(super) text: String,
    /// In bytes of the text: what runs where one change is made, or what reads the number of these changes.
    pieces: Vec<(Range<usize>, Vec<u32>)>,
    /// The changes that no switch can make, as places in the list.
    pub(super) alone: Vec<usize>,
    /// For each number the one that stands for its place: what is told when the place runs.
    pub(super) places: Vec<(u32, u32)>,
}

impl Switched {
    /// Writes the source with its changes, each with its number.
    pub(super) fn of(source: &str, changes: &[(u32, &Change)]) -> Result<Switched> {
        let sites = Sites::of(source)?;
        let mut writer = Writer { source, edits: Vec::new(), switched: Switched::default() };
        for (at, &(number, change)) in changes.iter().enumerate() {
            if sites.is_constant(&change.place) || !writer.plan(&sites, number, change) {
                writer.switched.alone.push(at);
            }
        }
        // What is outside comes first.
        writer.edits.sort_by_key(|edit| (edit.place.start, usize::MAX - edit.place.end, edit.rank));
        let edits = std::mem::take(&mut writer.edits);
        writer.write(0..source.len(), &edits);
        Ok(writer.switched)
    }

    /// The changes that a message of the compiler about these bytes is about.
    pub(super) fn changes_at(&self, bytes: &Range<usize>) -> &[u32] {
        let holds = |piece: &&(Range<usize>, Vec<u32>)| piece.0.start <= bytes.start && bytes.end <= piece.0.end;
        self.pieces.iter().filter(holds).min_by_key(|piece| piece.0.len()).map_or(&[], |piece| &piece.1)
    }
}

/// What is done to a piece of the source.
#[derive(Debug)]
struct Edit {
    place: Range<usize>,
    /// Of edits of the same place, the lower is outside.
    rank: u8,
    /// Each change with what stands at the place then.
    arms: Vec<(u32, String)>,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// An expression is one of several.
    Choose,
    /// A function returns at once.
    Return,
    /// An arm without a condition gets one.
    Condition,
    /// An arm's condition gets another before it.
    Both,
    /// Nothing: what the compiler says of this piece may be about these changes.
    Around,
}

struct Writer<'a> {
    source: &'a str,
    edits: Vec<Edit>,
    switched: Switched,
}

impl Writer<'_> {
    /// Plans a change; `false` where the tree has nothing that it could be a change of.
    fn plan(&mut self, sites: &Sites, number: u32, change: &Change) -> bool {
        let text = |range: Range<usize>| &self.source[range];
        let fits = |site: &&Site| {
            matches!(
                (change.sort, site),
                (Sort::Binary, Site::Binary { .. })
                    | (Sort::Unary, Site::Unary { .. })
                    | (Sort::Arm, Site::Arm { .. })
                    | (Sort::Guard, Site::Guard { .. })
                    | (Sort::Field, Site::Field { .. })
            )
        };
        let body = if change.sort == Sort::Body { sites.body(&change.place) } else { None };
        let Some(site) = body.or_else(|| sites.at(change.place.start).iter().find(fits).cloned()) else {
            return false;
        };
        let (place, rank, how, arm) = match site {
            Site::Body { whole } => {
                let start = whole.start + 1;
                self.add(whole, 0, How::Around, (number, String::new()));
                (start..start, 0, How::Return, change.replacement.clone())
            }
            Site::Binary { whole, operator } => {
                let (left, right) = (text(whole.start..operator.start), text(operator.end..whole.end));
                let arm = format!("{left}{}{right}", change.replacement);
                (whole, 4, How::Choose, arm)
            }
            Site::Unary { whole, operand } => {
                let arm = text(operand).to_owned();
                (whole, 4, How::Choose, arm)
            }
            Site::Guard { whole } => (whole, 2, How::Choose, change.replacement.clone()),
            Site::Field { whole, field } => {
                let arm = format!("{}{}", text(whole.start..field.start), text(field.end..whole.end));
                (whole, 3, How::Choose, arm)
            }
            Site::Arm { whole, pattern_end, condition } => {
                self.add(whole, 0, How::Around, (number, String::new()));
                match condition {
                    Some(condition) => (condition, 1, How::Both, String::new()),
                    None => (pattern_end..pattern_end, 1, How::Condition, String::new()),
                }
            }
        };
        self.add(place, rank, how, (number, arm));
        true
    }

    /// Adds what stands at a place when a change is made; changes of one place come together.
    fn add(&mut self, place: Range<usize>, rank: u8, how: How, arm: (u32, String)) {
        match self.edits.iter_mut().find(|it| it.place == place && it.how == how && it.rank == rank) {
            Some(edit) => edit.arms.push(arm),
            None => self.edits.push(Edit { place, rank, arms: vec![arm], how }),
        }
    }

    /// Writes a piece of the source with the edits that are inside it.
    fn write(&mut self, piece: Range<usize>, edits: &[Edit]) {
        let (mut at, mut next) = (piece.start, 0);
        while let Some(edit) = edits.get(next) {
            self.switched.text.push_str(&self.source[at..edit.place.start]);
            let inside = edits[next + 1..].iter().take_while(|it| it.place.start < edit.place.end).count();
            self.edit(edit, &edits[next + 1..next + 1 + inside]);
            at = edit.place.end;
            next += 1 + inside;
        }
        self.switched.text.push_str(&self.source[at..piece.end]);
    }

    fn edit(&mut self, edit: &Edit, inside: &[Edit]) {
        let numbers: Vec<u32> = edit.arms.iter().map(|arm| arm.0).collect();
        let first = numbers[0];
        if edit.how != How::Around {
            self.switched.places.extend(numbers.iter().map(|&number| (number, first)));
        }
        let start = self.switched.text.len();
        let ask = format!("crate::switched_changes::at({first})");
        match edit.how {
            How::Around => self.write(edit.place.clone(), inside),
            How::Condition => self.push(&format!(" if {ask} != {first}")),
            How::Both => {
                self.push(&format!("{ask} != {first} && ("));
                self.write(edit.place.clone(), inside);
                self.push(")");
            }
            How::Return => {
                self.push(&format!(" match {ask} {{ "));
                for (number, arm) in &edit.arms {
                    self.arm(*number, &format!("{number} => return ({arm}),"));
                }
                self.push(" _ => {} } ");
            }
            How::Choose => {
                self.push(&format!("(match {ask} {{ "));
                for (number, arm) in &edit.arms {
                    self.arm(*number, &format!("{number} => ({arm}),"));
                }
                self.push(" _ => ");
                self.write(edit.place.clone(), inside);
                self.push(" })");
            }
        }
        let pieces = start..self.switched.text.len();
        self.switched.pieces.push((pieces, numbers));
    }

    fn arm(&mut self, number: u32, text: &str) {
        let start = self.switched.text.len();
        self.push(text);
        self.switched.pieces.push((start..self.switched.text.len(), vec![number]));
    }

    fn push(&mut self, text: &str) {
        self.switched.text.push_str(text);
    }
}

/// The module that each changed crate gets: which change is made, and which places have run.
///
/// `most` is the highest number of a change.
pub(super) fn module(most: u32) -> String {
    format!(
        r#"//! Which change is made.
extern crate std as real_std;
use real_std::io::Write as _;
use real_std::sync::atomic::{{AtomicBool, AtomicU32, Ordering::Relaxed}};
const UNREAD: u32 = u32::MAX;
const TOLD: u32 = u32::MAX - 1;
static MADE: AtomicU32 = AtomicU32::new(UNREAD);
static SEEN: [AtomicBool; {most} + 1] = [const {{ AtomicBool::new(false) }}; {most} + 1];
#[inline(always)]
pub(crate) fn at(place: u32) -> u32 {{
    let made = MADE.load(Relaxed);
    if made < TOLD {{ made }} else {{ ask(place, made) }}
}}
#[cold]
#[inline(never)]
fn ask(place: u32, made: u32) -> u32 {{
    if made == UNREAD {{
        let number = real_std::env::var("STALEMAP_CHANGE").ok().and_then(|it| it.parse().ok()).unwrap_or(0);
        let told = real_std::env::var_os("STALEMAP_PLACES").is_some();
        MADE.store(if told {{ TOLD }} else {{ number }}, Relaxed);
        return at(place);
    }}
    let seen = &SEEN[place as usize];
    if !seen.load(Relaxed) && !seen.swap(true, Relaxed) {{
        let path = real_std::env::var_os("STALEMAP_PLACES").unwrap_or_default();
        if let Ok(mut file) = real_std::fs::OpenOptions::new().create(true).append(true).open(path) {{
            let _ = file.write_all(real_std::format!("{{place}}\n").as_bytes());
        }}
    }}
    0
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::super::change::{Change, Sort};
    use super::Switched;

    /// A change of the first place where the source has this text.
    fn change(source: &str, text: &str, replacement: &str, sort: Sort) -> Change {
        let start = source.find(text).unwrap();
        let (place, replacement) = (start..start + text.len(), replacement.to_owned());
        Change { name: text.to_owned(), file: "a.rs".to_owned(), place, replacement, sort }
    }

    /// The source with these changes, numbered from 1, without the crate's name before each question.
    fn switched(source: &str, changes: &[Change]) -> Switched {
        let numbered: Vec<_> = (1..).zip(changes).collect();
        let mut switched = Switched::of(source, &numbered).unwrap();
        switched.text = switched.text.replace("crate::switched_changes::", "");
        switched
    }

    #[test]
    fn one_build_holds_all_changes_of_a_function() {
        let source = "fn f(a: u8) -> u8 { a + !2 * 3 }";
        let changes = [
            change(source, "a + !2 * 3", "0", Sort::Body),
            change(source, "a + !2 * 3", "1", Sort::Body),
            change(source, "+", "-", Sort::Binary),
            change(source, "*", "/", Sort::Binary),
            change(source, "!", "", Sort::Unary),
        ];
        let switched = switched(source, &changes);
        let expected = "fn f(a: u8) -> u8 { match at(1) { 1 => return (0),2 => return (1), _ => {} }  \
                        (match at(3) { 3 => (a - !2 * 3), _ => a + \
                        (match at(4) { 4 => (!2 / 3), _ => (match at(5) { 5 => (2), _ => !2 }) * 3 }) }) }";
        assert_eq!(switched.text, expected);
        assert_eq!(switched.places, [(1, 1), (2, 1), (3, 3), (4, 4), (5, 5)]);
        assert!(switched.alone.is_empty());
    }

    #[test]
    fn arms_their_conditions_and_fields_have_switches() {
        let source = "fn f() { match x { 1 => a, _ if b && c => S { d: 1, ..e }, _ => {} } }";
        let changes = [
            change(source, "1 => a,", "", Sort::Arm),
            change(source, "_ if b && c => S { d: 1, ..e },", "", Sort::Arm),
            change(source, "b && c", "true", Sort::Guard),
            change(source, "&&", "||", Sort::Binary),
            change(source, "d: 1", "", Sort::Field),
        ];
        let expected = "fn f() { match x { 1 if at(1) != 1 => a, _ if at(2) != 2 && ((match at(3) { 3 => (true), _ => \
                        (match at(4) { 4 => (b || c), _ => b && c }) })) => \
                        (match at(5) { 5 => (S {  ..e }), _ => S { d: 1, ..e } }), _ => {} } }";
        assert_eq!(switched(source, &changes).text, expected);
    }

    #[test]
    fn constants_and_conditions_that_bind_need_their_own_build() {
        let source = "const A: u8 = 1 + 2; const fn f() -> u8 { 3 - 4 } fn g() { if let Some(x) = y && x {} }";
        let changes = [
            change(source, "+", "-", Sort::Binary),
            change(source, "- 4", "+", Sort::Binary),
            change(source, "3 - 4", "0", Sort::Body),
            change(source, "&&", "||", Sort::Binary),
        ];
        let switched = switched(source, &changes);
        assert_eq!(switched.alone, [0, 1, 2, 3]);
        assert_eq!(switched.text, source);
    }

    #[test]
    fn a_message_of_the_compiler_is_about_the_smallest_piece() {
        let source = "fn f() -> u8 { 1 + 2 * 3 }";
        let changes = [change(source, "+", "-", Sort::Binary), change(source, "*", "/", Sort::Binary)];
        let numbered: Vec<_> = (1..).zip(&changes).collect();
        let switched = Switched::of(source, &numbered).unwrap();
        let at = |text: &str| {
            let start = switched.text.find(text).unwrap();
            switched.changes_at(&(start..start + text.len()))
        };
        assert_eq!([at("1 - 2 * 3"), at("2 / 3"), at("2 * 3 }) })")], [&[1][..], &[2], &[1]]);
        assert_eq!(at("fn f"), [] as [u32; 0]);
    }
}
