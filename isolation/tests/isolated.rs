//! Isolated subjects: what a program does in a worker, and what becomes of one that crashes, hangs or panics.

use std::fs::File;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, process, thread};

use stalemap_harness::{Compare, Driver, Generator, Settings, minimise, quiet_panics};
use stalemap_implementation::Implementation;
use stalemap_isolation::{Isolated, WorkerCommand, serve};
use stalemap_operations::{
    Capabilities, Effect, Kind, Machine, Observation, Operation, Outcome, Program, Scope, Subject, Touched, Trace,
};

/// The implementation with a fault at each `protect`.
struct Faulty {
    inner: Implementation,
    fault: String,
}

impl Subject for Faulty {
    fn name(&self) -> &str {
        "faulty"
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn machine(&self) -> &Machine {
        self.inner.machine()
    }

    fn reset(&mut self) {
        self.inner.reset();
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        if operation.kind() == Kind::Protect {
            match self.fault.as_str() {
                "abort" => process::abort(),
                once if once.strip_prefix("once ").is_some_and(|file| File::create_new(file).is_ok()) => {
                    process::abort()
                }
                "segfault" => {
                    // Rust looks at the first for an overflow of the stack, and lets the second go its way.
                    for _ in 0..2 {
                        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::SEGV)
                            .expect("a process may end itself");
                    }
                }
                "exit" => process::exit(3),
                "endless" => thread::sleep(Duration::from_secs(60)),
                "looping" => loop {
                    std::hint::spin_loop();
                },
                once if once.strip_prefix("stopped ").is_some_and(is_first) => stop(),
                "panic" => panic!("a table has no row"),
                "overflow" => overflow(1),
                "answer" => return Outcome::Done(Effect::Pages(7)),
                "noise" => println!("what a library prints does no harm"),
                _ => {}
            }
        }
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
    }

    fn validate(&self) -> Result<(), String> {
        if self.fault == "recount" { Err("one is missing".to_string()) } else { self.inner.validate() }
    }
}

fn stop() {
    let this = rustix::process::getpid();
    rustix::process::kill_process(this, rustix::process::Signal::STOP).expect("a process may stop itself");
}

/// Writes the number of this process into a file, where that is not there.
fn is_first(path: &str) -> bool {
    File::create_new(path).is_ok_and(|mut file| write!(file, "{}", process::id()).is_ok())
}

#[expect(unconditional_recursion, reason = "it is to overflow the stack")]
fn overflow(depth: u64) {
    let room = std::hint::black_box([depth; 512]);
    overflow(room[7] + 1);
    std::hint::black_box(room);
}

