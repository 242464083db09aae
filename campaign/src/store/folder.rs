//! The files of a store: where they lie, how they are read, and how they are written while no other program writes.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::identity::CampaignId;
use super::piece::Piece;
use super::recorded::Recorded;
use super::sample::Sample;

/// The folder in a store that holds all but the traces of the findings.
pub(super) const INSIDE: &str = ".stalemap";
/// The format of these files.
pub(super) const FORMAT: u32 = 2;

/// Ends of the names of samples.
const COMPLETE: &str = ".trace";
const PARTIAL: &str = ".partial.trace";

/// The files of a store.
#[derive(Clone, Debug)]
pub(super) struct Folder(pub(super) PathBuf);

/// A store that no other program writes to while this lives.
pub(super) struct Locked<'a> {
    folder: &'a Folder,
    _lock: File,
}

/// A file with the number of its format.
#[derive(Serialize, Deserialize)]
struct Numbered<T> {
    format: u32,
    #[serde(flatten)]
    content: T,
}

/// What each file has.
#[derive(Serialize, Deserialize)]
struct Nothing {}

impl Folder {
    /// Waits until no other program writes to the store, and keeps others from it. Half-written files of programs that were killed
    /// are removed.
    pub(super) fn lock(&self) -> Result<Locked<'_>, StoreError> {
        let unfinished = self.unfinished();
        fs::create_dir_all(&unfinished).map_err(StoreError::io("make", &unfinished))?;
        let path = self.inside().join("lock");
        let lock = File::options().create(true).append(true).open(&path).map_err(StoreError::io("open", &path))?;
        match lock.lock() {
            // Some shared file systems have no locks; then programs must not write at the same time.
            Err(error) if error.kind() != ErrorKind::Unsupported => return Err(StoreError::io("lock", &path)(error)),
            Ok(()) | Err(_) => {}
        }
        for left in entries(&unfinished)? {
            let _ = fs::remove_file(left);
        }
        let locked = Locked { folder: self, _lock: lock };
        let marker = self.marker();
        match read_json::<Nothing>(&marker) {
            Ok(Some(_)) => {}
            // Each file has its format too.
            Ok(None) | Err(StoreError::Damaged { .. }) => locked.write_json(&marker, &Nothing {})?,
            Err(error) => return Err(error),
        }
        Ok(locked)
    }

    /// All campaigns, and what cannot be read.
    pub(super) fn read_all(&self) -> Result<(Vec<Recorded>, Vec<StoreError>), StoreError> {
        let (mut campaigns, mut errors) = (Vec::new(), Vec::new());
        match read_json::<Nothing>(&self.marker()) {
            Ok(_) => {}
            Err(error @ StoreError::Damaged { .. }) => errors.push(error),
            Err(error) => return Err(error),
        }
        for folder in entries(&self.campaigns())? {
            match read_json(&folder.join("campaign.json")) {
                Ok(Some(id)) if self.of(&id) == folder => campaigns.push(self.read(id, &mut errors)?),
                // What lies in it would count twice, or not at all.
                Ok(Some(id)) => {
                    let reason = format!("it holds a campaign whose folder is called {}", id.folder());
                    errors.push(StoreError::damaged(&folder, reason));
                }
                // Another program has just begun it; or a file was lost.
                Ok(None) if entries(&folder)?.is_empty() => {}
                Ok(None) => errors.push(StoreError::damaged(&folder, "it has no campaign.json")),
                Err(error) => errors.push(error),
            }
        }
        campaigns.sort_by(|one, other| one.id.cmp(&other.id));
        Ok((campaigns, errors))
    }

    /// What lies here of a campaign.
    pub(super) fn read(&self, id: CampaignId, errors: &mut Vec<StoreError>) -> Result<Recorded, StoreError> {
        let mut recorded = Recorded::new(id);
        let folder = self.of(&recorded.id);
        for path in entries(&folder.join("pieces"))? {
            match read_json::<Piece>(&path) {
                Ok(piece) => recorded.pieces.extend(piece),
                Err(error) => errors.push(error),
            }
        }
        for of_met in entries(&folder.join("samples"))? {
            let met = name_of(&of_met);
            let samples = entries(&of_met).unwrap_or_else(|error| {
                errors.push(error);
                Vec::new()
            });
            for path in samples {
                match read_sample(&met, &path) {
                    Ok(sample) => sample.into_iter().for_each(|sample| recorded.insert(sample)),
                    Err(error) => errors.push(error),
                }
            }
        }
        Ok(recorded)
    }

    /// The piece of a campaign that lies here.
    pub(super) fn read_piece(&self, id: &CampaignId, piece: &Piece) -> Result<Option<Piece>, StoreError> {
        read_json(&self.piece_path(id, piece))
    }

    /// The path of a finding's trace.
    pub(super) fn trace(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn inside(&self) -> PathBuf {
        self.0.join(INSIDE)
    }

    /// Files that are being written.
    fn unfinished(&self) -> PathBuf {
        self.inside().join("unfinished")
    }

    fn marker(&self) -> PathBuf {
        self.inside().join("store.json")
    }

    fn campaigns(&self) -> PathBuf {
        self.inside().join("campaigns")
    }

    fn of(&self, id: &CampaignId) -> PathBuf {
        self.campaigns().join(id.folder())
    }

    fn piece_path(&self, id: &CampaignId, piece: &Piece) -> PathBuf {
        let end = piece.below.map_or_else(String::new, |end| format!("-below-{end}"));
        self.of(id).join("pieces").join(format!("{}-of-{}{end}.json", piece.shard.number(), piece.shard.of()))
    }

    fn sample_path(&self, id: &CampaignId, sample: &Sample) -> PathBuf {
        let end = if sample.is_complete { COMPLETE } else { PARTIAL };
        self.of(id).join("samples").join(&sample.met).join(format!("{}{end}", sample.index))
    }
}

