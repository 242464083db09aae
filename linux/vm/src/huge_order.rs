//! The order of the huge pages of the machines that a kernel is driven with.

use stalemap_operations::Order;

/// How large a huge page is. No processor walks the page tables of a native kernel, so that its own can be small; in a virtual
/// machine several pages of x86 stand for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HugeOrder {
    /// Four pages.
    Two,
    /// Eight pages.
    Three,
}

impl HugeOrder {
    /// The order with this number.
    ///
    /// # Errors
    /// A sentence where there is none.
    pub fn parse(text: &str) -> Result<HugeOrder, String> {
        match text {
            "2" => Ok(HugeOrder::Two),
            "3" => Ok(HugeOrder::Three),
            _ => Err("a huge page can have order 2 (four pages) or 3 (eight)".to_string()),
        }
    }

    /// The order.
    #[must_use]
    pub const fn order(self) -> Order {
        match self {
            HugeOrder::Two => Order(2),
            HugeOrder::Three => Order(3),
        }
    }

    /// What it adds to the name of a kernel.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            HugeOrder::Two => "-huge2",
            HugeOrder::Three => "-huge3",
        }
    }

    /// Its line of configuration.
    pub(crate) const fn configuration(self) -> &'static str {
        match self {
            HugeOrder::Two => "CONFIG_STALEMAP_HUGE_ORDER=2",
            HugeOrder::Three => "CONFIG_STALEMAP_HUGE_ORDER=3",
        }
    }
}
