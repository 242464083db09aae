//! The crate rangemap, its current version and one before a repair: regions as ranges of one access.

use stalemap::{Access, PageRange, VirtualPage};

use super::{Parts, PlainTable, Regions};

/// One released version.
macro_rules! version {
    ($regions:ident, $parts:ident, $map:ty, $name:literal) => {
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
                let range = range.first.0..range.first.0 + range.count;
                let is_free = self.0.gaps(&range).eq([range.clone()]);
                if is_free {
                    self.0.insert(range, access);
                }
                is_free
            }

            fn unmap(&mut self, range: PageRange) -> Vec<PageRange> {
                self.0.remove(range.first.0..range.first.0 + range.count);
                vec![range]
            }

            fn protect(&mut self, range: PageRange, access: Access) -> Vec<PageRange> {
                self.0.insert(range.first.0..range.first.0 + range.count, access);
                vec![range]
            }

            /// "Contiguous and overlapping ranges that map to the same value are coalesced into a single range."
            fn validate(&self) -> Result<(), String> {
                let mut ranges = self.0.iter();
                let Some(mut last) = ranges.next() else { return Ok(()) };
                for next in ranges {
                    if last.0.end > next.0.start {
                        return Err(format!("ranges {:?} and {:?} overlap", last.0, next.0));
                    }
                    if last.0.end == next.0.start && last.1 == next.1 {
                        return Err(format!("ranges {:?} and {:?} are not coalesced", last.0, next.0));
                    }
                    last = next;
                }
                Ok(())
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

version!(Regions0_1_8, RangeMap0_1_8, rangemap_0_1_8::RangeMap<u32, Access>, "rangemap 0.1.8");
version!(Regions1_8_0, RangeMap1_8_0, rangemap::RangeMap<u32, Access>, "rangemap 1.8.0");
