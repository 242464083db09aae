//! Which operations a real kernel can do, and what its test driver needs for them.

use stalemap_operations::Kind;

/// What a kernel needs to do an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// System calls, and the test driver as it is (`lib/test_hmm.c`).
    TestDriver,
    /// The requests that Stalemap adds to the test driver (`kernel/stalemap_requests.h`).
    AddedRequests,
    /// The agent in a native kernel: no program of a user can ask for it.
    Agent,
    /// The same, on a machine with huge pages (`linux/vm/native/huge_operations.h`).
    HugePages,
}

/// What a kernel needs to do operations of this kind. The agent does all of them (`linux/vm/native/perform.h`); the guest
/// (`linux/guest/src/perform.rs`) and an exported C program (`op_…` in `kernel/selftest.h`) do those that users can ask for.
#[must_use]
pub const fn support(kind: Kind) -> Support {
    match kind {
        Kind::Alloc | Kind::Free | Kind::Split => Support::Agent,
        Kind::Advise | Kind::Collapse | Kind::SplitFolio => Support::HugePages,
        Kind::Map
        | Kind::Unmap
        | Kind::Discard
        | Kind::Protect
        | Kind::Move
        | Kind::Fork
        | Kind::Exit
        | Kind::Read
        | Kind::Write
        | Kind::DeviceRead
        | Kind::DeviceWrite
        | Kind::Migrate => Support::TestDriver,
        Kind::Setup
        | Kind::Copy
        | Kind::Pages
        | Kind::Finalize
        | Kind::Collect
        | Kind::Evict
        | Kind::Pin
        | Kind::Unpin
        | Kind::PinRead
        | Kind::PinWrite
        | Kind::Hold
        | Kind::Release
        | Kind::Peek => Support::AddedRequests,
    }
}
