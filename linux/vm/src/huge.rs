//! Kernels that are driven with huge pages of one small order: how they are named, what machines they take, and what they do beyond the others.

use stalemap_guest::HUGE_PAGE_OF_X86;
use stalemap_harness::{HugeOrders, Settings};
use stalemap_operations::{Capabilities, Kind, Machine, Order};

use crate::huge_order::HugeOrder;
use crate::support::{Support, support};
use crate::version::Version;
use crate::way::Way;

/// Pages of the kernel that each device of a virtual machine has (`DEVMEM_CHUNK_SIZE`).
const SCALED_DEVICE: u32 = 8_192;

/// A kernel as a subject: its version, who does the operations in it, and the order that its huge pages have where that is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its version.
    pub version: Version,
    /// Who does the operations.
    pub way: Way,
    /// The order of its huge pages; none of a kernel that is asked about small pages alone.
    pub huge: Option<HugeOrder>,
}

impl Asked {
    /// A kernel that is asked about small pages.
    #[must_use]
    pub const fn small(version: Version, way: Way) -> Asked {
        Asked { version, way, huge: None }
    }

    /// The name of the subject: `linux-7.3-native-huge2`.
    #[must_use]
    pub const fn subject(self) -> &'static str {
        match (self.huge, self.way) {
            (None, way) => way.subject(self.version),
            (Some(HugeOrder::Two), Way::Agent) => "linux-7.3-native-huge2",
            (Some(HugeOrder::Three), Way::Agent) => "linux-7.3-native-huge3",
            (Some(HugeOrder::Two), Way::Guest) => {
                self.version.since(Version::V7_3, "linux-6.12-huge2", "linux-7.3-huge2")
            }
            (Some(HugeOrder::Three), Way::Guest) => {
                self.version.since(Version::V7_3, "linux-6.12-huge3", "linux-7.3-huge3")
            }
        }
    }

    /// Whether it is asked for operations of this kind.
    #[must_use]
    pub const fn can(self, kind: Kind) -> bool {
        match support(kind) {
            Support::HugePages => self.huge.is_some(),
            Support::Agent | Support::TestDriver | Support::AddedRequests => self.way.can(kind),
        }
    }

    /// What it does and shows.
    #[must_use]
    pub fn capabilities(self) -> Capabilities {
        if self.huge.is_some() { self.way.capabilities_with_huge_pages() } else { self.way.capabilities() }
    }

    /// Whether a machine has huge pages as those of the kernel, which may both have none.
    #[must_use]
    pub fn has_pages_of(self, machine: &Machine) -> bool {
        machine.huge() == self.huge.map(HugeOrder::order)
    }

    /// The machine as the kernel can be it: [`Way::machine`], and huge pages of its own order.
    ///
    /// # Errors
    /// When it is larger than what can be driven, or its huge pages are not those of the kernel.
    pub fn machine(self, machine: &Machine) -> Result<Machine, String> {
        let order = self.huge.map(HugeOrder::order);
        if !self.has_pages_of(machine) {
            let pages = |order: Option<Order>| order.map_or("no huge pages".into(), |order| format!("huge={order}"));
            let (own, its) = (pages(order), pages(machine.huge()));
            return Err(format!("{}: the kernel has machines with {own}; this one has {its}", self.subject()));
        }
        let fits = [1, 2].into_iter().all(|home| machine.sizes()[home] <= self.most_device_frames());
        if self.way == Way::Guest && order.is_some() && !fits {
            let most = self.most_device_frames();
            return Err(format!(
                "{}: its devices have at most {most} frames; this machine is {machine}",
                self.subject()
            ));
        }
        self.way.machine(self.version, machine)
    }

    /// Pages of the kernel that stand for a page of a machine.
    #[must_use]
    pub const fn stride(self) -> u32 {
        match (self.way, self.huge) {
            (Way::Guest, Some(order)) => HUGE_PAGE_OF_X86 >> order.order().0,
            (Way::Guest | Way::Agent, _) => 1,
        }
    }

    /// Frames of each device at the most.
    const fn most_device_frames(self) -> u32 {
        SCALED_DEVICE / self.stride()
    }

    /// The largest machine that is generated for it.
    #[must_use]
    pub fn largest_generated(self) -> Machine {
        let largest = self.way.largest();
        let [ram, first, second, spaces, pages] = largest.sizes();
        let [first, second] = [first, second].map(|frames| frames.min(self.most_device_frames()));
        let largest = largest.resized([ram, first, second, spaces, pages]).unwrap_or(largest);
        self.huge.and_then(|huge| largest.with_huge(huge.order().0)).unwrap_or(largest)
    }

    /// What is generated for it: executions of at most so many operations, of those that can be done, on machines that can be driven.
    #[must_use]
    pub fn settings(self, operations: usize) -> Settings {
        let largest = Some(self.largest_generated());
        Settings {
            kinds: self.capabilities().operations,
            largest,
            huge: self.orders(),
            ..self.way.settings(operations)
        }
    }

    /// The orders of huge pages that its machines have, every one of them.
    #[must_use]
    pub fn orders(self) -> Option<HugeOrders> {
        let Order(order) = self.huge?.order();
        Some(HugeOrders { lowest: order, highest: order, always: true })
    }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Kind, Machine};

    use super::Asked;
    use crate::huge_order::HugeOrder;
    use crate::version::Version;
    use crate::way::Way;

    #[test]
    fn pages_of_x86_stand_for_a_page_of_a_machine_with_smaller_huge_pages() {
        let asked = |way, order| Asked { huge: Some(order), ..Asked::small(Version::V7_3, way) };
        let stride = |way| [HugeOrder::Two, HugeOrder::Three].map(|order| asked(way, order).stride());
        assert_eq!((stride(Way::Guest), stride(Way::Agent)), ([128, 64], [1, 1]));
        let guest = asked(Way::Guest, HugeOrder::Two);
        assert!(guest.machine(&guest.largest_generated()).is_ok());
        let [ram, _, second, spaces, pages] = guest.largest_generated().sizes();
        let larger = Machine::from_sizes([ram, 65, second, spaces, pages], Machine::DEFAULT.rules());
        let larger = larger.and_then(|machine| machine.with_huge(2)).expect("within limits");
        assert!(guest.machine(&larger).is_err_and(|error| error.contains("its devices have at most 64 frames")));
    }

    #[test]
    fn a_kernel_takes_machines_with_huge_pages_of_its_own_order_only() {
        let small = Machine::DEFAULT;
        let [two, three] = [2, 3].map(|order| small.with_huge(order).expect("it fits"));
        let asked = |huge| Asked { huge, ..Asked::small(Version::V7_3, Way::Agent) };
        let kernels =
            [(asked(None), small), (asked(Some(HugeOrder::Two)), two), (asked(Some(HugeOrder::Three)), three)];
        for (kernel, own) in kernels {
            for machine in [small, two, three] {
                let taken = kernel.machine(&machine);
                assert_eq!(taken.is_ok(), machine == own, "{taken:?}");
                assert_eq!(kernel.can(Kind::Advise), own != small);
            }
        }
        let error = asked(Some(HugeOrder::Two)).machine(&three).expect_err("another order");
        assert_eq!(error, "linux-7.3-native-huge2: the kernel has machines with huge=2; this one has huge=3");
        assert!(asked(None).machine(&two).expect_err("huge pages").contains("with no huge pages; this one has huge=2"));
    }
}
