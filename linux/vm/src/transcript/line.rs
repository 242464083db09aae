//! What was seen after a step of a transcript, on one line.

use std::fmt::Write as _;

use stalemap_operations::{
    Access, Device, Entry, FolioView, Home, Observation, Order, PageToken, PageView, Phase, Place, PlaceState,
    PlaceView, Slot, SlotState, Space, SpaceSet, Stamp, VirtualPage,
};

use crate::way::Way;

/// What stands between the items of a line.
pub(super) const BETWEEN: &str = "; ";
/// What a line begins with that an agent shows and a guest cannot: free frames.
pub(super) const FREE: &str = "free";
/// The same of a page: its reference count.
const REFCOUNT: &str = "refcount";
/// What a page of a large folio shows beyond that.
const FOLIO: &str = "folio";

/// An observation on one line.
pub(super) fn text(way: Way, seen: &Observation) -> String {
    let spaces = |set: &SpaceSet| {
        set.iter().fold(String::new(), |mut text, space| {
            write!(text, " {space}").expect("a string takes everything");
            text
        })
    };
    let mut items = vec![format!("alive{}", spaces(&seen.alive))];
    if !seen.locked.is_empty() {
        items.push(format!("locked{}", spaces(&seen.locked)));
    }
    if way == Way::Agent {
        let [ram, first, second] = seen.free;
        items.push(format!("{FREE} {ram} {first} {second}"));
    }
    items.extend(seen.places.iter().map(place_text));
    items.extend(seen.pages.iter().map(|page| page_text(way, page, seen)));
    items.extend(seen.slots.iter().map(|(slot, state)| match state {
        SlotState::Pin(page) | SlotState::Hold(page) => format!("{slot} p{}", page.0),
        SlotState::Transaction { phase, candidates, .. } => format!("{slot} {} {candidates}", phase.word()),
        SlotState::Block { order, split, held, .. } => {
            format!("{slot} order {order} held {held}{}", if *split { " split" } else { "" })
        }
        SlotState::Empty => format!("{slot}"),
    }));
    items.join(BETWEEN)
}

fn dotted(place: &Place) -> String {
    format!("{}.{}", place.space, place.page)
}

fn place_text(view: &PlaceView) -> String {
    let place = dotted(&view.place);
    let PlaceState::Mapped { access, entry } = view.state else { return place };
    let bit = |writable| if writable { " writable" } else { "" };
    let size = |huge| if huge { " huge" } else { "" };
    match entry {
        Entry::Hole => format!("{place} {access} hole"),
        Entry::Maps { page, writable, huge } => {
            format!("{place} {access} maps p{}{}{}", page.0, bit(writable), size(huge))
        }
        Entry::Migrating { page, writable, huge } => {
            format!("{place} {access} migrating p{}{}{}", page.0, bit(writable), size(huge))
        }
    }
}

fn page_text(way: Way, page: &PageView, seen: &Observation) -> String {
    let exclusive = if page.exclusive { " exclusive" } else { "" };
    let mut text = format!("p{} {} {}{exclusive} mapcount {}", page.token.0, page.home, page.stamp, page.mapcount);
    if way == Way::Agent {
        write!(text, " {REFCOUNT} {}", page.refcount).expect("a string takes everything");
    }
    if let Some(FolioView { head, index, mapcount }) = page.folio {
        write!(text, " {FOLIO} p{} index {index} mapcount {mapcount}", head.0).expect("a string takes everything");
    }
    for place in seen.rmap(page) {
        write!(text, " {}", dotted(place)).expect("a string takes everything");
    }
    text
}

/// Reads an observation from its line.
pub(super) fn read(line: &str) -> Option<Observation> {
    let mut seen = Observation::default();
    for item in line.split(BETWEEN) {
        let (first, rest) = item.split_once(' ').unwrap_or((item, ""));
        let mut words = rest.split(' ').filter(|word| !word.is_empty());
        match first {
            "alive" => seen.alive = spaces(words)?,
            "locked" => seen.locked = spaces(words)?,
            FREE => {
                let mut free = || words.next()?.parse().ok();
                seen.free = [free()?, free()?, free()?];
            }
            _ if first.contains('.') => {
                let state = place_state(&mut words)?;
                seen.places.push(PlaceView { place: place(first)?, state });
            }
            _ if first.starts_with('p') => read_page(first, words, &mut seen)?,
            _ => seen.slots.push(slot(first, &mut words)?),
        }
    }
    Some(seen)
}

fn spaces<'a>(words: impl Iterator<Item = &'a str>) -> Option<SpaceSet> {
    words.map(|word| number(word, "s").filter(|&space| space < Space::LIMIT).map(Space)).collect()
}

fn number(word: &str, letter: &str) -> Option<u32> {
    word.strip_prefix(letter)?.parse().ok()
}

fn place(word: &str) -> Option<Place> {
    let (space, page) = word.split_once('.')?;
    Some(Place { space: Space(number(space, "s")?), page: VirtualPage(number(page, "v")?) })
}

fn place_state<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<PlaceState> {
    let access = words.next()?;
    let access = Access::ALL.into_iter().find(|it| it.word() == access)?;
    let kind = words.next()?;
    if kind == "hole" {
        return words.next().is_none().then_some(PlaceState::Mapped { access, entry: Entry::Hole });
    }
    let page = PageToken(number(words.next()?, "p")?);
    let mut words = words.peekable();
    let writable = words.next_if_eq(&"writable").is_some();
    let huge = words.next_if_eq(&"huge").is_some();
    if words.next().is_some() {
        return None;
    }
    let entry = match kind {
        "maps" => Entry::Maps { page, writable, huge },
        "migrating" => Entry::Migrating { page, writable, huge },
        _ => return None,
    };
    Some(PlaceState::Mapped { access, entry })
}

