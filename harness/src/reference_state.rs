//! The state of the reference: what tells states apart where a subject shows none of its own.

use stalemap_operations::{
    Entry, Observation, PageToken, PageView, PlaceState, Scope, Slot, SlotState, Space, Stamp, Subject as _,
};
use stalemap_reference::Model;

use crate::state::{StateDigest, state_digest};

/// All that the reference shows, and what it hides.
///
/// Two states that differ only in names without meaning (stamps other than 0, tokens, numbers of slots) have one digest. A few
/// such states have two: names are given in the order in which places and slots show them, and a page that neither shows keeps
/// its stamp.
///
/// ```
/// use stalemap_harness::ReferenceState;
/// use stalemap_operations::{Home, Machine, Subject as _, Trace};
/// use stalemap_reference::Model;
///
/// let state_behind = |lines: &str| -> Result<_, Box<dyn std::error::Error>> {
///     let program = Trace::parse(&format!("machine ram=2 spaces=1 pages=2\nmap s0 v0+2 rw\n{lines}"))?.program();
///     let mut reference = Model::new(program.machine, Home::ALL.map(|home| program.machine.frames(home)));
///     program.operations.iter().for_each(|&operation| drop(reference.apply(operation)));
///     Ok(ReferenceState::of(&reference).digest())
/// };
/// assert_eq!(state_behind("write s0 v0 #01\n")?, state_behind("write s0 v0 #07\nread s0 v0\n")?);
/// assert_ne!(state_behind("write s0 v0 #01\n")?, state_behind("write s0 v1 #01\n")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReferenceState<'a> {
    reference: &'a Model,
    seen: Observation,
}

impl ReferenceState<'_> {
    /// The state that the reference is in.
    #[must_use]
    pub fn of(reference: &Model) -> ReferenceState<'_> {
        let mut seen = Observation::default();
        reference.observe(&Scope { everything: true, ..Scope::default() }, &mut seen);
        ReferenceState { reference, seen }
    }

    /// What is the same for two states that differ in names only.
    #[must_use]
    pub fn digest(&self) -> StateDigest {
        let mut names = Names::default();
        let mut world = Vec::new();
        for space in (0..self.reference.machine().spaces()).map(Space) {
            world.push(u64::from(self.seen.alive.contains(space)) << 1 | u64::from(self.seen.locked.contains(space)));
        }
        for view in &self.seen.places {
            world.extend([view.place.space.0.into(), view.place.page.0.into(), place_number(view.state)]);
            world.push(view.state.page().map_or(0, |page| names.page(page)));
        }
        let slots =
            self.seen.slots.iter().map(|(slot, state)| (*slot, slot_numbers(state, &mut names))).collect::<Vec<_>>();
        self.name_folios(&mut names);
        // Pages that only a transaction has come last.
        for page in &self.seen.pages {
            names.page(page.token);
        }
        for &token in &names.pages {
            // Of another token nothing is seen: it is of a page that has ended.
            let Some(page) = self.seen.page(token) else { continue };
            let counts = u64::from(page.mapcount) << 32 | u64::from(page.refcount);
            let own = (page.home.index() as u64) << 1 | u64::from(page.exclusive);
            world.extend([own, counts, stamp_number(page.stamp, &mut names.stamps)]);
        }
        for page in &names.pages {
            let Some(folio) = self.seen.page(*page).and_then(|page| page.folio) else { continue };
            let head = names.pages.iter().position(|it| *it == folio.head).map_or(0, |index| index as u64 + 1);
            world.extend([FOLIO, head, u64::from(folio.mapcount) << 32 | u64::from(folio.index)]);
        }
        world.extend(self.seen.free.map(u64::from));
        state_digest(&world, &slots, self.reference.hidden_state())
    }

    /// Names the pages of large folios of which a page has a name, folio by folio, in their order.
    fn name_folios(&self, names: &mut Names) {
        for named in names.pages.clone() {
            let Some(folio) = self.seen.page(named).and_then(|page| page.folio) else { continue };
            let same = |page: &&PageView| page.folio.is_some_and(|it| it.head == folio.head);
            let mut pages: Vec<_> = self.seen.pages.iter().filter(same).map(|page| (page.folio, page.token)).collect();
            pages.sort_by_key(|(folio, _)| folio.map(|folio| folio.index));
            for (_, token) in pages {
                names.page(token);
            }
        }
    }

    /// The slots that are not empty.
    pub fn filled_slots(&self) -> impl Iterator<Item = Slot> {
        self.seen.slots.iter().map(|(slot, _)| *slot)
    }

    /// The lowest stamp other than 0 that no page has; 255 where all are taken.
    #[must_use]
    pub fn unused_stamp(&self) -> Stamp {
        let is_unused = |stamp: &Stamp| self.seen.pages.iter().all(|page| page.stamp != *stamp);
        (1..u8::MAX).map(Stamp).find(is_unused).unwrap_or(Stamp(u8::MAX))
    }
}

