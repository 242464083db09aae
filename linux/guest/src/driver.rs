//! The requests to the test driver: its own, and those that the edit adds (`stalemap_requests.h`).

use std::io;

use stalemap_guest::{Candidate, EntryKind, Frame, GuestFolio, GuestPage, GuestPlace, MOST_PAGES};

use crate::block::Block;

/// Bytes in a page.
pub(crate) const PAGE: usize = 4_096;

/// `_IOWR('H', number, size)`.
const fn iowr(number: u64, size: usize) -> u64 {
    3 << 30 | (size as u64) << 16 | (b'H' as u64) << 8 | number
}

/// The driver's own argument, `struct hmm_dmirror_cmd`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Command {
    addr: u64,
    ptr: u64,
    npages: u64,
    cpages: u64,
    faults: u64,
}

/// The argument of the added requests, `struct stalemap_request`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request {
    pub(crate) addr: u64,
    pub(crate) ptr: u64,
    pub(crate) npages: u64,
    pub(crate) slot: u64,
    pub(crate) value: u64,
    pub(crate) out: u64,
}

const LOOK: u64 = 0x20;
const DESCRIBE: u64 = 0x21;
pub(crate) const SETUP: u64 = 0x22;
pub(crate) const COLLECT: u64 = 0x23;
pub(crate) const COPY: u64 = 0x24;
pub(crate) const PAGES: u64 = 0x25;
pub(crate) const FINALIZE: u64 = 0x26;
const CANDIDATES: u64 = 0x27;
pub(crate) const EVICT: u64 = 0x28;
pub(crate) const CAPACITY: u64 = 0x29;
pub(crate) const PIN: u64 = 0x2a;
pub(crate) const UNPIN: u64 = 0x2b;
pub(crate) const PIN_READ: u64 = 0x2c;
pub(crate) const PIN_WRITE: u64 = 0x2d;
pub(crate) const SCALE: u64 = 0x2e;
const CLAIMS: u64 = 0x2f;
pub(crate) const GROUP: u64 = 0x30;
pub(crate) const PASSED_OVER: u64 = 0x31;
pub(crate) const SPLIT_FOLIO: u64 = 0x32;

/// A frame's home that is none.
const NOWHERE: u8 = 0xff;

/// `struct stalemap_place`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct RawPlace {
    number: u32,
    home: u8,
    entry: u8,
    access: u8,
    bits: u8,
}

const MOST_RMAP: usize = 16;
const MOST_CLAIMS: usize = 255;

/// `struct stalemap_page`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct RawPage {
    number: u32,
    home: u8,
    bits: u8,
    stamp: u8,
    rmaps: u8,
    mapcount: i32,
    refcount: i32,
    head: u32,
    folio_mapcount: i32,
    rmap: [(u64, u64); MOST_RMAP],
}

/// `struct stalemap_candidate`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct RawCandidate {
    source: u32,
    destination: u32,
    source_home: u8,
    destination_home: u8,
    offset: u8,
    bits: u8,
}

/// What a space maps.
pub(crate) struct Mapped {
    /// The mapped places.
    pub(crate) places: Vec<GuestPlace>,
    /// Bit `i` where a mapping of the kernel's begins at page `i`: one that is next to another may be a part of it.
    pub(crate) begins: u64,
    /// How reverse maps name the space.
    pub(crate) name: u64,
}

const _: () = assert!(MOST_PAGES <= u64::BITS, "a bit for each page");

/// An open file of the driver, as a number that is valid in every space: they share the table of files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mirror(pub(crate) i32);

