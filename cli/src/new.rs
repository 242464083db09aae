//! `stalemap new`: a crate, or a folder of C, around a small allocator or memory manager that Stalemap drives.

mod layout;
mod name;
mod write;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use stalemap_commands::{Ending, output, quoted};

use crate::new::layout::{Layout, Words};

/// Write a crate that drives your own code, around a small allocator or memory manager to begin with
#[derive(Debug, Args)]
#[command(after_help = "\
The crate builds, runs campaigns, and has tests, a target of fuzzing engines, a corpus and a CI workflow. A deliberate fault \
behind the feature `fault` shows what a finding looks like.

Examples:
  stalemap new my-allocator
  cd my-allocator && cargo run --features fault -- fuzz --seconds 10
  stalemap new my-memory --level 1
  stalemap new my-c-allocator --c")]
pub(crate) struct NewArguments {
    /// The folder to write; its name is that of the crate
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// What it is written around: 0 an allocator, 1 address spaces that copy on write, 2 the same with devices
    #[arg(long, value_name = "LEVEL", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=2))]
    level: u8,
    /// Write an allocator in C with a Makefile and stalemap.h, without any Rust
    #[arg(long, conflicts_with = "path")]
    c: bool,
    /// A checkout of Stalemap to depend on, instead of the version in the registry; a program that was built in a checkout
    /// which is still there takes that one
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// Writes the folder, as a whole or not at all.
///
/// # Errors
/// When the name is not that of a crate, something is there, or the folder cannot be written.
pub(crate) fn new(arguments: &NewArguments) -> Result<Ending> {
    let folder = &arguments.folder;
    let name = folder.file_name().and_then(OsStr::to_str);
    let name = name.with_context(|| format!("{}: the path does not end in the name of a crate", folder.display()))?;
    name::check(name)?;
    ensure!(
        !arguments.c || arguments.level == 0,
        "--c writes an allocator, which is level 0; the functions of level {} are described in its stalemap.h",
        arguments.level
    );
    if arguments.c {
        write::write(folder, &Layout::C.files(&Words { name, stalemap: "" }))?;
        return told(folder, Layout::C, None);
    }
    let checkout = checkout(arguments.path.as_deref())?;
    let stalemap = match &checkout {
        Some(checkout) => format!("{{ path = {} }}", toml_string(&checkout.join("stalemap"))?),
        None => toml_string(Path::new(registry_version()))?,
    };
    let layout = Layout::of_level(arguments.level);
    write::write(folder, &layout.files(&Words { name, stalemap: &stalemap }))?;
    told(folder, layout, checkout.as_deref())
}

/// Says what was written and what to type next.
fn told(folder: &Path, layout: Layout, checkout: Option<&Path>) -> Result<Ending> {
    let shown = quoted(&folder.to_string_lossy());
    output::print_line(format_args!("Wrote {shown}: {}, with one deliberate fault.", layout.what()))?;
    if let Some(checkout) = checkout {
        output::print_line(format_args!("It depends on the checkout of Stalemap in {}.", checkout.display()))?;
    }
    output::print_line(format_args!("\n  cd {shown}"))?;
    for (command, what) in layout.commands() {
        output::print_line(format_args!("  {command:<48} {what}"))?;
    }
    Ok(Ending::Agree)
}

/// The checkout to depend on: the one that is named, or that in which this program was built.
fn checkout(named: Option<&Path>) -> Result<Option<PathBuf>> {
    let is_checkout = |folder: &Path| {
        let manifest = fs::read_to_string(folder.join("stalemap").join("Cargo.toml"));
        manifest.is_ok_and(|text| text.lines().any(|line| line == "name = \"stalemap\""))
    };
    let Some(named) = named else {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        return Ok(built.filter(|built| is_checkout(built)).map(Path::to_owned));
    };
    if !is_checkout(named) {
        bail!("{} is no checkout of Stalemap: it has no crate in stalemap/", named.display());
    }
    Ok(Some(fs::canonicalize(named).with_context(|| format!("cannot find {}", named.display()))?))
}

/// What Cargo takes for compatible with this program.
fn registry_version() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"))
}

/// A path as TOML reads it.
fn toml_string(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| anyhow!("{}: Cargo takes only paths in UTF-8", path.display()))?;
    ensure!(!text.contains(char::is_control), "{text:?}: the path has a control character");
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{registry_version, toml_string};

    #[test]
    fn a_dependency_is_written_as_toml_reads_it() {
        assert_eq!(toml_string(Path::new("a \"b\"\\c")).unwrap(), r#""a \"b\"\\c""#);
        assert!(toml_string(Path::new("a\nb")).is_err());
        assert!(env!("CARGO_PKG_VERSION").starts_with(registry_version()));
        assert_eq!(registry_version().split('.').count(), 2);
    }
}
