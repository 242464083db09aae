//! The two ways to ask a kernel, by the guest of a virtual machine or by the agent in a native process, and what each can
//! do and show.

use stalemap_guest::{MOST_DEVICE_FRAMES, MOST_PAGES, MOST_SPACES};
use stalemap_harness::Settings;
use stalemap_operations::{Capabilities, Dialect, Home, Kind, KindSet, LargeFolios, Machine, Observables};

use crate::support::{Support, support};
use crate::version::Version;

/// Who does the operations in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The first process of a virtual machine, by system calls and by requests to the test driver.
    Guest,
    /// A thread of the kernel itself, in a kernel that is a process of the host.
    Agent,
}

/// Frames of RAM that a guest's kernel is taken to have: more than any program can use. Its own use of them is its own
/// matter, so that free frames are not observable.
const RAM_OF_GUEST: u32 = Machine::FRAMES_LIMIT;
/// The most frames of RAM of a machine in an agent's kernel, a quarter of the memory of its process.
const RAM_OF_AGENT: u32 = 4_096;

/// Frames of each device at the most.
const DEVICE: u32 = if MOST_DEVICE_FRAMES < Machine::BYTES_LIMIT { MOST_DEVICE_FRAMES } else { Machine::BYTES_LIMIT };

const fn largest(ram: u32) -> Machine {
    match Machine::new([ram, DEVICE, DEVICE], MOST_SPACES, MOST_PAGES, Dialect::Linux6_12) {
        Some(machine) => machine,
        None => panic!("sizes within limits"),
    }
}

impl Way {
    /// Both.
    pub const ALL: [Way; 2] = [Way::Guest, Way::Agent];

    /// The name of the subject that kernels of this version are.
    #[must_use]
    pub const fn subject(self, version: Version) -> &'static str {
        match self {
            Way::Guest => version.subject(),
            Way::Agent => version.native_subject(),
        }
    }

    /// Whether the operation can be done on machines without huge pages.
    #[must_use]
    pub const fn can(self, kind: Kind) -> bool {
        match support(kind) {
            Support::Agent => matches!(self, Way::Agent),
            Support::HugePages => false,
            Support::TestDriver | Support::AddedRequests => true,
        }
    }

    /// What can be done and shown. The guest shows neither reference counts (pages that were just brought back wait in a
    /// list with a reference) nor free frames. Neither shows frame numbers: RAM is a part of the kernel's, and begins
    /// nowhere.
    #[must_use]
    pub fn capabilities(self) -> Capabilities {
        let operations: KindSet = Kind::ALL.iter().copied().filter(|&kind| self.can(kind)).collect();
        let seen_by_both = Observables::PLACES
            .and(Observables::WRITABLE)
            .and(Observables::SPACES)
            .and(Observables::STAMPS)
            .and(Observables::EXCLUSIVE)
            .and(Observables::MAPCOUNTS)
            .and(Observables::RMAPS)
            .and(Observables::SLOTS);
        let observables = match self {
            Way::Guest => seen_by_both,
            Way::Agent => seen_by_both.and(Observables::REFCOUNTS).and(Observables::FREE),
        };
        Capabilities { observables, operations, ..Capabilities::ALL }
    }

    /// What can be done and shown on machines with huge pages.
    #[must_use]
    pub fn capabilities_with_huge_pages(self) -> Capabilities {
        let able = self.capabilities();
        let large = Kind::ALL.iter().copied().filter(|&kind| support(kind) == Support::HugePages);
        let operations = large.fold(able.operations, KindSet::with);
        let observables = able.observables.and(Observables::FOLIOS);
        Capabilities { operations, observables, large_folios: LargeFolios::ByClaim, ..able }
    }

    /// The largest machine that can be driven.
    #[must_use]
    pub const fn largest(self) -> Machine {
        match self {
            Way::Guest => largest(RAM_OF_GUEST),
            Way::Agent => largest(RAM_OF_AGENT),
        }
    }

    /// What is generated: executions of at most so many operations, of those that can be done, on machines that can be driven.
    #[must_use]
    pub fn settings(self, operations: usize) -> Settings {
        let kinds = self.capabilities().operations;
        Settings { operations, kinds, largest: Some(self.largest()), ..Settings::default() }
    }

    /// Frames that are free at each home when a program begins, live or recorded.
    pub(crate) fn capacity(self, machine: &Machine) -> [u32; Home::LIMIT] {
        Home::ALL.map(|home| match (self, home) {
            (Way::Guest, Home::Ram) => RAM_OF_GUEST,
            (Way::Guest | Way::Agent, _) => machine.frames(home),
        })
    }

    /// The machine as the kernel can be it: with its own rules, and in a guest with more RAM than a program uses, whatever the
    /// trace has.
    ///
    /// # Errors
    /// When it is larger than what can be driven.
    pub fn machine(self, version: Version, machine: &Machine) -> Result<Machine, String> {
        let [ram, first, second, spaces, pages] = machine.sizes();
        let fits = machine.sizes().into_iter().zip(self.largest().sizes()).all(|(size, most)| size <= most);
        let ram = match self {
            Way::Guest => Machine::BYTES_LIMIT,
            Way::Agent => ram,
        };
        let kernel = machine.ruled(version.dialect()).resized([ram, first, second, spaces, pages]).filter(|_| fits);
        kernel.ok_or_else(|| {
            let (who, ram) = match self {
                Way::Guest => ("guest", String::new()),
                Way::Agent => ("agent", format!("{RAM_OF_AGENT} frames of RAM, ")),
            };
            format!(
                "{version}: the {who} drives at most {ram}{MOST_SPACES} spaces of {MOST_PAGES} pages, and devices of at \
                 most {DEVICE} frames; this one is {machine}"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{Home, Kind, Machine, Observables};

    use super::Way;
    use crate::version::Version;

    #[test]
    fn the_largest_machine_can_be_driven_and_none_that_is_larger_in_anything() {
        for (version, way) in Version::ALL.into_iter().flat_map(|version| Way::ALL.map(|way| (version, way))) {
            let largest = way.largest();
            assert!(way.machine(version, &largest).is_ok());
            for at in 0..largest.sizes().len() {
                let mut sizes = largest.sizes();
                sizes[at] += 1;
                let Some(larger) = Machine::from_sizes(sizes, largest.rules()) else { continue };
                assert!(way.machine(version, &larger).is_err_and(|error| error.contains("drives at most")), "{larger}");
            }
        }
    }

    #[test]
    fn the_agent_has_the_ram_of_the_machine_and_the_guest_more_than_any_program_needs() {
        let small = Machine::from_sizes([3, 2, 0, 2, 4], Machine::DEFAULT.rules()).expect("within limits");
        let [guest, agent] = Way::ALL.map(|way| (way, way.machine(Version::V6_1, &small).expect("it is small")));
        assert_eq!((agent.1.ram(), agent.0.capacity(&agent.1)[Home::Ram.index()]), (3, 3));
        assert!(guest.0.capacity(&guest.1)[Home::Ram.index()] > 100_000);
    }

    #[test]
    fn the_agent_does_and_shows_all_that_the_guest_does_and_more() {
        let [guest, agent] = Way::ALL.map(Way::capabilities);
        assert!(agent.observables.include(guest.observables));
        assert!(agent.observables.include(Observables::REFCOUNTS.and(Observables::FREE)));
        assert!(guest.operations.iter().all(|kind| agent.operations.contains(kind)));
        assert!(agent.operations.contains(Kind::Alloc) && !guest.operations.contains(Kind::Alloc));
    }
}
