//! The mutator: changes operations at random so that what results is again operations, for engines that keep a corpus.
//!
//! It draws operations and operands as the generator does, and like it knows the table's fields and acts and no
//! operation in particular. The same seed and input give the same output for ever.

use stalemap_operations::{Act, Field, FieldValues, Kind, Machine, Operation, Program, record};

use crate::generate::{Generator, Settings};
use crate::generator_state::GeneratorState;
use crate::random::Random;
use crate::sample::{self, Given, folded};

/// A way to change operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// Puts a few drawn operations somewhere.
    Insert,
    /// Takes a run of operations out.
    Delete,
    /// Repeats an operation later.
    Duplicate,
    /// Copies a run of operations over another place.
    Splice,
    /// Exchanges two operations.
    Swap,
    /// Draws one operand of an operation anew.
    Operand,
    /// Points an operation at what was used shortly before it.
    Meet,
    /// Puts an operation that fills a slot before a run of operations, and operations that use the slot into and behind it.
    Phases,
    /// Changes one size of the machine or the order of its huge pages, or draws another machine.
    Resize,
    /// Begins anew with a generated execution.
    Generate,
}

/// All ways, each as often as it is likely.
const MUTATIONS: &[Mutation] = {
    use Mutation::*;
    &[
        Insert, Insert, Insert, Insert, Insert, Insert, Delete, Delete, Delete, Duplicate, Duplicate, Splice, Splice,
        Swap, Swap, Operand, Operand, Operand, Operand, Meet, Meet, Meet, Meet, Phases, Phases, Phases, Resize,
        Generate,
    ]
};

/// How far back something counts as recent.
const WINDOW: usize = 16;

/// Changes bytes that mean a machine and operations.
#[derive(Clone, Debug)]
pub struct Mutator {
    settings: Settings,
    generator: Generator,
    /// The kinds that may occur on the current machine.
    kinds: Vec<Kind>,
    program: Program,
    /// Another input, or in its operations a copied run.
    other: Program,
    bytes: Vec<u8>,
    favours_phases: bool,
}

impl Mutator {
    /// A mutator that adds operations of these kinds only, and makes no input longer than the settings say, if it is not
    /// so already. Where the settings name a machine, that is the machine of everything; it must have bytes.
    #[must_use]
    pub fn new(settings: Settings) -> Mutator {
        let largest = settings.largest.unwrap_or(Machine::LARGEST_IN_BYTES);
        let settings = Settings { largest: Some(largest), ..settings };
        Mutator {
            generator: Generator::new(settings.clone()),
            settings,
            kinds: Vec::new(),
            program: Program::default(),
            other: Program::default(),
            bytes: Vec::new(),
            favours_phases: false,
        }
    }

    /// The same, but much more often it fills a slot and goes on with operations that use it.
    #[must_use]
    pub fn favouring_phases(self) -> Mutator {
        Mutator { favours_phases: true, ..self }
    }

    /// The same, but it makes no machine that is larger than this in anything.
    #[must_use]
    pub fn with_largest(self, largest: Machine) -> Mutator {
        let settings = Settings { largest: Some(largest), ..self.settings };
        Mutator { generator: Generator::new(settings.clone()), settings, ..self }
    }

    /// The input changed in one way or a few; at most `most` bytes. A function of settings, input, `most` and seed.
    pub fn mutate(&mut self, input: &[u8], most: usize, seed: u64) -> &[u8] {
        let mut random = Random::new(seed, 0);
        self.decode(input);
        let room = room(most);
        self.program.operations.truncate(room);
        self.mutate_a_little(room, &mut random);
        self.encode(most)
    }

    /// Two inputs made into one on the first one's machine; at most `most` bytes, likewise.
    pub fn cross(&mut self, one: &[u8], other: &[u8], most: usize, seed: u64) -> &[u8] {
        let mut random = Random::new(seed, 1);
        self.other.read_bytes(other);
        self.decode(one);
        fit(&mut self.other.operations, &self.program.machine);
        let longest = self.program.operations.len().max(self.other.operations.len()).max(self.settings.operations);
        self.combine(&mut random);
        let room = room(most).min(longest);
        self.program.operations.truncate(room);
        if random.chance(1, 2) {
            self.mutate_a_little(room, &mut random);
        }
        self.encode(most)
    }

