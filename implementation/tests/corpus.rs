//! The traces of the specification against the implementation alone: it gives every written answer, and everything
//! balances after every step.

use std::fs;
use std::path::{Path, PathBuf};

use stalemap_implementation::Implementation;
use stalemap_operations::{Subject, Trace};

#[test]
fn every_trace_of_the_specification_is_answered_as_written_and_balances_after_every_step() {
    let mut traces = Vec::new();
    find_traces(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus"), &mut traces);
    assert!(traces.len() > 100, "the corpus is there");
    let wrong: Vec<String> = traces.iter().filter_map(|path| replay(path).err()).collect();
    assert!(wrong.is_empty(), "{} of {} traces:\n{}", wrong.len(), traces.len(), wrong.join("\n"));
}

fn replay(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let trace = Trace::parse(&text).map_err(|error| format!("{}:{error}", path.display()))?;
    let mut implementation = Implementation::new(&trace.machine);
    for round in ["first", "second"] {
        for step in &trace.steps {
            let answer = implementation.apply(step.operation);
            if step.answer.is_some_and(|written| written != answer) {
                return Err(format!("{}: {round} round: {} answers {answer}", path.display(), step.operation));
            }
            implementation
                .validate()
                .map_err(|sentence| format!("{}: after {}: {sentence}", path.display(), step.operation))?;
        }
        implementation.reset();
    }
    Ok(())
}

fn find_traces(folder: &Path, traces: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find_traces(&path, traces);
        } else if path.extension().is_some_and(|extension| extension == "trace") {
            traces.push(path);
        }
    }
}
