//! Answers, and blocks that are refused.

use stalemap_operations::{Effect, Errno, FrameToken, Home, Outcome, Stamp};

use super::{BARE, HALF, HALF_BLOCKS, HELD, PAGE, REFUSED, Row, TRANSACTION, just, lay_out, once};
use crate::liar::Lie;

pub(super) const ROWS: &[Row] = &[
    // Answers.
    once("outcome.errno", "another errno", REFUSED, 1, &[Lie::Answers(|_| Outcome::Refused(Errno::EINVAL))]),
    once("outcome.errno", "done instead of refused", REFUSED, 1, &[Lie::Answers(|_| Outcome::Done(Effect::Nothing))]),
    once("outcome.errno", "refused instead of done", REFUSED, 0, &[Lie::Answers(|_| Outcome::Refused(Errno::EEXIST))]),
    once("outcome.errno", "refused and not done", REFUSED, 0, &[Lie::Refuses(Errno::EEXIST)]),
    once("outcome.effect", "another value", PAGE, 3, &[Lie::Answers(|_| Outcome::Done(Effect::Value(Stamp(2))))]),
    once(
        "outcome.effect",
        "an effect of another shape",
        REFUSED,
        0,
        &[Lie::Answers(|_| Outcome::Done(Effect::Freed(0)))],
    ),
    once(
        "outcome.effect",
        "another number of pages",
        TRANSACTION,
        5,
        &[Lie::Answers(|_| Outcome::Done(Effect::Pages(1)))],
    ),
    once("termination.fuel", "an operation does not end", PAGE, 2, &[Lie::Answers(|_| Outcome::Stuck)]),
    once("termination.fuel", "a refused operation does not end", REFUSED, 1, &[Lie::Answers(|_| Outcome::Stuck)]),
    // Blocks that are refused.
    once("outcome.errno", "a frame is refused", "alloc b0 0; read s0 v0", 0, &[Lie::Refuses(Errno::ENOMEM)]),
    once(
        "refusal.unjust",
        "a block is refused beside a page of a device",
        "map s0 v0+1 rw; migrate s0 v0 to d0; alloc b0 3; read s0 v0",
        2,
        &[Lie::Refuses(Errno::ENOMEM)],
    ),
    once(
        "refusal.unjust",
        "two pages leave the upper half free",
        HALF,
        3,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[1, 2], &[]))],
    ),
    once(
        "refusal.unjust",
        "two pages leave the lower half free",
        HALF,
        3,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[4, 7], &[]))],
    ),
    once(
        "refusal.unjust",
        "two blocks leave the upper half free",
        HALF_BLOCKS,
        2,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[], &[0, 3]))],
    ),
    once(
        "refusal.unjust",
        "a page beside the held frame of a block",
        HELD,
        7,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[2], &[0]))],
    ),
    once(
        "refusal.unjust",
        "a page beside a bare frame",
        BARE,
        6,
        &[
            Lie::Refuses(Errno::ENOMEM),
            Lie::Shows(|it, whole| {
                lay_out(it, whole, &[0, 2], &[]);
                it.frames.fill(FrameToken { home: Home::Ram, offset: 3 });
            }),
        ],
    ),
    just(
        "two pages are in the way",
        HALF,
        3,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[0, 7], &[]))],
    ),
    just(
        "two blocks are in the way",
        HALF_BLOCKS,
        2,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[], &[3, 4]))],
    ),
    just(
        "a page and the held frame of a block are in the way",
        HELD,
        7,
        &[Lie::Refuses(Errno::ENOMEM), Lie::Shows(|it, whole| lay_out(it, whole, &[1], &[0]))],
    ),
    just(
        "a page and a bare frame are in the way",
        BARE,
        6,
        &[
            Lie::Refuses(Errno::ENOMEM),
            Lie::Shows(|it, whole| {
                lay_out(it, whole, &[0, 1], &[]);
                it.frames.fill(FrameToken { home: Home::Ram, offset: 3 });
            }),
        ],
    ),
];
