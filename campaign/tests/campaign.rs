//! Campaigns and findings from library calls: the same whatever the number of jobs, and one finding for one fault.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use stalemap_campaign::{Campaign, CampaignFault, Diverged, Findings, Found, Observer, Progress, Sampled};
use stalemap_harness::{Build, Compare, Settings, quiet_panics};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{
    Capabilities, Effect, Home, Kind, Machine, Observation, Operation, Outcome, Scope, Subject, Touched,
};
use stalemap_report::Origin;

/// Builds machines with a bug.
#[derive(Clone)]
struct Seeded(Option<Bug>);

impl Build for Seeded {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        Ok(Implementation::with_bug(machine, &Switch::new(self.0)))
    }
}

/// Notes all that a campaign reports, up to a number of divergences.
struct Notes {
    diverged: Vec<(u64, String)>,
    most: usize,
    is_told: bool,
}

impl Notes {
    fn up_to(most: usize) -> Notes {
        Notes { diverged: Vec::new(), most, is_told: false }
    }
}

impl Observer for Notes {
    fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()> {
        self.diverged.push((diverged.index, diverged.divergence.signature().to_string()));
        if self.diverged.len() < self.most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn progress(&mut self, progress: &Progress) {
        self.is_told |= progress.executions > 0;
    }
}

#[test]
fn a_campaign_reports_the_same_divergences_in_the_same_order_whatever_the_number_of_jobs() {
    quiet_panics();
    let diverged = |jobs| {
        let mut notes = Notes::up_to(usize::MAX);
        let stats = Campaign::new(Seeded(Some(Bug::DirtyMeansWrite))).seed(3).runs(600).jobs(jobs).run(&mut notes);
        let stats = stats.expect("it takes every machine");
        assert_eq!((stats.executions, stats.end), (600, 600));
        assert!(stats.tally.operations() > 0 && stats.transitions.count() > 0 && notes.is_told);
        notes.diverged
    };
    let one = diverged(1);
    assert!(one.len() > 2 && one.is_sorted(), "{one:?}");
    assert_eq!(one, diverged(3));
}

#[test]
fn a_campaign_ends_when_the_observer_has_enough_or_when_it_is_told_to() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    quiet_panics();
    let mut notes = Notes::up_to(2);
    Campaign::new(Seeded(Some(Bug::RefillNotCounted))).runs(10_000).run(&mut notes).expect("it takes every machine");
    assert_eq!(notes.diverged.len(), 2);
    let campaign = Campaign::new(Seeded(None)).stop_when(|| ASKED.fetch_add(1, Ordering::Relaxed) >= 50);
    let stats = campaign.run(&mut Notes::up_to(1)).expect("it takes every machine");
    assert!((50..=50 * 128).contains(&stats.executions), "{} executions", stats.executions);
    assert_eq!(stats.end, stats.executions, "what was taken was done, and nothing is missing");
}

#[test]
fn a_subject_that_cannot_be_a_machine_ends_the_campaign_with_what_it_says() {
    let build = |_: &Machine| Err::<Implementation, _>("there is no such machine".to_string());
    let error = Campaign::new(build).runs(10).run(&mut Notes::up_to(1)).expect_err("it takes no machine");
    assert_eq!(error.cause, CampaignFault::Machine("there is no such machine".to_string().into()));
    assert_eq!(error.stats.executions, 0);
}

