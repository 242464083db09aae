//! Mistakes in the text of a trace are named with line and column, what was found, what was expected, and the nearest
//! known word.

use stalemap_operations::{ParseError, Trace};

fn error(text: &str) -> ParseError {
    match Trace::parse(text) {
        Ok(trace) => panic!("this was taken for a trace:\n{text}\n{trace}"),
        Err(error) => error,
    }
}

/// Checks texts against the errors that they give.
fn expect_errors(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(error(text).to_string(), *expected, "for the text:\n{text}");
    }
}

/// Checks second lines behind the machine line.
fn expect_errors_of_lines(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        let text = format!("machine ram=8 device=4,4 spaces=3 pages=8\n{line}\n");
        assert_eq!(error(&text).to_string(), *expected, "for the line: {line}");
    }
}

#[test]
fn every_part_of_an_error_can_be_read() {
    assert_eq!(
        error("# title\nmachine ram=8 spaces=1 pages=8\n\n  unmpa s0 v0\n"),
        ParseError {
            line: 4,
            column: 3,
            found: "\"unmpa\"".to_string(),
            expected: "an operation".to_string(),
            nearest: Some("unmap".to_string()),
        }
    );
}

#[test]
fn a_trace_begins_with_one_machine_line() {
    expect_errors(&[
        (
            "",
            "1:1: expected a machine line such as `machine ram=8 device=4,4 spaces=3 pages=8`, found the end of the text",
        ),
        (
            "# nothing but a comment\n",
            "2:1: expected a machine line such as `machine ram=8 device=4,4 spaces=3 pages=8`, found the end of the text",
        ),
        ("map s0 v0 rw\n", "1:1: expected the machine line, which comes before all operations, found \"map\""),
        (
            "machin ram=8 spaces=3 pages=8\n",
            "1:1: expected the machine line, which comes before all operations, found \"machin\"; did you mean \"machine\"?",
        ),
        (
            "machine ram=8 spaces=3 pages=8\n# again\nmachine ram=8 spaces=3 pages=8\n",
            "3:1: expected an operation (a trace has one machine line, its first), found \"machine\"",
        ),
        (
            "\u{feff}machine ram=8 spaces=3 pages=8\n",
            "1:1: expected the machine line, which comes before all operations, found \"\\u{feff}machine\"; did you mean \"machine\"?",
        ),
    ]);
}

#[test]
fn a_machine_line_has_every_key_once_and_every_size_within_its_limit() {
    let keys = "ram=, device=, spaces=, pages=, huge= or rules=";
    expect_errors(&[
        ("machine rma=8", &format!("1:9: expected {keys}, found \"rma\"; did you mean \"ram\"?")),
        ("machine ram=8 devices=4", &format!("1:15: expected {keys}, found \"devices\"; did you mean \"device\"?")),
        ("machine ram=8 cpus=4", &format!("1:15: expected {keys}, found \"cpus\"")),
        ("machine ram=8 =4", &format!("1:15: expected {keys}, found \"=4\"")),
        ("machine ram=8 ram=9 spaces=1 pages=1", "1:15: expected one ram= on a machine line, found \"ram=9\""),
        ("machine spaces=1 pages=1", "1:25: expected ram= on the machine line, found the end of the line"),
        ("machine ram=8 pages=8", "1:22: expected spaces= on the machine line, found the end of the line"),
        ("machine ram=8 spaces=3", "1:23: expected pages= on the machine line, found the end of the line"),
        ("machine ram=0 spaces=1 pages=1", "1:13: expected 1 to 16777216 frames of RAM, found \"0\""),
        ("machine ram=16777217 spaces=1 pages=1", "1:13: expected 1 to 16777216 frames of RAM, found \"16777217\""),
        (
            "machine ram=99999999999999999999 spaces=1 pages=1",
            "1:13: expected 1 to 16777216 frames of RAM, found \"99999999999999999999\"",
        ),
        ("machine ram=08 spaces=1 pages=1", "1:13: expected 1 to 16777216 frames of RAM, found \"08\""),
        ("machine ram=+8 spaces=1 pages=1", "1:13: expected 1 to 16777216 frames of RAM, found \"+8\""),
        ("machine ram spaces=1 pages=1", "1:13: expected 1 to 16777216 frames of RAM, found nothing"),
        ("machine ram= spaces=1 pages=1", "1:13: expected 1 to 16777216 frames of RAM, found nothing"),
        ("machine ram=8 spaces=1 pages= ", "1:30: expected 1 to 65536 pages, found the end of the line"),
        ("machine ram=8 device=4, spaces=1 pages=1", "1:24: expected 1 to 16777216 frames of a device, found nothing"),
        ("machine ram=8 device=0 spaces=1 pages=1", "1:22: expected 1 to 16777216 frames of a device, found \"0\""),
        ("machine ram=8 device=4,0 spaces=1 pages=1", "1:24: expected 1 to 16777216 frames of a device, found \"0\""),
        (
            "machine ram=8 device=4,4,4 spaces=1 pages=1",
            "1:24: expected 1 to 16777216 frames of a device, found \"4,4\"",
        ),
        ("machine ram=8 spaces=513 pages=1", "1:22: expected 1 to 512 spaces, found \"513\""),
        ("machine ram=8 spaces=1 pages=65537", "1:30: expected 1 to 65536 pages, found \"65537\""),
        (
            "machine ram=8 spaces=1 pages=1 rules=linux-6.13",
            "1:38: expected linux-6.12, linux-6.1 or linux-7.3, found \"linux-6.13\"; did you mean \"linux-6.12\"?",
        ),
        (
            "machine ram=8 spaces=1 pages=1 rules=bsd",
            "1:38: expected linux-6.12, linux-6.1 or linux-7.3, found \"bsd\"",
        ),
    ]);
}

