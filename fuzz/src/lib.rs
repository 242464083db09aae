//! What the targets have in common: bytes to a run, a divergence to a report, a report to an abort that triage can tell
//! apart. A target is one line, [`target!`], and serves every engine.

#[cfg(any(test, all(feature = "afl", not(feature = "libfuzzer"))))]
mod afl_map;
#[cfg(feature = "afl-mutator")]
pub mod afl_mutator;
mod artifact;
#[cfg(all(feature = "libfuzzer", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod compares;
mod counters;
mod digests;
#[cfg(feature = "libfuzzer")]
mod flags;
mod hunt;
#[cfg(feature = "libfuzzer")]
mod input;
#[cfg(feature = "linux")]
mod kernel;
mod lockstep;
mod panics;
mod pasted;
mod report;
pub mod stacks;
mod statistics;
mod subject;
mod targets;
mod text;

#[cfg(feature = "libfuzzer")]
pub use flags::start_with_flags;
#[cfg(feature = "libfuzzer")]
pub use input::Input;
pub use lockstep::Lockstep;
pub use panics::quiet_panics;
#[cfg(feature = "linux")]
pub use targets::kernel;
pub use targets::{frames, lockstep, migration};
pub use text::same_text_again;

/// Whether the engine mutates bytes as it knows best, and not operations: what is gained by these is measured so.
#[cfg(feature = "libfuzzer")]
#[must_use]
pub fn leaves_mutation_to_the_engine() -> bool {
    static LEAVES: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *LEAVES.get_or_init(|| std::env::var_os(stalemap_engines::protocol::MUTATE_BYTES).is_some())
}

/// Makes a target of a [`Lockstep`]: an entry point for the engine, and its mutator where the engine takes one.
#[cfg(feature = "libfuzzer")]
#[macro_export]
macro_rules! target {
    ($lockstep:expr) => {
        std::thread_local! {
            static LOCKSTEP: std::cell::RefCell<$crate::Lockstep> = std::cell::RefCell::new($lockstep);
        }

        libfuzzer_sys::fuzz_target!(
            init: {
                $crate::start_with_flags();
                $crate::quiet_panics();
            },
            |input: $crate::Input<'_>| -> libfuzzer_sys::Corpus {
                let takes = LOCKSTEP.with_borrow_mut(|lockstep| lockstep.run(input.0));
                if takes { libfuzzer_sys::Corpus::Keep } else { libfuzzer_sys::Corpus::Reject }
            }
        );

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            LOCKSTEP.with_borrow_mut(|lockstep| {
                if $crate::leaves_mutation_to_the_engine() {
                    return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
                }
                let mutated = lockstep.mutator().mutate(&data[..size], max_size, seed.into());
                data[..mutated.len()].copy_from_slice(mutated);
                mutated.len()
            })
        });

        libfuzzer_sys::fuzz_crossover!(|data1: &[u8], data2: &[u8], out: &mut [u8], seed: u32| {
            LOCKSTEP.with_borrow_mut(|lockstep| {
                if $crate::leaves_mutation_to_the_engine() {
                    // Nothing was made; libFuzzer crosses in its own way as well.
                    return 0;
                }
                let crossed = lockstep.mutator().cross(data1, data2, out.len(), seed.into());
                out[..crossed.len()].copy_from_slice(crossed);
                crossed.len()
            })
        });
    };
}

/// Makes the target that reads text; the engine's own mutations suit it.
#[cfg(feature = "libfuzzer")]
#[macro_export]
macro_rules! text_target {
    () => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
            // What is no trace may be the way to one: it is kept all the same.
            $crate::same_text_again(bytes);
            libfuzzer_sys::Corpus::Keep
        });
    };
}

/// The same for AFL++, in persistent mode; it loads its mutator as a library of its own.
#[cfg(all(feature = "afl", not(feature = "libfuzzer")))]
#[macro_export]
macro_rules! target {
    ($lockstep:expr) => {
        std::thread_local! {
            static LOCKSTEP: std::cell::RefCell<$crate::Lockstep> = std::cell::RefCell::new($lockstep);
        }

        fn main() {
            $crate::quiet_panics();
            afl::fuzz(false, |input: &[u8]| {
                LOCKSTEP.with_borrow_mut(|lockstep| lockstep.run(input));
            });
        }
    };
}

/// The same for AFL++.
#[cfg(all(feature = "afl", not(feature = "libfuzzer")))]
#[macro_export]
macro_rules! text_target {
    () => {
        fn main() {
            // With a hook that aborts, what led to a panic would not be counted.
            afl::fuzz(false, |bytes: &[u8]| {
                $crate::same_text_again(bytes);
            });
        }
    };
}
