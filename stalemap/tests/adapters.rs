//! The adapters beside the reference: a correct manager agrees, each fault is found, and what differs by contract is none.

mod small;

use stalemap::{
    Access, AddressSpaces, BlockAllocator, BlockContract, Build, Compare, Driver, Errno, Generator, KindSet, Machine,
    Mapping, PageRange, Place, Program, Refusals, Settings, Space, Stamp, Subject as _, blocks, spaces,
    spaces_with_devices,
};

use small::{FAULTS, Fault, Small};

/// The first of some executions that diverges: its signature.
fn finds(build: impl Build + 'static, executions: u64) -> Option<String> {
    let mut driver = Driver::new(build);
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    (0..executions).find_map(|index| {
        generator.execution(1, index, &mut program);
        // A machine that the subject cannot be.
        let run = driver.run(&program, Compare::Touched).ok()?;
        run.divergence.map(|divergence| divergence.signature().to_string())
    })
}

#[test]
fn a_correct_manager_agrees_and_each_fault_is_found() {
    assert_eq!(FAULTS[0], Fault::None);
    assert_eq!(finds(spaces::<Small<0>>, 3_000), None);
    assert_eq!(finds(spaces_with_devices::<Small<0, true>>, 3_000), None);
    let rows = [
        (finds(spaces::<Small<1>>, 300), Fault::WritesShared),
        (finds(spaces::<Small<2>>, 300), Fault::LosesFrame),
        (finds(spaces_with_devices::<Small<3, true>>, 300), Fault::MigratesOneEntry),
        (finds(spaces::<Small<4>>, 300), Fault::ProtectsTooLittle),
    ];
    for (found, fault) in rows {
        assert!(found.is_some(), "{fault:?} is not found");
    }
}

#[test]
fn a_promise_of_a_function_that_is_not_there_is_a_clear_panic() {
    struct Hollow;
    impl AddressSpaces for Hollow {
        const NAME: &'static str = "hollow";
        fn new(_: &Machine) -> Result<Self, String> {
            Ok(Hollow)
        }
        fn map(&mut self, _: Space, _: PageRange, _: Access) -> Result<(), Errno> {
            Ok(())
        }
        fn unmap(&mut self, _: Space, _: PageRange) {}
        fn read(&mut self, _: Place) -> Result<Stamp, Errno> {
            Err(Errno::EFAULT)
        }
        fn write(&mut self, _: Place, _: Stamp) -> Result<(), Errno> {
            Err(Errno::EFAULT)
        }
        fn look(&self, _: Place) -> Option<Mapping> {
            None
        }
    }
    let trace = stalemap::Trace::parse("machine ram=1 spaces=2 pages=1\nfork s0 s1\n").expect("a trace");
    let run = Driver::new(spaces::<Hollow>).run(&trace.program(), Compare::Touched).expect("it is such a machine");
    let actual = run.divergence.expect("it panics").mismatch.actual;
    assert!(actual.contains("OPERATIONS names what needs the function fork"), "{actual}");
}

/// First fit at any offset; refuses the last frames, and what is longer than two.
struct Odd(Vec<bool>);

/// What an allocator does otherwise than a buddy allocator.
const ODD: BlockContract =
    BlockContract { alignment: Some(1), refusals: Refusals::Any, live: 3, ..BlockContract::BUDDY };

impl BlockAllocator for Odd {
    const NAME: &'static str = "odd";
    const CONTRACT: BlockContract = ODD;

    fn new(frames: u32) -> Result<Self, String> {
        Ok(Odd(vec![false; frames as usize]))
    }

    fn allocate(&mut self, order: u32) -> Option<u32> {
        assert!(self.0.iter().filter(|&&used| used).count() <= 3 << 1, "no more than three blocks are live");
        let run = 1 << order;
        let first = (0..self.0.len().saturating_sub(run)).find(|&first| !self.0[first..first + run].contains(&true))?;
        if order > 1 {
            return None;
        }
        self.0[first..first + run].fill(true);
        u32::try_from(first).ok()
    }