fn read_page<'a>(name: &str, words: impl Iterator<Item = &'a str>, seen: &mut Observation) -> Option<()> {
    let mut words = words.peekable();
    let token = PageToken(number(name, "p")?);
    let home = match words.next()? {
        "ram" => Home::Ram,
        device => Home::Device(Device(number(device, "dev")?)),
    };
    let stamp = Stamp(u8::from_str_radix(words.next()?.strip_prefix('#')?, 16).ok()?);
    let exclusive = words.next_if_eq(&"exclusive").is_some();
    words.next_if_eq(&"mapcount")?;
    let mapcount = words.next()?.parse().ok()?;
    let mut refcount = 0;
    if words.next_if_eq(&REFCOUNT).is_some() {
        refcount = words.next()?.parse().ok()?;
    }
    let mut folio = None;
    if words.next_if_eq(&FOLIO).is_some() {
        let head = PageToken(number(words.next()?, "p")?);
        let mut after = |name: &str| words.next_if_eq(&name).and_then(|_| words.next()?.parse().ok());
        folio = Some(FolioView { head, index: after("index")?, mapcount: after("mapcount")? });
    }
    let start = seen.rmaps.len();
    for word in words {
        seen.rmaps.push(place(word)?);
    }
    let rmap = start..seen.rmaps.len();
    seen.pages.push(PageView { token, home, stamp, exclusive, mapcount, refcount, rmap, frame: None, folio });
    Some(())
}

fn slot<'a>(name: &str, words: &mut impl Iterator<Item = &'a str>) -> Option<(Slot, SlotState)> {
    let slot = Slot::all().find(|slot| slot.to_string() == name)?;
    let word = words.next()?;
    let page = || number(word, "p").map(PageToken);
    let state = match slot {
        Slot::Pin(_) => SlotState::Pin(page()?),
        Slot::Hold(_) => SlotState::Hold(page()?),
        Slot::Transaction(_) => {
            let phases = [Phase::Collected, Phase::Copied, Phase::Moved];
            let phase = phases.into_iter().find(|phase| phase.word() == word)?;
            SlotState::Transaction { phase, candidates: words.next()?.parse().ok()?, frames: 0..0 }
        }
        Slot::Block(_) => {
            let mut after = |name: &str| -> Option<u32> {
                let found = name.is_empty() || words.next()? == name;
                words.next().filter(|_| found)?.parse().ok()
            };
            let order = Order(after("").filter(|_| word == "order")?);
            let held = after("held")?;
            SlotState::Block { order, split: words.next() == Some("split"), held, base: None }
        }
    };
    Some((slot, state))
}

#[cfg(test)]
mod tests {
    use stalemap_operations::SpaceSet;

    use super::{Way, read, text};

    /// A line of everything that can be seen.
    const LINE: &str = "alive s0 s2; locked s2; s0.v0 none hole; s0.v1 rw maps p0 writable; s2.v0 r migrating p3; \
                        p0 dev1 #2a exclusive mapcount 2 s0.v1 s2.v5; p3 ram #00 mapcount 0; t0 moved 2; k1 p0; h15 p3";

    #[test]
    fn what_was_seen_is_read_as_it_was_written() {
        let seen = read(LINE).expect("a line");
        assert_eq!(text(Way::Guest, &seen), LINE);
        assert_eq!((seen.alive, seen.locked), (SpaceSet::from(0b101), SpaceSet::from(0b100)));
        assert_eq!((seen.places.len(), seen.pages.len(), seen.slots.len()), (3, 2, 3));
    }

    #[test]
    fn what_an_agent_shows_beyond_that_is_read_as_it_was_written() {
        let line = "alive s0; free 3 0 2; s0.v1 rw maps p0 writable; p0 ram #2a exclusive mapcount 1 refcount 2 s0.v1; \
                    k1 p0; b0 order 2 held 4; b7 order 1 held 1 split";
        let seen = read(line).expect("a line");
        assert_eq!(text(Way::Agent, &seen), line);
        assert_eq!((seen.free, seen.pages[0].refcount, seen.slots.len()), ([3, 0, 2], 2, 3));
    }

    #[test]
    fn a_huge_entry_and_a_page_of_a_large_folio_are_read_as_they_were_written() {
        let line = "alive s0; free 3 0 2; s0.v4 rw maps p5 writable huge; s0.v5 r migrating p6 huge; p5 dev0 #2a mapcount 1 \
                    refcount 2 folio p4 index 1 mapcount 3 s0.v4";
        let seen = read(line).expect("a line");
        assert_eq!(text(Way::Agent, &seen), line);
        let folio = seen.pages[0].folio.expect("a large folio");
        assert_eq!((folio.head.0, folio.index, folio.mapcount), (4, 1, 3));
        for bad in ["s0.v4 rw maps p5 huge writable", "p5 dev0 #2a mapcount 1 refcount 2 folio p4 index 1"] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_line_of_another_form_is_refused() {
        for bad in [
            "alive x",
            "s0.v0 rw",
            "s0.v0 rw maps",
            "s0.v0 rw maps p0 dirty",
            "p0 ram",
            "p0 ram #00",
            "b0 1",
            "free 1 2",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
        for cut in 1..LINE.split("; ").count() {
            let item = LINE.split("; ").nth(cut).expect("an item");
            let shorter = item.rsplit_once(' ').expect("several words").0;
            if shorter.contains(' ') && !item.starts_with("p0") && !item.ends_with("writable") {
                assert!(read(shorter).is_none(), "{shorter}");
            }
        }
    }
}
