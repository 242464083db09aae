//! The same program in the virtual machine and in the native process of one version: equal in all that both show, or where they
//! part.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use stalemap_harness::Build as _;
use stalemap_operations::{
    Entry, Observation, Operation, Outcome, PageToken, PageView, PlaceState, Program, Scope, SlotState, Subject as _,
};

use crate::kernels::Kernels;
use crate::subject::Kernel;
use crate::way::Way;

/// Kernels of one version, asked in both ways.
pub struct Beside {
    guest: Kernels,
    agent: Kernels,
}

/// Where two kernels part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// Index of the operation among those that were done.
    pub step: usize,
    /// What was done.
    pub operation: Operation,
    /// What the virtual machine shows.
    pub guest: String,
    /// What the native process shows.
    pub agent: String,
}

impl Beside {
    /// These two. Each program is run on a machine with more RAM than it uses, as the guest's always has.
    ///
    /// # Errors
    /// When they are of two versions, or not asked in the two ways.
    pub fn new(guest: Kernels, agent: Kernels) -> Result<Beside, String> {
        let are_both = guest.version() == agent.version() && (guest.way(), agent.way()) == (Way::Guest, Way::Agent);
        let sentence = || format!("{} and {} are not one kernel in two ways", guest.subject(), agent.subject());
        if are_both { Ok(Beside { guest, agent }) } else { Err(sentence()) }
    }

    /// The program as both can do it.
    #[must_use]
    pub fn of_both(program: &Program) -> Program {
        let [_, first, second, spaces, pages] = program.machine.sizes();
        let sizes = [Way::Agent.largest().ram(), first, second, spaces, pages];
        let machine = program.machine.resized(sizes).expect("sizes within limits");
        Program::new(machine, program.operations.iter().copied().filter(|operation| Way::Guest.can(operation.kind())))
    }

    /// Runs many programs at once, to be compared later.
    ///
    /// # Errors
    /// When no kernel can be started.
    pub fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        self.guest.look_ahead(programs)?;
        self.agent.look_ahead(programs)
    }

    /// Where the kernels part in a program, if they do.
    ///
    /// # Errors
    /// When they cannot be its machine.
    pub fn compare(&self, program: &Program) -> Result<Option<Parting>, String> {
        let mut sides = [self.guest.build(&program.machine)?, self.agent.build(&program.machine)?];
        for side in &mut sides {
            side.announce(&program.operations);
        }
        let mut names = Names::default();
        let mut seen = [Observation::default(), Observation::default()];
        for (step, &operation) in program.operations.iter().enumerate() {
            let parting = |[guest, agent]: [String; 2]| Parting { step, operation, guest, agent };
            let [guest, agent] = &mut sides;
            let answers = [answer(guest, operation), answer(agent, operation)];
            if answers[0] != answers[1] {
                return Ok(Some(parting(
                    answers.map(|answer| answer.map_or_else(|stopped| stopped, |it| it.to_string())),
                )));
            }
            if answers[0].is_err() {
                return Ok(None);
            }
            for (side, seen) in sides.iter().zip(&mut seen) {
                side.observe(&Scope::everything(), seen);
            }
            if let Some(both) = difference(&seen[0], &seen[1], &mut names) {
                return Ok(Some(parting(both)));
            }
        }
        Ok(None)
    }
}

/// What a kernel answers, or with which words it stops.
fn answer(kernel: &mut Kernel, operation: Operation) -> Result<Outcome, String> {
    let words =
        |payload: Box<dyn Any + Send>| payload.downcast::<String>().map_or_else(|_| "panic".to_string(), |it| *it);
    catch_unwind(AssertUnwindSafe(|| kernel.apply(operation))).map_err(words)
}

/// Pages of one kernel by those of the other: each names them as it meets them.
#[derive(Default)]
struct Names {
    agent: BTreeMap<PageToken, PageToken>,
    guest: BTreeMap<PageToken, PageToken>,
}

impl Names {
    /// Whether both can be the same page; from then on they are.
    fn bind(&mut self, guest: PageToken, agent: PageToken) -> bool {
        *self.agent.entry(guest).or_insert(agent) == agent && *self.guest.entry(agent).or_insert(guest) == guest
    }
}

/// What differs in what was seen, as each side shows it.
fn difference(guest: &Observation, agent: &Observation, names: &mut Names) -> Option<[String; 2]> {
    let of_both = |guest: String, agent: String| (guest != agent).then_some([guest, agent]);
    let spaces = |seen: &Observation| format!("alive {:?}, locked {:?}", seen.alive, seen.locked);
    of_both(spaces(guest), spaces(agent))
        .or_else(|| of_both(format!("{} places", guest.places.len()), format!("{} places", agent.places.len())))
        .or_else(|| {
            let pairs = guest.places.iter().zip(&agent.places);
            first(pairs, |guest, agent| guest.place == agent.place && are_equal(guest.state, agent.state, names))
        })
        .or_else(|| of_both(format!("{} slots", guest.slots.len()), format!("{} slots", agent.slots.len())))
        .or_else(|| {
            let pairs = guest.slots.iter().zip(&agent.slots);
            first(pairs, |guest, agent| guest.0 == agent.0 && are_equal_slots(&guest.1, &agent.1, names))
        })
        .or_else(|| of_both(pages(guest, names, true), pages(agent, names, false)))
}

