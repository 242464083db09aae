//! The kernel as a process of the host (`ARCH=um`): its versions, what is compiled into it, and how each is built.

use std::fmt;

use super::edits::native_edits;
use super::table::table_header;
use crate::checks::Checks;
use crate::edits::{self, Addition};
use crate::huge_order::HugeOrder;
use crate::recipe::Recipe;
use crate::version::Version;

/// A kernel that is a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native {
    /// Its version.
    pub version: Version,
    /// What it checks of itself.
    pub checks: Checks,
    /// Whether it counts the places that are passed in the code that moves pages.
    pub counts_passes: bool,
    /// The size of its huge pages, where it is not that of x86; 7.3 alone has huge pages.
    pub huge: Option<HugeOrder>,
}

impl From<Native> for Recipe {
    fn from(native: Native) -> Recipe {
        native.recipe()
    }
}

impl fmt::Display for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-native{}", self.version, self.suffix())
    }
}

/// The configuration of every native kernel.
const CONFIGURATION: &str = include_str!("../../native/native.config");

/// What KASAN needs beside that.
const KASAN: &str = include_str!("../../native/kasan.config");

/// Files of ours, beside those of the virtual machine's kernel.
fn additions() -> Vec<Addition> {
    let files = [
        ("arch/um/Kconfig.stalemap", include_str!("../../native/Kconfig")),
        ("arch/um/include/asm/sparsemem.h", include_str!("../../native/sparsemem.h")),
        ("arch/um/include/asm/stalemap_huge.h", include_str!("../../native/huge.h")),
        ("arch/um/include/asm/stalemap_levels.h", include_str!("../../native/levels.h")),
        ("arch/um/include/asm/stalemap_pgtable.h", include_str!("../../native/pgtable.h")),
        ("arch/um/include/shared/stalemap_coverage.h", include_str!("../../native/coverage.h")),
        ("arch/um/include/shared/stalemap_host.h", include_str!("../../native/host.h")),
        ("arch/um/include/shared/stalemap_memory.h", include_str!("../../native/memory.h")),
        ("arch/um/kernel/stalemap_console.c", include_str!("../../native/console.c")),
        ("arch/um/kernel/stalemap_hotplug.c", include_str!("../../native/hotplug.c")),
        ("arch/um/os-Linux/stalemap_host.c", include_str!("../../native/host.c")),
        ("include/linux/stalemap_frames.h", include_str!("../../native/frames.h")),
        ("include/linux/stalemap_native.h", include_str!("../../native/native.h")),
        ("lib/stalemap_agent.h", include_str!("../../native/agent.h")),
        ("lib/stalemap_coverage.c", include_str!("../../native/coverage.c")),
        ("lib/stalemap_perform.h", include_str!("../../native/perform.h")),
        ("lib/stalemap_huge_operations.h", include_str!("../../native/huge_operations.h")),
        ("lib/stalemap_huge_tests.h", include_str!("../../native/huge_tests.h")),
        ("lib/stalemap_world.h", include_str!("../../native/world.h")),
    ];
    let mut additions = edits::additions();
    additions.extend(files.map(|(file, text)| Addition { file, text: text.into() }));
    additions.push(Addition { file: "lib/stalemap_table.h", text: table_header() });
    additions
}

/// What lets 7.3 have huge pages, without which its test driver is not compiled.
const HUGE: &str = include_str!("../../native/huge.config");

impl Native {
    /// The kernel of this version that counts its passes.
    #[must_use]
    pub const fn counting(version: Version) -> Native {
        Native { counts_passes: true, ..Native::usual(version) }
    }

    /// The kernel of this version with nothing beside its own code.
    #[must_use]
    pub const fn usual(version: Version) -> Native {
        Native { version, checks: Checks::Usual, counts_passes: false, huge: None }
    }

    /// The options with which `stalemap linux build` builds it.
    #[must_use]
    pub fn options(self) -> String {
        let checks = self.checks.option();
        let coverage = if self.counts_passes { " --coverage" } else { "" };
        let huge = self.huge.map_or("", |order| match order {
            HugeOrder::Two => " --huge-order 2",
            HugeOrder::Three => " --huge-order 3",
        });
        format!("--native --version {}{checks}{coverage}{huge}", self.version)
    }

    /// What sets it apart from the plain kernel of its version.
    fn suffix(self) -> String {
        let coverage = if self.counts_passes { "-coverage" } else { "" };
        format!("{}{coverage}{}", self.checks.suffix(), self.huge.map_or("", HugeOrder::suffix))
    }

    /// Megabytes of memory that it needs.
    pub(crate) const fn memory(self) -> u32 {
        match self.checks {
            Checks::Usual | Checks::DebugVm => 64,
            Checks::Kasan => 256,
        }
    }

    /// How many times slower than a usual kernel it is at the most.
    pub(crate) const fn slowness(self) -> u32 {
        self.checks.slowness() * if self.counts_passes { 2 } else { 1 }
    }

