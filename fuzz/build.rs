//! Writes a function for each oracle and one for each operation, since crash triage groups by the names on the stack; and a number for
//! each transition that a run can meet, since engines look at each counter after each run.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs, process};

use stalemap_harness::{NO_OPERATIONS, ORACLE_NAMES, Transitions};
use stalemap_operations::TABLE;

fn main() {
    refuse_afl_with_libfuzzer();
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder"));
    for (name, text) in [("stacks.rs", stacks()), ("numbers.rs", numbers())] {
        fs::write(folder.join(name), text).expect("the folder can be written");
    }
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable: &str, values: &[&str]| env::var(variable).is_ok_and(|value| values.contains(&value.as_str()));
    let has_ret = is("CARGO_CFG_TARGET_ARCH", &["x86_64", "aarch64"]);
    if env::var_os("CARGO_FEATURE_LIBFUZZER").is_some() && is("CARGO_CFG_TARGET_OS", &["linux"]) && has_ret {
        leave_compares_out();
    }
}

/// Two engines in one program do not link, which the linker would say at length and late.
fn refuse_afl_with_libfuzzer() {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if flags.contains("afl-compiler-rt") && env::var_os("CARGO_FEATURE_LIBFUZZER").is_some() {
        eprintln!("AFL++ needs its own feature: cargo afl build --release --no-default-features --features afl");
        process::exit(1);
    }
}

/// Has the linker lead libFuzzer's calls for compared values to `src/compares.rs`, in targets with a mutator of their own.
fn leave_compares_out() {
    for target in targets() {
        for kind in ["cmp", "const_cmp"] {
            for size in [1, 2, 4, 8] {
                println!("cargo::rustc-link-arg-bin={target}=-Wl,--wrap=__sanitizer_cov_trace_{kind}{size}");
            }
        }
        println!("cargo::rustc-link-arg-bin={target}=-Wl,--wrap=__sanitizer_cov_trace_switch");
    }
}

/// Those with a mutator of operations that are built.
fn targets() -> Vec<&'static str> {
    let kernel = env::var_os("CARGO_FEATURE_LINUX").map(|_| "kernel");
    ["lockstep", "frames", "migration"].into_iter().chain(kernel).collect()
}

fn stacks() -> String {
    let operations: Vec<&str> = TABLE.iter().map(|row| row.word).chain(NO_OPERATIONS.iter().copied()).collect();
    let mut text = String::new();
    let mut arms = String::new();
    for (number, operation) in operations.iter().enumerate() {
        let name = exported(operation);
        line(&mut text, &format!("operation!({name}, {name:?}, {number});"));
        line(&mut arms, &format!("{operation:?} => {name}(then),"));
    }
    let mut oracles = String::new();
    for (number, oracle) in (operations.len()..).zip(ORACLE_NAMES) {
        let name = exported(oracle);
        line(&mut text, &format!("oracle!({name}, {name:?}, {number}, operation, then, {{ {arms} _ => then() }});"));
        line(&mut oracles, &format!("{oracle:?} => {name}(operation, then),"));
    }
    line(&mut text, "/// Goes through the function of the oracle and that of the operation to the end.");
    line(&mut text, "pub fn end_on_the_stack_of(oracle: &str, operation: &str, then: fn() -> !) -> ! {");
    line(&mut text, &format!("match oracle {{ {oracles} _ => then() }} }}"));
    line(&mut text, "/// The operations, and what stands for none of them.");
    line(&mut text, &format!("pub const OPERATIONS: &[&str] = &{operations:?};"));
    text
}

fn numbers() -> String {
    let mut numbers = vec![u16::MAX; Transitions::CELLS];
    for (number, cell) in (0..).zip(Transitions::possible()) {
        numbers[cell] = number;
    }
    let possible = Transitions::possible().count();
    format!(
        "/// How many transitions a run can meet.\npub(crate) const POSSIBLE: usize = {possible};\n\
         /// The number of each among these; `u16::MAX` for those that no run can meet.\n\
         static NUMBERS: [u16; {}] = {numbers:?};\n",
        numbers.len()
    )
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes everything");
}

/// `device_write` as `DeviceWrite`: in capitals no function of C has its name.
fn exported(word: &str) -> String {
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    word.split('_').map(capital).collect()
}
