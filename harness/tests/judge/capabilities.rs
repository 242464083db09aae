//! What a subject can show and do, and what its blocks promise: what is not there is passed over, and nothing else.

use stalemap_harness::{Compare, Driver, Run, Skipped};
use stalemap_operations::{Errno, Kind, KindSet, LargeFolios, Observables, Outcome, Stamp};

use crate::driver::{LAST, PROGRAM, fact, run};
use crate::liar::{Liars, Lie};
use crate::trace;

/// All observables but one.
fn all_but(missing: Observables) -> Observables {
    use Observables as O;
    O::ALL.without(missing)
}

#[test]
fn an_oracle_that_cannot_see_is_skipped_and_says_what_is_missing() {
    use Observables as O;
    let rows: [(Observables, &str, &[&str]); 12] = [
        (
            O::PLACES,
            "places",
            &[
                "identity.place",
                "identity.slot",
                "identity.live",
                "mapping.places",
                "mapping.writable",
                "mapping.huge",
                "mapping.home",
                "mapping.exclusive",
                "folio.head",
                "folio.index",
                "folio.mapcount",
                "mapcount",
                "refcount",
                "rmap",
                "content",
                "refusal",
            ],
        ),
        (O::STAMPS, "stamps", &["content"]),
        (O::EXCLUSIVE, "exclusive", &["mapping.exclusive"]),
        (O::WRITABLE, "writable bits", &["mapping.writable"]),
        (O::SPACES, "spaces", &["mapping.spaces"]),
        (O::MAPCOUNTS, "mapcounts", &["mapcount"]),
        (O::REFCOUNTS, "refcounts", &["refcount"]),
        (O::RMAPS, "rmaps", &["rmap"]),
        (O::SLOTS, "slots", &["identity.slot", "identity.live", "mapping.slots", "refusal"]),
        (O::FREE, "free counts", &["conservation"]),
        (O::FRAMES, "frames", &["placement.frames", "placement.run", "refusal"]),
        (
            O::FOLIOS,
            "folios",
            &["identity.live", "mapping.huge", "folio.head", "folio.index", "folio.mapcount", "placement.run"],
        ),
    ];
    for (missing, name, expected) in rows {
        let mut liars = Liars::honest();
        liars.capabilities.observables = all_but(missing);
        let mut driver = Driver::new(liars);
        run(&mut driver, PROGRAM, Compare::Touched);
        let expected: Vec<Skipped> =
            expected.iter().map(|&check| Skipped { check: check.to_string(), missing: vec![name] }).collect();
        assert_eq!(driver.skipped(), expected);
    }
    let mut driver = Driver::new(Liars::honest());
    run(&mut driver, PROGRAM, Compare::Touched);
    assert_eq!(driver.skipped(), []);
}

#[test]
fn what_is_skipped_is_told_in_words() {
    let skipped = Skipped { check: "mapping.exclusive".to_string(), missing: vec!["places", "exclusive"] };
    assert_eq!(skipped.to_string(), "mapping.exclusive (needs places, exclusive)");
}

#[test]
fn what_a_subject_does_not_show_is_not_compared() {
    let lie = Lie::Shows(|seen, _| seen.pages.iter_mut().for_each(|page| page.stamp = Stamp(9)));
    let mut liars = Liars::honest().and(lie, 0..=99);
    assert_eq!(
        fact(&run(&mut Driver::new(liars.clone()), PROGRAM, Compare::Touched)).as_deref(),
        Some("content.stamp")
    );
    liars.capabilities.observables = all_but(Observables::STAMPS);
    assert_eq!(fact(&run(&mut Driver::new(liars), PROGRAM, Compare::Everything)), None);
}

#[test]
fn one_oracle_alone_finds_only_its_own() {
    let lie = Lie::Shows(|seen, _| {
        for page in &mut seen.pages {
            page.stamp = Stamp(9);
            page.mapcount += 1;
        }
    });
    // Each step touches the page.
    const PROGRAM: &str = "map s0 v0+2 rw; write s0 v0 #1; write s0 v0 #2; write s0 v0 #3";
    let mut driver = Driver::new(Liars::honest().and(lie, 2..=99).and(Lie::Recounts("a count is wrong"), LAST..=99));
    let rows = [
        (None, Some("mapcount.count")),
        (Some("content"), Some("content.stamp")),
        (Some("conservation"), None),
        (Some("validity"), Some("validity.a_count_is_wrong")),
        (None, Some("mapcount.count")),
    ];
    for (oracle, expected) in rows {
        driver.use_only_oracle(oracle);
        for compare in [Compare::Touched, Compare::Everything] {
            assert_eq!(fact(&run(&mut driver, PROGRAM, compare)).as_deref(), expected, "{oracle:?}");
        }
    }
}

