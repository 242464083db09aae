//! Folio: the same pages are those of one large folio, in the same order, and as many entries map it as the reference counts.

use stalemap_operations::{FolioView, Observables, PageView};

use super::check::Check;
use super::difference::{Difference, differ_in};
use super::step::{StepView, name, name_in};
use crate::mismatch::Sense;

/// What all of them need.
const NEEDS: Observables = Observables::PLACES.and(Observables::FOLIOS);

pub(super) const CHECKS: &[Check] = &[
    Check { name: "head", needs: NEEDS, find: head },
    Check { name: "index", needs: NEEDS, find: index },
    Check { name: "mapcount", needs: NEEDS, find: mapcount },
];

/// Whether the pages are those of a large folio, and of which: the one with the same first page.
fn head(step: &StepView<'_>) -> Result<(), Difference> {
    for (reference, subject) in step.pages() {
        let is_same = match (reference.folio, subject.folio) {
            (None, None) => true,
            (Some(mine), Some(other)) => step.binding.subject(mine.head) == Some(other.head),
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !is_same {
            return differ_in_head(step, reference, subject);
        }
    }
    Ok(())
}

#[cold]
fn differ_in_head(step: &StepView<'_>, reference: &PageView, subject: &PageView) -> Result<(), Difference> {
    let sense = Sense::between(reference.folio.is_some(), subject.folio.is_some());
    let page = name(reference, step);
    let words = |head: Option<String>| match head {
        None => format!("{page} is of no large folio"),
        Some(head) => format!("{page} is of a large folio whose head is {head}"),
    };
    let of_reference = reference.folio.map(|folio| {
        let head = step.reference.page(folio.head);
        head.map_or_else(|| "no page".to_string(), |head| name(head, step))
    });
    let of_subject = subject.folio.map(|folio| {
        let head = step.subject.page(folio.head);
        head.map_or_else(|| "no page".to_string(), |head| name_in(head, step.subject))
    });
    differ_in(sense, "head", words(of_reference), words(of_subject))
}

/// Which page of its folio each is.
fn index(step: &StepView<'_>) -> Result<(), Difference> {
    both(step, |folio| folio.index, "index", |page, index| format!("{page} is number {index} of its folio"))
}

/// How many entries map the folio of each.
fn mapcount(step: &StepView<'_>) -> Result<(), Difference> {
    both(step, |folio| folio.mapcount, "mapcount", |page, count| format!("the folio of {page} is mapped {count} times"))
}

/// The first page whose folio has another number on the other side.
fn both(
    step: &StepView<'_>,
    number: impl Fn(FolioView) -> u32,
    fact: &'static str,
    words: impl Fn(&str, u32) -> String,
) -> Result<(), Difference> {
    for (reference, subject) in step.pages() {
        if let (Some(mine), Some(other)) = (reference.folio.map(&number), subject.folio.map(&number))
            && mine != other
        {
            let name = name(reference, step);
            return differ_in(Sense::between(mine, other), fact, words(&name, mine), words(&name, other));
        }
    }
    Ok(())
}