    /// How it is built.
    #[must_use]
    pub fn recipe(self) -> Recipe {
        let mut needed = vec!["CONFIG_TEST_HMM=y", "CONFIG_DEVICE_PRIVATE=y", "CONFIG_SPARSEMEM_VMEMMAP=y"];
        needed.extend(self.checks.needed());
        needed.extend(self.huge.map(HugeOrder::configuration));
        let mut configuration = vec![CONFIGURATION, self.checks.configuration(KASAN)];
        if self.counts_passes {
            needed.push("CONFIG_STALEMAP_COVERAGE=y");
            configuration.push(include_str!("../../native/coverage.config"));
        }
        if self.version >= Version::V7_3 {
            needed.push("CONFIG_TRANSPARENT_HUGEPAGE=y");
            configuration.push(HUGE);
        }
        configuration.extend(self.huge.map(HugeOrder::configuration));
        let mut edits = edits::edits(self.version);
        edits.extend(native_edits(self.version));
        Recipe {
            name: self.to_string(),
            version: self.version,
            additions: additions(),
            edits,
            configuration,
            needed,
            architecture: "um",
            target: "linux",
            built: "linux",
            image: "linux",
            output: format!("output-native{}", self.suffix()),
            has_tests: false,
            seconds: 90,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Checks, HugeOrder, Native};
    use crate::target::Target;
    use crate::version::Version;

    #[test]
    fn only_a_kernel_with_huge_pages_on_devices_has_them_at_a_chosen_order() {
        let native = |version, huge| Native { huge, ..Native::counting(version) };
        for version in Version::ALL {
            let has_huge = native(version, None).recipe().needed.contains(&"CONFIG_TRANSPARENT_HUGEPAGE=y");
            assert_eq!(has_huge, version >= Version::V7_3, "{version}");
        }
        let three = native(Version::V7_3, Some(HugeOrder::Three));
        assert_eq!(three.to_string(), "7.3-native-coverage-huge3");
        assert_eq!(three.options(), "--native --version 7.3 --coverage --huge-order 3");
        assert!(three.recipe().needed.contains(&"CONFIG_STALEMAP_HUGE_ORDER=3"));
        assert_eq!(HugeOrder::parse("2"), Ok(HugeOrder::Two));
        assert!(HugeOrder::parse("4").is_err_and(|error| error.contains("order 2 (four pages) or 3")));
        let target = Target::from(Native::usual(Version::V6_12)).with_huge(HugeOrder::Two);
        assert!(target.is_err_and(|error| error.contains("of 7.3, and of 6.12 in a virtual machine")));
    }

    #[test]
    fn no_two_edits_of_a_version_have_the_same_place() {
        for version in Version::ALL {
            let edits = Native::usual(version).recipe().edits;
            for (index, edit) in edits.iter().enumerate() {
                let twin = edits[..index].iter().find(|other| {
                    (other.file, other.function, other.line, other.side)
                        == (edit.file, edit.function, edit.line, edit.side)
                });
                assert!(twin.is_none(), "{}: {}", edit.file, edit.purpose);
            }
        }
    }

    /// The kernels of 6.12 with something beside its own code.
    fn with_more() -> [Native; 3] {
        let usual = Native::usual(Version::V6_12);
        let [kasan, debug_vm] = [Checks::Kasan, Checks::DebugVm].map(|checks| Native { checks, ..usual });
        [kasan, debug_vm, Native::counting(usual.version)]
    }

    /// A source that has no more than the places that the edits look for.
    fn small_source(version: Version) -> BTreeMap<&'static str, String> {
        let mut functions: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for edit in Native::usual(version).recipe().edits {
            functions.entry((edit.file, edit.function)).or_default().insert(edit.line);
        }
        let mut source: BTreeMap<&str, String> = BTreeMap::new();
        for ((file, function), lines) in functions {
            let lines = lines.into_iter().map(|line| format!("\t{line}\n")).collect::<String>();
            let text = source.entry(file).or_default();
            *text += &if function.is_empty() { lines } else { format!("{function}void)\n{{\n{lines}}}\n") };
        }
        source
    }

    #[test]
    fn the_edits_apply_to_a_small_source_and_not_to_one_without_a_place() {
        for version in Version::ALL {
            let mut source = small_source(version);
            for edit in Native::usual(version).recipe().edits {
                let text = source.get_mut(edit.file).expect("each file of an edit");
                assert!(edit.apply(&text.replace(edit.line, "other")).is_err(), "{}", edit.purpose);
                let edited = edit.apply(text).expect("each place of an edit");
                assert!(edited.contains(edit.line), "the line of \"{}\" stays", edit.purpose);
                *text = edited;
            }
        }
    }

    #[test]
    fn what_a_kernel_needs_stands_in_its_configuration() {
        for made in with_more().map(Native::recipe) {
            assert!(made.needed.len() > Native::usual(Version::V6_12).recipe().needed.len(), "{}", made.name);
            let configuration = made.configuration.concat();
            for needed in made.needed {
                assert!(configuration.lines().any(|line| line == needed), "{needed} of {}", made.name);
            }
        }
    }

    #[test]
    fn checks_and_counters_change_no_edit_so_that_all_share_a_source() {
        let plain = Native::usual(Version::V6_12).recipe();
        for other in with_more().map(Native::recipe) {
            assert_eq!(format!("{:?}", other.edits), format!("{:?}", plain.edits));
            assert_ne!((other.name, other.output), (plain.name.clone(), plain.output.clone()));
        }
    }
}
