//! The mutants of the kernel: faults that a bit of the kernel parameter `stalemap` switches on, one build for all.

mod huge;

use stalemap_harness::Settings;
use stalemap_operations::{Kind, Trace};

pub use self::huge::HUGE_TROPHIES;
use crate::history::HISTORY;
use crate::version::Version;
use crate::way::Way;

/// A fault in the kernel that can be switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// Its bit of the kernel parameter.
    pub bit: u32,
    /// What is wrong, and where.
    pub meaning: &'static str,
    /// Where it comes from: the repair before which the kernel had it, with its year and commit where one is known.
    pub source: &'static str,
    /// A version from which on it changes nothing, and why.
    pub equivalent: Option<(Version, &'static str)>,
    /// The only way to ask a kernel that can show it; both where none is given.
    pub way: Option<Way>,
    /// The first version that has it.
    pub since: Version,
    /// The executions among which it is looked for.
    pub campaign: Campaign,
}

/// What random executions are made of. A long chain of steps is met sooner in long executions of few operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Words of the operations that occur; all that the kernel can do where none is given.
    pub only: &'static [&'static str],
    /// The most operations in an execution.
    pub operations: u32,
    /// The machine line; machines of all sorts where none is given.
    pub machine: Option<&'static str>,
}

impl Campaign {
    /// As the generator takes it for kernels that are asked in this way.
    ///
    /// # Panics
    /// When a word or the machine line is none, which a test looks at.
    #[must_use]
    pub fn settings(&self, way: Way) -> Settings {
        let kind = |word: &&str| Kind::by_word(word).expect("the word of an operation");
        let all = way.settings(self.operations as usize);
        let kinds = if self.only.is_empty() { all.kinds } else { self.only.iter().map(kind).collect() };
        let machine = self.machine.map(|line| Trace::parse(line).expect("a machine line").machine);
        Settings { kinds, machine, ..all }
    }
}

/// Short executions of everything.
pub(crate) const EVERYTHING: Campaign = Campaign { only: &[], operations: 16, machine: None };

impl Fault {
    /// Whether kernels of this version have it, and this way to ask them can show it.
    #[must_use]
    pub fn shows(&self, version: Version, way: Way) -> bool {
        version >= self.since && self.way.is_none_or(|it| it == way)
    }

    /// The fault with this name.
    ///
    /// # Errors
    /// A sentence with the names that there are.
    pub fn by_name(name: &str) -> Result<Fault, String> {
        Fault::among(&[MUTANTS, HISTORY, TROPHIES, HUGE_TROPHIES].concat(), name)
    }

    /// The one of these with this name.
    ///
    /// # Errors
    /// As [`by_name`](Self::by_name).
    pub fn among(faults: &[Fault], name: &str) -> Result<Fault, String> {
        faults.iter().find(|fault| fault.name == name).copied().ok_or_else(|| {
            let names: Vec<&str> = faults.iter().map(|fault| fault.name).collect();
            format!("there is no fault \"{name}\"; there are {}", names.join(", "))
        })
    }
}

/// Faults that are put (back) into the kernel. The first two are those of 2019.
pub const MUTANTS: &[Fault] = &[
    Fault {
        name: "stale_mapping",
        bit: 0,
        meaning: "freeing a device page leaves its mapping word (mm/memremap.c)",
        source: "before \"mm/hmm: fix ZONE_DEVICE anon page mapping reuse\", 2019",
        equivalent: Some((Version::V6_12, "`__folio_set_anon` always assigns the mapping word")),
        way: None,
        since: Version::V6_1,
        campaign: EVERYTHING,
    },
    Fault {
        name: "subpage_pointer",
        bit: 1,
        meaning: "the walk that unmaps takes the frame number out of a device entry as if it were present (try_to_migrate_one, mm/rmap.c)",
        source: "before \"mm/hmm: Fix bad subpage pointer in try_to_unmap_one\", 2019",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: EVERYTHING,
    },
    Fault {
        name: "fork_leaves_device_writable",
        bit: 2,
        meaning: "fork leaves device entries writable (copy_nonpresent_pte, mm/memory.c)",
        source: "a seeded bug of the implementation (corpus/bugs)",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: EVERYTHING,
    },
    Fault {
        name: "protect_leaves_device_writable",
        bit: 3,
        meaning: "mprotect leaves device entries writable (change_pte_range, mm/mprotect.c)",
        source: "a seeded bug of the implementation (corpus/bugs)",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: EVERYTHING,
    },
    Fault {
        name: "zap_keeps_rmap",
        bit: 4,
        meaning: "unmapping a device page does not lower its mapcount (zap_pte_range, mm/memory.c)",
        source: "a seeded bug of the implementation (corpus/bugs)",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: EVERYTHING,
    },
    Fault {
        name: "collect_takes_all_writable",
        bit: 5,
        meaning: "collecting takes every device entry for a writable one (migrate_vma_collect_pmd, mm/migrate_device.c)",
        source: "a seeded bug of the implementation (corpus/bugs)",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: EVERYTHING,
    },
];

