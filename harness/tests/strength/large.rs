//! Large machines: generated executions go past every limit of the implementation's data structures, and the two agree.

use stalemap_harness::{Compare, Driver, Generator, Settings};
use stalemap_implementation::Implementation;
use stalemap_operations::{Dialect, Home, Machine, Observation, Order, Program, Scope, SlotState, Subject, Trace};
use stalemap_reference::Model;

const SEED: u64 = 1;

/// Frames, spaces, pages in each, operations in an execution, executions.
const SIZES: &[([u32; 3], u32, u32, usize, u64)] = &[
    // Free sets of two, three and four levels.
    ([200, 70, 130], 2, 130, 256, 80),
    ([5_000, 4_200, 1], 2, 5_000, 64, 1),
    ([300_000, 1, 1], 1, 8, 256, 3),
    // All spaces share pages.
    ([300, 80, 8], 64, 8, 120, 80),
    // Long ones, in which what was taken is given back and taken again.
    ([200, 70, 130], 8, 130, 4_000, 2),
];

/// Takes more pages to a device than two levels of words have bits, in one transaction, and back.
const MANY_PAGES: &str = "machine ram=5000 device=4200 spaces=2 pages=5000\nmap s0 v0+5000 rw\nwrite s0 v4100 #01\n\
    setup t0 s0 v0+5000 to d0\ncopy t0 0\npages t0\nfinalize t0\nfork s0 s1\nevict d0\ncollect t1 d0\n\
    setup t2 s1 v0+5000 to d0\n";

/// One page that all spaces share, taken to a device and back through every entry, beside a block of the highest order.
fn many_sharers() -> Program {
    let forks: String = (1..64).map(|child| format!("fork s{} s{child}\n", child / 2)).collect();
    let start = "machine ram=2048 device=4 spaces=64 pages=2\nalloc b0 10\nmap s0 v0 rw\nwrite s0 v0 #01\n";
    let end = "migrate s5 v0 to d0\nread s63 v0\nmigrate s17 v0 to d0\nevict d0\n";
    Trace::parse(&format!("{start}{forks}{end}")).expect("a good text").program()
}

/// A limit that a data structure has, and whether the end of an execution is past it.
type Limit = (&'static str, fn(&Observation) -> bool);

const LIMITS: &[Limit] = &[
    ("more pages than a word has bits", |seen| seen.pages.len() > 64),
    ("more pages than two levels of words have bits", |seen| seen.pages.len() > 64 * 64),
    ("a page that more than 31 places map", |seen| seen.pages.iter().any(|page| page.mapcount > 31)),
    ("a page that more than 63 places map", |seen| seen.pages.iter().any(|page| page.mapcount > 63)),
    ("a space in the upper half of a word", |seen| seen.alive.iter().any(|space| space.0 >= 32)),
    ("a place behind the bits of a word", |seen| seen.places.iter().any(|view| view.place.page.0 >= 64)),
    ("a transaction of more candidates than a word has bits", |seen| {
        let counts = |state: &SlotState| matches!(state, SlotState::Transaction { candidates, .. } if *candidates > 64);
        seen.slots.iter().any(|(_, state)| counts(state))
    }),
    ("a block of the highest order", |seen| {
        let is_highest =
            |state: &SlotState| matches!(state, SlotState::Block { order, .. } if *order == Order::HIGHEST);
        seen.slots.iter().any(|(_, state)| is_highest(state))
    }),
];

/// What is wrong; `begin` is called before each execution.
pub(crate) fn wrong(begin: fn()) -> Option<String> {
    let mut campaign = Campaign { begin, met: [false; LIMITS.len()] };
    let many = Trace::parse(MANY_PAGES).expect("a good text").program();
    let mut wrong = campaign.run(&many, "the sequence with many pages");
    wrong = wrong.or_else(|| campaign.run(&many_sharers(), "the sequence with many sharers"));
    let mut program = Program::default();
    for &(frames, spaces, pages, operations, executions) in SIZES {
        let machine = Machine::new(frames, spaces, pages, Dialect::Linux6_12).expect("within limits");
        let mut generator = Generator::new(Settings { operations, machine: Some(machine), ..Settings::default() });
        for index in 0..executions {
            generator.execution(SEED, index, &mut program);
            wrong = wrong.or_else(|| campaign.run(&program, &format!("execution {index}")));
        }
    }
    let unmet = campaign.met.iter().zip(LIMITS).find(|(met, _)| !**met);
    wrong.or_else(|| unmet.map(|(_, (limit, _))| format!("no execution meets {limit}")))
}

/// Which limits were met so far.
struct Campaign {
    begin: fn(),
    met: [bool; LIMITS.len()],
}

impl Campaign {
    /// Runs both sides, and notes which limits the end is past; how they differ, if they do.
    fn run(&mut self, program: &Program, name: &str) -> Option<String> {
        (self.begin)();
        let mut driver = Driver::new(|machine: &Machine| Ok::<_, String>(Implementation::new(machine)));
        let run = driver.run(program, Compare::Touched).expect("it takes every machine");
        if let Some(divergence) = run.divergence {
            return Some(format!("{} in {name} on machine {}", divergence.signature(), program.machine));
        }
        let mut reference = Model::new(program.machine, Home::ALL.map(|home| program.machine.frames(home)));
        for &operation in &program.operations {
            reference.apply(operation);
        }
        let mut seen = Observation::default();
        reference.observe(&Scope::everything(), &mut seen);
        self.met.iter_mut().zip(LIMITS).for_each(|(met, (_, is_past))| *met |= is_past(&seen));
        None
    }
}

#[test]
fn they_agree_on_machines_past_every_limit() {
    assert_eq!(wrong(|| {}), None);
}
