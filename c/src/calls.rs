//! An object of the library, and the calls of its functions: numbers go in, and what comes back is looked at.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use stalemap::operations::Dialect;
use stalemap::{
    Access, Device, Errno, FrameToken, Home, Machine, Mapping, PageRange, Place, Space, Stamp, VirtualPage,
};

use crate::library::loaded;
use crate::table::{CMachine, CMapping, CPlace, Table};

/// An object that `create` has made; `destroy` ends it.
pub(crate) struct Object {
    table: &'static Table,
    this: *mut c_void,
    /// Places of the machine: as many as a reverse map can have.
    places: u32,
}

/// Calls a function of the table, which is there.
macro_rules! call {
    ($self:ident.$function:ident($($argument:expr),*)) => {{
        let function = $self.table.$function.expect(concat!(stringify!($function), " is not NULL"));
        #[expect(unsafe_code, reason = "a function of C")]
        // SAFETY: the table gives it this type, the object is alive, and pointers are to what lives during the call.
        unsafe { function($self.this, $($argument),*) }
    }};
}

impl Object {
    pub(crate) fn create(machine: &Machine) -> Result<Object, String> {
        let table = loaded().table;
        let [ram, first, second] = Home::ALL.map(|home| machine.frames(home));
        let (spaces, pages, rules) = (machine.spaces(), machine.pages(), rules(machine.rules()));
        let sizes = CMachine { ram, device: [first, second], spaces, pages, rules };
        let create = table.create.expect("a table was checked");
        let mut why: *const c_char = ptr::null();
        #[expect(unsafe_code, reason = "a function of C")]
        // SAFETY: the table gives it this type; both pointers are to what lives during the call.
        let this = unsafe { create(&sizes, &mut why) };
        if this.is_null() {
            return Err(sentence(why).unwrap_or_else(|| "create answers NULL".to_string()));
        }
        Ok(Object { table, this, places: machine.spaces().saturating_mul(machine.pages()) })
    }

    pub(crate) fn alloc(&mut self, order: u32) -> Option<u32> {
        let mut first = u32::MAX;
        match answer("alloc", call!(self.alloc(order, &mut first)), &[Errno::ENOMEM]) {
            Ok(()) => Some(first),
            Err(_) => None,
        }
    }

    pub(crate) fn free(&mut self, first: u32, order: u32) {
        call!(self.free(first, order));
    }

