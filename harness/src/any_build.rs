//! Any builder of subjects behind one type, for programs that have many: what is generic over builders is compiled once.

use stalemap_operations::{Machine, Program, Subject};

use crate::driver::Build;

/// A builder of boxed subjects. What it builds costs an indirect call more for each operation, and hands what it touched
/// over as lists.
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
pub struct AnyBuild(Box<dyn Erased>);

impl AnyBuild {
    /// Any builder. A clone of the result has a clone of the builder.
    pub fn new<B: Build<Subject: 'static> + Clone + Send + Sync + 'static>(build: B) -> AnyBuild {
        AnyBuild(Box::new(build))
    }
}

impl Clone for AnyBuild {
    fn clone(&self) -> AnyBuild {
        AnyBuild(self.0.again())
    }
}

impl Build for AnyBuild {
    type Subject = Box<dyn Subject>;

    fn build(&self, machine: &Machine) -> Result<Box<dyn Subject>, String> {
        self.0.boxed(machine)
    }

    fn largest(&self) -> Option<Machine> {
        self.0.largest()
    }

    fn uses_recount(&self) -> bool {
        self.0.uses_recount()
    }

    fn looks_ahead(&self) -> bool {
        self.0.looks_ahead()
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        self.0.look_ahead(programs)
    }
}

/// A builder without its type.
trait Erased: Send + Sync {
    fn again(&self) -> Box<dyn Erased>;
    fn boxed(&self, machine: &Machine) -> Result<Box<dyn Subject>, String>;
    fn largest(&self) -> Option<Machine>;
    fn uses_recount(&self) -> bool;
    fn looks_ahead(&self) -> bool;
    fn look_ahead(&self, programs: &[Program]) -> Result<(), String>;
}

impl<B: Build<Subject: 'static> + Clone + Send + Sync + 'static> Erased for B {
    fn again(&self) -> Box<dyn Erased> {
        Box::new(self.clone())
    }

    fn boxed(&self, machine: &Machine) -> Result<Box<dyn Subject>, String> {
        Ok(Box::new(self.build(machine)?))
    }

    fn largest(&self) -> Option<Machine> {
        Build::largest(self)
    }

    fn uses_recount(&self) -> bool {
        Build::uses_recount(self)
    }

    fn looks_ahead(&self) -> bool {
        Build::looks_ahead(self)
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        Build::look_ahead(self, programs)
    }
}
