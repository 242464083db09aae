//! The file of results of a measurement, from which an interrupted one goes on.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use stalemap_commands::output;

use super::engine::Engine;
use super::hunt::Hunt;

/// All that was measured, and with which settings.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) settings: Settings,
    pub(crate) hunts: Vec<Measured>,
}

/// What results must have in common to stand in one table.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) version: String,
    /// The most operations in an execution.
    pub(crate) operations: u32,
    /// CPU seconds after which a hunt gives up.
    pub(crate) cap: u64,
}

/// One hunt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) engine: Engine,
    /// The bug's name; none is the hunt for false alarms.
    pub(crate) bug: Option<String>,
    pub(crate) seed: u64,
    pub(crate) executions: u64,
    pub(crate) operations: u64,
    pub(crate) cpu_seconds: f64,
    pub(crate) reached: u64,
    pub(crate) triggered: u64,
    /// How it was detected, if it was.
    pub(crate) signature: Option<String>,
}

impl Measured {
    pub(crate) fn new(engine: Engine, bug: Option<&str>, seed: u64, hunt: &Hunt) -> Measured {
        Measured {
            engine,
            bug: bug.map(str::to_string),
            seed,
            executions: hunt.executions,
            operations: hunt.operations,
            cpu_seconds: hunt.time.as_secs_f64(),
            reached: hunt.reached,
            triggered: hunt.triggered,
            signature: hunt.found.as_ref().map(|found| found.divergence.signature().to_string()),
        }
    }
}

impl Results {
    /// Nothing was measured yet.
    pub(crate) fn none(settings: Settings) -> Results {
        Results { settings, hunts: Vec::new() }
    }

    /// The results of a file, or none yet where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds results of other settings.
    pub(crate) fn open(path: &Path, settings: Settings) -> Result<Results> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Results::none(settings)),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let results: Results =
            serde_json::from_str(&text).with_context(|| format!("{} is no file of results", path.display()))?;
        ensure!(
            results.settings == settings,
            "{} has results of other settings; remove it, or name another file with --out",
            path.display()
        );
        Ok(results)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        output::write_file(path, serde_json::to_string_pretty(self)?.as_bytes())
    }

    pub(crate) fn find(&self, engine: Engine, bug: Option<&str>, seed: u64) -> Option<&Measured> {
        self.hunts.iter().find(|it| it.engine == engine && it.bug.as_deref() == bug && it.seed == seed)
    }
}
