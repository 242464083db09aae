//! The recount tells of each frame of a large folio, and of each free run, that is put wrong.

use super::Frame;
use super::page::flag;
use crate::validate::tests::assert_told_of_folio;

#[test]
fn what_is_put_wrong_in_the_frames_of_a_folio_is_told() {
    assert_told_of_folio(&[
        (|it| it.frames.memmap[Frame(1)].get_first(), "f1 is a tail and has references of its own"),
        (|it| it.frames.memmap[Frame(0)].set(flag::HEAD, false), "s0 v0 has a huge entry of f0, which is no head"),
        (|it| it.frames.memmap[Frame(0)].large = 2, "f0 is the head of a folio of order 2"),
        (|it| it.frames.memmap[Frame(1)].mapping = 4, "f1 is no tail of f0"),
        (|it| it.frames.memmap[Frame(2)].large = 1, "f2 is free and keeps something of its page"),
        (|it| it.frames.memmap[Frame(2)].index = 1, "f2 is free and keeps something of its page"),
        (|it| it.frames.memmap[Frame(2)].set(flag::ALIKE, true), "f2 is free and keeps something of its page"),
        (
            |it| {
                let device = &mut it.frames.devices[0];
                device.runs.first = it.frames.memmap[device.runs.first].next_free();
            },
            "device 0 counts 4 free frames and lists 2",
        ),
    ]);
}
