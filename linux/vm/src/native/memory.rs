//! The layout of the memory that a kernel as a process shares with us: programs go in, what they showed comes out.
//!
//! `linux/vm/native/memory.h` has the same layout.

use stalemap_guest::{
    Candidate, End, EntryKind, Frame, GuestBlock, GuestFolio, GuestPage, GuestPlace, GuestTransaction, Held, Shown,
};
use stalemap_operations::{FieldValues, Home, Outcome, Program};

use crate::runner::{Ending, Recording};

/// The layout's number; a kernel of another one is refused.
pub(super) const LAYOUT: u32 = 3;
/// Where programs stand.
pub(super) const IN: u64 = 4_096;
/// Room for programs, in bytes.
pub(super) const IN_SIZE: usize = 1 << 20;
/// Where the kernel writes.
pub(super) const OUT: u64 = IN + IN_SIZE as u64;
const OUT_SIZE: usize = 16 << 20;
/// Where a kernel that counts its passes has a byte for each place.
pub(super) const COUNTERS: u64 = OUT + OUT_SIZE as u64;
/// Room for so many places.
pub(super) const MOST_COUNTERS: usize = 1 << 15;
/// Where the address of each place stands, four bytes each.
pub(super) const PLACES: u64 = COUNTERS + MOST_COUNTERS as u64;
/// The length of the whole.
pub(super) const SIZE: u64 = PLACES + 4 * MOST_COUNTERS as u64;
/// The length of the control block.
pub(super) const CONTROL: usize = 20 + RELEASE;
const RELEASE: usize = 64;
/// Where in the control block the number of programs stands.
pub(super) const PROGRAMS: u64 = 4;

const STEP: u8 = 1;
const END: u8 = 2;
const STUCK: u8 = 255;
const NOWHERE: u8 = 255;

/// What the kernel says of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Control {
    pub(super) layout: u32,
    /// Bytes of output that are complete.
    pub(super) written: usize,
    pub(super) release: String,
    /// Places whose passes are counted, place 0 included; 0 for a kernel that counts none.
    pub(super) counted: usize,
}

impl Control {
    pub(super) fn read(bytes: &[u8; CONTROL]) -> Control {
        let mut from = Reader(bytes);
        let mut word = || from.u32().unwrap_or_default();
        let (layout, _programs, _ended, written) = (word(), word(), word(), word() as usize);
        let release = from.take(RELEASE).unwrap_or_default();
        let counted = from.u32().unwrap_or_default() as usize;
        let release = release.split(|&byte| byte == 0).next().unwrap_or_default();
        let release = String::from_utf8_lossy(release).into_owned();
        Control { layout, written: written.min(OUT_SIZE), release, counted: counted.min(MOST_COUNTERS) }
    }
}

/// Appends a program as the agent reads it; none where a number of it does not fit.
pub(super) fn write_program(program: &Program, into: &mut Vec<u8>) -> Option<()> {
    let machine = &program.machine;
    into.push(u8::try_from(machine.spaces()).ok()?);
    into.push(u8::try_from(machine.pages()).ok()?);
    for home in Home::ALL {
        into.extend_from_slice(&u16::try_from(machine.frames(home)).ok()?.to_le_bytes());
    }
    into.extend_from_slice(&u16::try_from(program.operations.len()).ok()?.to_le_bytes());
    into.push(machine.huge().map_or(Some(0), |order| u8::try_from(order.0).ok())?);
    into.push(0);
    for operation in &program.operations {
        into.push(operation.kind().row().number);
        let values = operation.values();
        let values = values.as_slice();
        for index in 0..FieldValues::MOST {
            into.push(u8::try_from(values.get(index).copied().unwrap_or_default()).ok()?);
        }
    }
    Some(())
}

/// The recordings of the programs that ended, and the steps of the one that did not.
pub(super) fn read_output(bytes: &[u8]) -> Option<(Vec<Recording>, Vec<Shown>)> {
    let mut from = Reader(bytes);
    let (mut done, mut steps) = (Vec::new(), Vec::new());
    while let Some(&tag) = from.0.first() {
        match tag {
            STEP => steps.push(read_step(&mut from)?),
            END => {
                let ending = Ending::Ended(read_end(&mut from)?);
                done.push(Recording { steps: std::mem::take(&mut steps), ending });
            }
            _ => return None,
        }
    }
    Some((done, steps))
}

