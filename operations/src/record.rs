//! Records: the machine and each operation in 8 bytes.
//!
//! A record is a kind, then up to seven one-byte fields in row order, then zeros. Record 0 is the machine, stored as
//! offsets from the default small machine, so that an empty input is the default machine:
//!
//! ```text
//! byte      0        1     2              3               4        5       6       7
//! record 0  format   ram   first device   second device   spaces   pages   rules   devices
//! others    kind     fields …
//! ```
//!
//! From format 3 on the byte of the rules also says the order of huge pages: dialects × order + dialect. An order that does not fit the
//! sizes is lowered.
//!
//! What bytes mean never changes: each [`Format`] keeps its kinds, dialects and orders for ever, and so do the numbers by which
//! bytes are folded. A program is written in the first format that has its machine and all its kinds.
//!
//! Byte 0 of record 0 names the format: format 2 is `0xf2`, format 3 is `0xf3` and so on; every other byte is format 1.
//! Nothing looked at that byte before there were formats, so an input of format 1 that no writer made can begin with
//! any byte, and a new format takes from it the inputs that begin with one byte of 256. No input that was made on
//! purpose begins with it: a written program begins with 0, a text with a letter, and small numbers, flags and -1 are
//! elsewhere. The byte of a format that does not exist yet is format 1.
//!
//! Decoding is total: a short last record is filled up with zeros, every number is folded into what the machine
//! allows, and an operation that the machine cannot have at all (a device's, without devices) is left out.

use alloc::vec::Vec;

use crate::machine::{Dialect, Machine};
use crate::operand::{BlockSlot, Device, Field, FieldValues, HoldSlot, Order, PinSlot, TransactionSlot};
use crate::table::{Kind, Operation, TABLE};

/// Bytes in a record.
pub const RECORD: usize = 8;
const _: () = assert!(RECORD == 1 + FieldValues::MOST, "a record is a kind and its fields");

/// What bytes can mean in a format: so many kinds, those with the lowest numbers, the first so many dialects, and orders of
/// huge pages below this number.
struct Vocabulary {
    kinds: usize,
    dialects: usize,
    orders: usize,
}

/// One for each format. A line is never changed; an operation or a dialect that is added needs a line of its own (those
/// that are published together share one).
const FORMATS: &[Vocabulary] = &[
    Vocabulary { kinds: 28, dialects: 2, orders: 1 },  // Format 1.
    Vocabulary { kinds: 28, dialects: 3, orders: 1 },  // Format 2, with linux-7.3.
    Vocabulary { kinds: 31, dialects: 3, orders: 10 }, // Format 3, with huge pages.
];

/// The number of the newest record format.
pub const FORMAT: usize = FORMATS.len();

/// A record format: which kinds and dialects bytes can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format(usize);

impl Format {
    /// The first one, in which every program of its kinds is written.
    pub const FIRST: Format = Format(0);
    /// The one that has all kinds and all dialects.
    pub const NEWEST: Format = Format(FORMATS.len() - 1);

    /// The format of the program that begins with this byte.
    #[inline]
    #[must_use]
    pub fn of_first_byte(byte: u8) -> Format {
        Format(index_of(byte, FORMATS.len()))
    }

    /// The byte that names it.
    #[inline]
    #[must_use]
    pub fn first_byte(self) -> u8 {
        first_byte(self.0)
    }

    /// The kind that a record's first byte means: the one with that number, or else its kinds are counted round and
    /// round.
    #[inline]
    #[must_use]
    pub fn kind(self, byte: u8) -> Kind {
        KIND_OF_BYTE[self.0][usize::from(byte)]
    }

    /// The operation that a record means on this machine; `None` where the machine cannot have it at all.
    #[inline]
    #[must_use]
    pub fn operation(self, record: [u8; RECORD], machine: &Machine) -> Option<Operation> {
        let mut bytes = record[1..].iter();
        Operation::chosen(self.kind(record[0]), machine, |field, choices, _| {
            let number = u32::from(*bytes.next().expect("a record has a byte for each field"));
            let choices = choices.min(most(field));
            if number < choices { number } else { number % choices }
        })
    }

