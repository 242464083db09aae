//! The library: loaded once into a process, and its table looked at before anything is called.

use std::ffi::{CStr, OsStr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::Library;
use thiserror::Error;

use crate::table::{Table, VERSION};

/// Why a library is no subject.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The system cannot load it.
    #[error("cannot load {path}: {source}")]
    Load {
        /// The library.
        path: PathBuf,
        /// What the system says.
        source: libloading::Error,
    },
    /// It has no function that answers the table.
    #[error("{0} has no function stalemap_get_subject (stalemap.h says what it answers; in C++ it needs extern \"C\")")]
    NoFunction(PathBuf),
    /// The function answers NULL.
    #[error("stalemap_get_subject of {0} answers NULL")]
    NoTable(PathBuf),
    /// It was built for another version of the interface.
    #[error("{path} is built for version {version} of stalemap.h; this is version {VERSION}")]
    Version {
        /// The library.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The table is shorter than it should be.
    #[error("the table of {path} says that it has {size} bytes; it has {} (size = sizeof(struct stalemap_subject))", size_of::<Table>())]
    Size {
        /// The library.
        path: PathBuf,
        /// The size that it says.
        size: u32,
    },
    /// Functions are not there.
    #[error("{path}: {missing} is NULL; {purpose}")]
    Missing {
        /// The library.
        path: PathBuf,
        /// What is not there.
        missing: &'static str,
        /// What it is needed for.
        purpose: &'static str,
    },
    /// The name is NULL or no UTF-8.
    #[error("{0} has no name, or one that is not UTF-8")]
    Name(PathBuf),
    /// A number has no meaning.
    #[error("{path}: {field} is {value}, which means nothing")]
    Number {
        /// The library.
        path: PathBuf,
        /// Which number.
        field: &'static str,
        /// What it is.
        value: u32,
    },
    /// A process has one library.
    #[error("another library is loaded already")]
    Second,
}

/// What a process has loaded.
pub(crate) struct Loaded {
    pub(crate) table: &'static Table,
    pub(crate) name: &'static str,
}

static LOADED: OnceLock<Loaded> = OnceLock::new();

/// The library of this process.
///
/// # Panics
/// When none is loaded.
pub(crate) fn loaded() -> &'static Loaded {
    LOADED.get().expect("a library is loaded before its subjects are built")
}

/// Loads a library into this process, for good. Its code runs, and does to the process what it does.
///
/// # Errors
/// Says why it is no subject.
pub fn load(path: &Path) -> Result<(), LoadError> {
    let table = table(path)?;
    let name = check(table, path)?;
    LOADED.set(Loaded { table, name }).map_err(|_| LoadError::Second)
}

#[expect(unsafe_code, reason = "a library of C")]
fn table(path: &Path) -> Result<&'static Table, LoadError> {
    // A name without a slash is looked for in the folders of the system, not in this one.
    let here = if path.components().count() == 1 { Path::new(".").join(path) } else { path.to_path_buf() };
    let fails = |source| LoadError::Load { path: path.to_path_buf(), source };
    // SAFETY: what its constructors do is the subject's matter; this process is there for it.
    let library = unsafe { Library::new::<&OsStr>(here.as_os_str()) }.map_err(fails)?;
    // It is never unloaded: its table and functions stay.
    let library: &'static Library = Box::leak(Box::new(library));
    // SAFETY: `stalemap.h` gives it this type.
    let function = unsafe { library.get::<unsafe extern "C" fn() -> *const Table>(b"stalemap_get_subject\0") };
    let function = function.map_err(|_| LoadError::NoFunction(path.to_path_buf()))?;
    // SAFETY: as above. A table that is answered lives as long as the library, and begins with version and size.
    let table = unsafe { function().as_ref() };
    table.ok_or_else(|| LoadError::NoTable(path.to_path_buf()))
}

/// Looks at the numbers of a table, and at what must be there; its name.
fn check(table: &'static Table, path: &Path) -> Result<&'static str, LoadError> {
    let path = || path.to_path_buf();
    if table.version != VERSION {
        return Err(LoadError::Version { path: path(), version: table.version });
    }
    if (table.size as usize) < size_of::<Table>() {
        return Err(LoadError::Size { path: path(), size: table.size });
    }
    let numbers = [
        ("refusals", table.refusals, 2),
        ("splits", table.splits, 1),
        ("shows_writable", table.shows_writable, 1),
        ("live_blocks", table.live_blocks, 8),
        ("lowest_order", table.lowest_order, 11),
        ("highest_order", table.highest_order, 11),
    ];
    if let Some((field, value, _)) = numbers.into_iter().find(|(_, value, most)| value > most) {
        return Err(LoadError::Number { path: path(), field, value });
    }
    let always = [("create", table.create.is_some()), ("destroy", table.destroy.is_some())];
    let blocks = [("alloc", table.alloc.is_some()), ("free", table.free.is_some())];
    let spaces = [
        ("unmap", table.unmap.is_some()),
        ("read", table.read.is_some()),
        ("write", table.write.is_some()),
        ("look", table.look.is_some()),
    ];
    let devices = [("device_read", table.device_read.is_some()), ("device_write", table.device_write.is_some())];
    let of = |purpose, functions: &[(&'static str, bool)]| {
        functions.iter().find(|(_, is_there)| !is_there).map(|(missing, _)| (*missing, purpose))
    };
    let is_manager = table.map.is_some();
    let has_blocks = table.alloc.is_some() || table.free.is_some();
    let missing = of("each subject has it", &always)
        .or_else(|| {
            let purpose = "an allocator has it; a memory manager has map, unmap, read, write and look";
            (!is_manager).then(|| of(purpose, &blocks)).flatten()
        })
        .or_else(|| is_manager.then(|| of("a memory manager that has map has it", &spaces)).flatten())
        .or_else(|| {
            let has_devices = is_manager && table.migrate.is_some();
            has_devices.then(|| of("a memory manager that has migrate has it", &devices)).flatten()
        })
        .or_else(|| has_blocks.then(|| of("alloc and free go together", &blocks)).flatten());
    if let Some((missing, purpose)) = missing {
        return Err(LoadError::Missing { path: path(), missing, purpose });
    }
    name(table).ok_or_else(|| LoadError::Name(path()))
}

#[expect(unsafe_code, reason = "a string of C")]
fn name(table: &'static Table) -> Option<&'static str> {
    if table.name.is_null() {
        return None;
    }
    // SAFETY: the table says that it is a string, which lives as long as the table.
    unsafe { CStr::from_ptr(table.name) }.to_str().ok().filter(|name| !name.is_empty())
}
