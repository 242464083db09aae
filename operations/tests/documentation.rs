//! The page on traces, corpus/README.md, has each operation and errno of the table.

use std::fs;
use std::path::Path;

use stalemap_operations::{Errno, Kind};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/README.md");
    fs::read_to_string(path).expect("corpus/README.md")
}

/// The rows of the table below this heading, each as its cells.
fn table<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let (section, _) = section.split_once("\n## ").unwrap_or((section, ""));
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The words between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn each_operation_stands_once_in_the_row_of_its_answer() {
    let page = page();
    let rows = table(&page, "Answers");
    let mut listed = 0;
    for kind in Kind::ALL {
        let row = kind.row();
        let parts: Vec<String> = row.effect.keys().iter().map(|key| format!("{key}=")).collect();
        let has = |cells: &&Vec<&str>| cells[1].trim_matches('`').split(' ').any(|word| word == row.word);
        let found: Vec<Vec<&str>> = rows.iter().filter(has).map(|cells| quoted(cells[0]).collect()).collect();
        assert_eq!(found, [parts], "`{}` in the table of answers in corpus/README.md", row.word);
        listed += found.len();
    }
    let all: usize = rows.iter().map(|cells| cells[1].split(' ').count()).sum();
    assert_eq!(listed, all, "the table of answers in corpus/README.md has a word that is no operation");
}

#[test]
fn each_errno_is_explained() {
    let page = page();
    for errno in Errno::ALL {
        let name = errno.name();
        assert!(page.contains(&format!("`{name}` ")), "corpus/README.md does not say what {name} means");
    }
}
