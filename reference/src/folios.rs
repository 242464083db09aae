//! Section 8, large folios: what is one, its references, and how an entry or a folio is split.

use alloc::vec::Vec;

use stalemap_operations::{Dialect, Errno, Home, LargeFolios, PageRange, PageToken, Place, Space, Stamp, VirtualPage};

use crate::entry::{Entry, Mapped};
use crate::marks::mark;
use crate::model::Model;

/// What a subject says of the runs of frames that an operation asks for, in order.
#[derive(Clone, Debug)]
pub(crate) struct ClaimedRuns {
    promise: LargeFolios,
    claims: Vec<bool>,
    next: usize,
    /// Homes where the subject has found no run, though as many frames were free, by [`Home::index`] as bits; and [`OTHER`].
    refused: u8,
}

/// The subject has not taken a group of holes as one, or has copied a page that it could have reused.
const OTHER: u8 = 1 << Home::LIMIT;

impl ClaimedRuns {
    /// Of a subject that promises this.
    pub(crate) const fn new(promise: LargeFolios) -> ClaimedRuns {
        ClaimedRuns { promise, claims: Vec::new(), next: 0, refused: 0 }
    }

    /// The claims of the next operation.
    #[inline]
    pub(crate) fn claim(&mut self, runs: &[bool]) {
        self.refused = 0;
        self.claims.clear();
        self.claims.extend_from_slice(runs);
        self.next = 0;
    }

    /// The next one, of a run at this home, of which so many frames are free and so many are wanted.
    pub(crate) fn take_run(&mut self, home: Home, free: u32, wanted: u32) -> bool {
        let is_claimed = self.take();
        if !is_claimed && free >= wanted {
            self.refuse(home);
        }
        is_claimed && free >= wanted
    }

    /// The subject has found no run at this home, though enough frames were free.
    pub(crate) fn refuse(&mut self, home: Home) {
        self.refused |= 1 << home.index();
    }

    /// Whether the subject makes the choice of the rules: it takes a group of holes as one, or knows that all entries of a large folio are
    /// those of one space. One that promises to make it does.
    pub(crate) fn follows_rule(&mut self) -> bool {
        let follows = self.take() || self.promise == LargeFolios::ByRule;
        if !follows {
            self.refused |= OTHER;
        }
        follows
    }

    /// Whether the subject brings a large folio where no rule asks for one. One that promises not to does not.
    fn goes_beyond_rules(&mut self) -> bool {
        self.take_or(false) && self.promise == LargeFolios::ByClaim
    }

    /// The next one; true where nothing is claimed.
    fn take(&mut self) -> bool {
        self.take_or(true)
    }

    /// The next one; this where nothing is claimed.
    fn take_or(&mut self, unclaimed: bool) -> bool {
        let claim = self.claims.get(self.next).copied();
        self.next += 1;
        claim.unwrap_or(unclaimed)
    }
}

impl Model {
    /// The first place of the group of a place.
    pub(crate) fn group(&self, place: Place) -> Place {
        Place { page: self.machine.group(place.page), ..place }
    }

    /// The places of the group that begins here.
    pub(crate) fn group_places(&self, first: Place) -> impl Iterator<Item = Place> + use<> {
        let Place { space, page } = first;
        (0..self.machine.huge_pages()).map(move |index| Place { space, page: VirtualPage(page.0 + index) })
    }

    /// Whether the group that begins here is whole: the last pages of a space may be too few for one.
    pub(crate) fn has_whole_group(&self, first: Place) -> bool {
        first.page.0 + self.machine.huge_pages() <= self.machine.pages()
    }

    /// Whether all places of the group of this place are in the range.
    pub(crate) fn is_group_within(&self, place: Place, range: PageRange) -> bool {
        let first = self.group(place).page.0;
        range.first.0 <= first && first + self.machine.huge_pages() <= range.first.0 + range.count
    }

    /// The parts of a range that lie in one group each; single places where the machine has no huge pages.
    pub(crate) fn parts(&self, range: PageRange) -> impl Iterator<Item = PageRange> + use<> {
        let order = self.machine.huge().map_or(0, |order| order.0);
        let (first, end) = (range.first.0, range.first.0 + range.count);
        (first >> order..end.div_ceil(1 << order)).map(move |group| {
            let [from, to] = [(group << order).max(first), ((group + 1) << order).min(end)];
            PageRange { first: VirtualPage(from), count: to - from }
        })
    }

    /// Whether the subject finds a run of frames for a large folio at this home. Too few free frames have no run.
    pub(crate) fn finds_run(&mut self, home: Home) -> bool {
        let free = self.free(home);
        self.runs.take_run(home, free, self.machine.huge_pages())
    }

    /// Homes where the subject found no run of frames for a large folio in the last operation ([`Subject::runs`](
    /// stalemap_operations::Subject::runs), or `ENOMEM` of `collapse`), though enough frames were free, by [`Home::index`]: its own frames
    /// say whether that was so.
    #[must_use]
    pub fn refused_runs(&self) -> [bool; Home::LIMIT] {
        Home::ALL.map(|home| self.runs.refused >> home.index() & 1 == 1)
    }

