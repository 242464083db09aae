//! The signals that end the program, and what `/proc` says of a process.

use std::fs;

/// Ctrl-C, SIGTERM and, unless the tests themselves were started with `nohup`, SIGHUP: the program inherits what is ignored.
pub(crate) fn signals() -> Vec<&'static str> {
    let is_under_nohup = number(std::process::id(), "SigIgn:", 16).is_some_and(|ignored| ignored & 1 == 1);
    if is_under_nohup { vec!["INT", "TERM"] } else { vec!["INT", "TERM", "HUP"] }
}

/// A number that `/proc` has of a process.
pub(crate) fn number(process: u32, name: &str, radix: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(line.split_whitespace().next()?, radix).ok()
}
