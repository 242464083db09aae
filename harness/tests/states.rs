//! Complete states: breadth first from the start of a tiny machine there are as many, and as many operations between
//! them, as the certificate of `stalemap exhaust` says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use stalemap_harness::every_operation;
use stalemap_implementation::Implementation;
use stalemap_operations::{Home, Machine, Operation, Slot, Subject, Trace};
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
            complete.slots.into_iter().map(|(slot, held)| (sort(slot), held, of_reference(&slot))).collect();
        slots.sort_unstable();
        (complete.world, hidden.dirty, slots)
    }

    fn operations(&self) -> Vec<Operation> {
        let filled = self.implementation.complete_state().slots.into_iter().map(|(slot, _)| slot);
        every_operation(self.implementation.machine(), filled, self.implementation.unused_stamp())
    }
}

/// The sort of a slot.
fn sort(slot: Slot) -> u8 {
    match slot {
        Slot::Transaction(_) => 0,
        Slot::Pin(_) => 1,
        Slot::Hold(_) => 2,
        Slot::Block(_) => 3,
    }
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