#[test]
fn operations_that_the_subject_cannot_do_are_passed_over_on_both_sides() {
    let mut liars = Liars::honest().and(Lie::Answers(|_| Outcome::Stuck), 2..=2);
    liars.capabilities.operations = KindSet::ALL.without(Kind::Protect);
    let counts = liars.counts.clone();
    let mut driver = Driver::new(liars);
    let run = run(&mut driver, PROGRAM, Compare::Everything);
    let divergence = run.divergence.expect("the third operation that is done does not end");
    assert_eq!((divergence.step, divergence.operation), (3, Some(trace(PROGRAM).steps[3].operation)));
    assert_eq!(counts.applied.get(), 3);
    assert_eq!(driver.tally().of(Kind::Protect, 0), 0);
    assert_eq!(driver.tally().operations(), 3);
}

#[test]
fn a_program_of_nothing_that_the_subject_can_do_agrees() {
    let mut liars = Liars::honest().and(Lie::Shows(|seen, _| seen.alive.clear()), 0..=99);
    liars.capabilities.operations = KindSet::NONE;
    let run = run(&mut Driver::new(liars), PROGRAM, Compare::Touched);
    assert_eq!(run, Run { steps: 4, divergence: None });
}

#[test]
fn a_block_is_aligned_as_its_contract_says() {
    let shifted = |alignment| {
        let lie = Lie::Shows(|seen, _| {
            for (_, state) in &mut seen.slots {
                if let stalemap_operations::SlotState::Block { base: Some(base), .. } = state {
                    base.offset = 1;
                }
            }
        });
        let mut liars = Liars::honest().and(lie, 0..=99);
        liars.capabilities.blocks.alignment = alignment;
        fact(&run(&mut Driver::new(liars), "alloc b0 1; read s0 v0", Compare::Touched))
    };
    assert_eq!(shifted(None).as_deref(), Some("placement.alignment"));
    assert_eq!(shifted(Some(2)).as_deref(), Some("placement.alignment"));
    assert_eq!(shifted(Some(1)), None);
}

#[test]
fn a_block_is_refused_as_its_contract_says() {
    use stalemap_operations::Refusals;
    let refused = |refusals, text: &str| {
        let mut liars = Liars::honest().and(Lie::Refuses(Errno::ENOMEM), 1..=1);
        liars.capabilities.blocks.refusals = refusals;
        [Compare::Touched, Compare::Everything]
            .map(|compare| fact(&run(&mut Driver::new(liars.clone()), text, compare)))
    };
    let [large, single] = ["read s0 v0; alloc b0 3; read s0 v0", "read s0 v0; alloc b0 0; read s0 v0"];
    let [unjust, errno] = ["refusal.unjust", "outcome.errno"].map(|it| [Some(it.to_string()), Some(it.to_string())]);
    assert_eq!(refused(Refusals::OnlyWithoutRun, large), unjust);
    assert_eq!(refused(Refusals::AboveOrder0, large), [None, None]);
    assert_eq!(refused(Refusals::AboveOrder0, single), errno);
    assert_eq!(refused(Refusals::Any, large), [None, None]);
    assert_eq!(refused(Refusals::Any, single), [None, None]);
}

#[test]
fn a_subject_that_promises_nothing_of_large_folios_may_make_its_own_choices() {
    let choices: [(&str, usize, &'static [bool]); 4] = [
        ("map s0 v0+2 rw; advise s0 v0+2 huge; migrate s0 v0+2 to d0; read s0 v0", 2, &[false]),
        ("map s0 v0+2 rw; write s0 v0 #1; read s0 v1", 1, &[true]),
        ("map s0 v0+2 rw; write s0 v0 #1; collapse s0 v0; read s0 v1", 2, &[false]),
        (
            "map s0 v0+2 rw; advise s0 v0+2 huge; write s0 v0 #1; protect s0 v0 r; fork s0 s1; exit s1; write s0 v1 #2; read s0 v1",
            6,
            &[false],
        ),
    ];
    for (text, step, claims) in choices {
        let text = format!("machine ram=8 device=4 spaces=2 pages=8 huge=1 rules=linux-7.3; {text}");
        let mut liars = Liars::honest().and(Lie::Finds(claims), step..=step);
        for (promise, is_told) in [(LargeFolios::ByRule, true), (LargeFolios::ByClaim, false)] {
            liars.capabilities.large_folios = promise;
            for compare in [Compare::Touched, Compare::Everything] {
                let divergence = run(&mut Driver::new(liars.clone()), &text, compare).divergence;
                assert_eq!(divergence.map(|it| it.step), is_told.then_some(step), "{text} ({promise:?}, {compare:?})");
            }
        }
    }
}
