//! Validity: the subject's own recount balances. OracleSet at the end of a trace, so that what is measured before is the
//! comparison.

use stalemap_operations::Subject;

use super::object;
use crate::divergence::Mismatch;

pub(crate) const NAME: &str = "validity";

pub(crate) fn judge(subject: &impl Subject) -> Result<(), Mismatch> {
    match subject.validate() {
        Ok(()) => Ok(()),
        Err(sentence) => object(NAME, "balance", "the subject's own recount balances", sentence),
    }
}
