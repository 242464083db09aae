//! What a memory manager can do beside level 1, put together.

use stalemap_operations::{BlockContract, FrameToken, KindSet, LargeFolios, Machine, Observables, Operation, Place};

use crate::folio::Folio;
use crate::spaces::{AddressSpaces, Answer, Spaces};

/// What a memory manager can do beside mapping and writing, each by a trait that it implements.
///
/// ```no_run
/// use stalemap::{BlockMemory, DeviceMemory, Extensions, HugeMemory, Machine, Spaces};
///
/// /// Builds the subject; `stalemap::main(build::<Mine>)` drives it.
/// fn build<M: DeviceMemory + BlockMemory + HugeMemory>(machine: &Machine) -> Result<Spaces<M>, String> {
///     Extensions::new().devices().blocks().huge_pages().build(machine)
/// }
/// ```
pub struct Extensions<M>(Vec<Extension<M>>);

/// What one trait adds.
pub(crate) struct Extension<M> {
    pub(crate) operations: KindSet,
    /// What they show.
    pub(crate) shows: Observables,
    /// What one of the operations answers; none for another one.
    pub(crate) answer: fn(&mut Spaces<M>, Operation) -> Option<Answer>,
    /// What its blocks promise, if it has some.
    pub(crate) contract: Option<BlockContract>,
    /// What it shows of large folios, if it has some.
    pub(crate) folios: Option<Folios<M>>,
}

/// What is shown of large folios.
pub(crate) struct Folios<M> {
    pub(crate) is_huge: fn(&M, Place) -> bool,
    pub(crate) folio: fn(&M, FrameToken) -> Option<Folio>,
    pub(crate) runs: fn(&M) -> Vec<bool>,
    /// Whose choice it is where the rules leave one.
    pub(crate) promise: LargeFolios,
}

impl<M: AddressSpaces> Extensions<M> {
    /// Nothing: level 1 alone.
    #[must_use]
    pub const fn new() -> Extensions<M> {
        Extensions(Vec::new())
    }

    /// One more.
    pub(crate) fn and(mut self, extension: Extension<M>) -> Extensions<M> {
        self.0.push(extension);
        self
    }

    /// Builds the subject that the memory manager is.
    ///
    /// # Errors
    /// Says why it cannot be this machine.
    pub fn build(self, machine: &Machine) -> Result<Spaces<M>, String> {
        Spaces::new(machine, self)
    }

    /// The operations of level 1 that the manager names, and those that are added.
    pub(crate) fn operations(&self) -> KindSet {
        self.0.iter().flat_map(|it| it.operations.iter()).fold(M::OPERATIONS, KindSet::with)
    }

    /// What is shown by all together.
    pub(crate) fn shows(&self) -> Observables {
        let level_1 = M::SHOWS.and(Observables::SPACES).and(Observables::PLACES).and(Observables::FRAMES);
        self.0.iter().fold(level_1, |shown, it| shown.and(it.shows))
    }

    /// What blocks promise.
    pub(crate) fn contract(&self) -> BlockContract {
        self.0.iter().find_map(|it| it.contract).unwrap_or(BlockContract::BUDDY)
    }

    /// What is shown of large folios.
    pub(crate) fn folios(&self) -> Option<&Folios<M>> {
        self.0.iter().find_map(|it| it.folios.as_ref())
    }
}

impl<M: AddressSpaces> Default for Extensions<M> {
    fn default() -> Extensions<M> {
        Extensions::new()
    }
}

impl<M: AddressSpaces> Spaces<M> {
    /// What an operation answers that one of the extensions does; none for another one.
    pub(crate) fn extended_answer(&mut self, operation: Operation) -> Option<Answer> {
        (0..self.extensions.0.len()).find_map(|index| (self.extensions.0[index].answer)(self, operation))
    }
}
