//! The one way from a divergence to a finding: the program is brought to a form, run again on new machines, and described.

use stalemap_harness::{
    CannotBuild, Compare, Divergence, Driver, Progress, Repeats, canonicalise, confirm, minimise_comparing,
};
use stalemap_operations::Program;
use stalemap_report::{Finding, Origin};

/// What the program of a divergence is brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The canonical form, by which findings are grouped: the earliest visible difference names it, so the signature may
    /// become another one.
    Canonical,
    /// A program of which nothing can be left out if it is to diverge with the same signature when so much is compared.
    SameSignature(Compare),
}

/// An execution that diverged.
#[derive(Clone, Debug)]
pub struct Sighting<'a> {
    /// The machine and the operations.
    pub program: &'a Program,
    /// How it diverges.
    pub divergence: &'a Divergence,
    /// Where it came from.
    pub origin: Origin,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Found {
    /// How it is shown. Its origin says how many runs the form took; none where the program did not diverge again, and is
    /// shown as it was seen.
    pub finding: Finding,
    /// Whether it diverges again on machines that are built anew.
    pub repeats: bool,
    /// Whether the form was reached; not so when the work was told to stop.
    pub complete: bool,
}

impl Sighting<'_> {
    /// Brings the program to a form, runs it again on new machines, and describes what is seen. `subject` is the subject's name
    /// in reports. `keep_going` is called before each run that tries something smaller, and ends that work by returning
    /// `false`; what was reached until then is described.
    ///
    /// ```
    /// use stalemap_campaign::{Form, Sighting};
    /// use stalemap_harness::{Compare, Driver};
    /// use stalemap_implementation::{Bug, Implementation, Switch};
    /// use stalemap_operations::{Machine, Trace};
    /// use stalemap_report::Origin;
    ///
    /// let bug = Switch::new(Some(Bug::ReadonlySlowPath));
    /// let mut driver = Driver::new(move |machine: &Machine| Ok(Implementation::with_bug(machine, &bug)));
    /// let program = Trace::parse(
    ///     "machine ram=4 device=2 spaces=2 pages=4\n\
    ///      map s0 v1+3 rw\nwrite s0 v2 #07\nread s0 v3\nmigrate s0 v1+3 to d0\nevict d0\n",
    /// )?
    /// .program();
    /// let divergence = driver.run(&program, Compare::Touched)?.divergence.expect("the bug shows");
    ///
    /// let sighting = Sighting { program: &program, divergence: &divergence, origin: Origin::default() };
    /// let found = sighting.find(&mut driver, "implementation", Form::Canonical, &mut |_| true)?;
    /// assert!(found.repeats && found.complete);
    /// assert!(found.finding.program().operations.len() < program.operations.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Says why the subject cannot be the machine.
    pub fn find(
        self,
        driver: &mut Driver,
        subject: &str,
        form: Form,
        keep_going: &mut dyn FnMut(&Progress) -> bool,
    ) -> Result<Found, CannotBuild> {
        self.reduce(driver, form, keep_going)?.describe(driver, subject)
    }

    /// Brings the program to a form, and runs that again on new machines.
    pub(crate) fn reduce(
        self,
        driver: &mut Driver,
        form: Form,
        keep_going: &mut dyn FnMut(&Progress) -> bool,
    ) -> Result<Reduced, CannotBuild> {
        let Sighting { program, divergence, mut origin } = self;
        let smaller = match form {
            Form::Canonical => canonicalise(driver, program, divergence, keep_going)
                .map(|it| (it.program, it.divergence, it.executions, it.complete)),
            Form::SameSignature(compare) => {
                minimise_comparing(driver, program, &divergence.signature(), compare, keep_going)
                    .map(|it| (it.program, it.divergence, it.executions, it.complete))
            }
        };
        let Some((program, divergence, executions, complete)) = smaller else {
            // A subject that does not repeat itself is shown as it was seen.
            let (program, divergence) = (program.clone(), divergence.clone());
            origin.repeats = Some(false);
            return Ok(Reduced { program, divergence, origin, complete: true });
        };
        origin.minimised_in = Some(executions);
        origin.repeats = Some(confirm(driver, &program, &divergence.signature())? == Repeats::Yes);
        Ok(Reduced { program, divergence, origin, complete })
    }
}

/// A program in its form.
pub(crate) struct Reduced {
    program: Program,
    pub(crate) divergence: Divergence,
    origin: Origin,
    complete: bool,
}

impl Reduced {
    /// Looks at both sides and writes down what is seen, on the machine that the subject is.
    pub(crate) fn describe(self, driver: &mut Driver, subject: &str) -> Result<Found, CannotBuild> {
        let Reduced { program, divergence, origin, complete } = self;
        let machine = driver.machine_of(&program.machine)?;
        let program = Program { machine, ..program };
        let repeats = origin.repeats == Some(true);
        let finding = Finding::describe(driver, subject, &program, &divergence, origin)?;
        Ok(Found { finding, repeats, complete })
    }
}
