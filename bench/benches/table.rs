//! The benchmark as `cargo bench` runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    stalemap_bench::main()
}
