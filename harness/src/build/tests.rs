//! What a builder says of its subjects reaches the driver, however the builder is wrapped.

use std::sync::Arc;

use stalemap_implementation::Implementation;
use stalemap_operations::{Machine, Program};

use super::{Build, CannotBuild};
use crate::any_build::AnyBuild;
use crate::driver::Driver;
use crate::generate::Settings;
use crate::huge_orders::HugeOrders;

/// The orders of a builder that says something of its own of everything.
const ORDERS: HugeOrders = HugeOrders { lowest: 2, highest: 3, always: false };

/// A builder that says something of its own of everything.
#[derive(Clone)]
struct Odd {
    /// Else it says nothing and hears what it is told.
    is_odd: bool,
}

/// No machine is larger than this in anything.
fn largest() -> Machine {
    Machine::DEFAULT.resized([5, 3, 2, 2, 8]).expect("within limits")
}

impl Build for Odd {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        Ok(Implementation::new(machine))
    }

    fn largest(&self) -> Option<Machine> {
        self.is_odd.then(largest)
    }

    fn huge(&self) -> Option<HugeOrders> {
        self.is_odd.then_some(ORDERS)
    }

    fn uses_recount(&self) -> bool {
        !self.is_odd
    }

    fn looks_ahead(&self) -> bool {
        self.is_odd
    }

    fn watches_itself(&self) -> bool {
        self.is_odd
    }

    fn look_ahead(&self, programs: &[Program]) -> Result<(), String> {
        if self.is_odd { Err(format!("{} programs are too far away", programs.len())) } else { Ok(()) }
    }
}

/// What a builder says of everything.
fn said(build: &impl Build) -> (Option<Machine>, Option<HugeOrders>, [bool; 3], Result<(), String>) {
    let programs = [Program::default(), Program::default()];
    let answers = [build.uses_recount(), build.looks_ahead(), build.watches_itself()];
    (build.largest(), build.huge(), answers, build.look_ahead(&programs))
}

#[test]
fn a_wrapped_builder_says_what_the_builder_says() {
    let far = || Err("2 programs are too far away".to_owned());
    for (is_odd, expected) in [
        (true, (Some(largest()), Some(ORDERS), [false, true, true], far())),
        (false, (None, None, [true, false, false], Ok(()))),
    ] {
        let build = Odd { is_odd };
        assert_eq!(said(&build), expected);
        assert_eq!(said(&Arc::new(build.clone())), expected);
        assert_eq!(said(&AnyBuild::new(build.clone())), expected);
        assert_eq!(said(&AnyBuild::new(Arc::new(build.clone())).clone()), expected);
    }
}

#[test]
fn a_driver_tells_its_builder_what_is_going_to_be_run() {
    for is_odd in [false, true] {
        let build = Odd { is_odd };
        let driver = Driver::new(build);
        assert_eq!(driver.looks_ahead(), is_odd);
        let expected = if is_odd { Err(CannotBuild::from("1 programs are too far away".to_owned())) } else { Ok(()) };
        assert_eq!(driver.look_ahead(&[Program::default()]), expected);
    }
}

#[test]
fn a_builder_that_says_nothing_builds_everything_is_recounted_and_is_told_nothing() {
    let plain = |machine: &Machine| Ok(Implementation::new(machine));
    assert_eq!(said(&plain), (None, Some(HugeOrders::ALL), [true, false, false], Ok(())));
}

#[test]
fn why_a_subject_cannot_be_built_is_a_sentence() {
    let why = CannotBuild::from("the device is missing".to_owned());
    assert_eq!(
        (why.to_string(), String::from(why)),
        ("the device is missing".to_owned(), "the device is missing".to_owned())
    );
}

#[test]
fn executions_are_made_for_what_the_builder_can_build() {
    let settings = Settings::of(&Odd { is_odd: true });
    assert_eq!((settings.largest, settings.huge), (Some(largest()), Some(ORDERS)));
    let settings = Settings::of(&Odd { is_odd: false });
    assert_eq!((settings.largest, settings.huge), (None, None));
}

#[test]
fn a_machine_may_have_huge_pages_of_the_orders_that_the_settings_have() {
    let plain = Machine::DEFAULT.resized([64, 8, 8, 2, 32]).expect("within limits");
    let permitted = |huge: Option<HugeOrders>| {
        let settings = Settings { huge, ..Settings::default() };
        (0..5).filter(|&order| settings.permits_huge(&plain.with_huge(order).unwrap_or(plain))).collect::<Vec<_>>()
    };
    assert_eq!([permitted(Some(ORDERS)), permitted(None)], [vec![0, 2, 3], vec![0]]);
}
