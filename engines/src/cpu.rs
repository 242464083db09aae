//! CPU time and sessions of processes, as Linux shows them in `/proc` (proc_pid_stat(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::process::Pid;

/// Whether this system shows them.
#[must_use]
pub(crate) fn is_told() -> bool {
    fs::exists("/proc/self/stat").unwrap_or(false)
}

/// What the table of processes says of one.
struct Entry {
    parent: i32,
    group: i32,
    session: i32,
    /// Its own time, and that of the children whose end it has waited for.
    ticks: u64,
}

/// What the processes of the group have used, and those whose end they waited for; zero where the system shows none.
pub(crate) fn of_group(group: Pid) -> Duration {
    let group = group.as_raw_nonzero().get();
    let ticks: u64 = table().values().filter(|entry| entry.group == group).map(|entry| entry.ticks).sum();
    Duration::from_secs(ticks) / u32::try_from(clock_ticks_per_second()).unwrap_or(100)
}

/// Seconds that a process, those below it in whichever group, and those whose end any of them has waited for have used;
/// `None` where the system does not show it.
pub(crate) fn seconds_of_tree(root: Pid) -> Option<f64> {
    let (root, table) = (root.as_raw_nonzero().get(), table());
    table.get(&root)?;
    let ticks: u64 = below(root, &table).map(|(_, entry)| entry.ticks).sum();
    Some(ticks as f64 / clock_ticks_per_second() as f64)
}

/// The sessions that processes below this one have begun, each by its number. A process can leave its group and its
/// parent can end, but what it starts afterwards stays in its session.
pub(crate) fn sessions_below(root: Pid) -> BTreeSet<i32> {
    let table = table();
    below(root.as_raw_nonzero().get(), &table)
        .filter(|(process, entry)| **process == entry.session)
        .map(|(process, _)| *process)
        .collect()
}

/// The processes in these sessions.
pub(crate) fn in_sessions(sessions: &BTreeSet<i32>) -> Vec<Pid> {
    let table = if sessions.is_empty() { BTreeMap::new() } else { table() };
    let is_in = |(process, entry): (i32, Entry)| sessions.contains(&entry.session).then_some(process);
    table.into_iter().filter_map(is_in).filter_map(Pid::from_raw).collect()
}

/// The processes of the tree below the root, and the root.
fn below(root: i32, table: &BTreeMap<i32, Entry>) -> impl Iterator<Item = (&i32, &Entry)> {
    table.iter().filter(move |(process, _)| is_below(**process, root, table))
}

/// All processes by their numbers; none where the system has no such table.
fn table() -> BTreeMap<i32, Entry> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        Some((process, Entry::parse(&fs::read_to_string(entry.path().join("stat")).ok()?)?))
    };
    entries.filter_map(read).collect()
}

/// Whether it is the root or was started below it.
fn is_below(process: i32, root: i32, table: &BTreeMap<i32, Entry>) -> bool {
    let mut at = process;
    // The table was not read in one moment: it may have a circle.
    for _ in 0..table.len() {
        if at == root {
            return true;
        }
        match table.get(&at) {
            Some(entry) => at = entry.parent,
            None => return false,
        }
    }
    false
}

impl Entry {
    /// Reads a line of `/proc/PID/stat`.
    fn parse(stat: &str) -> Option<Entry> {
        // The name of the program stands in brackets and may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // User and system time, then those of children that were waited for.
        let times = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().unwrap_or(0));
        let number = |field: usize| fields.get(field)?.parse().ok();
        Some(Entry { parent: number(1)?, group: number(2)?, session: number(3)?, ticks: times.sum() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Entry, is_below};

    #[test]
    fn a_line_tells_parent_group_and_the_sum_of_four_times() {
        let stat = "4242 (a (b) c) S 1 4200 4100 0 -1 4194304 1 0 0 0 10 20 300 4000 20 0 1 0 5 6 7";
        let entry = Entry::parse(stat).expect("a line");
        assert_eq!((entry.parent, entry.group, entry.session, entry.ticks), (1, 4200, 4100, 4330));
        assert!(Entry::parse("4242 (short) S 1 4200").is_none());
    }

    #[test]
    fn those_below_are_found_through_any_number_of_parents() {
        let entry = |parent| Entry { parent, group: 1, session: 1, ticks: 0 };
        // 8 and 9 are each other's parents, as in a table that changed while it was read.
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (8, 9), (9, 8)];
        let table: BTreeMap<i32, Entry> = parents.map(|(process, parent)| (process, entry(parent))).into();
        let below: Vec<i32> = table.keys().copied().filter(|&process| is_below(process, 2, &table)).collect();
        assert_eq!(below, [2, 3, 4]);
    }
}
