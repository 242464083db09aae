//! How a worker ended, in words that group findings.

use std::process::ExitStatus;

use std::os::unix::process::ExitStatusExt;

use rustix::process::Signal;

/// What a process writes to its standard error when something finds a fault in it, as the start of the words that tell it.
const SIGNS: [&str; 7] = [
    "ERROR: AddressSanitizer:",
    "ERROR: LeakSanitizer:",
    "WARNING: MemorySanitizer:",
    "WARNING: ThreadSanitizer:",
    "runtime error:",
    "Assertion ",
    "has overflowed its stack",
];

/// Words for a process that ended in the middle of a program, from its status and the end of its standard error. What tells
/// most comes first: findings are grouped by the first words.
pub(crate) fn words(status: Option<ExitStatus>, errors: &str) -> String {
    let end = match status.map(|status| (status.signal(), status.code())) {
        Some((Some(number), _)) => format!("{} ended the process of the subject", name(number)),
        Some((None, Some(code))) => format!("exit code {code} of the process of the subject"),
        Some((None, None)) | None => "the process of the subject ended".to_string(),
    };
    match errors.lines().find_map(sign) {
        Some(sign) => format!("{sign}: {end}"),
        None => end,
    }
}

/// What a line tells, without addresses and numbers of processes.
fn sign(line: &str) -> Option<String> {
    let at = SIGNS.iter().find_map(|sign| line.find(sign))?;
    let told = line[at..].split(" on address ").next().unwrap_or_default().split(" (pc ").next().unwrap_or_default();
    let told = told.trim_start_matches("ERROR: ").trim_start_matches("WARNING: ");
    Some(told.split(" on unknown address ").next().unwrap_or_default().trim().to_string())
}

fn name(number: i32) -> String {
    let names = [
        (Signal::SEGV, "SIGSEGV"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::ILL, "SIGILL"),
        (Signal::FPE, "SIGFPE"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::KILL, "SIGKILL"),
        (Signal::TERM, "SIGTERM"),
        (Signal::SYS, "SIGSYS"),
    ];
    let known = names.into_iter().find(|(signal, _)| signal.as_raw() == number);
    known.map_or_else(|| format!("signal {number}"), |(_, name)| name.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::words;

    #[test]
    fn a_death_is_told_without_what_differs_from_run_to_run() {
        let rows = [
            (
                ExitStatus::from_raw(6),
                "==17==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010 at pc 0x1\n  #0 0x1 in f",
                "AddressSanitizer: heap-use-after-free: SIGABRT ended the process of the subject",
            ),
            (
                ExitStatus::from_raw(1 << 8),
                "mine.c:7:3: runtime error: index 9 out of bounds for type 'int[4]'",
                "runtime error: index 9 out of bounds for type 'int[4]': exit code 1 of the process of the subject",
            ),
            (ExitStatus::from_raw(11), "", "SIGSEGV ended the process of the subject"),
            (ExitStatus::from_raw(40), "noise", "signal 40 ended the process of the subject"),
        ];
        for (status, errors, expected) in rows {
            assert_eq!(words(Some(status), errors), expected);
        }
    }
}
