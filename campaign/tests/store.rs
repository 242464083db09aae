//! Stores of findings: the shortest trace stays, in whatever order, by whatever way and however often findings come in.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;

use stalemap_campaign::{Added, Campaign, Form, Sighting, Store, StoreError};
use stalemap_harness::{Compare, Driver, quiet_panics};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Trace};
use stalemap_report::{Finding, Origin};
use tempfile::{TempDir, tempdir};

static FINDINGS: LazyLock<Vec<Finding>> = LazyLock::new(findings);

/// Findings of two bugs as they were met, made smaller for a while, and in their canonical form.
fn findings() -> Vec<Finding> {
    quiet_panics();
    let mut findings = Vec::new();
    for bug in [Bug::ZapKeepsRmap, Bug::RefillNotCounted] {
        let build = move |machine: &Machine| Ok(Implementation::with_bug(machine, &Switch::new(Some(bug))));
        let campaign = Campaign::new(build).seed(1);
        let mut driver = Driver::new(build);
        for index in 0..60 {
            let program = campaign.execution(index);
            let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
            let Some(divergence) = run.divergence else { continue };
            for patience in [0, 20, u64::MAX] {
                let origin = Origin { seed_and_execution: Some((1, index)), ..Origin::default() };
                let sighting = Sighting { program: &program, divergence: &divergence, origin };
                let mut keep_going = |it: &stalemap_harness::Progress| it.executions < patience;
                let found = sighting.find(&mut driver, "implementation", Form::Canonical, &mut keep_going);
                findings.push(found.expect("it takes every machine").finding);
            }
        }
    }
    // What one trace says of its origin is not told apart here.
    let mut traces = std::collections::BTreeSet::new();
    findings.retain(|finding| traces.insert(finding.trace.clone()));
    findings
}

fn store(folder: &Path) -> Store {
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    Store::open(folder).expect("a folder").replayed_by(name)
}

/// Every file below a folder with its content.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").display().to_string();
                files.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    files
}

/// A store into which these were added for one campaign.
fn filled<'a>(findings: impl Iterator<Item = &'a Finding>, campaign: &str) -> TempDir {
    let folder = tempdir().expect("a folder");
    let store = store(folder.path()).campaign(campaign);
    for finding in findings {
        store.add(finding).expect("it can be written");
    }
    folder
}

#[test]
fn the_shortest_trace_of_each_signature_stays_in_whatever_order_they_come() {
    let findings = &*FINDINGS;
    let forward = filled(findings.iter(), "one");
    let backward = filled(findings.iter().rev(), "one");
    assert_eq!(tree(forward.path()), tree(backward.path()));
    let mut shortest: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        let length = shortest.entry(&finding.signature).or_insert(usize::MAX);
        *length = finding.step.min(*length);
    }
    assert!(shortest.len() > 1 && shortest.len() < findings.len(), "{} of {}", shortest.len(), findings.len());
    let entries = store(forward.path()).entries().expect("it is whole");
    let kept: BTreeMap<&str, usize> = entries
        .iter()
        .map(|entry| {
            let trace = Trace::parse(&fs::read_to_string(&entry.path).expect("text")).expect("a trace");
            (entry.signature.as_str(), trace.steps.len())
        })
        .collect();
    assert_eq!(kept, shortest);
    let traces = tree(forward.path()).into_keys().filter(|name| name.ends_with(".trace")).count();
    assert_eq!(traces, shortest.len(), "longer traces are gone");
}

#[test]
fn what_is_added_says_what_became_of_it() {
    let findings = &*FINDINGS;
    let of_one: Vec<&Finding> = findings.iter().filter(|it| it.signature == findings[0].signature).collect();
    let short = *of_one.iter().min_by_key(|it| it.step).expect("one");
    let long = *of_one.iter().max_by_key(|it| it.step).expect("one");
    assert!(short.step < long.step);
    let folder = tempdir().expect("a folder");
    let store = store(&folder.path().join("made"));
    assert!(!folder.path().join("made").exists(), "it is made with the first finding");
    let Added::New(longer) = store.add(long).expect("it can be written") else { panic!("it was empty") };
    assert_eq!(store.add(long).expect("it is there"), Added::Present(longer.clone()));
    let Added::Shorter(shorter) = store.add(short).expect("it can be written") else { panic!("it is shorter") };
    assert!(shorter.exists() && !longer.exists());
    assert_eq!(store.add(long).expect("it is there"), Added::Present(shorter.clone()));
    // A user has removed it.
    fs::remove_file(&shorter).expect("it is there");
    assert_eq!(store.add(long).expect("it can be written"), Added::New(longer));
    // A user has written into it, and an earlier version of the program has written it without counts.
    fs::remove_dir_all(folder.path().join("made")).expect("it can go");
    store.add(short).expect("it can be written");
    let noted = format!("# mine\n{}", fs::read_to_string(&shorter).expect("text"));
    fs::write(&shorter, &noted).expect("it can be written");
    fs::remove_dir_all(folder.path().join("made/.stalemap")).expect("it can go");
    assert_eq!(store.add(short).expect("it is there"), Added::Present(shorter.clone()));
    assert_eq!(fs::read_to_string(&shorter).expect("text"), noted);
}

