//! A store: a folder in which each finding lies under its canonical name, beside what campaigns have done and met.

mod contents;
mod error;
mod findings;
mod folder;
mod format1;
mod identity;
mod merge;
mod passed;
mod piece;
mod pieces;
mod recorded;
mod sample;
mod traces;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use contents::{Contents, Earlier, Entry};
pub use error::StoreError;
pub use identity::CampaignId;
pub use merge::Merged;
pub use passed::{Passed, PassedFile};
pub use piece::Piece;
pub use recorded::Recorded;
pub use sample::Sample;

use crate::whole::check_folder;
use findings::{Key, Shown};
use folder::{Folder, Locked};

/// A folder of findings, and of what campaigns have done.
///
/// Beside the folder `.stalemap` lies the shortest trace of each finding, as `SIGNATURE-DIGEST.trace`; the digest is that of its
/// operations. Findings of one signature, subject and [variant](CampaignId::variant) are one. In `.stalemap` lie, for each
/// [campaign](CampaignId), its [pieces](Piece) (which executions were done, and what they came to) and its [samples](Sample) (the
/// executions that were brought to their canonical form). The findings are a function of the samples, and the samples
/// that are kept are a function of all executions (`sampling.rs`), so that merging is commutative, associative and
/// idempotent: stores of a hundred machines merge to the store of one machine that has done all of their executions,
/// byte for byte. Folders can also be copied over each other file by file; [`merge`](Store::merge) with no other store
/// then brings together what lies there.
///
/// Each file is written beside its place and renamed, and what it replaces is removed last: whenever the program stops, what was
/// added is there. Several programs can add to one folder at the same time; a lock keeps them apart. Files that the
/// store did not write stay as they are.
///
/// ```
/// use stalemap_campaign::{Added, CampaignId, Form, Sample, Sighting, Store};
/// use stalemap_harness::{Compare, Driver, Settings};
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
/// let found = sighting.find(&mut driver, "allocator", Form::Canonical, &mut |_| true)?;
///
/// let folder = tempfile::tempdir()?;
/// let store = Store::open(folder.path())?;
/// let campaign = CampaignId::native(7, "allocator", &Settings::default(), Compare::Touched);
/// let replay = |name: &str| format!("allocator run {name}");
/// let sample = Sample::new(&divergence.signature(), 12, found.complete, &found.finding, replay);
/// let Added::New(path) = store.add(&campaign, sample.clone())? else { panic!("it was empty") };
/// assert!(Trace::parse(&std::fs::read_to_string(&path)?)?.program() == found.finding.program());
/// assert_eq!(store.add(&campaign, sample)?, Added::Present(path), "a finding is there once");
/// assert_eq!(store.read()?.findings().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    folder: Folder,
    known: BTreeSet<String>,
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

impl Store {
    /// The folder in a store that holds all but the traces of the findings. The traces in it are those of executions.
    pub const INSIDE: &str = folder::INSIDE;

