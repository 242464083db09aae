//! A lockstep of its own that sees what a digest does not: huge entries and folios.

use std::collections::BTreeMap;
use std::fmt::Debug;

use stalemap_implementation::Implementation;
use stalemap_operations::{
    Entry, FolioView, Home, Machine, Observation, Operation, PageToken, PlaceState, Program, Scope, SlotState, Subject,
    Trace,
};
use stalemap_reference::Model;

/// Both sides, and which page of one is which of the other.
pub(crate) struct Sides {
    reference: Model,
    implementation: Implementation,
    /// The reference's token of each page of the implementation.
    names: BTreeMap<PageToken, PageToken>,
    seen: [Observation; 2],
}

impl Sides {
    pub(crate) fn new(machine: &Machine) -> Sides {
        Sides::with(Implementation::new(machine), machine)
    }

    pub(crate) fn with(implementation: Implementation, machine: &Machine) -> Sides {
        Sides {
            reference: Model::new(*machine, Home::ALL.map(|home| machine.frames(home))),
            implementation,
            names: BTreeMap::new(),
            seen: Default::default(),
        }
    }

    /// How often each rule of the reference was met.
    pub(crate) fn marks(&self) -> &[u64] {
        self.reference.marks()
    }

    /// Runs the operations; the first difference in words.
    pub(crate) fn run(&mut self, operations: &[Operation]) -> Result<(), String> {
        for (step, &operation) in operations.iter().enumerate() {
            self.step(operation).map_err(|difference| format!("step {step}, {operation}: {difference}"))?;
        }
        Ok(())
    }

    fn step(&mut self, operation: Operation) -> Result<(), String> {
        let claimed = self.implementation.apply(operation);
        let expected = self.reference.apply_after(operation, Some(claimed), self.implementation.runs());
        same("the answer", expected, claimed)?;
        self.implementation.validate()?;
        let everything = Scope::everything();
        let [reference, implementation] = &mut self.seen;
        self.reference.observe(&everything, reference);
        self.implementation.observe(&everything, implementation);
        self.compare()
    }

    fn compare(&mut self) -> Result<(), String> {
        let Sides { names, seen: [reference, implementation], .. } = self;
        same("the spaces", (&reference.alive, &reference.locked), (&implementation.alive, &implementation.locked))?;
        same("the free frames", reference.free, implementation.free)?;
        names.retain(|&mine, &mut other| implementation.page(mine).is_some() && reference.page(other).is_some());
        for (other, mine) in reference.places.iter().zip(&implementation.places) {
            if let (Some(other), Some(mine)) = (other.state.page(), mine.state.page()) {
                names.entry(mine).or_insert(other);
            }
        }
        let named = |token: PageToken| names.get(&token).copied().unwrap_or(PageToken(u32::MAX));
        same("the number of places", reference.places.len(), implementation.places.len())?;
        for (other, mine) in reference.places.iter().zip(&implementation.places) {
            same("a place", (other.place, other.state), (mine.place, renamed(mine.state, &named)))?;
        }
        same("the number of pages", reference.pages.len(), implementation.pages.len())?;
        for mine in &implementation.pages {
            let token = named(mine.token);
            let Some(other) = reference.page(token) else { return Err(format!("page {} is unknown", mine.token.0)) };
            let facts = |page: &stalemap_operations::PageView, folio: Option<FolioView>| {
                (page.home, page.stamp, page.exclusive, page.mapcount, page.refcount, folio)
            };
            let folio = mine.folio.map(|folio| FolioView { head: named(folio.head), ..folio });
            same(&format!("page {}", token.0), facts(other, other.folio), facts(mine, folio))?;
            let mut rmaps = [reference.rmap(other).to_vec(), implementation.rmap(mine).to_vec()];
            rmaps.iter_mut().for_each(|rmap| rmap.sort_unstable());
            same(&format!("the reverse map of page {}", token.0), &rmaps[0], &rmaps[1])?;
        }
        let slots = |seen: &Observation, named: &dyn Fn(PageToken) -> PageToken| {
            let slots = seen.slots.iter().map(|(slot, state)| {
                let state = match state.clone() {
                    SlotState::Transaction { phase, candidates, .. } => {
                        SlotState::Transaction { phase, candidates, frames: 0..0 }
                    }
                    SlotState::Pin(page) => SlotState::Pin(named(page)),
                    SlotState::Hold(page) => SlotState::Hold(named(page)),
                    SlotState::Block { order, split, held, .. } => SlotState::Block { order, split, held, base: None },
                    SlotState::Empty => SlotState::Empty,
                };
                (*slot, state)
            });
            slots.collect::<Vec<_>>()
        };
        same("the slots", slots(reference, &|page| page), slots(implementation, &named))
    }
}

fn renamed(state: PlaceState, named: &dyn Fn(PageToken) -> PageToken) -> PlaceState {
    let PlaceState::Mapped { access, entry } = state else { return state };
    let entry = match entry {
        Entry::Hole => Entry::Hole,
        Entry::Maps { page, writable, huge } => Entry::Maps { page: named(page), writable, huge },
        Entry::Migrating { page, writable, huge } => Entry::Migrating { page: named(page), writable, huge },
    };
    PlaceState::Mapped { access, entry }
}

fn same<T: PartialEq + Debug>(what: &str, reference: T, implementation: T) -> Result<(), String> {
    if reference == implementation {
        return Ok(());
    }
    Err(format!("{what}: the reference has {reference:?}, the implementation {implementation:?}"))
}

/// The program without the operations that the difference does not need.
pub(crate) fn shortest(program: &Program, difference: String) -> (Trace, String) {
    let mut operations = program.operations.clone();
    let mut difference = difference;
    let differs = |operations: &[Operation]| {
        let machine = program.machine;
        std::panic::catch_unwind(|| Sides::new(&machine).run(operations).err()).unwrap_or(Some("a panic".to_string()))
    };
    let mut changed = true;
    while changed {
        changed = false;
        for index in (0..operations.len()).rev() {
            let mut fewer = operations.clone();
            fewer.remove(index);
            if let Some(other) = differs(&fewer) {
                (operations, difference, changed) = (fewer, other, true);
            }
        }
    }
    (Trace::new(program.machine, operations), difference)
}
