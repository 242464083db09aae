//! The traces that the corpus keeps, for the tests that replay them.

use std::fs;
use std::path::Path;

use stalemap_operations::Trace;
use walkdir::WalkDir;

/// All traces in a folder of the corpus in the order of their names: name with its path from the root, text, trace.
pub(crate) fn traces(folder: &str) -> Vec<(String, String, Trace)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = WalkDir::new(root.join("corpus").join(folder)).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.expect("the corpus can be listed").into_path());
    let read = |path: std::path::PathBuf| {
        let name = path.strip_prefix(&root).expect("it was found there").display().to_string();
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let trace = Trace::parse(&text).unwrap_or_else(|error| panic!("{name}:{error}"));
        (name, text, trace)
    };
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "trace")).map(read).collect()
}
