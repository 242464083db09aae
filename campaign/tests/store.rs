//! Stores of findings: the shortest trace stays, in whatever order, by whatever way and however often findings come in.

mod files;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;

use files::{assert_same, folder, tree};
use stalemap_campaign::{
    Added, Campaign, CampaignId, CampaignStats, Form, Piece, Sample, Shard, Sighting, Store, StoreError,
};
use stalemap_harness::{Compare, Driver, Settings, quiet_panics};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Trace};
use stalemap_report::{Finding, Origin};
use tempfile::TempDir;

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
    findings
}

fn campaign(seed: u64) -> CampaignId {
    CampaignId::native(seed, "implementation", &Settings::default(), Compare::Touched)
}

/// Each finding as an execution that was met with a signature of its own, so that all are sampled.
fn sample(finding: &Finding) -> Sample {
    let index = FINDINGS.iter().position(|it| it.trace == finding.trace).expect("one of them");
    let words = ["map", "read", "write", "fork"].map(|word| format!("outcome.errno@{word}"));
    let met = words[index % 4].parse().expect("a signature");
    Sample::new(&met, 1 << (index / 4), true, finding, str::to_string)
}

/// A store into which these were added.
fn filled<'a>(findings: impl Iterator<Item = &'a Finding>) -> TempDir {
    let folder = folder();
    let store = Store::open(folder.path()).expect("a folder");
    for finding in findings {
        store.add(&campaign(1), sample(finding)).expect("it can be written");
    }
    folder
}

/// The shortest and the longest finding of one signature.
fn short_and_long() -> [&'static Finding; 2] {
    let of_one = || FINDINGS.iter().filter(|it| it.signature == FINDINGS[0].signature);
    let (short, long) =
        (of_one().min_by_key(|it| it.step).expect("one"), of_one().max_by_key(|it| it.step).expect("one"));
    assert!(short.step < long.step);
    [short, long]
}

#[test]
fn the_shortest_trace_of_each_signature_stays_in_whatever_order_they_come() {
    let findings = &*FINDINGS;
    let forward = filled(findings.iter());
    let backward = filled(findings.iter().rev());
    assert_same(forward.path(), backward.path(), "backward");
    let mut shortest: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        let length = shortest.entry(&finding.signature).or_insert(usize::MAX);
        *length = finding.step.min(*length);
    }
    assert!(shortest.len() > 1 && shortest.len() < findings.len(), "{} of {}", shortest.len(), findings.len());
    let entries = Store::to_read(forward.path()).read().expect("it is whole").findings();
    let length = |path: &Path| Trace::parse(&fs::read_to_string(path).expect("text")).expect("a trace").steps.len();
    let kept: BTreeMap<&str, usize> =
        entries.iter().map(|entry| (entry.signature.as_str(), length(&entry.path))).collect();
    assert_eq!(kept, shortest);
    let traces = tree(forward.path()).into_keys().filter(|name| !name.contains('/')).count();
    assert_eq!(traces, shortest.len(), "longer traces are gone");
}