    /// The first format that has this machine, and the kinds with these numbers.
    fn having(machine: &Machine, numbers: impl Iterator<Item = u8>) -> Format {
        Format(index_having(machine.rules() as usize, huge_order(machine), numbers.max().unwrap_or(0), FORMATS))
    }
}

/// The place in the list of formats of the one that this byte names, when there are so many.
const fn index_of(byte: u8, formats: usize) -> usize {
    let named = byte.wrapping_sub(FIRST_BYTE) as usize;
    if byte > FIRST_BYTE && named < formats { named } else { 0 }
}

/// The place of the first of these formats that has the dialect, the order of huge pages and the kind with these numbers, and so all
/// below.
fn index_having(dialect: usize, order: usize, kind: u8, formats: &[Vocabulary]) -> usize {
    let has =
        |format: &Vocabulary| dialect < format.dialects && order < format.orders && usize::from(kind) < format.kinds;
    formats.iter().position(has).expect("the newest format has all kinds, dialects and orders")
}

/// The order of a machine's huge pages; 0 where it has none.
fn huge_order(machine: &Machine) -> usize {
    machine.huge().map_or(0, |order| order.0 as usize)
}

/// The byte that names the format at this place of the list.
const fn first_byte(index: usize) -> u8 {
    if index == 0 { 0 } else { FIRST_BYTE + index.to_le_bytes()[0] }
}

/// Format `n` is named by this byte and `n − 1`.
const FIRST_BYTE: u8 = 0xf1;
const _: () = assert!(FORMATS.len() <= 15, "bytes up to 0xff name formats");

/// The kind for each first byte of a record in each format.
static KIND_OF_BYTE: [[Kind; 256]; FORMATS.len()] = {
    let mut formats = [[Kind::Alloc; 256]; FORMATS.len()];
    let mut format = 0;
    while format < FORMATS.len() {
        let mut byte = 0;
        while byte < 256 {
            formats[format][byte] = TABLE[byte % FORMATS[format].kinds].kind;
            byte += 1;
        }
        format += 1;
    }
    formats
};

const _: () = {
    let newest = &FORMATS[FORMATS.len() - 1];
    assert!(newest.kinds == Kind::COUNT, "a new operation needs a new record format: a line in FORMATS");
    assert!(newest.dialects == Dialect::ALL.len(), "a new dialect needs a new record format: a line in FORMATS");
    assert!(
        newest.orders == Machine::HUGE_LIMIT as usize + 1,
        "a new order needs a new record format: a line in FORMATS"
    );
    assert!(newest.dialects * newest.orders <= 256, "a byte names dialect and order");
    let mut i = 0;
    while i < Kind::COUNT {
        assert!(TABLE[i].number as usize == i, "numbers are given in the order of the table, without a gap");
        i += 1;
    }
};

/// By how many values a byte is folded at the most, whatever limits later versions have.
const fn most(field: Field) -> u32 {
    match field {
        Field::Space => 64,
        Field::Page | Field::Count | Field::Destination | Field::Stamp | Field::Mask => 256,
        Field::Access => 3,
        Field::Device | Field::Direction | Field::Advice => 2,
        Field::Transaction | Field::Pin => 4,
        Field::Hold => 16,
        Field::Block => 8,
        Field::Order => 12,
    }
}

const _: () = {
    let limits = [
        (Field::Space, Machine::BYTES_SPACES),
        (Field::Device, Device::LIMIT),
        (Field::Transaction, TransactionSlot::LIMIT),
        (Field::Pin, PinSlot::LIMIT),
        (Field::Hold, HoldSlot::LIMIT),
        (Field::Block, BlockSlot::LIMIT),
        (Field::Order, Order::LIMIT),
        (Field::Page, Machine::BYTES_LIMIT),
    ];
    let mut i = 0;
    while i < limits.len() {
        assert!(
            limits[i].1 == most(limits[i].0),
            "what is beyond a frozen limit needs a record format that has bytes for it"
        );
        i += 1;
    }
    assert!(Field::Count.lowest() == 1, "a range is never empty");
};

