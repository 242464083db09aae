//! When a neighbour is the operation itself on less, and when it names the same place.

use stalemap_operations::{Program, Trace};

use super::{is_at_the_place_of, is_part};

fn program(operations: &str) -> Program {
    let text = format!("machine ram=4 device=2 spaces=2 pages=8\n{operations}\n");
    Trace::parse(&text).unwrap_or_else(|error| panic!("{operations}: {error}")).program()
}

#[test]
fn a_part_is_the_same_operation_on_fewer_of_the_pages() {
    for (part, whole, expected) in [
        ("unmap s0 v2+1", "unmap s0 v2+3", true),
        ("unmap s0 v3+2", "unmap s0 v2+3", true),
        ("unmap s0 v4+1", "unmap s0 v2+3", true),
        ("unmap s0 v0+1", "unmap s0 v0+2", true),
        ("unmap s0 v2+3", "unmap s0 v2+3", false),
        ("unmap s0 v1+1", "unmap s0 v2+3", false),
        ("unmap s0 v1+2", "unmap s0 v2+3", false),
        ("unmap s0 v4+2", "unmap s0 v2+3", false),
        ("unmap s0 v5+1", "unmap s0 v2+3", false),
        ("unmap s0 v2+4", "unmap s0 v2+3", false),
        ("unmap s0 v1+5", "unmap s0 v2+3", false),
        ("unmap s0 v3+1", "unmap s0 v3+2", true),
        ("unmap s1 v2+1", "unmap s0 v2+3", false),
        ("discard s0 v2+1", "unmap s0 v2+3", false),
        ("protect s0 v2+1 r", "protect s0 v2+3 r", true),
        ("protect s0 v2+1 rw", "protect s0 v2+3 r", false),
        ("move s0 v2+1 v6", "move s0 v2+2 v4", true),
        ("move s0 v1+1 v6", "move s0 v2+2 v4", false),
        ("migrate s0 v2+1 to d0", "migrate s0 v2+2 to d0", true),
        ("migrate s0 v2+1 from d0", "migrate s0 v2+2 to d0", false),
        ("read s0 v2", "read s0 v3", false),
        ("free b0", "free b1", false),
    ] {
        let [one, other] = [part, whole].map(|text| program(text).operations[0]);
        assert_eq!(is_part(&one, &other), expected, "`{part}` of `{whole}`");
    }
}

#[test]
fn two_programs_are_at_one_place_where_their_last_operations_name_it_first() {
    for (one, other, expected) in [
        ("read s0 v1", "write s0 v1 #1", true),
        ("map s0 v1 rw\nread s0 v1", "unmap s0 v1+3", true),
        ("read s0 v1", "read s0 v2", false),
        ("read s0 v1", "read s1 v1", false),
        ("read s0 v1", "read s0 v1\nfree b0", false),
        ("free b0", "free b0", false),
        ("free b0", "free b1", false),
    ] {
        assert_eq!(is_at_the_place_of(&program(one), &program(other)), expected, "{one} and {other}");
    }
}
