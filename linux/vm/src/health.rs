//! Whether a kernel is well after a program.

/// What the kernel reports of its own health after a program.
pub(crate) fn health(end: &stalemap_guest::End) -> Result<(), String> {
    if let Some(line) = end.log.lines().next() {
        return Err(format!("the kernel logs: {line}"));
    }
    if end.tainted != 0 {
        return Err(format!("the kernel is tainted: {:#x}", end.tainted));
    }
    match end.leaked {
        [0, 0, 0] => Ok(()),
        [ram, first, second] => Err(format!(
            "frames of RAM, d0 and d1 that no owner has and that are not free: {ram}, {first} and {second}"
        )),
    }
}
