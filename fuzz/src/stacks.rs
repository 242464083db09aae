//! How a target ends on a finding: through a function that is named after the operation and one that is named after the
//! oracle. One shared function would make all findings look alike to crash triage, which compares the frames on top.

use std::hint::black_box;

macro_rules! operation {
    ($name:ident, $exported:literal, $number:literal) => {
        // Exported under its bare name: a common path before it would make all of them look alike again. Where there are
        // notes for debuggers, triage reads the name in them: that must be the same, and must not begin alike.
        #[expect(non_snake_case, reason = "it is called as it is exported")]
        #[unsafe(export_name = $exported)]
        #[inline(never)]
        fn $name(then: fn() -> !) -> ! {
            // Equal bodies would be merged into one.
            black_box($number);
            then()
        }
    };
}

macro_rules! oracle {
    ($name:ident, $exported:literal, $number:literal, $operation:ident, $then:ident, $arms:tt) => {
        #[expect(non_snake_case, reason = "it is called as it is exported")]
        #[unsafe(export_name = $exported)]
        #[inline(never)]
        fn $name($operation: &str, $then: fn() -> !) -> ! {
            black_box($number);
            match $operation $arms
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/stacks.rs"));
