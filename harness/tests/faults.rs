//! Faults that must not end or stop the program: panics wherever a side is called, and what never ends; and what a subject
//! does not tell.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use stalemap_harness::{
    Build, Compare, Divergence, Driver, Hang, Watch, Watchdog, canonicalise, minimise, quiet_panics,
};
use stalemap_implementation::Implementation;
use stalemap_operations::{
    Capabilities, Home, Kind, Machine, Observation, Operation, Outcome, Program, Scope, Subject, Touched, Trace,
};

/// What is wrong with the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    PanicsInBuild,
    PanicsInCapabilities,
    PanicsInCapacity,
    PanicsInReset,
    PanicsInApply,
    /// After a `write`, whatever is looked at.
    PanicsInObserve,
    /// After a `write`, where everything is looked at.
    PanicsInFullObserve,
    PanicsInValidate,
    /// Shows another number of free frames after a `peek`, which touches nothing and is refused.
    CountsAfterPeek,
    /// Does not tell what a `write` touches.
    IsSilent,
    HangsInRead,
}

struct Faulty {
    inner: Implementation,
    fault: Fault,
    last: Option<Kind>,
    has_written: bool,
}

impl Subject for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn capabilities(&self) -> Capabilities {
        assert!(self.fault != Fault::PanicsInCapabilities, "nothing is known of 7 things");
        self.inner.capabilities()
    }

    fn machine(&self) -> &Machine {
        self.inner.machine()
    }

    fn capacity(&self) -> [u32; Home::LIMIT] {
        assert!(self.fault != Fault::PanicsInCapacity, "no frame is counted");
        self.inner.capacity()
    }

    fn reset(&mut self) {
        assert!(self.fault != Fault::PanicsInReset, "no way back");
        self.inner.reset();
        (self.last, self.has_written) = (None, false);
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        self.last = Some(operation.kind());
        self.has_written |= operation.kind() == Kind::Write;
        if operation.kind() == Kind::Read {
            assert!(self.fault != Fault::PanicsInApply, "page {} is not there", 12);
            if self.fault == Fault::HangsInRead {
                thread::sleep(Duration::MAX);
            }
        }
        self.inner.apply(operation)
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        let is_told = self.fault != Fault::IsSilent || self.last != Some(Kind::Write);
        !is_told || self.inner.touched(into)
    }

    fn runs(&self) -> &[bool] {
        self.inner.runs()
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        let panics =
            self.fault == Fault::PanicsInObserve || self.fault == Fault::PanicsInFullObserve && scope.everything;
        assert!(!panics || !self.has_written, "s3 v9 cannot be shown");
        self.inner.observe(scope, into);
        if self.fault == Fault::CountsAfterPeek && self.last == Some(Kind::Peek) {
            into.free[0] -= 1;
        }
    }

    fn validate(&self) -> Result<(), String> {
        assert!(self.fault != Fault::PanicsInValidate || !self.has_written, "the recount of {} has no end", 3);
        Ok(())
    }
}

fn build(fault: Fault) -> impl Build<Subject = Faulty> {
    move |machine: &Machine| {
        assert!(fault != Fault::PanicsInBuild, "a machine of 8 frames cannot be built");
        Ok(Faulty { inner: Implementation::new(machine), fault, last: None, has_written: false })
    }
}

const TEXT: &str = "machine ram=8 spaces=2 pages=4\n\
    map s0 v0+3 rw\npeek h0\nwrite s0 v0 #07\nread s0 v0\nunmap s0 v3\n";

fn program() -> Program {
    Trace::parse(TEXT).expect("a good text").program()
}

/// The divergences in both modes, and when the driver runs the program again.
fn divergences(fault: Fault) -> [Option<Divergence>; 3] {
    let mut driver = Driver::new(build(fault));
    let run = |compare| driver.run(&program(), compare).expect("it takes every machine").divergence;
    [Compare::Touched, Compare::Everything, Compare::Touched].map(run)
}

#[test]
fn a_fault_wherever_a_side_is_called_is_a_divergence_with_its_step_in_every_mode() {
    quiet_panics();
    let cases = [
        (Fault::PanicsInBuild, 0, "panic.subject_a_machine_of_frames_cannot_be_built@start"),
        (Fault::PanicsInCapabilities, 0, "panic.subject_nothing_is_known_of_things@start"),
        (Fault::PanicsInCapacity, 0, "panic.subject_no_frame_is_counted@start"),
        (Fault::PanicsInReset, 0, "panic.subject_no_way_back@start"),
        (Fault::CountsAfterPeek, 1, "conservation.free@peek"),
        (Fault::PanicsInObserve, 2, "panic.subject_cannot_be_shown@any"),
        (Fault::PanicsInFullObserve, 2, "panic.subject_cannot_be_shown@any"),
        (Fault::PanicsInValidate, 2, "panic.subject_the_recount_of_has_no_end@any"),
        (Fault::IsSilent, 2, "digest.word@write"),
        (Fault::PanicsInApply, 3, "panic.subject_page_is_not_there@any"),
    ];
    for (fault, step, signature) in cases {
        let divergences = divergences(fault);
        for divergence in divergences {
            let divergence = divergence.unwrap_or_else(|| panic!("{fault:?} is not noticed"));
            assert_eq!((divergence.step, divergence.signature().to_string().as_str()), (step, signature), "{fault:?}");
            assert_eq!(divergence.signature().to_string().parse(), Ok(divergence.signature()), "{fault:?}");
        }
    }
}

