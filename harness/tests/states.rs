//! Complete states: breadth first from the start of a tiny machine there are as many, and as many operations between
//! them, as the certificate of `stalemap exhaust` says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use stalemap_implementation::Implementation;
use stalemap_operations::{Field, Home, Kind, Machine, Operation, Slot, Subject, Trace};
use stalemap_reference::Model;

/// How deep is looked.
const DEPTH: usize = 4;

/// A state without the names of slots and stamps.
type State = (Vec<u64>, Vec<bool>, Vec<(u8, Vec<u64>, Vec<u64>)>);

/// Both sides in one state.
struct Pair {
    implementation: Implementation,
    reference: Model,
}

impl Pair {
    fn new(machine: &Machine) -> Pair {
        let reference = Model::new(*machine, Home::ALL.map(|home| machine.frames(home)));
        Pair { implementation: Implementation::new(machine), reference }
    }

    fn replay(&mut self, operations: &[Operation]) {
        self.implementation.reset();
        self.reference.reset();
        for &operation in operations {
            let claimed = self.implementation.apply(operation);
            assert_eq!(self.reference.apply_after(operation, Some(claimed)), claimed, "{operation}");
        }
    }

    fn state(&self) -> State {
        let (complete, hidden) = (self.implementation.complete_state(), self.reference.hidden_state());
        let transactions: BTreeMap<Slot, Vec<u64>> = hidden.transactions.into_iter().collect();
        let of_reference = |slot: &Slot| transactions.get(slot).cloned().unwrap_or_default();
        let mut slots: Vec<(u8, Vec<u64>, Vec<u64>)> =
            complete.slots.into_iter().map(|(slot, held)| (sort(slot).0, held, of_reference(&slot))).collect();
        slots.sort_unstable();
        (complete.world, hidden.dirty, slots)
    }

    /// Every operation that differs from the others by more than a name: of the slots those that hold something and
    /// the first empty one, of the stamps one that no frame holds, of the masks those that differ within a range.
    fn operations(&self) -> Vec<Operation> {
        let machine = self.implementation.machine();
        let mut filled: BTreeMap<u8, Vec<u32>> = BTreeMap::new();
        for (slot, _) in self.implementation.complete_state().slots {
            let (sort, number) = sort(slot);
            filled.entry(sort).or_default().push(number);
        }
        let slots = |sort: u8| {
            let filled = filled.get(&sort).cloned().unwrap_or_default();
            let empty = (0..).find(|number| !filled.contains(number));
            filled.into_iter().chain(empty).collect()
        };
        let choices = |field: Field, most: u32| -> Vec<u32> {
            let all = match field {
                Field::Transaction => slots(0),
                Field::Pin => slots(1),
                Field::Hold => slots(2),
                Field::Block => slots(3),
                Field::Mask => (0..1 << machine.pages()).chain([255]).collect(),
                Field::Stamp => vec![self.implementation.unused_stamp().0.into()],
                Field::Space
                | Field::Page
                | Field::Count
                | Field::Destination
                | Field::Access
                | Field::Device
                | Field::Direction
                | Field::Order => (0..most).collect(),
            };
            all.into_iter().filter(|&number| number < most).collect()
        };
        let kinds = Kind::ALL.iter().filter(|kind| kind.exists_on(machine));
        kinds.flat_map(|&kind| operations_of(kind, machine, &choices)).collect()
    }
}

/// The sort of a slot and its number.
fn sort(slot: Slot) -> (u8, u32) {
    match slot {
        Slot::Transaction(slot) => (0, slot.0),
        Slot::Pin(slot) => (1, slot.0),
        Slot::Hold(slot) => (2, slot.0),
        Slot::Block(slot) => (3, slot.0),
    }
}

/// The operations of a kind with each of its choices; how many choices a field has may depend on those before it.
fn operations_of(kind: Kind, machine: &Machine, choices: &dyn Fn(Field, u32) -> Vec<u32>) -> Vec<Operation> {
    let mut made = Vec::new();
    let mut begun: Vec<Vec<u32>> = vec![Vec::new()];
    while let Some(chosen) = begun.pop() {
        let (mut at, mut open) = (0, Vec::new());
        let operation = Operation::chosen(kind, machine, |field, most, _| {
            let number = chosen.get(at).copied();
            at += 1;
            if number.is_none() && open.is_empty() {
                open = choices(field, most);
            }
            number.unwrap_or(0)
        });
        if at <= chosen.len() {
            made.extend(operation);
        } else {
            begun.extend(open.into_iter().map(|number| chosen.iter().copied().chain([number]).collect()));
        }
    }
    made
}

/// What the certificate says that is not so; `begin` is called now and then.
pub(crate) fn wrong(begin: fn()) -> Option<String> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/exhaust.txt");
    let kept = fs::read_to_string(&kept).unwrap_or_else(|error| panic!("{}: {error}", kept.display()));
    let mut lines = kept.lines();
    let machine = lines.next().and_then(|line| line.strip_prefix("# ")).expect("the machine stands in the first line");
    let machine = Trace::parse(machine).unwrap_or_else(|error| panic!("{machine}: {error}")).machine;
    let mut pair = Pair::new(&machine);
    let mut known = BTreeSet::from([pair.state()]);
    let mut frontier: Vec<Vec<Operation>> = vec![Vec::new()];
    lines.skip(1).take(DEPTH).find_map(|line| {
        let expected: Vec<usize> = line.split(' ').take(3).map(|word| word.parse().expect("a number")).collect();
        let (mut next, mut edges) = (Vec::new(), 0);
        for path in &frontier {
            begin();
            pair.replay(path);
            for operation in pair.operations() {
                edges += 1;
                let path: Vec<Operation> = path.iter().copied().chain([operation]).collect();
                pair.replay(&path);
                if known.insert(pair.state()) {
                    next.push(path);
                }
            }
        }
        frontier = next;
        let found = [expected[0], frontier.len(), edges];
        (found != expected[..]).then(|| format!("depth, states and edges are {found:?} and not {expected:?}"))
    })
}

#[test]
fn there_are_as_many_states_as_the_certificate_says() {
    assert_eq!(wrong(|| {}), None);
}
