//! A store: a folder in which each finding lies under its canonical name, as the shortest trace that was met.

mod error;
mod record;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use stalemap_harness::Signature;
use stalemap_operations::{Program, Trace};
use stalemap_report::{Finding, hex};

pub use error::StoreError;
use record::{Key, Record, entries, read_all};

use crate::whole::{check_folder, write_whole};

/// The folder in a store that holds how often findings were met.
const COUNTS: &str = ".stalemap";

/// A folder of findings.
///
/// A trace has the name `SIGNATURE-DIGEST.trace`; the digest is that of its operations. Findings of one signature, subject and
/// [`variant`](Store::variant) are one, and the trace with the fewest operations stays; among equally many that with the
/// smallest text. How often each campaign has met it stands in `.stalemap/`, in a file for each. So adding is commutative,
/// associative and idempotent, up to the comments of a trace, which tell where it was met first. Folders can also be copied
/// over each other file by file; merging a store with itself then brings together what lies there twice.
///
/// Each file is written beside its place and renamed, a trace before its counts, and what is longer is removed last: whenever
/// the program stops, what was added is there. Several programs can add to one folder at the same time. Files that the store
/// did not write stay as they are.
///
/// ```
/// use stalemap_campaign::{Added, Form, Sighting, Store};
/// use stalemap_harness::{Compare, Driver};
/// use stalemap_implementation::{Bug, Implementation, Switch};
/// use stalemap_operations::{Machine, Trace};
/// use stalemap_report::Origin;
///
/// // Any builder of a `Subject` stands here.
/// let bug = Switch::new(Some(Bug::ReadonlySlowPath));
/// let mut driver = Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &bug)));
/// let program = Trace::parse(
///     "machine ram=4 device=2 spaces=2 pages=4\n\
///      map s0 v1+3 rw\nwrite s0 v2 #07\nread s0 v3\nmigrate s0 v1+3 to d0\nevict d0\n",
/// )?
/// .program();
/// let divergence = driver.run(&program, Compare::Touched)?.divergence.expect("the bug shows");
/// let sighting = Sighting { program: &program, divergence: &divergence, origin: Origin::default() };
/// let finding = sighting.find(&mut driver, "allocator", Form::Canonical, &mut |_| true)?.finding;
///
/// let folder = tempfile::tempdir()?;
/// let store = Store::open(folder.path())?.campaign("seed 7");
/// let Added::New(path) = store.add(&finding)? else { panic!("it was empty") };
/// assert!(Trace::parse(&std::fs::read_to_string(&path)?)?.program() == finding.program());
/// assert_eq!(store.add(&finding)?, Added::Present(path), "a finding is there once");
/// assert_eq!(store.entries()?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Store {
    folder: PathBuf,
    variant: String,
    campaign: String,
    replay: Arc<dyn Fn(&Path) -> String + Send + Sync>,
}

/// What became of a finding that was added. The path is that of the trace which is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// The store did not have it.
    New(PathBuf),
    /// It has taken the place of a longer trace of the same finding.
    Shorter(PathBuf),
    /// The store has it, in a trace that is no longer.
    Present(PathBuf),
}

impl Added {
    /// The trace which is there now.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Added::New(path) | Added::Shorter(path) | Added::Present(path) => path,
        }
    }
}

/// A finding in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its signature.
    pub signature: String,
    /// The subject's name.
    pub subject: String,
    /// The variant of the subject.
    pub variant: String,
    /// The trace.
    pub path: PathBuf,
    /// Executions that met it, by campaign.
    pub executions: BTreeMap<String, u64>,
}

