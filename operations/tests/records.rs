//! Records: frozen samples of each format, and every byte string is a trace.

use stalemap_operations::{Kind, Machine, Trace, record};

/// One operation of every kind on a machine of which everything differs from the default, and its bytes as they were
/// first written. Records with these bytes lie in other people's corpora: they must never mean anything else.
const SAMPLE: &[(&str, [u8; 8])] = &[
    ("machine ram=4 device=2,3 spaces=5 pages=9 rules=linux-6.1", [0, 0xfc, 0xfe, 0xff, 2, 1, 1, 0]),
    ("alloc b7 11", [0, 7, 11, 0, 0, 0, 0, 0]),
    ("free b1", [1, 1, 0, 0, 0, 0, 0, 0]),
    ("split b2", [2, 2, 0, 0, 0, 0, 0, 0]),
    ("map s1 v2+3 rw", [3, 1, 2, 2, 2, 0, 0, 0]),
    ("unmap s0 v0+9", [4, 0, 0, 8, 0, 0, 0, 0]),
    ("discard s4 v8", [5, 4, 8, 0, 0, 0, 0, 0]),
    ("protect s0 v1+2 r", [6, 0, 1, 1, 1, 0, 0, 0]),
    ("move s0 v0+2 v7", [7, 0, 0, 1, 7, 0, 0, 0]),
    ("fork s0 s3", [8, 0, 3, 0, 0, 0, 0, 0]),
    ("exit s2", [9, 2, 0, 0, 0, 0, 0, 0]),
    ("read s0 v5", [10, 0, 5, 0, 0, 0, 0, 0]),
    ("write s0 v5 #2a", [11, 0, 5, 0x2a, 0, 0, 0, 0]),
    ("device_read d1 s0 v5", [12, 1, 0, 5, 0, 0, 0, 0]),
    ("device_write d0 s1 v4 #ff", [13, 0, 1, 4, 0xff, 0, 0, 0]),
    ("setup t3 s0 v1+4 from d1", [14, 3, 0, 1, 3, 1, 1, 0]),
    ("copy t0 255", [15, 0, 255, 0, 0, 0, 0, 0]),
    ("pages t1", [16, 1, 0, 0, 0, 0, 0, 0]),
    ("finalize t2", [17, 2, 0, 0, 0, 0, 0, 0]),
    ("collect t0 d1", [18, 0, 1, 0, 0, 0, 0, 0]),
    ("migrate s3 v6+3 to d0", [19, 3, 6, 2, 0, 0, 0, 0]),
    ("evict d1", [20, 1, 0, 0, 0, 0, 0, 0]),
    ("pin k3 s2 v1", [21, 3, 2, 1, 0, 0, 0, 0]),
    ("unpin k2", [22, 2, 0, 0, 0, 0, 0, 0]),
    ("pin_read k1", [23, 1, 0, 0, 0, 0, 0, 0]),
    ("pin_write k2 #80", [24, 2, 0x80, 0, 0, 0, 0, 0]),
    ("hold h15 s0 v3", [25, 15, 0, 3, 0, 0, 0, 0]),
    ("release h0", [26, 0, 0, 0, 0, 0, 0, 0]),
    ("peek h9", [27, 9, 0, 0, 0, 0, 0, 0]),
];

/// The same for the operations that came with later formats.
const LATER: &[(&str, [u8; 8])] = &[
    ("advise s1 v2+3 huge", [28, 1, 2, 2, 0, 0, 0, 0]),
    ("advise s0 v8 nohuge", [28, 0, 8, 0, 1, 0, 0, 0]),
    ("collapse s1 v3", [29, 1, 3, 0, 0, 0, 0, 0]),
    ("split_folio s4 v8", [30, 4, 8, 0, 0, 0, 0, 0]),
];

/// Machines and their records.
const MACHINES: &[(&str, [u8; 8])] = &[
    ("ram=8 device=4,4 spaces=3 pages=8", [0, 0, 0, 0, 0, 0, 0, 0]),
    ("ram=8 device=4,4 spaces=3 pages=8 rules=linux-6.1", [0, 0, 0, 0, 0, 0, 1, 0]),
    ("ram=8 device=4 spaces=3 pages=8", [0, 0, 0, 0, 0, 0, 0, 1]),
    ("ram=8 spaces=3 pages=8", [0, 0, 0, 0, 0, 0, 0, 2]),
    ("ram=1 spaces=64 pages=256", [0, 0xf9, 0, 0, 61, 0xf8, 0, 2]),
    ("ram=256 device=256 spaces=1 pages=1", [0, 0xf8, 0xfc, 0, 62, 0xf9, 0, 1]),
    ("ram=9 device=5,1 spaces=2 pages=7", [0, 1, 1, 0xfd, 63, 0xff, 0, 0]),
];