#[test]
fn a_constructor_that_panics_is_shortened_with_operations_and_without_any() {
    quiet_panics();
    let mut driver = Driver::new(build(Fault::PanicsInBuild));
    for operations in [&program().operations[..], &[]] {
        let program = Program::new(program().machine, operations.iter().copied());
        let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
        let divergence = run.divergence.expect("the constructor panics");
        let signature = divergence.signature();
        let small = minimise(&mut driver, &program, &signature, &mut |_| true).expect("it repeats");
        let canonical = canonicalise(&mut driver, &program, &divergence, &mut |_| true).expect("it repeats");
        for short in [small.program, canonical.program] {
            assert_eq!((short.machine.ram(), short.operations.len()), (1, operations.len().min(1)));
        }
        assert_eq!(canonical.key, signature);
    }
}

#[test]
fn what_does_not_end_is_told_with_its_program_and_step() {
    let (sender, hangs) = mpsc::channel();
    let watch = Watch::default();
    let deadline = Duration::from_millis(200);
    let _watchdog =
        Watchdog::start(vec![watch.clone()], deadline, move |hang| sender.send(hang).expect("it is awaited"));
    // A thread cannot be ended: this one ends with the tests.
    thread::spawn(move || {
        let mut agreeing = Driver::new(build(Fault::IsSilent));
        agreeing.watched_by(watch.clone());
        let short = Program::new(program().machine, program().operations[..1].iter().copied());
        for _ in 0..100 {
            agreeing.run(&short, Compare::Touched).expect("it takes every machine");
        }
        let mut hanging = Driver::new(build(Fault::HangsInRead));
        hanging.watched_by(watch);
        hanging.run(&program(), Compare::Touched)
    });
    let hang = hangs.recv_timeout(Duration::from_secs(60)).expect("it is told");
    assert_eq!(hang.program, program());
    assert_eq!((hang.divergence.step, hang.divergence.signature().to_string().as_str()), (3, "termination.hang@read"));
    assert_eq!(hangs.recv_timeout(deadline * 3), Err(mpsc::RecvTimeoutError::Timeout), "once");
}

/// A watchdog and what it tells.
fn watchdog(watches: Vec<Watch>, deadline: Duration) -> (Watchdog, mpsc::Receiver<Hang>) {
    let (sender, hangs) = mpsc::channel();
    let told = move |hang| sender.send(hang).expect("it is awaited");
    (Watchdog::start(watches, deadline, told), hangs)
}

#[test]
fn what_has_ended_and_what_goes_on_with_others_is_not_told_of() {
    let deadline = Duration::from_millis(500);
    let watches: Vec<Watch> = (0..4).map(|_| Watch::default()).collect();
    let (_watchdog, hangs) = watchdog(watches.clone(), deadline);
    let short = Program::new(program().machine, program().operations[..1].iter().copied());
    let run = |watch: &Watch, times: usize| {
        let mut driver = Driver::new(build(Fault::IsSilent));
        driver.watched_by(watch.clone());
        for _ in 0..times {
            driver.run(&short, Compare::Touched).expect("it takes every machine");
        }
    };
    // None, one and two executions, and a panic.
    run(&watches[0], 1);
    run(&watches[1], 2);
    let mut panicking = Driver::new(build(Fault::PanicsInBuild));
    panicking.watched_by(watches[2].clone());
    quiet_panics();
    panicking.run(&program(), Compare::Touched).expect("it takes every machine");
    assert_eq!(hangs.recv_timeout(deadline * 3), Err(mpsc::RecvTimeoutError::Timeout));
}

#[test]
fn each_of_several_that_hang_is_told_in_time_and_none_behind_its_end() {
    let deadline = Duration::from_millis(400);
    let watches = [Watch::default(), Watch::default()];
    let (watchdog, hangs) = watchdog(watches.to_vec(), deadline);
    let begun = Instant::now();
    let hang = |watch: &Watch| {
        let watch = watch.clone();
        thread::spawn(move || {
            let mut driver = Driver::new(build(Fault::HangsInRead));
            driver.watched_by(watch);
            driver.run(&program(), Compare::Touched)
        })
    };
    hang(&watches[0]);
    hang(&watches[1]);
    for _ in 0..2 {
        let hang = hangs.recv_timeout(Duration::from_secs(60)).expect("it is told");
        assert_eq!((hang.program, hang.divergence.step), (program(), 3));
        assert_eq!(hang.divergence.mismatch.expected, "read s0 v0 ends");
        assert_eq!(hang.divergence.mismatch.actual, "the execution has not ended after 0.4 s");
    }
    let told = begun.elapsed();
    assert!(told >= deadline && told < deadline * 15, "told after {told:?}");
    drop(watchdog);
    // Its thread has ended, and with it the sender.
    assert_eq!(hangs.try_recv(), Err(mpsc::TryRecvError::Disconnected));
}
