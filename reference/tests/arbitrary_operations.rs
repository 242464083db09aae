//! Arbitrary operations on the reference alone: answers are those of the table, a refusal changes nothing but where its
//! rule says so, whatever changes was touched, a reset leaves no trace. What is always true is asserted on the way.

use stalemap_operations::{
    Dialect, Effect, Errno, Home, Kind, Machine, Observation, Operation, Outcome, PageToken, PlaceState, Scope, Slot,
    Subject, Touched,
};
use stalemap_reference::Model;

/// Refusals that may have done part of their work.
const EXCEPTIONS: [(&str, Errno); 8] = [
    ("discard", Errno::ENOMEM),
    ("protect", Errno::ENOMEM),
    ("move", Errno::EFAULT),
    ("fork", Errno::ENOMEM),
    ("migrate", Errno::EINVAL),
    // The page was faulted back, and then there was no frame for the copy.
    ("write", Errno::ENOMEM),
    ("device_write", Errno::EFAULT),
    ("pin", Errno::ENOMEM),
];

/// A small generator of numbers; what it makes does not matter, only that it is always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits") % below
    }

    fn operation(&mut self, machine: &Machine) -> Operation {
        loop {
            let kind = Kind::ALL[self.next(u32::try_from(Kind::COUNT).expect("few kinds")) as usize];
            // Small numbers are likely, so that operations meet one another.
            let numbers: Vec<u32> =
                (0..7).map(|_| if self.next(2) == 0 { self.next(3) } else { self.next(256) }).collect();
            if let Some(operation) = Operation::folded(kind, numbers, machine) {
                return operation;
            }
        }
    }
}

fn model(machine: &Machine) -> Model {
    Model::new(*machine, Home::ALL.map(|home| machine.frames(home)))
}

fn everything(model: &Model) -> Observation {
    let mut seen = Observation::default();
    model.observe(&Scope::everything(), &mut seen);
    seen
}

/// One operation of a run, and what was seen around it.
struct Around<'a> {
    operation: Operation,
    outcome: Outcome,
    before: &'a Observation,
    after: &'a Observation,
    touched: &'a Touched,
}

