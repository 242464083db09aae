//! Links of the documents: each leads to a file or a heading that is there, and the guide names all its pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use regex::Regex;

use crate::files_below;

/// The folder of the guide's pages.
const GUIDE: &str = "docs/src/";

/// The links that lead nowhere in the documents below the root of the workspace, as lines `path:line: why`.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let files: BTreeSet<PathBuf> =
        files_below(root)?.iter().map(|file| Ok(file.strip_prefix(root)?.to_path_buf())).collect::<Result<_>>()?;
    let mut documents = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let text = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {}", path.display()))?;
        documents.push((path.to_string_lossy().into_owned(), text));
    }
    let exists = |path: &Path| files.contains(path) || files.iter().any(|file| file.starts_with(path));
    broken(&documents, &exists)
}

/// What is wrong with the links of documents; whether a path from the root exists is asked.
fn broken(documents: &[(String, String)], exists: &dyn Fn(&Path) -> bool) -> Result<Vec<String>> {
    let link = Regex::new(r"\]\(([^)\s]+)\)")?;
    let mut broken = Vec::new();
    let mut in_summary = BTreeSet::new();
    for (path, text) in documents {
        for (number, line) in prose(text) {
            for target in link.captures_iter(line).map(|found| found[1].to_string()) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
                let leads_to = resolve(path, file);
                let other = documents.iter().find(|(other, _)| Path::new(other) == leads_to);
                if path == &format!("{GUIDE}SUMMARY.md") {
                    in_summary.insert(leads_to.clone());
                }
                if !exists(&leads_to) {
                    broken.push(format!("{path}:{number}: there is no {}", leads_to.display()));
                } else if let Some((_, text)) = other.filter(|_| !heading.is_empty())
                    && !headings(text).any(|it| it == heading)
                {
                    broken.push(format!("{path}:{number}: {} has no heading #{heading}", leads_to.display()));
                }
            }
        }
    }
    let pages = documents.iter().map(|(path, _)| path).filter(|path| path.starts_with(GUIDE));
    let left_out = pages.filter(|path| !path.ends_with("SUMMARY.md") && !in_summary.contains(Path::new(path)));
    broken.extend(left_out.map(|path| format!("{path}: the guide's SUMMARY.md does not name it")));
    Ok(broken)
}

/// The lines that are no code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The path from the root that a link in a document means; the document itself without a path.
fn resolve(document: &str, target: &str) -> PathBuf {
    if target.is_empty() {
        return PathBuf::from(document);
    }
    let mut path = Path::new(document).parent().unwrap_or(Path::new("")).to_path_buf();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(part) => path.push(part),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    path
}

/// The names by which a document's headings are linked: small letters, spaces as `-`, no other signs.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
        kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::broken;

    #[test]
    fn a_link_leads_to_a_file_or_a_heading() {
        let text = "# A `b` c!\n[](b.md) [](../x.rs#L1) [](#a-b-c) [](https://x.y/z)\n```\n[](none)\n```\n";
        let files = ["d/a.md", "d/b.md", "x.rs"];
        let found = |text: &str| {
            let documents = [("d/a.md".to_string(), text.to_string()), ("d/b.md".to_string(), "# B\n".to_string())];
            broken(&documents, &|path| files.iter().any(|file| Path::new(file).starts_with(path))).unwrap()
        };
        assert_eq!(found(text), [""; 0]);
        assert_eq!(found("\n[](c.md)\n[](../d)\n"), ["d/a.md:2: there is no d/c.md"]);
        assert_eq!(found("[](b.md#c) [](b.md#b)\n"), ["d/a.md:1: d/b.md has no heading #c"]);
    }

    #[test]
    fn the_guide_names_its_pages() {
        let documents = [("docs/src/SUMMARY.md", "[](a.md)\n"), ("docs/src/a.md", ""), ("docs/src/b.md", "")]
            .map(|(path, text)| (path.to_string(), text.to_string()));
        let found = broken(&documents, &|_| true).unwrap();
        assert_eq!(found, ["docs/src/b.md: the guide's SUMMARY.md does not name it"]);
    }
}
