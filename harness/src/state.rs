//! Complete states of both sides as digests: where two differ in names without meaning only, they are the same.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use stalemap_operations::Slot;
use stalemap_reference::HiddenState;

/// What is the same for two states that differ in names only: the first half of a SHA-256.
pub type StateDigest = [u8; 16];

/// The digest of a state: of the subject's numbers, and of what the reference does not show. What it shows follows from
/// what the subject shows, with which it agrees.
///
/// `world` is all but the slots, and `slots` what each that is not empty holds. Slots of one sort have no names: what they
/// hold is sorted.
#[must_use]
pub fn state_digest(world: &[u64], slots: &[(Slot, Vec<u64>)], hidden: HiddenState) -> StateDigest {
    let of_reference: BTreeMap<Slot, Vec<u64>> = hidden.transactions.into_iter().collect();
    let of_reference = |slot: &Slot| of_reference.get(slot).map_or(&[][..], Vec::as_slice);
    let mut slots: Vec<(u64, &[u64], &[u64])> =
        slots.iter().map(|(slot, held)| (sort(slot), held.as_slice(), of_reference(slot))).collect();
    slots.sort_unstable();
    let mut bytes = Sha256::new();
    let mut add = |numbers: &[u64]| {
        bytes.update((numbers.len() as u64).to_le_bytes());
        numbers.iter().for_each(|number| bytes.update(number.to_le_bytes()));
    };
    add(world);
    add(&hidden.dirty.into_iter().map(u64::from).collect::<Vec<u64>>());
    if !hidden.advice.is_empty() {
        add(&hidden
            .advice
            .into_iter()
            .map(|advice| advice.map_or(0, |advice| 1 + advice as u64))
            .collect::<Vec<u64>>());
    }
    for (sort, held, hidden) in slots {
        add(&[sort]);
        add(held);
        add(hidden);
    }
    let mut digest = StateDigest::default();
    digest.copy_from_slice(&bytes.finalize()[..16]);
    digest
}

fn sort(slot: &Slot) -> u64 {
    match slot {
        Slot::Transaction(_) => 0,
        Slot::Pin(_) => 1,
        Slot::Hold(_) => 2,
        Slot::Block(_) => 3,
    }
}

/// One digest of a set of states, whatever the order in which they were found: as 16 hexadecimal digits.
#[must_use]
pub fn digest_of_states<'a>(states: impl IntoIterator<Item = &'a StateDigest>) -> String {
    let mut sorted: Vec<&StateDigest> = states.into_iter().collect();
    sorted.sort_unstable();
    let mut digest = Sha256::new();
    sorted.into_iter().for_each(|state| digest.update(state));
    digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{digest_of_states, state_digest};
    use stalemap_operations::{Advice, BlockSlot, HoldSlot, PinSlot, Slot, TransactionSlot};
    use stalemap_reference::HiddenState;

    fn hidden(dirty: bool, transaction: u64) -> HiddenState {
        let slot = Slot::Transaction(TransactionSlot(0));
        HiddenState { dirty: vec![dirty], advice: Vec::new(), transactions: vec![(slot, vec![transaction])] }
    }

    #[test]
    fn slots_of_two_sorts_that_hold_the_same_make_two_digests() {
        let slots = [
            Slot::Transaction(TransactionSlot(1)),
            Slot::Pin(PinSlot(1)),
            Slot::Hold(HoldSlot(1)),
            Slot::Block(BlockSlot(1)),
        ];
        let mut digests = slots.map(|slot| state_digest(&[], &[(slot, vec![3])], hidden(false, 5))).to_vec();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), slots.len());
    }

    #[test]
    fn what_was_advised_tells_states_apart_where_huge_pages_are() {
        let advised = |advice: &[Option<Advice>]| {
            state_digest(&[], &[], HiddenState { advice: advice.to_vec(), ..hidden(false, 5) })
        };
        let of_places = [&[][..], &[None], &[Some(Advice::Huge)], &[Some(Advice::NoHuge)]];
        let digests: BTreeSet<_> = of_places.iter().map(|advice| advised(advice)).collect();
        assert_eq!(digests.len(), of_places.len());
    }

    #[test]
    fn only_the_names_of_slots_are_left_out() {
        let [transaction, k0, k1] =
            [Slot::Transaction(TransactionSlot(0)), Slot::Pin(PinSlot(0)), Slot::Pin(PinSlot(1))];
        let pins = |first: u64, second: u64| [(transaction, vec![7]), (k0, vec![first]), (k1, vec![second])];
        let digest = state_digest(&[1, 2], &pins(3, 4), hidden(false, 5));
        assert_eq!(digest, state_digest(&[1, 2], &pins(4, 3), hidden(false, 5)));
        let others = [
            state_digest(&[1, 3], &pins(3, 4), hidden(false, 5)),
            state_digest(&[1, 2], &pins(3, 3), hidden(false, 5)),
            state_digest(&[1, 2], &pins(3, 4)[..2], hidden(false, 5)),
            state_digest(&[1, 2], &pins(3, 4), hidden(true, 5)),
            state_digest(&[1, 2], &pins(3, 4), hidden(false, 6)),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(digest, *other, "{index}");
            assert_ne!(digest_of_states([&digest]), digest_of_states([other]), "{index}");
            assert_eq!(digest_of_states([&digest, other]), digest_of_states([other, &digest]), "{index}");
        }
    }
}
