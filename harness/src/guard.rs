//! The guard: panics of a subject or of the reference are caught, and their usual message on stderr is kept back.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Puts a hook before the one that prints panics, which keeps those back that a guard catches: they are findings, and are
/// reported as such. For programs that drive subjects; called once, before the first run.
pub fn quiet_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !GUARDED.get() {
            print(panic);
        }
    }));
}

/// Calls a side of a lockstep, or what leads to one; what a panic says, if there is one.
///
/// Everything that may call a reference or a subject goes through here, so that a fault of theirs ends a run and not the
/// program.
///
/// # Errors
/// The message of the panic.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    result.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        text.unwrap_or("a panic without a message").to_string()
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic;

    use super::{guarded, quiet_panics};

    thread_local! {
        /// Panics of this thread that were printed: other tests run beside this one.
        static PRINTED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn what_is_guarded_is_not_printed_and_what_is_not_guarded_is() {
        panic::set_hook(Box::new(|_| PRINTED.set(PRINTED.get() + 1)));
        quiet_panics();
        let panics = || panic::catch_unwind(|| panic!("it is not guarded")).is_err();
        assert!(panics());
        assert_eq!(PRINTED.get(), 1);
        let inner = guarded(|| {
            assert!(guarded(|| panic!("inside")).is_err() && panics());
            panic!("it is guarded")
        });
        assert_eq!((inner, PRINTED.get()), (Err::<(), _>("it is guarded".to_string()), 1));
        assert!(panics(), "behind a guard nothing is kept back");
        assert_eq!(PRINTED.get(), 2);
        let _ = panic::take_hook();
    }

    #[test]
    fn what_a_panic_says_is_the_error_and_what_works_is_the_result() {
        assert_eq!(guarded(|| 3), Ok(3));
        let number = 7;
        assert_eq!(guarded(|| panic!("it is {number}")), Err::<(), _>("it is 7".to_string()));
        assert_eq!(guarded(|| panic!("plain")), Err::<(), _>("plain".to_string()));
        assert_eq!(guarded(|| std::panic::panic_any(3)), Err::<(), _>("a panic without a message".to_string()));
    }
}
