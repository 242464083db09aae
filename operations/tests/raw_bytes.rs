//! What raw bytes mean is frozen: byte strings that no writer made, and the programs that they have always meant.

use stalemap_operations::Trace;

/// One digest a line: of the text of the program that the byte string of this number means. The lines were written by
/// the version whose table had 28 operations. They are never written anew.
const DIGESTS: &str = include_str!("raw_bytes.txt");

/// Byte strings that are spelled out, with the lines that they mean. They have kinds beyond the last number, sizes and
/// operands beyond their limits, short records, and bytes behind the fields.
const SPELLED: &[(&[u8], &[&str])] = &[
    (
        &[0, 22, 19, 140, 185, 127, 229, 125, 65, 53, 77, 76, 192, 112, 77, 224, 62, 237, 37, 144, 200, 238, 127, 133],
        &["machine ram=30 spaces=60 pages=135 rules=linux-6.1", "exit s53", "protect s57 v37+47 rw"],
    ),
    (
        &[37, 34, 111, 201, 125, 92, 142, 226, 211, 22, 23, 203, 107, 164, 126, 13, 76, 92, 234, 157, 5, 154, 116, 166],
        &["machine ram=42 device=115 spaces=64 pages=100", "copy t2 23", "evict d0"],
    ),
    (
        &[
            74, 24, 212, 51, 96, 70, 205, 144, 228, 190, 138, 209, 166, 47, 149, 102, 41, 249, 25, 76, 204, 233, 139,
            249,
        ],
        &[
            "machine ram=32 device=216,55 spaces=35 pages=78 rules=linux-6.1",
            "unmap s15 v60+12",
            "device_write d1 s25 v76 #cc",
        ],
    ),
    (
        &[
            148, 26, 150, 218, 6, 13, 180, 164, 135, 72, 198, 87, 141, 238, 221, 236, 20, 6, 12, 7, 209, 229, 151, 110,
            21,
        ],
        &["machine ram=34 spaces=9 pages=21", "pin_read k0", "pin k0 s0 v0"],
    ),
    (
        &[185, 38, 242, 23, 202, 234, 94, 9, 25, 41, 144, 213, 56, 34, 15, 24, 35, 118, 209, 20, 14, 144, 139, 143, 48],
        &["machine ram=46 device=246,27 spaces=13 pages=242", "hold h9 s1 v213", "move s1 v209+21 v14", "evict d0"],
    ),
    (&[3, 40, 179, 190], &["machine ram=48 device=183,194 spaces=3 pages=8"]),
    (
        &[40, 30, 25, 40, 83, 155, 131, 203, 204, 90, 63, 97, 89, 107, 110, 248, 235, 32, 243, 127, 218, 219, 174, 86],
        &["machine ram=38 spaces=22 pages=163 rules=linux-6.1", "fork s2 s19", "write s10 v80 #7f"],
    ),
    (
        &[77, 42, 117, 101, 23, 120, 45, 48, 94, 60, 9],
        &["machine ram=50 device=121,105 spaces=26 pages=128 rules=linux-6.1", "read s8 v9"],
    ),
    (
        &[154, 40, 224, 106, 147, 126, 9, 44, 250, 9, 109, 250, 218, 36, 215, 150, 131, 96, 179, 41],
        &["machine ram=48 spaces=22 pages=134 rules=linux-6.1", "release h9"],
    ),
    (
        &[191, 52, 60, 167, 86, 91, 178, 146, 140, 234, 55, 121, 133, 88, 9, 194, 146, 207, 120, 54, 46, 110, 221, 189],
        &["machine ram=60 spaces=25 pages=99", "alloc b2 7", "protect s7 v21+55 r"],
    ),
    (
        &[228, 42, 162, 17, 57, 69, 240, 64, 157, 146, 170, 127, 192, 227, 31, 28, 110, 109, 166, 229, 245, 189, 244],
        &["machine ram=50 device=166 spaces=60 pages=77", "finalize t2", "release h13"],
    ),
    (
        &[49, 61, 4, 234, 150, 62, 56, 243, 186, 153, 101, 19, 6, 18, 114, 96, 42, 15, 56, 224, 68, 85, 23, 3, 179, 0],
        &[
            "machine ram=69 device=8,238 spaces=25 pages=70",
            "collect t1 d1",
            "setup t3 s6 v14+13 from d1",
            "write s0 v0 #00",
        ],
    ),
    (
        &[15, 67, 73, 223, 137, 147, 239, 46, 163, 52, 27, 162, 185, 78, 75, 242, 236, 53, 18, 19, 82, 70, 58, 96, 84],
        &[
            "machine ram=75 device=77 spaces=12 pages=155 rules=linux-6.1",
            "pin_read k0",
            "device_read d0 s6 v19",
            "alloc b0 0",
        ],
    ),
];

/// The byte string of this number: 1 to 193 bytes. The first one is below 0xf2, as those above name later formats.
fn raw(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let length = 1 + usize::from(byte()) % 193;
    let mut bytes: Vec<u8> = (0..length).map(|_| byte()).collect();
    bytes[0] %= 0xf2;
    bytes
}

/// FNV-1a with 64 bits.
fn digest(text: &str) -> u64 {
    let add = |digest: u64, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, add)
}

#[test]
fn two_thousand_byte_strings_mean_what_they_have_always_meant() {
    assert_eq!(DIGESTS.lines().count(), 2_000);
    for (number, expected) in (0..).zip(DIGESTS.lines()) {
        let bytes = raw(number);
        let trace = Trace::from_bytes(&bytes);
        let found = format!("{:016x}", digest(&trace.to_string()));
        assert_eq!(found, expected, "byte string {number}, {bytes:?}, now means\n{trace}");
    }
}

#[test]
fn byte_strings_that_are_spelled_out_mean_what_they_have_always_meant() {
    for (bytes, lines) in SPELLED {
        let expected = Trace::parse(&lines.join("\n")).expect("a trace");
        assert_eq!(Trace::from_bytes(bytes), expected, "{bytes:?}");
    }
}

#[test]
fn the_first_byte_makes_no_difference_below_0xf2() {
    for number in 0..200 {
        let mut bytes = raw(number);
        let expected = Trace::from_bytes(&bytes);
        for first in 0..0xf2 {
            bytes[0] = first;
            assert_eq!(Trace::from_bytes(&bytes), expected, "{first:#x}");
        }
    }
}
