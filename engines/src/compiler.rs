//! What the Rust compiler says of itself: the machine that it is for, and its LLVM, whose tools alone can read the coverage
//! of its programs.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::EngineError;

/// What the release profile of the targets leaves to those who want it: whole-program optimisation, which sanitizers do not
/// link with. As an environment variable of cargo.
pub(crate) const OPTIMISED: (&str, &str) = ("CARGO_PROFILE_RELEASE_LTO", "fat");

/// Coverage counts functions, not edges. What a run meets of the table of transitions, which the targets show to the engine,
/// guides it as well: the seeded bugs are found in as many executions, and these take a third less time (bench/README.md, F1). Of
/// flags that cargo-fuzz and cargo-afl give too, the last one counts.
pub(crate) const BY_FUNCTION: &str = "-Cllvm-args=-sanitizer-coverage-level=1";

/// The target triple of the machine that compiles.
///
/// # Errors
/// When there is no compiler in the path.
pub(crate) fn host() -> Result<String, EngineError> {
    let host = line(&says(&["-vV"]), "host: ").to_string();
    if host.is_empty() { Err(EngineError::NoCompiler) } else { Ok(host) }
}

/// The tools that cargo-llvm-cov calls.
const TOOLS: [&str; 2] = ["llvm-cov", "llvm-profdata"];

/// LLVM as the compiler knows it.
pub struct Llvm {
    /// Its major version, such as `22`.
    pub major: String,
    /// The folder of its tools, if they are there.
    pub tools: Option<PathBuf>,
}

impl Llvm {
    /// Asks the compiler, and looks where Debian and rustup put the tools.
    #[must_use]
    pub fn of_this_rust() -> Llvm {
        let about = says(&["-vV"]);
        let major = line(&about, "LLVM version: ").split('.').next().unwrap_or_default().to_string();
        let of_rustup =
            [says(&["--print", "sysroot"]).trim(), "lib/rustlib", line(&about, "host: "), "bin"].iter().collect();
        let folders = [PathBuf::from(format!("/usr/lib/llvm-{major}/bin")), of_rustup];
        let has_all = |folder: &PathBuf| TOOLS.iter().all(|tool| folder.join(tool).is_file());
        Llvm { major, tools: folders.into_iter().find(has_all) }
    }

    /// The commands that install the tools.
    #[must_use]
    pub fn fix(&self) -> String {
        format!("apt install llvm-{}, or rustup component add llvm-tools", self.major)
    }
}

/// What the compiler prints.
fn says(arguments: &[&str]) -> String {
    let output = Command::new("rustc").args(arguments).stdin(Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// The rest of the first line that begins like this.
fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default()
}
