//! The functions that the table of operations names stand in Linux 7.3, each in the source that it names.

use std::collections::BTreeMap;
use std::process::Command;

use stalemap_linux::{Cache, Version};
use stalemap_operations::TABLE;

/// Whether a source defines the function: a line that begins in the first column, is no comment and does not end the
/// declaration.
fn defines(source: &str, name: &str) -> bool {
    let call = format!("{name}(");
    let begins = |line: &str| line.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let mut rest = source.lines();
    while let Some(line) = rest.next() {
        let at = line.find(&call).filter(|&at| at == 0 || line[..at].ends_with([' ', '*']));
        if at.is_none() || !begins(line) {
            continue;
        }
        let end = std::iter::once(line).chain(rest.clone()).find(|line| line.ends_with([';', '{', '}', ')']));
        if end.is_some_and(|line| !line.ends_with(';')) {
            return true;
        }
    }
    false
}

#[test]
fn a_declaration_and_a_call_are_no_definition() {
    assert!(defines("static int\nsplit(struct page *page,\n\t int order)\n{\n", "split"));
    assert!(defines("struct page *first(void)\n{\n", "first"));
    for source in ["int split(int order);\n", "\tsplit(page);\n", " * split() splits\n", "int resplit(int a)\n{\n"] {
        assert!(!defines(source, "split"), "{source}");
    }
}

#[test]
#[ignore = "needs the packed source of 7.3; the stage `native` of ci/ runs it"]
fn each_operation_names_functions_that_linux_has() {
    let cache = Cache::of_the_user().expect("a home folder");
    let packed = cache.source(Version::V7_3);
    let mut named: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for function in TABLE.iter().flat_map(|row| row.linux) {
        named.entry(function.file).or_default().push(function.name);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let members = named.keys().map(|file| format!("linux-source-7.3/{file}"));
    let unpacked = Command::new("tar").arg("-xf").arg(&packed).arg("-C").arg(folder.path()).args(members).status();
    assert!(unpacked.is_ok_and(|status| status.success()), "cannot unpack {}", packed.display());
    for (file, names) in named {
        let path = folder.path().join("linux-source-7.3").join(file);
        let source = String::from_utf8_lossy(&std::fs::read(path).expect("a source")).into_owned();
        for name in names {
            assert!(defines(&source, name), "{file} of Linux 7.3 has no {name}");
        }
    }
}
