//! Files that are whole or not there, whenever the program or the machine stops.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Writes a file that is there as a whole or not at all: it is written beside its place and renamed. Its folder is made if it
/// is missing.
///
/// # Errors
/// As the system says; [`ErrorKind::IsADirectory`] where a folder has the name.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    let folder = path.parent().filter(|folder| *folder.as_os_str() != *OsStr::new("")).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(".stalemap-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

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
