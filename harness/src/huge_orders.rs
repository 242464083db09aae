//! The orders of huge pages that machines may have.

use stalemap_operations::Machine;

/// Orders of huge pages, from the lowest to the highest, both within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HugeOrders {
    /// At least 1.
    pub lowest: u32,
    /// At most [`Machine::HUGE_LIMIT`].
    pub highest: u32,
    /// Whether every machine has huge pages; else some have.
    pub always: bool,
}

impl HugeOrders {
    /// All that a machine can have.
    pub const ALL: HugeOrders = HugeOrders { lowest: 1, highest: Machine::HUGE_LIMIT, always: false };

    /// Whether this order is one of them.
    #[must_use]
    pub const fn contain(self, order: u32) -> bool {
        self.lowest <= order && order <= self.highest
    }

    /// Those that both have, if there are some.
    #[must_use]
    pub fn and(self, other: HugeOrders) -> Option<HugeOrders> {
        let (lowest, highest) = (self.lowest.max(other.lowest), self.highest.min(other.highest));
        let both = HugeOrders { lowest, highest, always: self.always || other.always };
        (both.lowest <= both.highest).then_some(both)
    }
}
