//! What is wrong with a frame is told of the owner that shows it, whatever else the owner shows with it.

use std::iter;

use stalemap_operations::{
    BlockContract, BlockSlot, FolioView, FrameToken, Home, Machine, Order, PageToken, Slot, SlotState, TransactionSlot,
};

use super::{Fault, FrameRules, Owner, Owners};

const PAGE: PageToken = PageToken(3);

fn owners() -> Owners {
    let machine = Machine::DEFAULT.with_huge(1).expect("a group fits");
    Owners::new(FrameRules { machine: &machine, blocks: &BlockContract::BUDDY })
}

fn ram(offset: u32) -> Option<FrameToken> {
    Some(FrameToken { home: Home::Ram, offset })
}

fn folio(head: PageToken, index: u32) -> Option<FolioView> {
    Some(FolioView { head, index, mapcount: 1 })
}

#[test]
fn a_page_that_is_elsewhere_than_its_frame_is_told_though_the_frame_is_the_same() {
    let device = Home::ALL[1];
    for home in [Home::Ram, device] {
        let mut owners = owners();
        let frame = Some(FrameToken { home, offset: 0 });
        owners.page(PAGE, home, frame, None);
        assert_eq!(owners.check(), Ok(()));
        owners.page(PAGE, home, frame, None);
        assert_eq!(owners.check(), Ok(()));
        let other = if home == Home::Ram { device } else { Home::Ram };
        owners.page(PAGE, other, frame, None);
        assert_eq!(owners.check(), Err((Owner::Page(PAGE), Fault::Home { is: home, should_be: other })));
    }
}

#[test]
fn a_page_that_becomes_one_of_a_folio_is_where_the_folio_is_though_its_frame_is_the_same() {
    for (head, index, expected) in
        [(PAGE, 0, Ok(())), (PageToken(2), 1, Err((Owner::Page(PAGE), Fault::Index { index: 1, frames: 2 })))]
    {
        let mut owners = owners();
        owners.page(PAGE, Home::Ram, ram(2), None);
        assert_eq!(owners.check(), Ok(()));
        owners.page(PAGE, Home::Ram, ram(2), folio(head, index));
        assert_eq!(owners.check(), expected);
    }
}

#[test]
fn a_page_of_a_folio_may_be_shown_twice_before_the_frames_are_held_against_one_another() {
    let mut owners = owners();
    for _ in 0..2 {
        owners.page(PAGE, Home::Ram, ram(2), folio(PAGE, 0));
    }
    assert_eq!(owners.check(), Ok(()));
    owners.page(PageToken(4), Home::Ram, ram(2), None);
    assert_eq!(owners.check(), Err((Owner::Page(PageToken(4)), Fault::Shared(Owner::Page(PAGE)))));
}

#[test]
fn a_slot_has_the_frames_that_it_was_last_shown_with_and_no_others() {
    let slot = Slot::Block(BlockSlot(1));
    let block = |offset: u32, held: u32| SlotState::Block { order: Order(1), split: held < 2, held, base: ram(offset) };
    let mut owners = owners();
    owners.slot(slot, &block(2, 2), iter::empty());
    assert_eq!(owners.check(), Ok(()));
    let has = |state: SlotState| owners.has_slot(slot, &state, iter::empty());
    assert_eq!(
        [has(block(2, 2)), has(block(4, 2)), has(block(2, 1)), has(SlotState::Empty)],
        [true, false, false, false]
    );
    let empty = Slot::Transaction(TransactionSlot(0));
    assert!(owners.has_slot(empty, &SlotState::Empty, iter::empty()));
}
