//! The reference by itself: it is a subject like others, and follows a claim only where the specification leaves the
//! answer to the subject.

use stalemap_harness::{Compare, Driver, Generator, Settings};
use stalemap_implementation::Implementation;
use stalemap_operations::{Effect, Errno, Field, Home, Kind, Machine, Outcome, Program, Subject, Trace};
use stalemap_reference::Model;

/// Executions of each check.
const EXECUTIONS: u64 = 300;

fn model(machine: &Machine) -> Model {
    Model::new(*machine, Home::ALL.map(|home| machine.frames(home)))
}

/// What is wrong with the reference; `begin` is called before each execution.
pub(super) fn wrong(begin: fn()) -> Option<String> {
    let mut generator = Generator::new(Settings::default());
    let mut program = Program::default();
    let mut driver = Driver::new(|machine: &Machine| Ok(model(machine)));
    for index in 0..EXECUTIONS {
        begin();
        generator.execution(4, index, &mut program);
        let run = driver.run(&program, Compare::Touched).expect("it takes every machine");
        if let Some(divergence) = run.divergence {
            return Some(format!("the reference differs from itself: {}", divergence.signature()));
        }
        if let Some(wrong) = followed_claim(&program) {
            return Some(wrong);
        }
    }
    // It has no frames, and nothing else is out of its sight.
    let skipped: Vec<String> = driver.skipped().into_iter().map(|skipped| skipped.check).collect();
    if skipped != ["placement.frames", "placement.run", "refusal"] {
        return Some(format!("these oracles cannot judge the reference: {skipped:?}"));
    }
    let (reference, implementation) = (model(&Machine::DEFAULT), Implementation::new(&Machine::DEFAULT));
    let names = [reference.name(), implementation.name()];
    (names != ["reference", "implementation"]).then(|| format!("the two sides call themselves {names:?}"))
}

/// The first operation whose answer follows a claim that it should not follow.
fn followed_claim(program: &Program) -> Option<String> {
    let claims = [
        Outcome::Refused(Errno::ENOMEM),
        Outcome::Refused(Errno::EAGAIN),
        Outcome::Done(Effect::Nothing),
        Outcome::Stuck,
    ];
    let mut reference = model(&program.machine);
    program.operations.iter().enumerate().find_map(|(step, &operation)| {
        let before = reference.clone();
        let answer = reference.apply(operation);
        claims.into_iter().find_map(|claimed| {
            let fields = operation.kind().row().fields;
            let is_block = fields.contains(&Field::Order) && operation.values().last(Field::Order) > 0;
            let may_follow = is_block && answer == Outcome::Done(Effect::Nothing);
            let expected = if may_follow && claimed == claims[0] { claimed } else { answer };
            let given = before.clone().apply_after(operation, Some(claimed), &[]);
            // A collapse needs a run, unless the group is huge already.
            let is_collapse = operation.kind() == Kind::Collapse && matches!(answer, Outcome::Done(_));
            let expected = if is_collapse && claimed == claims[0] && given == claimed { claimed } else { expected };
            let done = || Trace::new(program.machine, program.operations[..=step].iter().copied());
            (given != expected).then(|| format!("{given} instead of {expected} where {claimed} is claimed\n{}", done()))
        })
    })
}
