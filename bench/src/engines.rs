//! Rows F1: the lockstep inside the engines that keep a corpus, as `stalemap fuzz --engine` runs them, and its mutator.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use stalemap_harness::{Compare, Driver, Generator, Mutator, Settings};
use stalemap_implementation::Implementation;
use stalemap_operations::{Machine, Program, record};

use crate::clock::{median, seconds};
use crate::table::{Row, Verdict, figure};

/// Operations a processor second inside libFuzzer.
const LEAST_OPERATIONS: f64 = 2e6;
/// The lockstep's share of the executions that AFL++ makes of a target that does nothing.
const LEAST_SHARE: f64 = 0.6;

/// How long libFuzzer runs, in seconds.
const LIBFUZZER: u64 = 20;
/// How long AFL++ runs each time, and how often on either side.
const AFL: u64 = 30;
const AFL_ROUNDS: usize = 3;

pub(crate) fn rows() -> Vec<Row> {
    vec![libfuzzer(), afl(), mutator()]
}

/// What the program prints of a campaign from an empty corpus, in one process.
fn campaign(engine: &str, seconds: u64, more: &[&str]) -> Result<Value, String> {
    let finds = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the room is in the workspace");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args(["run", "--quiet", "--release", "-p", "stalemap-cli", "--", "fuzz", "--engine", engine])
        .args(["--seconds", &seconds.to_string(), "--jobs", "1", "--seed", "1", "--from-nothing", "--format", "json"])
        .args(more)
        .arg("--out")
        .arg(finds.path())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(format!("skipped: {last}; `stalemap doctor` says what {engine} needs"));
    }
    let all: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("skipped: {error}"))?;
    Ok(all["summary"].clone())
}

/// A number of a campaign's summary.
fn number(summary: &Value, name: &str) -> Result<f64, String> {
    summary[name].as_f64().ok_or_else(|| format!("skipped: the campaign says no {name} on this system"))
}

/// Operations a processor second of libFuzzer's own process, its mutations and its corpus included.
fn libfuzzer() -> Row {
    const WHAT: &str = "operations a CPU second inside libFuzzer, target lockstep";
    eprintln!("  libFuzzer for {LIBFUZZER} s (brought and built first where it is missing) …");
    let rate = campaign("libfuzzer", LIBFUZZER, &[])
        .and_then(|summary| Ok(number(&summary, "engine_operations")? / number(&summary, "engine_cpu_seconds")?));
    match rate {
        Err(why) => Row::skipped("F1", WHAT.to_string(), &why),
        Ok(rate) => Row {
            id: "F1",
            what: WHAT.to_string(),
            ours: format!("{} M", figure(rate / 1e6)),
            peer: String::new(),
            ratio: String::new(),
            goal: format!("≥ {} M", LEAST_OPERATIONS / 1e6),
            verdict: Verdict::of(rate >= LEAST_OPERATIONS),
        },
    }
}

/// Executions a processor second of AFL++ in persistent mode, beside a target that does nothing.
fn afl() -> Row {
    const WHAT: &str = "executions a CPU second of AFL++, lockstep / a target that does nothing";
    match afl_rates() {
        Err(why) => Row::skipped("F1", WHAT.to_string(), &why),
        Ok([ours, empty, ratio, cpu]) => Row {
            id: "F1",
            // A corpus grows fast at first, and a busy machine gives AFL++ little of its time.
            what: format!("{WHAT}, in {cpu:.0} CPU s"),
            ours: figure(ours),
            peer: figure(empty),
            ratio: figure(ratio),
            goal: format!("≥ {LEAST_SHARE}"),
            verdict: Verdict::of(ratio >= LEAST_SHARE),
        },
    }
}

/// The medians of both, of their ratios within a round, and of the lockstep's processor seconds. Processor time of AFL++
/// and of the target, the kernel's for the way between the two included, which is most of it.
fn afl_rates() -> Result<[f64; 4], String> {
    let rate = |more: &[&str]| {
        let summary = campaign("afl", AFL, more)?;
        let cpu = number(&summary, "engine_cpu_seconds")?;
        Ok::<(f64, f64), String>((number(&summary, "executions")? / cpu, cpu))
    };
    let mut rounds = [const { Vec::new() }; 4];
    for round in 1..=AFL_ROUNDS {
        eprintln!("  AFL++ for {AFL} s on either side, round {round} of {AFL_ROUNDS} …");
        let ((ours, cpu), (empty, _)) = (rate(&[])?, rate(&["--empty"])?);
        for (figures, figure) in rounds.iter_mut().zip([ours, empty, ours / empty, cpu]) {
            figures.push(figure);
        }
    }
    Ok(rounds.map(median))
}

/// Inputs in a round of timing.
const INPUTS: u64 = 2_000;

/// An input mutated, beside what results executed as the target executes it.
fn mutator() -> Row {
    let settings = Settings { largest: Some(Machine::LARGEST_IN_BYTES), ..Settings::default() };
    let mut generator = Generator::new(settings.clone());
    let mut program = Program::default();
    let mut inputs: Vec<Vec<u8>> = (0..INPUTS)
        .map(|index| {
            generator.execution(1, index, &mut program);
            let mut bytes = Vec::new();
            assert!(program.write_bytes(&mut bytes), "small machines have bytes");
            bytes
        })
        .collect();
    let mut mutator = Mutator::new(settings.clone());
    let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
    let most = record::RECORD * (1 + settings.operations);
    let mut seed = 0;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let mutating = seconds(|| {
            for input in &mut inputs {
                seed += 1;
                let mutated = mutator.mutate(input, most, seed);
                input.clear();
                input.extend_from_slice(mutated);
            }
        });
        let executing = seconds(|| {
            for input in &inputs {
                program.read_bytes(input);
                driver.clear_met();
                let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
                assert!(run.divergence.is_none(), "the two agree");
            }
        });
        times[0].push(mutating / INPUTS as f64);
        times[1].push(executing / INPUTS as f64);
    }
    let [mutating, executing] = times.map(median);
    Row::at_most("F1", "an input mutated / executed, ns".to_string(), mutating * 1e9, executing * 1e9, Some(1.0))
}

/// Rounds of timing; each mutates what the last one left.
const ROUNDS: usize = 15;
