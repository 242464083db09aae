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
//! Decoding is total: a short last record is filled up with zeros, every number is folded into what the machine
//! allows, and an operation that the machine cannot have at all (a device's, without devices) is left out.

use alloc::vec::Vec;

use crate::machine::{Dialect, Machine};
use crate::operand::{Field, FieldValues, Space};
use crate::table::{Kind, Operation, TABLE};

/// Bytes in a record.
pub const RECORD: usize = 8;
const _: () = assert!(RECORD == 1 + FieldValues::MOST, "a record is a kind and its fields");

/// The number of the record format that is written. Formats are never changed, only added: format `n` is written as
/// byte `n − 1`, and a byte that names no format means the first.
pub const FORMAT: u32 = 1;

/// The machine that record 0 means.
#[must_use]
pub fn machine_from_record(record: [u8; RECORD]) -> Machine {
    let [_format, ram, first, second, spaces, pages, rules, devices] = record;
    let [default_ram, default_first, default_second, default_spaces, default_pages] = Machine::DEFAULT.sizes();
    let size = |default, byte, limit| 1 + (default - 1 + u32::from(byte)) % limit;
    let first = size(default_first, first, Machine::BYTES_LIMIT);
    let second = size(default_second, second, Machine::BYTES_LIMIT);
    let frames = [
        size(default_ram, ram, Machine::BYTES_LIMIT),
        if devices % 3 == 2 { 0 } else { first },
        if devices % 3 == 0 { second } else { 0 },
    ];
    Machine::new(
        frames,
        size(default_spaces, spaces, Space::LIMIT),
        size(default_pages, pages, Machine::BYTES_LIMIT),
        Dialect::ALL[usize::from(rules) % Dialect::ALL.len()],
    )
    .expect("folded sizes are within limits")
}

/// Record 0 of this machine; `None` where a size has no byte ([`Machine::has_bytes`]).
#[must_use]
pub fn machine_to_record(machine: &Machine) -> Option<[u8; RECORD]> {
    if !machine.has_bytes() {
        return None;
    }
    let [ram, first, second, spaces, pages] = machine.sizes();
    let [default_ram, default_first, default_second, default_spaces, default_pages] = Machine::DEFAULT.sizes();
    // A device that is not there keeps the default's size, so that its byte is 0.
    let offset =
        |size: u32, default: u32, limit: u32| low_byte(if size == 0 { 0 } else { size + limit - default } % limit);
    Some([
        0,
        offset(ram, default_ram, Machine::BYTES_LIMIT),
        offset(first, default_first, Machine::BYTES_LIMIT),
        offset(second, default_second, Machine::BYTES_LIMIT),
        offset(spaces, default_spaces, Space::LIMIT),
        offset(pages, default_pages, Machine::BYTES_LIMIT),
        low_byte(machine.rules() as u32),
        low_byte(2 - machine.devices()),
    ])
}

/// The kind that a record's first byte means.
#[inline]
#[must_use]
pub fn kind_from_byte(byte: u8) -> Kind {
    KINDS[usize::from(byte)]
}

/// The operation that a record means on this machine; `None` where the machine cannot have it at all.
#[inline]
#[must_use]
pub fn operation_from_record(record: [u8; RECORD], machine: &Machine) -> Option<Operation> {
    let numbers = record[1..].iter().map(|&byte| u32::from(byte));
    Operation::folded(kind_from_byte(record[0]), numbers, machine)
}

/// The record of an operation that fits a machine with bytes.
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
    let machine = machine_from_record(records.next().unwrap_or_default());
    operations.clear();
    operations.extend(records.filter_map(|record| operation_from_record(record, &machine)));
    machine
}

/// Bytes of machine and operations; puts them into `bytes`, which is cleared first. `false` where the machine has none.
pub(crate) fn encode_into(machine: &Machine, operations: &[Operation], bytes: &mut Vec<u8>) -> bool {
    bytes.clear();
    let Some(record) = machine_to_record(machine) else {
        return false;
    };
    bytes.extend_from_slice(&record);
    for operation in operations {
        bytes.extend_from_slice(&operation_to_record(operation));
    }
    true
}

/// The kind for each first byte: the one with that number, or else the numbers in use are counted round and round.
static KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Alloc; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = TABLE[byte % Kind::COUNT].kind;
        byte += 1;
    }
    let mut i = 0;
    while i < Kind::COUNT {
        kinds[TABLE[i].number as usize] = TABLE[i].kind;
        i += 1;
    }
    kinds
};

const _: () = {
    let mut i = 0;
    while i < Kind::COUNT {
        assert!(TABLE[i].kind as usize == i, "rows stand in the order of the variants");
        let mut j = 0;
        while j < i {
            assert!(TABLE[i].number != TABLE[j].number, "a number belongs to one kind");
            j += 1;
        }
        i += 1;
    }
};

const _: () = assert!(Field::Count.lowest() == 1, "a range is never empty");

/// A number that is known to fit.
fn low_byte(number: u32) -> u8 {
    u8::try_from(number).expect("a machine with bytes has only small numbers")
}
