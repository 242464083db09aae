//! What stands above the table: when, where and how it was made.

/// Date, machine and command.
pub(crate) fn text(wanted: &[String]) -> String {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
    let ids = wanted.iter().map(|id| format!(" {id}")).collect::<String>();
    let command = if wanted.is_empty() { String::new() } else { format!(" --{ids}") };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{date} · {} · {processors} processors · `cargo run --release -p stalemap-bench{command}`\n",
        processor().unwrap_or_else(|| "unknown processor".to_string()),
    )
}

/// The model of the processor, where the system tells it as Linux does.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'))?;
    Some(model.1.trim().to_string())
}