/// Machines of format 2, which has another dialect.
const MACHINES_OF_FORMAT_2: &[(&str, [u8; 8])] = &[
    ("ram=8 device=4,4 spaces=3 pages=8 rules=linux-7.3", [0xf2, 0, 0, 0, 0, 0, 2, 0]),
    ("ram=9 device=5,1 spaces=2 pages=7 rules=linux-7.3", [0xf2, 1, 1, 0xfd, 63, 0xff, 2, 0]),
];

/// Machines of format 3, which has huge pages.
const MACHINES_OF_FORMAT_3: &[(&str, [u8; 8])] = &[
    ("ram=8 device=4,4 spaces=3 pages=8 huge=1", [0xf3, 0, 0, 0, 0, 0, 3, 0]),
    ("ram=8 device=4,4 spaces=3 pages=8 huge=2 rules=linux-6.1", [0xf3, 0, 0, 0, 0, 0, 7, 0]),
    ("ram=8 device=4 spaces=3 pages=8 huge=3 rules=linux-7.3", [0xf3, 0, 0, 0, 0, 0, 11, 1]),
    ("ram=256 device=256 spaces=1 pages=256 huge=8", [0xf3, 0xf8, 0xfc, 0, 62, 0xf8, 24, 1]),
];

#[test]
fn records_of_format_1_mean_what_they_meant() {
    let text: String = SAMPLE.iter().map(|(line, _)| format!("{line}\n")).collect();
    let bytes: Vec<u8> = SAMPLE.iter().flat_map(|(_, record)| *record).collect();
    let trace = Trace::parse(&text).expect("the sample is a trace");
    assert_eq!(Trace::from_bytes(&bytes), trace);
    assert_eq!(trace.to_bytes(), Some(bytes));
}

#[test]
fn the_newest_format_has_all_records() {
    let (small, huge) = (SAMPLE[0].0.to_string(), format!("{} huge=1", SAMPLE[0].0));
    let later = LATER.iter().map(|record| (&huge, record));
    for (machine_line, (line, bytes)) in SAMPLE[1..].iter().map(|record| (&small, record)).chain(later) {
        let trace = Trace::parse(&format!("{machine_line}\n{line}\n")).expect("a trace");
        assert_eq!(record::Format::NEWEST.operation(*bytes, &trace.machine), trace.operations().next(), "{line}");
        let written = trace.to_bytes().expect("a small machine");
        assert_eq!(written[record::RECORD..], *bytes, "{line}");
        assert_eq!(Trace::from_bytes(&written), trace, "{line}");
    }
}

#[test]
fn every_operation_has_a_frozen_record() {
    for kind in Kind::ALL {
        let word = kind.row().word;
        let (_, bytes) = SAMPLE
            .iter()
            .chain(LATER)
            .find(|(line, _)| line.split(' ').next() == Some(word))
            .unwrap_or_else(|| panic!("`{word}` has no frozen record: add it to LATER"));
        assert_eq!(bytes[0], kind.row().number, "{word}");
    }
}

#[test]
fn machines_mean_what_they_meant() {
    for (text, bytes) in [MACHINES, MACHINES_OF_FORMAT_2, MACHINES_OF_FORMAT_3].concat() {
        assert_eq!(record::machine_from_record(bytes).to_string(), text, "{bytes:?}");
        let trace = Trace::parse(&format!("machine {text}\n")).expect("it is a machine");
        assert_eq!(record::machine_to_record(&trace.machine), Some(bytes), "{text}");
    }
}

#[test]
fn the_byte_of_the_rules_is_folded_by_the_dialects_of_its_format() {
    let rules = |format, byte| record::machine_from_record([format, 0, 0, 0, 0, 0, byte, 0]).rules().word();
    assert_eq!([0, 1, 2, 3].map(|byte| rules(0, byte)), ["linux-6.12", "linux-6.1", "linux-6.12", "linux-6.1"]);
    assert_eq!([0, 1, 2, 3].map(|byte| rules(0xf2, byte)), ["linux-6.12", "linux-6.1", "linux-7.3", "linux-6.12"]);
}

#[test]
fn an_order_of_huge_pages_is_read_from_format_3_on_and_lowered_where_it_does_not_fit() {
    let huge = |record| record::machine_from_record(record).huge().map(|order| order.0);
    let order = |format, byte| huge([format, 0, 0, 0, 0, 0, byte, 0]);
    assert_eq!([0, 3, 6, 9].map(|byte| order(0, byte)), [None; 4], "format 1 has none");
    assert_eq!([0, 3, 6, 9].map(|byte| order(0xf2, byte)), [None; 4], "format 2 has none");
    assert_eq!(
        [0, 3, 6, 9, 12, 27, 30].map(|byte| order(0xf3, byte)),
        [None, Some(1), Some(2), Some(3), Some(3), Some(3), None]
    );
    assert_eq!(huge([0xf3, 0, 0, 0, 0, 0xf9, 9, 0]), None, "a space has one page");
}