    /// The program that these bytes are, where they are what was made last: it is known without reading them.
    #[must_use]
    pub fn made(&self, bytes: &[u8]) -> Option<&Program> {
        Some(&self.program).filter(|_| !bytes.is_empty() && bytes == self.bytes)
    }

    fn decode(&mut self, input: &[u8]) {
        self.program.read_bytes(input);
        if let Some(fixed) = self.settings.machine {
            self.become_machine(fixed);
        }
        self.note_kinds();
    }

    /// At most so many bytes of what there is.
    fn encode(&mut self, most: usize) -> &[u8] {
        self.program.operations.truncate(room(most));
        let encoded = self.program.write_bytes(&mut self.bytes);
        assert!(encoded, "only the settings can name a machine that has no bytes");
        &self.bytes[..self.bytes.len().min(most)]
    }

    /// One mutation, and with falling likelihood more.
    fn mutate_a_little(&mut self, most: usize, random: &mut Random) {
        // Some cannot be made of some inputs: an input without operations has none to swap.
        const TRIES: usize = 16;
        for _ in 0..TRIES {
            let mutation = self.choose(random);
            if self.apply(mutation, most, random) && random.chance(1, 2) {
                return;
            }
        }
    }

    fn choose(&self, random: &mut Random) -> Mutation {
        if self.program.operations.is_empty() {
            return Mutation::Generate;
        }
        if self.favours_phases && random.chance(1, 4) {
            return Mutation::Phases;
        }
        *random.pick(MUTATIONS).expect("there are some")
    }

    /// Changes something in this way; whether it could.
    fn apply(&mut self, mutation: Mutation, most: usize, random: &mut Random) -> bool {
        let count = self.program.operations.len();
        let grown = most.min(self.settings.operations.max(1));
        match mutation {
            Mutation::Insert => count < grown && self.insert(grown - count, random),
            Mutation::Delete => count > 1 && self.delete(random),
            Mutation::Duplicate => count > 0 && count < grown && self.duplicate(random),
            Mutation::Splice => count > 1 && self.splice(grown, random),
            Mutation::Swap => count > 1 && self.swap(random),
            Mutation::Operand => count > 0 && self.operand(random),
            Mutation::Meet => count > 1 && self.meet(random),
            Mutation::Phases => count < grown && self.phases(grown - count, random),
            Mutation::Resize => self.settings.machine.is_none() && self.resize(random),
            Mutation::Generate => self.generate(grown, random),
        }
    }

    fn insert(&mut self, room: usize, random: &mut Random) -> bool {
        let at = random.index(self.program.operations.len() + 1);
        let mut state = self.scene_before(at);
        let machine = self.program.machine;
        let count = 1 + random.index(room.min(4));
        self.other.operations.clear();
        for _ in 0..count {
            if let Some(&kind) = random.pick(&self.kinds) {
                self.other.operations.push(sample::operation(kind.row(), Given::Nothing, &machine, &mut state, random));
            }
        }
        self.program.operations.splice(at..at, self.other.operations.drain(..)).for_each(drop);
        true
    }

    fn delete(&mut self, random: &mut Random) -> bool {
        let at = random.index(self.program.operations.len());
        let most = (self.program.operations.len() - at).min(if random.chance(3, 4) { 1 } else { 8 });
        let count = 1 + random.index(most);
        self.program.operations.drain(at..at + count);
        true
    }

    fn duplicate(&mut self, random: &mut Random) -> bool {
        let from = random.index(self.program.operations.len());
        let to = from + 1 + random.index(self.program.operations.len() - from);
        self.program.operations.insert(to, self.program.operations[from]);
        true
    }

