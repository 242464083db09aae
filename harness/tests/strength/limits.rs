//! Limits of data structures: a campaign goes past them, and finds counts that do not.

use stalemap_harness::{Compare, Driver, Generator, Settings};
use stalemap_implementation::Implementation;
use stalemap_operations::{
    Capabilities, Home, Machine, Observation, Operation, Outcome, Program, Scope, Subject, Touched,
};
use stalemap_reference::{LIMIT, MARKS};

/// Executions of a campaign, of which one in some thousands is large: half a minute.
const EXECUTIONS: u64 = 500_000;
const SEED: u64 = 1;

/// The implementation as it would be if the count of a page's mappings had so few values.
struct Wrapping {
    inner: Implementation,
    values: u32,
}

impl Subject for Wrapping {
    fn name(&self) -> &str {
        "a mapcount that wraps"
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn machine(&self) -> &Machine {
        self.inner.machine()
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.inner.capacity()
    }

    fn reset(&mut self) {
        self.inner.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.inner.apply(operation)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.inner.touched(into)
    }

    fn runs(&self) -> &[bool] {
        self.inner.runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.inner.observe(scope, into);
        into.pages.iter_mut().for_each(|page| page.mapcount %= self.values);
    }
}

/// The large executions of a campaign. They are known by what they begin with: where it is asked for one operation at the
/// most, a small execution has a mapping and advice for it, and no more.
fn large_executions() -> impl Iterator<Item = (u64, Program)> {
    let [mut beginnings, mut generator] = [1, Settings::default().operations]
        .map(|operations| Generator::new(Settings { operations, ..Settings::default() }));
    let mut beginning = Program::default();
    (0..EXECUTIONS).filter_map(move |index| {
        beginnings.execution(SEED, index, &mut beginning);
        (beginning.operations.len() > 2).then(|| {
            let mut program = Program::default();
            generator.execution(SEED, index, &mut program);
            (index, program)
        })
    })
}

#[test]
fn a_campaign_goes_past_every_limit() {
    let mut driver = Driver::new(|machine: &Machine| Ok::<_, String>(Implementation::new(machine)));
    for (index, program) in large_executions() {
        let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
        assert_eq!(run.divergence, None, "execution {index}");
    }
    let limits = MARKS.iter().zip(driver.marks()).filter(|(mark, _)| mark.starts_with(LIMIT));
    let unmet: Vec<&str> = limits.filter(|(_, met)| **met == 0).map(|(mark, _)| *mark).collect();
    assert_eq!(unmet, [""; 0]);
}

#[test]
fn a_campaign_finds_a_mapcount_that_wraps() {
    for values in [31, 64, 128, 256] {
        let build = move |machine: &Machine| Ok::<_, String>(Wrapping { inner: Implementation::new(machine), values });
        let mut driver = Driver::new(build);
        driver.without_recount();
        let found = large_executions().find_map(|(_, program)| {
            let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
            run.divergence
        });
        let signature = found.map(|divergence| divergence.signature().to_string()).unwrap_or_default();
        assert!(signature.starts_with("mapcount."), "a mapcount of {values} values: {signature:?}");
    }
}
