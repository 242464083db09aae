//! What slots show, and what is seen of the whole machine.

use stalemap_operations::{BlockSlot, HoldSlot, Order, Phase, Slot, SlotState, Space};

use super::{BLOCK, PAGE, Row, SHARED, SLOTS, SPLIT, TRANSACTION, once, slot};
use crate::liar::Lie;

pub(super) const ROWS: &[Row] = &[
    // Slots.
    once("mapping.slot", "a full slot is empty", SLOTS, 2, &[Lie::Shows(|it, _| *slot(it) = SlotState::Empty)]),
    once("mapping.slot", "a full slot is not shown", BLOCK, 0, &[Lie::Shows(|it, _| it.slots.clear())]),
    once(
        "mapping.slot",
        "an empty slot is full",
        PAGE,
        2,
        &[Lie::Shows(|it, _| {
            let block = SlotState::Block { order: Order(0), split: false, held: 0, base: None };
            it.slots.push((Slot::Hold(HoldSlot(0)), block));
        })],
    ),
    once(
        "mapping.slot",
        "an emptied slot is full",
        "alloc b0 0; free b0; read s0 v0",
        1,
        &[Lie::Shows(|it, _| {
            let block = SlotState::Block { order: Order(0), split: false, held: 0, base: None };
            it.slots = vec![(Slot::Block(BlockSlot(0)), block)];
        })],
    ),
    once(
        "mapping.slot",
        "a pin is a hold",
        SLOTS,
        2,
        &[Lie::Shows(|it, whole| *slot(it) = SlotState::Hold(whole.pages[0].token))],
    ),
    once(
        "mapping.slot",
        "a hold is a pin",
        SLOTS,
        3,
        &[Lie::Shows(|it, whole| *slot(it) = SlotState::Pin(whole.pages[0].token))],
    ),
    once(
        "mapping.slot",
        "another phase",
        TRANSACTION,
        4,
        &[Lie::Shows(|it, _| {
            let SlotState::Transaction { phase, .. } = slot(it) else { panic!("it is a transaction") };
            *phase = Phase::Collected;
        })],
    ),
    once(
        "mapping.slot",
        "another number of candidates",
        TRANSACTION,
        3,
        &[Lie::Shows(|it, _| {
            let SlotState::Transaction { candidates, .. } = slot(it) else { panic!("it is a transaction") };
            *candidates += 1;
        })],
    ),
    once(
        "mapping.slot",
        "another order",
        BLOCK,
        0,
        &[Lie::Shows(|it, _| {
            let SlotState::Block { order, .. } = slot(it) else { panic!("it is a block") };
            *order = Order(2);
        })],
    ),
    once(
        "mapping.slot",
        "split and not",
        SPLIT,
        1,
        &[Lie::Shows(|it, _| {
            let SlotState::Block { split, .. } = slot(it) else { panic!("it is a block") };
            *split ^= true;
        })],
    ),
    once(
        "mapping.slot",
        "more frames held",
        SPLIT,
        2,
        &[Lie::Shows(|it, _| {
            let SlotState::Block { held, .. } = slot(it) else { panic!("it is a block") };
            *held += 1;
        })],
    ),
    // The whole machine.
    once("mapping.alive", "a dead space is alive", PAGE, 2, &[Lie::Shows(|it, _| it.alive.insert(Space(2)))]),
    once("mapping.alive", "a living space is dead", SHARED, 2, &[Lie::Shows(|it, _| it.alive.remove(Space(1)))]),
    once("mapping.locked", "an unlocked space is locked", PAGE, 2, &[Lie::Shows(|it, _| it.locked.insert(Space(0)))]),
    once("mapping.locked", "a locked space is unlocked", TRANSACTION, 3, &[Lie::Shows(|it, _| it.locked.clear())]),
    once("conservation.free", "free frames of RAM", PAGE, 2, &[Lie::Shows(|it, _| it.free[0] -= 1)]),
    once("conservation.free", "free frames of the first device", PAGE, 2, &[Lie::Shows(|it, _| it.free[1] += 1)]),
    once("conservation.free", "free frames of the second device", PAGE, 2, &[Lie::Shows(|it, _| it.free[2] -= 1)]),
];
