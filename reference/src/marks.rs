//! Marks: the rules that a campaign should meet, by name, and how often it did.

/// Notes that a rule was met. The name is looked up in [`MARKS`] when the program is compiled, so a name that is not
/// there does not compile, and a mark costs one addition.
macro_rules! mark {
    ($model:expr, $name:literal) => {
        $model.met[const { $crate::marks::index_of($name) }] += 1
    };
}

pub(crate) use mark;

/// What the names of marks begin with that are no rules: each is a limit that data structures have.
pub const LIMIT: &str = "limit: ";

/// Words of which one is in the name of each rule of large folios.
const OF_LARGE_FOLIOS: [&str; 4] = ["folio", "huge", "group", "collapse"];

/// Whether a rule is met on machines with huge pages alone.
///
/// ```
/// use stalemap_reference::needs_huge_pages;
///
/// assert!(needs_huge_pages("fork of a huge entry"));
/// assert!(!needs_huge_pages("second pin on a page"));
/// ```
#[must_use]
pub fn needs_huge_pages(mark: &str) -> bool {
    OF_LARGE_FOLIOS.iter().any(|word| mark.contains(word))
}

/// The names of all marks.
pub const MARKS: &[&str] = &[
    "RAM full at fault back",
    "RAM full at fault back of a whole folio",
    "a block refused although enough frames are free",
    "access to a page that its transaction has locked",
    "collapse",
    "collapse of a group that is huge already",
    "collapse of a group without a writable page in RAM",
    "collapse of a page to which something but entries refers",
    "collapse without a run",
    "collected page moves although nobody maps it any more",
    "collected pages that RAM cannot take",
    "collection by device that passes over a transaction's page",
    "copy by a mask that begins again",
    "copy of a page of a large folio in dialect 6.12",
    "copy of the last mapped page of a large folio",
    "copy on write",
    "copy on write of a held page",
    "copy on write that finds no frame",
    "copy on write that finds no frame after a fault back",
    "device access that finds no frame of RAM in dialect 7.3",
    "device access to a migration entry",
    "device access to another device's page",
    "device access to its own page in place",
    "device access to its own page while its transaction has it locked",
    "device write to its own page without the writable bit",
    "discard in a locked space",
    "discard of a page that its transaction has locked",
    "discard that is refused although it removed entries",
    "eviction of a shared page",
    "exit over a migration entry",
    "fault back",
    "fault back into RAM whose frames are used again",
    "fault back of a shared page",
    "fault back of a whole folio",
    "fault back of a whole folio into single frames",
    "fault back through a small entry of a large folio",
    "folio that a device keeps for want of a run",
    "folio that is collected as a whole",
    "folio that is not split, since something but entries refers to it",
    "folio that is split",
    "folio that is split while it is unmapped",
    "fork of a device page",
    "fork of a held page",
    "fork of a huge entry",
    "fork of a migration entry",
    "fork of a pinned page",
    "fork that finds no frame for a pinned page",
    "free of one frame of a split block",
    "free of the last frame of a split block",
    "group of holes for which no run is found",
    "group of holes that a large folio fills",
    "group of holes that becomes a large folio on the device",
    "group of holes that is collected as one",
    "hold of a migration entry",
    "hold of a shared page",
    "hole filled between setup and pages",
    "hole filled in a locked space",
    "hole that becomes a page on the device",
    "huge entry that is removed as one",
    "huge entry that is split",
    "huge entry that is split to be moved",
    "huge entry that moves as one",
    "limit: a block of the highest order",
    "limit: a device's frame behind a word of them",
    "limit: a device's frame behind three levels of words",
    "limit: a device's frame behind two levels of words",
    "limit: a large folio of more pages than a word has bits",
    "limit: a place behind a word of them",
    "limit: a place behind two levels of words",
    "limit: a space behind a word of them",
    "limit: a transaction of more candidates than a word has bits",
    "limit: a transaction of more candidates than two levels have bits",
    "limit: every block slot is filled",
    "limit: every hold slot is filled",
    "limit: every pin slot is filled",
    "limit: every transaction slot is filled",
    "limit: more than 127 places map a page",
    "limit: more than 255 places map a page",
    "limit: more than 255 entries map a large folio",
    "limit: more than 31 places map a page",
    "limit: more than 63 places map a page",
    "limit: more than 64 pages end at once",
    "migration from a device that stops without a frame in dialect 7.3",
    "migration in one step in a locked space",
    "migration in one step without a frame",
    "migration of a page that more than four places map",
    "migration of a part of a huge entry",
    "migration of a shared page",
    "migration that is aborted",
    "migration that passes over a locked page",
    "migration that passes over a migration entry",
    "migration that passes over a page elsewhere",
    "migration that passes over a page of a large folio",
    "migration that puts back a pinned or held folio",
    "migration that puts back a pinned or held page",
    "migration that stops after pages have moved",
    "migration to a device whose frames are used again",
    "move of a migration entry",
    "move over a mapped place",
    "move that stops in the middle",
    "no frame left in the middle of a range",
    "operation on a part of a huge entry",
    "page of zeros that a split of its folio drops",
    "page that ends with its last hold",
    "page that ends with its last pin",
    "page that ends with its transaction",
    "peek at a held page that nobody maps",
    "pin in a locked space",
    "protect of a migration entry",
    "protect that sets the writable bit",
    "protect to rw of a clean entry in dialect 6.1",
    "protect to rw of a device page",
    "protect to rw of a shared page",
    "read of a migration entry",
    "read through a pin of a page that nobody maps",
    "second pin on a page",
    "second setup in a space",
    "second setup in a space that meets a pinned page",
    "unmap or discard of a device page",
    "unmap or discard of a held page",
    "unmap or discard of a migration entry",
    "unmap or discard of a pinned page",
    "write that makes a huge entry writable",
    "write that reuses a page that was shared",
    "write to a migration entry",
    "write to a shared huge entry",
    "write to an exclusive page through an entry without the writable bit",
];

/// The place of a name in the list.
pub(crate) const fn index_of(name: &str) -> usize {
    let mut index = 0;
    while index < MARKS.len() {
        if same(MARKS[index].as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("a mark that is not in the list")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