#[test]
fn an_operation_of_large_folios_is_left_out_on_a_machine_without_huge_pages() {
    let bytes = |rules| [[0xf3, 0, 0, 0, 0, 0, rules, 0], [29, 0, 1, 0, 0, 0, 0, 0], [9, 1, 0, 0, 0, 0, 0, 0]].concat();
    let words = |bytes: &[u8]| Trace::from_bytes(bytes).operations().map(|it| it.to_string()).collect::<Vec<_>>();
    assert_eq!(words(&bytes(0)), ["exit s1"]);
    assert_eq!(words(&bytes(3)), ["collapse s0 v1", "exit s1"]);
    let of_format_1 = [[0; 8], [29, 0, 1, 0, 0, 0, 0, 0]].concat();
    assert_eq!(words(&of_format_1), ["free b0"], "format 1 has 28 kinds");
}

#[test]
fn no_bytes_are_the_default_machine() {
    assert_eq!(Trace::from_bytes(&[]), Trace::new(Machine::DEFAULT, []));
    assert_eq!(Trace::from_bytes(&[0; 7]), Trace::new(Machine::DEFAULT, []));
}

#[test]
fn a_short_last_record_is_filled_up_with_zeros() {
    let mut bytes = vec![0; record::RECORD];
    bytes.extend([3, 1, 2]);
    let whole = Trace::from_bytes(&bytes);
    assert_eq!(whole.to_string(), "machine ram=8 device=4,4 spaces=3 pages=8\nmap      s1 v2 none\n");
    bytes.extend([0; 5]);
    assert_eq!(Trace::from_bytes(&bytes), whole);
}

#[test]
fn numbers_are_folded_into_what_the_machine_allows() {
    let folded = [
        // 7 mod 3 spaces, 13 mod 8 pages, 1 + 10 mod (8 - 5), 5 mod 3 accesses.
        ([3, 7, 13, 10, 5, 0, 0, 0], "map s1 v5+2 rw"),
        // The destination leaves room for the range: 9 mod (8 - 3 + 1).
        ([7, 0, 2, 2, 9, 0, 0, 0], "move s0 v2+3 v3"),
        // Bytes behind the fields are passed over.
        ([9, 2, 255, 255, 255, 255, 255, 255], "exit s2"),
        ([25, 17, 3, 255, 0, 0, 0, 0], "hold h1 s0 v7"),
        ([14, 4, 0, 8, 255, 3, 3, 0], "setup t0 s0 v0+8 from d1"),
        ([0, 8, 12, 0, 0, 0, 0, 0], "alloc b0 0"),
    ];
    for (bytes, text) in folded {
        let operation = record::Format::FIRST.operation(bytes, &Machine::DEFAULT).expect("the machine has it");
        assert_eq!(operation.to_string(), text, "{bytes:?}");
    }
}

#[test]
fn an_operation_with_a_device_is_left_out_on_a_machine_without_one() {
    let bytes = [[0, 0, 0, 0, 0, 0, 0, 2], [20, 0, 0, 0, 0, 0, 0, 0], [9, 1, 0, 0, 0, 0, 0, 0]].concat();
    assert_eq!(Trace::from_bytes(&bytes).to_string(), "machine ram=8 spaces=3 pages=8\nexit     s1\n");
}

#[test]
fn every_byte_string_is_a_trace() {
    // A multiplicative generator walks through all bytes in all places.
    let mut state: u32 = 1;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    for length in (0..200_usize).cycle().take(20_000) {
        let bytes: Vec<u8> = (0..length).map(|_| byte()).collect();
        let trace = Trace::from_bytes(&bytes);
        assert!(trace.steps.len() <= length.div_ceil(record::RECORD).saturating_sub(1));
        assert!(trace.operations().all(|operation| operation.fits(&trace.machine)), "{bytes:?}");
        assert_eq!(Trace::from_bytes(&trace.to_bytes().expect("bytes make small machines")), trace, "{bytes:?}");
    }
}

#[test]
fn every_kind_has_its_number_and_other_bytes_count_the_kinds_of_format_1_round_and_round() {
    for kind in Kind::ALL {
        assert_eq!(record::Format::NEWEST.kind(kind.row().number), *kind);
    }
    for byte in 0..=255 {
        assert_eq!(record::Format::FIRST.kind(byte), Kind::ALL[usize::from(byte) % 28], "{byte}");
    }
}
