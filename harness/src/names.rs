//! Names for pages in what is printed: `p0`, `p1`, … in the order of their first appearance.

use std::collections::BTreeMap;

use stalemap_operations::{Observation, PageToken, PlaceState};

use crate::binding::Binding;

/// Names of the reference's pages, and through the binding of the subject's. A name is never used again.
#[derive(Clone, Debug, Default)]
pub struct Names {
    of_reference: BTreeMap<PageToken, u32>,
    of_subject: BTreeMap<PageToken, u32>,
    given: u32,
}

impl Names {
    /// The name of a page of the reference.
    #[must_use]
    pub fn reference(&self, token: PageToken) -> String {
        Self::print(self.of_reference.get(&token), token)
    }

    /// The name of a page of the subject: that of the page of the reference that it is, or one with a question mark
    /// where it is none.
    #[must_use]
    pub fn subject(&self, token: PageToken) -> String {
        Self::print(self.of_subject.get(&token), token)
    }

    fn print(number: Option<&u32>, token: PageToken) -> String {
        number.map_or_else(|| format!("p?{}", token.0), |number| format!("p{number}"))
    }

    /// Names the pages that were seen for the first time and drops those that ended.
    pub(crate) fn update(&mut self, reference: &Observation, binding: &Binding) {
        self.of_reference.retain(|&token, _| reference.page(token).is_some());
        let places = reference.places.iter().filter_map(|view| match view.state {
            PlaceState::Unmapped => None,
            PlaceState::Mapped { entry, .. } => entry.page(),
        });
        for token in places.chain(reference.pages.iter().map(|page| page.token)) {
            let given = &mut self.given;
            self.of_reference.entry(token).or_insert_with(|| {
                *given += 1;
                *given - 1
            });
        }
        let bound = self.of_reference.iter().filter_map(|(&token, &name)| Some((binding.subject(token)?, name)));
        self.of_subject = bound.collect();
    }
}