#[test]
fn stores_are_merged_in_any_order_and_as_often_as_one_likes() {
    let findings = &*FINDINGS;
    let part = |k| findings.iter().enumerate().filter(move |(at, _)| at % 3 == k).map(|(_, finding)| finding);
    let parts = [0, 1, 2].map(|k| filled(part(k), &format!("part {k}")));
    let merged = |order: &[usize]| {
        let folder = tempdir().expect("a folder");
        let store = store(folder.path());
        for &part in order {
            store.merge(&self::store(parts[part].path())).expect("it can be written");
        }
        tree(folder.path())
    };
    let once = merged(&[0, 1, 2]);
    for order in [&[2, 1, 0][..], &[1, 0, 2], &[0, 0, 1, 2, 1, 0]] {
        assert_eq!(merged(order), once, "{order:?}");
    }
    // Grouped in another way: the first takes in the merge of the other two.
    store(parts[1].path()).merge(&store(parts[2].path())).expect("it can be written");
    assert_eq!(merged(&[0, 1]), once);
    // Copied over each other file by file, and then brought together.
    let folder = tempdir().expect("a folder");
    for (name, content) in parts.iter().flat_map(|part| tree(part.path())) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    assert!(tree(folder.path()).len() > once.len());
    let copied = store(folder.path());
    copied.merge(&copied).expect("it can be written");
    assert_eq!(tree(folder.path()), once);
}

#[test]
fn counts_of_one_campaign_do_not_add_up_and_those_of_several_stand_beside_each_other() {
    let findings = &*FINDINGS;
    let folder = tempdir().expect("a folder");
    let [one, two] = ["seed 1", "seed 2"].map(|campaign| store(folder.path()).campaign(campaign));
    let longest = findings.iter().max_by_key(|it| it.step).expect("one");
    one.add(longest).expect("it can be written");
    let signature = longest.signature.parse().expect("a signature");
    assert!(one.count(&signature, "implementation", 40).expect("it is there"));
    assert!(one.count(&signature, "implementation", 30).expect("it is there"), "a shorter run of the same");
    assert!(!one.count(&signature, "another subject", 30).expect("it can be read"));
    // The counts follow the trace.
    for finding in findings.iter().filter(|it| it.signature == longest.signature) {
        two.add(finding).expect("it can be written");
    }
    let entries = one.entries().expect("it is whole");
    let counts = BTreeMap::from([("seed 1".to_string(), 40), ("seed 2".to_string(), 1)]);
    assert_eq!(entries.iter().map(|it| &it.executions).collect::<Vec<_>>(), [&counts]);
}

#[test]
fn a_finding_of_another_variant_is_another_finding() {
    let findings = &*FINDINGS;
    let of_one: Vec<&Finding> = findings.iter().filter(|it| it.signature == findings[0].signature).collect();
    let short = *of_one.iter().min_by_key(|it| it.step).expect("one");
    let long = *of_one.iter().max_by_key(|it| it.step).expect("one");
    let folder = tempdir().expect("a folder");
    let [plain, bug] = ["", "--bug b"].map(|variant| store(folder.path()).variant(variant));
    let shared = plain.add(long).expect("it can be written").path().to_owned();
    assert_eq!(bug.add(long).expect("it can be written"), Added::Present(shared.clone()), "one file shows both");
    plain.add(short).expect("it can be written");
    assert!(shared.exists(), "it is the other variant's shortest trace");
    let variants: Vec<_> = plain.entries().expect("it is whole").into_iter().map(|it| (it.variant, it.path)).collect();
    assert_eq!(variants.len(), 2);
    assert!(variants.contains(&("--bug b".to_string(), shared.clone())), "{variants:?}");
    bug.add(short).expect("it can be written");
    assert!(!shared.exists());
}

#[test]
fn several_threads_add_to_one_folder_at_the_same_time() {
    let findings = &*FINDINGS;
    let alone = filled(findings.iter(), "one");
    let folder = tempdir().expect("a folder");
    thread::scope(|scope| {
        for begin in 0..4 {
            let path = folder.path();
            scope.spawn(move || {
                let store = store(path).campaign("one");
                for finding in findings.iter().cycle().skip(begin * 7).take(findings.len()) {
                    store.add(finding).expect("it can be written");
                }
            });
        }
    });
    // One thread may have counted where another removed a longer trace.
    let all = store(folder.path());
    all.merge(&all).expect("it can be written");
    assert_eq!(tree(folder.path()), tree(alone.path()));
}

#[test]
fn a_damaged_store_is_told_and_takes_findings_all_the_same() {
    let findings = &*FINDINGS;
    let folder = filled(findings[..1].iter(), "one");
    let store = store(folder.path()).campaign("one");
    let counts = tree(folder.path()).into_keys().find(|name| name.ends_with(".json")).expect("counts");
    let counts = folder.path().join(counts);
    let trace = store.entries().expect("it is whole")[0].path.clone();
    fs::write(&counts, "{\"format\":1,").expect("a file");
    assert!(matches!(store.entries(), Err(StoreError::Damaged { path, .. }) if path == counts));
    fs::write(&counts, "{\"format\":9}").expect("a file");
    let error = store.entries().expect_err("another format");
    assert!(matches!(&error, StoreError::Format { found: 9, expected: 1, .. }), "{error}");
    store.add(&findings[0]).expect("it can be written");
    assert!(trace.exists());
    // A trace that is none any more gives way, and is not removed where it has another name.
    fs::write(&trace, "half a tra").expect("a file");
    let added = store.add(&findings[0]).expect("it can be written");
    assert_eq!(added, Added::New(trace.clone()));
    assert!(Trace::parse(&fs::read_to_string(&trace).expect("text")).is_ok());
    // A file where the folder should be.
    assert!(matches!(Store::open(&trace), Err(StoreError::Io { action: "write into", .. })));
}
