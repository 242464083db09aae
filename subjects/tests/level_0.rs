//! Each allocator beside the reference: what a campaign finds is what is written down of it, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use stalemap::{BlockAllocator, blocks};
use stalemap_harness::{Compare, Driver, Generator, Settings, minimise};
use stalemap_operations::{Dialect, Kind, Machine, Program, Trace};
use stalemap_subjects::{Bitmap, BuddySlab, BuddySystem, SummaryBuddy};

/// Frames of RAM and executions of each campaign; small machines of all sorts where no number is given.
const CAMPAIGNS: [(Option<u32>, u64); 3] = [(None, 20_000), (Some(100), 4_000), (Some(3_000), 1_000)];
/// The most operations in an execution.
const OPERATIONS: usize = 128;

/// Signature and minimised trace of each kind of difference that campaigns find.
fn campaigns<F: BlockAllocator + 'static>() -> BTreeMap<String, Trace> {
    let mut found = BTreeMap::new();
    for (ram, executions) in CAMPAIGNS {
        campaign::<F>(ram, executions, &mut found);
    }
    found
}

fn campaign<F: BlockAllocator + 'static>(ram: Option<u32>, executions: u64, found: &mut BTreeMap<String, Trace>) {
    let mut driver = Driver::new(blocks::<F>);
    let kinds = Kind::ALL.iter().copied().filter(|kind| kind.row().level == 0).collect();
    let machine = ram.and_then(|ram| Machine::new([ram, 0, 0], 1, 1, Dialect::default()));
    let mut generator = Generator::new(Settings { operations: OPERATIONS, kinds, machine, largest: None });
    let mut program = Program::default();
    for index in 0..executions {
        generator.execution(1, index, &mut program);
        // A machine that the allocator cannot be is passed over.
        let Ok(run) = driver.run(&program, Compare::Touched) else { continue };
        let Some(divergence) = run.divergence else { continue };
        let signature = divergence.signature();
        if found.contains_key(&signature.to_string()) {
            continue;
        }
        let small = minimise(&mut driver, &program, &signature, &mut |_| true).expect("it diverges again");
        found.insert(signature.to_string(), Trace::from(small.program));
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("found").join(name.split(' ').next().expect("a name"))
}

/// The traces that are written down of an allocator, by signature.
fn written(folder: &Path) -> BTreeMap<String, Trace> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let paths = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "trace"));
    paths
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a text");
            let trace = Trace::parse(&text).unwrap_or_else(|error| panic!("{}:{error}", path.display()));
            let said = trace.title.iter().find_map(|line| line.strip_prefix("# signature: "));
            (said.unwrap_or_else(|| panic!("{} names no signature", path.display())).to_string(), trace)
        })
        .collect()
}

fn finds_what_is_written_down<F: BlockAllocator + 'static>() {
    let written = written(&folder(F::NAME));
    let mut driver = Driver::new(blocks::<F>);
    for (signature, trace) in &written {
        let run = driver.run(&trace.program(), Compare::Touched).expect("it takes every machine");
        let again = run.divergence.map(|divergence| divergence.signature().to_string());
        assert_eq!(again.as_ref(), Some(signature), "{}: the written trace shows what it says\n{trace}", F::NAME);
    }
    for (signature, trace) in campaigns::<F>() {
        assert!(written.contains_key(&signature), "{}: {signature} is new\n{trace}", F::NAME);
    }
}

#[test]
fn buddy_system_allocator() {
    finds_what_is_written_down::<BuddySystem>();
}

#[test]
fn buddy_slab_allocator() {
    finds_what_is_written_down::<BuddySlab>();
}

#[test]
fn bitmap_allocator() {
    finds_what_is_written_down::<Bitmap>();
}

#[test]
fn frame_alloc() {
    finds_what_is_written_down::<SummaryBuddy>();
}

/// Small machines, on which everything collides.
const MILLION: u64 = 1_000_000;

#[test]
#[ignore = "minutes in a release build"]
fn a_million_executions_find_what_is_written_down_and_nothing_else() {
    million::<Bitmap>();
    million::<BuddySystem>();
    million::<BuddySlab>();
    million::<SummaryBuddy>();
}

fn million<F: BlockAllocator + 'static>() {
    let written = written(&folder(F::NAME));
    let mut found = BTreeMap::new();
    campaign::<F>(None, MILLION, &mut found);
    println!("{}: {MILLION} executions, {} signatures", F::NAME, found.len());
    for (signature, trace) in found {
        assert!(written.contains_key(&signature), "{}: {signature} is new\n{trace}", F::NAME);
    }
}

/// Hands frames out one after the other and takes single frames back only.
struct Forgetful {
    next: u32,
    end: u32,
    singles: Vec<u32>,
}

impl BlockAllocator for Forgetful {
    const NAME: &'static str = "forgetful 0";

    const SPLITS: bool = true;

    fn new(frames: u32) -> Result<Self, String> {
        Ok(Forgetful { next: 0, end: frames, singles: Vec::new() })
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        if let Some(single) = self.singles.pop().filter(|_| order == 0) {
            return Some(single);
        }
        let first = self.next;
        self.next = (first + (1 << order) <= self.end).then_some(first + (1 << order))?;
        Some(first)
    }

    fn free(&mut self, first: u32, order: u32) {
        if order == 0 {
            self.singles.push(first);
        }
    }
}

#[test]
fn an_allocator_that_forgets_frames_and_alignment_is_caught() {
    let found: Vec<String> = campaigns::<Forgetful>().into_keys().collect();
    for signature in ["placement.alignment@alloc", "refusal.unjust@alloc", "outcome.errno@alloc"] {
        assert!(found.iter().any(|it| it == signature), "{signature} is not among {found:?}");
    }
}