fn read_step(from: &mut Reader<'_>) -> Option<Shown> {
    let [_tag, class, alive, locked] = from.bytes()?;
    let (places, pages) = (from.u16()?, from.u16()?);
    let [transactions, references, blocks, runs] = from.bytes()?;
    let number = from.u32()?;
    let free = [from.u16()?, from.u16()?, from.u16()?];
    from.u16()?;
    let mut shown = Shown {
        class: if class == STUCK { u8::try_from(Outcome::Stuck.class()).ok()? } else { class },
        number,
        ..Shown::default()
    };
    if usize::from(shown.class) >= Outcome::CLASSES {
        return None;
    }
    let state = &mut shown.state;
    (state.alive, state.locked, state.free) = (alive, locked, free.map(u32::from));
    state.places = (0..places).map(|_| read_place(from)).collect::<Option<_>>()?;
    state.transactions = (0..transactions).map(|_| read_transaction(from)).collect::<Option<_>>()?;
    state.held = (0..references).map(|_| read_reference(from)).collect::<Option<_>>()?;
    state.blocks = (0..blocks).map(|_| read_block(from)).collect::<Option<_>>()?;
    state.pages = (0..pages).map(|_| read_page(from)).collect::<Option<_>>()?;
    shown.runs = from.take(runs.into())?.iter().map(|&found| found != 0).collect();
    Some(shown)
}

fn read_place(from: &mut Reader<'_>) -> Option<GuestPlace> {
    let number = from.u32()?;
    let [home, space, page, bits] = from.bytes()?;
    let entry = match bits >> 2 & 7 {
        1 => EntryKind::Hole,
        2 => EntryKind::Maps,
        3 => EntryKind::Migrating,
        _ => EntryKind::Unknown,
    };
    let [writable, exclusive, huge] = [5, 6, 7].map(|bit| bits >> bit & 1 == 1);
    let access = (bits & 3 < 3).then_some(bits & 3)?;
    Some(GuestPlace { space, page, access, entry, writable, exclusive, huge, frame: Frame { home, number } })
}

fn read_transaction(from: &mut Reader<'_>) -> Option<GuestTransaction> {
    let [slot, phase] = from.bytes()?;
    let candidates = from.u16()?;
    let candidates = (0..candidates).map(|_| read_candidate(from)).collect::<Option<_>>()?;
    Some(GuestTransaction { slot, phase, candidates })
}

fn read_candidate(from: &mut Reader<'_>) -> Option<Candidate> {
    let (source, destination) = (from.u32()?, from.u32()?);
    let [source_home, destination_home, bits, _] = from.bytes()?;
    let frame = |home, number| (home != NOWHERE).then_some(Frame { home, number });
    let (source, destination) = (frame(source_home, source), frame(destination_home, destination));
    Some(Candidate { source, destination, moves: bits & 1 == 1 })
}

fn read_reference(from: &mut Reader<'_>) -> Option<Held> {
    let number = from.u32()?;
    let [home, slot, _, _] = from.bytes()?;
    Some(Held { slot, frame: Frame { home, number } })
}

fn read_block(from: &mut Reader<'_>) -> Option<GuestBlock> {
    let [slot, order] = from.bytes()?;
    let split = from.u16()? != 0;
    Some(GuestBlock { slot, order, split, held: from.u32()? })
}

fn read_page(from: &mut Reader<'_>) -> Option<GuestPage> {
    let number = from.u32()?;
    let [home, bits, stamp, rmaps] = from.bytes()?;
    let (mapcount, refcount) = (from.u32()?.cast_signed(), from.u32()?.cast_signed());
    let folio = GuestFolio { head: from.u32()?, mapcount: from.u32()?.cast_signed() };
    let rmap = (0..rmaps).map(|_| from.bytes().map(|[space, page]| (space, page))).collect::<Option<_>>()?;
    let [anonymous, exclusive, is_large] = [0, 1, 3].map(|bit| bits >> bit & 1 == 1);
    let folio = is_large.then_some(folio);
    Some(GuestPage { frame: Frame { home, number }, anonymous, exclusive, stamp, mapcount, refcount, rmap, folio })
}

fn read_end(from: &mut Reader<'_>) -> Option<End> {
    let [_tag, _] = from.bytes()?;
    let log = from.u16()?;
    let (leaked, tainted) = ([from.u32()?, from.u32()?, from.u32()?], from.u32()?.into());
    let log = String::from_utf8_lossy(from.take(log.into())?).into_owned();
    Some(End { tainted, leaked, log })
}

