//! Lines of a kernel's source: where the instrumented places of its code stand.

use std::path::Path;

use addr2line::Loader;
use anyhow::{Result, anyhow};

/// The lines of a kernel that is built with debug information, as those that count their passes are.
pub struct SourceLines(Loader);

/// A line of the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine {
    /// The file, from the root of the source, such as `mm/rmap.c`.
    pub file: String,
    /// The function, an inlined one too.
    pub function: String,
    /// Its number, from 1; 0 where the compiler does not tell it.
    pub line: u32,
}

impl SourceLines {
    /// Those of this image.
    ///
    /// # Errors
    /// When it cannot be read, or is no program.
    pub fn of(image: &Path) -> Result<SourceLines> {
        Loader::new(image).map(SourceLines).map_err(|error| anyhow!("cannot read {}: {error}", image.display()))
    }

    /// The line that the instruction at this address is made of; none where nothing is known of it.
    #[must_use]
    pub fn at(&self, address: u32) -> Option<SourceLine> {
        let frame = self.0.find_frames(address.into()).ok()?.next().ok()??;
        let location = frame.location?;
        let function = frame.function?.raw_name().ok()?.into_owned();
        Some(SourceLine { file: from_root(location.file?).to_string(), function, line: location.line.unwrap_or(0) })
    }
}

/// A path of the build as one from the root of the source, which is a folder `linux-source-VERSION` or the one above the build's.
fn from_root(path: &str) -> &str {
    let inside = path.rsplit_once("linux-source-").and_then(|(_, rest)| rest.split_once('/')).map_or(path, |it| it.1);
    inside.trim_start_matches("../").trim_start_matches("./")
}

#[cfg(test)]
mod tests {
    use super::{SourceLines, from_root};

    #[test]
    fn paths_begin_at_the_root_of_the_source() {
        for path in ["/a/build/linux-source-6.12/mm/rmap.c", "../mm/rmap.c", "./mm/rmap.c", "mm/rmap.c"] {
            assert_eq!(from_root(path), "mm/rmap.c");
        }
    }

    #[test]
    fn a_program_with_debug_information_tells_its_lines_and_what_is_no_program_is_an_error() {
        let this = std::env::current_exe().expect("a test is a program");
        let lines = SourceLines::of(&this).expect("it can be read");
        assert_eq!(lines.at(u32::MAX), None, "no code is there");
        let somewhere = (0..1 << 26).step_by(4096).find_map(|address| lines.at(address));
        assert!(somewhere.is_some_and(|line| !line.file.is_empty() && !line.function.is_empty()));
        let error = SourceLines::of(std::path::Path::new(file!())).err();
        assert!(error.is_some_and(|error| error.to_string().starts_with("cannot read ")));
    }
}
