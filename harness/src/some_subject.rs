//! A subject to ask for its name and what it can do, on whichever machine it can be.

use std::iter;

use stalemap_operations::Machine;

use crate::build::{Build, CannotBuild};
use crate::guard::guarded;

/// A subject at the start of a machine that it can be: the default one, or the first with 1, 2, 4 … 4,096 frames of RAM, or the default
/// one with huge pages of 2, 4 or 8 pages.
///
/// # Errors
/// Says why it cannot be the default machine, where it cannot be any; a panic of the constructor is no better.
pub fn some_subject<B: Build>(build: &B) -> Result<B::Subject, CannotBuild> {
    let [_, first, second, spaces, pages] = Machine::DEFAULT.sizes();
    let with_ram = |ram| Machine::from_sizes([ram, first, second, spaces, pages], Machine::DEFAULT.rules());
    let others = (0..=12).filter_map(|log| with_ram(1 << log));
    let huge = (1..=3).filter_map(|order| Machine::DEFAULT.with_huge(order));
    let mut refused = None;
    for machine in iter::once(Machine::DEFAULT).chain(others).chain(huge) {
        match guarded(|| build.build(&machine)) {
            Ok(Ok(subject)) => return Ok(subject),
            // The first says most: its machine is odd in no way.
            Ok(Err(sentence)) | Err(sentence) => drop(refused.get_or_insert(sentence)),
        }
    }
    Err(refused.unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use stalemap_implementation::Implementation;
    use stalemap_operations::{Machine, Subject as _};

    use super::some_subject;

    #[test]
    fn a_machine_is_looked_for_and_the_first_refusal_is_told() {
        let large = |machine: &Machine| match machine.ram() {
            0..=31 => Err(format!("{} frames are too few", machine.ram())),
            _ => Ok(Implementation::new(machine)),
        };
        assert_eq!(some_subject(&large).map(|subject| subject.machine().ram()), Ok(32));
        let huge = |machine: &Machine| match machine.huge() {
            Some(stalemap_operations::Order(2)) => Ok(Implementation::new(machine)),
            _ => Err("the pages are no fours".to_string()),
        };
        assert_eq!(some_subject(&huge).map(|subject| subject.machine().huge_pages()), Ok(4));
        let none = |machine: &Machine| Err::<Implementation, _>(format!("not {} frames", machine.ram()));
        let why = some_subject(&none).expect_err("it can be no machine");
        assert_eq!(why.to_string(), format!("not {} frames", Machine::DEFAULT.ram()));
        let panics = |_: &Machine| -> Result<Implementation, String> { panic!("no machine at all") };
        assert_eq!(some_subject(&panics).err().map(|why| why.to_string()).as_deref(), Some("no machine at all"));
    }
}
