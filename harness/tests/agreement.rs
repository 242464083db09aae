//! The implementation beside the reference: they agree on generated operations and on the corpus.

use stalemap_harness::{Compare, Driver, Generator, Settings, minimise};
use stalemap_implementation::Implementation;
use stalemap_operations::{Machine, Operation, Trace};

fn implementation(machine: &Machine) -> Result<Implementation, String> {
    Ok(Implementation::new(machine))
}

#[test]
fn they_agree_on_generated_operations() {
    let mut driver = Driver::new(implementation);
    let mut generator = Generator::new(Settings::default());
    let mut operations: Vec<Operation> = Vec::new();
    for index in 0..20_000 {
        let machine = generator.execution(1, index, &mut operations);
        // Now and then everything is looked at, to see that nothing changes untouched.
        let compare = if index % 16 == 0 { Compare::Everything } else { Compare::Touched };
        let run = driver.run(&machine, &operations, compare).expect("it takes every machine");
        if let Some(divergence) = run.divergence {
            let signature = divergence.signature();
            let small =
                minimise(&mut driver, &machine, &operations, &signature, &mut |_| true).expect("it diverges again");
            let trace = Trace::new(small.machine, small.operations);
            panic!("execution {index}, {signature}: {:#?}\n{trace}", small.divergence.objection);
        }
    }
}
