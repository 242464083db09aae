//! The input of a target: bytes that print as the trace that they mean, so that `cargo fuzz fmt` is readable.

use std::fmt;

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use stalemap_operations::Trace;

/// Any bytes.
#[derive(Clone, Copy)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let all = u.len();
        u.bytes(all).map(Input)
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> Result<Self> {
        Ok(Input(u.take_rest()))
    }
}

/// The canonical text of the trace: cargo-fuzz prints inputs by `Debug`.
impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Trace::from_bytes(self.0), f)
    }
}

#[cfg(test)]
mod tests {
    use stalemap_operations::Trace;

    use super::Input;

    #[test]
    fn an_input_prints_as_its_trace() {
        let text = "machine ram=4 spaces=1 pages=2\nmap s0 v0+2 rw\nread s0 v1\n";
        let bytes = Trace::parse(text).expect("a trace").to_bytes().expect("it is small");
        // As libfuzzer-sys writes it for `cargo fuzz fmt`.
        let printed = format!("{:#?}", Input(&bytes));
        assert_eq!(Trace::parse(&printed).expect("a trace again").to_bytes(), Some(bytes), "{printed}");
    }
}
