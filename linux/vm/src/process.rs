//! Processes in which kernels run: the folders that they share with this one, and their use of the processor.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// How the folders of running kernels are named; behind it stands the process that made the folder.
const FOLDER: &str = "stalemap-linux-";

/// A folder that goes with its kernel.
pub(crate) fn private_folder() -> io::Result<TempDir> {
    private_folder_below(&std::env::temp_dir())
}

/// A folder that goes with its kernel, in memory where the system has a place for such files.
pub(crate) fn private_folder_in_memory() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { private_folder_below(memory) } else { private_folder() }
}

/// Those that killed processes have left behind go first.
fn private_folder_below(folder: &Path) -> io::Result<TempDir> {
    sweep(folder);
    tempfile::Builder::new().prefix(&format!("{FOLDER}{}-", std::process::id())).tempdir_in(folder)
}

/// Removes the folders of processes that are gone. What cannot be removed belongs to another user.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(FOLDER).and_then(|rest| rest.split('-').next());
        let is_gone = |process: &str| {
            process.parse::<u32>().is_ok()
                && Path::new("/proc/self").exists()
                && !Path::new("/proc").join(process).exists()
        };
        if process.is_some_and(is_gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A program, ended by the system when this process is, where there is another program that arranges it.
pub(crate) fn command_that_ends_with_us(program: &OsStr) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if setpriv.exists() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "KILL"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Processor time that a process has used so far; zero where it cannot be known.
pub(crate) fn processor_time_of(process: u32) -> Duration {
    processor_time(&fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default())
}

/// Whether a process waits for something: it neither runs nor would run if a processor were free.
pub(crate) fn is_asleep(process: u32) -> bool {
    state(&fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default()) == Some("S")
}

/// The letter for the state of a process, from `/proc/PID/stat`.
fn state(stat: &str) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_whitespace().next()
}

/// User and system time of a process, from `/proc/PID/stat`; a tick is a hundredth of a second.
fn processor_time(stat: &str) -> Duration {
    // The name, in brackets, may hold spaces.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{processor_time, state};

    #[test]
    fn folders_of_processes_that_are_gone_are_swept_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let mine = format!("stalemap-linux-{}-a", std::process::id());
        // A process's number is at most 2^22.
        for name in [mine.as_str(), "stalemap-linux-4294967295-b", "stalemap-linux-x-c", "other-4294967295-d"] {
            std::fs::create_dir(folder.path().join(name)).expect("a new folder");
        }
        super::sweep(folder.path());
        let left = ["stalemap-linux-4294967295-b", &mine, "stalemap-linux-x-c", "other-4294967295-d"];
        assert_eq!(left.map(|name| folder.path().join(name).exists()), [false, true, true, true]);
    }

    #[test]
    fn the_state_of_a_process_stands_behind_its_name() {
        assert_eq!(state("7 (qemu (R) y) S 1 7"), Some("S"));
        assert_eq!(state("7 (x) R 1 7"), Some("R"));
        assert_eq!(state(""), None);
    }

    #[test]
    fn processor_time_is_user_and_system_time() {
        let stat = "7 (qemu (x) y) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 4 0 100 1 1";
        assert_eq!(processor_time(stat), Duration::from_secs(2));
        assert_eq!(processor_time(""), Duration::ZERO);
    }
}