impl Store {
    /// The store in this folder, which is made when the first finding is added.
    ///
    /// # Errors
    /// When no file can be written there.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Store, StoreError> {
        let folder = folder.into();
        check_folder(&folder).map_err(StoreError::io("write into", &folder))?;
        let replay = Arc::new(|path: &Path| format!("stalemap run {}", path.display()));
        Ok(Store { folder, variant: String::new(), campaign: String::new(), replay })
    }

    /// Adds findings of this variant of a subject: findings of other variants, such as one with a seeded bug, are others.
    #[must_use]
    pub fn variant(self, variant: impl Into<String>) -> Store {
        Store { variant: variant.into(), ..self }
    }

    /// Counts for this campaign. Campaigns of the same name are the same executions: the higher count of the two is kept,
    /// while the counts of different ones add up.
    #[must_use]
    pub fn campaign(self, campaign: impl Into<String>) -> Store {
        Store { campaign: campaign.into(), ..self }
    }

    /// Tells in each trace that this command replays it; `stalemap run` and the path where this is not called.
    #[must_use]
    pub fn replayed_by(self, command: impl Fn(&Path) -> String + Send + Sync + 'static) -> Store {
        Store { replay: Arc::new(command), ..self }
    }

    /// Adds a finding, which one execution of the campaign has met.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn add(&self, finding: &Finding) -> Result<Added, StoreError> {
        let key = self.key(&finding.signature, &finding.subject);
        let trace = Kept::new(&finding.signature, &finding.program());
        let shortest = self.scan(&key)?.0.into_iter().filter_map(|it| it.trace).min();
        if let Some(shortest) = shortest.as_ref().filter(|it| **it <= trace) {
            self.record(&key, 1).write(&self.counts_of(&shortest.name))?;
            return Ok(Added::Present(self.path_of(&shortest.name)));
        }
        let path = self.path_of(&trace.name);
        let is_there = self.trace(&trace.name)?.as_ref() == Some(&trace);
        if !is_there {
            let text = finding.file_replayed_by(env!("CARGO_PKG_VERSION"), &(self.replay)(&path));
            write_whole(&path, text.as_bytes()).map_err(StoreError::io("write", &path))?;
        }
        self.record(&key, 1).write(&self.counts_of(&trace.name))?;
        self.bring_together(&key)?;
        Ok(match shortest {
            Some(_) => Added::Shorter(path),
            // An earlier version of the program has written it, or it shows a finding of another variant as well.
            None if is_there => Added::Present(path),
            None => Added::New(path),
        })
    }

    /// Counts how many executions of the campaign have met a finding so far; whether the store has it.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn count(&self, signature: &Signature, subject: &str, executions: u64) -> Result<bool, StoreError> {
        let key = self.key(&signature.to_string(), subject);
        let Some(shortest) = self.scan(&key)?.0.into_iter().filter_map(|it| it.trace).min() else {
            return Ok(false);
        };
        self.record(&key, executions).write(&self.counts_of(&shortest.name))?;
        Ok(true)
    }

    /// All findings, in the order of their signatures.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let mut found = Vec::new();
        for key in self.keys()? {
            let (places, unreadable) = self.scan(&key)?;
            if let Some(error) = unreadable.into_iter().next() {
                return Err(error);
            }
            let mut executions = BTreeMap::new();
            for record in places.iter().flat_map(|place| &place.records) {
                let count = executions.entry(record.campaign.clone()).or_insert(0);
                *count = record.executions.max(*count);
            }
            if let Some(shortest) = places.into_iter().filter_map(|place| place.trace).min() {
                let Key { signature, subject, variant } = key;
                found.push(Entry { signature, subject, variant, path: self.path_of(&shortest.name), executions });
            }
        }
        Ok(found)
    }

    /// Adds all findings of another store, with their counts.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn merge(&self, other: &Store) -> Result<(), StoreError> {
        for key in other.keys()? {
            let (places, unreadable) = other.scan(&key)?;
            if let Some(error) = unreadable.into_iter().next() {
                return Err(error);
            }
            for Place { name, records, trace } in places {
                if trace.is_some() && self.trace(&name)? != trace {
                    let (from, to) = (other.path_of(&name), self.path_of(&name));
                    let text = fs::read(&from).map_err(StoreError::io("read", &from))?;
                    write_whole(&to, &text).map_err(StoreError::io("write", &to))?;
                }
                records.iter().try_for_each(|record| record.write(&self.counts_of(&name)))?;
            }
            self.bring_together(&key)?;
        }
        Ok(())
    }

    /// Where a finding lies more than once, keeps the shortest trace, with the counts of all.
    fn bring_together(&self, key: &Key) -> Result<(), StoreError> {
        let places = self.scan(key)?.0;
        let Some(shortest) = places.iter().filter_map(|place| place.trace.as_ref()).min() else {
            return Ok(());
        };
        for place in places.iter().filter(|place| place.name != shortest.name) {
            place.records.iter().try_for_each(|record| record.write(&self.counts_of(&shortest.name)))?;
            let folder = self.counts_of(&place.name);
            // One that shows another finding as well stays, and so does a file that is no trace any more.
            let (others, unreadable) = read_all(&folder)?;
            let is_ours = unreadable.is_empty() && others.iter().all(|record| record.key == *key);
            if is_ours && place.trace.is_some() {
                remove(&self.path_of(&place.name))?;
            }
            place.records.iter().try_for_each(|record| record.remove(&folder))?;
            // Another program may have counted there meanwhile: the folder is then not empty, and stays.
            let _ = fs::remove_dir(&folder);
        }
        Ok(())
    }

    /// Where a finding lies, and the counts that cannot be read.
    fn scan(&self, key: &Key) -> Result<(Vec<Place>, Vec<StoreError>), StoreError> {
        let (mut places, mut unreadable) = (Vec::new(), Vec::new());
        let begin = format!("{}-", key.signature);
        for folder in entries(&self.folder.join(COUNTS))? {
            let Some(name) = folder.file_name().and_then(|name| name.to_str()).filter(|it| it.starts_with(&begin))
            else {
                continue;
            };
            let (mut records, errors) = read_all(&folder)?;
            unreadable.extend(errors);
            records.retain(|record| record.key == *key);
            if !records.is_empty() {
                places.push(Place { name: name.to_string(), records, trace: self.trace(name)? });
            }
        }
        Ok((places, unreadable))
    }

    /// The keys of all findings.
    fn keys(&self) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::new();
        for folder in entries(&self.folder.join(COUNTS))? {
            let (records, unreadable) = read_all(&folder)?;
            if let Some(error) = unreadable.into_iter().next() {
                return Err(error);
            }
            keys.extend(records.into_iter().map(|record| record.key));
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// The trace with this name; none where it has gone, or is no trace any more.
    fn trace(&self, name: &str) -> Result<Option<Kept>, StoreError> {
        let path = self.path_of(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Trace::parse(&text).ok().map(|trace| Kept::named(name, &trace.program()))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(None),
            Err(error) => Err(StoreError::io("read", &path)(error)),
        }
    }

    fn key(&self, signature: &str, subject: &str) -> Key {
        Key { signature: signature.to_string(), subject: subject.to_string(), variant: self.variant.clone() }
    }

    fn record(&self, key: &Key, executions: u64) -> Record {
        Record::new(key.clone(), self.campaign.clone(), executions)
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.trace"))
    }

    fn counts_of(&self, name: &str) -> PathBuf {
        self.folder.join(COUNTS).join(name)
    }
}

/// A place at which a finding lies.
struct Place {
    name: String,
    /// Those of the finding alone.
    records: Vec<Record>,
    trace: Option<Kept>,
}

/// A trace that is kept. The smaller of two is the shorter one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    operations: usize,
    text: String,
    name: String,
}

impl Kept {
    /// With its canonical name.
    fn new(signature: &str, program: &Program) -> Kept {
        let mut kept = Kept::named("", program);
        kept.name = format!("{signature}-{}", hex(&Sha256::digest(&kept.text)[..4]));
        kept
    }

    fn named(name: &str, program: &Program) -> Kept {
        let text = Trace::from(program.clone()).to_string();
        Kept { operations: program.operations.len(), text, name: name.to_string() }
    }
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", path)(error)),
        _ => Ok(()),
    }
}