#[test]
fn a_longer_trace_goes_where_a_program_was_killed_before_it_removed_it() {
    let [short, long] = short_and_long();
    let (killed, whole) = (filled([long].into_iter()), filled([long, short].into_iter()));
    // The shorter sample was written, and nothing after it.
    for (name, bytes) in tree(whole.path()).into_iter().filter(|(name, _)| name.contains("/samples/")) {
        let path = killed.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
    Store::open(killed.path()).and_then(|store| store.add(&campaign(1), sample(short))).expect("it can be written");
    assert_same(killed.path(), whole.path(), "killed");
}

#[test]
fn what_is_added_says_what_became_of_it() {
    let [short, long] = short_and_long();
    let folder = folder();
    let store = Store::open(folder.path().join("made")).expect("a folder");
    let add = |finding| store.add(&campaign(1), sample(finding)).expect("it can be written");
    assert!(!folder.path().join("made").exists(), "it is made with the first finding");
    let Added::New(longer) = add(long) else { panic!("it was empty") };
    assert_eq!(add(long), Added::Present(longer.clone()));
    let Added::Shorter(shorter) = add(short) else { panic!("it is shorter") };
    assert!(shorter.exists() && !longer.exists());
    assert_eq!(add(long), Added::Present(shorter.clone()));
    // A user has moved it away: it comes back when it is met again.
    fs::remove_file(&shorter).expect("it is there");
    assert_eq!(add(long), Added::New(shorter.clone()));
    assert!(shorter.exists() && !longer.exists());
    // A user has written into it.
    let noted = format!("# mine\n{}", fs::read_to_string(&shorter).expect("text"));
    fs::write(&shorter, &noted).expect("it can be written");
    assert_eq!(add(short), Added::Present(shorter.clone()));
    assert_eq!(fs::read_to_string(&shorter).expect("text"), noted);
}

#[test]
fn an_execution_that_was_interrupted_gives_way_to_its_canonical_form() {
    let [short, long] = short_and_long();
    let met = "outcome.errno@map".parse().expect("a signature");
    let [complete, partial] = [(short, true), (long, false)]
        .map(|(finding, is_complete)| Sample::new(&met, 5, is_complete, finding, str::to_string));
    let [one, other] = [[&partial, &complete], [&complete, &partial]].map(|order| {
        let folder = folder();
        let store = Store::open(folder.path()).expect("a folder");
        for sample in order {
            store.add(&campaign(1), sample.clone()).expect("it can be written");
        }
        folder
    });
    assert_same(one.path(), other.path(), "in any order");
    assert_eq!(tree(one.path()).keys().filter(|name| name.contains("/samples/")).count(), 1);
}

#[test]
fn stores_are_merged_in_any_order_and_as_often_as_one_likes() {
    let findings = &*FINDINGS;
    let part = |k| findings.iter().enumerate().filter(move |(at, _)| at % 3 == k).map(|(_, finding)| finding);
    let parts = [0, 1, 2].map(|k| filled(part(k)));
    let merged = |order: &[usize]| {
        let folder = folder();
        let store = Store::open(folder.path()).expect("a folder");
        for &part in order {
            let merged = store.merge([&Store::to_read(parts[part].path())]).expect("it can be written");
            assert!(merged.damaged.is_empty());
        }
        folder
    };
    let once = merged(&[0, 1, 2]);
    let once = once.path();
    assert_same(once, filled(findings.iter()).path(), "as if all had been added to one");
    for order in [&[2, 1, 0][..], &[1, 0, 2], &[0, 0, 1, 2, 1, 0]] {
        assert_same(merged(order).path(), once, &format!("{order:?}"));
    }
    // Grouped in another way: the first takes in the merge of the other two.
    Store::open(parts[1].path())
        .expect("a folder")
        .merge([&Store::to_read(parts[2].path())])
        .expect("it can be written");
    assert_same(merged(&[0, 1]).path(), once, "grouped");
    // Copied over each other file by file, and then brought together.
    let folder = folder();
    for (name, content) in parts.iter().flat_map(|part| tree(part.path())) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    assert!(tree(folder.path()).len() > tree(once).len());
    Store::open(folder.path()).expect("a folder").merge([]).expect("it can be written");
    assert_same(folder.path(), once, "copied");
}

#[test]
fn a_finding_of_another_variant_is_another_finding() {
    let [short, long] = short_and_long();
    let folder = folder();
    let store = Store::open(folder.path()).expect("a folder");
    let add =
        |variant: &str, finding| store.add(&campaign(1).variant(variant), sample(finding)).expect("it can be written");
    let shared = add("", long).path().to_owned();
    assert_eq!(add("--bug b", long), Added::Present(shared.clone()), "one file shows both");
    add("", short);
    assert!(shared.exists(), "it is the other variant's shortest trace");
    let entries = store.read().expect("it is whole").findings();
    let variants: Vec<_> = entries.into_iter().map(|it| (it.variant, it.path)).collect();
    assert_eq!(variants.len(), 2);
    assert!(variants.contains(&("--bug b".to_string(), shared.clone())), "{variants:?}");
    add("--bug b", short);
    assert!(!shared.exists());
}

#[test]
fn several_threads_add_to_one_folder_at_the_same_time() {
    let findings = &*FINDINGS;
    let alone = filled(findings.iter());
    let folder = folder();
    thread::scope(|scope| {
        for begin in 0..4 {
            let path = folder.path();
            scope.spawn(move || {
                let store = Store::open(path).expect("a folder");
                for finding in findings.iter().cycle().skip(begin * 7).take(findings.len()) {
                    store.add(&campaign(1), sample(finding)).expect("it can be written");
                }
            });
        }
    });
    assert_same(folder.path(), alone.path(), "at the same time");
}

#[test]
fn a_damaged_store_is_told_and_takes_findings_all_the_same() {
    let findings = &*FINDINGS;
    let whole = filled(findings[..1].iter());
    let (folder, store) = (whole.path(), Store::open(whole.path()).expect("a folder"));
    let add = || store.add(&campaign(1), sample(&findings[0])).expect("it can be written");
    let is_sample = |name: &String| name.contains("/samples/");
    let kept = folder.join(tree(folder).into_keys().find(is_sample).expect("a sample"));
    let trace = add().path().to_owned();
    for damage in ["", "# mapping", "half a tra", "# no signature\nmachine ram=1 spaces=1 pages=1\n"] {
        fs::write(&kept, damage).expect("a file");
        let damaged = store.read().expect("a store").damaged;
        assert!(matches!(damaged.as_slice(), [StoreError::Damaged { path, .. }] if *path == kept), "{damaged:?}");
        add();
        assert!(store.read().expect("a store").damaged.is_empty(), "it is written again");
    }
    // A trace that is none any more gives way.
    fs::write(&trace, "half a tra").expect("a file");
    assert_eq!(add(), Added::New(trace.clone()));
    assert!(Trace::parse(&fs::read_to_string(&trace).expect("text")).is_ok());
    // Of a campaign that cannot be read nothing is used, and nothing is lost.
    let id = folder.join(tree(folder).into_keys().find(|name| name.ends_with("campaign.json")).expect("a campaign"));
    let text = fs::read_to_string(&id).expect("text");
    fs::write(&id, &text[..text.len() / 2]).expect("a file");
    let contents = store.read().expect("a store");
    assert_eq!((contents.damaged.len(), contents.campaigns.len()), (1, 0));
    let other = self::folder();
    let merged = Store::open(other.path()).and_then(|other| other.merge([&store])).expect("it can be written");
    assert!(matches!(merged.damaged.as_slice(), [StoreError::Damaged { path, .. }] if *path == id));
    assert!(kept.exists());
    // What is added to it makes it whole again.
    add();
    assert_eq!(fs::read_to_string(&id).expect("text"), text);
    let contents = store.read().expect("a store");
    assert_eq!((contents.damaged.len(), contents.campaigns.len()), (0, 1));
    // A later version of the program.
    fs::write(folder.join(".stalemap/store.json"), "{\"format\":9}").expect("a file");
    for error in [store.read().map(|_| ()), store.add(&campaign(2), sample(&findings[0])).map(|_| ())] {
        let error = error.expect_err("another format");
        assert!(matches!(&error, StoreError::Format { found: 9, expected: 2, .. }), "{error}");
    }
    // A file where the folder should be.
    assert!(matches!(Store::open(&trace), Err(StoreError::Io { action: "write into", .. })));
}

#[test]
fn what_a_later_version_has_written_of_a_campaign_stays() {
    let whole = filled(FINDINGS[..1].iter());
    let (folder, store) = (whole.path(), Store::open(whole.path()).expect("a folder"));
    let piece = |executions| {
        let stats = CampaignStats { executions, ..CampaignStats::default() };
        Piece::new(Shard::WHOLE, &stats, [])
    };
    store.keep_piece(&campaign(1), &piece(5)).expect("it can be written");
    for name in ["0-of-1.json", "campaign.json"] {
        let path = folder.join(tree(folder).into_keys().find(|it| it.ends_with(name)).expect("a file"));
        let text = fs::read_to_string(&path).expect("text");
        let later = text.replace("\"format\":2", "\"format\":9");
        fs::write(&path, &later).expect("a file");
        let error = store.keep_piece(&campaign(1), &piece(9)).expect_err("another format");
        assert!(matches!(&error, StoreError::Format { found: 9, path: it, .. } if *it == path), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("text"), later);
        fs::write(&path, text).expect("a file");
    }
    store.keep_piece(&campaign(1), &piece(9)).expect("it can be written");
}

#[test]
fn what_the_store_did_not_write_so_is_told_and_hinders_nothing_else() {
    let whole = filled(FINDINGS.iter());
    let (folder, store) = (whole.path(), Store::open(whole.path()).expect("a folder"));
    let entries = store.read().expect("a store").findings();
    let campaigns = folder.join(".stalemap/campaigns");
    let name = campaign(1).folder();
    let stray = campaigns.join(&name).join("samples/.DS_Store");
    fs::write(&stray, "no folder").expect("a file");
    let marker = folder.join(".stalemap/store.json");
    fs::write(&marker, "").expect("a file");
    // A folder that was copied would count twice.
    let copy = campaigns.join("copy");
    fs::create_dir(&copy).expect("a folder");
    fs::copy(campaigns.join(&name).join("campaign.json"), copy.join("campaign.json")).expect("a file");
    let contents = store.read().expect("a store");
    let damaged: Vec<&Path> = contents.damaged.iter().map(StoreError::path).collect();
    assert_eq!(damaged, [&*marker, &*copy, &*stray]);
    assert_eq!((contents.campaigns.len(), contents.findings()), (1, entries.clone()));
    store.add(&campaign(2), sample(&FINDINGS[0])).expect("it can be written");
    let contents = store.read().expect("a store");
    assert_eq!((contents.campaigns.len(), contents.damaged.len()), (2, 2), "the mark of the store is written again");
    assert!(stray.exists() && copy.exists());
    // One that was renamed would count for nothing.
    fs::rename(campaigns.join(&name), campaigns.join("renamed")).expect("a folder");
    let contents = store.read().expect("a store");
    assert!(contents.damaged.iter().any(|error| error.path() == campaigns.join("renamed")), "{:?}", contents.damaged);
}

#[test]
fn a_store_of_the_first_format_is_read_and_carried_along() {
    let folder = folder();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let name = "mapping.writable@migrate-0a1b2c3d";
    let counts = old.join(".stalemap").join(name);
    fs::create_dir_all(&counts).expect("a folder");
    fs::write(old.join(format!("{name}.trace")), "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\n").expect("a file");
    let record = |campaign: &str, executions: u64| {
        format!(
            "{{\"format\":1,\"signature\":\"mapping.writable@migrate\",\"subject\":\"a\",\"variant\":\"\",\
             \"campaign\":\"{campaign}\",\"executions\":{executions}}}\n"
        )
    };
    fs::write(counts.join("01.json"), record("seed 1", 40)).expect("a file");
    fs::write(counts.join("02.json"), record("seed 2", 2)).expect("a file");
    for _ in 0..2 {
        let merged =
            Store::open(&new).and_then(|store| store.merge([&Store::to_read(&old)])).expect("it can be written");
        assert!(merged.damaged.is_empty(), "{:?}", merged.damaged);
        for store in [&old, &new] {
            let contents = Store::to_read(store).read().expect("a store");
            let [earlier] = contents.earlier.as_slice() else { panic!("{:?}", contents.earlier) };
            assert_eq!(earlier.executions.values().sum::<u64>(), 42);
            assert_eq!(earlier.path, store.join(format!("{name}.trace")));
        }
    }
}

#[test]
fn a_campaign_that_is_killed_has_what_it_noted_last_and_an_end_adds_what_only_the_end_tells() {
    let folder = folder();
    let store = Store::open(folder.path()).expect("a folder");
    let id = CampaignId::unrepeatable("libfuzzer", 1, "implementation", "1");
    let piece = |executions, operations| {
        let stats = CampaignStats { executions, operations, ..CampaignStats::default() };
        Piece::new(Shard::WHOLE, &stats, [])
    };
    let counted = || {
        let total = store.read().expect("a store").campaigns[0].total();
        (total.executions, total.operations)
    };
    // Noted, noted again by a process that is behind, and over: the engine tells its operations when it ends.
    for (noted, expected) in [((4096, 0), (4096, 0)), ((2048, 9), (4096, 0)), ((4096, 70_000), (4096, 70_000))] {
        store.keep_piece(&id, &piece(noted.0, noted.1)).expect("it can be written");
        assert_eq!(counted(), expected);
    }
}