#[test]
fn an_unknown_operation_is_named_with_the_nearest_one() {
    expect_errors_of_lines(&[
        ("mpa s0 v0 rw", "2:1: expected an operation, found \"mpa\"; did you mean \"map\"?"),
        ("devise_reed d0 s0 v0", "2:1: expected an operation, found \"devise_reed\"; did you mean \"device_read\"?"),
        ("pinwrite k0 #1", "2:1: expected an operation, found \"pinwrite\"; did you mean \"pin_write\"?"),
        ("frobnicate s0", "2:1: expected an operation, found \"frobnicate\""),
        ("MAP s0 v0 rw", "2:1: expected an operation, found \"MAP\""),
        ("= ok", "2:1: expected an operation, found \"=\""),
    ]);
}

#[test]
fn an_operation_with_a_device_needs_a_machine_with_one() {
    expect_errors(&[
        (
            "machine ram=8 spaces=1 pages=8\nevict d0\n",
            "2:1: expected an operation without a device (the machine has none), found \"evict\"",
        ),
        ("machine ram=8 device=1 spaces=1 pages=8\nevict d1\n", "2:7: expected a device, d0 to d0, found \"d1\""),
    ]);
}

#[test]
fn an_operation_of_large_folios_needs_a_machine_with_huge_pages() {
    let huge = "machine ram=8 device=4 spaces=1 pages=8 huge=2 rules=linux-7.3\n";
    expect_errors(&[
        (
            "machine ram=8 spaces=1 pages=8\nadvise s0 v0+2 huge\n",
            "2:1: expected an operation without huge pages (the machine has none; give it huge=2), found \"advise\"",
        ),
        (
            "machine ram=8 spaces=1 pages=8\ncollapse s0 v0\n",
            "2:1: expected an operation without huge pages (the machine has none; give it huge=2), found \"collapse\"",
        ),
        (&format!("{huge}advise s0 v0+4\n"), "2:15: expected an advice (huge or nohuge), found the end of the line"),
        (
            &format!("{huge}advise s0 v0+4 hug\n"),
            "2:16: expected an advice (huge or nohuge), found \"hug\"; did you mean \"huge\"?",
        ),
        (&format!("{huge}collapse s0 v8\n"), "2:13: expected a page, v0 to v7, found \"v8\""),
        (
            &format!("{huge}split_folio s0 v0 = ENOMEM\n"),
            "2:21: expected ok or a refusal that split_folio may give (ESRCH, EFAULT, EINVAL, EAGAIN), found \"ENOMEM\"",
        ),
    ]);
}

