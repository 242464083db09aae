//! The crate rangemap, its current version and one before a repair: regions as ranges of one access.

use std::fmt::Debug;
use std::ops::{Range, RangeInclusive};

use stalemap::{Access, PageRange, VirtualPage};

use super::{Parts, PlainTable, Regions};

/// A range of a map.
trait Pages: Debug {
    fn of(range: PageRange) -> Self;
    /// The first page.
    fn first(&self) -> u32;
    /// One more than the last page.
    fn end(&self) -> u32;
}

impl Pages for Range<u32> {
    fn of(range: PageRange) -> Self {
        range.first.0..range.first.0 + range.count
    }

    fn first(&self) -> u32 {
        self.start
    }

    fn end(&self) -> u32 {
        self.end
    }
}

impl Pages for RangeInclusive<u32> {
    fn of(range: PageRange) -> Self {
        range.first.0..=range.first.0 + range.count - 1
    }

    fn first(&self) -> u32 {
        *self.start()
    }

    fn end(&self) -> u32 {
        *self.end() + 1
    }
}

/// "Contiguous and overlapping ranges that map to the same value are coalesced into a single range."
fn coalesced<'a, R: Pages + 'a>(mut ranges: impl Iterator<Item = (&'a R, &'a Access)>) -> Result<(), String> {
    let Some((mut last, mut access)) = ranges.next() else { return Ok(()) };
    for (next, other) in ranges {
        if last.end() > next.first() {
            return Err(format!("ranges {last:?} and {next:?} overlap"));
        }
        if last.end() == next.first() && access == other {
            return Err(format!("ranges {last:?} and {next:?} are not coalesced"));
        }
        (last, access) = (next, other);
    }
    Ok(())
}

/// A map of one released version.
macro_rules! map {
    ($regions:ident, $parts:ident, $map:ty, $range:ty, $name:literal) => {
        pub(crate) struct $regions($map);

        impl Regions for $regions {
            fn new() -> Self {
                $regions(<$map>::new())
            }

            fn copy(&self) -> Self {
                $regions(self.0.clone())
            }

            fn access(&self, page: VirtualPage) -> Option<Access> {
                self.0.get(&page.0).copied()
            }

            fn map(&mut self, range: PageRange, access: Access) -> bool {
                let range = <$range>::of(range);
                let is_free = self.0.gaps(&range).eq([range.clone()]);
                if is_free {
                    self.0.insert(range, access);
                }
                is_free
            }

            fn unmap(&mut self, range: PageRange) -> Vec<PageRange> {
                self.0.remove(<$range>::of(range));
                vec![range]
            }

            fn protect(&mut self, range: PageRange, access: Access) -> Vec<PageRange> {
                self.0.insert(<$range>::of(range), access);
                vec![range]
            }

            fn validate(&self) -> Result<(), String> {
                coalesced(self.0.iter())
            }
        }

        pub(crate) struct $parts;

        impl Parts for $parts {
            const NAME: &'static str = $name;
            type Regions = $regions;
            type Table = PlainTable;
        }
    };
}

map!(Regions0_1_8, RangeMap0_1_8, rangemap_0_1_8::RangeMap<u32, Access>, Range<u32>, "rangemap 0.1.8");
map!(
    Inclusive0_1_8,
    RangeInclusiveMap0_1_8,
    rangemap_0_1_8::RangeInclusiveMap<u32, Access>,
    RangeInclusive<u32>,
    "rangemap 0.1.8"
);
map!(Regions1_8_0, RangeMap1_8_0, rangemap::RangeMap<u32, Access>, Range<u32>, "rangemap 1.8.0");
map!(
    Inclusive1_8_0,
    RangeInclusiveMap1_8_0,
    rangemap::RangeInclusiveMap<u32, Access>,
    RangeInclusive<u32>,
    "rangemap 1.8.0"
);
