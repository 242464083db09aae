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

#[cfg(test)]
mod tests {
    use super::HugeOrders;

    #[test]
    fn orders_that_two_have_are_those_between_both_limits() {
        let orders = |lowest, highest, always| HugeOrders { lowest, highest, always };
        assert_eq!(orders(1, 3, false).and(orders(2, 5, true)), Some(orders(2, 3, true)));
        assert_eq!(orders(2, 2, false).and(orders(1, 3, false)), Some(orders(2, 2, false)));
        assert_eq!(orders(1, 2, false).and(orders(3, 3, false)), None);
        assert_eq!([1, 2, 3, 4].map(|order| orders(2, 3, false).contain(order)), [false, true, true, false]);
    }
}
