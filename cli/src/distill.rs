//! `stalemap distill`: the smallest set of inputs that still meets what all of them meet, edges of a target among it.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use stalemap_commands::Ending;
use stalemap_commands::distill::{self, Chosen, DistillArguments};

use crate::catalogue::Line;

/// Keep the smallest set of inputs that meets what all of them meet
#[derive(Debug, Args)]
#[command(after_help = "\
What is met are transitions (operation, state before, outcome) and, with --edges, edges of the libFuzzer target, which is built then. \
Traces stay as they are, other inputs are named by the SHA-1 of their bytes. Inputs that diverge are left out.

Examples:
  stalemap distill fuzz/corpus/lockstep -o small
  stalemap distill --edges fuzz/corpus/lockstep corpus -o nightly")]
pub(crate) struct DistillCommand {
    #[command(flatten)]
    inputs: DistillArguments,
    /// Keep what meets the same edges too; builds the libFuzzer target, which takes minutes once
    #[arg(long)]
    edges: bool,
}

pub(crate) fn distill(line: &Line, arguments: &DistillCommand) -> Result<Ending> {
    distill::distill(line, &arguments.inputs, |inputs| {
        if arguments.edges {
            return by_edges(inputs);
        }
        Ok(Chosen { names: None, remark: "; edges were not looked at (--edges)".to_string() })
    })
}

/// A small set of inputs that meets every edge, from libFuzzer's merge.
#[cfg(unix)]
fn by_edges(inputs: &BTreeMap<&str, &[u8]>) -> Result<Chosen> {
    use anyhow::Context;

    let merged = stalemap_engines::merge(&crate::workspace::workspace()?, inputs).map_err(crate::workspace::hinted)?;
    let names = merged.context("interrupted")?;
    let count = names.iter().filter(|name| inputs.contains_key(name.as_str())).count();
    Ok(Chosen { names: Some(names), remark: format!("; {count} of them meet all edges") })
}

#[cfg(not(unix))]
fn by_edges(_inputs: &BTreeMap<&str, &[u8]>) -> Result<Chosen> {
    anyhow::bail!("--edges needs a Unix")
}