#[test]
fn where_a_subject_cannot_be_a_machine_another_is_drawn() {
    quiet_panics();
    let is_odd = |machine: &Machine| machine.ram().is_multiple_of(3);
    let seeded = Seeded(Some(Bug::ZapKeepsRmap));
    let build = move |machine: &Machine| {
        if is_odd(machine) { Err("frames in threes".to_string()) } else { seeded.build(machine) }
    };
    /// Keeps what diverged.
    #[derive(Default)]
    struct Keeps(Vec<Diverged>);
    impl Observer for Keeps {
        fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()> {
            self.0.push(diverged);
            ControlFlow::Continue(())
        }
        fn progress(&mut self, _: &Progress) {}
    }
    let [one, three] = [1, 3].map(|jobs| {
        let mut keeps = Keeps::default();
        let stats =
            Campaign::new(build.clone()).seed(1).runs(300).jobs(jobs).run(&mut keeps).expect("others are drawn");
        assert_eq!(stats.executions, 300);
        keeps.0
    });
    let programs = |diverged: &[Diverged]| diverged.iter().map(|it| it.program.clone()).collect::<Vec<_>>();
    assert_eq!(programs(&one), programs(&three), "an execution is the same whatever the number of jobs");
    assert!(one.iter().all(|it| !is_odd(&it.program.machine)));
    let mut findings = Findings::new("implementation", build, BTreeSet::new());
    let Diverged { index, program, divergence } = &one[0];
    let found = findings.add(*index, program, divergence, Origin::default(), &mut |_| true);
    let Found { finding, repeats, .. } = found.expect("it can be the machine").found;
    assert!(repeats && !is_odd(&finding.program().machine));
}

#[test]
fn executions_of_one_fault_are_one_finding_and_are_counted_under_its_name() {
    quiet_panics();
    let build = Seeded(Some(Bug::ZapKeepsRmap));
    let campaign = Campaign::new(build.clone()).seed(1);
    let mut findings = Findings::new("implementation", build.clone(), BTreeSet::new());
    let (mut met, mut found, mut total) = (BTreeSet::new(), Vec::new(), 0);
    for index in 0..400 {
        let program = campaign.execution(index);
        let run = findings.driver().run(&program, Compare::Touched).expect("it takes every machine");
        let Some(divergence) = run.divergence else { continue };
        total += 1;
        met.insert(divergence.signature());
        if findings.count(&divergence.signature(), index) {
            let added = findings.add(index, &program, &divergence, Origin::default(), &mut |_| true);
            let Sampled { found: form, is_new, .. } = added.expect("it takes every machine");
            found.extend(is_new.then_some(form));
        }
    }
    assert!(!found.is_empty() && found.len() <= met.len(), "{} findings of {} signatures", found.len(), met.len());
    assert!(found.iter().all(|it| it.repeats && it.complete && it.finding.program().fits()));
    assert_eq!(findings.counts().values().sum::<u64>(), total, "every execution that diverged is counted");
    // What is known is counted and is no finding.
    let known = found.iter().map(|it| it.finding.signature.parse().expect("a signature")).collect();
    let mut again = Findings::new("implementation", build, known);
    let program = found[0].finding.program();
    let run = again.driver().run(&program, Compare::Touched).expect("it takes every machine");
    let divergence = run.divergence.expect("it repeats");
    let new = again.add(0, &program, &divergence, Origin::default(), &mut |_| true);
    assert!(!new.expect("it takes every machine").is_new);
}

#[test]
fn each_finding_has_a_count_when_executions_that_are_met_alike_have_several_forms() {
    quiet_panics();
    let build = Seeded(Some(Bug::DirtyMeansWrite));
    let campaign = Campaign::new(build.clone()).seed(1);
    let mut findings = Findings::new("implementation", build, BTreeSet::new());
    let (mut forms, mut total) = (BTreeMap::<_, Vec<String>>::new(), 0);
    for index in 0..1000 {
        let program = campaign.execution(index);
        let run = findings.driver().run(&program, Compare::Touched).expect("it takes every machine");
        let Some(divergence) = run.divergence else { continue };
        total += 1;
        if findings.count(&divergence.signature(), index) {
            let added = findings.add(index, &program, &divergence, Origin::default(), &mut |_| true);
            let Sampled { found, is_new, .. } = added.expect("it takes every machine");
            forms.entry(divergence.signature()).or_default().extend(is_new.then_some(found.finding.signature));
        }
        let counts = findings.counts();
        assert_eq!(counts.values().sum::<u64>(), total, "every execution that diverged is counted once");
        let names: BTreeSet<String> = counts.keys().map(ToString::to_string).collect();
        assert!(forms.values().flatten().all(|it| names.contains(it)), "{forms:?} of {counts:?}");
    }
    assert!(forms.values().any(|of_one| of_one.len() > 1), "{forms:?}");
}

