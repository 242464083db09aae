//! Circles of imports between the sources of a crate: files that are understood only together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use regex::Regex;

use crate::files_below;

/// The most files that may import each other in a circle.
const LARGEST: usize = 3;

/// Crates whose largest circle has more files: the folder, and how many. The numbers only get smaller.
const LARGER: &[(&str, usize)] = &[
    // Parts import what `lib.rs` or the `mod.rs` above them hands on or defines, which imports them.
    ("operations/src", 19),
    ("subjects/src", 4),
];

/// The path of a module from the root of its crate.
type Module = Vec<String>;

/// The sources of a crate by the modules that they are: their paths, and their code without tests and comments.
type Sources = BTreeMap<Module, (String, String)>;

/// The circles of more than three files in the crates of the workspace at this root, a line each.
///
/// # Errors
/// When cargo cannot read the workspace, or a source cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec();
    let metadata = metadata.context("cargo cannot read the workspace")?;
    let imports = Imports::new()?;
    let mut broken = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.with_file_name("src");
        if folder.is_dir() {
            let name = folder.strip_prefix(root)?.as_str();
            broken.extend(beyond(name, &imports.circles(&sources(root, folder.as_std_path())?)));
        }
    }
    Ok(broken)
}

/// What is wrong with the circles of the crate with this folder, each with its number of files.
fn beyond(folder: &str, circles: &[(usize, String)]) -> Vec<String> {
    let known = LARGER.iter().find(|(larger, _)| *larger == folder).map(|&(_, files)| files);
    let most = known.unwrap_or(LARGEST);
    let mut broken: Vec<String> = circles
        .iter()
        .filter(|(files, _)| *files > most)
        .map(|(files, arrows)| format!("{files} files import each other in a circle, {most} may: {arrows}"))
        .collect();
    let largest = circles.iter().map(|(files, _)| *files).max().unwrap_or(0);
    if known.is_some_and(|known| largest < known) {
        broken.push(format!("{folder}: the largest circle has {largest} files: say so in ci/src/circles.rs"));
    }
    broken
}

/// The sources below the folder `src` of a crate.
fn sources(root: &Path, folder: &Path) -> Result<Sources> {
    let mut sources = Sources::new();
    for file in files_below(folder)? {
        let (path, within) = (file.strip_prefix(root)?.to_string_lossy(), file.strip_prefix(folder)?);
        let Some(module) = within.to_str().and_then(module_of) else { continue };
        if module.iter().any(|part| part == "tests") {
            continue;
        }
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {path}"))?;
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        // Tests come last.
        let code: Vec<&str> = text.lines().take_while(|line| !is_tests(line)).filter(is_code).collect();
        // A crate with both has its modules in the library.
        if within != Path::new("main.rs") || !sources.contains_key(&module) {
            sources.insert(module, (path.into_owned(), code.join("\n")));
        }
    }
    Ok(sources)
}

fn is_tests(line: &str) -> bool {
    line.starts_with("mod tests {")
}

/// The module that a source is, by its path below `src`.
fn module_of(path: &str) -> Option<Module> {
    let stem = path.strip_suffix(".rs")?;
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    Some(if matches!(stem, "lib" | "main") { Module::new() } else { stem.split('/').map(String::from).collect() })
}

/// What a source imports, by its text.
struct Imports {
    /// `use …;`
    uses: Regex,
    /// A path from the crate or a module near by.
    paths: Regex,
    /// `mod …;`
    children: Regex,
}

impl Imports {
    fn new() -> Result<Imports> {
        Ok(Imports {
            uses: Regex::new(r"\buse\s+([\w:{},*\s]+);")?,
            // `$crate` is the crate of a macro.
            paths: Regex::new(r"(?:^|[^$\w:])((?:crate|super|self)(?:::\w+)+)")?,
            children: Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;")?,
        })
    }

    /// The circles of a crate: the number of files of each, and who imports whom.
    fn circles(&self, sources: &Sources) -> Vec<(usize, String)> {
        let modules: Vec<&Module> = sources.keys().collect();
        let arrows: Vec<BTreeSet<usize>> =
            sources.iter().map(|(module, (_, code))| self.of(module, code, &modules)).collect();
        let reached: Vec<BTreeSet<usize>> = (0..modules.len()).map(|from| reached(from, &arrows)).collect();
        let circle_of = |at: usize| reached[at].iter().copied().filter(|&other| reached[other].contains(&at)).collect();
        let circles: BTreeSet<BTreeSet<usize>> = (0..modules.len()).map(circle_of).collect();
        let path = |at: usize| sources[modules[at]].0.as_str();
        let describe = |circle: &BTreeSet<usize>| {
            let within = |from: usize| {
                arrows[from].intersection(circle).map(move |&to| format!("{} → {}", path(from), path(to)))
            };
            let arrows: Vec<String> = circle.iter().flat_map(|&from| within(from)).collect();
            (circle.len(), arrows.join(", "))
        };
        circles.iter().filter(|circle| circle.len() > 1).map(describe).collect()
    }

