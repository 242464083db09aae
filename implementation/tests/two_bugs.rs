//! Two seeded bugs that are on together: each shows where its own trace meets it, and no third one does.
#![cfg(feature = "seeded-bugs")]

use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Subject, Trace};

/// A bug, and a trace whose last answer is wrong with it.
const BUGS: [(Bug, &str); 2] = [
    (
        Bug::DoubleFreeAccepted,
        "machine ram=4 device=2 spaces=2 pages=4\nalloc b0 1 = ok\nfree b0 = ok\nalloc b0 0 = ok\n",
    ),
    (
        Bug::ForkLeavesDeviceWritable,
        "machine ram=4 device=2 spaces=2 pages=4\nmap s0 v0 rw = ok\nmigrate s0 v0 to d0 = ok pages=1\n\
         fork s0 s1 = ok\ndevice_write d0 s1 v0 #01 = EFAULT\n",
    ),
];

/// Whether the machine with this switch answers otherwise than the trace says.
fn differs(trace: &str, switch: &Switch) -> bool {
    let trace = Trace::parse(trace).expect("a good text");
    let mut implementation = Implementation::with_bug(&trace.machine, switch);
    trace.steps.iter().any(|step| step.answer != Some(implementation.apply(step.operation)))
}

#[test]
fn each_of_two_bugs_shows_in_its_own_trace_and_their_counters_add_up() {
    let [(first, first_trace), (second, second_trace)] = BUGS;
    let traces = [first_trace, second_trace];
    let mut counted = Vec::new();
    for (bugs, shows) in [
        (&[][..], [false, false]),
        (&[first], [true, false]),
        (&[second], [false, true]),
        (&[first, second], [true, true]),
    ] {
        let switch = Switch::of(bugs);
        assert_eq!(traces.map(|trace| differs(trace, &switch)), shows, "{bugs:?}");
        counted.push([switch.reached(), switch.triggered()]);
    }
    assert_eq!(counted[0], [0, 0]);
    assert!(counted[1][1] > 0 && counted[2][1] > 0, "{counted:?}");
    assert_eq!(counted[3], [0, 1].map(|i| counted[1][i] + counted[2][i]));
}