/// Runs arbitrary operations on several machines and lets `judge` find fault with each.
fn run(seeds: std::ops::Range<u64>, judge: &mut dyn FnMut(&Around<'_>) -> Result<(), String>) {
    for (frames, spaces, pages, huge, rules) in [
        ([8, 4, 4], 3, 8, 0, Dialect::Linux6_12),
        ([3, 2, 2], 3, 3, 0, Dialect::Linux6_1),
        ([2, 1, 0], 2, 2, 0, Dialect::Linux6_12),
        ([1, 1, 1], 2, 2, 0, Dialect::Linux6_12),
        ([5, 0, 0], 4, 4, 0, Dialect::Linux6_12),
        ([8, 4, 3], 2, 4, 1, Dialect::Linux7_3),
        ([16, 8, 5], 3, 9, 2, Dialect::Linux7_3),
        ([9, 4, 0], 2, 8, 2, Dialect::Linux6_12),
        ([6, 3, 0], 2, 4, 1, Dialect::Linux6_1),
    ] {
        let plain = Machine::new(frames, spaces, pages, rules).expect("sizes within limits");
        let machine = plain.with_huge(huge).unwrap_or(plain);
        let mut model = model(&machine);
        for seed in seeds.clone() {
            let mut numbers = Numbers(seed);
            let mut done = Vec::new();
            model.reset();
            let mut before = everything(&model);
            for _ in 0..100 {
                let operation = numbers.operation(&machine);
                done.push(operation);
                let outcome = model.apply(operation);
                let after = everything(&model);
                let mut touched = Touched::default();
                assert!(model.touched(&mut touched));
                let around = Around { operation, outcome, before: &before, after: &after, touched: &touched };
                if let Err(fault) = judge(&around) {
                    let trace = stalemap_operations::Trace::new(machine, done);
                    panic!("{operation} = {outcome}: {fault}\n{trace}");
                }
                before = after;
            }
        }
    }
}

#[test]
fn every_answer_is_one_that_the_table_permits() {
    run(0..200, &mut |around| {
        let row = around.operation.kind().row();
        let permitted = match around.outcome {
            Outcome::Done(effect) => effect.shape() == row.effect,
            Outcome::Refused(errno) => row.refusals.contains(&errno),
            Outcome::Stuck => false,
        };
        if permitted { Ok(()) } else { Err("the table does not permit this answer".to_string()) }
    });
}

#[test]
fn a_refusal_changes_nothing_unless_its_rule_says_so() {
    let mut changed = [0; EXCEPTIONS.len()];
    let mut starts = (10_000..60_000).step_by(2_000);
    // Some exceptions are rare: which executions meet them depends on how many kinds there are.
    while let Some(start) = starts.next().filter(|_| changed.contains(&0)) {
        run(start..start + 2_000, &mut |around| {
            let Outcome::Refused(errno) = around.outcome else {
                return Ok(());
            };
            if around.before == around.after {
                return Ok(());
            }
            let word = around.operation.kind().row().word;
            match EXCEPTIONS.iter().position(|&exception| exception == (word, errno)) {
                Some(exception) => {
                    changed[exception] += 1;
                    Ok(())
                }
                None => Err("the refusal changed something".to_string()),
            }
        });
    }
    for ((word, errno), changed) in EXCEPTIONS.iter().zip(changed) {
        assert!(changed > 0, "`{word}` that answers {errno} never changed anything: is it an exception?");
    }
}

#[test]
fn whatever_changes_was_touched() {
    run(2_000..2_100, &mut |Around { before, after, touched, .. }| {
        let state = |of: &Observation, place| {
            of.places.iter().find(|view| view.place == place).map_or(PlaceState::Unmapped, |view| view.state)
        };
        for place in before.places.iter().chain(&after.places).map(|view| view.place) {
            if state(before, place) != state(after, place) && !touched.places.contains(&place) {
                return Err(format!("{place} changed and was not touched"));
            }
        }
        let page = |of: &Observation, token: PageToken| {
            let page = of.page(token)?;
            let facts = (page.home, page.stamp, page.exclusive, page.mapcount, page.refcount);
            Some((facts, of.rmap(page).to_vec()))
        };
        for token in before.pages.iter().chain(&after.pages).map(|view| view.token) {
            if page(before, token) != page(after, token) && !touched.pages.contains(&token) {
                return Err(format!("page {} changed and was not touched", token.0));
            }
        }
        let slot = |of: &Observation, slot: Slot| of.slots.iter().find(|(it, _)| *it == slot).cloned();
        for it in before.slots.iter().chain(&after.slots).map(|(slot, _)| *slot) {
            if slot(before, it) != slot(after, it) && !touched.slots.contains(&it) {
                return Err(format!("{it} changed and was not touched"));
            }
        }
        Ok(())
    });
}

/// The head of the large folio of a page.
fn head(seen: &Observation, page: PageToken) -> Option<PageToken> {
    Some(seen.page(page)?.folio?.head)
}

#[test]
fn counts_add_up() {
    run(3_000..3_100, &mut |Around { outcome, before, after, .. }| {
        for page in &after.pages {
            let is_mine =
                |token| token == page.token || page.folio.is_some() && head(after, token) == head(after, page.token);
            let slots = after.slots.iter().filter(|(_, state)| state.page().is_some_and(is_mine)).count();
            let entries = page.folio.map_or(page.mapcount, |folio| folio.mapcount);
            let references = page.refcount as usize - entries as usize;
            let maps = after.rmap(page).len();
            if maps != page.mapcount as usize || !(slots..=slots + 1).contains(&references) {
                return Err(format!("page {} counts {} and {references}", page.token.0, page.mapcount));
            }
        }
        let freed = match outcome {
            Outcome::Done(Effect::PagesFreed { freed, .. } | Effect::Freed(freed)) => *freed as usize,
            Outcome::Done(Effect::Nothing | Effect::Pages(_) | Effect::Value(_)) => 0,
            Outcome::Refused(_) | Outcome::Stuck => return Ok(()),
        };
        if before.pages.len() > freed + after.pages.len() {
            return Err(format!("{} pages became {}", before.pages.len(), after.pages.len()));
        }
        Ok(())
    });
}

#[test]
fn a_reset_model_cannot_be_told_from_a_new_one() {
    let machine = Machine::DEFAULT;
    let mut used = model(&machine);
    for seed in 4_000..4_100 {
        let mut fresh = model(&machine);
        used.reset();
        let mut numbers = Numbers(seed);
        for _ in 0..100 {
            let operation = numbers.operation(&machine);
            assert_eq!(used.apply(operation), fresh.apply(operation), "{operation}");
            assert_eq!(everything(&used), everything(&fresh), "{operation}");
        }
    }
}

#[test]
fn the_reference_follows_a_claim_only_where_the_layout_of_frames_decides() {
    let claims = [Outcome::Done(Effect::Nothing), Outcome::Refused(Errno::ENOMEM), Outcome::Stuck];
    let mut followed = 0;
    for seed in 5_000..5_200 {
        let machine = Machine::DEFAULT;
        let mut plain = model(&machine);
        let mut numbers = Numbers(seed);
        for _ in 0..60 {
            let operation = numbers.operation(&machine);
            for claim in claims {
                let mut other = plain.clone();
                let (answer, after) = (plain.clone().apply(operation), other.apply_after(operation, Some(claim), &[]));
                if answer == after {
                    continue;
                }
                followed += 1;
                assert_eq!((answer, after), (Outcome::Done(Effect::Nothing), Outcome::Refused(Errno::ENOMEM)));
                assert_eq!(claim, after, "{operation}");
                assert_eq!(everything(&plain), everything(&other), "a refused block changes nothing");
                assert!(matches!(operation, Operation::Alloc { order, .. } if order.0 > 0), "{operation}");
            }
            plain.apply(operation);
        }
    }
    assert!(followed > 0, "no claim was followed");
}