/// Bytes that are read one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.bytes().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use stalemap_guest::{EntryKind, Frame, GuestBlock, GuestFolio};
    use stalemap_operations::{Dialect, Kind, Machine, Operation, Program};

    use super::{CONTROL, Control, IN, IN_SIZE, LAYOUT, MOST_COUNTERS, OUT_SIZE, RELEASE, read_output, write_program};
    use crate::runner::Ending;

    const HEADER: &str = include_str!("../../native/memory.h");

    #[test]
    fn the_header_of_the_kernel_has_the_same_numbers() {
        for (name, value) in [
            ("LAYOUT\t\t", LAYOUT.to_string()),
            ("IN\t\t", format!("{IN}UL")),
            ("IN_SIZE\t", format!("(1UL << {})", IN_SIZE.trailing_zeros())),
            ("OUT_SIZE\t", format!("({}UL << 20)", OUT_SIZE >> 20)),
            ("RELEASE\t", RELEASE.to_string()),
            ("MOST_COUNTERS\t", format!("(1UL << {})", MOST_COUNTERS.trailing_zeros())),
        ] {
            assert!(HEADER.contains(&format!("#define STALEMAP_{name}{value}\n")), "{name}{value}");
        }
    }

    #[test]
    fn a_program_is_its_sizes_and_a_row_of_bytes_for_each_operation() {
        let machine = Machine::new([8, 4, 300], 3, 6, Dialect::Linux6_12).expect("within limits");
        let write = Kind::by_word("write").and_then(|kind| Operation::new(kind, &[2, 5, 0x2a], &machine));
        let mut bytes = Vec::new();
        write_program(&Program::new(machine, write), &mut bytes).expect("it fits");
        assert_eq!(bytes, [3, 6, 8, 0, 4, 0, 44, 1, 1, 0, 0, 0, 11, 2, 5, 0x2a, 0, 0, 0, 0]);
    }

    /// A step with one of each, and the end of its program.
    fn output() -> Vec<u8> {
        let step = [1, 0, 3, 2, 1, 0, 1, 0, 1, 1, 1, 2, 7, 0, 0, 0, 5, 0, 0, 1, 2, 0, 0, 0];
        let place = [9, 0, 0, 0, 1, 1, 4, 2 | 2 << 2 | 1 << 6 | 1 << 7];
        let transaction = [3, 2, 1, 0];
        let candidate = [9, 0, 0, 0, 0, 0, 0, 0, 1, 255, 1, 0];
        let reference = [8, 0, 0, 0, 0, 5, 0, 0];
        let block = [7, 3, 1, 0, 6, 0, 0, 0];
        let page = [9, 0, 0, 0, 1, 11, 0x2a, 1, 1, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0];
        let rmap = [1, 4];
        let runs = [1, 0];
        let end = [2, 0, 3, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0];
        [&step[..], &place, &transaction, &candidate, &reference, &block, &page, &rmap, &runs, &end, b"BUG"].concat()
    }

    #[test]
    fn a_step_and_an_end_are_read() {
        let (done, rest) = read_output(&output()).expect("it means something");
        let [recording] = done.as_slice() else { panic!("{done:?}") };
        let [shown] = recording.steps.as_slice() else { panic!("{recording:?}") };
        let state = &shown.state;
        assert_eq!((shown.class, shown.number, state.alive, state.locked), (0, 7, 3, 2));
        let (place, frame) = (state.places[0], Frame { home: 1, number: 9 });
        assert_eq!((place.space, place.page, place.access, place.frame), (1, 4, 2, frame));
        assert_eq!((place.entry, place.writable, place.exclusive, place.huge), (EntryKind::Maps, false, true, true));
        assert_eq!(shown.runs, [true, false]);
        assert_eq!((state.transactions[0].slot, state.transactions[0].phase), (3, 2));
        let candidate = state.transactions[0].candidates[0];
        assert_eq!((candidate.source, candidate.destination, candidate.moves), (Some(frame), None, true));
        assert_eq!((state.held[0].slot, state.held[0].frame), (5, Frame { home: 0, number: 8 }));
        let page = &state.pages[0];
        assert_eq!((page.frame, page.anonymous, page.exclusive, page.stamp), (frame, true, true, 0x2a));
        assert_eq!((page.mapcount, page.refcount, page.rmap.as_slice()), (1, 2, [(1, 4)].as_slice()));
        assert_eq!(page.folio, Some(GuestFolio { head: 8, mapcount: 3 }));
        assert_eq!(state.blocks, [GuestBlock { slot: 7, order: 3, split: true, held: 6 }]);
        assert_eq!(state.free, [5, 256, 2]);
        let Ending::Ended(end) = &recording.ending else { panic!("{recording:?}") };
        assert_eq!((end.leaked, end.tainted, end.log.as_str()), ([0, 4, 0], 512, "BUG"));
        assert!(rest.is_empty());
    }

    #[test]
    fn steps_without_an_end_are_those_of_the_program_that_did_not_end() {
        let output = output();
        let step = &output[..output.len() - 23];
        let (done, rest) = read_output(&[&output[..], step].concat()).expect("it means something");
        assert_eq!((done.len(), rest.len()), (1, 1));
        assert_eq!(rest, done[0].steps);
    }

    #[test]
    fn output_that_is_cut_within_a_step_or_an_end_means_nothing() {
        let output = output();
        for length in 1..output.len() {
            let is_step = length == output.len() - 23;
            assert_eq!(read_output(&output[..length]).is_some(), is_step, "{length} of {} bytes", output.len());
        }
        assert!(read_output(&[9]).is_none());
    }

    #[test]
    fn the_control_block_names_the_release_and_no_more_output_than_there_is_room_for() {
        let mut bytes = [0; CONTROL];
        bytes[0] = 1;
        bytes[8] = 5;
        bytes[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes[16..20].copy_from_slice(b"6.12");
        let control = Control::read(&bytes);
        assert_eq!((control.layout, control.release.as_str()), (1, "6.12"));
        assert_eq!(control.written, OUT_SIZE);
    }
}
