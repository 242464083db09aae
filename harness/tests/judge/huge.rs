//! Machines with huge pages, and subjects that have none, or not of every order.

use stalemap_harness::{Build, Compare, Driver, HugeOrders};
use stalemap_operations::{Kind, LARGE_FOLIOS, Machine};

use crate::liar::{Liar, Liars};
use crate::trace;

/// Builds what is built, with huge pages of these orders only.
struct Orders(Liars, Option<HugeOrders>);

impl Build for Orders {
    type Subject = Liar;

    fn build(&self, machine: &Machine) -> Result<Liar, String> {
        self.0.build(machine)
    }

    fn huge(&self) -> Option<HugeOrders> {
        self.1
    }
}

#[test]
fn a_machine_with_huge_pages_that_a_subject_has_not_is_refused_in_a_sentence() {
    let machine = Machine::DEFAULT.with_huge(2).expect("four pages fit");
    let small = Kind::ALL.iter().copied().filter(|kind| kind.row().level < LARGE_FOLIOS).collect();
    let mut without = Liars::honest();
    without.capabilities.operations = small;
    let mut others = Liars::honest();
    others.machine = Some(Machine::DEFAULT);
    let none = "liar has no huge pages, and the machine has some: take huge= off the machine line";
    let order = "liar has no huge pages of order 2: take another huge= on the machine line";
    let all = Some(HugeOrders::ALL);
    let rows = [
        (Orders(Liars::honest(), all), Ok(())),
        (Orders(without.clone(), all), Err(none)),
        (Orders(others, all), Err(none)),
        (Orders(Liars::honest(), None), Err(order)),
        (Orders(Liars::honest(), Some(HugeOrders { lowest: 1, highest: 1, always: false })), Err(order)),
        (Orders(Liars::honest(), Some(HugeOrders { lowest: 1, highest: 2, always: false })), Ok(())),
    ];
    for (index, (build, expected)) in rows.into_iter().enumerate() {
        let mut driver = Driver::new(build);
        assert_eq!(driver.prepare(&machine), expected.map_err(|it| it.to_string().into()), "{index}");
        let text =
            "machine ram=8 device=4,4 spaces=3 pages=8 huge=2; map s0 v0+4 rw; advise s0 v0+4 huge; write s0 v0 #1";
        let run = driver.run_trace(&trace(text), Compare::Touched);
        assert_eq!(
            run.map(|run| run.divergence),
            expected.map(|()| None).map_err(|it| it.to_string().into()),
            "{index}"
        );
        assert_eq!(driver.prepare(&Machine::DEFAULT), Ok(()), "{index}");
    }
}
