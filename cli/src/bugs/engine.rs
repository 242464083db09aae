//! Engines: what makes executions in which a bug may show.

use std::slice;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use proptest::strategy::{BoxedStrategy, Just, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use serde::{Deserialize, Serialize};
use stalemap_campaign::Source;
use stalemap_harness::{Generator, Random, Settings};
use stalemap_operations::{Dialect, Home, Kind, Machine, Operation, Program};

/// What makes the executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Engine {
    /// The suite's own generator
    Native,
    /// Operations, operands and machines sampled evenly
    Uniform,
    /// The crate proptest-state-machine with the same table of operations
    Proptest,
    /// libFuzzer with the mutator of operations
    #[cfg(unix)]
    Libfuzzer,
    /// libFuzzer with its own mutations of bytes
    #[cfg(unix)]
    LibfuzzerBytes,
    /// AFL++ with the mutator of operations
    #[cfg(unix)]
    Afl,
}

impl Engine {
    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Native => "native",
            Engine::Uniform => "uniform",
            Engine::Proptest => "proptest",
            #[cfg(unix)]
            Engine::Libfuzzer => "libfuzzer",
            #[cfg(unix)]
            Engine::LibfuzzerBytes => "libfuzzer-bytes",
            #[cfg(unix)]
            Engine::Afl => "afl",
        }
    }

    /// Whether it has a minimiser.
    pub(crate) fn minimises(self) -> bool {
        match self {
            Engine::Native | Engine::Proptest => true,
            Engine::Uniform => false,
            #[cfg(unix)]
            Engine::Libfuzzer | Engine::LibfuzzerBytes => true,
            // Its own cuts bytes out of records (afl-tmin).
            #[cfg(unix)]
            Engine::Afl => false,
        }
    }

    /// What makes the executions of this seed, one after the other; nothing for an engine that is not in this process.
    pub(crate) fn start(self, seed: u64, operations: u32) -> Option<Box<dyn Source>> {
        match self {
            Engine::Native => {
                let settings = Settings { operations: operations as usize, ..Settings::default() };
                Some(Box::new(Native { generator: Generator::new(settings), seed, index: 0 }))
            }
            Engine::Uniform => Some(Box::new(Uniform { seed, index: 0, operations })),
            Engine::Proptest => Some(Box::new(Proptest::new(seed, operations))),
            #[cfg(unix)]
            Engine::Libfuzzer | Engine::LibfuzzerBytes | Engine::Afl => None,
        }
    }
}

/// One engine or several under one word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Engines(pub(crate) &'static [Engine]);

/// The word for all of them.
const ALL: &str = "all";

/// Reads an engine's name or `all`.
pub(crate) fn named() -> impl TypedValueParser<Value = Engines> {
    let names = Engine::value_variants().iter().map(|engine| engine.name()).chain([ALL]);
    PossibleValuesParser::new(names).map(|word| {
        let one = Engine::value_variants().iter().find(|engine| engine.name() == word);
        Engines(one.map_or(Engine::value_variants(), slice::from_ref))
    })
}

struct Native {
    generator: Generator,
    seed: u64,
    index: u64,
}

impl Source for Native {
    fn next(&mut self, program: &mut Program) {
        self.index += 1;
        self.generator.execution(self.seed, self.index - 1, program);
    }
}

struct Uniform {
    seed: u64,
    index: u64,
    operations: u32,
}

/// The largest sizes of a machine that is sampled evenly: frames of RAM, of a device, spaces, pages, order of huge pages.
const RAM: u32 = 16;
const DEVICE: u32 = 6;
const SPACES: u32 = 4;
const PAGES: u32 = 10;
const HUGE: u32 = 2;

impl Source for Uniform {
    fn next(&mut self, program: &mut Program) {
        let mut random = Random::new(self.seed, self.index);
        self.index += 1;
        let first = random.below(DEVICE + 1);
        let second = if first > 0 { random.below(DEVICE + 1) } else { 0 };
        let frames = [1 + random.below(RAM), first, second];
        let rules = random.below(u32::try_from(Dialect::ALL.len()).expect("a few")) as usize;
        let [spaces, pages, huge] = [1 + random.below(SPACES), 1 + random.below(PAGES), random.below(HUGE + 1)];
        let machine = machine(frames, spaces, pages, huge, Dialect::ALL[rules]);
        let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.exists_on(&machine)).collect();
        program.machine = machine;
        program.operations.clear();
        for _ in 0..self.operations {
            let kind = kinds[random.below(u32::try_from(kinds.len()).expect("a few")) as usize];
            program.operations.extend(Operation::chosen(kind, &machine, |_, choices, _| random.below(choices)));
        }
    }
}

/// A machine of these sizes, with huge pages of this order if there is room for one; without where it is 0.
fn machine(frames: [u32; Home::LIMIT], spaces: u32, pages: u32, huge: u32, rules: Dialect) -> Machine {
    let machine = Machine::new(frames, spaces, pages, rules).expect("sizes within limits");
    machine.with_huge(huge).unwrap_or(machine)
}

/// What a user of proptest-state-machine writes: the machine is the state, and every operation is possible in it.
struct Table;

impl ReferenceStateMachine for Table {
    type State = Machine;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Machine> {
        let device = 0..=DEVICE;
        let rules = (0..Dialect::ALL.len()).prop_map(|index| Dialect::ALL[index]);
        (1..=RAM, device.clone(), device, 1..=SPACES, 1..=PAGES, 0..=HUGE, rules)
            .prop_map(|(ram, first, second, spaces, pages, huge, rules)| {
                machine([ram, first, if first > 0 { second } else { 0 }], spaces, pages, huge, rules)
            })
            .boxed()
    }

    fn transitions(machine: &Machine) -> BoxedStrategy<Operation> {
        let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.exists_on(machine)).collect();
        (0..kinds.len(), Just(*machine), proptest::array::uniform7(0..u32::MAX))
            .prop_map(move |(kind, machine, numbers)| {
                Operation::folded(kinds[kind], numbers, &machine).expect("a kind that exists on the machine")
            })
            .boxed()
    }

    fn apply(machine: Machine, _: &Operation) -> Machine {
        machine
    }
}

struct Proptest {
    strategy: BoxedStrategy<Program>,
    runner: TestRunner,
}

impl Proptest {
    fn new(seed: u64, operations: u32) -> Proptest {
        let strategy = Table::sequential_strategy(1..=operations as usize);
        let strategy = strategy.prop_map(|(machine, operations, _)| Program { machine, operations }).boxed();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Proptest { strategy, runner: TestRunner::new_with_rng(Config::default(), random) }
    }
}

impl Source for Proptest {
    fn next(&mut self, program: &mut Program) {
        let tree = self.strategy.new_tree(&mut self.runner).expect("nothing is filtered out");
        *program = tree.current();
    }
}
