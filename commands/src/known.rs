//! Findings that are known: a campaign counts them and goes on, until the day on which their entry expires.

mod day;
mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use stalemap_campaign::{CampaignId, Store};
use stalemap_harness::{Compare, Driver, Signature};
use stalemap_operations::Trace;

pub(crate) use self::list::{Entry as KnownEntry, FILE as KNOWN_FILE, List};
use crate::output;

/// Findings that are known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    entries: Vec<Entry>,
    signatures: BTreeSet<Signature>,
}

/// A finding that is known.
#[derive(Clone, Debug)]
struct Entry {
    signature: Signature,
    /// A trace that shows it.
    trace: Option<PathBuf>,
    /// The file that names it.
    file: PathBuf,
}

impl Known {
    /// Reads the file that is given, if one is, and `known.toml` in the folder of findings, if it is there. An entry that has
    /// expired is told, and is none.
    ///
    /// # Errors
    /// When a file cannot be read, or an entry names no signature, no day, or something unknown.
    pub fn read(given: Option<&Path>, findings: &Path) -> Result<Known> {
        let mut known = Known::default();
        let in_folder = Some(findings.join(KNOWN_FILE)).filter(|file| file.exists());
        let files: BTreeSet<&Path> = given.into_iter().chain(in_folder.as_deref()).collect();
        for file in files {
            let text = list::text(file)?;
            if file.extension().is_some_and(|it| it == "toml") {
                known.add_entries(file, &text)?;
            } else {
                known.add_lines(file, &text)?;
            }
        }
        known.signatures = known.entries.iter().map(|entry| entry.signature.clone()).collect();
        Ok(known)
    }

    /// Their signatures.
    #[must_use]
    pub fn signatures(&self) -> &BTreeSet<Signature> {
        &self.signatures
    }

    /// Says of each that a campaign has not met whether it still shows, as far as there is a trace of it: in its entry, or in the
    /// store.
    ///
    /// # Errors
    /// When a trace cannot be read, or the subject cannot be its machine.
    pub fn tell_what_is_gone(
        &self,
        met: &BTreeMap<Signature, u64>,
        store: &Store,
        campaign: &CampaignId,
        driver: &mut Driver,
    ) -> Result<()> {
        for Entry { signature, trace, file } in self.entries.iter().filter(|it| !met.contains_key(&it.signature)) {
            let trace = match trace {
                Some(path) => Some(read_trace(path).with_context(|| format!("{}: {signature}", file.display()))?),
                None => of_store(store, campaign, signature)?,
            };
            let Some(trace) = trace else {
                output::tell(format_args!(
                    "{signature} is known and was not met; {} names no trace of it",
                    file.display()
                ));
                continue;
            };
            let run = driver.run(&trace.program(), Compare::Everything)?;
            if run.divergence.is_none_or(|divergence| divergence.signature() != *signature) {
                output::tell(format_args!(
                    "{signature} is known and no longer reproduces: take its entry out of {}",
                    file.display()
                ));
            }
        }
        Ok(())
    }

    fn add_entries(&mut self, file: &Path, text: &str) -> Result<()> {
        for (parsed, entry) in list::entries(file, text)? {
            let KnownEntry { signature, reason, expires, .. } = &entry;
            if entry.has_expired() {
                let file = file.display();
                output::tell(format_args!(
                    "{file}: the entry \"{signature}\" has expired on {expires} ({reason}): it is a finding again"
                ));
                continue;
            }
            self.entries.push(Entry { signature: parsed, trace: entry.trace, file: file.to_owned() });
        }
        Ok(())
    }

    /// Signatures, one a line, with comments behind `#`.
    fn add_lines(&mut self, file: &Path, text: &str) -> Result<()> {
        let lines = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let signature = line.parse().map_err(|error| anyhow!("{}:{number}: {error}", file.display()))?;
            self.entries.push(Entry { signature, trace: None, file: file.to_owned() });
        }
        Ok(())
    }
}

fn read_trace(path: &Path) -> Result<Trace> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Trace::parse(&text).map_err(|error| anyhow!("{}:{error}", path.display()))
}

/// The shortest trace of a finding that the store has of this variant of the subject.
fn of_store(store: &Store, campaign: &CampaignId, signature: &Signature) -> Result<Option<Trace>> {
    let (contents, form) = (store.read()?, signature.to_string());
    let campaigns = contents.campaigns.iter();
    let same = campaigns.filter(|it| it.id.subject == campaign.subject && it.id.variant == campaign.variant);
    let samples = same.flat_map(|it| it.samples()).filter(|sample| sample.form == form);
    let shortest = samples.reduce(|one, other| if other.is_before(one) { other } else { one });
    Ok(shortest.map(|sample| sample.trace()))
}
