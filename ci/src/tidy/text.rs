//! Rules about texts of any kind.

use std::path::Path;

use crate::rule::Offences;
use crate::tree::{File, Tree};

/// Folders that only one machine has. The parts are joined here so that this file keeps its own rule.
const MACHINE_FOLDERS: &[&str] = &[concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/")];

/// Hosts of package registries, and how an index or a mirror is named in a configuration.
const REGISTRIES: &[&str] = &[
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("://", "crates.io"),
    concat!("crates.io", "-index"),
    concat!("sparse", "+http"),
    concat!("registry", "+http"),
    concat!("replace", "-with"),
];

/// The only source of packages that Cargo.lock may name.
const LOCKED_SOURCE: &str = concat!("registry", "+https://github.com/rust-lang/crates.io", "-index");

pub(super) fn white_space(tree: &Tree, offences: &mut Offences) {
    let is_ours = |file: &&File| has_extension(file, "rs") || has_extension(file, "md") || has_extension(file, "trace");
    for file in tree.files.iter().filter(is_ours) {
        for (number, line) in file.lines() {
            if line.contains('\t') {
                offences.error(file, number, "the line has a tab");
            }
            if line.ends_with([' ', '\r']) {
                offences.error(file, number, "the line ends with white space");
            }
        }
    }
}

pub(super) fn corpus_name(tree: &Tree, offences: &mut Offences) {
    for file in tree.files.iter().filter(|file| file.is_in("corpus")) {
        let is_readme = file.path.ends_with("/README.md");
        if !is_readme && !has_extension(file, "trace") && !accompanies_a_trophy(tree, file) {
            offences.error(file, 1, "the corpus holds a file that is neither a trace nor a README.md");
        }
    }
}

/// Whether it is the exported program of a fault of Linux, or what the kernel said, beside the fault's trace.
fn accompanies_a_trophy(tree: &Tree, file: &File) -> bool {
    let Some((stem, "c" | "console")) = file.path.rsplit_once('.') else { return false };
    let trace = format!("{stem}.trace");
    file.is_in("corpus/linux/trophies") && tree.files.iter().any(|other| other.path == trace)
}

pub(super) fn machine_path(tree: &Tree, offences: &mut Offences) {
    for file in &tree.files {
        for (number, line) in file.lines() {
            for folder in MACHINE_FOLDERS.iter().filter(|folder| has_absolute(line, folder)) {
                offences.error(file, number, format!("the line has a path under `{folder}`"));
            }
        }
    }
}

/// Does a path begin with the folder, rather than lead through one of that name (`src/home/page.rs`)?
fn has_absolute(line: &str, folder: &str) -> bool {
    let leads_through = |before: char| before.is_alphanumeric() || "._-*)}]>~".contains(before);
    line.match_indices(folder).any(|(at, _)| !line[..at].ends_with(leads_through))
}

pub(super) fn registry(tree: &Tree, offences: &mut Offences) {
    for file in &tree.files {
        let is_lock = file.path.ends_with("Cargo.lock");
        for (number, line) in file.lines() {
            if is_lock {
                let source = line.strip_prefix("source = ").map(|source| source.trim_matches('"'));
                if let Some(source) = source.filter(|source| *source != LOCKED_SOURCE) {
                    offences.error(file, number, format!("a package comes from `{source}`"));
                }
            } else if let Some(host) = REGISTRIES.iter().find(|host| line.contains(*host)) {
                offences.error(file, number, format!("the line names a package registry (`{host}`)"));
            }
        }
    }
}

fn has_extension(file: &File, extension: &str) -> bool {
    Path::new(&file.path).extension().is_some_and(|found| found == extension)
}