#[test]
fn huge_pages_fit_into_ram_and_a_space() {
    let expected =
        |most| format!("expected an order of huge pages, 1 to {most} (2^order pages fit into ram and into pages)");
    expect_errors(&[
        ("machine ram=8 spaces=1 pages=4 huge=3\n", &format!("1:37: {}, found \"3\"", expected(2))),
        ("machine ram=4 spaces=1 pages=8 huge=3\n", &format!("1:37: {}, found \"3\"", expected(2))),
        ("machine ram=8 spaces=1 pages=8 huge=0\n", &format!("1:37: {}, found \"0\"", expected(3))),
        ("machine ram=4096 spaces=1 pages=4096 huge=10\n", &format!("1:43: {}, found \"10\"", expected(9))),
        ("machine ram=8 spaces=1 pages=8 huge=two\n", &format!("1:37: {}, found \"two\"", expected(3))),
        (
            "machine ram=8 spaces=1 pages=1 huge=1\n",
            "1:37: expected no huge= (a huge page needs ram and pages of 2 or more), found \"1\"",
        ),
        (
            "machine ram=8 spaces=1 pages=8 huge=1 huge=1\n",
            "1:39: expected one huge= on a machine line, found \"huge=1\"",
        ),
    ]);
}

#[test]
fn an_operand_is_named_with_what_it_may_be() {
    expect_errors_of_lines(&[
        ("map", "2:4: expected a space, s0 to s2, found the end of the line"),
        ("map s3 v0 rw", "2:5: expected a space, s0 to s2, found \"s3\""),
        ("map v0 rw", "2:5: expected a space, s0 to s2, found \"v0\""),
        ("map s00 v0 rw", "2:5: expected a space, s0 to s2, found \"s00\""),
        ("map s-1 v0 rw", "2:5: expected a space, s0 to s2, found \"s-1\""),
        ("map s4294967296 v0 rw", "2:5: expected a space, s0 to s2, found \"s4294967296\""),
        ("map s0", "2:7: expected a range such as v0 or v0+2, within v0 to v7, found the end of the line"),
        ("map s0 v8 rw", "2:8: expected a range such as v0 or v0+2, within v0 to v7, found \"v8\""),
        ("map s0 v7+2 rw", "2:8: expected a range such as v0 or v0+2, within v0 to v7, found \"v7+2\""),
        ("map s0 v0+0 rw", "2:8: expected a range such as v0 or v0+2, within v0 to v7, found \"v0+0\""),
        ("map s0 v0+ rw", "2:8: expected a range such as v0 or v0+2, within v0 to v7, found \"v0+\""),
        ("map s0 v0+1+1 rw", "2:8: expected a range such as v0 or v0+2, within v0 to v7, found \"v0+1+1\""),
        ("map s0 0 rw", "2:8: expected a range such as v0 or v0+2, within v0 to v7, found \"0\""),
        ("map s0 v0", "2:10: expected an access (none, r or rw), found the end of the line"),
        ("map s0 v0 rx", "2:11: expected an access (none, r or rw), found \"rx\"; did you mean \"rw\"?"),
        ("map s0 v0 non", "2:11: expected an access (none, r or rw), found \"non\"; did you mean \"none\"?"),
        ("read s0 v8", "2:9: expected a page, v0 to v7, found \"v8\""),
        ("read s0 v0+1", "2:9: expected a page, v0 to v7, found \"v0+1\""),
        ("move s0 v0+4 v5", "2:14: expected a page that leaves room for the range, v0 to v4, found \"v5\""),
        ("write s0 v0", "2:12: expected a stamp such as #2a, found the end of the line"),
        ("write s0 v0 2a", "2:13: expected a stamp, #00 to #ff, found \"2a\""),
        ("write s0 v0 #", "2:13: expected a stamp, #00 to #ff, found \"#\""),
        ("write s0 v0 #100", "2:13: expected a stamp, #00 to #ff, found \"#100\""),
        ("write s0 v0 #+1", "2:13: expected a stamp, #00 to #ff, found \"#+1\""),
        ("evict d2", "2:7: expected a device, d0 to d1, found \"d2\""),
        ("pages t4", "2:7: expected a transaction slot, t0 to t3, found \"t4\""),
        ("unpin k4", "2:7: expected a pin slot, k0 to k3, found \"k4\""),
        ("peek h16", "2:6: expected a hold slot, h0 to h15, found \"h16\""),
        ("free b8", "2:6: expected a block slot, b0 to b7, found \"b8\""),
        ("alloc b0 12", "2:10: expected an order, 0 to 11, found \"12\""),
        ("copy t0 256", "2:9: expected a mask, 0 to 255, found \"256\""),
        ("migrate s0 v0 d0", "2:15: expected to or from, found \"d0\""),
        ("migrate s0 v0 too d0", "2:15: expected to or from, found \"too\"; did you mean \"to\"?"),
        ("migrate s0 v0 form d0", "2:15: expected to or from, found \"form\"; did you mean \"from\"?"),
        ("migrate s0 v0 to", "2:17: expected a device, d0 to d1, found the end of the line"),
    ]);
}

