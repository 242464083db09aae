//! The lockstep as a target: reference and implementation agree on what the bytes mean.

use std::ops::RangeInclusive;
use std::sync::Arc;

use stalemap_harness::{Build, Compare, Driver, HugeOrders, Mutator, Settings};
use stalemap_operations::{Dialect, Home, Kind, KindSet, Machine, Operation, Program};

use crate::counters;
use crate::digests::Digests;
use crate::hunt::Hunt;
use crate::report::{self, Kept};
use crate::statistics::Statistics;
use crate::subject::{BuildImplementation, Driven};

/// Runs inputs. It means by them what `stalemap run` means, so inputs outside its limits are turned away, not bent.
pub struct Lockstep {
    /// Machines are built once and reset for each input.
    driver: Driver,
    driven: Arc<dyn Driven>,
    mutator: Mutator,
    kinds: KindSet,
    /// A machine that none is larger than in anything.
    largest: Option<Machine>,
    /// The orders of huge pages that a machine can have.
    huge: Option<HugeOrders>,
    program: Program,
    /// Where inputs that diverge go, if they do not end the process.
    kept: Option<Kept>,
    /// Where is counted what a hunt did, if this is one.
    hunt: Option<Hunt>,
    statistics: Statistics,
    /// Where digests go, if they are asked for instead of a comparison.
    digests: Option<Digests>,
}

impl Lockstep {
    /// Takes the operations of these levels, on machines of any size.
    #[must_use]
    pub fn of_levels(levels: RangeInclusive<u8>) -> Lockstep {
        let kinds = Kind::ALL.iter().copied().filter(|kind| levels.contains(&kind.row().level)).collect();
        Lockstep::of(Arc::new(BuildImplementation::from_environment()), Settings { kinds, ..Settings::default() })
    }

    /// Takes what a kernel can do and be.
    #[cfg(feature = "linux")]
    pub(crate) fn of_kernel(kernels: &Arc<stalemap_linux::Kernels>) -> Lockstep {
        let settings = kernels.settings(Settings::default().operations);
        Lockstep::of(Arc::clone(kernels), settings)
    }

    fn of(driven: Arc<impl Build + Driven + 'static>, settings: Settings) -> Lockstep {
        Lockstep {
            driver: Driver::new(Arc::clone(&driven)),
            huge: driven.huge(),
            driven,
            kinds: settings.kinds,
            largest: settings.largest,
            mutator: Mutator::new(settings),
            program: Program::default(),
            kept: Kept::from_environment(),
            hunt: Hunt::from_environment(),
            statistics: Statistics::default(),
            digests: Digests::from_environment(),
        }
    }

    /// Takes only machines with no size above this, which must be one that each size can have.
    #[must_use]
    pub fn on_machines_up_to(self, largest: u32) -> Lockstep {
        let largest = Machine::new([largest; Home::LIMIT], largest, largest, Dialect::default());
        let largest = largest.expect("a size that everything can have");
        Lockstep { mutator: self.mutator.with_largest(largest), largest: Some(largest), ..self }
    }

    /// Mutates more often by filling a slot and going on with operations that use it.
    #[must_use]
    pub fn favouring_phases(self) -> Lockstep {
        Lockstep { mutator: self.mutator.favouring_phases(), ..self }
    }

    /// Changes inputs into others that it takes, if they have room.
    pub fn mutator(&mut self) -> &mut Mutator {
        &mut self.mutator
    }

    /// Runs what the bytes mean; `false` if it does not take them. A divergence is minimised and printed, and the
    /// process aborts, unless it is told to keep the input and go on.
    pub fn run(&mut self, bytes: &[u8]) -> bool {
        match self.mutator.made(bytes) {
            Some(made) => {
                self.program.machine = made.machine;
                self.program.operations.clone_from(&made.operations);
            }
            None => self.program.read_bytes(bytes),
        }
        let Program { machine, operations } = &self.program;
        let takes = |operation: &Operation| self.kinds.contains(operation.kind());
        let is_larger = |largest: Machine| machine.sizes().iter().zip(largest.sizes()).any(|(&size, most)| size > most);
        let is_possible = machine.huge().is_none_or(|order| self.huge.is_some_and(|orders| orders.contain(order.0)));
        if self.largest.is_some_and(is_larger) || !is_possible || !operations.iter().all(takes) {
            return false;
        }
        if let Some(digests) = &mut self.digests {
            digests.add(&mut self.driver, bytes, &self.program);
            return true;
        }
        self.driver.clear_met();
        // Whether the machine was built before says nothing about the input.
        self.driver.prepare(machine).expect(TAKES_ALL);
        counters::clear();
        let run = self.driver.run(&self.program, Compare::Touched).expect(TAKES_ALL);
        counters::count(self.driver.transitions().iter());
        self.driven.show_passes();
        self.statistics.operations += run.steps as u64;
        if let Some(hunt) = &mut self.hunt {
            hunt.count(run.steps, self.driven.bug_counters());
            if let Some(divergence) = &run.divergence {
                hunt.found(bytes, divergence);
            }
        }
        if let Some(divergence) = run.divergence {
            match &mut self.kept {
                Some(kept) => kept.keep(bytes, &divergence),
                None => report::abort(&mut self.driver, bytes, &self.program, &divergence),
            }
        }
        true
    }
}

const TAKES_ALL: &str = "the subject takes every machine that has bytes and is no larger than its largest";

#[cfg(test)]
mod tests {
    use stalemap_operations::Trace;

    use super::Lockstep;

    fn bytes(text: &str) -> Vec<u8> {
        Trace::parse(text).expect("a trace").to_bytes().expect("it is small")
    }

    #[test]
    fn a_target_takes_its_levels_and_machines_and_nothing_else() {
        let allocs = bytes("machine ram=8 spaces=1 pages=1\nalloc b0 1\nfree b0\n");
        let maps = bytes("machine ram=8 spaces=1 pages=1\nmap s0 v0 rw\n");
        let many_pages = bytes("machine ram=8 spaces=1 pages=17\nmap s0 v0 rw\n");
        let cases = [
            (Lockstep::of_levels(0..=4), [true, true, true]),
            (Lockstep::of_levels(0..=0), [true, false, false]),
            (Lockstep::of_levels(1..=3).on_machines_up_to(16), [false, true, false]),
        ];
        for (mut lockstep, expected) in cases {
            assert_eq!([&allocs, &maps, &many_pages].map(|input| lockstep.run(input)), expected);
        }
    }

    #[test]
    fn a_target_takes_what_its_mutator_makes() {
        let mut lockstep = Lockstep::of_levels(1..=3).on_machines_up_to(16).favouring_phases();
        let mut input = Vec::new();
        let mut taken = 0;
        for seed in 0..2_000 {
            input = lockstep.mutator().mutate(&input, 512, seed).to_vec();
            taken += u32::from(lockstep.run(&input));
        }
        assert_eq!(taken, 2_000, "none is turned away");
    }
}
