//! Hunts by engines that run in processes of their own. What such an engine finds is run here again before it is believed.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use stalemap_engines::{HuntOrder, HuntResult, Hunter};
use stalemap_harness::Compare;
use stalemap_implementation::{Bug, Switch};
use stalemap_operations::{Program, record};

use super::engine::Engine;
use super::hunt::{Found, Hunt, Limits};
use super::shortened::Shortened;
use crate::seeded;
use crate::workspace::workspace;

/// Engines that are ready to hunt.
pub(crate) struct Outside {
    libfuzzer: Option<Hunter>,
    afl: Option<Hunter>,
}

impl Outside {
    /// Builds what these engines need; nothing where none is asked for or the user interrupts.
    ///
    /// # Errors
    /// When a tool is missing and cannot be installed, or cannot build.
    pub(crate) fn prepare(engines: &[Engine]) -> Result<Option<Outside>> {
        let asked = |engine| engines.contains(&engine);
        let (for_libfuzzer, for_afl) = (asked(Engine::Libfuzzer) || asked(Engine::LibfuzzerBytes), asked(Engine::Afl));
        if !for_libfuzzer && !for_afl {
            return Ok(None);
        }
        let workspace = workspace()?;
        let build = |is_asked: bool, engine| {
            if is_asked { Hunter::prepare(workspace.clone(), engine) } else { Ok(None) }
        };
        let libfuzzer = build(for_libfuzzer, stalemap_engines::Engine::Libfuzzer)?;
        let afl = build(for_afl, stalemap_engines::Engine::Afl)?;
        let is_ready = libfuzzer.is_some() == for_libfuzzer && afl.is_some() == for_afl;
        Ok(is_ready.then_some(Outside { libfuzzer, afl }))
    }

    /// Hunts a bug, or with `None` false alarms; nothing where the user interrupts.
    ///
    /// # Errors
    /// When the engine fails, or what it finds is nothing here.
    pub(crate) fn hunt(&self, engine: Engine, bug: Option<Bug>, seed: u64, limits: Limits) -> Result<Option<Hunt>> {
        let order = HuntOrder {
            bug: bug.map(Bug::name),
            seed,
            longest: record::RECORD * (1 + limits.operations as usize),
            executions: limits.executions,
            time: limits.time,
            mutates_bytes: engine == Engine::LibfuzzerBytes,
        };
        let Some(HuntResult { counts, time, input }) = self.of(engine)?.hunt(&order)? else {
            return Ok(None);
        };
        let [executions, operations, _, reached, triggered] = counts;
        let found = input.map(|bytes| again(bug, &bytes)).transpose()?;
        Ok(Some(Hunt { executions, operations, time, reached, triggered, found }))
    }

    /// Lets libFuzzer minimise a finding; nothing where the user interrupts.
    ///
    /// # Errors
    /// When it fails, or what it comes to is nothing here.
    pub(super) fn minimise(&self, engine: Engine, bug: Bug, find: &Found, cap: Duration) -> Result<Option<Shortened>> {
        let bytes = find.program.to_bytes().context("a machine of this size has no bytes")?;
        let order = HuntOrder {
            bug: Some(bug.name()),
            seed: 0,
            longest: bytes.len(),
            executions: None,
            time: cap,
            mutates_bytes: engine == Engine::LibfuzzerBytes,
        };
        let Some(HuntResult { counts, time, input }) = self.of(engine)?.minimise(&bytes, &order)? else {
            return Ok(None);
        };
        let mut found = again(Some(bug), &input.unwrap_or(bytes))?;
        found.program.operations.truncate(found.divergence.step + 1);
        let [executions, ..] = counts;
        Ok(Some(Shortened { found, executions, time }))
    }

    fn of(&self, engine: Engine) -> Result<&Hunter> {
        let hunter = match engine {
            Engine::Libfuzzer | Engine::LibfuzzerBytes => self.libfuzzer.as_ref(),
            Engine::Afl => self.afl.as_ref(),
            Engine::Native | Engine::Uniform | Engine::Proptest => bail!("{} has no process", engine.name()),
        };
        hunter.with_context(|| format!("{} was not asked for", engine.name()))
    }
}

/// Runs here what an engine has found.
fn again(bug: Option<Bug>, bytes: &[u8]) -> Result<Found> {
    let program = Program::from_bytes(bytes);
    let mut driver = seeded::driver(&Switch::new(bug));
    let run = driver.run(&program, Compare::Touched)?;
    let divergence = run.divergence.with_context(|| {
        let bug = bug.map_or("no bug", Bug::name);
        format!("an input that stopped the target ({bug}) does nothing here; was another source built?")
    })?;
    Ok(Found { program, divergence })
}