/// Pages and stamps in the order in which they are first named.
#[derive(Default)]
struct Names {
    pages: Vec<PageToken>,
    stamps: Vec<Stamp>,
}

impl Names {
    /// The number of a page, from 1.
    fn page(&mut self, page: PageToken) -> u64 {
        number(page, &mut self.pages)
    }
}

/// 0 for no stamp, else its number from 1.
fn stamp_number(stamp: Stamp, known: &mut Vec<Stamp>) -> u64 {
    if stamp == Stamp(0) { 0 } else { number(stamp, known) }
}

fn number<T: PartialEq>(name: T, known: &mut Vec<T>) -> u64 {
    let index = known.iter().position(|it| *it == name).unwrap_or_else(|| {
        known.push(name);
        known.len() - 1
    });
    index as u64 + 1
}

/// What stands in front of the folio of a page.
const FOLIO: u64 = u64::MAX;

/// Access, entry, writable bit, and whether the entry is a huge one.
fn place_number(state: PlaceState) -> u64 {
    let PlaceState::Mapped { access, entry } = state else { return 0 };
    let (kind, writable, huge) = match entry {
        Entry::Hole => (1, false, false),
        Entry::Maps { writable, huge, .. } => (2, writable, huge),
        Entry::Migrating { writable, huge, .. } => (3, writable, huge),
    };
    u64::from(huge) << 16 | (access as u64) << 8 | kind << 1 | u64::from(writable)
}

fn slot_numbers(state: &SlotState, names: &mut Names) -> Vec<u64> {
    match state {
        SlotState::Empty => Vec::new(),
        SlotState::Pin(page) | SlotState::Hold(page) => vec![names.page(*page)],
        SlotState::Transaction { phase, candidates, .. } => vec![*phase as u64, u64::from(*candidates)],
        SlotState::Block { order, split, held, .. } => vec![order.0.into(), u64::from(*split), u64::from(*held)],
    }
}

#[cfg(test)]
mod tests {
    use super::ReferenceState;
    use stalemap_operations::{Home, Stamp, Subject as _, Trace};
    use stalemap_reference::Model;

    const START: &str = "machine ram=8 device=2 spaces=2 pages=4\nmap s0 v0+4 rw\n";

    fn behind(lines: &str) -> Model {
        behind_start(START, lines)
    }

    fn behind_start(start: &str, lines: &str) -> Model {
        let program = Trace::parse(&format!("{start}{lines}")).expect("a trace").program();
        let mut reference = Model::new(program.machine, Home::ALL.map(|home| program.machine.frames(home)));
        for &operation in &program.operations {
            reference.apply(operation);
        }
        reference
    }

    #[test]
    fn names_without_meaning_make_no_difference() {
        for [one, other] in [
            ["write s0 v0 #01\nwrite s0 v1 #02\n", "write s0 v1 #05\nwrite s0 v0 #03\n"],
            ["write s0 v0 #01\npin k0 s0 v0\n", "write s0 v0 #01\npin k3 s0 v0\n"],
            ["setup t0 s0 v0+2 to d0\n", "setup t2 s0 v0+2 to d0\n"],
            ["write s0 v0 #01\n", "write s0 v0 #01\nprotect s0 v0 r\nprotect s0 v0 rw\n"],
        ] {
            let [first, second] = [one, other].map(behind);
            assert_eq!(ReferenceState::of(&first).digest(), ReferenceState::of(&second).digest(), "{one}\n{other}");
        }
    }

