//! The transcripts of real kernels: the reference still agrees with all that they answered and showed.

use std::fs;
use std::path::{Path, PathBuf};

use stalemap_harness::{Compare, Driver};
use stalemap_linux::Recorded;
use stalemap_operations::{Errno, Machine, Outcome, Trace};
use walkdir::WalkDir;

fn transcripts() -> Vec<(String, Trace)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/linux");
    let entries =
        ["6.1", "6.12", "6.1-native", "6.12-native"].into_iter().flat_map(|version| WalkDir::new(corpus.join(version)));
    let paths = entries.map(|entry| entry.expect("the corpus can be listed").into_path());
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&corpus).expect("it was found there").display().to_string();
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let trace = Trace::parse(&text).unwrap_or_else(|error| panic!("{name}:{error}"));
        (name, trace)
    };
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "trace")).map(read).collect()
}

/// How the reference differs from a transcript, if it does.
fn difference(transcript: &Trace) -> Option<String> {
    let recorded = match Recorded::new(transcript) {
        Ok(recorded) => recorded,
        Err(sentence) => return Some(sentence),
    };
    let mut driver = Driver::new(move |_: &Machine| Ok(recorded.clone()));
    let run = driver.run(&transcript.program(), Compare::Everything).expect("it is that machine");
    run.divergence.map(|divergence| format!("{}: {:?}", divergence.signature(), divergence.mismatch))
}

#[test]
fn the_reference_agrees_with_everything_that_kernels_answered_and_showed() {
    let transcripts = transcripts();
    assert!(transcripts.len() > 400, "{} transcripts", transcripts.len());
    let wrong: Vec<String> = transcripts
        .iter()
        .filter_map(|(name, transcript)| Some(format!("{name}: {}", difference(transcript)?)))
        .collect();
    assert!(wrong.is_empty(), "the reference differs:\n{}", wrong.join("\n"));
}

/// A transcript that is replayed without being compared would agree with anything.
#[test]
fn a_changed_answer_and_a_changed_observation_are_differences() {
    let (_, transcript) = transcripts().swap_remove(0);
    assert_eq!(difference(&transcript), None);
    let mut answer = transcript.clone();
    answer.steps[0].answer = Some(Outcome::Refused(Errno::ESRCH));
    assert!(difference(&answer).is_some_and(|it| it.contains("outcome")), "another answer");
    for (from, to) in [("alive s0", "alive s0 s7"), ("#= alive", "#= silent"), ("#= ", "# ")] {
        let mut observation = transcript.clone();
        let lines = observation.steps.iter_mut().flat_map(|step| &mut step.comments).chain(&mut observation.ending);
        lines.for_each(|line| *line = line.replace(from, to));
        assert!(difference(&observation).is_some(), "{from} is now {to}");
    }
}