/// Faults of the kernel as it is, which the edits hide so that conformance can go on; a bit shows one again.
pub const TROPHIES: &[Fault] = &[
    Fault {
        name: "device_range_keeps_no_anon_vma",
        bit: 8,
        meaning: "migrate_device_range keeps no reference to the anon_vma that the walk of migrate_device_finalize takes (mm/migrate_device.c)",
        source: "the kernel as it is (corpus/linux/trophies)",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: Campaign {
            only: &["map", "fork", "migrate", "collect", "unmap", "exit", "finalize"],
            operations: 24,
            machine: Some("machine ram=4 device=2 spaces=2 pages=2"),
        },
    },
    Fault {
        name: "table_keeps_a_freed_page",
        bit: 9,
        meaning: "the test driver ignores migrations of its own device, also those that another process began (dmirror_interval_invalidate, lib/test_hmm.c)",
        source: "the kernel as it is (corpus/linux/trophies)",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: Campaign {
            only: &["map", "unmap", "fork", "read", "write", "device_read", "migrate"],
            operations: 40,
            machine: Some("machine ram=4 device=2 spaces=2 pages=2"),
        },
    },
    Fault {
        name: "table_holds_a_device_page",
        bit: 10,
        meaning: "the test driver stores a device page where its table holds backing pages (dmirror_do_fault, lib/test_hmm.c)",
        source: "the kernel as it is (corpus/linux/trophies)",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: EVERYTHING,
    },
    Fault {
        name: "table_is_filled_for_a_discarded_page",
        bit: 11,
        meaning: "the test driver fills its table for a page that was discarded after it had moved (dmirror_migrate_finalize_and_map, lib/test_hmm.c)",
        source: "the kernel as it is (corpus/linux/trophies)",
        equivalent: None,
        way: None,
        since: Version::V6_1,
        campaign: Campaign {
            only: &["map", "write", "setup", "copy", "pages", "discard", "finalize", "device_read"],
            operations: 48,
            machine: Some("machine ram=4 device=2 spaces=1 pages=2"),
        },
    },
    Fault {
        name: "fault_for_ever_without_ram",
        bit: 12,
        meaning: "the test driver tells that a page has come back for which RAM has no frame, and the access faults for ever (dmirror_devmem_fault, lib/test_hmm.c)",
        source: "the kernel as it is (corpus/linux/trophies)",
        equivalent: Some((Version::V7_3, "its driver tells that there is no frame")),
        way: Some(Way::Agent),
        since: Version::V6_1,
        campaign: Campaign {
            only: &["map", "write", "read", "fork", "migrate", "unmap", "discard"],
            operations: 24,
            machine: Some("machine ram=2 device=4 spaces=2 pages=4"),
        },
    },
    Fault {
        name: "finalize_without_pages",
        bit: 13,
        meaning: "the test driver ends a migration that finds no frame for a page without moving those before it, whose entries then wait for ever (dmirror_migrate_to_system, lib/test_hmm.c)",
        source: "the kernel as it is (corpus/linux/trophies)",
        equivalent: None,
        way: Some(Way::Agent),
        since: Version::V7_3,
        campaign: Campaign {
            only: &["map", "write", "read", "migrate", "unmap", "discard"],
            operations: 24,
            machine: Some("machine ram=2 device=4 spaces=2 pages=4"),
        },
    },
];

#[cfg(test)]
mod tests {
    use super::{HISTORY, HUGE_TROPHIES, MUTANTS, TROPHIES};
    use crate::edits::additions;
    use crate::huge::Asked;
    use crate::huge_order::HugeOrder;
    use crate::version::Version;
    use crate::way::Way;

    #[test]
    fn every_fault_has_a_bit_of_its_own_that_the_header_names() {
        let header = &additions()[0].text;
        let mut bits: Vec<u32> =
            MUTANTS.iter().chain(HISTORY).chain(TROPHIES).chain(HUGE_TROPHIES).map(|fault| fault.bit).collect();
        for bit in &bits {
            assert!(header.contains(&format!(" = {bit},")), "bit {bit}");
        }
        bits.sort_unstable();
        bits.dedup();
        assert_eq!(bits.len(), MUTANTS.len() + HISTORY.len() + TROPHIES.len() + HUGE_TROPHIES.len());
    }

    #[test]
    fn campaigns_name_operations_and_machines_that_there_are() {
        for fault in MUTANTS.iter().chain(HISTORY).chain(TROPHIES) {
            let settings = fault.campaign.settings(Way::Guest);
            let able = |kind| Way::Guest.can(kind);
            assert!(settings.kinds.iter().all(able), "{}: {:?}", fault.name, fault.campaign.only);
        }
        let huge = Asked { huge: Some(HugeOrder::Two), ..Asked::small(Version::V7_3, Way::Agent) };
        for fault in HUGE_TROPHIES {
            let settings = fault.campaign.settings(Way::Agent);
            assert!(settings.kinds.iter().all(|kind| huge.can(kind)), "{}: {:?}", fault.name, fault.campaign.only);
            let machine = settings.machine.expect("a machine with huge pages");
            assert!(huge.machine(&machine).is_ok(), "{}: {machine}", fault.name);
        }
    }
}
