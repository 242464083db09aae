//! One aborting function for each pair of oracle and operation: a shared one would make all finds look alike on the stack.

use std::hint::black_box;

macro_rules! stack {
    ($name:ident, $number:literal) => {
        // Exported under its bare name: a common path before it would make all of them look alike again.
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name() -> ! {
            // Equal bodies would be merged into one.
            black_box($number);
            std::process::abort()
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/stacks.rs"));
