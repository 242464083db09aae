//! Row K1: real Linux as a native process, beside the same kernel in a virtual machine.

use crate::campaign::{build, campaign};
use crate::clock::median;
use crate::table::{Row, Verdict, figure};

/// Programs a processor second of campaign and kernel together.
const LEAST: f64 = 30e3;
/// How often each is measured.
const ROUNDS: u64 = 3;
/// The kernel, and how many programs it gets: the start of a kernel is a part of the time.
const NATIVE: (&str, u32) = ("linux-6.12-native", 60_000);
const VIRTUAL: (&str, u32) = ("linux-6.12", 3_000);

pub(crate) fn rows() -> Vec<Row> {
    let what =
        "random programs of 8 operations on Linux 6.12 a CPU second of campaign and kernel, native, virtual machine";
    vec![match rate(NATIVE) {
        Err(why) => Row::skipped("K1", what.to_string(), &why),
        Ok(native) => {
            let machine = rate(VIRTUAL).ok();
            Row {
                id: "K1",
                what: what.to_string(),
                ours: figure(native),
                peer: machine.map_or("not built".to_string(), figure),
                ratio: machine.map_or(String::new(), |machine| format!("{} ×", figure(native / machine))),
                goal: "≥ 30,000".to_string(),
                verdict: Verdict::of(native >= LEAST),
            }
        }
    }]
}

/// The median of programs a processor second.
fn rate((subject, runs): (&str, u32)) -> Result<f64, String> {
    let program = build()?;
    let words = ["--subject", subject, "--ops", "8", "--runs"].map(str::to_string);
    let words = [words.as_slice(), &[runs.to_string()]].concat();
    let rate = |seed| campaign(&program, &words, seed).map(|it| it.executions / it.seconds);
    let rates: Result<Vec<f64>, String> = (1..=ROUNDS).map(rate).collect();
    Ok(median(rates?))
}
