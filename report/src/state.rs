//! The state of a machine as lines of text: what of an observation is compared, and never a frame.

use std::fmt::Write;

use stalemap_harness::{CannotBuild, Driver, Watched};
use stalemap_operations::{
    Entry, Home, Machine, Observables, Observation, PageToken, PageView, Place, PlaceState, Program, SlotState, Space,
};

/// Whose state it is; pages have the same names on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// The reference's.
    Reference,
    /// The subject's.
    Subject,
}

/// The states of both sides after a step: the reference's, then the subject's. What the subject does not show stands in
/// neither: it is no difference.
#[must_use]
pub fn states(watched: &Watched<'_>, machine: &Machine) -> [String; 2] {
    [Side::Reference, Side::Subject].map(|side| render(watched, machine, side))
}

/// The states of both sides after the operation with this index.
///
/// # Errors
/// As [`Driver::run`].
pub(crate) fn states_after(driver: &mut Driver, program: &Program, step: usize) -> Result<[String; 2], CannotBuild> {
    let mut found = [String::new(), String::new()];
    let shown = Program::new(program.machine, program.operations.iter().copied().take(step + 1));
    driver.watch(&shown, &mut |watched| {
        if watched.step == step || watched.mismatch.is_some() {
            found = states(watched, &shown.machine);
        }
    })?;
    Ok(found)
}

/// One side's state after a step.
fn render(watched: &Watched<'_>, machine: &Machine, side: Side) -> String {
    let observation = match side {
        Side::Reference => watched.reference,
        Side::Subject => watched.subject,
    };
    let name = |token: PageToken| match side {
        Side::Reference => watched.names.reference(token),
        Side::Subject => watched.names.subject(token),
    };
    let view = View { observation, shown: watched.shown, name: &name };
    let mut text = String::new();
    view.spaces(&mut text, machine);
    view.pages(&mut text);
    view.slots(&mut text);
    view.free(&mut text, machine);
    text
}

fn line(text: &mut String, content: &str) {
    writeln!(text, "{}", content.trim_end()).expect("a string takes everything");
}

/// One side's observation, of which only the facts that are compared are written down.
struct View<'a> {
    observation: &'a Observation,
    shown: Observables,
    name: &'a dyn Fn(PageToken) -> String,
}

