//! The kernel as a process of the host (`ARCH=um`): its versions and instruments, and how each is built.

use std::fmt;

use super::edits::native_edits;
use super::table::table_header;
use crate::edits::{self, Addition};
use crate::huge_order::HugeOrder;
use crate::recipe::Recipe;
use crate::version::Version;

/// A kernel that is a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native {
    /// Its version.
    pub version: Version,
    /// What is compiled into it beside its own code.
    pub instrument: Instrument,
    /// The size of its huge pages, where it is not that of x86; 7.3 alone has huge pages.
    pub huge: Option<HugeOrder>,
}

/// What is compiled into a native kernel beside its own code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Instrument {
    /// Nothing.
    #[default]
    None,
    /// KASAN, the kernel's own finder of accesses to freed memory.
    Kasan,
    /// Counters of the places that were passed in the code that moves pages.
    Coverage,
}

impl Instrument {
    /// What it adds to the name of a kernel.
    const fn suffix(self) -> &'static str {
        match self {
            Instrument::None => "",
            Instrument::Kasan => "-kasan",
            Instrument::Coverage => "-coverage",
        }
    }

    /// The lines of configuration that the plain kernel does not have.
    const fn configuration(self) -> &'static str {
        match self {
            Instrument::None => "",
            Instrument::Kasan => include_str!("../../native/kasan.config"),
            Instrument::Coverage => include_str!("../../native/coverage.config"),
        }
    }

    /// The line that shows that the configuration has it.
    const fn needed(self) -> Option<&'static str> {
        match self {
            Instrument::None => None,
            Instrument::Kasan => Some("CONFIG_KASAN_GENERIC=y"),
            Instrument::Coverage => Some("CONFIG_STALEMAP_COVERAGE=y"),
        }
    }
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
        Native { version, instrument: Instrument::Coverage, huge: None }
    }

    /// The options with which `stalemap linux build` builds it.
    #[must_use]
    pub fn options(self) -> String {
        let instrument = self.instrument.suffix().replacen('-', " --", 1);
        let huge = self.huge.map_or("", |order| match order {
            HugeOrder::Two => " --huge-order 2",
            HugeOrder::Three => " --huge-order 3",
        });
        format!("--native --version {}{instrument}{huge}", self.version)
    }

    /// What sets it apart from the plain kernel of its version.
    fn suffix(self) -> String {
        format!("{}{}", self.instrument.suffix(), self.huge.map_or("", HugeOrder::suffix))
    }

    /// Megabytes of memory that it needs.
    pub(crate) const fn memory(self) -> u32 {
        match self.instrument {
            Instrument::None | Instrument::Coverage => 64,
            Instrument::Kasan => 256,
        }
    }

    /// How many times slower than a plain kernel it is at the most.
    pub(crate) const fn slowness(self) -> u32 {
        match self.instrument {
            Instrument::None => 1,
            Instrument::Coverage => 2,
            Instrument::Kasan => 8,
        }
    }

    /// How it is built.
    #[must_use]
    pub fn recipe(self) -> Recipe {
        let mut needed = vec!["CONFIG_TEST_HMM=y", "CONFIG_DEVICE_PRIVATE=y", "CONFIG_SPARSEMEM_VMEMMAP=y"];
        needed.extend(self.instrument.needed());
        needed.extend(self.huge.map(HugeOrder::configuration));
        let mut configuration = vec![CONFIGURATION, self.instrument.configuration()];
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

    use super::{HugeOrder, Instrument, Native};
    use crate::recipe::Recipe;
    use crate::target::Target;
    use crate::version::Version;

    #[test]
    fn only_a_kernel_with_huge_pages_on_devices_has_them_at_a_chosen_order() {
        let native = |version, huge| Native { version, instrument: Instrument::Coverage, huge };
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
        let target = Target::new(Version::V6_12, true, false).with_huge(HugeOrder::Two);
        assert!(target.is_err_and(|error| error.contains("of 7.3, and of 6.12 in a virtual machine")));
    }

    #[test]
    fn no_two_edits_of_a_version_have_the_same_place() {
        for version in Version::ALL {
            let edits = recipe(version, Instrument::None).edits;
            for (index, edit) in edits.iter().enumerate() {
                let twin = edits[..index].iter().find(|other| {
                    (other.file, other.function, other.line, other.side)
                        == (edit.file, edit.function, edit.line, edit.side)
                });
                assert!(twin.is_none(), "{}: {}", edit.file, edit.purpose);
            }
        }
    }

    fn recipe(version: Version, instrument: Instrument) -> Recipe {
        Native { version, instrument, huge: None }.recipe()
    }

    /// A source that has no more than the places that the edits look for.
    fn small_source(version: Version) -> BTreeMap<&'static str, String> {
        let mut functions: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for edit in recipe(version, Instrument::None).edits {
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
            for edit in recipe(version, Instrument::None).edits {
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
        for instrument in [Instrument::None, Instrument::Kasan, Instrument::Coverage] {
            let made = recipe(Version::V6_12, instrument);
            let configuration = made.configuration.concat();
            for needed in made.needed {
                assert!(configuration.lines().any(|line| line == needed), "{needed} of {}", made.name);
            }
        }
    }

    #[test]
    fn instruments_change_no_edit_so_that_all_share_a_source() {
        let plain = recipe(Version::V6_12, Instrument::None);
        for instrument in [Instrument::Kasan, Instrument::Coverage] {
            let other = recipe(Version::V6_12, instrument);
            assert_eq!(format!("{:?}", other.edits), format!("{:?}", plain.edits));
            assert_ne!((other.name, other.output), (plain.name.clone(), plain.output.clone()));
        }
    }
}
