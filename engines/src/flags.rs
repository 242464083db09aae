//! Flags of libFuzzer that a target sets where its user does not: what libFuzzer keeps account of and the targets do not need.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{env, io};

/// For any target with a mutator of operations.
pub const OF_OPERATIONS: &[&str] = &[
    // How rare each edge is, and which input could be replaced by a shorter one, takes a third of the time; without it the
    // seeded bugs are found in three quarters of the CPU time.
    "-entropic=0",
    "-reduce_inputs=0",
    // The mutator keeps inputs short by itself.
    "-len_control=0",
];

/// For a target that shows transitions as coverage: how often an edge was taken adds nothing but a third of the time.
pub const OF_TRANSITIONS: &[&str] = &["-use_counters=0", "-entropic=0", "-reduce_inputs=0", "-len_control=0"];

/// Starts the process again, in place, with each of these flags that its command line does not have. libFuzzer reads the flags
/// of the process, and what `libfuzzer_sys::fuzz_target!` makes cannot add to them. Returns where none is missing, or where
/// the process cannot be started again, which is told on stderr: a target runs without them as well.
pub fn start_with(flags: &[&str]) {
    let mut arguments = env::args_os();
    let program = arguments.next().unwrap_or_default();
    let given: Vec<OsString> = arguments.collect();
    let missing = missing(flags, &given);
    if missing.is_empty() {
        return;
    }
    let failed = match env::current_exe() {
        Ok(path) => Command::new(path).arg0(program).args(missing).args(given).exec(),
        Err(error) => error,
    };
    let flags = flags.join(" ");
    // Nothing is lost where stderr is closed.
    let _ = writeln!(io::stderr(), "INFO: the target runs slower than it can: cannot start it with {flags}: {failed}");
}

/// The flags that are not given, with whatever value.
fn missing<'a>(flags: &[&'a str], given: &[OsString]) -> Vec<&'a str> {
    let is_given = |flag: &&&str| {
        let name = &flag[..=flag.find('=').expect("a flag has a value")];
        given.iter().any(|argument| argument.as_bytes().starts_with(name.as_bytes()))
    };
    flags.iter().filter(|flag| !is_given(flag)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::{OF_TRANSITIONS, missing};

    #[test]
    fn a_flag_that_is_given_keeps_its_value() {
        let given = ["-runs=1", "-entropic=1", "corpus"].map(Into::into);
        assert_eq!(missing(OF_TRANSITIONS, &given), ["-use_counters=0", "-reduce_inputs=0", "-len_control=0"]);
        let all: Vec<_> = OF_TRANSITIONS.iter().map(Into::into).collect();
        assert_eq!(missing(OF_TRANSITIONS, &all), [""; 0], "it starts itself again once");
    }
}
