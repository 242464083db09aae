//! CPU time of a group of processes, as Linux tells it in `/proc` (proc_pid_stat(5)).

use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::process::Pid;

/// Whether this system tells it.
#[cfg_attr(not(feature = "seeded-bugs"), expect(dead_code, reason = "only a measurement asks"))]
pub(crate) fn is_told() -> bool {
    fs::exists("/proc/self/stat").unwrap_or(false)
}

/// What the processes of the group have used, and those whose end they waited for; nothing where it is not told.
pub(super) fn of_group(group: Pid) -> Duration {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_process = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let processes = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_process));
    let stats = processes.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let ticks: u64 = stats.filter_map(|stat| ticks(&stat, group.as_raw_nonzero().get())).sum();
    Duration::from_secs(ticks) / u32::try_from(clock_ticks_per_second()).unwrap_or(100)
}

/// The clock ticks in a line of `/proc/PID/stat`, if the process is of this group.
fn ticks(stat: &str, group: i32) -> Option<u64> {
    // The name of the program stands in brackets and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // User and system time, then those of children that were waited for.
    let times = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().unwrap_or(0));
    (fields.get(2)?.parse() == Ok(group)).then(|| times.sum())
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn the_four_times_of_a_process_of_the_group_are_added() {
        let stat = "4242 (a (b) c) S 1 4200 4200 0 -1 4194304 1 0 0 0 10 20 300 4000 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat, 4200), Some(4330));
        assert_eq!(ticks(stat, 4242), None);
        assert_eq!(ticks("4242 (short) S 1 4200", 4200), None);
    }
}