    fn splice(&mut self, most: usize, random: &mut Random) -> bool {
        let count = self.program.operations.len();
        let from = random.index(count);
        let length = 1 + random.index((count - from).min(8));
        let to = random.index(count + 1);
        let replaced = random.index((count - to).min(length) + 1);
        if count - replaced + length > most.max(count) {
            return false;
        }
        self.other.operations.clear();
        self.other.operations.extend_from_slice(&self.program.operations[from..from + length]);
        self.program.operations.splice(to..to + replaced, self.other.operations.drain(..)).for_each(drop);
        true
    }

    fn swap(&mut self, random: &mut Random) -> bool {
        let (one, other) = (random.index(self.program.operations.len()), random.index(self.program.operations.len()));
        self.program.operations.swap(one, other);
        one != other
    }

    fn operand(&mut self, random: &mut Random) -> bool {
        let at = random.index(self.program.operations.len());
        let operation = self.program.operations[at];
        let mut values = operation.values();
        if values.as_slice().is_empty() {
            return false;
        }
        let index = random.index(values.as_slice().len());
        // Near the old value as often as anywhere: borders lie side by side.
        let value = match random.below(4) {
            0 => values.as_slice()[index].saturating_add(1),
            1 => values.as_slice()[index].saturating_sub(1),
            _ => random.below(256),
        };
        values.set(index, value.max(values.fields()[index].lowest()));
        self.replace(at, folded(operation.kind(), &values, &self.program.machine))
    }

    fn meet(&mut self, random: &mut Random) -> bool {
        let at = 1 + random.index(self.program.operations.len() - 1);
        let state = self.scene_before(at);
        let operation = self.program.operations[at];
        let mut values = operation.values();
        let slot = operation.kind().row().slot.and_then(|field| Some((field, state.used(field, 0, random)?)));
        let place = operation.first_place().and_then(|_| state.named(random.below(4)));
        match (slot, place) {
            (Some((field, slot)), place) if place.is_none() || random.chance(1, 2) => {
                set_first(&mut values, field, slot)
            }
            (_, Some((space, page))) => {
                set_first(&mut values, Field::Space, space);
                set_first(&mut values, Field::Page, page);
            }
            (_, None) => return false,
        }
        self.replace(at, folded(operation.kind(), &values, &self.program.machine))
    }

    fn phases(&mut self, room: usize, random: &mut Random) -> bool {
        let openers =
            self.kinds.iter().copied().filter(|&kind| kind.row().act == Act::Fills && kind.row().slot.is_some());
        let openers: Vec<Kind> = openers.collect();
        let Some(&opener) = random.pick(&openers) else {
            return false;
        };
        let sort = opener.row().slot;
        let machine = self.program.machine;
        let at = random.index(self.program.operations.len() + 1);
        let mut state = self.scene_before(at);
        let opening = sample::operation(opener.row(), Given::Nothing, &machine, &mut state, random);
        self.program.operations.insert(at, opening);
        let slot = sort.map_or(0, |sort| opening.values().last(sort));
        let mut users: Vec<Kind> = self
            .kinds
            .iter()
            .copied()
            .filter(|&kind| kind.row().slot == sort && kind.row().act != Act::Fills)
            .collect();
        users.retain(|_| random.chance(3, 4));
        // In the order of the table phases follow one another; the other orders are worth a try.
        if random.chance(1, 8) {
            users.reverse();
        }
        users.truncate(room - 1);
        let mut at = at;
        for user in users {
            at += 1 + random.index((self.program.operations.len() - at).min(4));
            let user = sample::operation(user.row(), Given::Slot(slot), &machine, &mut state, random);
            self.program.operations.insert(at, user);
        }
        true
    }

    fn resize(&mut self, random: &mut Random) -> bool {
        let machine = if random.chance(1, 2) {
            Some(self.settings.draw_machine(random))
        } else if self.settings.draws_huge() && random.chance(1, 4) {
            self.other_huge(random)
        } else {
            let mut sizes = self.program.machine.sizes();
            let size = &mut sizes[random.index(5)];
            *size = if random.chance(1, 2) { size.saturating_sub(1) } else { *size + 1 };
            self.program.machine.resized(sizes).filter(Machine::has_bytes)
        };
        match machine.map(|machine| self.settings.bounded(machine)) {
            Some(machine) if machine != self.program.machine => {
                self.become_machine(machine);
                self.note_kinds();
                true
            }
            Some(_) | None => false,
        }
    }

