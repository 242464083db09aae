//! The signals that end the program.

use std::fs;

/// Ctrl-C, SIGTERM and, unless the tests themselves were started with `nohup`, SIGHUP: the program inherits what is ignored.
pub(crate) fn signals() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let is_under_nohup = ignored.is_some_and(|ignored| ignored & 1 == 1);
    if is_under_nohup { vec!["INT", "TERM"] } else { vec!["INT", "TERM", "HUP"] }
}
