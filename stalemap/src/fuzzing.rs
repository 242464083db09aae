//! Targets of coverage-guided fuzzing engines: what bytes mean is run on a subject beside the reference.

use std::env;

use stalemap_campaign::{Form, Sighting};
use stalemap_harness::{Build, Compare, Divergence, Driver, Mutator, Settings, some_subject};
use stalemap_operations::{KindSet, Machine, Program, Subject as _};
use stalemap_report::Origin;

use crate::replay::name_of;

/// Makes a target of libFuzzer, for `cargo fuzz`, with a mutator of operations.
///
/// The crate of the target depends on `libfuzzer-sys` itself; no other user of Stalemap gets it. Findings are minimised and
/// printed with the states of both sides. `cargo fuzz fmt` prints traces, and `run` of the program that [`main`](crate::main)
/// makes replays what libFuzzer keeps.
///
/// ```ignore
/// #![no_main]
///
/// stalemap::fuzz_target!(mine::build);
/// ```
#[macro_export]
macro_rules! fuzz_target {
    ($build:expr) => {
        ::std::thread_local! {
            static STALEMAP_TARGET: ::std::cell::RefCell<$crate::fuzzing::FuzzTarget> =
                ::std::cell::RefCell::new($crate::fuzzing::FuzzTarget::new($build));
        }

        /// Any bytes; they print as the trace that they mean.
        struct StalemapInput<'a>(&'a [u8]);

        impl<'a> ::libfuzzer_sys::arbitrary::Arbitrary<'a> for StalemapInput<'a> {
            fn arbitrary(
                u: &mut ::libfuzzer_sys::arbitrary::Unstructured<'a>,
            ) -> ::libfuzzer_sys::arbitrary::Result<Self> {
                let all = u.len();
                u.bytes(all).map(StalemapInput)
            }

            fn arbitrary_take_rest(
                u: ::libfuzzer_sys::arbitrary::Unstructured<'a>,
            ) -> ::libfuzzer_sys::arbitrary::Result<Self> {
                ::std::result::Result::Ok(StalemapInput(u.take_rest()))
            }
        }

        impl ::std::fmt::Debug for StalemapInput<'_> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&$crate::Trace::from_bytes(self.0), f)
            }
        }

        ::libfuzzer_sys::fuzz_target!(
            init: $crate::fuzzing::quiet_panics(),
            |input: StalemapInput<'_>| -> ::libfuzzer_sys::Corpus {
                if STALEMAP_TARGET.with_borrow_mut(|target| target.run_or_abort(input.0)) {
                    ::libfuzzer_sys::Corpus::Keep
                } else {
                    ::libfuzzer_sys::Corpus::Reject
                }
            }
        );

        ::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            STALEMAP_TARGET.with_borrow_mut(|target| {
                let mutated = target.mutator().mutate(&data[..size], max_size, seed.into());
                data[..mutated.len()].copy_from_slice(mutated);
                mutated.len()
            })
        });

        ::libfuzzer_sys::fuzz_crossover!(|data1: &[u8], data2: &[u8], out: &mut [u8], seed: u32| {
            STALEMAP_TARGET.with_borrow_mut(|target| {
                let crossed = target.mutator().cross(data1, data2, out.len(), seed.into());
                out[..crossed.len()].copy_from_slice(crossed);
                crossed.len()
            })
        });
    };
}

/// Makes a target of AFL++, for `cargo afl`, in persistent mode.
///
/// The crate of the target depends on `afl` itself. AFL++ shows no output of its targets: to see a finding, hand its file to
/// the target on stdin, or to `run` of the program that [`main`](crate::main) makes.
///
/// ```ignore
/// stalemap::afl_target!(mine::build);
/// ```
#[macro_export]
macro_rules! afl_target {
    ($build:expr) => {
        ::std::thread_local! {
            static STALEMAP_TARGET: ::std::cell::RefCell<$crate::fuzzing::FuzzTarget> =
                ::std::cell::RefCell::new($crate::fuzzing::FuzzTarget::new($build));
        }

        fn main() {
            $crate::fuzzing::quiet_panics();
            ::afl::fuzz(false, |input: &[u8]| {
                STALEMAP_TARGET.with_borrow_mut(|target| target.run_or_abort(input));
            });
        }
    };
}

