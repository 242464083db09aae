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