    #[test]
    fn each_of_these_states_has_a_digest_of_its_own() {
        let ways = [
            "",
            "write s0 v0 #01\n",
            "write s0 v1 #01\n",
            "write s0 v0 #01\nwrite s0 v1 #01\n",
            "write s0 v0 #01\nwrite s0 v1 #02\n",
            "write s0 v0 #01\nprotect s0 v0 r\n",
            "write s0 v0 #01\nfork s0 s1\n",
            "write s0 v0 #01\npin k0 s0 v0\n",
            "write s0 v0 #01\nhold h0 s0 v0\n",
            "write s0 v0 #01\nhold h0 s0 v0\nhold h1 s0 v0\n",
            "write s0 v0 #01\nmigrate s0 v0 to d0\n",
            "write s0 v0 #01\nsetup t0 s0 v0 to d0\n",
            "write s0 v0 #01\nsetup t0 s0 v0 to d0\ncopy t0 0\n",
            "write s0 v0 #01\nsetup t0 s0 v0 to d0\ncopy t0 0\npages t0\n",
            "setup t0 s0 v0 to d0\n",
            "setup t0 s0 v1 to d0\n",
            "alloc b0 0\n",
            "alloc b0 1\n",
            "alloc b0 1\nsplit b0\n",
            "unmap s0 v3\n",
            "unmap s0 v0+4\n",
            "fork s0 s1\nunmap s0 v0+4\n",
            "fork s0 s1\nunmap s0 v0+4\nunmap s1 v0+4\n",
            "protect s0 v0+4 r\n",
            "protect s0 v0+4 none\n",
            "write s0 v0 #00\n",
            "write s0 v0 #01\nwrite s0 v1 #02\nmigrate s0 v0 to d0\n",
            "write s0 v0 #01\nwrite s0 v1 #02\nmigrate s0 v1 to d0\n",
        ];
        let states: Vec<_> = ways.iter().map(|way| ReferenceState::of(&behind(way)).digest()).collect();
        for (index, state) in states.iter().enumerate() {
            let same = states.iter().position(|other| other == state).expect("it is among them");
            assert_eq!(same, index, "{:?} and {:?}", ways[same], ways[index]);
        }
    }

    #[test]
    fn huge_entries_and_large_folios_tell_states_apart() {
        let large = "advise s0 v0+4 huge\nwrite s0 v0 #01\nwrite s0 v1 #02\n";
        let ways = [
            "write s0 v0 #01\nwrite s0 v1 #02\n".to_string(),
            "advise s0 v0+4 huge\nwrite s0 v2 #01\nwrite s0 v3 #02\n".to_string(),
            large.to_string(),
            format!("{large}split_folio s0 v0\n"),
            format!("{large}protect s0 v0 r\nprotect s0 v0 rw\n"),
            format!("{large}unmap s0 v0\n"),
            format!("{large}unmap s0 v1\n"),
            format!("{large}unmap s0 v0\nsplit_folio s0 v1\n"),
            format!("{large}unmap s0 v0\nmove s0 v1 v0\n"),
            format!("{large}fork s0 s1\nprotect s0 v0 r\nprotect s0 v0 rw\n"),
            format!("{large}fork s0 s1\nprotect s1 v0 r\nprotect s1 v0 rw\n"),
            format!("{large}migrate s0 v0+2 to d0\n"),
            format!("{large}setup t0 s0 v0+2 to d0\n"),
            format!("{large}setup t0 s0 v0+2 to d0\ndiscard s0 v0\n"),
        ];
        let start = "machine ram=8 device=2 spaces=2 pages=4 huge=1 rules=linux-7.3\nmap s0 v0+4 rw\n";
        let behind = |way: &String| ReferenceState::of(&behind_start(start, way)).digest();
        let states: Vec<_> = ways.iter().map(behind).collect();
        for (index, state) in states.iter().enumerate() {
            let same = states.iter().position(|other| other == state).expect("it is among them");
            assert_eq!(same, index, "{:?} and {:?}", ways[same], ways[index]);
        }
        let [one, other] = [
            "advise s0 v0+4 huge\nwrite s0 v0 #01\nwrite s0 v2 #02\nunmap s0 v0\nunmap s0 v2\n",
            "advise s0 v0+4 huge\nwrite s0 v2 #07\nwrite s0 v0 #03\nunmap s0 v0\nunmap s0 v2\n",
        ]
        .map(|way| ReferenceState::of(&behind_start(start, way)).digest());
        assert_eq!(one, other, "names make no difference");
    }

    #[test]
    fn the_lowest_stamp_that_no_page_has_is_unused() {
        assert_eq!(ReferenceState::of(&behind("write s0 v0 #01\nwrite s0 v1 #03\n")).unused_stamp(), Stamp(2));
    }
}
