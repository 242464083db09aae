//! Facts: an observation taken apart into cells, as far as it is compared.

use std::collections::BTreeMap;

use stalemap_operations::{
    Entry, FrameToken, Home, Machine, Observables, Observation, Order, PageToken, PageView, Place, PlaceState, Slot,
    SlotState, Space,
};

use crate::cell::{Cell, Facts, Group};

/// What is looked at, and how.
pub(crate) struct View<'a> {
    /// What was seen.
    pub(crate) observation: &'a Observation,
    /// What of it means something.
    pub(crate) shown: Observables,
    /// What the pages are called.
    pub(crate) name: &'a dyn Fn(PageToken) -> String,
    pub(crate) machine: &'a Machine,
    /// Whether frames are shown; the reference has none.
    pub(crate) has_frames: bool,
}

impl View<'_> {
    /// The facts that are seen.
    pub(crate) fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        self.spaces(&mut facts);
        self.places(&mut facts);
        self.pages(&mut facts);
        self.slots(&mut facts);
        self.free(&mut facts);
        if self.has_frames && self.shows(Observables::FRAMES) {
            self.frames(&mut facts);
        }
        facts
    }

    fn shows(&self, fact: Observables) -> bool {
        self.shown.include(fact)
    }

    fn spaces(&self, facts: &mut Facts) {
        if !self.shows(Observables::SPACES) {
            return;
        }
        for space in (0..self.machine.spaces()).map(Space).filter(|&space| self.observation.alive.contains(space)) {
            let is_locked = self.observation.locked.contains(space);
            let thing = Thing { group: Group::Space, order: (space.0, 0), name: space.to_string() };
            thing.add(facts, 0, "state", if is_locked { "alive, locked" } else { "alive" });
        }
    }

    fn places(&self, facts: &mut Facts) {
        if !self.shows(Observables::PLACES) {
            return;
        }
        for view in &self.observation.places {
            let PlaceState::Mapped { access, entry } = view.state else { continue };
            let Place { space, page } = view.place;
            let thing = Thing { group: Group::Place, order: (space.0, page.0), name: view.place.to_string() };
            thing.add(facts, 0, "access", access.word());
            let (words, bits) = match entry {
                Entry::Hole => ("hole".to_string(), None),
                Entry::Maps { page, writable, huge } => (format!("maps {}", (self.name)(page)), Some((writable, huge))),
                Entry::Migrating { page, writable, huge } => {
                    (format!("migrating {}", (self.name)(page)), Some((writable, huge)))
                }
            };
            thing.add(facts, 1, "entry", words);
            let Some((writable, huge)) = bits else { continue };
            if self.shows(Observables::WRITABLE) {
                thing.add(facts, 2, "writable", yes_or_no(writable));
            }
            if self.machine.huge().is_some() && self.shows(Observables::FOLIOS) {
                thing.add(facts, 3, "huge", yes_or_no(huge));
            }
        }
    }

    fn pages(&self, facts: &mut Facts) {
        for page in self.observation.pages.iter().filter(|page| self.is_reachable(page.token)) {
            let name = (self.name)(page.token);
            let number = name.trim_start_matches(['p', '?']).parse().unwrap_or(u32::MAX);
            // Pages that are none of the reference's come last.
            let thing = Thing { group: Group::Page, order: (u32::from(name.contains('?')), number), name };
            thing.add(facts, 0, "home", page.home.to_string());
            let mut add = |fact, place, word, value: String| {
                if self.shows(fact) {
                    thing.add(facts, place, word, value);
                }
            };
            add(Observables::STAMPS, 1, "stamp", page.stamp.to_string());
            add(Observables::EXCLUSIVE, 2, "exclusive", yes_or_no(page.exclusive).to_string());
            add(Observables::MAPCOUNTS, 3, "mapcount", page.mapcount.to_string());
            add(Observables::REFCOUNTS, 4, "refcount", page.refcount.to_string());
            add(Observables::RMAPS, 5, RMAP, self.rmap(page));
            // Where no place is shown nothing says which page of the one side is which of the other.
            if let Some(folio) = page.folio.filter(|_| self.shows(Observables::PLACES)) {
                add(Observables::FOLIOS, 7, "folio", format!("{} of {}", folio.index, (self.name)(folio.head)));
                add(Observables::FOLIOS, 8, "folio's mapcount", folio.mapcount.to_string());
            }
            if let Some(frame) = page.frame.filter(|_| self.has_frames) {
                add(Observables::FRAMES, 6, "frame", frame_name(frame));
            }
        }
    }

    fn rmap(&self, page: &PageView) -> String {
        let mut places: Vec<Place> = self.observation.rmap(page).to_vec();
        places.sort_unstable();
        let names: Vec<String> = places.iter().map(Place::to_string).collect();
        if names.is_empty() { "nothing".to_string() } else { names.join(", ") }
    }

    /// Whether what is compared leads to a page; a transaction may alone know it.
    fn is_reachable(&self, token: PageToken) -> bool {
        let [places, slots] = [Observables::PLACES, Observables::SLOTS].map(|fact| self.shows(fact));
        let is_at_a_place = || self.observation.places.iter().any(|view| view.state.page() == Some(token));
        let is_in_a_slot = || self.observation.slots.iter().any(|(_, state)| state.page() == Some(token));
        places && (slots || is_at_a_place()) || slots && is_in_a_slot()
    }

    fn slots(&self, facts: &mut Facts) {
        if !self.shows(Observables::SLOTS) {
            return;
        }
        for (slot, state) in &self.observation.slots {
            let thing = slot_thing(*slot);
            match state {
                SlotState::Empty => {}
                SlotState::Transaction { phase, candidates, .. } => {
                    thing.add(facts, 0, "phase", phase.word());
                    thing.add(facts, 1, "candidates", candidates.to_string());
                }
                SlotState::Pin(page) => thing.add(facts, 0, "pins", (self.name)(*page)),
                SlotState::Hold(page) => thing.add(facts, 0, "holds", (self.name)(*page)),
                SlotState::Block { order, split, held, .. } => {
                    thing.add(facts, 0, "order", order.to_string());
                    thing.add(facts, 1, "split", yes_or_no(*split));
                    thing.add(facts, 2, "frames held", held.to_string());
                }
            }
        }
    }

    fn free(&self, facts: &mut Facts) {
        if !self.shows(Observables::FREE) {
            return;
        }
        for home in Home::ALL.into_iter().filter(|&home| self.machine.frames(home) > 0) {
            let number = u32::try_from(home.index()).unwrap_or(u32::MAX);
            let thing = Thing { group: Group::Free, order: (number, 0), name: home.to_string() };
            thing.add(facts, 0, "free frames", self.observation.free[home.index()].to_string());
        }
    }

    /// The frames in use and who has them. Two owners of one frame are both named.
    fn frames(&self, facts: &mut Facts) {
        let mut owners: BTreeMap<FrameToken, Vec<String>> = BTreeMap::new();
        for page in &self.observation.pages {
            if let Some(frame) = page.frame {
                owners.entry(frame).or_default().push((self.name)(page.token));
            }
        }
        for (slot, state) in &self.observation.slots {
            let frames: Vec<FrameToken> = match state {
                SlotState::Transaction { frames, .. } => self.observation.frames[frames.clone()].to_vec(),
                SlotState::Block { order, held, base: Some(base), .. } => held_frames(*base, *order, *held),
                SlotState::Block { base: None, .. } | SlotState::Empty | SlotState::Pin(_) | SlotState::Hold(_) => {
                    Vec::new()
                }
            };
            for frame in frames {
                owners.entry(frame).or_default().push(slot.to_string());
            }
        }
        for (frame, owners) in owners {
            let home = u32::try_from(frame.home.index()).unwrap_or(u32::MAX);
            let thing = Thing { group: Group::Frame, order: (home, frame.offset), name: frame_name(frame) };
            thing.add(facts, 0, "owner", owners.join(", "));
        }
    }
}

/// The fact that the graph of a page is drawn from.
pub(crate) const RMAP: &str = "reverse map";

/// A thing whose facts are added.
struct Thing {
    group: Group,
    order: (u32, u32),
    name: String,
}

impl Thing {
    fn add(&self, facts: &mut Facts, place: u8, fact: &'static str, value: impl Into<String>) {
        let Thing { group, order, name } = self;
        facts.insert(Cell { group: *group, order: *order, thing: name.clone(), place, fact }, value.into());
    }
}

fn slot_thing(slot: Slot) -> Thing {
    let number = u32::try_from(slot.index()).unwrap_or(u32::MAX);
    Thing { group: Group::Slot, order: (number, 0), name: slot.to_string() }
}

/// Of a block the highest frames are held longest.
fn held_frames(base: FrameToken, order: Order, held: u32) -> Vec<FrameToken> {
    let (frames, held) = (order.frames(), held.min(order.frames()));
    (frames - held..frames).map(|offset| FrameToken { home: base.home, offset: base.offset + offset }).collect()
}

fn frame_name(frame: FrameToken) -> String {
    format!("{} {}", frame.home, frame.offset)
}

const fn yes_or_no(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}
