//! What a kernel printed: the line that says why it stopped, and its report of a bug.

/// The line of a console that tells most about why the kernel stopped: the first that names a bug, else the last.
#[must_use]
pub fn last_words(console: &str) -> String {
    const TELLING: [&str; 8] =
        ["BUG:", "kernel BUG", "Oops", "WARNING:", "general protection", "stalemap: ", "Kernel panic", "Bad "];
    let lines = || console.lines().map(without_time).filter(|line| !line.is_empty());
    let telling = TELLING.iter().find_map(|word| lines().find(|line| line.contains(word)));
    telling.or_else(|| lines().next_back()).unwrap_or("the kernel stopped without a word").to_string()
}

/// What a kernel reports of its own bug: from the line that names it on, without registers, doubtful frames, and all that
/// stands behind the trace of calls.
#[must_use]
pub fn bug_report(console: &str) -> String {
    const REGISTERS: [&str; 13] =
        ["RAX:", "RDX:", "RBP:", "RSP:", "R10:", "R13:", "FS:", "CS:", "CR2:", "DR0:", "DR3:", "PKRU:", "Code:"];
    const ENDS: [&str; 3] = ["Kernel panic", "The buggy address belongs to the physical page", "---[ end trace"];
    let lines: Vec<&str> = console.lines().map(without_time).collect();
    let telling = last_words(console);
    let Some(first) = lines.iter().position(|line| *line == telling) else { return String::new() };
    let ends = |line: &&&str| ENDS.iter().any(|it| line.starts_with(it));
    let is_noise = |line: &str| {
        line.is_empty()
            || line.starts_with("? ")
            || line.ends_with("TASK>")
            || REGISTERS.iter().any(|it| line.starts_with(it))
    };
    let rest = lines[first + 1..].iter().take_while(|line| !ends(line)).filter(|line| !is_noise(line));
    [&lines[first]].into_iter().chain(rest).copied().collect::<Vec<&str>>().join("\n")
}

/// A console line without the time before it.
fn without_time(line: &str) -> &str {
    match line.split_once("] ") {
        Some((time, rest)) if time.starts_with('[') => rest.trim(),
        Some(_) | None => line.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::last_words;

    #[test]
    fn the_line_that_tells_of_the_bug_is_chosen() {
        let console = "[    0.1] hello\n[    1.0] BUG: kernel NULL pointer dereference, address: 0\n\
                       [    1.1] RIP: 0010:f\n[    1.2] Kernel panic - not syncing: Fatal exception\n";
        assert_eq!(last_words(console), "BUG: kernel NULL pointer dereference, address: 0");
        assert_eq!(last_words("[ 1.0] one\n[ 2.0] Kernel panic - x\n"), "Kernel panic - x");
        assert_eq!(last_words("[ 1.0] one\n[ 2.0] two\n\n"), "two");
        assert_eq!(last_words(""), "the kernel stopped without a word");
    }

    #[test]
    fn a_report_goes_from_the_bug_to_the_panic_without_registers() {
        let console = "[ 0.1] hello\n[ 1.0] BUG: KASAN: slab-use-after-free in f+0x1/0x2\n[ 1.1] RAX: 00 RBX: 00\n\
                       [ 1.2] Call Trace:\n[ 1.3]  ? g+0x1/0x2\n[ 1.4]  h+0x1/0x2\n[ 1.5] Kernel panic - not syncing\n\
                       [ 1.6] ---[ end Kernel panic - not syncing ]---\n";
        let expected = "BUG: KASAN: slab-use-after-free in f+0x1/0x2\nCall Trace:\nh+0x1/0x2";
        assert_eq!(super::bug_report(console), expected);
        assert_eq!(super::bug_report(""), "");
    }
}
