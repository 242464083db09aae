//! `stalemap exhaust`: every operation from every state, through the built program.

mod program;

use std::fs;

use program::{in_folder, stalemap};

#[test]
fn the_states_are_the_same_whatever_the_number_of_jobs_and_are_kept_in_a_file() {
    in_folder(|folder| {
        let outputs = ["1", "3"].map(|jobs| {
            let ended = stalemap(folder, &["exhaust", "--depth", "3", "--jobs", jobs, "--out", "states.txt"]);
            assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
            ended.stdout
        });
        assert_eq!(outputs[0], outputs[1]);
        assert_eq!(outputs[0], fs::read_to_string(folder.join("states.txt")).unwrap());
        let lines: Vec<&str> = outputs[0].lines().collect();
        assert_eq!(lines[0], "# machine ram=2 device=1 spaces=2 pages=2");
        let number = |line: &str, column: usize| line.split(' ').nth(column).unwrap().parse::<u64>().unwrap();
        let states: Vec<u64> = lines[2..].iter().map(|line| number(line, 1)).collect();
        assert_eq!(states.len(), 3);
        assert!(states[0] > 10 && states[2] > 10 * states[0], "{states:?}");
        let edges = number(lines[3], 2);
        assert!(edges > 100 * states[0], "every operation is tried from every state: {edges} edges");
    });
}

#[test]
fn a_small_machine_without_devices_is_tried_as_well() {
    in_folder(|folder| {
        let ended = stalemap(folder, &["exhaust", "--machine", "ram=1 spaces=1 pages=1", "--depth", "4"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.stdout.lines().count(), 2 + 4, "{}", ended.stdout);
        let wrong = stalemap(folder, &["exhaust", "--machine", "ram=0 spaces=1 pages=1"]);
        assert_eq!(wrong.code, 2);
    });
}
