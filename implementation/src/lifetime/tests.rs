//! The recount tells of a name of a page that leads to another frame.

use crate::frames::Frame;
use crate::validate::tests::assert_told;

#[test]
fn what_is_put_wrong_in_the_names_of_pages_is_told() {
    assert_told(&[(|it| it.identities.moved(0, Frame(1)), "page 0 is said to be in f1, which has another")]);
}
