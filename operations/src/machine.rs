//! The machine: how much of everything there is, and which kernel's rules hold.

use core::fmt;

use crate::operand::{Device, Order, Space, VirtualPage};

/// Which kernel decides where versions differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Dialect {
    /// Linux 6.12, the default.
    #[default]
    Linux6_12,
    /// Linux 6.1: `protect` to `rw` sets the writable bit only on dirty entries (`can_change_pte_writable`, mm/mprotect.c).
    Linux6_1,
    /// Linux 7.3: the rules of 6.12, but want of RAM is told to a device's access and stops a migration from a device, and large
    /// folios migrate as a whole.
    Linux7_3,
}

impl Dialect {
    /// All of them; a record names a dialect by its index here, so the order never changes.
    pub const ALL: [Dialect; 3] = [Dialect::Linux6_12, Dialect::Linux6_1, Dialect::Linux7_3];

    /// The word behind `rules=`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Dialect::Linux6_12 => "linux-6.12",
            Dialect::Linux6_1 => "linux-6.1",
            Dialect::Linux7_3 => "linux-7.3",
        }
    }
}

/// Where a page's frame is: in RAM or on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Home {
    /// Ordinary memory.
    Ram,
    /// Private memory of a device.
    Device(Device),
}

impl Home {
    /// How many homes there can be: RAM and two devices.
    pub const LIMIT: usize = 1 + Device::LIMIT as usize;
    /// All of them, by index.
    pub const ALL: [Home; Self::LIMIT] = [Home::Ram, Home::Device(Device(0)), Home::Device(Device(1))];

    /// 0 for RAM, 1 and 2 for the devices.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Home::Ram => 0,
            Home::Device(device) => 1 + device.index(),
        }
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Home::Ram => f.write_str("ram"),
            Home::Device(device) => write!(f, "dev{}", device.0),
        }
    }
}

/// The sizes of a machine, its huge pages and its dialect; the first line of every trace.
///
/// ```
/// use stalemap_operations::{Dialect, Home, Machine};
///
/// // 8 frames of RAM, a device with 2, no second one; 3 spaces of 16 pages.
/// let machine = Machine::new([8, 2, 0], 3, 16, Dialect::Linux6_12).expect("sizes within limits");
/// assert_eq!((machine.frames(Home::Ram), machine.devices()), (8, 1));
/// assert_eq!(machine.to_string(), "ram=8 device=2 spaces=3 pages=16");
/// assert_eq!(Machine::new([8, 0, 2], 3, 16, Dialect::Linux6_12), None, "a second device without a first");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Machine {
    frames: [u32; Home::LIMIT],
    spaces: u32,
    pages: u32,
    rules: Dialect,
    /// 0: no huge pages.
    huge: u32,
}

impl Machine {
    /// The highest order of huge pages; x86 has huge pages of this order (`HPAGE_PMD_ORDER`).
    pub const HUGE_LIMIT: u32 = 9;
    /// The most frames that a home can have.
    pub const FRAMES_LIMIT: u32 = 1 << 24;
    /// A machine whose sizes are all at most this, and that has at most [`BYTES_SPACES`](Self::BYTES_SPACES) spaces, has
    /// bytes; a larger one has text only.
    pub const BYTES_LIMIT: u32 = 256;
    /// The most spaces of a machine that has bytes: every record format folds the byte of a space by this number.
    pub const BYTES_SPACES: u32 = 64;
    /// The largest machine that has bytes.
    pub const LARGEST_IN_BYTES: Machine = Machine {
        frames: [Self::BYTES_LIMIT; Home::LIMIT],
        spaces: Self::BYTES_SPACES,
        pages: Self::BYTES_LIMIT,
        rules: Dialect::Linux6_12,
        huge: 0,
    };
    /// The small machine that an empty input means.
    pub const DEFAULT: Machine = Machine { frames: [8, 4, 4], spaces: 3, pages: 8, rules: Dialect::Linux6_12, huge: 0 };

    /// A machine with these frames in RAM and on the devices (0: no such device), spaces and pages in each space;
    /// `None` where a size is outside its limits or a second device stands without a first.
    #[must_use]
    pub const fn new(frames: [u32; Home::LIMIT], spaces: u32, pages: u32, rules: Dialect) -> Option<Machine> {
        const fn within(size: u32, limit: u32) -> bool {
            1 <= size && size <= limit
        }
        let [ram, first, second] = frames;
        let fits = within(ram, Self::FRAMES_LIMIT)
            && first <= Self::FRAMES_LIMIT
            && second <= Self::FRAMES_LIMIT
            && (second == 0 || first > 0)
            && within(spaces, Space::LIMIT)
            && within(pages, VirtualPage::LIMIT);
        if fits { Some(Machine { frames, spaces, pages, rules, huge: 0 }) } else { None }
    }

    /// The same machine with huge pages of 2^order pages, by which one entry can map as many places; `None` where the order
    /// is 0 or above [`HUGE_LIMIT`](Self::HUGE_LIMIT), or a huge page is larger than the RAM or a space.
    ///
    /// ```
    /// use stalemap_operations::{Machine, Order};
    ///
    /// let machine = Machine::DEFAULT.with_huge(2).expect("four pages fit");
    /// assert_eq!((machine.huge(), machine.huge_pages()), (Some(Order(2)), 4));
    /// assert_eq!(machine.to_string(), "ram=8 device=4,4 spaces=3 pages=8 huge=2");
    /// assert_eq!(Machine::DEFAULT.with_huge(4), None, "a space has 8 pages");
    /// ```
    #[must_use]
    pub const fn with_huge(self, order: u32) -> Option<Machine> {
        if order > 0 && order <= self.most_huge() { Some(Machine { huge: order, ..self }) } else { None }
    }