    /// The machine with huge pages of another order, or with none.
    fn other_huge(&self, random: &mut Random) -> Option<Machine> {
        let machine = self.program.machine;
        let highest = self.settings.huge.map_or(0, |orders| orders.highest).min(machine.most_huge());
        let order = random.below(highest + 1);
        if order == 0 { Some(machine.without_huge()) } else { machine.with_huge(order) }
    }

    fn generate(&mut self, most: usize, random: &mut Random) -> bool {
        self.generator.execution(random.bits(), 0, &mut self.program);
        // Short beginnings leave room for what is added by what they met.
        let kept = if random.chance(1, 2) { most } else { 1 + random.index(most.max(1)) };
        self.program.operations.truncate(kept);
        self.note_kinds();
        true
    }

    /// Makes one of what there is and `others`: the beginning of one and the end of the other, a run of the other
    /// within the one, or both in turns.
    fn combine(&mut self, random: &mut Random) {
        let (mine, theirs) = (self.program.operations.len(), self.other.operations.len());
        let at = random.index(mine + 1);
        let from = random.index(theirs + 1);
        match random.below(3) {
            0 => {
                self.program.operations.truncate(at);
                self.program.operations.extend_from_slice(&self.other.operations[from..]);
            }
            1 => {
                let to = from + random.index((theirs - from).min(16) + 1);
                self.program.operations.splice(at..at, self.other.operations.drain(from..to)).for_each(drop);
            }
            _ => {
                let one = std::mem::take(&mut self.program.operations);
                let (mut mine, mut theirs) = (one.iter().peekable(), self.other.operations.iter().peekable());
                while mine.peek().is_some() || theirs.peek().is_some() {
                    let turn = if random.chance(1, 2) { &mut mine } else { &mut theirs };
                    self.program.operations.extend(turn.next());
                }
            }
        }
    }

    /// Replaces an operation; whether that is another one.
    fn replace(&mut self, at: usize, operation: Option<Operation>) -> bool {
        let changed = operation.filter(|operation| *operation != self.program.operations[at]);
        changed.is_some_and(|operation| {
            self.program.operations[at] = operation;
            true
        })
    }

    /// What the operations before this index used.
    fn scene_before(&self, at: usize) -> GeneratorState {
        let mut state = GeneratorState::new();
        for operation in &self.program.operations[at.saturating_sub(WINDOW)..at] {
            state.note(operation);
        }
        state
    }

    /// Goes to another machine, and the operations with it as far as they can.
    fn become_machine(&mut self, machine: Machine) {
        self.program.machine = machine;
        fit(&mut self.program.operations, &machine);
    }

    fn note_kinds(&mut self) {
        self.kinds.clear();
        self.kinds.extend(self.settings.kinds.iter().filter(|kind| kind.exists_on(&self.program.machine)));
    }
}

/// How many operations fit into so many bytes behind the machine.
fn room(bytes: usize) -> usize {
    (bytes / record::RECORD).saturating_sub(1)
}

/// Makes operations fit a machine and drops those that it cannot have.
fn fit(operations: &mut Vec<Operation>, machine: &Machine) {
    operations.retain_mut(|operation| {
        let fitting = folded(operation.kind(), &operation.values(), machine);
        fitting.map(|fitting| *operation = fitting).is_some()
    });
}

