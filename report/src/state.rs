//! The state of a machine as lines of text: what an observation of everything shows, and never a frame.

use std::fmt::Write;

use stalemap_harness::{Driver, Watched};
use stalemap_operations::{Entry, Home, Machine, Observation, PageToken, Place, PlaceState, Program, SlotState, Space};

/// Whose state it is; pages have the same names on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// The reference's.
    Reference,
    /// The subject's.
    Subject,
}

/// The states of both sides after a step: the reference's, then the subject's.
#[must_use]
pub fn states(watched: &Watched<'_>, machine: &Machine) -> [String; 2] {
    [Side::Reference, Side::Subject].map(|side| render(watched, machine, side))
}

/// The states of both sides after the operation with this index.
///
/// # Errors
/// As [`Driver::run`].
pub(crate) fn states_after(driver: &mut Driver, program: &Program, step: usize) -> Result<[String; 2], String> {
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
    let mut text = String::new();
    spaces(&mut text, observation, machine, &name);
    pages(&mut text, observation, &name);
    slots(&mut text, observation, &name);
    let free = Home::ALL.into_iter().filter(|&home| machine.frames(home) > 0);
    let free: Vec<String> = free.map(|home| format!("{home} {}", observation.free[home.index()])).collect();
    line(&mut text, &format!("free  {}", free.join(", ")));
    text
}

fn line(text: &mut String, content: &str) {
    writeln!(text, "{}", content.trim_end()).expect("a string takes everything");
}

fn spaces(text: &mut String, observation: &Observation, machine: &Machine, name: &dyn Fn(PageToken) -> String) {
    for space in (0..machine.spaces()).map(Space) {
        if !observation.alive.contains(space) {
            continue;
        }
        line(text, &format!("{space}{}", if observation.locked.contains(space) { "  locked" } else { "" }));
        for view in observation.places.iter().filter(|view| view.place.space == space) {
            let PlaceState::Mapped { access, entry } = view.state else {
                continue;
            };
            let writable = |writable| if writable { ", writable" } else { "" };
            let entry = match entry {
                Entry::Hole => "hole".to_string(),
                Entry::Maps { page, writable: bit } => format!("maps {}{}", name(page), writable(bit)),
                Entry::Migrating { page, writable: bit } => format!("migrating {}{}", name(page), writable(bit)),
            };
            line(text, &format!("  {:<4} {:<4} {entry}", view.place.page.to_string(), access.word()));
        }
    }
}

fn pages(text: &mut String, observation: &Observation, name: &dyn Fn(PageToken) -> String) {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for page in &observation.pages {
        let name = name(page.token);
        let mut rmap: Vec<Place> = observation.rmap(page).to_vec();
        rmap.sort_unstable();
        let places: Vec<String> = rmap.iter().map(Place::to_string).collect();
        let exclusive = if page.exclusive { "exclusive" } else { "shared" };
        let found = if places.is_empty() { "nothing".to_string() } else { places.join(", ") };
        let facts = format!(
            "{name:<4} {} {} {exclusive} mapcount {} refcount {} rmap {found}",
            page.home, page.stamp, page.mapcount, page.refcount
        );
        let number = name.trim_start_matches(['p', '?']).parse().unwrap_or(usize::MAX);
        lines.push((number, facts));
    }
    lines.sort();
    for (_, facts) in lines {
        line(text, &facts);
    }
}

fn slots(text: &mut String, observation: &Observation, name: &dyn Fn(PageToken) -> String) {
    for (slot, state) in &observation.slots {
        let words = match state {
            SlotState::Empty => continue,
            SlotState::Transaction { phase, candidates, .. } => format!("{}, {candidates} candidates", phase.word()),
            SlotState::Pin(page) => format!("pins {}", name(*page)),
            SlotState::Hold(page) => format!("holds {}", name(*page)),
            SlotState::Block { order, split, held, .. } => {
                format!("block of order {order}{}, {held} frames held", if *split { ", split" } else { "" })
            }
        };
        line(text, &format!("{:<4} {words}", slot.to_string()));
    }
}
