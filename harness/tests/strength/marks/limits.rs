//! Sequences that meet the marks at limits of data structures, each with its own machine.

/// Mark, a sequence that meets it once, and one that nearly meets it.
pub(super) fn sequences() -> Vec<(&'static str, String, String)> {
    let mut all = Vec::new();
    frames(&mut all);
    places(&mut all);
    slots(&mut all);
    sharers(&mut all);
    folios(&mut all);
    all
}

type Sequences = Vec<(&'static str, String, String)>;

/// Adds a sequence for a number that is past the limit, and the same for one that is not.
fn add(all: &mut Sequences, mark: &'static str, [past, within]: [u32; 2], sequence: impl Fn(u32) -> String) {
    all.push((mark, sequence(past), sequence(within)));
}

fn frames(all: &mut Sequences) {
    add(all, "limit: a block of the highest order", [10, 9], |order| {
        format!("machine ram=1024 spaces=1 pages=1; alloc b0 {order}")
    });
    for (mark, ram) in [
        ("limit: a device's frame behind a word of them", [64, 63]),
        ("limit: a device's frame behind two levels of words", [4_096, 4_095]),
        ("limit: a device's frame behind three levels of words", [262_144, 262_143]),
    ] {
        for taken in ["migrate s0 v0 to d0", "setup t0 s0 v0 to d0; copy t0 0"] {
            add(all, mark, ram, |ram| format!("machine ram={ram} device=1 spaces=1 pages=1; map s0 v0 rw; {taken}"));
        }
    }
    let start = "machine ram=64 device=66 spaces=2 pages=66; map s0 v0+66 rw; migrate s0 v0+66 to d0; ";
    let mark = "limit: more than 64 pages end at once";
    add(all, mark, [65, 64], |count| format!("{start}unmap s0 v0+{count}"));
    add(all, mark, [65, 64], |count| {
        format!("{start}fork s0 s1; discard s1 v0+{}; unmap s0 v0+66; exit s1", 66 - count)
    });
}

fn places(all: &mut Sequences) {
    for (mark, pages) in [
        ("limit: a place behind a word of them", [64, 63]),
        ("limit: a place behind two levels of words", [4_096, 4_095]),
    ] {
        add(all, mark, pages, |page| format!("machine ram=1 spaces=1 pages=4097; map s0 v{}+2 rw", page - 1));
    }
    add(all, "limit: a space behind a word of them", [64, 63], |child| {
        format!("machine ram=1 spaces=65 pages=1; fork s0 s{child}")
    });
    for (mark, counts) in [
        ("limit: a transaction of more candidates than a word has bits", [65, 64]),
        ("limit: a transaction of more candidates than two levels have bits", [4_097, 4_096]),
    ] {
        add(all, mark, counts, |count| {
            format!("machine ram=1 device=1 spaces=1 pages=4097; map s0 v0+4097 rw; setup t0 s0 v0+{count} to d0")
        });
    }
}

fn slots(all: &mut Sequences) {
    let start = "machine ram=16 device=1 spaces=1 pages=1; map s0 v0 rw; write s0 v0 #1";
    let times =
        |count: u32, line: fn(u32) -> String| (0..count).map(line).fold(start.to_string(), |a, b| a + "; " + &b);
    add(all, "limit: every block slot is filled", [8, 7], |count| times(count, |slot| format!("alloc b{slot} 0")));
    add(all, "limit: every hold slot is filled", [16, 15], |count| times(count, |slot| format!("hold h{slot} s0 v0")));
    add(all, "limit: every pin slot is filled", [4, 3], |count| times(count, |slot| format!("pin k{slot} s0 v0")));
    let collect = |slot| format!("collect t{slot} d0");
    add(all, "limit: every transaction slot is filled", [4, 3], |count| times(count, collect));
}

fn sharers(all: &mut Sequences) {
    for (mark, most) in [
        ("limit: more than 31 places map a page", 31),
        ("limit: more than 63 places map a page", 63),
        ("limit: more than 127 places map a page", 127),
        ("limit: more than 255 places map a page", 255),
    ] {
        add(all, mark, [most, most - 1], |last| {
            format!("machine ram=1 spaces=256 pages=1; map s0 v0 rw; write s0 v0 #1{}", forks(last))
        });
    }
}

/// Forks that fill the spaces up to this one.
fn forks(last: u32) -> String {
    (1..=last).map(|child| format!("; fork s{} s{child}", child / 2)).collect()
}

fn folios(all: &mut Sequences) {
    let filled = |pages: u32| format!("map s0 v0+{pages} rw; advise s0 v0+{pages} huge; write s0 v0 #1");
    add(all, "limit: a large folio of more pages than a word has bits", [7, 6], |order| {
        format!("machine ram=128 spaces=1 pages=128 huge={order} rules=linux-7.3; {}", filled(1 << order))
    });
    add(all, "limit: more than 255 entries map a large folio", [255, 254], |last| {
        format!("machine ram=2 spaces=256 pages=2 huge=1 rules=linux-7.3; {}{}", filled(2), forks(last))
    });
}
