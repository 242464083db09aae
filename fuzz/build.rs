//! Writes one aborting function for each pair of oracle and operation, since crash triage groups by the names on the stack.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use stalemap_harness::ORACLE_NAMES;
use stalemap_operations::TABLE;

fn main() {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder"));
    fs::write(folder.join("stacks.rs"), stacks()).expect("the folder can be written");
    println!("cargo::rerun-if-changed=build.rs");
}

fn stacks() -> String {
    let mut functions = String::new();
    let mut arms = String::new();
    // A divergence before the first operation is at `start`.
    let operations: Vec<&str> = TABLE.iter().map(|row| row.word).chain(["start"]).collect();
    for (number, (oracle, operation)) in pairs(ORACLE_NAMES, &operations).enumerate() {
        let name = format!("{oracle}_{operation}");
        writeln!(functions, "stack!({name}, {number});").expect("a string takes everything");
        writeln!(arms, "        ({oracle:?}, {operation:?}) => {name}(),").expect("a string takes everything");
    }
    format!(
        "{functions}\n/// Aborts through the function of this oracle and operation.\n\
         pub(crate) fn abort_as(oracle: &str, operation: &str) -> ! {{\n    \
             match (oracle, operation) {{\n{arms}        _ => std::process::abort(),\n    }}\n}}\n"
    )
}

fn pairs<'a>(oracles: &'a [&str], operations: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    oracles.iter().flat_map(move |oracle| operations.iter().map(move |operation| (*oracle, *operation)))
}
