//! Which page of the subject is which page of the reference: a two-way binding of their tokens.

use std::collections::BTreeMap;

use stalemap_operations::PageToken;

/// Tokens below this are looked up in an array.
const DENSE: u32 = 1 << 16;

/// One direction of a binding.
#[derive(Clone, Debug, Default)]
struct Table {
    dense: Vec<Option<PageToken>>,
    sparse: BTreeMap<PageToken, PageToken>,
}

impl Table {
    fn get(&self, from: PageToken) -> Option<PageToken> {
        if from.0 < DENSE {
            self.dense.get(from.0 as usize).copied().flatten()
        } else {
            self.sparse.get(&from).copied()
        }
    }

    fn set(&mut self, from: PageToken, to: Option<PageToken>) {
        if from.0 < DENSE {
            let index = from.0 as usize;
            if self.dense.len() <= index {
                self.dense.resize(index + 1, None);
            }
            self.dense[index] = to;
        } else {
            match to {
                Some(to) => self.sparse.insert(from, to),
                None => self.sparse.remove(&from),
            };
        }
    }

    fn clear(&mut self) {
        self.dense.fill(None);
        self.sparse.clear();
    }
}

/// A page is bound when both sides first show it at the same place or slot, stays bound while it moves, and is let go
/// when the reference's page ends. Tokens themselves are never compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Binding {
    to_subject: Table,
    to_reference: Table,
}

impl Binding {
    pub(crate) fn clear(&mut self) {
        self.to_subject.clear();
        self.to_reference.clear();
    }

    /// The subject's token of a page of the reference.
    #[inline]
    pub(crate) fn subject(&self, reference: PageToken) -> Option<PageToken> {
        self.to_subject.get(reference)
    }

    /// The reference's token of a page of the subject.
    #[inline]
    pub(crate) fn reference(&self, subject: PageToken) -> Option<PageToken> {
        self.to_reference.get(subject)
    }

    /// Whether the two are the same page; two that are both not bound yet become it.
    #[inline]
    pub(crate) fn agree(&mut self, reference: PageToken, subject: PageToken) -> bool {
        match (self.to_subject.get(reference), self.to_reference.get(subject)) {
            (None, None) => {
                self.to_subject.set(reference, Some(subject));
                self.to_reference.set(subject, Some(reference));
                true
            }
            (bound, _) => bound == Some(subject),
        }
    }

    /// Forgets the pages of the reference that are not live any more.
    pub(crate) fn retain(&mut self, is_live: impl Fn(PageToken) -> bool) {
        let dense = (0..).map(PageToken).zip(&self.to_subject.dense).filter_map(|(page, bound)| bound.map(|_| page));
        let ended: Vec<PageToken> =
            dense.chain(self.to_subject.sparse.keys().copied()).filter(|&page| !is_live(page)).collect();
        ended.into_iter().for_each(|page| self.forget(page));
    }

    /// The page has ended.
    fn forget(&mut self, reference: PageToken) {
        if let Some(subject) = self.to_subject.get(reference) {
            self.to_subject.set(reference, None);
            self.to_reference.set(subject, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Binding;
    use stalemap_operations::PageToken as T;

    #[test]
    fn a_page_is_bound_at_first_sight_and_a_conflict_is_told_either_way() {
        let mut binding = Binding::default();
        assert!(binding.agree(T(0), T(70_000)));
        assert!(binding.agree(T(0), T(70_000)), "the same page again");
        assert!(!binding.agree(T(0), T(3)), "another page of the subject");
        assert!(!binding.agree(T(1), T(70_000)), "another page of the reference");
        assert_eq!(binding.subject(T(0)), Some(T(70_000)));
        assert_eq!(binding.reference(T(70_000)), Some(T(0)));
    }

    #[test]
    fn tokens_may_be_used_again_after_the_page_has_ended() {
        let mut binding = Binding::default();
        assert!(binding.agree(T(0), T(5)));
        binding.forget(T(0));
        assert!(binding.agree(T(1), T(5)));
        assert_eq!(binding.subject(T(0)), None);
    }

    #[test]
    fn tokens_at_the_end_of_the_array_and_behind_it_are_bound_like_others() {
        let mut binding = Binding::default();
        let last = super::DENSE;
        for (index, token) in [last - 1, last, last + 1].map(T).into_iter().enumerate() {
            let index = T(u32::try_from(index).expect("three"));
            assert!(binding.agree(index, token));
            assert!(binding.agree(index, token), "the same page again");
            assert_eq!((binding.subject(index), binding.reference(token)), (Some(token), Some(index)));
        }
        binding.retain(|page| page == T(1));
        assert_eq!([0, 1, 2].map(|index| binding.subject(T(index))), [None, Some(T(last)), None]);
        assert_eq!([last - 1, last, last + 1].map(|token| binding.reference(T(token))), [None, Some(T(1)), None]);
        binding.clear();
        assert_eq!((binding.subject(T(1)), binding.reference(T(last))), (None, None));
    }
}