/// The sizes from which those in record 0 are counted: ram, both devices, spaces, pages.
const ORIGIN: [u32; 5] = [8, 4, 4, 3, 8];
/// How many sizes a byte can mean.
const SIZES: u32 = 256;
const SPACES: u32 = most(Field::Space);

/// The machine that record 0 means.
#[must_use]
pub fn machine_from_record(record: [u8; RECORD]) -> Machine {
    let [format, ram, first, second, spaces, pages, rules, devices] = record;
    let size = |origin, byte, limit| 1 + (origin - 1 + u32::from(byte)) % limit;
    let first = size(ORIGIN[1], first, SIZES);
    let second = size(ORIGIN[2], second, SIZES);
    let frames = [
        size(ORIGIN[0], ram, SIZES),
        if devices % 3 == 2 { 0 } else { first },
        if devices % 3 == 0 { second } else { 0 },
    ];
    let (spaces, pages) = (size(ORIGIN[3], spaces, SPACES), size(ORIGIN[4], pages, SIZES));
    let Vocabulary { dialects, orders, .. } = FORMATS[Format::of_first_byte(format).0];
    let (rules, order) = (usize::from(rules) % dialects, usize::from(rules) / dialects % orders);
    let plain = Machine::new(frames, spaces, pages, Dialect::ALL[rules]).expect("folded sizes are within limits");
    let order = u32::try_from(order).expect("few orders").min(plain.most_huge());
    plain.with_huge(order).unwrap_or(plain)
}

/// Record 0 of this machine in the first format that has it; `None` where a size has no byte
/// ([`Machine::has_bytes`]).
#[must_use]
pub fn machine_to_record(machine: &Machine) -> Option<[u8; RECORD]> {
    if !machine.has_bytes() {
        return None;
    }
    let [ram, first, second, spaces, pages] = machine.sizes();
    // A device that is not there keeps the size from which is counted, so that its byte is 0.
    let offset =
        |size: u32, origin: u32, limit: u32| low_byte(if size == 0 { 0 } else { size + limit - origin } % limit);
    Some([
        Format::having(machine, [].into_iter()).first_byte(),
        offset(ram, ORIGIN[0], SIZES),
        offset(first, ORIGIN[1], SIZES),
        offset(second, ORIGIN[2], SIZES),
        offset(spaces, ORIGIN[3], SPACES),
        offset(pages, ORIGIN[4], SIZES),
        rules_byte(machine),
        low_byte(2 - machine.devices()),
    ])
}

/// The byte of dialect and order of huge pages. All formats that have orders have as many dialects.
fn rules_byte(machine: &Machine) -> u8 {
    let dialects = FORMATS[Format::having(machine, [].into_iter()).0].dialects;
    u8::try_from(huge_order(machine) * dialects + machine.rules() as usize).expect("a byte names dialect and order")
}

/// The record of an operation that fits a machine with bytes, in every format that has its kind.
#[must_use]
pub fn operation_to_record(operation: &Operation) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[0] = operation.kind().row().number;
    for (byte, (field, value)) in record[1..].iter_mut().zip(operation.values().iter()) {
        *byte = low_byte(value - field.lowest());
    }
    record
}

/// Machine and operations from any bytes; puts the operations into `operations`, which is cleared first.
pub(crate) fn decode_into(bytes: &[u8], operations: &mut Vec<Operation>) -> Machine {
    let mut records = bytes.chunks(RECORD).map(|chunk| {
        let mut record = [0; RECORD];
        record[..chunk.len()].copy_from_slice(chunk);
        record
    });
    let first = records.next().unwrap_or_default();
    let (format, machine) = (Format::of_first_byte(first[0]), machine_from_record(first));
    operations.clear();
    operations.extend(records.filter_map(|record| format.operation(record, &machine)));
    machine
}