/// The first pair that is not equal.
fn first<'a, T: std::fmt::Debug + 'a>(
    mut pairs: impl Iterator<Item = (&'a T, &'a T)>,
    mut are_equal: impl FnMut(&T, &T) -> bool,
) -> Option<[String; 2]> {
    let (guest, agent) = pairs.find(|(guest, agent)| !are_equal(guest, agent))?;
    Some([format!("{guest:?}"), format!("{agent:?}")])
}

fn are_equal(guest: PlaceState, agent: PlaceState, names: &mut Names) -> bool {
    let (PlaceState::Mapped { access, entry }, PlaceState::Mapped { access: other_access, entry: other }) =
        (guest, agent)
    else {
        return guest == agent;
    };
    access == other_access
        && match (entry, other) {
            (
                Entry::Maps { page, writable, huge },
                Entry::Maps { page: other, writable: other_bit, huge: other_huge },
            )
            | (
                Entry::Migrating { page, writable, huge },
                Entry::Migrating { page: other, writable: other_bit, huge: other_huge },
            ) => (writable, huge) == (other_bit, other_huge) && names.bind(page, other),
            _ => entry == other,
        }
}

fn are_equal_slots(guest: &SlotState, agent: &SlotState, names: &mut Names) -> bool {
    match (guest, agent) {
        (SlotState::Pin(page), SlotState::Pin(other)) | (SlotState::Hold(page), SlotState::Hold(other)) => {
            names.bind(*page, *other)
        }
        _ => guest == agent,
    }
}

/// The pages in an order that both sides have: by the name of the guest's page, and those without one, which no place, pin or
/// hold shows, by what they are.
fn pages(seen: &Observation, names: &Names, is_guest: bool) -> String {
    let name = |page: &PageView| {
        if is_guest {
            names.agent.contains_key(&page.token).then_some(page.token)
        } else {
            names.guest.get(&page.token).copied()
        }
    };
    let facts = |page: &PageView| {
        let PageView { home, stamp, exclusive, mapcount, .. } = page;
        format!("{home} {stamp} exclusive {exclusive} mapcount {mapcount} {:?}", seen.rmap(page))
    };
    let mut pages: Vec<_> = seen.pages.iter().map(|page| (name(page), facts(page))).collect();
    pages.sort();
    format!("{pages:?}")
}

#[cfg(test)]
mod tests {
    use stalemap_operations::{
        Access, Entry, Home, Observation, PageToken, PageView, Place, PlaceState, PlaceView, Space, Stamp, VirtualPage,
    };

    use super::{Names, difference};

    /// A page of this name at a place for each number, in this order.
    fn seen(pages: &[u32], change: impl Fn(&mut PageView)) -> Observation {
        let mut seen = Observation { alive: 1.into(), ..Observation::default() };
        for (at, &token) in (0..).zip(pages) {
            let place = Place { space: Space(0), page: VirtualPage(at) };
            let entry = Entry::Maps { page: PageToken(token), writable: true, huge: false };
            seen.places.push(PlaceView { place, state: PlaceState::Mapped { access: Access::ReadWrite, entry } });
            seen.rmaps.push(place);
            let (start, stamp) = (seen.rmaps.len() - 1, Stamp(u8::try_from(at).expect("few places")));
            let mut page = PageView {
                token: PageToken(token),
                home: Home::Ram,
                stamp,
                exclusive: true,
                mapcount: 1,
                refcount: token,
                rmap: start..start + 1,
                frame: None,
                folio: None,
            };
            change(&mut page);
            seen.pages.push(page);
        }
        seen.pages.sort_by_key(|page| page.token);
        seen
    }

    #[test]
    fn names_of_pages_are_each_sides_own_and_so_are_reference_counts() {
        let names = &mut Names::default();
        assert_eq!(difference(&seen(&[0, 1], |_| {}), &seen(&[7, 3], |_| {}), names), None);
        assert_eq!(difference(&seen(&[0, 1], |_| {}), &seen(&[7, 3], |_| {}), names), None, "the names stay");
        assert!(difference(&seen(&[0, 1], |_| {}), &seen(&[3, 7], |_| {}), names).is_some(), "other pages are there");
    }

    #[test]
    fn what_differs_in_a_page_is_a_difference() {
        let plain = || seen(&[0, 1], |_| {});
        let changes: [fn(&mut PageView); 4] = [
            |page| page.stamp = Stamp(9),
            |page| page.exclusive = false,
            |page| page.mapcount = 2,
            |page| page.home = Home::ALL[1],
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let both = difference(&plain(), &seen(&[0, 1], change), &mut Names::default());
            assert!(both.is_some_and(|[guest, agent]| guest != agent), "change {index}");
        }
        assert!(difference(&plain(), &seen(&[0], |_| {}), &mut Names::default()).is_some());
    }
}
