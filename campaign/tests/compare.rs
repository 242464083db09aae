//! Campaigns with either amount compared: the same divergences by the same names, and full comparison sees what no digest shows.

use std::cell::Cell;
use std::ops::ControlFlow;

use stalemap_campaign::{Campaign, Diverged, Observer, Progress};
use stalemap_harness::{Compare, Settings, quiet_panics};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{
    Capabilities, Home, Kind, Machine, Observation, Operation, Outcome, Scope, Subject, Touched,
};

/// Notes index, step and signature of each divergence.
#[derive(Default)]
struct Notes(Vec<(u64, usize, String)>);

impl Observer for Notes {
    fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()> {
        let Diverged { index, divergence, .. } = diverged;
        self.0.push((index, divergence.step, divergence.signature().to_string()));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: &Progress) {}
}

fn divergences(campaign: Campaign) -> Vec<(u64, usize, String)> {
    let mut notes = Notes::default();
    campaign.run(&mut notes).expect("it takes every machine");
    notes.0
}

#[test]
fn both_amounts_report_the_same_divergences_in_the_same_words() {
    quiet_panics();
    for bug in [Bug::DirtyMeansWrite, Bug::ZapKeepsRmap, Bug::RefillNotCounted] {
        let build = move |machine: &Machine| Ok(Implementation::with_bug(machine, &Switch::new(Some(bug))));
        let campaign = Campaign::new(build).seed(3).runs(300);
        let touched = divergences(campaign.clone());
        assert!(touched.len() > 2, "{}: {touched:?}", bug.name());
        assert_eq!(touched, divergences(campaign.clone().compare(Compare::Touched)), "it is the default");
        assert_eq!(touched, divergences(campaign.compare(Compare::Everything)), "{}", bug.name());
    }
}

/// A subject that shows one free frame too many after a read, until the next operation, and only who asks for everything
/// sees it.
struct Flickers {
    inner: Implementation,
    is_wrong: Cell<bool>,
}

impl Subject for Flickers {
    fn name(&self) -> &str {
        "flickers"
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
        self.is_wrong.set(false);
        self.inner.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.is_wrong.set(operation.kind() == Kind::Read);
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
        into.free[0] += u32::from(self.is_wrong.get() && scope.everything);
    }
}

#[test]
fn full_comparison_sees_what_is_right_again_before_the_end() {
    let build = |machine: &Machine| Ok(Flickers { inner: Implementation::new(machine), is_wrong: Cell::new(false) });
    let kinds = [Kind::Map, Kind::Read].into_iter().collect();
    let settings = Settings { operations: 8, kinds, ..Settings::default() };
    let campaign = Campaign::new(build).seed(1).runs(200).settings(settings);
    let reads = (0..200).filter(|&index| {
        let program = campaign.execution(index);
        program.operations.iter().any(|operation| operation.kind() == Kind::Read)
    });
    let full = divergences(campaign.clone().compare(Compare::Everything));
    assert!(full.iter().map(|it| it.0).eq(reads), "each execution that reads differs");
    // At the end of a trace everything is compared in either way.
    let touched = divergences(campaign);
    assert!(touched.len() < full.len() && touched.iter().all(|it| full.contains(it)), "{touched:?}");
}
