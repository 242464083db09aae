//! How many pages of the kernel stand for one page of the program.

use stalemap_guest::HUGE_PAGE_OF_X86;
use stalemap_operations::{Machine, PageRange, VirtualPage};

use crate::driver::PAGE;
use crate::space::BASE;

/// The pages that stand for one: every operation treats all of them alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// How many there are: 1 on machines without huge pages.
    pub(crate) pages: u64,
    /// Whether the machine has huge pages.
    pub(crate) is_scaled: bool,
}

impl Block {
    /// A huge page of the machine is one of the kernel.
    pub(crate) fn of(machine: &Machine) -> Block {
        match machine.huge() {
            Some(order) => Block { pages: u64::from(HUGE_PAGE_OF_X86 >> order.0), is_scaled: true },
            None => Block { pages: 1, is_scaled: false },
        }
    }

    /// The address of a virtual page.
    pub(crate) fn address(self, VirtualPage(page): VirtualPage) -> u64 {
        BASE + u64::from(page) * self.bytes()
    }

    /// The bytes of a range.
    pub(crate) fn length(self, range: PageRange) -> u64 {
        u64::from(range.count) * self.bytes()
    }

    /// The kernel's pages of so many pages.
    pub(crate) fn count(self, pages: u32) -> u64 {
        u64::from(pages) * self.pages
    }

    /// The virtual page at an address; 255 where there is none.
    pub(crate) fn page_at(self, address: u64) -> u8 {
        u8::try_from(address.wrapping_sub(BASE) / self.bytes()).unwrap_or(u8::MAX)
    }

    fn bytes(self) -> u64 {
        self.pages * PAGE as u64
    }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Machine, PageRange, VirtualPage};

    use super::{BASE, Block};

    #[test]
    fn a_huge_page_of_any_order_is_one_of_the_kernel() {
        for order in 1..=3 {
            let machine = Machine::DEFAULT.with_huge(order).expect("eight pages");
            let block = Block::of(&machine);
            let group = PageRange { first: VirtualPage(0), count: machine.huge_pages() };
            assert_eq!(block.length(group), 2 << 20);
            assert_eq!(block.page_at(block.address(VirtualPage(7))), 7);
            assert_eq!(block.page_at(BASE - 1), 255);
        }
        assert_eq!(Block::of(&Machine::DEFAULT).address(VirtualPage(3)), BASE + 3 * 4096);
    }
}
