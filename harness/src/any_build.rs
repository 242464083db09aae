//! Any builder of subjects behind one type, for what many builders are handed to: it is compiled once.

use stalemap_operations::{Machine, Program, Subject};

use crate::any_lockstep::{AnyLockstep, NotBuilt};
use crate::build::{AnyBuilder, Build};
use crate::huge_orders::HugeOrders;

/// A builder of subjects without its type, which costs an indirect call for each run. A clone has a clone of the builder.
///
/// ```
/// use stalemap_harness::{AnyBuild, Compare, Driver};
/// use stalemap_implementation::Implementation;
/// use stalemap_operations::{Machine, Trace};
///
/// let build = AnyBuild::new(|machine: &Machine| Ok(Implementation::new(machine)));
/// let trace = Trace::parse("machine ram=1 spaces=1 pages=1\nread s0 v0\n")?;
/// assert_eq!(Driver::new(build).run(&trace.program(), Compare::Touched).expect("it is built").divergence, None);
/// # Ok::<(), stalemap_operations::ParseError>(())
/// ```
pub struct AnyBuild(Box<dyn Shared>);

impl AnyBuild {
    /// Any builder.
    pub fn new<B: Build + Clone + Send + Sync + 'static>(build: B) -> AnyBuild {
        AnyBuild(Box::new(build))
    }
}

impl Clone for AnyBuild {
    fn clone(&self) -> AnyBuild {
        AnyBuild(self.0.again())
    }
}

impl Build for AnyBuild {
    /// A boxed subject, which costs an indirect call for each operation and hands what it touched over as lists. A driver
    /// does not use it.
    type Subject = Box<dyn Subject>;

    fn build(&self, machine: &Machine) -> Result<Box<dyn Subject>, String> {
        self.0.boxed(machine)
    }

    fn largest(&self) -> Option<Machine> {
        self.0.largest()
    }

    fn huge(&self) -> Option<HugeOrders> {
        self.0.huge()
    }

    fn uses_recount(&self) -> bool {
        self.0.uses_recount()
    }

    fn looks_ahead(&self) -> bool {
        self.0.looks_ahead()
    }

    fn watches_itself(&self) -> bool {
        self.0.watches_itself()
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        self.0.look_ahead(programs)
    }

    fn lockstep(&self, machine: &Machine) -> Result<AnyLockstep, NotBuilt> {
        self.0.lockstep(machine)
    }
}

/// A builder that jobs may have clones of.
trait Shared: AnyBuilder + Send + Sync {
    fn again(&self) -> Box<dyn Shared>;
}

impl<B: Build + Clone + Send + Sync + 'static> Shared for B {
    fn again(&self) -> Box<dyn Shared> {
        Box::new(self.clone())
    }
}
