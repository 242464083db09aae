//! What of an operation tells frames from each other.

use stalemap_operations::{Field, Kind, Machine, Operation};

/// What is known of the operation of a step, by which frames are told from each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The place that it names first.
    pub(super) at: Option<(u32, u32)>,
    /// Whether what is in a large folio afterwards and was not known is a copy.
    pub(super) collapses: bool,
    /// The space, first page and end of the range that it brings to a device in one step.
    pub(super) to_device: Option<(u32, u32, u32)>,
    /// Pages of a group.
    pub(super) group: u32,
    /// Frames of the kernel from one page of a large folio to the next.
    pub(super) stride: u32,
}

#[cfg(test)]
impl Default for Step {
    fn default() -> Step {
        Step { at: None, collapses: false, to_device: None, group: 1, stride: 1 }
    }
}

impl Step {
    /// Of an operation on a machine, whose pages are so many frames of the kernel each.
    pub(crate) fn new(operation: Operation, machine: &Machine, stride: u32) -> Step {
        let at = operation.first_place().map(|(space, page)| (space.0, page.0));
        let values = operation.values();
        let is_to_device = operation.kind() == Kind::Migrate && values.last(Field::Direction) == 0;
        let to_device =
            at.filter(|_| is_to_device).map(|(space, first)| (space, first, first + values.last(Field::Count)));
        Step { at, collapses: operation.kind() == Kind::Collapse, to_device, group: machine.huge_pages(), stride }
    }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Machine, Trace};

    use super::Step;

    #[test]
    fn only_a_migration_to_a_device_names_a_range_that_it_brings_there() {
        let lines =
            [("migrate s1 v2+3 to d0", Some((1, 2, 5))), ("migrate s1 v2+3 from d0", None), ("unmap s1 v2+3", None)];
        for (line, expected) in lines {
            let text = format!("machine ram=4 device=2 spaces=2 pages=8\n{line}\n");
            let step = Trace::parse(&text).expect("a trace").steps[0].operation;
            assert_eq!(Step::new(step, &Machine::DEFAULT, 1).to_device, expected, "{line}");
        }
    }
}