/// Bytes of machine and operations; puts them into `bytes`, which is cleared first. `false` where the machine has none.
pub(crate) fn encode_into(machine: &Machine, operations: &[Operation], bytes: &mut Vec<u8>) -> bool {
    bytes.clear();
    let Some(mut record) = machine_to_record(machine) else {
        return false;
    };
    let numbers = operations.iter().map(|operation| operation.kind().row().number);
    record[0] = Format::having(machine, numbers).first_byte();
    bytes.extend_from_slice(&record);
    for operation in operations {
        bytes.extend_from_slice(&operation_to_record(operation));
    }
    true
}

/// A number that is known to fit.
fn low_byte(number: u32) -> u8 {
    u8::try_from(number).expect("a machine with bytes has only small numbers")
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{
        FORMATS, Format, Vocabulary, first_byte, index_having, index_of, machine_from_record, machine_to_record,
    };
    use crate::machine::{Dialect, Machine};

    #[test]
    fn a_first_byte_names_a_format_that_exists_and_else_the_first() {
        for formats in 1..=15 {
            let named: Vec<usize> = (0..=255).map(|byte| index_of(byte, formats)).collect();
            for index in 0..formats {
                assert_eq!(named[usize::from(first_byte(index))], index, "{formats} formats");
            }
            assert_eq!(named.iter().filter(|&&index| index != 0).count(), formats - 1, "{formats} formats");
        }
        assert_eq!([first_byte(0), first_byte(1), first_byte(2)], [0, 0xf2, 0xf3]);
    }

    #[test]
    fn a_program_is_written_in_the_first_format_that_has_its_machine_and_its_kinds() {
        let vocabulary = |(kinds, dialects, orders)| Vocabulary { kinds, dialects, orders };
        let formats = [(28, 2, 1), (28, 3, 1), (29, 3, 1), (31, 3, 10)].map(vocabulary);
        let having = |dialect, order| [0, 27, 28, 29, 30].map(|number| index_having(dialect, order, number, &formats));
        let small = [having(0, 0), having(1, 0), having(2, 0)];
        assert_eq!(small, [[0, 0, 2, 3, 3], [0, 0, 2, 3, 3], [1, 1, 2, 3, 3]]);
        assert_eq!(having(0, 2), [3; 5]);
        let machine = |rules| Machine::DEFAULT.ruled(rules);
        assert_eq!(Format::having(&machine(Dialect::Linux6_1), [].into_iter()), Format::FIRST);
        assert_eq!(Format::having(&machine(Dialect::Linux6_12), [0, 27, 1].into_iter()), Format::FIRST);
        assert_eq!(Format::having(&machine(Dialect::Linux7_3), [].into_iter()), Format(1));
        assert_eq!(
            Format::having(&machine(Dialect::Linux6_12).with_huge(1).expect("it fits"), [].into_iter()),
            Format(2)
        );
        let newest = u8::try_from(FORMATS[FORMATS.len() - 1].kinds - 1).expect("few kinds");
        assert_eq!(Format::having(&machine(Dialect::Linux7_3), [0, newest, 1].into_iter()), Format::NEWEST);
    }

    #[test]
    fn every_order_of_huge_pages_comes_back_from_its_record_in_every_dialect() {
        let large = Machine::LARGEST_IN_BYTES.resized([256, 256, 256, 2, 256]).expect("within limits");
        for rules in Dialect::ALL {
            for order in 1..=8 {
                let machine = large.ruled(rules).with_huge(order).expect("it fits");
                let record = machine_to_record(&machine).expect("a machine with bytes");
                assert_eq!(machine_from_record(record), machine);
            }
        }
    }
}
