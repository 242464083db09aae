//! Prints the stack with which a target ends, for each pair of oracle and operation: what `ci/crash_buckets.py` reads.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::panic;

use stalemap_fuzz::stacks::{OPERATIONS, end_on_the_stack_of};
use stalemap_harness::ORACLE_NAMES;

thread_local! {
    static STACK: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Stands where a target aborts.
#[inline(never)]
fn capture() -> ! {
    STACK.replace(Backtrace::force_capture().to_string());
    panic::resume_unwind(Box::new(()))
}

fn main() {
    for oracle in ORACLE_NAMES {
        for operation in OPERATIONS {
            let ended = panic::catch_unwind(|| end_on_the_stack_of(oracle, operation, capture));
            assert!(ended.is_err(), "it went on");
            println!("ASSERTION FAILED: {oracle} {operation}\n{}", STACK.take());
        }
    }
}
