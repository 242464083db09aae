//! The text of traces as a target: the parser never panics, and what it reads prints back the same.

use stalemap_operations::Trace;

use crate::counters::Counting;

/// Reads any text. `false` if it is no trace.
///
/// # Panics
/// When a trace that was read is another one after it was printed, or after it went through bytes.
pub fn same_text_again(bytes: &[u8]) -> bool {
    let _counting = Counting::begin();
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let trace = match Trace::parse(text) {
        Ok(trace) => trace,
        Err(error) => {
            // The place and the nearest word are made when it is printed.
            assert!(!error.to_string().is_empty(), "an error without a word");
            return false;
        }
    };
    let printed = trace.to_string();
    let again = Trace::parse(&printed).unwrap_or_else(|error| panic!("the canonical text is refused: {error}"));
    assert_eq!(again, trace, "a trace is another one after it was printed:\n{printed}");
    assert_eq!(again.to_string(), printed, "the canonical text is printed in another way");
    if let Some(bytes) = trace.to_bytes() {
        let plain = Trace::new(trace.machine, trace.operations());
        assert_eq!(Trace::from_bytes(&bytes), plain, "a trace is another one after it went through bytes:\n{printed}");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::same_text_again;

    #[test]
    fn a_trace_is_taken_and_anything_else_is_not() {
        assert!(same_text_again(b"machine ram=4 spaces=1 pages=2\n# why\nmap s0 v0+2 rw = ok\n"));
        for bad in [b"map".as_slice(), b"\xff", b"machine ram=4 spaces=1 pages=2\nmap s0 v9 rw\n"] {
            assert!(!same_text_again(bad));
        }
    }
}
