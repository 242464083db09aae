//! `Arbitrary` for traces, over the records: the derived form has no way back from values to bytes, and makes of
//! random bytes one operation on the average.

use ::arbitrary::{Arbitrary, Result, Unstructured};

use crate::trace::Trace;

impl<'a> Arbitrary<'a> for Trace {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let all = u.len();
        u.bytes(all).map(Trace::from_bytes)
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> Result<Self> {
        Ok(Trace::from_bytes(u.take_rest()))
    }
}
