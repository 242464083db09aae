//! Address spaces: what a memory manager that maps, writes and forks has to implement.

mod adapter;

use stalemap_operations::{
    Access, Errno, FrameToken, Home, Kind, KindSet, Machine, Observables, PageRange, Place, Space, Stamp, VirtualPage,
};

use crate::mapping::Mapping;

pub(crate) use adapter::Answer;
pub use adapter::{Spaces, spaces};

/// A memory manager: address spaces of private anonymous pages, in frames of RAM that are numbered from 0.
///
/// Space 0 is alive at the start and nothing is mapped in it. The adapter knows which spaces are alive and answers for
/// dead ones (`ESRCH`) and for children that live (`EBUSY`); it counts the pages that an operation unmaps and frees; and
/// it gives pages their identities by their frames. RAM is for pages alone: page tables do not count.
///
/// ```
/// use std::collections::BTreeMap;
/// use stalemap::{Access, AddressSpaces, Driver, Errno, Machine, Mapping, PageRange, Place, Space, Stamp, spaces};
///
/// /// One space without protection: a page of its own at each place.
/// struct Simple {
///     mapped: BTreeMap<Place, (Access, Option<u32>)>,
///     ram: Vec<Option<Stamp>>,
/// }
///
/// impl AddressSpaces for Simple {
///     const NAME: &'static str = "simple";
///     const OPERATIONS: stalemap::KindSet = stalemap::KindSet::NONE
///         .with(stalemap::Kind::Map)
///         .with(stalemap::Kind::Unmap)
///         .with(stalemap::Kind::Read)
///         .with(stalemap::Kind::Write);
///
///     fn new(machine: &Machine) -> Result<Self, String> {
///         Ok(Simple { mapped: BTreeMap::new(), ram: vec![None; machine.ram() as usize] })
///     }
///
///     fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno> {
///         let places = range.iter().map(|page| Place { space, page });
///         if places.clone().any(|place| self.mapped.contains_key(&place)) {
///             return Err(Errno::EEXIST);
///         }
///         self.mapped.extend(places.map(|place| (place, (access, None))));
///         Ok(())
///     }
///
///     fn unmap(&mut self, space: Space, range: PageRange) {
///         for page in range.iter() {
///             if let Some((_, Some(frame))) = self.mapped.remove(&Place { space, page }) {
///                 self.ram[frame as usize] = None;
///             }
///         }
///     }
///
///     fn read(&mut self, place: Place) -> Result<Stamp, Errno> {
///         let (access, frame) = self.mapped.get(&place).ok_or(Errno::EFAULT)?;
///         let value = frame.map_or(Stamp(0), |frame| self.ram[frame as usize].expect("it is in use"));
///         if access.readable() { Ok(value) } else { Err(Errno::EFAULT) }
///     }
///
///     fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno> {
///         let (access, frame) = self.mapped.get_mut(&place).ok_or(Errno::EFAULT)?;
///         if !access.writable() {
///             return Err(Errno::EFAULT);
///         }
///         let free = || self.ram.iter().position(Option::is_none);
///         let index = frame.map_or_else(free, |frame| Some(frame as usize)).ok_or(Errno::ENOMEM)?;
///         self.ram[index] = Some(stamp);
///         *frame = Some(index as u32);
///         Ok(())
///     }
///
///     fn look(&self, place: Place) -> Option<Mapping> {
///         let (access, frame) = self.mapped.get(&place)?;
///         Some(frame.map_or(Mapping::hole(*access), |frame| Mapping::ram(*access, frame, access.writable())))
///     }
/// }
///
/// let mut driver = Driver::new(spaces::<Simple>);
/// let trace = "machine ram=2 spaces=1 pages=4\nmap s0 v0+4 rw\nwrite s0 v1 #2a\nread s0 v1\nunmap s0 v1\n";
/// let run = driver.run(&stalemap::Trace::parse(trace)?.program(), stalemap::Compare::Everything);
/// assert_eq!(run.expect("it is such a machine").divergence, None);
/// # Ok::<(), stalemap::ParseError>(())
/// ```
pub trait AddressSpaces: Sized {
    /// Its name in reports, with its version if it has one.
    const NAME: &'static str;

    /// What it can do, of the operations that have a function here.
    const OPERATIONS: KindSet = KindSet::NONE
        .with(Kind::Map)
        .with(Kind::Unmap)
        .with(Kind::Protect)
        .with(Kind::Fork)
        .with(Kind::Exit)
        .with(Kind::Read)
        .with(Kind::Write);