/// A subject that answers wrongly until it is reset for the second time.
struct Fickle(Implementation);

thread_local! {
    static RESETS: Cell<u32> = const { Cell::new(0) };
}

impl Subject for Fickle {
    fn name(&self) -> &str {
        "fickle"
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn machine(&self) -> &Machine {
        self.0.machine()
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        self.0.capacity()
    }

    fn reset(&mut self) {
        RESETS.set(RESETS.get() + 1);
        self.0.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        let honest = self.0.apply(operation);
        let lies = RESETS.get() <= 1 && operation.kind() == Kind::Discard;
        if lies { Outcome::Done(Effect::PagesFreed { pages: 77, freed: 0 }) } else { honest }
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.0.touched(into)
    }

    fn runs(&self) -> &[bool] {
        self.0.runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.0.observe(scope, into);
    }
}

#[test]
fn a_finding_that_does_not_repeat_is_kept_as_it_was_seen_and_said_so() {
    let build = |machine: &Machine| Ok(Fickle(Implementation::new(machine)));
    let kinds = [Kind::Map, Kind::Discard].into_iter().collect();
    let campaign = Campaign::new(build).settings(Settings { operations: 8, kinds, ..Settings::default() });
    let mut findings = Findings::new("fickle", build, BTreeSet::new());
    let found = (0..50).find_map(|index| {
        RESETS.set(0);
        let program = campaign.execution(index);
        let run = findings.driver().run(&program, Compare::Touched).expect("it takes every machine");
        let divergence = run.divergence?;
        Some(
            findings
                .add(index, &program, &divergence, Origin::default(), &mut |_| true)
                .expect("it takes every machine"),
        )
    });
    let Sampled { found, .. } = found.expect("some execution discards");
    assert!(!found.repeats);
    assert!(found.finding.signature.starts_with("outcome.") && found.finding.signature.ends_with("@discard"));
}

/// A subject that does not come back from a read.
struct Endless(Implementation);

impl Subject for Endless {
    fn name(&self) -> &str {
        "endless"
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn machine(&self) -> &Machine {
        self.0.machine()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        while operation.kind() == Kind::Read {
            thread::sleep(Duration::from_millis(10));
        }
        self.0.apply(operation)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        self.0.touched(into)
    }

    fn runs(&self) -> &[bool] {
        self.0.runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.0.observe(scope, into);
    }
}

#[test]
fn an_execution_that_does_not_end_is_told_with_its_program_and_step() {
    let (sender, hangs) = mpsc::channel();
    let deadline = Duration::from_millis(200);
    let build = |machine: &Machine| Ok(Endless(Implementation::new(machine)));
    let campaign = Campaign::new(build).seed(5).jobs(2).on_hang(deadline, move |hang| {
        sender.send(hang).expect("it is awaited");
    });
    let executions = campaign.clone();
    // A thread cannot be ended: this one ends with the tests.
    thread::spawn(move || campaign.run(&mut Notes::up_to(1)));
    let both = [(); 2].map(|()| hangs.recv_timeout(Duration::from_secs(60)).expect("both jobs hang"));
    assert_ne!(both[0], both[1], "each job is told once");
    for hang in both {
        let index = hang.index.expect("it is an execution of the campaign");
        assert_eq!(hang.program, executions.execution(index));
        let step = hang.program.operations.iter().position(|operation| operation.kind() == Kind::Read);
        assert_eq!(Some(hang.divergence.step), step);
        assert_eq!(hang.divergence.signature().to_string(), "termination.hang@read");
    }
}
