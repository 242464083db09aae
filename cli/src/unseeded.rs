//! What takes the place of the seeded bugs in a program that is built without them: it says how to get them.

use std::convert::Infallible;

use anyhow::{Result, bail};
use clap::Args;
use stalemap_commands::Ending;

/// How a program with the seeded bugs is built and called.
const HOW: &str = "this program is built without the seeded bugs; in a clone of stalemap \
                   `cargo run --release --features seeded-bugs -- ` and the same arguments has them";

/// Any arguments of `stalemap bugs`.
#[derive(Debug, Args)]
pub(crate) struct BugsArguments {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _any: Vec<String>,
}

pub(crate) fn bugs(_: &BugsArguments) -> Result<Ending> {
    bail!("{HOW}")
}

/// Takes no name of a bug.
pub(crate) fn no_name(_: &str) -> Result<Infallible, &'static str> {
    Err(HOW)
}
