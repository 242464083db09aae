//! The traces of the findings, which a user sees: written where samples show one, and removed where a shorter one replaces it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;

use stalemap_operations::Trace;

use super::error::StoreError;
use super::findings::{Key, Shown};
use super::folder::{Locked, remove};
use super::recorded::Recorded;
use super::sample::Sample;
use super::{Gone, Store};

impl Store {
    /// Writes the traces of findings that are new, or were added now, and removes those that shorter ones replace.
    pub(super) fn write_traces(
        &self,
        locked: &Locked<'_>,
        [lay_there, lie_there]: [&[Recorded]; 2],
        added: &BTreeSet<Key>,
        gone: Gone,
    ) -> Result<(), StoreError> {
        let [before, after] = [lay_there, lie_there].map(|campaigns| Shown::by(campaigns, &self.known));
        for (key, samples) in &after.findings {
            let name = samples[0].file_name();
            let (old, texts) = (before.files.get(&name), &after.files[&name]);
            // A user may have moved a trace away: it comes back when the finding is met again.
            if old != Some(texts) || added.contains(key) {
                self.write_trace(locked, &name, texts, old)?;
            }
        }
        // A program that was killed may have written the shorter sample and not removed the longer trace.
        for key in added {
            self.remove_longer(after.findings.get(key).into_iter().flatten().copied(), &after.files)?;
        }
        if gone == Gone::Removed {
            // Copied from another store, where it was the shortest.
            self.remove_longer(lie_there.iter().flat_map(Recorded::samples), &after.files)?;
        }
        for (key, samples) in &before.findings {
            let name = samples[0].file_name();
            // A form that was not reached yet was reported too, and is told again when it is.
            let was_reached = samples.iter().any(|sample| sample.is_complete);
            let stays = gone == Gone::Stays && was_reached && !after.findings.contains_key(key);
            if !after.files.contains_key(&name) && !stays {
                remove(&self.folder.trace(&name))?;
            }
        }
        Ok(())
    }

    /// Removes the traces of these samples that are no files of findings, unless a user has changed what lies there.
    fn remove_longer<'a>(
        &self,
        samples: impl Iterator<Item = &'a Sample>,
        files: &BTreeMap<String, Vec<&str>>,
    ) -> Result<(), StoreError> {
        for sample in samples {
            let name = sample.file_name();
            if !files.contains_key(&name) && self.trace(&name)?.is_some_and(|(text, _)| text == sample.text) {
                remove(&self.folder.trace(&name))?;
            }
        }
        Ok(())
    }

    /// Writes the first of these texts, unless a user has changed what lies there.
    fn write_trace(
        &self,
        locked: &Locked<'_>,
        name: &str,
        texts: &[&str],
        old: Option<&Vec<&str>>,
    ) -> Result<(), StoreError> {
        let path = self.folder.trace(name);
        if let Some((text, trace)) = self.trace(name)? {
            let is_ours = texts.contains(&&*text) || old.is_some_and(|old| old.contains(&&*text));
            let is_the_same = Trace::parse(texts[0]).is_ok_and(|ours| ours.program() == trace.program());
            if text == texts[0] || is_the_same && !is_ours {
                return Ok(());
            }
        }
        locked.write(&path, texts[0].as_bytes())
    }

    /// The trace with this name; none where it has gone, or is no trace any more.
    pub(super) fn trace(&self, name: &str) -> Result<Option<(String, Trace)>, StoreError> {
        let path = self.folder.trace(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Trace::parse(&text).ok().map(|trace| (text, trace))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(None),
            Err(error) => Err(StoreError::io("read", &path)(error)),
        }
    }
}