    /// The same machine without huge pages.
    #[must_use]
    pub const fn without_huge(self) -> Machine {
        Machine { huge: 0, ..self }
    }

    /// The highest order of huge pages that the sizes allow; 0 where they allow none.
    #[must_use]
    pub const fn most_huge(&self) -> u32 {
        let smaller = if self.ram() < self.pages { self.ram() } else { self.pages };
        let log = smaller.ilog2();
        if log < Self::HUGE_LIMIT { log } else { Self::HUGE_LIMIT }
    }

    /// The order of huge pages, the one above 0 that places can be mapped by at once; none where the machine has no huge
    /// pages.
    #[inline]
    #[must_use]
    pub const fn huge(&self) -> Option<Order> {
        if self.huge > 0 { Some(Order(self.huge)) } else { None }
    }

    /// Number of pages of a huge page; 1 where the machine has none.
    #[inline]
    #[must_use]
    pub const fn huge_pages(&self) -> u32 {
        1 << self.huge
    }

    /// The first page of the group of a page: the pages that a huge page could map with it. The page itself on a machine without huge
    /// pages.
    ///
    /// ```
    /// use stalemap_operations::{Machine, VirtualPage};
    ///
    /// let machine = Machine::DEFAULT.with_huge(2).expect("four pages fit");
    /// assert_eq!(machine.group(VirtualPage(6)), VirtualPage(4));
    /// assert_eq!(Machine::DEFAULT.group(VirtualPage(6)), VirtualPage(6));
    /// ```
    #[inline]
    #[must_use]
    pub const fn group(&self, page: VirtualPage) -> VirtualPage {
        VirtualPage(page.0 & !(self.huge_pages() - 1))
    }

    /// Frames at this home; 0 where there is no such device.
    #[inline]
    #[must_use]
    pub const fn frames(&self, home: Home) -> u32 {
        self.frames[home.index()]
    }

    /// Frames of RAM, at least 1.
    #[inline]
    #[must_use]
    pub const fn ram(&self) -> u32 {
        self.frames[0]
    }

    /// Number of devices, 0 to 2.
    #[inline]
    #[must_use]
    pub const fn devices(&self) -> u32 {
        (self.frames[1] > 0) as u32 + (self.frames[2] > 0) as u32
    }

    /// Number of address spaces, at least 1.
    #[inline]
    #[must_use]
    pub const fn spaces(&self) -> u32 {
        self.spaces
    }

    /// Virtual pages in each space, at least 1.
    #[inline]
    #[must_use]
    pub const fn pages(&self) -> u32 {
        self.pages
    }

    /// The dialect.
    #[inline]
    #[must_use]
    pub const fn rules(&self) -> Dialect {
        self.rules
    }

    /// The largest order that `alloc` serves: min(10, ⌊log2 ram⌋).
    #[inline]
    #[must_use]
    pub const fn highest_order(&self) -> Order {
        let log = self.ram().ilog2();
        if log < Order::HIGHEST.0 { Order(log) } else { Order::HIGHEST }
    }

    /// Whether the machine, and so every operation on it, has a spelling in bytes.
    #[must_use]
    pub fn has_bytes(&self) -> bool {
        self.sizes().iter().zip(Self::LARGEST_IN_BYTES.sizes()).all(|(&size, most)| size <= most)
    }

    /// The sizes in the order ram, first device, second device, spaces, pages.
    #[must_use]
    pub const fn sizes(&self) -> [u32; 5] {
        let [ram, first, second] = self.frames;
        [ram, first, second, self.spaces, self.pages]
    }

    /// The same machine with these [`sizes`](Machine::sizes), if they are within limits. The order of huge pages is lowered
    /// where they would not fit.
    #[must_use]
    pub fn resized(self, sizes: [u32; 5]) -> Option<Machine> {
        let plain = Machine::from_sizes(sizes, self.rules)?;
        Some(Machine { huge: self.huge.min(plain.most_huge()), ..plain })
    }

    /// The same machine under the rules of another kernel.
    #[must_use]
    pub const fn ruled(self, rules: Dialect) -> Machine {
        Machine { rules, ..self }
    }

    /// The machine without huge pages that has these [`sizes`](Machine::sizes) and this dialect, if they are within limits.
    #[must_use]
    pub fn from_sizes([ram, first, second, spaces, pages]: [u32; 5], rules: Dialect) -> Option<Machine> {
        Machine::new([ram, first, second], spaces, pages, rules)
    }
}

impl Default for Machine {
    fn default() -> Self {
        Machine::DEFAULT
    }
}

/// As in a trace, without the leading word; the dialect only where it is not the default.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ram, first, second] = self.frames;
        write!(f, "ram={ram}")?;
        match (first, second) {
            (0, _) => {}
            (first, 0) => write!(f, " device={first}")?,
            (first, second) => write!(f, " device={first},{second}")?,
        }
        write!(f, " spaces={} pages={}", self.spaces, self.pages)?;
        if self.huge > 0 {
            write!(f, " huge={}", self.huge)?;
        }
        if self.rules != Dialect::default() {
            write!(f, " rules={}", self.rules.word())?;
        }
        Ok(())
    }
}
