//! A campaign that is spread over machines comes to the same store, byte for byte, as one machine that does all of it.

mod files;
mod spread;

use std::path::Path;

use files::{assert_same, folder, tree};
use spread::Spread;
use stalemap_campaign::{Shard, Store};
use stalemap_harness::quiet_panics;
use stalemap_implementation::Bug;
use tempfile::TempDir;

fn shard(number: u64, of: u64) -> Shard {
    Shard::new(number, of).expect("a shard")
}

/// A store with a shard.
fn done(campaign: &Spread, shard: Shard) -> TempDir {
    let folder = folder();
    campaign.run(shard, 1, folder.path());
    folder
}

/// A new store into which these were merged, one after the other.
fn merged<'a>(parts: impl IntoIterator<Item = &'a Path>) -> TempDir {
    let folder = folder();
    let store = Store::open(folder.path()).expect("a folder");
    for part in parts {
        let merged = store.merge([&Store::to_read(part)]).expect("it can be written");
        assert!(merged.damaged.is_empty(), "{:?}", merged.damaged);
    }
    folder
}

#[test]
fn a_hundred_shards_merge_to_the_store_of_one_machine() {
    quiet_panics();
    for bugs in [vec![Bug::SubpagePointer], vec![Bug::ZapKeepsRmap, Bug::DirtyMeansWrite]] {
        let campaign = Spread { bugs, end: 1_500 };
        let whole = done(&campaign, Shard::WHOLE);
        let shards: Vec<TempDir> = (0..100).map(|number| done(&campaign, shard(number, 100))).collect();
        let names = tree(whole.path());
        let traces = names.keys().filter(|name| !name.starts_with('.')).count();
        let samples = names.keys().filter(|name| name.contains("/samples/")).count();
        assert!(traces >= 1 && samples > 2 * traces, "{traces} findings by {samples} samples");
        let one_by_one = merged(shards.iter().map(TempDir::path));
        assert_same(one_by_one.path(), whole.path(), "one after the other");
        // All at once, and in another order.
        let folder = folder();
        let parts: Vec<Store> = shards.iter().rev().map(|part| Store::to_read(part.path())).collect();
        Store::open(folder.path()).and_then(|store| store.merge(&parts)).expect("it can be written");
        assert_same(folder.path(), whole.path(), "all at once");
    }
}

/// A linear congruential generator (Knuth).
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).expect("31 bits") % below
}

/// A partition of the executions: shards of which some are spread again, and those again.
fn partition(state: &mut u64) -> Vec<Shard> {
    let mut shards = vec![Shard::WHOLE];
    for _ in 0..3 {
        let spread = shards.swap_remove(random(state, shards.len()));
        let by = 2 + random(state, 4) as u64;
        shards.extend((0..by).map(|part| shard(spread.number() + part * spread.of(), spread.of() * by)));
    }
    shards
}

#[test]
fn any_partition_merges_to_the_store_of_one_machine_in_any_order_and_grouping() {
    quiet_panics();
    let campaign = Spread { bugs: vec![Bug::SubpagePointer], end: 800 };
    let whole = done(&campaign, Shard::WHOLE);
    for seed in 1..=6 {
        let state = &mut seed.clone();
        let shards = partition(state);
        let stores: Vec<TempDir> = shards.iter().map(|&shard| done(&campaign, shard)).collect();
        let all = in_some_order(state, &stores);
        assert_same(all.path(), whole.path(), &format!("{shards:?}"));
    }
}

/// Two stores become one, which may be merged with one of them again, until one is left.
fn in_some_order(state: &mut u64, stores: &[TempDir]) -> TempDir {
    let mut left: Vec<TempDir> = stores.iter().map(|store| merged([store.path()])).collect();
    while left.len() > 1 {
        let [one, other] = [(); 2].map(|()| left.swap_remove(random(state, left.len())));
        let both = merged([one.path(), other.path()]);
        let again = random(state, 3) == 0;
        left.push(if again { merged([both.path(), one.path()]) } else { both });
    }
    left.pop().expect("one is left")
}

#[test]
fn a_campaign_that_is_done_again_with_other_shards_and_goes_on_merges_to_one_store_in_any_order_and_grouping() {
    quiet_panics();
    let to = |end: u64| Spread { bugs: vec![Bug::SubpagePointer], end };
    for seed in 1..=4 {
        let state = &mut seed.clone();
        let mut stores = Vec::new();
        // The campaign to several ends, each in shards of its own, some of which are missing.
        for end in [200, 300, 500] {
            let shards = partition(state).into_iter().filter(|_| random(state, 8) > 0).collect::<Vec<_>>();
            stores.extend(shards.into_iter().map(|shard| done(&to(end), shard)));
        }
        let first = in_some_order(state, &stores);
        for _ in 0..3 {
            assert_same(in_some_order(state, &stores).path(), first.path(), &format!("seed {seed}"));
        }
    }
}