fn main() -> ExitCode {
    if let Some(fault) = env::args().nth(1).filter(|word| !word.starts_with('-')) {
        let build = |machine: &Machine| match fault.as_str() {
            "unbuilt" => process::abort(),
            "refused" => Err("no such machine".to_string()),
            _ if fault.strip_prefix("unbuilt ").is_some_and(is_first) => {
                stop();
                Err("it was stopped".to_string())
            }
            _ => Ok(Faulty { inner: Implementation::new(machine), fault: fault.clone() }),
        };
        quiet_panics();
        let load = || if fault == "unloaded" { Err("there is no library") } else { Ok(build) };
        return serve(|| load().map_err(str::to_string)).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    quiet_panics();
    for (name, test) in TESTS {
        test();
        println!("test {name} ... ok");
    }
    ExitCode::SUCCESS
}

const TESTS: &[(&str, fn())] = &[
    ("an_isolated_subject_shows_what_it_shows_in_the_same_process", is_the_same),
    ("what_ends_a_worker_is_a_finding_at_its_step_and_the_next_run_goes_on", ends_are_findings),
    ("a_crash_that_does_not_repeat_is_a_finding", does_not_repeat),
    #[cfg(target_os = "linux")]
    ("a_worker_that_the_machine_stalls_is_waited_for_and_is_no_finding", is_waited_for),
    ("a_crash_is_minimised", is_minimised),
    ("a_worker_that_cannot_start_or_build_is_told", cannot_start),
    ("clones_have_workers_of_their_own", clones_do_not_wait),
    #[cfg(target_os = "linux")]
    ("nothing_of_a_campaign_that_is_killed_is_left_in_memory", leaves_nothing),
];

fn isolated(fault: &str) -> Isolated {
    let command = WorkerCommand::this_program([fault]).expect("the system knows it");
    Isolated::new(command).deadline(Duration::from_millis(700))
}

fn is_the_same() {
    for fault in ["none", "answer", "recount", "noise"] {
        let quiet = if fault == "noise" { "none" } else { fault };
        let here = |machine: &Machine| Ok(Faulty { inner: Implementation::new(machine), fault: quiet.to_string() });
        let (mut here, mut there) = (Driver::new(here), Driver::new(isolated(fault)));
        let mut generator = Generator::new(Settings::default());
        let mut program = Program::default();
        for index in 0..60 {
            generator.execution(1, index, &mut program);
            for compare in [Compare::Touched, Compare::Everything] {
                let [here, there] = [here.run(&program, compare), there.run(&program, compare)];
                assert_eq!(here, there, "{fault}, {compare:?}, execution {index}");
            }
        }
    }
}

const PROGRAM: &str = "machine ram=2 spaces=1 pages=2\nmap s0 v0+2 rw\nwrite s0 v0 #1\nprotect s0 v0 r\nread s0 v0\n";

fn program() -> Program {
    Trace::parse(PROGRAM).expect("a trace").program()
}

fn ends_are_findings() {
    let rows = [
        ("abort", "panic", "SIGABRT ended the process of the subject"),
        ("segfault", "panic", "SIGSEGV ended the process of the subject"),
        ("exit", "panic", "exit code 3 of the process of the subject"),
        ("panic", "panic", "a table has no row"),
        ("overflow", "panic", "has overflowed its stack: SIGABRT ended the process of the subject"),
        ("endless", "termination", "it goes on for ever"),
        ("looping", "termination", "it goes on for ever"),
    ];
    let harmless = Trace::parse("machine ram=2 spaces=1 pages=2\nmap s0 v0+2 rw\nread s0 v0\n").expect("a trace");
    for (fault, oracle, words) in rows {
        let mut driver = Driver::new(isolated(fault));
        for compare in [Compare::Touched, Compare::Everything] {
            let found = driver.run(&program(), compare).expect("it is built").divergence.expect(fault);
            assert_eq!((found.step, found.mismatch.oracle), (2, oracle), "{fault}");
            assert!(found.mismatch.actual.ends_with(words), "{fault}: {}", found.mismatch.actual);
            let next = driver.run(&harmless.program(), compare).expect("it is built again");
            assert_eq!(next.divergence, None, "{fault}");
        }
    }
}

fn does_not_repeat() {
    let folder = tempfile::tempdir().expect("a folder");
    let fault = format!("once {}", folder.path().join("crashed").display());
    let mut driver = Driver::new(isolated(&fault));
    let found = driver.run(&program(), Compare::Touched).expect("it is built").divergence.expect("it crashed");
    assert_eq!((found.step, found.mismatch.oracle), (3, "panic"), "at the last operation");
    assert!(found.mismatch.actual.contains("SIGABRT"), "{}", found.mismatch.actual);
    assert_eq!(driver.run(&program(), Compare::Touched).expect("it is built").divergence, None);
}

/// It is stopped for as long as several deadlines, and then for ever; in an operation, and in its constructor.
#[cfg(target_os = "linux")]
fn is_waited_for() {
    for (is_continued, fault) in [(true, "stopped"), (false, "stopped"), (false, "unbuilt")] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stopped");
        let build = isolated(&format!("{fault} {}", path.display())).deadline(Duration::from_millis(200));
        let mut driver = Driver::new(build);
        let begun = Instant::now();
        let wakes = thread::spawn(move || {
            if !is_continued {
                return;
            }
            let stopped = || rustix::process::Pid::from_raw(std::fs::read_to_string(&path).ok()?.parse().ok()?);
            let worker = loop {
                thread::sleep(Duration::from_millis(600));
                if let Some(worker) = stopped() {
                    break worker;
                }
            };
            rustix::process::kill_process(worker, rustix::process::Signal::CONT).expect("it is stopped");
        });
        let run = driver.run(&program(), Compare::Touched).expect("it is built");
        wakes.join().expect("it wakes the worker");
        assert_eq!(run.divergence, None, "{fault}, continued: {is_continued}");
        let waited = Duration::from_millis(if is_continued { 600 } else { 2_000 });
        assert!(begun.elapsed() >= waited, "{:?}", begun.elapsed());
    }
}

fn is_minimised() {
    let mut driver = Driver::new(isolated("abort"));
    let found = driver.run(&program(), Compare::Touched).expect("it is built").divergence.expect("it crashes");
    let small = minimise(&mut driver, &program(), &found.signature(), &mut |_| true).expect("it crashes again");
    assert_eq!(small.program.operations.len(), 1, "{}", Trace::from(small.program));
}

fn cannot_start() {
    let nothing = WorkerCommand { program: "/nothing/is/here".into(), arguments: Vec::new(), environment: Vec::new() };
    let told = Driver::new(Isolated::new(nothing))
        .run(&program(), Compare::Touched)
        .expect_err("there is no program")
        .to_string();
    assert!(told.starts_with("cannot start the worker /nothing/is/here"), "{told}");
    let told = Driver::new(isolated("unloaded")).run(&program(), Compare::Touched).expect_err("it is told").to_string();
    assert_eq!(told, "there is no library");
    let told = Driver::new(isolated("refused")).run(&program(), Compare::Touched).expect_err("it refuses").to_string();
    assert_eq!(told, "no such machine");
    let found = Driver::new(isolated("unbuilt")).run(&program(), Compare::Touched).expect("a finding").divergence;
    assert!(found.expect("its constructor crashes").mismatch.actual.contains("SIGABRT"));
}

fn clones_do_not_wait() {
    let first = isolated("endless");
    let second = first.clone();
    let start = Instant::now();
    thread::scope(|scope| {
        for build in [first, second] {
            scope.spawn(move || Driver::new(build).run(&program(), Compare::Touched));
        }
    });
    // Three times in a row, since it is run again to know the operation, and a finding is located by another run; six times if
    // they waited for each other.
    assert!(start.elapsed() < Duration::from_millis(6 * 700), "{:?}", start.elapsed());
}

/// The file in memory has no name while the worker is asked.
#[cfg(target_os = "linux")]
fn leaves_nothing() {
    let mut driver = Driver::new(isolated("none"));
    driver.run(&program(), Compare::Touched).expect("it is built");
    let open = std::fs::read_dir("/proc/self/fd").expect("a folder").map_while(Result::ok);
    let open: Vec<String> =
        open.filter_map(|it| Some(std::fs::read_link(it.path()).ok()?.display().to_string())).collect();
    let shared: Vec<&String> = open.iter().filter(|path| path.contains("/.tmp")).collect();
    assert!(!shared.is_empty() && shared.iter().all(|path| path.ends_with(" (deleted)")), "{shared:?}");
}