#[test]
fn an_answer_is_one_that_the_operation_may_give() {
    expect_errors_of_lines(&[
        ("exit s1 ok", "2:9: expected `=` and an answer, or the end of the line, found \"ok\""),
        ("exit s1 =ok", "2:9: expected `=` and an answer, or the end of the line, found \"=ok\""),
        ("exit s1 s2", "2:9: expected `=` and an answer, or the end of the line, found \"s2\""),
        ("exit s1 # why", "2:9: expected `=` and an answer, or the end of the line, found \"#\""),
        ("exit s1 =", "2:10: expected an answer, found the end of the line"),
        ("exit s1 = okay", "2:11: expected ok or an errno, found \"okay\""),
        ("exit s1 = ESRHC", "2:11: expected ok or an errno, found \"ESRHC\"; did you mean \"ESRCH\"?"),
        ("exit s1 = esrch", "2:11: expected ok or an errno, found \"esrch\""),
        ("exit s1 = stuck", "2:11: expected ok or an errno, found \"stuck\""),
        (
            "exit s1 = ENOMEM",
            "2:11: expected ok or a refusal that exit may give (ESRCH, EAGAIN, EINVAL), found \"ENOMEM\"",
        ),
        ("exit s1 = ESRCH pages=1", "2:17: expected the end of the line, found \"pages=1\""),
        ("exit s1 = ok", "2:13: expected pages= and a number, found the end of the line"),
        ("exit s1 = ok pages=1", "2:21: expected freed= and a number, found the end of the line"),
        ("exit s1 = ok freed=1 pages=1", "2:14: expected pages= and a number, found \"freed=1\""),
        ("exit s1 = ok pages=-1 freed=0", "2:14: expected pages= and a number, found \"pages=-1\""),
        ("exit s1 = ok pages=1 freed=0 x", "2:30: expected the end of the line, found \"x\""),
        ("fork s0 s1 = ok pages=1", "2:17: expected the end of the line, found \"pages=1\""),
        ("read s0 v0 = ok", "2:16: expected value= and a stamp, found the end of the line"),
        ("read s0 v0 = ok pages=1", "2:17: expected value= and a stamp, found \"pages=1\""),
        ("read s0 v0 = ok value=1", "2:23: expected a stamp, #00 to #ff, found \"1\""),
        ("read s0 v0 = ok value=", "2:23: expected a stamp, #00 to #ff, found the end of the line"),
    ]);
}

#[test]
fn columns_are_counted_in_characters() {
    expect_errors_of_lines(&[
        ("  map   s0  v0   rx", "2:18: expected an access (none, r or rw), found \"rx\"; did you mean \"rw\"?"),
        ("\tmap\ts0 v9 rw", "2:9: expected a range such as v0 or v0+2, within v0 to v7, found \"v9\""),
        ("äöü s0", "2:1: expected an operation, found \"äöü\""),
        ("map\u{3000}s0\u{3000}→ rw", "2:8: expected a range such as v0 or v0+2, within v0 to v7, found \"→\""),
    ]);
}

#[test]
fn what_was_found_is_cut_and_cannot_reach_the_terminal() {
    let long = "x".repeat(1000);
    expect_errors_of_lines(&[
        (&long, &format!("2:1: expected an operation, found \"{}…\"", &long[..40])),
        ("\u{1b}[31m\u{7}", "2:1: expected an operation, found \"\\u{1b}[31m\\u{7}\""),
        ("ma\"p", "2:1: expected an operation, found \"ma\\\"p\"; did you mean \"map\"?"),
    ]);
}

#[test]
fn a_text_has_at_most_so_many_operations() {
    let mut text = "machine ram=1 device=1 spaces=1 pages=1\n".to_string();
    text.push_str(&"evict d0\n".repeat(Trace::MOST_STEPS));
    assert_eq!(Trace::parse(&text).map(|trace| trace.steps.len()), Ok(Trace::MOST_STEPS));
    text.push_str("# a comment is no operation\n\nevict d0\n");
    assert_eq!(error(&text).to_string(), "1048580:1: expected at most 1048576 operations, found \"evict\"");
}

#[test]
fn the_first_mistake_is_the_one_that_is_named() {
    expect_errors(&[(
        "machine ram=8 spaces=1 pages=8\nmap s0 v0 rw\nmap s1 v0 rx\nmpa\n",
        "3:5: expected a space, s0 to s0, found \"s1\"",
    )]);
}
