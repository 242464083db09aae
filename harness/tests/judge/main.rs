//! The judge is judged: subjects that lie about one thing, and what the driver says of them.

mod driver;
mod liar;
mod lies;
mod names;
mod rows;

use std::panic;

use stalemap_operations::Trace;

/// A program on the default machine, its operations parted by semicolons; or one that names its machine itself.
pub(crate) fn trace(text: &str) -> Trace {
    let machine = if text.starts_with("machine") { "" } else { "machine ram=8 device=4,4 spaces=3 pages=8; " };
    let text = format!("{machine}{text}").replace("; ", "\n");
    Trace::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Does something in which subjects panic, without printing their panics.
///
/// The hook is that of the process: the tests that need it run one after the other.
pub(crate) fn without_noise<T>(act: impl FnOnce() -> T) -> T {
    use std::sync::{Mutex, PoisonError};
    static HOOK: Mutex<()> = Mutex::new(());
    let _guard = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let print = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or_default();
        if !text.starts_with("the liar panics") {
            eprintln!("{info}");
        }
    }));
    let result = act();
    panic::set_hook(print);
    result
}