    pub(crate) fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
        let result = call!(self.map(space.0, range.first.0, range.count, number(access)));
        answer("map", result, &[Errno::EEXIST, Errno::ENOMEM])
    }

    pub(crate) fn unmap(&mut self, space: Space, range: PageRange) {
        call!(self.unmap(space.0, range.first.0, range.count));
    }

    pub(crate) fn protect(&mut self, space: Space, range: PageRange, access: Access) {
        call!(self.protect(space.0, range.first.0, range.count, number(access)));
    }

    pub(crate) fn discard(&mut self, space: Space, range: PageRange) {
        call!(self.discard(space.0, range.first.0, range.count));
    }

    pub(crate) fn relocate(&mut self, space: Space, from: VirtualPage, to: VirtualPage) {
        call!(self.relocate(space.0, from.0, to.0));
    }

    pub(crate) fn fork(&mut self, parent: Space, child: Space) {
        call!(self.fork(parent.0, child.0));
    }

    pub(crate) fn exit(&mut self, space: Space) {
        call!(self.exit(space.0));
    }

    pub(crate) fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
        let mut value = 0;
        let result = call!(self.read(place.space.0, place.page.0, &mut value));
        answer("read", result, &[Errno::EFAULT, Errno::ENOMEM]).map(|()| Stamp(value))
    }

    pub(crate) fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
        answer("write", call!(self.write(place.space.0, place.page.0, stamp.0)), &[Errno::EFAULT, Errno::ENOMEM])
    }

    pub(crate) fn look(&self, place: Place) -> Option<Mapping> {
        let mut shown = CMapping::default();
        match call!(self.look(place.space.0, place.page.0, &mut shown)) {
            0 => None,
            1 => Some(mapping(place, &shown)),
            other => panic!("look of {place} answers {other}; 0 and 1 mean something"),
        }
    }

    pub(crate) fn migrate(
        &mut self,
        space: Space,
        range: PageRange,
        device: Device,
        to_device: bool,
    ) -> Result<u32, Errno> {
        let mut moved = 0;
        let to = c_int::from(to_device);
        let result = call!(self.migrate(space.0, range.first.0, range.count, device.0, to, &mut moved));
        answer("migrate", result, &[Errno::EINVAL]).map(|()| moved)
    }

    pub(crate) fn evict(&mut self, device: Device) -> Result<u32, Errno> {
        let mut moved = 0;
        answer("evict", call!(self.evict(device.0, &mut moved)), &[Errno::ENOMEM]).map(|()| moved)
    }

    pub(crate) fn device_read(&mut self, device: Device, place: Place) -> Result<Stamp, Errno> {
        let mut value = 0;
        let result = call!(self.device_read(device.0, place.space.0, place.page.0, &mut value));
        answer("device_read", result, &[Errno::EFAULT, Errno::ENOMEM]).map(|()| Stamp(value))
    }

    pub(crate) fn device_write(&mut self, device: Device, place: Place, stamp: Stamp) -> Result<(), Errno> {
        let result = call!(self.device_write(device.0, place.space.0, place.page.0, stamp.0));
        answer("device_write", result, &[Errno::EFAULT, Errno::ENOMEM, Errno::EPERM])
    }

    pub(crate) fn value(&self, frame: FrameToken) -> Stamp {
        Stamp(call!(self.value(home(frame), frame.offset)))
    }

    pub(crate) fn is_exclusive(&self, frame: FrameToken) -> bool {
        call!(self.is_exclusive(home(frame), frame.offset)) != 0
    }

    pub(crate) fn mapcount(&self, frame: FrameToken) -> u32 {
        call!(self.mapcount(home(frame), frame.offset))
    }

    pub(crate) fn refcount(&self, frame: FrameToken) -> u32 {
        call!(self.refcount(home(frame), frame.offset))
    }

    pub(crate) fn rmap(&self, frame: FrameToken) -> Vec<Place> {
        let mut places = vec![CPlace::default(); self.places as usize + 1];
        let room = self.places + 1;
        let found = call!(self.rmap(home(frame), frame.offset, places.as_mut_ptr(), room));
        assert!(found <= room, "rmap finds {found} places; the machine has {}", self.places);
        places.truncate(found as usize);
        let place = |place: CPlace| Place { space: Space(place.space), page: VirtualPage(place.page) };
        places.into_iter().map(place).collect()
    }

    pub(crate) fn free_frames(&self, home: Home) -> u32 {
        call!(self.free_frames(u32::try_from(home.index()).expect("there are three")))
    }

    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.table.validate.is_none() {
            return Ok(());
        }
        let mut why: [c_char; 512] = [0; 512];
        match call!(self.validate(why.as_mut_ptr(), why.len())) {
            0 => Ok(()),
            _ => {
                why[why.len() - 1] = 0;
                Err(sentence(why.as_ptr()).unwrap_or_else(|| "the books do not balance".to_string()))
            }
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        call!(self.destroy());
    }
}

fn rules(rules: Dialect) -> u32 {
    match rules {
        Dialect::Linux6_1 => 601,
        Dialect::Linux6_12 => 612,
        Dialect::Linux7_3 => 703,
    }
}

fn number(access: Access) -> u32 {
    match access {
        Access::None => 0,
        Access::Read => 1,
        Access::ReadWrite => 2,
    }
}

fn home(frame: FrameToken) -> u32 {
    u32::try_from(frame.home.index()).expect("there are three")
}

fn mapping(place: Place, shown: &CMapping) -> Mapping {
    let access = match shown.access {
        0 => Access::None,
        1 => Access::Read,
        2 => Access::ReadWrite,
        other => panic!("look of {place}: access is {other}, which means nothing"),
    };
    let home = Home::ALL.get(shown.home as usize);
    let frame = match (shown.is_page, home) {
        (0, _) => None,
        (1, Some(&home)) => Some(FrameToken { home, offset: shown.frame }),
        (1, None) => panic!("look of {place}: home is {}, which means nothing", shown.home),
        (other, _) => panic!("look of {place}: is_page is {other}, which means nothing"),
    };
    Mapping { access, frame, writable: shown.writable != 0 }
}

/// The numbers of `errno.h` on Linux and macOS, as far as they are answered.
const ERRNOS: [(c_int, Errno); 6] = [
    (1, Errno::EPERM),
    (11, Errno::EAGAIN),
    (12, Errno::ENOMEM),
    (14, Errno::EFAULT),
    (17, Errno::EEXIST),
    (22, Errno::EINVAL),
];

/// What a function answers: 0, or an errno that it may answer.
fn answer(function: &str, number: c_int, errnos: &[Errno]) -> Result<(), Errno> {
    if number == 0 {
        return Ok(());
    }
    let errno = ERRNOS.iter().find(|(it, _)| *it == number).map(|(_, errno)| *errno);
    match errno.filter(|errno| errnos.contains(errno)) {
        Some(errno) => Err(errno),
        None => panic!("{function} answers {number}; 0 and the numbers of {errnos:?} mean something"),
    }
}

/// A string of C, where there is one.
fn sentence(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    #[expect(unsafe_code, reason = "a string of C")]
    // SAFETY: the header says that it is a string; our own buffer ends with a zero.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned()).filter(|text| !text.is_empty())
}