impl Locked<'_> {
    /// Writes what is known of a campaign in place of what lay there, which is removed last.
    pub(super) fn replace(&self, before: Option<&Recorded>, after: &Recorded) -> Result<(), StoreError> {
        self.begin(&after.id)?;
        for sample in after.samples() {
            let lies_there = before.and_then(|it| it.samples.get(&sample.met)?.get(&sample.index));
            if lies_there != Some(sample) {
                self.write(&self.folder.sample_path(&after.id, sample), sample.text.as_bytes())?;
            }
        }
        for piece in &after.pieces {
            if before.is_none_or(|it| !it.pieces.contains(piece)) {
                self.write_piece(&after.id, piece)?;
            }
        }
        Ok(())
    }

    /// Removes what lay there of a campaign and is no longer known.
    pub(super) fn remove_what_is_gone(&self, before: &Recorded, after: &Recorded) -> Result<(), StoreError> {
        for piece in before.pieces.iter().filter(|it| after.pieces.iter().all(|kept| kept.key() != it.key())) {
            remove(&self.folder.piece_path(&before.id, piece))?;
        }
        for sample in before.samples() {
            let kept = after.samples.get(&sample.met).and_then(|it| it.get(&sample.index));
            if kept.is_none_or(|kept| kept.is_complete != sample.is_complete) {
                remove(&self.folder.sample_path(&before.id, sample))?;
            }
        }
        Ok(())
    }

    /// Writes down which campaign it is. What is damaged is written again: without it all else of the campaign is passed over.
    pub(super) fn begin(&self, id: &CampaignId) -> Result<(), StoreError> {
        let path = self.folder.of(id).join("campaign.json");
        match read_json::<CampaignId>(&path) {
            Ok(Some(there)) if there == *id => Ok(()),
            Ok(_) | Err(StoreError::Damaged { .. }) => self.write_json(&path, id),
            Err(error) => Err(error),
        }
    }

    /// Writes a piece down, in place of one that is damaged, but not of one that a later version of the program has written.
    pub(super) fn write_piece(&self, id: &CampaignId, piece: &Piece) -> Result<(), StoreError> {
        match self.folder.read_piece(id, piece) {
            Err(error @ StoreError::Format { .. }) => Err(error),
            _ => self.write_json(&self.folder.piece_path(id, piece), piece),
        }
    }

    pub(super) fn write_json(&self, path: &Path, content: &impl Serialize) -> Result<(), StoreError> {
        let text = serde_json::to_string(&Numbered { format: FORMAT, content }).expect("texts and numbers") + "\n";
        self.write(path, text.as_bytes())
    }

    /// Writes a file that is there as a whole or not at all.
    pub(super) fn write(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        self.try_to_write(path, content).map_err(StoreError::io("write", path))
    }

    fn try_to_write(&self, path: &Path, content: &[u8]) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(self.folder.unfinished())?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
}

/// Reads a file; none where it is not there.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err(StoreError::damaged(path, "it is no text")),
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    let damaged = |error: serde_json::Error| StoreError::damaged(path, error.to_string());
    let Numbered { format, .. } = serde_json::from_str::<Numbered<Nothing>>(&text).map_err(damaged)?;
    if format != FORMAT {
        return Err(StoreError::Format { path: path.to_owned(), found: format, expected: FORMAT });
    }
    serde_json::from_str::<Numbered<T>>(&text).map(|numbered| Some(numbered.content)).map_err(damaged)
}

/// Reads a sample; none where it is not there any more.
fn read_sample(met: &str, path: &Path) -> Result<Option<Sample>, StoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err(StoreError::damaged(path, "it is no text")),
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    let name = name_of(path);
    let (index, is_complete) = match (name.strip_suffix(PARTIAL), name.strip_suffix(COMPLETE)) {
        (Some(index), _) => (index, false),
        (None, Some(index)) => (index, true),
        (None, None) => return Err(StoreError::damaged(path, "it has not the name of a sample")),
    };
    let index = index.parse().map_err(|_| StoreError::damaged(path, "it is not named by an index"))?;
    let sample = Sample::read(met, index, is_complete, text);
    sample.map(Some).ok_or_else(|| StoreError::damaged(path, "it is no trace of a finding"))
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// What stands in a folder, in the order of the names; nothing where there is no folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", folder)(error)),
    };
    let paths = listed.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(StoreError::io("list", folder))?;
    paths.sort_unstable();
    Ok(paths)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", path)(error)),
        _ => Ok(()),
    }
}
