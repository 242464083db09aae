//! The judge is judged: subjects that lie about one thing, and what the driver says of them.

mod capabilities;
mod driver;
mod framed;
mod huge;
mod liar;
mod lies;
mod names;
mod rows;

use stalemap_operations::Trace;

/// A program on the default machine, its operations parted by semicolons; or one that names its machine itself.
pub(crate) fn trace(text: &str) -> Trace {
    let machine = if text.starts_with("machine") { "" } else { "machine ram=8 device=4,4 spaces=3 pages=8; " };
    let text = format!("{machine}{text}").replace("; ", "\n");
    Trace::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Does something in which subjects panic, without printing their panics.
pub(crate) fn without_noise<T>(act: impl FnOnce() -> T) -> T {
    static QUIET: std::sync::Once = std::sync::Once::new();
    QUIET.call_once(stalemap_harness::quiet_panics);
    act()
}