    /// What it shows beside spaces, places and frames, of `WRITABLE`, `STAMPS`, `EXCLUSIVE`, `MAPCOUNTS`, `REFCOUNTS`,
    /// `RMAPS` and `FREE`. For each of them but `WRITABLE` there is a function that is then called.
    const SHOWS: Observables = Observables::NONE;

    /// A machine at its start.
    ///
    /// # Errors
    /// Says why it cannot be this machine; a campaign then draws another one.
    fn new(machine: &Machine) -> Result<Self, String>;

    /// Maps holes.
    ///
    /// # Errors
    /// `EEXIST` if a place of the range is mapped; nothing is changed then.
    fn map(&mut self, space: Space, range: PageRange, access: Access) -> Result<(), Errno>;

    /// Unmaps every place of the range; unmapped ones are passed over.
    fn unmap(&mut self, space: Space, range: PageRange);

    /// Changes the access of a range, of which every place is mapped.
    fn protect(&mut self, _space: Space, _range: PageRange, _access: Access) {
        left_out("OPERATIONS", "protect")
    }

    /// Turns the mapped places of the range into holes.
    fn discard(&mut self, _space: Space, _range: PageRange) {
        left_out("OPERATIONS", "discard")
    }

    /// Moves a mapped page to another place, which is unmapped before.
    fn relocate(&mut self, _space: Space, _from: VirtualPage, _to: VirtualPage) {
        left_out("OPERATIONS", "relocate")
    }

    /// As [`relocate`](Self::relocate) of each page of the range in turn, and is what is called: a manager that implements it does not
    /// need `relocate`. The places from `to` on are as many, and none is in the range.
    fn relocate_range(&mut self, space: Space, range: PageRange, to: VirtualPage) {
        for (from, to) in range.iter().zip(to.0..) {
            self.relocate(space, from, VirtualPage(to));
        }
    }

    /// Copies a space into one that is dead, with all its pages shared until they are written.
    fn fork(&mut self, _parent: Space, _child: Space) {
        left_out("OPERATIONS", "fork")
    }

    /// As [`fork`](Self::fork), and is what is called: for a manager that implements it, `fork` is not needed.
    ///
    /// # Errors
    /// `ENOMEM` where a pinned page finds no frame for its copy; nothing of the child is left then.
    fn try_fork(&mut self, parent: Space, child: Space) -> Result<(), Errno> {
        self.fork(parent, child);
        Ok(())
    }

    /// Unmaps everything; the space is dead.
    fn exit(&mut self, _space: Space) {
        left_out("OPERATIONS", "exit")
    }

    /// Reads what was last written, zero from a hole.
    ///
    /// # Errors
    /// `EFAULT` where nothing is mapped or access is not allowed.
    fn read(&mut self, place: Place) -> Result<Stamp, Errno>;

    /// Writes: a hole gets a page, a shared page is copied.
    ///
    /// # Errors
    /// `EFAULT` where nothing is mapped or access is not allowed; `ENOMEM` without a frame.
    fn write(&mut self, place: Place, stamp: Stamp) -> Result<(), Errno>;

    /// What a place shows; none where nothing is mapped.
    fn look(&self, place: Place) -> Option<Mapping>;

    /// What the page in this frame holds.
    fn stamp(&self, _frame: FrameToken) -> Stamp {
        left_out("SHOWS", "stamp")
    }

    /// Whether the page in this frame is known to belong to one place.
    fn is_exclusive(&self, _frame: FrameToken) -> bool {
        left_out("SHOWS", "is_exclusive")
    }

    /// How many entries map the page in this frame, as its owner counts.
    fn mapcount(&self, _frame: FrameToken) -> u32 {
        left_out("SHOWS", "mapcount")
    }

    /// How many references the page in this frame has, as its owner counts.
    fn refcount(&self, _frame: FrameToken) -> u32 {
        left_out("SHOWS", "refcount")
    }

    /// The places at which a walk of the reverse map finds the page in this frame, in any order.
    fn rmap(&self, _frame: FrameToken) -> Vec<Place> {
        left_out("SHOWS", "rmap")
    }

    /// Free frames at a home. What is missing at the start counts as the manager's own.
    fn free_frames(&self, _home: Home) -> u32 {
        left_out("SHOWS", "free_frames")
    }

    /// Recounts its own books.
    ///
    /// # Errors
    /// Names what does not balance.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A constant promises a function that is not there.
#[cold]
fn left_out<T>(constant: &str, function: &str) -> T {
    panic!("{constant} names what needs the function {function}, which is not implemented")
}
