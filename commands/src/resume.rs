//! Where a campaign begins that is resumed: what the store has of it.

use anyhow::{Result, bail};
use stalemap_campaign::{CampaignId, Piece, Recorded, Shard, Store, StoreError};

use crate::fuzz::seed_of;
use crate::output;

/// Where a campaign begins.
pub struct Beginning {
    /// Its seed.
    pub seed: u64,
    /// What was done before.
    pub before: Option<(Recorded, Piece)>,
}

impl Beginning {
    /// At the first execution of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Beginning {
        Beginning { seed, before: None }
    }
}

/// Looks for the campaign of these settings in a store. `id` makes the campaign of a seed.
///
/// # Errors
/// When the store has only campaigns of other settings or other shards, or several of these settings and no seed is given; when there
/// is nothing to resume and a shard has no seed; or when a file of the campaign cannot be read.
pub fn beginning(store: &Store, seed: Option<u64>, id: &dyn Fn(u64) -> CampaignId, shard: Shard) -> Result<Beginning> {
    let place = store.path().display();
    let contents = store.read()?;
    let there = contents.campaigns.into_iter().filter(|it| it.id.engine == id(0).engine);
    let there: Vec<Recorded> = there.filter(|it| seed.is_none_or(|seed| it.id.seed == seed)).collect();
    let mut same = there.iter().filter(|it| it.id == id(it.id.seed));
    let recorded = match (same.next(), there.first()) {
        (Some(recorded), _) => recorded,
        (None, Some(other)) => {
            let wanted = id(other.id.seed);
            let differ = wanted.differences(&other.id).into_iter();
            let differ: Vec<String> =
                differ.map(|(name, here, there)| format!("{name}: '{there}' there, '{here}' here")).collect();
            bail!(
                "the campaign of seed {} in {place} has other settings ({}): give the same, or begin another one without --resume",
                other.id.seed,
                differ.join("; ")
            )
        }
        (None, None) => {
            let of_this = |part: &str| match seed {
                Some(seed) => part == id(seed).folder(),
                None => part.starts_with(&format!("{}-seed-", id(0).engine)),
            };
            usable(&contents.damaged, &of_this)?;
            let seed = seed_of(seed, shard)?;
            output::tell(format_args!("there is nothing to resume in {place}: the campaign begins"));
            return Ok(Beginning::new(seed));
        }
    };
    let others: Vec<String> = same.map(|it| it.id.seed.to_string()).collect();
    if !others.is_empty() {
        bail!(
            "{place} has several such campaigns: give one of the seeds {}, {} by --seed",
            recorded.id.seed,
            others.join(", ")
        );
    }
    usable(&contents.damaged, &|part| part == recorded.id.folder())?;
    let Some(piece) = recorded.piece(shard) else {
        if let Some(other) = recorded.pieces().iter().map(|piece| piece.shard).find(|other| other.of() != shard.of()) {
            let how = if other == Shard::WHOLE { "whole".to_string() } else { format!("in {} shards", other.of()) };
            bail!("the campaign of seed {} in {place} was done {how}, and --shard asks for {shard}", recorded.id.seed);
        }
        return Ok(Beginning::new(recorded.id.seed));
    };
    Ok(Beginning { seed: recorded.id.seed, before: Some((recorded.clone(), piece)) })
}

/// Whether nothing that cannot be read lies in a folder of this name.
fn usable(damaged: &[StoreError], folder: &dyn Fn(&str) -> bool) -> Result<()> {
    let lies_there =
        |error: &&StoreError| error.path().components().any(|part| part.as_os_str().to_str().is_some_and(folder));
    match damaged.iter().find(lies_there) {
        Some(error) => bail!("the campaign cannot be resumed: {error}; without --resume it begins again"),
        None => Ok(()),
    }
}