    /// Whether there is such a home.
    #[inline]
    #[must_use]
    pub fn has_refused_runs(&self) -> bool {
        self.runs.refused & !OTHER != 0
    }

    /// Whether the last operation did without a large folio that its counts allowed, or copied a page that it could have reused: what is
    /// written of the answers that follow may not hold.
    #[inline]
    #[must_use]
    pub fn did_without_folio(&self) -> bool {
        self.runs.refused != 0
    }

    /// The head of the large folio of a page; the page itself where it is small.
    #[inline]
    pub(crate) fn head(&self, page: PageToken) -> PageToken {
        self.live_page(page).and_then(|it| it.folio).map_or(page, |folio| folio.head)
    }

    /// Whether another page is the same, or of the same large folio.
    #[inline]
    pub(crate) fn in_folio_of(&self, page: PageToken) -> impl Fn(PageToken) -> bool + '_ {
        let is_in_folio = self.in_folio_as_it_is(page);
        move |it| is_in_folio(self, it)
    }

    /// The same of a model that may have changed since, but not the folio.
    #[inline]
    fn in_folio_as_it_is(&self, page: PageToken) -> impl Fn(&Model, PageToken) -> bool + use<> {
        let folio = self.live_page(page).and_then(|it| it.folio);
        move |model, it| it == page || folio.is_some_and(|folio| model.head(it) == folio.head)
    }

    /// Whether it is a page of a large folio.
    #[inline]
    pub(crate) fn is_large(&self, page: PageToken) -> bool {
        self.page(page).folio.is_some()
    }

    /// The pages of the large folio of a page, in order; the page alone where it is small.
    #[inline]
    pub(crate) fn folio_pages(&self, page: PageToken) -> impl Iterator<Item = PageToken> + use<> {
        let is_large = self.is_large(page);
        // The list of a small page is empty, so that no memory is asked for.
        let pages = if is_large { self.pages_of_large(page) } else { Vec::new() };
        (!is_large).then_some(page).into_iter().chain(pages)
    }

    fn pages_of_large(&self, page: PageToken) -> Vec<PageToken> {
        let head = self.head(page);
        let mine = self.live_pages().filter_map(|(token, it)| Some((it.folio?, token)));
        let mut pages: Vec<_> =
            mine.filter(|(folio, _)| folio.head == head).map(|(it, token)| (it.index, token)).collect();
        pages.sort_unstable();
        pages.into_iter().map(|(_, token)| token).collect()
    }

    /// Replaces entries that lead to the page or its folio by what `change` makes of them, where it makes something; how many.
    pub(crate) fn change_entries(&mut self, page: PageToken, change: impl Fn(Entry) -> Option<Entry>) -> u32 {
        let is_in_folio = self.in_folio_as_it_is(page);
        let mut changed = 0;
        for space in (0..self.machine.spaces()).map(Space) {
            for place in self.places.within(space) {
                let Some(entry) = self.at(place).map(|mapped| mapped.entry) else { continue };
                if entry.page().is_some_and(|it| is_in_folio(self, it))
                    && let Some(to) = change(entry)
                {
                    self.set_entry(place, to);
                    changed += 1;
                }
            }
        }
        changed
    }

    /// Notes that a page was touched, and with it its whole folio, whose references it shows.
    #[inline]
    pub(crate) fn note_folio(&mut self, page: PageToken) {
        if self.machine.huge().is_none() || self.live_page(page).is_none_or(|it| it.folio.is_none()) {
            return self.notes.page(page);
        }
        for page in self.folio_pages(page) {
            self.notes.page(page);
        }
    }

    /// Entries that map a large folio or a part of it. A huge entry counts once.
    pub(crate) fn folio_mapcount(&self, page: PageToken) -> u32 {
        let is_in_folio = self.in_folio_of(page);
        let (mut small, mut huge) = (0, 0);
        for mapped in self.places.values() {
            match mapped.entry {
                Entry::Maps { page, huge: is_huge, .. } if is_in_folio(page) => {
                    *if is_huge { &mut huge } else { &mut small } += 1;
                }
                Entry::Hole | Entry::Maps { .. } | Entry::Migrating { .. } => {}
            }
        }
        small + huge / self.machine.huge_pages()
    }

    /// The folio's references: entries, pins, holds, and one while a transaction has it.
    pub(crate) fn folio_refcount(&self, page: PageToken) -> u32 {
        self.folio_mapcount(page) + self.references(page)
    }

    /// The places whose entry, migration entries included, leads to a page of the folio.
    fn folio_places(&self, page: PageToken) -> Vec<Place> {
        let is_in_folio = self.in_folio_of(page);
        let mut places = Vec::new();
        self.places.for_each(|place, mapped| {
            if mapped.entry.page().is_some_and(&is_in_folio) {
                places.push(place);
            }
        });
        places
    }

    /// The first place that leads to a page of the folio.
    pub(crate) fn first_place(&self, page: PageToken) -> Option<Place> {
        self.folio_places(page).first().copied()
    }

    /// Whether all entries of the folio are those of one space.
    pub(crate) fn is_mapped_by(&self, page: PageToken, space: Space) -> bool {
        self.folio_places(page).iter().all(|place| place.space == space)
    }

    /// Splits the huge entry of a place into small ones (`__split_huge_pmd_locked`, mm/huge_memory.c): the same pages with the same
    /// bits. The folio stays whole.
    pub(crate) fn split_entry(&mut self, place: Place) {
        mark!(self, "huge entry that is split");
        for place in self.group_places(self.group(place)) {
            let entry = self.at(place).expect("a huge entry's places are mapped").entry;
            self.set_entry(place, entry.as_small());
        }
    }

    /// Splits the huge entry of a place of which an operation on the range concerns only a part.
    pub(crate) fn split_entry_partly_in(&mut self, place: Place, range: PageRange) {
        if self.is_huge_at(place) && !self.is_group_within(place, range) {
            mark!(self, "operation on a part of a huge entry");
            self.split_entry(place);
        }
    }

    /// Whether a place is one of a huge entry.
    #[inline]
    pub(crate) fn is_huge_at(&self, place: Place) -> bool {
        self.at(place).is_some_and(|mapped| mapped.entry.is_huge())
    }

    /// Splits a large folio into pages of order 0, if nothing but entries refers to it (`__folio_split`, mm/huge_memory.c): else
    /// `EAGAIN`, and nothing changes. Its huge entries are split in every space. Pages without a mapping end. Of a folio in RAM, an
    /// entry that leads to a page of zeros becomes a hole (`try_to_map_unused_to_zeropage`, mm/migrate.c, since 6.12). The number of
    /// pages that end.
    pub(crate) fn split_folio(&mut self, page: PageToken) -> Result<u32, Errno> {
        if self.references(page) > 0 {
            mark!(self, "folio that is not split, since something but entries refers to it");
            return Err(Errno::EAGAIN);
        }
        let pages = self.folio_pages(page);
        self.split_unmapped(page);
        let mut freed = 0;
        for page in pages {
            self.clean_entries(page);
            let it = *self.page(page);
            if it.home == Home::Ram && it.stamp == Stamp(0) && self.machine.rules() != Dialect::Linux6_1 {
                mark!(self, "page of zeros that a split of its folio drops");
                self.change_entries(page, |entry| matches!(entry, Entry::Maps { .. }).then_some(Entry::Hole));
            }
            freed += self.free_if_unused(page);
        }
        Ok(freed)
    }

    /// Makes the pages of a large folio pages of order 0, and its huge entries small ones.
    pub(crate) fn split_unmapped(&mut self, page: PageToken) {
        mark!(self, "folio that is split");
        for place in self.folio_places(page) {
            if self.is_huge_at(place) {
                self.split_entry(place);
            }
        }
        for page in self.folio_pages(page) {
            self.page_mut(page).folio = None;
        }
    }

    /// Whether a write fault at this hole may bring a large folio by advice: the group is one mapping, is advised to have huge pages, and
    /// has no page yet.
    pub(crate) fn may_fill_group(&self, place: Place) -> bool {
        self.machine.huge().is_some()
            && self.at(place).is_some_and(Mapped::is_advised_huge)
            && self.is_group_of_holes(self.group(place))
    }

    /// Whether a write fault at this hole brings a large folio: the group is one mapping, has no page yet, and the subject finds a run.
    /// A subject brings one where the group is advised to have huge pages (`do_huge_pmd_anonymous_page`, mm/huge_memory.c). Where
    /// it is not, a subject may too: the group may have been read while it was so advised, and shows the huge page of zeros since then
    /// (`do_huge_zero_wp_pmd`, which asks for no advice). Only a claim tells.
    pub(crate) fn fills_group(&mut self, place: Place) -> bool {
        if self.machine.huge().is_none() || !self.is_group_of_holes(self.group(place)) {
            return false;
        }
        if !self.at(place).is_some_and(Mapped::is_advised_huge) {
            return self.runs.goes_beyond_rules() && self.free(Home::Ram) >= self.machine.huge_pages();
        }
        let fills = self.finds_run(Home::Ram);
        if !fills {
            mark!(self, "group of holes for which no run is found");
        }
        fills
    }

    /// Whether the group that begins here is one mapping without a page.
    pub(crate) fn is_group_of_holes(&self, first: Place) -> bool {
        let mapped = self.at(first);
        mapped.is_some_and(|mapped| mapped.entry == Entry::Hole)
            && self.has_whole_group(first)
            && self.group_places(first).all(|place| self.at(place) == mapped)
    }

    /// Maps a fresh large folio at the group that begins here; its head.
    pub(crate) fn fill_group(&mut self, first: Place, home: Home, dirty: bool) -> PageToken {
        mark!(self, "group of holes that a large folio fills");
        let pages = self.allocate_folio(home);
        for (place, &page) in self.group_places(first).zip(&pages) {
            let Mapped { access, .. } = self.at(place).expect("a mapped place");
            self.set_entry(place, Entry::Maps { page, writable: access.writable(), dirty, huge: true });
        }
        pages[0]
    }
}
