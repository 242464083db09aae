//! Campaigns that are spread over shards, each with a store of its own, as machines have them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use stalemap_campaign::{
    Campaign, CampaignId, CampaignStats, Diverged, Findings, Observer, Piece, Progress, Sample, Sampled, Shard, Store,
};
use stalemap_harness::{Build, Compare, Settings};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::Machine;
use stalemap_report::Origin;

pub(crate) const SEED: u64 = 7;

/// Builds machines with some bugs. Their own recount is not asked: it would see a bug wherever it begins.
#[derive(Clone)]
pub(crate) struct Seeded(pub(crate) Vec<Bug>);

impl Build for Seeded {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        Ok(Implementation::with_bug(machine, &Switch::of(&self.0)))
    }

    fn uses_recount(&self) -> bool {
        false
    }
}

/// A campaign with a seeded bug or several.
pub(crate) struct Spread {
    pub(crate) bugs: Vec<Bug>,
    /// One more than the last index.
    pub(crate) end: u64,
}

/// Keeps all that diverges.
struct Keeps<'a> {
    store: &'a Store,
    id: CampaignId,
    findings: Findings,
    shard: Shard,
    end: u64,
}

impl Observer for Keeps<'_> {
    fn diverged(&mut self, Diverged { index, program, divergence }: Diverged) -> ControlFlow<()> {
        if self.findings.count(&divergence.signature(), index) {
            let origin = Origin { seed_and_execution: Some((SEED, index)), ..Origin::default() };
            let added = self.findings.add(index, &program, &divergence, origin, &mut |_| true);
            let Sampled { met, index, found, .. } = added.expect("it takes every machine");
            let sample =
                Sample::new(&met, index, found.complete, &found.finding, |name| format!("stalemap run {name}"));
            self.store.add(&self.id, sample).expect("it can be written");
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: &Progress) {}

    fn checkpoint(&mut self, stats: &CampaignStats) {
        let piece = Piece::new(self.shard, stats, self.findings.times()).of_a_campaign_of(self.end);
        self.store.keep_piece(&self.id, &piece).expect("it can be written");
    }
}

impl Spread {
    pub(crate) fn id(&self) -> CampaignId {
        let names: Vec<&str> = self.bugs.iter().map(|bug| bug.name()).collect();
        CampaignId::native(SEED, "implementation", &Settings::default(), Compare::Touched).variant(names.join("+"))
    }

    /// Does a shard into a store.
    pub(crate) fn run(&self, shard: Shard, jobs: u32, folder: &Path) {
        let store = Store::open(folder).expect("a folder");
        let build = Seeded(self.bugs.clone());
        let findings = Findings::new("implementation", build.clone(), BTreeSet::new());
        let mut keeps = Keeps { store: &store, id: self.id(), findings, shard, end: self.end };
        let campaign = Campaign::new(build).seed(SEED).runs(self.end).jobs(jobs).shard(shard);
        let stats = campaign.run(&mut keeps).expect("it takes every machine");
        keeps.checkpoint(&stats);
        store.tidy(&self.id()).expect("it can be written");
    }
}