fn ioctl<T>(mirror: Mirror, number: u64, argument: &mut T) -> io::Result<()> {
    // SAFETY: the request's size is that of the argument, which the kernel reads and writes; the buffers that its
    // fields point to outlive the call.
    let result = unsafe { libc::ioctl(mirror.0, iowr(number, size_of::<T>()), std::ptr::from_mut(argument)) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The content of so many pages.
fn buffer(pages: u64) -> Vec<u8> {
    vec![0; usize::try_from(pages).expect("few pages") * PAGE]
}

/// A request of the driver's own over as many pages as the buffer has; what it counts.
fn command(mirror: Mirror, number: u64, addr: u64, buffer: &mut [u8]) -> io::Result<u64> {
    let (ptr, npages) = (buffer.as_mut_ptr() as u64, (buffer.len() / PAGE) as u64);
    let mut command = Command { addr, ptr, npages, ..Command::default() };
    ioctl(mirror, number, &mut command)?;
    Ok(command.cpages)
}

impl Mirror {
    /// The device reads pages: the first byte of the first one.
    pub(crate) fn read(self, addr: u64, pages: u64) -> io::Result<u8> {
        let mut buffer = buffer(pages);
        command(self, 0, addr, &mut buffer)?;
        Ok(buffer[0])
    }

    /// The device writes pages: the first byte of each.
    pub(crate) fn write(self, addr: u64, pages: u64, stamp: u8) -> io::Result<()> {
        let mut buffer = buffer(pages);
        buffer.iter_mut().step_by(PAGE).for_each(|byte| *byte = stamp);
        command(self, 1, addr, &mut buffer).map(|_| ())
    }

    /// All phases of a migration of these pages to the device. `ENOENT`, when some are not in the device's table
    /// afterwards: they could not be moved.
    pub(crate) fn migrate_to_device(self, addr: u64, pages: u64) -> io::Result<()> {
        command(self, 2, addr, &mut buffer(pages)).map(|_| ())
    }

    /// All phases of a migration of these pages from the device; how many have moved.
    pub(crate) fn migrate_to_ram(self, addr: u64, pages: u64) -> io::Result<u64> {
        command(self, 3, addr, &mut buffer(pages))
    }

    /// Whether the runs of frames were found that were asked for since this was asked last, in order.
    pub(crate) fn claims(self) -> io::Result<Vec<bool>> {
        let mut found = [0_u8; MOST_CLAIMS];
        let ptr = found.as_mut_ptr() as u64;
        let count = self.request(CLAIMS, Request { ptr, ..Request::default() })?.out;
        Ok(found.iter().take(usize::try_from(count).unwrap_or(0)).map(|&found| found != 0).collect())
    }

    /// One of the added requests.
    pub(crate) fn request(self, number: u64, mut request: Request) -> io::Result<Request> {
        ioctl(self, number, &mut request)?;
        Ok(request)
    }

    /// What the file's space maps.
    pub(crate) fn look(self, space: u8, base: u64, pages: u32) -> io::Result<Mapped> {
        let mut raw = [RawPlace::default(); MOST_PAGES as usize];
        let ptr = raw.as_mut_ptr() as u64;
        let request = self.request(LOOK, Request { addr: base, ptr, npages: pages.into(), ..Request::default() })?;
        let (mut places, mut begins) = (Vec::new(), 0);
        for (page, raw) in (0..).zip(&raw[..pages as usize]) {
            let entry = match raw.entry {
                0 => continue,
                1 => EntryKind::Hole,
                2 => EntryKind::Maps,
                3 => EntryKind::Migrating,
                _ => EntryKind::Unknown,
            };
            let frame = Frame { home: raw.home, number: raw.number };
            let [writable, exclusive, first, huge] = [1, 2, 4, 8].map(|bit| raw.bits & bit != 0);
            begins |= u64::from(first) << page;
            places.push(GuestPlace { space, page, access: raw.access, entry, writable, exclusive, huge, frame });
        }
        Ok(Mapped { places, begins, name: request.out })
    }

    /// The descriptors of the pages in these frames. `spaces` are the [names](Mapped::name) of the spaces.
    pub(crate) fn describe(self, frames: &[Frame], block: Block, spaces: &[(u8, u64)]) -> io::Result<Vec<GuestPage>> {
        let raw = self.raw_pages(frames)?;
        let place = |&(mm, addr): &(u64, u64)| {
            let space = spaces.iter().find(|(_, name)| *name == mm).map_or(u8::MAX, |&(space, _)| space);
            (space, block.page_at(addr))
        };
        let page = |raw: &RawPage| GuestPage {
            frame: Frame { home: raw.home, number: raw.number },
            anonymous: raw.bits & 1 != 0,
            exclusive: raw.bits & 2 != 0,
            stamp: raw.stamp,
            mapcount: raw.mapcount,
            refcount: raw.refcount,
            rmap: raw.rmap[..usize::from(raw.rmaps).min(MOST_RMAP)].iter().map(place).collect(),
            folio: (raw.bits & 8 != 0).then_some(GuestFolio { head: raw.head, mapcount: raw.folio_mapcount }),
        };
        Ok(raw.iter().map(page).collect())
    }

    /// Whether the page in a frame is one of a large folio of which Linux knows that one space maps it.
    pub(crate) fn knows_one_space(self, frame: Frame) -> io::Result<bool> {
        Ok(self.raw_pages(&[frame])?[0].bits & 16 != 0)
    }

    fn raw_pages(self, frames: &[Frame]) -> io::Result<Vec<RawPage>> {
        let empty = |frame: &Frame| RawPage { number: frame.number, home: frame.home, ..RawPage::default() };
        let mut raw: Vec<RawPage> = frames.iter().map(empty).collect();
        let (ptr, npages) = (raw.as_mut_ptr() as u64, raw.len() as u64);
        self.request(DESCRIBE, Request { ptr, npages, ..Request::default() })?;
        Ok(raw)
    }

    /// The candidates of an open transaction.
    pub(crate) fn candidates(self, slot: u32, most: u32) -> io::Result<Vec<Candidate>> {
        let mut raw = vec![RawCandidate::default(); most as usize];
        let (ptr, npages) = (raw.as_mut_ptr() as u64, raw.len() as u64);
        let request = self.request(CANDIDATES, Request { ptr, npages, slot: slot.into(), ..Request::default() })?;
        let frame = |home, number| (home != NOWHERE).then_some(Frame { home, number });
        let candidate = |raw: &RawCandidate| Candidate {
            source: frame(raw.source_home, raw.source),
            destination: frame(raw.destination_home, raw.destination),
            moves: raw.bits & 1 != 0,
        };
        Ok(raw.iter().take(usize::try_from(request.out).unwrap_or(0)).map(candidate).collect())
    }
}

impl Request {
    /// About this slot.
    pub(crate) fn slot(slot: u32) -> Request {
        Request { slot: slot.into(), ..Request::default() }
    }
}

/// Closes a file of the driver.
pub(crate) fn close(mirror: Mirror) {
    // SAFETY: the number is an open file's, which is not used after this.
    unsafe {
        libc::close(mirror.0);
    }
}
