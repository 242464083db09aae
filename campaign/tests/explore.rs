//! Explorations from library calls: the kept certificate is reached again, and what differs is found with the way to it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use stalemap_campaign::{Deeper, Exploration, ExploreError};
use stalemap_harness::{Build, Compare, Driver, quiet_panics};
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Dialect, Home, Machine, Program, Trace};
use stalemap_reference::Model;

/// Builds machines with a bug.
#[derive(Clone)]
struct Seeded(Option<Bug>);

impl Build for Seeded {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        Ok(Implementation::with_bug(machine, &Switch::new(self.0)))
    }
}

/// The machine and the lines of the certificate that is kept in the repository.
fn certificate() -> (Machine, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/exhaust.txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let machine = lines.next().and_then(|line| line.strip_prefix("# ")).expect("the machine stands in the first line");
    let machine = Trace::parse(machine).unwrap_or_else(|error| panic!("{machine}: {error}")).machine;
    (machine, lines.skip(1).map(str::to_string).collect())
}

#[test]
fn the_certificate_is_reached_again_whatever_the_number_of_jobs() {
    let (machine, lines) = certificate();
    let met = [1, 3].map(|jobs| {
        let mut exploration = Exploration::new(Seeded(None), machine).expect("it takes the machine");
        for (depth, expected) in (1..=3).zip(&lines) {
            let mut told = None;
            let deeper = exploration.deepen(jobs, &|| false, &mut |progress| told = Some(progress));
            let Ok(Deeper::Edges(edges)) = deeper else { panic!("depth {depth}: {deeper:?}") };
            let last = exploration.states_of_last_depth();
            assert_eq!(format!("{depth} {last} {edges} {}", exploration.digest()), *expected);
            let told = told.expect("progress is told");
            assert!(told.done == told.all && told.all > 0, "{told:?}");
        }
        exploration.transitions().count()
    });
    assert!(met[0] > 0 && met[0] == met[1], "{met:?}");
}

#[test]
fn a_bug_is_found_with_the_shortest_way_to_it() {
    quiet_panics();
    let (machine, _) = certificate();
    let build = Seeded(Some(Bug::ZapKeepsRmap));
    let mut exploration = Exploration::new(build.clone(), machine).expect("it takes the machine");
    let (depth, program, divergence) = (1..=4)
        .find_map(|depth| match exploration.deepen(2, &|| false, &mut |_| {}) {
            Ok(Deeper::Diverges(program, divergence)) => Some((depth, program, divergence)),
            Ok(Deeper::Edges(_)) => None,
            other => panic!("{other:?}"),
        })
        .expect("it is within four operations");
    assert_eq!((program.operations.len(), divergence.step), (depth, depth - 1));
    let again = Driver::new(build).run(&program, Compare::Touched).expect("it takes the machine");
    assert_eq!(again.divergence, Some(divergence));
}

#[test]
fn an_exploration_that_is_told_to_stop_keeps_the_last_depth_that_was_complete() {
    let (machine, _) = certificate();
    let mut exploration = Exploration::new(Seeded(None), machine).expect("it takes the machine");
    assert!(matches!(exploration.deepen(1, &|| false, &mut |_| {}), Ok(Deeper::Edges(_))));
    let before = (exploration.states(), exploration.digest(), exploration.transitions().count());
    let asked = AtomicU32::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) >= 5;
    assert_eq!(exploration.deepen(2, &stop, &mut |_| {}), Ok(Deeper::Stopped));
    assert_eq!(before, (exploration.states(), exploration.digest(), exploration.transitions().count()));
    assert!(matches!(exploration.deepen(1, &|| false, &mut |_| {}), Ok(Deeper::Edges(_))), "it goes on");
}

#[test]
fn a_machine_that_cannot_be_explored_is_refused() {
    let (machine, _) = certificate();
    let refuses = |_: &Machine| Err::<Implementation, _>("there is no such machine".to_string());
    let error = Exploration::new(refuses, machine).err();
    assert_eq!(error, Some(ExploreError::Machine("there is no such machine".to_string().into())));
    let large = Machine::new([65_536, 0, 0], 1, 1, Dialect::Linux6_12).expect("sizes within limits");
    assert_eq!(Exploration::new(Seeded(None), large).err(), Some(ExploreError::TooLarge));
}

/// The reference, which shows no complete states, as a subject that is told ahead what is run.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicU32>);

impl Build for Ahead {
    type Subject = Model;

    fn build(&self, machine: &Machine) -> Result<Model, String> {
        Ok(Model::new(*machine, Home::ALL.map(|home| machine.frames(home))))
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        self.0.fetch_add(u32::try_from(programs.len()).expect("a few"), Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn of_a_subject_that_shows_no_complete_states_those_of_the_reference_are_explored() {
    let machine = Machine::new([2, 1, 0], 2, 2, Dialect::Linux6_12).expect("sizes within limits");
    let told = Ahead::default();
    let mut of_reference = Exploration::new(told.clone(), machine).expect("it takes the machine");
    let mut of_both = Exploration::new(Seeded(None), machine).expect("it takes the machine");
    assert_eq!([&of_reference, &of_both].map(Exploration::has_complete_states), [false, true]);
    let mut edges = 0;
    for depth in 1..=3 {
        let [one, two] = [&mut of_reference, &mut of_both].map(|it| it.deepen(2, &|| false, &mut |_| {}));
        let (Ok(Deeper::Edges(one)), Ok(Deeper::Edges(two))) = (one, two) else { panic!("both sides agree") };
        let fewer = of_reference.states_of_last_depth() <= of_both.states_of_last_depth() && one <= two;
        assert!(fewer && one > 0, "private lists make more states, not fewer: depth {depth}, {one} and {two} edges");
        edges += one;
    }
    assert_eq!(of_reference.transitions().count(), of_both.transitions().count(), "nothing that can be met is missed");
    assert!(u64::from(told.0.load(Ordering::Relaxed)) >= edges, "each way is told ahead");
}
