//! The table of functions as C lays it out; `stalemap.h` says what each does.

use std::ffi::{c_char, c_int, c_void};

/// The version of the interface.
pub(crate) const VERSION: u32 = 1;

#[repr(C)]
pub(crate) struct CMachine {
    pub(crate) ram: u32,
    pub(crate) device: [u32; 2],
    pub(crate) spaces: u32,
    pub(crate) pages: u32,
    pub(crate) rules: u32,
}

#[repr(C)]
#[derive(Default)]
pub(crate) struct CMapping {
    pub(crate) access: u32,
    pub(crate) is_page: u32,
    pub(crate) home: u32,
    pub(crate) frame: u32,
    pub(crate) writable: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct CPlace {
    pub(crate) space: u32,
    pub(crate) page: u32,
}

type Object = *mut c_void;
type InRange<T> = Option<unsafe extern "C" fn(Object, u32, u32, u32) -> T>;
type OfPage<T> = Option<unsafe extern "C" fn(Object, u32, u32) -> T>;

#[repr(C)]
pub(crate) struct Table {
    pub(crate) version: u32,
    pub(crate) size: u32,
    pub(crate) name: *const c_char,
    pub(crate) alignment: u32,
    pub(crate) refusals: u32,
    pub(crate) lowest_order: u32,
    pub(crate) highest_order: u32,
    pub(crate) live_blocks: u32,
    pub(crate) splits: u32,
    pub(crate) shows_writable: u32,
    pub(crate) create: Option<unsafe extern "C" fn(*const CMachine, *mut *const c_char) -> Object>,
    pub(crate) destroy: Option<unsafe extern "C" fn(Object)>,
    pub(crate) alloc: Option<unsafe extern "C" fn(Object, u32, *mut u32) -> c_int>,
    pub(crate) free: OfPage<()>,
    pub(crate) map: Option<unsafe extern "C" fn(Object, u32, u32, u32, u32) -> c_int>,
    pub(crate) unmap: InRange<()>,
    pub(crate) protect: Option<unsafe extern "C" fn(Object, u32, u32, u32, u32)>,
    pub(crate) discard: InRange<()>,
    pub(crate) relocate: InRange<()>,
    pub(crate) fork: OfPage<()>,
    pub(crate) exit: Option<unsafe extern "C" fn(Object, u32)>,
    pub(crate) read: Option<unsafe extern "C" fn(Object, u32, u32, *mut u8) -> c_int>,
    pub(crate) write: Option<unsafe extern "C" fn(Object, u32, u32, u8) -> c_int>,
    pub(crate) look: Option<unsafe extern "C" fn(Object, u32, u32, *mut CMapping) -> c_int>,
    pub(crate) migrate: Option<unsafe extern "C" fn(Object, u32, u32, u32, u32, c_int, *mut u32) -> c_int>,
    pub(crate) evict: Option<unsafe extern "C" fn(Object, u32, *mut u32) -> c_int>,
    pub(crate) device_read: Option<unsafe extern "C" fn(Object, u32, u32, u32, *mut u8) -> c_int>,
    pub(crate) device_write: Option<unsafe extern "C" fn(Object, u32, u32, u32, u8) -> c_int>,
    pub(crate) value: OfPage<u8>,
    pub(crate) is_exclusive: OfPage<c_int>,
    pub(crate) mapcount: OfPage<u32>,
    pub(crate) refcount: OfPage<u32>,
    pub(crate) rmap: Option<unsafe extern "C" fn(Object, u32, u32, *mut CPlace, u32) -> u32>,
    pub(crate) free_frames: Option<unsafe extern "C" fn(Object, u32) -> u32>,
    pub(crate) validate: Option<unsafe extern "C" fn(Object, *mut c_char, usize) -> c_int>,
}

#[expect(unsafe_code, reason = "a table of C is shared by threads")]
// SAFETY: it is never written, and its functions are called for objects of one thread each.
unsafe impl Sync for Table {}
#[expect(unsafe_code, reason = "a table of C is shared by threads")]
// SAFETY: as above.
unsafe impl Send for Table {}