/// Sets the first field of this sort.
fn set_first(values: &mut FieldValues, sort: Field, value: u32) {
    if let Some(index) = values.fields().iter().position(|&field| field == sort) {
        values.set(index, value);
    }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Act, Field, Machine, Program};

    use super::{MUTATIONS, Mutation, Mutator};
    use crate::generate::{Generator, Settings};
    use crate::random::Random;

    /// A mutator with a generated input.
    fn with_input(seed: u64) -> Mutator {
        let mut mutator = Mutator::new(Settings::default());
        let settings = Settings { operations: 24, ..Settings::default() };
        Generator::new(settings).execution(seed, 0, &mut mutator.program);
        mutator.note_kinds();
        mutator
    }

    #[test]
    fn every_mutation_changes_inputs_and_leaves_operations_that_fit() {
        for &mutation in MUTATIONS {
            let mut changed = 0;
            for seed in 0..200 {
                let mut mutator = with_input(seed);
                let before = (mutator.program.machine, mutator.program.operations.clone());
                let says_so = mutator.apply(mutation, 64, &mut Random::new(seed, 7));
                let now = (mutator.program.machine, mutator.program.operations.clone());
                assert!(says_so || before == now, "{mutation:?} with seed {seed} changed something and denies it");
                assert!(
                    now.1.iter().all(|it| it.fits(&now.0)),
                    "{mutation:?} with seed {seed}: an operation does not fit"
                );
                changed += u32::from(before != now);
            }
            assert!(changed > 50, "{mutation:?} changed {changed} of 200 inputs");
        }
    }

    #[test]
    fn what_was_made_last_is_what_its_bytes_mean() {
        let mut mutator = Mutator::new(Settings::default());
        assert_eq!(mutator.made(&[]), None, "nothing was made");
        let mut inputs = vec![Vec::new(); 2];
        for seed in 0..2_000 {
            let most = if seed % 5 == 0 { 100 } else { 1_000 };
            let made = if seed % 2 == 0 {
                mutator.mutate(&inputs[0], most, seed).to_vec()
            } else {
                mutator.cross(&inputs[0], &inputs[1], most, seed).to_vec()
            };
            let mut read = Program::default();
            read.read_bytes(&made);
            if let Some(program) = mutator.made(&made) {
                assert_eq!(program, &read, "seed {seed}");
            }
            assert_eq!(mutator.made(&made[1..]), None, "other bytes");
            inputs.rotate_left(1);
            inputs[1] = made;
        }
        let last = inputs[1].clone();
        assert!(mutator.made(&last).is_some());
    }

    #[test]
    fn every_mutation_is_chosen() {
        let mut mutator = with_input(1);
        let mut random = Random::new(1, 1);
        let chosen: Vec<Mutation> = (0..2_000).map(|_| mutator.choose(&mut random)).collect();
        assert!(MUTATIONS.iter().all(|mutation| chosen.contains(mutation)));
        let phases = |chosen: &[Mutation]| chosen.iter().filter(|&&mutation| mutation == Mutation::Phases).count();
        mutator = mutator.favouring_phases();
        let favoured: Vec<Mutation> = (0..2_000).map(|_| mutator.choose(&mut random)).collect();
        assert!(phases(&favoured) > 2 * phases(&chosen), "favoured phases are not chosen more often");
    }

    #[test]
    fn phases_fill_a_slot_and_use_the_same_one_afterwards() {
        let mut whole = 0;
        for seed in 0..200 {
            let mut mutator = with_input(seed);
            mutator.program.operations.clear();
            assert!(mutator.phases(64, &mut Random::new(seed, 3)), "seed {seed}");
            let slots: Vec<_> =
                mutator.program.operations.iter().map(|it| (it.kind().row().slot, it.values())).collect();
            let (sort, values) = slots[0];
            let sort = sort.expect("the first operation names a slot");
            assert!(
                mutator.program.operations[0].kind().row().act == Act::Fills,
                "seed {seed}: {}",
                mutator.program.operations[0]
            );
            assert!(slots.iter().all(|(other, it)| *other == Some(sort) && it.last(sort) == values.last(sort)));
            whole += u32::from(sort == Field::Transaction && slots.len() == 4);
        }
        assert!(whole > 10, "only {whole} times all phases of a migration follow one another");
    }

    #[test]
    fn a_resized_machine_has_bytes() {
        for seed in 0..500 {
            let mut mutator = with_input(seed);
            mutator.program.machine =
                Machine::from_sizes([256, 256, 256, 64, 256], Machine::DEFAULT.rules()).expect("large");
            mutator.resize(&mut Random::new(seed, 5));
            assert!(mutator.program.machine.has_bytes(), "{}", mutator.program.machine);
        }
    }
}
