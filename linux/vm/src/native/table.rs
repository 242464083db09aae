//! The table of operations as the agent in the kernel has it: a generated header.

use std::fmt::Write as _;

use stalemap_operations::{Errno, Kind, TABLE};

use crate::support::{Support, support};
use crate::way::Way;

/// Whether the agent has a function for operations of this kind, be it on machines with huge pages alone.
fn is_done(kind: Kind) -> bool {
    Way::Agent.can(kind) || support(kind) == Support::HugePages
}

/// The text of `stalemap_table.h`: a row for each operation that a kernel can do, and the errnos in the order of their
/// classes.
pub(super) fn table_header() -> String {
    let mut text = String::from("/* Made from Stalemap's table of operations. */\n\n#define STALEMAP_TABLE(row)");
    for row in TABLE.iter().filter(|row| is_done(row.kind)) {
        write!(text, " \\\n\trow({}, {})", row.number, row.word).expect("a string takes everything");
    }
    let errnos = Errno::ALL.map(Errno::name).join(", ");
    write!(text, "\n\n#define STALEMAP_ERRNOS {errnos}\n").expect("a string takes everything");
    text
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Errno, Outcome};

    use super::{TABLE, is_done, table_header};

    const PERFORM: &str = include_str!("../../native/perform.h");
    const HUGE: &str = include_str!("../../native/huge_operations.h");

    #[test]
    fn the_agent_has_a_function_for_each_operation_of_the_table_and_no_other() {
        for row in &TABLE {
            let is_there =
                [PERFORM, HUGE].concat().contains(&format!("static long op_{}(struct stalemap_world *world", row.word));
            let expected = is_done(row.kind);
            assert_eq!(is_there, expected, "op_{} in linux/vm/native/perform.h", row.word);
            assert_eq!(table_header().contains(&format!("row({}, {})", row.number, row.word)), expected);
        }
    }

    #[test]
    fn the_position_of_an_errno_is_its_class_less_one() {
        let header = table_header();
        let (_, list) = header.split_once("STALEMAP_ERRNOS ").expect("the list is there");
        for (index, name) in list.trim().split(", ").enumerate() {
            assert_eq!(Errno::ALL[index].name(), name);
            assert_eq!(Outcome::Refused(Errno::ALL[index]).class(), index + 1);
        }
    }
}
