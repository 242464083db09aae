//! Files that are whole or not there, whenever the program or the machine stops.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes a file that is there as a whole or not at all: it is written beside its place and renamed. Its folder is made if it
/// is missing. A file that is replaced keeps its mode, and its owner where the system allows it. A symbolic link stays, and
/// what it names is replaced. A device, a pipe or a stream of this process (`/dev/stdout`) is written through.
///
/// # Errors
/// As the system says; [`ErrorKind::IsADirectory`] where a folder has the name.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    match place(path)? {
        Place::Through => File::options().append(true).open(path)?.write_all(content),
        Place::New(path) => replace(&path, None, content),
        Place::Old(path, old) => replace(&path, Some(&old), content),
    }
}

/// Whether [`write_whole`] could write this file. Asked before long work.
///
/// # Errors
/// As the system says.
pub fn check_file(path: &Path) -> io::Result<()> {
    match place(path)? {
        Place::Through => Ok(()),
        Place::New(path) | Place::Old(path, _) => check_folder(folder_of(&path)),
    }
}

/// Where a file is written, links followed.
enum Place {
    /// It is no file that could be replaced.
    Through,
    New(PathBuf),
    Old(PathBuf, Metadata),
}

/// The most links that are followed, as Linux has it (`MAXSYMLINKS`, include/linux/namei.h).
const MOST_LINKS: u32 = 40;

fn place(path: &Path) -> io::Result<Place> {
    match fs::metadata(path) {
        Ok(old) if old.is_dir() => Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder")),
        // A stream that was redirected to a file is still a stream: what was written before must stay.
        Ok(old) if !old.is_file() || is_stream(path) => Ok(Place::Through),
        Ok(old) => Ok(Place::Old(fs::canonicalize(path)?, old)),
        Err(error) if error.kind() == ErrorKind::NotFound => named_by_links(path).map(Place::New),
        // Where a file stands in the place of a folder, making the folder says so.
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(Place::New(path.to_path_buf())),
        Err(error) => Err(error),
    }
}

fn is_stream(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"].iter().any(|stream| path.starts_with(stream))
}

/// The file that links name, which is not there yet.
fn named_by_links(path: &Path) -> io::Result<PathBuf> {
    let mut named = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&named) {
            Ok(to) => named = folder_of(&named).join(to),
            Err(_) => return Ok(named),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder.as_os_str() != *OsStr::new("")).unwrap_or(Path::new("."))
}

fn replace(path: &Path, old: Option<&Metadata>, content: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(".stalemap-").tempfile_in(folder)?;
    file.write_all(content)?;
    if let Some(old) = old {
        keep_owner(file.as_file(), old);
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Gives a file to the owner of the one that it replaces; without the right to do so it is the user's.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(file, Some(old.uid()), Some(old.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}

/// Whether files can be written into a folder, or into the folder in which it would be made. Asked before long work, whose
/// findings could not be kept otherwise.
///
/// # Errors
/// As the system says; [`ErrorKind::NotADirectory`] where a file has the name.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    let nearest = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let nearest = if nearest.as_os_str().is_empty() { Path::new(".") } else { nearest };
    if !nearest.is_dir() {
        return Err(io::Error::new(ErrorKind::NotADirectory, format!("{} is not a folder", nearest.display())));
    }
    let mut file = tempfile::tempfile_in(nearest)?;
    file.write_all(&[0; 4096])?;
    file.sync_all()
}