    /// The store in this folder, which is made when something is added.
    ///
    /// # Errors
    /// When no file can be written there.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Store, StoreError> {
        let folder = folder.into();
        check_folder(&folder).map_err(StoreError::io("write into", &folder))?;
        Ok(Store::to_read(folder))
    }

    /// The store in this folder, which may be one that cannot be written to.
    pub fn to_read(folder: impl Into<PathBuf>) -> Store {
        Store { folder: Folder(folder.into()), known: BTreeSet::new() }
    }

    /// Keeps no traces of findings with these signatures beside `.stalemap`.
    #[must_use]
    pub fn known(self, known: impl IntoIterator<Item = impl ToString>) -> Store {
        Store { known: known.into_iter().map(|it| it.to_string()).collect(), ..self }
    }

    /// Whether a campaign has begun there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.folder.inside().is_dir()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder.0
    }

    /// Adds a sampled execution, and the finding that it shows.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn add(&self, campaign: &CampaignId, sample: Sample) -> Result<Added, StoreError> {
        let (key, name) = (Key::of(campaign, &sample), sample.file_name());
        let mut recorded = Recorded::new(campaign.clone());
        recorded.insert(sample);
        let locked = self.folder.lock()?;
        let (campaigns, _) = self.folder.read_all()?;
        let of_key = |campaigns: &[Recorded]| {
            Shown::by(campaigns, &self.known).findings.get(&key).map(|samples| samples[0].file_name())
        };
        let is_there = |name: &str| self.trace(name).map(|trace| trace.is_some());
        let old = of_key(&campaigns);
        let (new_is_there, old_is_there) = (is_there(&name)?, old.as_deref().map_or(Ok(false), is_there)?);
        let after = self.absorb(&locked, campaigns, recorded, Gone::Stays)?;
        let shown = of_key(&after).unwrap_or(name);
        let path = self.folder.trace(&shown);
        let is_present = match &old {
            Some(old) if *old != shown => return Ok(Added::Shorter(path)),
            Some(_) => old_is_there,
            // It shows a finding of another variant as well.
            None => new_is_there,
        };
        Ok(if is_present { Added::Present(path) } else { Added::New(path) })
    }

    /// Writes down how far a shard of a campaign has come. What is written is not looked at with all else that lies there, so that
    /// it can be done every second. Of the same executions what was told last stays: an engine tells its operations when it ends.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn keep_piece(&self, campaign: &CampaignId, piece: &Piece) -> Result<(), StoreError> {
        let locked = self.folder.lock()?;
        // One that cannot be read is replaced.
        let there = self.folder.read_piece(campaign, piece).ok().flatten();
        if there.is_some_and(|there| there.executions > piece.executions || there == *piece) {
            return Ok(());
        }
        locked.begin(campaign)?;
        locked.write_piece(campaign, piece)
    }

    /// Brings together what lies there of a campaign: its pieces, its samples and their traces.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn tidy(&self, campaign: &CampaignId) -> Result<(), StoreError> {
        let locked = self.folder.lock()?;
        let (campaigns, _) = self.folder.read_all()?;
        if campaigns.iter().any(|it| it.id == *campaign) {
            self.absorb(&locked, campaigns, Recorded::new(campaign.clone()), Gone::Stays)?;
        }
        Ok(())
    }

    /// Adds what was passed of a subject's own code.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn add_passed(&self, passed: &Passed) -> Result<(), StoreError> {
        let locked = self.folder.lock()?;
        passed::add(&self.folder, &locked, passed)
    }

    /// All that lies there.
    ///
    /// # Errors
    /// When the folder cannot be read, or belongs to a later version of the program.
    pub fn read(&self) -> Result<Contents, StoreError> {
        let (campaigns, mut damaged) = self.folder.read_all()?;
        let earlier = format1::read_all(&self.folder, &mut damaged)?;
        let passed = passed::read_all(&self.folder, &mut damaged)?;
        let (folders, known) = (vec![self.folder.0.clone()], self.known.clone());
        Ok(Contents { campaigns, damaged, earlier, passed, folders, known })
    }

    /// Takes in what is known of a campaign beside these, which lie there; all campaigns as they are then.
    fn absorb(
        &self,
        locked: &Locked<'_>,
        mut campaigns: Vec<Recorded>,
        recorded: Recorded,
        gone: Gone,
    ) -> Result<Vec<Recorded>, StoreError> {
        let added: BTreeSet<Key> = recorded.samples().map(|sample| Key::of(&recorded.id, sample)).collect();
        let at = campaigns.binary_search_by(|it| it.id.cmp(&recorded.id));
        let before = campaigns.clone();
        let at = at.unwrap_or_else(|at| {
            campaigns.insert(at, Recorded::new(recorded.id.clone()));
            at
        });
        campaigns[at].merge(recorded);
        let old = before.iter().find(|it| it.id == campaigns[at].id);
        locked.replace(old, &campaigns[at])?;
        self.write_traces(locked, [&before, &campaigns], &added, gone)?;
        if let Some(old) = old {
            locked.remove_what_is_gone(old, &campaigns[at])?;
        }
        Ok(campaigns)
    }
}

/// What becomes of the trace of a finding that no sample shows any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    /// It stays, since it was reported.
    Stays,
    /// It is removed: the store is that of one machine which has done all executions.
    Removed,
}
