//! The benchmark as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    stalemap_bench::main()
}
