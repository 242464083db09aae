//! Large folios in a digest: which pages are together, and in which order, without the names of pages.
//!
//! A folio is kept under its head. Its word is made of the words of its pages, each with its index: so it says which pages
//! belong together whatever they are called, and no page has to know what its head shows.

use stalemap_operations::{FolioView, PageToken};

use super::TOKENS;
use super::words::{folio_word, member_word};

/// The folio of each page, and the word of each folio; nothing where no large folio was shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Folios {
    /// By token.
    pages: Vec<Member>,
    /// By the token of the head.
    heads: Vec<Folio>,
}

/// A page and its folio.
#[derive(Clone, Copy, Debug, Default)]
struct Member {
    folio: Option<FolioView>,
    /// What it has added to the sum of a folio, and which: the token of the head.
    added: Option<(PageToken, u64)>,
}

/// A large folio.
#[derive(Clone, Copy, Debug, Default)]
struct Folio {
    /// What its pages add to it.
    sum: u64,
    /// What is in the sum of all words.
    word: u64,
}

impl Folios {
    /// Whether a large folio was ever shown.
    #[inline]
    pub(super) fn are_known(&self) -> bool {
        !self.pages.is_empty()
    }

    /// Back to the start.
    pub(super) fn clear(&mut self) {
        self.pages.clear();
        self.heads.clear();
    }

    /// A page is shown as one of this folio, or of none.
    #[inline]
    pub(super) fn page(&mut self, page: PageToken, folio: Option<FolioView>) {
        if folio.is_some() || self.are_known() {
            self.exchange(page, folio);
        }
    }

    /// Whether this is the folio that a page was last shown with.
    pub(super) fn has_page(&self, page: PageToken, folio: Option<FolioView>) -> bool {
        self.pages.get(page.0 as usize).and_then(|member| member.folio) == folio
    }

    #[inline(never)]
    fn exchange(&mut self, page: PageToken, folio: Option<FolioView>) {
        let index = page.0 as usize;
        if self.pages.len() <= index {
            self.pages.resize(index + 1, Member::default());
        }
        self.pages[index].folio = folio;
    }

    /// A page has another word: what is to be added to the sum of all words for its folio. Apart from what is done where there is none.
    #[inline(never)]
    pub(super) fn settle(&mut self, page: PageToken, word: u64) -> u64 {
        let Some(member) = self.pages.get_mut(page.0 as usize) else { return 0 };
        let added = member.folio.map(|folio| (folio.head, member_word(word, folio, folio.head == page)));
        let before = std::mem::replace(&mut member.added, added);
        let mut change = 0_u64;
        if let Some((head, by)) = before {
            change = change.wrapping_add(self.add(head, by.wrapping_neg()));
        }
        if let Some((head, by)) = added {
            change = change.wrapping_add(self.add(head, by));
        }
        change
    }

    /// Adds to the sum of a folio: what this changes in the sum of all words. A head whose token is too large to be kept has no word of
    /// its own; its pages count singly.
    fn add(&mut self, head: PageToken, by: u64) -> u64 {
        let index = head.0 as usize;
        if index >= TOKENS {
            return by;
        }
        if self.heads.len() <= index {
            self.heads.resize(index + 1, Folio::default());
        }
        let folio = &mut self.heads[index];
        folio.sum = folio.sum.wrapping_add(by);
        let before = std::mem::replace(&mut folio.word, folio_word(folio.sum));
        folio.word.wrapping_sub(before)
    }
}
