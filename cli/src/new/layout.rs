//! What a new folder holds: the files of `stalemap new`, with its name put in.

use std::path::PathBuf;

/// What stands in the files in place of words in double braces.
pub(crate) struct Words<'a> {
    /// The name of the crate.
    pub(crate) name: &'a str,
    /// The crate `stalemap` as a dependency, as TOML.
    pub(crate) stalemap: &'a str,
}

/// A file of a new folder.
pub(crate) struct NewFile {
    /// Below the folder.
    pub(crate) path: PathBuf,
    pub(crate) content: String,
}

/// What kind of folder it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A crate around an allocator.
    Blocks,
    /// A crate around address spaces.
    Spaces,
    /// A crate around address spaces with devices.
    Devices,
    /// An allocator in C.
    C,
}

/// Path and content.
type Template = (&'static str, &'static str);

macro_rules! template {
    ($path:literal, $file:literal) => {
        ($path, include_str!($file))
    };
}

const CRATE: &[Template] = &[
    template!("Cargo.toml", "any/Cargo.toml.in"),
    template!("README.md", "any/README.md.in"),
    template!(".gitignore", "any/gitignore"),
    template!(".github/workflows/stalemap.yml", "any/stalemap.yml"),
    template!("src/main.rs", "any/main.rs"),
    template!("tests/replay.rs", "any/replay.rs"),
    template!("fuzz/Cargo.toml", "any/fuzz.toml.in"),
    template!("fuzz/build.rs", "any/fuzz_build.rs"),
    template!("fuzz/fuzz_targets/lockstep.rs", "any/lockstep.rs"),
];

const BLOCKS: &[Template] = &[
    template!("src/lib.rs", "level0/lib.rs"),
    template!("src/allocator.rs", "level0/allocator.rs"),
    template!("src/subject.rs", "level0/subject.rs"),
    template!("corpus/merges-with-its-buddy.trace", "level0/merges-with-its-buddy.trace"),
    template!("corpus/split-block-comes-back.trace", "level0/split-block-comes-back.trace"),
];

const SPACES: &[Template] = &[
    template!("src/lib.rs", "level1/lib.rs"),
    template!("src/memory.rs", "level1/memory.rs"),
    template!("src/subject.rs", "level1/subject.rs"),
    template!("corpus/a-shared-page-is-copied.trace", "level1/a-shared-page-is-copied.trace"),
    template!("corpus/read-only-pages-are-shared-too.trace", "level1/read-only-pages-are-shared-too.trace"),
];

const DEVICES: &[Template] = &[
    template!("src/lib.rs", "level1/lib.rs"),
    template!("src/memory.rs", "level2/memory.rs"),
    template!("src/subject.rs", "level2/subject.rs"),
    template!("corpus/a-shared-page-is-copied.trace", "level1/a-shared-page-is-copied.trace"),
    template!("corpus/a-shared-page-migrates-for-all.trace", "level2/a-shared-page-migrates-for-all.trace"),
];

const C: &[Template] = &[
    template!("Makefile", "c/Makefile"),
    template!("README.md", "c/README.md.in"),
    template!(".gitignore", "c/gitignore"),
    ("{{name}}.c", stalemap_c::EXAMPLE),
    ("stalemap.h", stalemap_c::HEADER),
    template!("corpus/merges-with-its-buddy.trace", "level0/merges-with-its-buddy.trace"),
    template!("corpus/split-block-comes-back.trace", "level0/split-block-comes-back.trace"),
];

impl Layout {
    /// The crate of this level.
    pub(crate) fn of_level(level: u8) -> Layout {
        match level {
            0 => Layout::Blocks,
            1 => Layout::Spaces,
            _ => Layout::Devices,
        }
    }

    /// What it is, in a few words.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Layout::Blocks => "a buddy allocator",
            Layout::Spaces => "a memory manager that copies on write",
            Layout::Devices => "a memory manager that copies on write and migrates pages to devices",
            Layout::C => "an allocator in C",
        }
    }

    /// What to type first, and what happens then.
    pub(crate) fn commands(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Layout::Blocks | Layout::Spaces | Layout::Devices => &[
                ("cargo run --features fault -- fuzz --seconds 10", "finds the fault"),
                ("cargo run -- fuzz --seconds 60", "finds nothing"),
                ("cargo test", "replays corpus/"),
            ],
            Layout::C => {
                &[("make fault", "finds the fault"), ("make fuzz", "finds nothing"), ("make test", "replays corpus/")]
            }
        }
    }

    /// Its files.
    pub(crate) fn files(self, words: &Words<'_>) -> Vec<NewFile> {
        let (shared, own): (&[Template], &[Template]) = match self {
            Layout::Blocks => (CRATE, BLOCKS),
            Layout::Spaces => (CRATE, SPACES),
            Layout::Devices => (CRATE, DEVICES),
            Layout::C => (&[], C),
        };
        let fill = |text: &str| self.fill(text, words);
        let made = |(path, content): &Template| NewFile { path: fill(path).into(), content: fill(content) };
        shared.iter().chain(own).map(made).collect()
    }

    fn fill(self, text: &str, words: &Words<'_>) -> String {
        let what = self.what();
        let capital = what[..1].to_uppercase() + &what[1..];
        let code = if self == Layout::Blocks { "allocator" } else { "memory" };
        let values = [
            ("{{name}}", words.name),
            ("{{crate}}", &words.name.replace('-', "_")),
            ("{{stalemap}}", words.stalemap),
            ("{{What}}", &capital),
            ("{{code}}", code),
        ];
        values.iter().fold(text.to_string(), |text, (word, value)| text.replace(word, value))
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, Words};

    #[test]
    fn every_word_in_braces_is_filled_in() {
        for layout in [Layout::Blocks, Layout::Spaces, Layout::Devices, Layout::C] {
            for file in layout.files(&Words { name: "my-own", stalemap: "\"0.1\"" }) {
                let content = file.content.replace("${{", "");
                assert!(!content.contains("{{"), "{layout:?}: {}", file.path.display());
                assert!(content.ends_with('\n'), "{layout:?}: {}", file.path.display());
            }
        }
    }
}
