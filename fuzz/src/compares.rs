//! Compared values, of which targets with a mutator of operations make no use: what libFuzzer is told of them goes nowhere.
//!
//! libFuzzer notes both sides of each comparison for its own mutator, which takes half of the time. `cargo fuzz` asks the
//! compiler for the calls unless it is given `--no-trace-compares`. The build script has the linker lead them here (`--wrap`).

use std::arch::naked_asm;

macro_rules! goes_nowhere {
    ($($name:ident)*) => {
        $(
            // Naked, since the compiler would count its one edge at each of the calls. The instruction has the same name on
            // both architectures that `fuzz/build.rs` does this for.
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            extern "C" fn $name() {
                naked_asm!("ret")
            }
        )*
    };
}

goes_nowhere! {
    __wrap___sanitizer_cov_trace_cmp1
    __wrap___sanitizer_cov_trace_cmp2
    __wrap___sanitizer_cov_trace_cmp4
    __wrap___sanitizer_cov_trace_cmp8
    __wrap___sanitizer_cov_trace_const_cmp1
    __wrap___sanitizer_cov_trace_const_cmp2
    __wrap___sanitizer_cov_trace_const_cmp4
    __wrap___sanitizer_cov_trace_const_cmp8
    __wrap___sanitizer_cov_trace_switch
}
