//! The mapped places of all spaces, in ascending order.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use stalemap_operations::{Machine, Place, Space, VirtualPage};

use crate::entry::Mapped;

/// For each place its mapping, or none. A walk costs what lies between the first and the last page that were ever mapped
/// in a space.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// By space × pages + page.
    mapped: Vec<Option<Mapped>>,
    /// For each space the pages within which all mapped ones lie.
    within: Vec<Range<u32>>,
    pages: u32,
}

impl Places {
    /// Nothing is mapped.
    pub(crate) fn new(machine: &Machine) -> Places {
        let places = machine.spaces() as usize * machine.pages() as usize;
        Places { mapped: vec![None; places], within: vec![0..0; machine.spaces() as usize], pages: machine.pages() }
    }

    /// Unmaps everything.
    pub(crate) fn clear(&mut self) {
        for space in 0..self.within.len() {
            let within = core::mem::take(&mut self.within[space]);
            let start = space * self.pages as usize;
            self.mapped[start + within.start as usize..start + within.end as usize].fill(None);
        }
    }

    /// The mapping of a place.
    #[inline]
    pub(crate) fn get(&self, place: Place) -> Option<&Mapped> {
        self.mapped[self.index(place)].as_ref()
    }

    /// Changes a place; what was there.
    #[inline]
    pub(crate) fn set(&mut self, place: Place, to: Option<Mapped>) -> Option<Mapped> {
        let index = self.index(place);
        if to.is_some() {
            let (page, within) = (place.page.0, &mut self.within[place.space.index()]);
            if within.start == within.end {
                *within = page..page + 1;
            } else {
                *within = within.start.min(page)..within.end.max(page + 1);
            }
        }
        core::mem::replace(&mut self.mapped[index], to)
    }

    /// The mapped places with their mappings.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Place, &Mapped)> {
        (0..).map(Space).take(self.within.len()).flat_map(|space| self.of_space(space))
    }

    /// Looks at each mapped place in order; faster than [`iter`](Self::iter), which must remember where it is.
    #[inline]
    pub(crate) fn for_each(&self, mut look: impl FnMut(Place, &Mapped)) {
        let mut start = 0;
        for (space, within) in (0..).map(Space).zip(&self.within) {
            let mapped = &self.mapped[start + within.start as usize..start + within.end as usize];
            start += self.pages as usize;
            for (page, mapped) in (within.start..).zip(mapped) {
                if let Some(mapped) = mapped {
                    look(Place { space, page: VirtualPage(page) }, mapped);
                }
            }
        }
    }

    /// The mappings of all places.
    #[inline]
    pub(crate) fn values(&self) -> impl Iterator<Item = &Mapped> {
        let slices = self.within.iter().enumerate().map(|(space, within)| {
            let start = space * self.pages as usize;
            &self.mapped[start + within.start as usize..start + within.end as usize]
        });
        slices.flatten().flatten()
    }

    /// Places of one space, among them all that are mapped.
    #[inline]
    pub(crate) fn within(&self, space: Space) -> impl Iterator<Item = Place> + use<> {
        self.within[space.index()].clone().map(move |page| Place { space, page: VirtualPage(page) })
    }

    /// The mapped places of one space.
    #[inline]
    pub(crate) fn of_space(&self, space: Space) -> impl Iterator<Item = (Place, &Mapped)> {
        let within = self.within[space.index()].clone();
        let start = space.index() * self.pages as usize;
        let mapped = &self.mapped[start + within.start as usize..start + within.end as usize];
        within.zip(mapped).filter_map(move |(page, mapped)| {
            let place = Place { space, page: VirtualPage(page) };
            mapped.as_ref().map(|mapped| (place, mapped))
        })
    }

    #[inline]
    fn index(&self, place: Place) -> usize {
        place.space.index() * self.pages as usize + place.page.index()
    }
}
