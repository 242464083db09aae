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

/// The canonical text of the trace.
impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Trace::from_bytes(self.0).fmt(f)
    }
}
