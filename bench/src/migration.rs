//! Rows M1: what a migration, a walk of the reverse map, a fork and an exit cost in machines of three sizes.

use stalemap_implementation::Implementation;
use stalemap_operations::{Dialect, Kind, Machine, Operation, Outcome, Subject};

use crate::callgrind::{self, Count, count};
use crate::table::{Row, figure};

/// A machine: binary logarithms of its frames, half of them a device's, and of the pages of each of its 64 spaces.
struct Size {
    frames: u32,
    pages: u32,
}

const SIZES: [Size; 3] =
    [Size { frames: 10, pages: 10 }, Size { frames: 18, pages: 13 }, Size { frames: 24, pages: 16 }];
const SPACES: u32 = 64;
/// Pages that are migrated, forked and dropped at once; times that a page is mapped.
const PAGES: [u32; 2] = [32, 256];
const MAPPED: [u32; 2] = [8, 64];
/// How much more a thing may cost in a larger machine, or in a larger number of them.
const GROWTH: f64 = 1.25;

/// A subject of one size, and words for its operations.
struct Bed {
    machine: Machine,
    subject: Implementation,
}

impl Bed {
    fn new(size: &Size) -> Bed {
        let half = 1 << (size.frames - 1);
        let machine =
            Machine::new([half, half, 0], SPACES, 1 << size.pages, Dialect::default()).expect("within limits");
        Bed { subject: Implementation::new(&machine), machine }
    }

    /// The operation with this word and these fields in the order of its row.
    fn operation(&self, word: &str, fields: &[u32]) -> Operation {
        let kind = Kind::by_word(word).expect("a word of the table");
        Operation::new(kind, fields, &self.machine).expect("fields that fit the machine")
    }

    fn run(&mut self, word: &str, fields: &[u32]) {
        let operation = self.operation(word, fields);
        self.apply(operation);
    }

    fn apply(&mut self, operation: Operation) {
        let outcome = self.subject.apply(operation);
        assert!(matches!(outcome, Outcome::Done(_)), "{operation} = {outcome}");
    }

    /// Counts operations that are about so many pages or mappings.
    fn count(&mut self, name: &str, about: u32, operations: &[Operation]) {
        count(name, || {
            operations.iter().for_each(|&operation| self.apply(operation));
            (about.into(), String::new())
        });
    }

    /// Maps and writes pages of s0, at the far end of the space.
    fn fill(&mut self, pages: u32) -> u32 {
        let first = self.machine.pages() - pages;
        self.run("map", &[0, first, pages, 2]);
        for page in first..first + pages {
            self.run("write", &[0, page, 7]);
        }
        first
    }

    fn clear(&mut self, first: u32, pages: u32) {
        self.run("unmap", &[0, first, pages]);
    }
}

/// Runs the kernel `migration:SIZE` if it is this.
pub(crate) fn run_kernel(name: &str) -> bool {
    let frames = name.strip_prefix("migration:").and_then(|frames| frames.parse().ok());
    let Some(size) = SIZES.iter().find(|size| Some(size.frames) == frames) else { return false };
    let mut bed = Bed::new(size);
    // Buffers grow to what the largest part needs, so that no part counts their growth.
    parts(&mut bed, false);
    parts(&mut bed, true);
    true
}

fn parts(bed: &mut Bed, counted: bool) {
    for pages in PAGES {
        let first = bed.fill(pages);
        let range = [0, first, pages];
        let to = bed.operation("migrate", &[&range[..], &[0, 0]].concat());
        let phases = [
            bed.operation("setup", &[&[0], &range[..], &[1, 0]].concat()),
            bed.operation("copy", &[0, 0]),
            bed.operation("pages", &[0]),
            bed.operation("finalize", &[0]),
        ];
        let fork = bed.operation("fork", &[0, 1]);
        let exit = bed.operation("exit", &[1]);
        for (name, operations) in [("migrate", &[to][..]), ("phases", &phases), ("fork", &[fork]), ("exit", &[exit])] {
            part(bed, counted, &format!("{name} {pages}"), pages, operations);
        }
        bed.clear(first, pages);
    }
    for mapped in MAPPED {
        let first = bed.fill(1);
        for child in 1..mapped {
            bed.run("fork", &[0, child]);
        }
        let to = bed.operation("migrate", &[0, first, 1, 0, 0]);
        part(bed, counted, &format!("shared {mapped}"), mapped, &[to]);
        for child in 1..mapped {
            bed.run("exit", &[child]);
        }
        bed.clear(first, 1);
    }
}

fn part(bed: &mut Bed, counted: bool, name: &str, about: u32, operations: &[Operation]) {
    if counted {
        bed.count(name, about, operations);
    } else {
        operations.iter().for_each(|&operation| bed.apply(operation));
    }
}

/// What each part is called in the table, and the numbers of pages or mappings that it was done with.
const PARTS: &[(&str, &str, [u32; 2])] = &[
    ("migrate", "migrate in one step, a page", PAGES),
    ("phases", "setup, copy, pages, finalize, a page", PAGES),
    ("fork", "fork, a mapped page", PAGES),
    ("exit", "exit, a mapped page", PAGES),
    ("shared", "migrate a shared page, a mapping", MAPPED),
];

/// M1: two rows a part, one over the sizes of machines and one over the numbers of pages.
pub(crate) fn rows() -> Vec<Row> {
    let counts: Result<Vec<Vec<Count>>, String> =
        SIZES.iter().map(|size| callgrind::run(&format!("migration:{}", size.frames))).collect();
    let counts = match counts {
        Ok(counts) => counts,
        Err(why) => return vec![Row::skipped("M1", "migration at three sizes".to_string(), &why)],
    };
    let each = |size: usize, name: &str, number: u32| {
        let name = format!("{name} {number}");
        counts[size].iter().find(|count| count.name == name).map_or(f64::NAN, Count::each)
    };
    let mut rows = Vec::new();
    for &(name, what, [few, many]) in PARTS {
        let middle = figure(each(1, name, many));
        let machines = format!("{what}: 2^24 frames beside 2^10 (2^18: {middle})");
        rows.push(Row::at_most("M1", machines, each(2, name, many), each(0, name, many), Some(GROWTH)));
        let numbers = format!("{what}: {many} beside {few} of them");
        rows.push(Row::at_most("M1", numbers, each(2, name, many), each(2, name, few), Some(GROWTH)));
    }
    rows
}
