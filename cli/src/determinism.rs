//! `stalemap check-determinism`: one trace, one result, in this process, in another, and under other engines.

use anyhow::Result;
use clap::Args;
use stalemap_commands::Ending;
use stalemap_commands::determinism::{self, DeterminismArguments, Digested, Others};

use crate::catalogue::Line;

/// Check that a trace gives one result: twice in one process, in a second process, and under other engines
#[derive(Debug, Args)]
#[command(after_help = "\
Everything that both sides answer and show after every step goes into one digest.

Examples:
  stalemap check-determinism corpus
  stalemap check-determinism --runs 10000 --seed 3
  stalemap check-determinism corpus --engines")]
pub(crate) struct DeterminismCommand {
    #[command(flatten)]
    traces: DeterminismArguments,
    /// Check under libFuzzer and under AFL++ as well, which are brought and built where they are missing
    #[arg(long)]
    engines: bool,
}

pub(crate) fn check(line: &Line, arguments: &DeterminismCommand) -> Result<Ending> {
    determinism::check(line, &arguments.traces, arguments.engines.then_some(under_engines as Others))
}

/// Runs the traces under libFuzzer and AFL++; how many differ, or `None` if the user interrupts.
#[cfg(unix)]
fn under_engines(items: &[Digested]) -> Result<Option<u64>> {
    use anyhow::{Context, ensure};
    use stalemap_commands::output;
    use stalemap_engines::{Engine, digests};
    use stalemap_report::counted;

    let inputs: Vec<(&Digested, Vec<u8>)> =
        items.iter().filter_map(|item| Some((item, item.trace.to_bytes()?))).collect();
    ensure!(
        !inputs.is_empty(),
        "no trace has bytes: engines know no machine with a size over 256 or with more than 64 spaces"
    );
    let mut different = 0;
    for engine in [Engine::Libfuzzer, Engine::Afl] {
        let word = engine.name();
        let bytes = inputs.iter().map(|(_, bytes)| bytes.as_slice());
        let there = crate::workspace::workspace().and_then(|workspace| Ok(digests(&workspace, engine, bytes)?));
        let there = there.with_context(|| format!("{word} cannot be asked; `stalemap doctor` says what it needs"))?;
        let Some(there) = there else {
            return Ok(None);
        };
        for (Digested { name, digest, .. }, bytes) in &inputs {
            let there = there.get(&stalemap_report::input_name(bytes));
            let there = there.with_context(|| format!("{word} did not run {name}"))?;
            if there != digest {
                different += 1;
                output::print_line(format_args!("{name}: {digest} here and {there} under {word}"))?;
            }
        }
        output::print_line(format_args!("{word}: {} with bytes", counted(inputs.len() as u64, "trace")))?;
    }
    Ok(Some(different))
}

#[cfg(not(unix))]
fn under_engines(_items: &[Digested]) -> Result<Option<u64>> {
    anyhow::bail!("--engines needs a Unix")
}