    fn free(&mut self, first: u32, order: u32) {
        self.0[first as usize..first as usize + (1 << order)].fill(false);
    }
}

/// The same with another contract.
macro_rules! with_contract {
    ($name:ident, $contract:expr) => {
        struct $name(Odd);
        impl BlockAllocator for $name {
            const NAME: &'static str = "odd";
            const CONTRACT: BlockContract = $contract;
            fn new(frames: u32) -> Result<Self, String> {
                Odd::new(frames).map($name)
            }
            fn allocate(&mut self, order: u32) -> Option<u32> {
                self.0.allocate(order)
            }
            fn free(&mut self, first: u32, order: u32) {
                self.0.free(first, order);
            }
        }
    };
}

with_contract!(Aligned, BlockContract { alignment: None, ..ODD });
with_contract!(Just, BlockContract { refusals: Refusals::OnlyWithoutRun, ..ODD });
with_contract!(JustOrder0, BlockContract { refusals: Refusals::AboveOrder0, ..ODD });
with_contract!(Many, BlockContract { live: 8, ..ODD });

#[test]
fn each_promise_that_an_allocator_does_not_keep_is_found_unless_its_contract_says_so() {
    assert_eq!(finds(blocks::<Odd>, 2_000), None);
    assert_eq!(finds(blocks::<Aligned>, 2_000).as_deref(), Some("placement.alignment@alloc"));
    assert_eq!(finds(blocks::<Just>, 2_000).as_deref(), Some("refusal.unjust@alloc"));
    assert_eq!(finds(blocks::<JustOrder0>, 2_000).as_deref(), Some("outcome.errno@alloc"));
    assert!(finds(blocks::<Many>, 2_000).is_some_and(|found| found.starts_with("panic.")));
}

#[test]
fn free_counts_are_compared_where_the_allocator_tells_them() {
    /// Forgets to count what is freed.
    struct Miscounts(u32, bool);
    impl BlockAllocator for Miscounts {
        const NAME: &'static str = "miscounts";
        fn new(frames: u32) -> Result<Self, String> {
            if frames == 1 { Ok(Miscounts(1, false)) } else { Err("one frame at the most".to_string()) }
        }
        fn allocate(&mut self, _: u32) -> Option<u32> {
            self.0 = 0;
            (!std::mem::replace(&mut self.1, true)).then_some(0)
        }
        fn free(&mut self, _: u32, _: u32) {
            self.1 = false;
        }
        fn free_frames(&self) -> Option<u32> {
            Some(self.0)
        }
    }
    let subject =
        blocks::<Miscounts>(&Machine::new([1, 0, 0], 1, 1, stalemap::operations::Dialect::default()).unwrap());
    assert_eq!(subject.expect("one frame").capacity(), [1, 0, 0]);
    assert_eq!(finds(blocks::<Miscounts>, 2_000).as_deref(), Some("conservation.free@free"));
}

#[test]
fn a_subset_of_the_operations_is_enough() {
    struct Reader;
    impl AddressSpaces for Reader {
        const NAME: &'static str = "reader";
        const OPERATIONS: KindSet = KindSet::NONE.with(stalemap::Kind::Read);
        fn new(_: &Machine) -> Result<Self, String> {
            Ok(Reader)
        }
        fn map(&mut self, _: Space, _: PageRange, _: Access) -> Result<(), Errno> {
            unreachable!("it is not asked to map")
        }
        fn unmap(&mut self, _: Space, _: PageRange) {}
        fn read(&mut self, _: Place) -> Result<Stamp, Errno> {
            Err(Errno::EFAULT)
        }
        fn write(&mut self, _: Place, _: Stamp) -> Result<(), Errno> {
            unreachable!("it is not asked to write")
        }
        fn look(&self, _: Place) -> Option<Mapping> {
            None
        }
    }
    assert_eq!(finds(spaces::<Reader>, 500), None);
}