    /// The other sources, by their places among the modules, that the source of this module imports something from.
    fn of(&self, module: &Module, code: &str, modules: &[&Module]) -> BTreeSet<usize> {
        let children: Vec<&str> =
            self.children.captures_iter(code).filter_map(|it| Some(it.get(1)?.as_str())).collect();
        let mut paths: Vec<String> = self.uses.captures_iter(code).flat_map(|it| flat(&it[1])).collect();
        paths.extend(self.paths.captures_iter(code).map(|it| it[1].to_string()));
        let is_named = |child: &&&str| code.contains(&format!("{child}::"));
        paths.extend(children.iter().filter(is_named).map(|child| format!("self::{child}")));
        let absolute = paths.iter().filter_map(|path| absolute(path, module, &children));
        let source =
            |path: Module| (0..=path.len()).rev().find_map(|end| modules.iter().position(|it| it[..] == path[..end]));
        absolute.filter_map(source).filter(|&at| modules[at] != module).collect()
    }
}

/// Each path of a tree such as `a::{b, c::{self, d}}`.
fn flat(tree: &str) -> Vec<String> {
    let Some((start, rest)) = tree.split_once('{') else { return vec![tree.trim().to_string()] };
    let mut depth = 0;
    let is_end = |letter: char| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        letter == ',' && depth == 0
    };
    let branches = rest.trim_end().strip_suffix('}').unwrap_or(rest).split(is_end);
    branches.flat_map(flat).filter(|path| !path.is_empty()).map(|path| format!("{}{path}", start.trim())).collect()
}

/// The path from the root of the crate, if it is one into this crate.
fn absolute(path: &str, module: &Module, children: &[&str]) -> Option<Module> {
    let mut absolute = module.clone();
    for (place, name) in path.split("::").map(|name| name.split_whitespace().next().unwrap_or("")).enumerate() {
        match name {
            "crate" => absolute.clear(),
            "super" => drop(absolute.pop()?),
            "self" => {}
            _ if place == 0 && !children.contains(&name) => return None,
            _ => absolute.push(name.to_string()),
        }
    }
    Some(absolute)
}

/// All that can be reached from here, and the start itself.
fn reached(from: usize, arrows: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let (mut reached, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(at) = open.pop() {
        open.extend(arrows[at].iter().copied().filter(|&to| reached.insert(to)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::{Imports, Sources, beyond, flat, module_of};

    fn told(sources: &[(&str, &str)]) -> Vec<String> {
        let source = |&(path, code): &(&str, &str)| Some((module_of(path)?, (path.to_string(), code.to_string())));
        beyond("a/src", &Imports::new().unwrap().circles(&sources.iter().filter_map(source).collect::<Sources>()))
    }

    #[test]
    fn a_circle_of_four_files_is_told_and_one_of_three_is_not() {
        let four = [
            ("lib.rs", "mod a;\nmod b;\npub use b::B;\n"),
            ("a.rs", "use crate::{b::B as Other, x};\n"),
            ("b.rs", "mod c;\npub(crate) use c::{\n    C,\n    D,\n};\n"),
            ("b/c.rs", "pub(super) fn f() { super::d::g() }\n"),
            ("b/d.rs", "use super::super::a::{self, A};\n"),
        ];
        let arrows = "a.rs → b.rs, b.rs → b/c.rs, b/c.rs → b/d.rs, b/d.rs → a.rs";
        let expected = format!("4 files import each other in a circle, 3 may: {arrows}");
        // `crate::x` is an item of the root.
        let mut through_the_root = four;
        through_the_root[0].1 = "mod a;\nmod b;\npub fn x() {}\n";
        assert_eq!(told(&through_the_root), [expected]);
        assert_eq!(told(&four)[0].split_once(" files").unwrap().0, "5", "the root imports b");
        for (place, instead) in [
            (1, "use other::b::B;\nmacro_rules! m { () => { $crate::b::B } }\n"),
            (2, "mod c;\n"),
            (3, "pub(super) fn f() {}\n"),
            (4, "use super::c::A;\n"),
        ] {
            let mut broken = through_the_root;
            broken[place].1 = instead;
            assert_eq!(told(&broken), [""; 0], "{}", broken[place].0);
        }
        assert_eq!(told(&[("a.rs", "use crate::b;"), ("b.rs", "use crate::c;"), ("c.rs", "use crate::a;")]), [""; 0]);
    }

    #[test]
    fn a_known_circle_may_not_grow_and_one_that_shrank_is_written_down() {
        let of = |files: usize| beyond("subjects/src", &[(files, "a → b".to_string())]);
        assert_eq!(of(4), [""; 0]);
        assert_eq!(of(5), ["5 files import each other in a circle, 4 may: a → b"]);
        assert_eq!(of(3), ["subjects/src: the largest circle has 3 files: say so in ci/src/circles.rs"]);
    }

    #[test]
    fn a_tree_has_each_of_its_paths() {
        assert_eq!(flat("crate::a"), ["crate::a"]);
        assert_eq!(flat("a::{self, b::{C, d::*}, E as F,\n}"), ["a::self", "a::b::C", "a::b::d::*", "a::E as F"]);
    }
}
