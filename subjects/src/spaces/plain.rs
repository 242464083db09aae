//! Regions and a page table of ours: what a stack has where the crate under test has nothing.

use std::collections::BTreeMap;

use stalemap::{Access, PageRange, VirtualPage};

use super::{Entry, Regions, Table};

/// An access for each mapped page.
#[derive(Clone)]
pub(crate) struct PlainRegions(BTreeMap<VirtualPage, Access>);

impl Regions for PlainRegions {
    fn new() -> Self {
        PlainRegions(BTreeMap::new())
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    fn access(&self, page: VirtualPage) -> Option<Access> {
        self.0.get(&page).copied()
    }

    fn map(&mut self, range: PageRange, access: Access) -> bool {
        let is_free = range.iter().all(|page| !self.0.contains_key(&page));
        if is_free {
            self.0.extend(range.iter().map(|page| (page, access)));
        }
        is_free
    }

    fn unmap(&mut self, range: PageRange) -> Vec<PageRange> {
        self.0.retain(|page, _| !range.overlaps(PageRange::from(*page)));
        vec![range]
    }

    fn protect(&mut self, range: PageRange, access: Access) -> Vec<PageRange> {
        self.0.extend(range.iter().map(|page| (page, access)));
        vec![range]
    }
}

/// An entry for each page.
pub(crate) struct PlainTable(Vec<Option<Entry>>);

impl Table for PlainTable {
    fn new(pages: u32) -> Self {
        PlainTable(vec![None; pages as usize])
    }

    fn get(&self, page: VirtualPage) -> Option<Entry> {
        self.0[page.index()]
    }

    fn map(&mut self, page: VirtualPage, entry: Entry) {
        self.0[page.index()] = Some(entry);
    }

    fn remap(&mut self, page: VirtualPage, entry: Entry) {
        self.0[page.index()] = Some(entry);
    }

    fn protect(&mut self, page: VirtualPage, access: Access) {
        self.0[page.index()].as_mut().expect("an entry").access = access;
    }

    fn unmap(&mut self, page: VirtualPage) -> Option<Entry> {
        self.0[page.index()].take()
    }
}
