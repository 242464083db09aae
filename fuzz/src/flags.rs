//! Flags of libFuzzer that a target sets where its user does not: what libFuzzer keeps account of and the targets do not need.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{env, io};

/// They take two thirds of the time.
const FLAGS: [&str; 4] = [
    // With transitions as coverage, how often an edge was taken adds nothing but a third of the time.
    "-use_counters=0",
    // How rare each edge is, and which input could be replaced by a shorter one, takes another third; without it the
    // seeded bugs are found in three quarters of the CPU time.
    "-entropic=0",
    "-reduce_inputs=0",
    // The mutator keeps inputs short by itself.
    "-len_control=0",
];

/// Starts the process again, in place, with each flag that its command line does not have. libFuzzer reads the flags of the
/// process, and what `libfuzzer_sys::fuzz_target!` makes cannot add to them.
pub fn start_with_flags() {
    let mut arguments = env::args_os();
    let program = arguments.next().unwrap_or_default();
    let given: Vec<OsString> = arguments.collect();
    let missing = missing(&given);
    if missing.is_empty() {
        return;
    }
    let failed = match env::current_exe() {
        Ok(path) => Command::new(path).arg0(program).args(missing).args(given).exec(),
        Err(error) => error,
    };
    tell(&failed);
}

/// The target runs without them as well.
fn tell(failed: &io::Error) {
    eprintln!("INFO: the target runs slower than it can: cannot start it with {}: {failed}", FLAGS.join(" "));
}

/// The flags that are not given, with whatever value.
fn missing(given: &[OsString]) -> Vec<&'static str> {
    let is_given = |flag: &&&str| {
        let name = &flag[..=flag.find('=').expect("a flag has a value")];
        given.iter().any(|argument| argument.as_bytes().starts_with(name.as_bytes()))
    };
    FLAGS.iter().filter(|flag| !is_given(flag)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::{FLAGS, missing};

    #[test]
    fn a_flag_that_is_given_keeps_its_value() {
        let given = ["-runs=1", "-entropic=1", "corpus"].map(Into::into);
        assert_eq!(missing(&given), [FLAGS[0], FLAGS[2], FLAGS[3]]);
        assert_eq!(missing(&FLAGS.map(Into::into)), [""; 0], "it starts itself again once");
    }
}