impl View<'_> {
    fn shows(&self, fact: Observables) -> bool {
        self.shown.include(fact)
    }

    /// The words of a fact, if it is compared.
    fn fact(&self, fact: Observables, words: impl FnOnce() -> String) -> String {
        if self.shows(fact) { words() } else { String::new() }
    }

    fn spaces(&self, text: &mut String, machine: &Machine) {
        for space in (0..machine.spaces()).map(Space) {
            let places = self.places(space);
            if self.shows(Observables::SPACES) {
                if !self.observation.alive.contains(space) {
                    continue;
                }
            } else if places.is_empty() {
                continue;
            }
            let is_locked = self.shows(Observables::SPACES) && self.observation.locked.contains(space);
            line(text, &format!("{space}{}", if is_locked { "  locked" } else { "" }));
            places.iter().for_each(|place| line(text, place));
        }
    }

    /// The mapped places of a space, a line each.
    fn places(&self, space: Space) -> Vec<String> {
        if !self.shows(Observables::PLACES) {
            return Vec::new();
        }
        let of_space = self.observation.places.iter().filter(|view| view.place.space == space);
        let mapped = of_space.filter_map(|view| match view.state {
            PlaceState::Mapped { access, entry } => Some((view.place.page, access, entry)),
            PlaceState::Unmapped => None,
        });
        let lines = mapped.map(|(page, access, entry)| {
            format!("  {:<4} {:<4} {}", page.to_string(), access.word(), self.entry(entry))
        });
        lines.collect()
    }

    fn entry(&self, entry: Entry) -> String {
        let writable = |bit| if bit && self.shows(Observables::WRITABLE) { ", writable" } else { "" };
        match entry {
            Entry::Hole => "hole".to_string(),
            Entry::Maps { page, writable: bit, huge } => {
                format!("maps {}{}{}", (self.name)(page), writable(bit), self.huge(huge))
            }
            Entry::Migrating { page, writable: bit, huge } => {
                format!("migrating {}{}{}", (self.name)(page), writable(bit), self.huge(huge))
            }
        }
    }

    fn huge(&self, is_huge: bool) -> &'static str {
        if is_huge && self.shows(Observables::FOLIOS) { ", huge" } else { "" }
    }

    fn pages(&self, text: &mut String) {
        let pages = self.observation.pages.iter().filter(|page| self.is_reachable(page.token));
        let mut lines: Vec<(usize, String)> = pages
            .map(|page| {
                let name = (self.name)(page.token);
                let number = name.trim_start_matches(['p', '?']).parse().unwrap_or(usize::MAX);
                (number, self.page(&name, page))
            })
            .collect();
        lines.sort();
        lines.iter().for_each(|(_, facts)| line(text, facts));
    }

    /// Whether what is compared leads to a page: places, slots, or a transaction that alone knows it.
    fn is_reachable(&self, token: PageToken) -> bool {
        let [places, slots] = [Observables::PLACES, Observables::SLOTS].map(|fact| self.shows(fact));
        let is_at_a_place = || self.observation.places.iter().any(|view| view.state.page() == Some(token));
        let is_in_a_slot = || self.observation.slots.iter().any(|(_, state)| state.page() == Some(token));
        match (places, slots) {
            (true, true) => true,
            (true, false) => is_at_a_place(),
            (false, true) => is_in_a_slot(),
            (false, false) => false,
        }
    }

    fn page(&self, name: &str, page: &PageView) -> String {
        let stamp = self.fact(Observables::STAMPS, || format!(" {}", page.stamp));
        let exclusive =
            self.fact(Observables::EXCLUSIVE, || if page.exclusive { " exclusive" } else { " shared" }.to_string());
        let mapcount = self.fact(Observables::MAPCOUNTS, || format!(" mapcount {}", page.mapcount));
        let refcount = self.fact(Observables::REFCOUNTS, || format!(" refcount {}", page.refcount));
        let rmap = self.fact(Observables::RMAPS, || {
            let mut rmap: Vec<Place> = self.observation.rmap(page).to_vec();
            rmap.sort_unstable();
            let places: Vec<String> = rmap.iter().map(Place::to_string).collect();
            format!(" rmap {}", if places.is_empty() { "nothing".to_string() } else { places.join(", ") })
        });
        // Where no place is shown nothing says which page of the one side is which of the other.
        let is_shown = self.shows(Observables::FOLIOS.and(Observables::PLACES));
        let folio = page.folio.filter(|_| is_shown).map_or_else(String::new, |folio| {
            format!(" folio {} index {} mapped {}", (self.name)(folio.head), folio.index, folio.mapcount)
        });
        format!("{name:<4} {}{stamp}{exclusive}{mapcount}{refcount}{rmap}{folio}", page.home)
    }

    fn slots(&self, text: &mut String) {
        if !self.shows(Observables::SLOTS) {
            return;
        }
        for (slot, state) in &self.observation.slots {
            let words = match state {
                SlotState::Empty => continue,
                SlotState::Transaction { phase, candidates, .. } => {
                    format!("{}, {candidates} candidates", phase.word())
                }
                SlotState::Pin(page) => format!("pins {}", (self.name)(*page)),
                SlotState::Hold(page) => format!("holds {}", (self.name)(*page)),
                SlotState::Block { order, split, held, .. } => {
                    format!("block of order {order}{}, {held} frames held", if *split { ", split" } else { "" })
                }
            };
            line(text, &format!("{:<4} {words}", slot.to_string()));
        }
    }

    fn free(&self, text: &mut String, machine: &Machine) {
        if !self.shows(Observables::FREE) {
            return;
        }
        let homes = Home::ALL.into_iter().filter(|&home| machine.frames(home) > 0);
        let free: Vec<String> = homes.map(|home| format!("{home} {}", self.observation.free[home.index()])).collect();
        line(text, &format!("free  {}", free.join(", ")));
    }
}
