//! Huge pages: a memory manager with large folios and huge entries, as a subject of level 4.

use stalemap_operations::{
    Advice, Effect, Errno, FrameToken, Kind, KindSet, LargeFolios, Observables, Operation, PageRange, Place, Space,
};

use crate::extensions::{Extension, Extensions, Folios};
use crate::folio::Folio;
use crate::identities::Step;
use crate::spaces::{AddressSpaces, Answer, Spaces};

/// A memory manager that maps groups of pages by one entry.
///
/// On a machine with `huge=K` ([`Machine::huge_pages`](crate::Machine::huge_pages) is 2^K, and 1 on other machines) a group is 2^K
/// places of a space, the first a multiple of that number. A large folio is 2^K pages in contiguous frames of one home, aligned
/// to their number, which live and die as one. A huge entry maps a large folio at a group. The documentation of
/// [`operations`](crate::operations) has the rules.
///
/// The other functions get ranges as they are: one that covers a part of a group splits its huge entry.
/// [`relocate_range`](AddressSpaces::relocate_range) has to be implemented, since whole groups move as one.
/// [`refcount`](AddressSpaces::refcount) of a page of a large folio is the folio's: each entry counts once.
/// [`OPERATIONS`](AddressSpaces::OPERATIONS) gets `advise`, `collapse` and `split_folio` by itself.
pub trait HugeMemory: AddressSpaces {
    /// What it promises where the rules leave a choice; the choices of the rules, where nothing else is said.
    const PROMISE: LargeFolios = LargeFolios::ByRule;

    /// Advises that a write into a group of holes fills it with a large folio, or never. Unmapped places are passed over.
    fn advise(&mut self, space: Space, range: PageRange, advice: Advice);

    /// Replaces what is in a group by one large folio of RAM, copied from it; holes read as zero. All places of the group are
    /// mapped with one access, and at least one holds a page. `group` is the first of them.
    ///
    /// # Errors
    /// `EINVAL` where the group is advised against, is not one mapping, or is a huge entry of a device; `EAGAIN` where something but
    /// entries refers to a page; `ENOMEM` where RAM has no run of frames.
    fn collapse(&mut self, group: Place) -> Result<(), Errno>;

    /// Splits the large folio that is mapped at a place into pages of order 0. Those that nothing maps end.
    ///
    /// # Errors
    /// `EINVAL` where no page of a large folio in RAM is there; `EAGAIN` where something but entries refers to it.
    fn split_folio(&mut self, place: Place) -> Result<(), Errno>;

    /// Whether a mapped place is one of a huge entry.
    fn is_huge(&self, place: Place) -> bool;

    /// The large folio of the page in this frame, which something maps or pins; none where it is of order 0.
    fn folio(&self, frame: FrameToken) -> Option<Folio>;

    /// Whether the last operation found a run of free frames, for each that it looked for: as
    /// [`Subject::runs`](crate::Subject::runs) says. A manager that tells fewer finds one wherever enough frames are free, so one
    /// whose free frames can lie apart has to tell.
    fn runs(&self) -> Vec<bool> {
        Vec::new()
    }
}

impl<M: HugeMemory> Extensions<M> {
    /// Large folios and huge entries.
    #[must_use]
    pub fn huge_pages(self) -> Extensions<M> {
        self.and(Extension {
            operations: KindSet::NONE.with(Kind::Advise).with(Kind::Collapse).with(Kind::SplitFolio),
            shows: Observables::FOLIOS,
            answer,
            contract: None,
            folios: Some(Folios { is_huge: M::is_huge, folio: M::folio, runs: M::runs, promise: M::PROMISE }),
        })
    }
}

/// What an operation on large folios answers; none for another one.
fn answer<M: HugeMemory>(spaces: &mut Spaces<M>, operation: Operation) -> Option<Answer> {
    Some(if let Operation::Advise { space, range, advice } = operation {
        spaces.living(space).and_then(|()| advise(spaces, space, range, advice))
    } else if let Operation::Collapse { space, page } = operation {
        spaces.living(space).and_then(|()| collapse(spaces, Place { space, page }))
    } else if let Operation::SplitFolio { space, page } = operation {
        spaces.living(space).and_then(|()| split_folio(spaces, Place { space, page }))
    } else {
        return None;
    })
}

/// Unmapped places are passed over, and then told.
fn advise<M: HugeMemory>(spaces: &mut Spaces<M>, space: Space, range: PageRange, advice: Advice) -> Answer {
    let all_mapped = spaces.is_all_mapped(space, range);
    spaces.manager.advise(space, range, advice);
    spaces.update(Step::Other);
    if all_mapped { Ok(Effect::Nothing) } else { Err(Errno::ENOMEM) }
}

/// The pages of the folio are new ones; what was in the group ends unless it is mapped elsewhere.
fn collapse<M: HugeMemory>(spaces: &mut Spaces<M>, place: Place) -> Answer {
    let pages = spaces.machine.huge_pages();
    let group = Place { page: spaces.machine.group(place.page), ..place };
    if !may_collapse(spaces, group, pages) {
        return Err(Errno::EINVAL);
    }
    let answer = spaces.manager.collapse(group);
    let freed = spaces.update(if answer.is_ok() { Step::Replaces(group, pages) } else { Step::Other });
    answer.map(|()| Effect::Freed(freed))
}

/// Whether a group is whole, mapped with one access, and holds a page.
fn may_collapse<M: AddressSpaces>(spaces: &Spaces<M>, group: Place, pages: u32) -> bool {
    let range = PageRange { first: group.page, count: pages };
    let mut shown = range.iter().map(|page| spaces.mapping(Place { page, ..group }));
    let Some(first) = spaces.mapping(group) else { return false };
    group.page.0 + pages <= spaces.machine.pages()
        && shown.clone().all(|it| it.is_some_and(|it| it.access == first.access))
        && shown.any(|it| it.is_some_and(|it| it.frame.is_some()))
}

fn split_folio<M: HugeMemory>(spaces: &mut Spaces<M>, place: Place) -> Answer {
    if !spaces.is_mapped(place) {
        return Err(Errno::EFAULT);
    }
    let answer = spaces.manager.split_folio(place);
    let freed = spaces.update(Step::Other);
    answer.map(|()| Effect::Freed(freed))
}
