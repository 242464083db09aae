//! What makes a kernel: its version, what is added and edited, its configuration, and what is taken from the build.

use crate::cache::digest;
use crate::edit::{Edit, Side};
use crate::edits::Addition;
use crate::version::Version;

/// How a kernel is built. Two recipes that differ in anything have two folders in the cache.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Its name: `6.12-kasan`.
    pub name: String,
    /// The version of its source.
    pub version: Version,
    /// Files of ours that are put into the source.
    pub additions: Vec<Addition>,
    /// Lines of ours that are put beside the source's.
    pub edits: Vec<Edit>,
    /// What is set beyond the tiniest configuration.
    pub configuration: Vec<&'static str>,
    /// Lines that the configuration must come to, whatever the source makes of it.
    pub needed: Vec<&'static str>,
    /// `ARCH` of the kernel's build.
    pub architecture: &'static str,
    /// What `make` is asked for.
    pub target: &'static str,
    /// Where it leaves the image, from the folder of the build.
    pub built: &'static str,
    /// The image's name in the cache.
    pub image: &'static str,
    /// The name of the build's folder beside the source.
    pub output: String,
    /// Whether the kernel's own tests of its test driver are built beside it.
    pub has_tests: bool,
    /// CPU seconds of the first build, about.
    pub seconds: u32,
}

/// Headers of ours that code of the kernel itself includes. All other files of ours ask the kernel and look at it.
const INCLUDED: [&str; 2] = ["arch/um/include/asm/", "include/linux/"];
/// The names of the bits, which change with each fault.
const BITS: &str = "include/linux/stalemap.h";

impl Recipe {
    /// A digest of the kernel's own code as it runs when no bit is set: its version, its configuration, the edits without
    /// those of a fault, and the headers of ours that the code includes. The agent and our requests to the test driver are no
    /// part of it.
    #[must_use]
    pub fn code(&self) -> String {
        let mut parts = vec![self.version.word()];
        parts.extend(&self.configuration);
        let is_included = |file: &str| file != BITS && INCLUDED.iter().any(|folder| file.starts_with(folder));
        for addition in self.additions.iter().filter(|addition| is_included(addition.file)) {
            parts.extend([addition.file, &addition.text]);
        }
        for edit in self.edits.iter().filter(|edit| !edit.is_of_a_fault()) {
            parts.extend([edit.file, edit.function, edit.line, edit.text]);
            parts.push(if edit.side == Side::Before { "before" } else { "after" });
        }
        format!("{:016x}", digest(&parts))
    }
}

#[cfg(test)]
mod tests {
    use super::Recipe;
    use crate::native::Native;
    use crate::version::Version;

    fn native(version: Version) -> Recipe {
        Native::usual(version).into()
    }

    #[test]
    fn the_code_of_a_kernel_changes_with_its_edits_and_configuration_and_not_with_the_agent_or_a_fault() {
        let plain = native(Version::V6_12);
        let changed = |change: fn(&mut Recipe)| {
            let mut recipe = plain.clone();
            change(&mut recipe);
            recipe.code() != plain.code()
        };
        assert!(changed(|recipe| recipe.edits.retain(|edit| edit.purpose != "the frames of the machine")));
        assert!(changed(|recipe| recipe.configuration.push("CONFIG_MORE=y")));
        assert!(changed(|recipe| add_to(recipe, "include/linux/stalemap_frames.h")));
        assert!(!changed(|recipe| add_to(recipe, "lib/stalemap_perform.h")));
        assert!(!changed(|recipe| add_to(recipe, "include/linux/stalemap.h")));
        assert!(!changed(|recipe| recipe.edits.retain(|edit| !edit.purpose.starts_with("fault "))));
        assert_ne!(native(Version::V6_1).code(), plain.code());
        assert_ne!(Recipe::from(Native::counting(Version::V6_12)).code(), plain.code());
    }

    fn add_to(recipe: &mut Recipe, file: &str) {
        let addition = recipe.additions.iter_mut().find(|addition| addition.file == file).expect("a file of ours");
        addition.text.push(' ');
    }
}