/// Runs the inputs of an engine. [`fuzz_target!`](crate::fuzz_target!) and [`afl_target!`](crate::afl_target!) make one; any
/// other engine can have its bytes run by it.
///
/// ```
/// use stalemap::fuzzing::FuzzTarget;
/// # struct Never;
/// # impl stalemap::BlockAllocator for Never {
/// #     const NAME: &'static str = "never";
/// #     fn new(_: u32) -> Result<Self, String> { Ok(Never) }
/// #     fn allocate(&mut self, _: u32) -> Option<u32> { None }
/// #     fn free(&mut self, _: u32, _: u32) {}
/// # }
///
/// // An allocator that refuses everything.
/// let mut target = FuzzTarget::new(stalemap::blocks::<Never>);
/// let trace = stalemap::Trace::parse("machine ram=4 spaces=1 pages=1\nalloc b0 0\n")?;
/// let finding = target.run(&trace.to_bytes().expect("it is small")).expect_err("a frame is free");
/// assert!(finding.contains("alloc b0 0 = ENOMEM"), "{finding}");
/// # Ok::<(), stalemap::ParseError>(())
/// ```
pub struct FuzzTarget {
    name: String,
    driver: Driver,
    mutator: Mutator,
    /// What the subject can do.
    kinds: KindSet,
    program: Program,
}

impl FuzzTarget {
    /// A target that drives what this builds.
    ///
    /// # Panics
    /// When the subject cannot be any of several small machines.
    pub fn new(build: impl Build + 'static) -> FuzzTarget {
        let subject = some_subject(&build)
            .unwrap_or_else(|why| panic!("the subject cannot be `machine {}`: {why}", Machine::DEFAULT));
        let kinds = subject.capabilities().operations;
        let settings = Settings { kinds, ..Settings::of(&build) };
        let name = name_of(&build);
        FuzzTarget {
            name,
            driver: Driver::new(build),
            mutator: Mutator::new(settings),
            kinds,
            program: Program::default(),
        }
    }

    /// Changes inputs into others that the target takes.
    pub fn mutator(&mut self) -> &mut Mutator {
        &mut self.mutator
    }

    /// Runs what the bytes mean. Whether the subject takes them: it has all their operations, and can be their machine.
    ///
    /// # Errors
    /// The two sides differ: the minimised trace and the states of both, for a terminal. Under AFL++ it is the name of the
    /// difference alone, since AFL++ shows no more.
    pub fn run(&mut self, input: &[u8]) -> Result<bool, String> {
        self.program.read_bytes(input);
        if !self.program.operations.iter().all(|operation| self.kinds.contains(operation.kind())) {
            return Ok(false);
        }
        match self.driver.run(&self.program, Compare::Touched).map(|run| run.divergence) {
            Err(_) => Ok(false),
            Ok(None) => Ok(true),
            Ok(Some(divergence)) if env::var_os("__AFL_SHM_ID").is_some() => Err(divergence.signature().to_string()),
            Ok(Some(divergence)) => Err(describe(&self.name, &mut self.driver, &self.program, &divergence)),
        }
    }

    /// As [`run`](Self::run), but a difference is printed and aborts the process, which is how engines are told.
    pub fn run_or_abort(&mut self, input: &[u8]) -> bool {
        self.run(input).unwrap_or_else(|text| {
            anstream::eprintln!("\n{text}");
            std::process::abort()
        })
    }
}

/// Replaces the engine's hook, which aborts when a subject panics, before that is shown as a finding.
pub fn quiet_panics() {
    drop(std::panic::take_hook());
    stalemap_harness::quiet_panics();
}

/// The difference in its canonical form, as text.
#[cold]
fn describe(name: &str, driver: &mut Driver, program: &Program, divergence: &Divergence) -> String {
    let sighting = Sighting { program, divergence, origin: Origin::default() };
    match sighting.find(driver, name, Form::Canonical, &mut |_| true) {
        Ok(found) => found.finding.text(),
        Err(why) => format!("{}, which cannot be shown: {why}", divergence.signature()),
    }
}
