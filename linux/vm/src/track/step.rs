//! What of an operation tells frames from each other.

use stalemap_operations::{Field, Kind, Machine, Operation};

/// What is known of the operation of a step, by which frames are told from each other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    /// The place that it names first.
    pub(super) at: Option<(u32, u32)>,
    /// Whether what is in a large folio afterwards and was not known is a copy.
    pub(super) collapses: bool,
    /// The space, first page and end of the range that it brings to a device in one step.
    pub(super) to_device: Option<(u32, u32, u32)>,
    /// Pages of a group.
    pub(super) group: u32,
}

impl Step {
    /// Of an operation on a machine.
    pub(crate) fn new(operation: Operation, machine: &Machine) -> Step {
        let at = operation.first_place().map(|(space, page)| (space.0, page.0));
        let values = operation.values();
        let is_to_device = operation.kind() == Kind::Migrate && values.last(Field::Direction) == 0;
        let to_device =
            at.filter(|_| is_to_device).map(|(space, first)| (space, first, first + values.last(Field::Count)));
        Step { at, collapses: operation.kind() == Kind::Collapse, to_device, group: machine.huge_pages() }
    }
}
