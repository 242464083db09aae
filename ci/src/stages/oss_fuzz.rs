//! The stage that does here what OSS-Fuzz does there: builds the targets into a made-up `$OUT` and checks them.
//!
//! The checks are those of google/oss-fuzz, infra/base-images/base-runner: `test_all.py` (targets are found in a folder
//! that was moved), `bad_build_check` (edges, start, seeds) and `run_fuzzer` (options). One is added: a target that is
//! built with a planted bug stops.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::canary;
use super::targets;
use super::tool::CARGO_FUZZ;
use crate::context::{Context, text};

/// Fewer edges than this are "only partial coverage instrumentation".
const FEWEST_EDGES: u64 = 100;

/// What every fuzz target has in its binary.
const ENTRY: &[u8] = b"LLVMFuzzerTestOneInput";

pub(super) fn run(context: &Context) -> Result<()> {
    let folder = context.fresh_folder("oss-fuzz")?;
    let out = build(context, &folder, "out", Build::WITHOUT_SANITIZER, &[])?;
    // OSS-Fuzz moves the folder before it checks, so that nothing can lean on where it was.
    let moved = folder.join("not-out");
    fs::rename(&out, &moved).with_context(|| format!("cannot move {}", out.display()))?;
    for name in targets::names(context)? {
        check(context, &moved, &name)?;
    }
    let with_bugs = ["--features", "seeded-bugs", canary::TARGET];
    let out = build(context, &folder, "out-with-bugs", Build::WITHOUT_SANITIZER, &with_bugs)?;
    canary::must_stop(context, &out.join(canary::TARGET))
}

/// A way in which OSS-Fuzz builds.
#[derive(Clone, Copy)]
pub(super) struct Build {
    sanitizer: &'static str,
    /// The toolchain that is needed, where it is not the usual one.
    toolchain: Option<&'static str>,
    /// Where things are built, below the target folder.
    work: &'static str,
}

impl Build {
    /// Stable Rust has no sanitizers.
    const WITHOUT_SANITIZER: Build = Build { sanitizer: "none", toolchain: None, work: "oss-fuzz" };
    /// What OSS-Fuzz builds unless it is told otherwise.
    pub(super) const WITH_ADDRESS_SANITIZER: Build =
        Build { sanitizer: "address", toolchain: Some("nightly"), work: "oss-fuzz-address" };
}

/// Runs `build.sh` of ClusterFuzzLite, which runs that of OSS-Fuzz, as both run it; where the targets are.
pub(super) fn build(context: &Context, folder: &Path, out: &str, build: Build, arguments: &[&str]) -> Result<PathBuf> {
    let sh = &context.sh;
    let (sources, out) = (sh.create_dir(folder.join("src"))?, sh.create_dir(folder.join(out))?);
    let checkout = sources.join("stalemap");
    if !checkout.exists() {
        std::os::unix::fs::symlink(&context.root, &checkout)?;
    }
    let tool = CARGO_FUZZ.path(context)?;
    let tools = tool.parent().context("a program is in a folder")?.to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([tools].into_iter().chain(env::split_paths(&path)))?;
    let script = cmd!(sh, "bash -eu .clusterfuzzlite/build.sh {arguments...}").env("PATH", path);
    let script = script.env("SRC", &sources).env("WORK", context.target.join(build.work)).env("OUT", &out);
    let script = build.toolchain.into_iter().fold(script, |it, toolchain| it.env("RUSTUP_TOOLCHAIN", toolchain));
    let script = script.env("SANITIZER", build.sanitizer).env("FUZZING_ENGINE", "libfuzzer");
    script.env("FUZZING_LANGUAGE", "rust").env("LIB_FUZZING_ENGINE", "-fsanitize=fuzzer").run()?;
    Ok(out)
}

/// What `bad_build_check` demands of a target.
fn check(context: &Context, out: &Path, name: &str) -> Result<()> {
    let sh = &context.sh;
    let target = out.join(name);
    let is_target = sh.read_binary_file(&target)?.windows(ENTRY.len()).any(|window| window == ENTRY);
    ensure!(is_target, "{name} has no {}, so OSS-Fuzz does not find it", String::from_utf8_lossy(ENTRY));
    let said = text(cmd!(sh, "{target} -seed=1337 -runs=4"))?;
    ensure!(said.contains("Done 4 runs"), "{name} does not start:\n{said}");
    let edges = edges_of(&said).with_context(|| format!("{name} does not say how many edges it has:\n{said}"))?;
    ensure!(edges >= FEWEST_EDGES, "{name} has {edges} edges only: it is not instrumented as a whole");
    let seeds = context.fresh_folder(&format!("oss-fuzz/seeds-{name}"))?;
    let archive = out.join(format!("{name}_seed_corpus.zip"));
    cmd!(sh, "unzip -q -d {seeds} {archive}").run()?;
    let count = sh.read_dir(&seeds)?.len();
    ensure!(count > 0, "the seed corpus of {name} is empty");
    let options = sh.read_file(out.join(format!("{name}.options")))?;
    let options = options_of(&options).with_context(|| format!("the options of {name} have no [libfuzzer] section"))?;
    let artifacts = context.fresh_folder(&format!("oss-fuzz/artifacts-{name}"))?;
    let fuzz = || cmd!(sh, "{target} -artifact_prefix={artifacts}/").args(&options);
    text(fuzz().arg("-runs=0").arg(&seeds))?;
    // Of these runs the seeds are the first.
    let runs = 1_000 + count;
    text(fuzz().args([format!("-runs={runs}"), "-seed=1".to_owned()]).arg(&seeds))?;
    println!("{name}: {edges} edges, takes {count} seeds, runs 1,000 more inputs");
    Ok(())
}

/// The number in `INFO: Loaded 1 modules   (2763 inline 8-bit counters): …`.
fn edges_of(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.starts_with("INFO: Loaded") && line.contains("counters)"))?;
    line.split_once('(')?.1.split(' ').next()?.parse().ok()
}

/// The options as arguments: `max_len = 4096` is `-max_len=4096`.
fn options_of(text: &str) -> Option<Vec<String>> {
    let (_, section) = text.split_once("[libfuzzer]\n")?;
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let pairs = lines.filter_map(|line| line.split_once('='));
    Some(pairs.map(|(key, value)| format!("-{}={}", key.trim(), value.trim())).collect())
}

#[cfg(test)]
mod tests {
    use super::{edges_of, options_of};

    #[test]
    fn edges_are_read_from_what_libfuzzer_prints() {
        let said = "INFO: Seed: 1\nINFO: Loaded 1 modules   (2763 inline 8-bit counters): 2763 [0x1, 0x2), \n";
        assert_eq!(edges_of(said), Some(2763));
        assert_eq!(edges_of("INFO: Loaded 1 PC tables (2763 PCs): 2763 [0x1,0x2), \n"), None);
    }

    #[test]
    fn options_become_arguments() {
        let text = "[asan]\nx = 1\n[libfuzzer]\nmax_len = 4096\ntimeout=10\n[env]\ny = 2\n";
        assert_eq!(options_of(text).unwrap(), ["-max_len=4096", "-timeout=10"]);
        assert_eq!(options_of("max_len = 1\n"), None);
    }
}
