//! The tools of engines and of line coverage, each in the one version that is known to work.

/// A tool from the package registry.
pub struct Tool {
    /// Package and program.
    pub name: &'static str,
    /// Its command behind `cargo`.
    pub command: &'static str,
    /// The version that is known to work.
    pub version: &'static str,
}

/// Builds and runs libFuzzer targets.
pub const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", command: "fuzz", version: "0.13.2" };
/// Builds and runs AFL++ targets; AFL++ itself is in it.
pub const CARGO_AFL: Tool = Tool { name: "cargo-afl", command: "afl", version: "0.18.2" };

/// Counts which lines a run reaches.
pub const CARGO_LLVM_COV: Tool = Tool { name: "cargo-llvm-cov", command: "llvm-cov", version: "0.9.1" };
