//! The model behind the page: what each side shows at each step, who wrote a cell last, and why each operation is there.

use stalemap_harness::AnyBuild;
use stalemap_implementation::{Bug, Implementation, Switch};
use stalemap_operations::{Machine, Trace};
use stalemap_page::{
    Cell, Contents, Copies, Group, Look, MOST_BYTES, PageError, Progress, Request, Section, Shown, document,
    is_compared, look,
};

/// The implementation with a bug that is on, or none.
#[derive(Clone, Copy)]
struct Build(Option<Bug>);

impl stalemap_harness::Build for Build {
    type Subject = Implementation;

    fn build(&self, machine: &Machine) -> Result<Implementation, String> {
        Ok(Implementation::with_bug(machine, &Switch::new(self.0)))
    }

    fn uses_recount(&self) -> bool {
        false
    }
}

fn shown(bug: Option<&str>) -> Shown {
    let bug = bug.map(|name| Bug::by_name(name).expect("a bug"));
    Shown { name: "implementation".to_string(), build: AnyBuild::new(Build(bug)), is_recorded: false, watch: None }
}

fn trace(text: &str) -> Trace {
    Trace::parse(text).expect("a trace")
}

/// The page that leaves the device frame leaves its mapping behind, and the reverse map does not find the next one.
const STALE: &str = "machine ram=2 device=1 spaces=1 pages=2
map s0 v0+2 rw
write s0 v0 #01
migrate s0 v0 to d0
unmap s0 v0
migrate s0 v1 to d0
read s0 v1
";

fn stale() -> Look {
    look(&trace(STALE).program(), &[shown(Some("stale_mapping"))]).expect("a finding")
}

fn cell<'a>(cells: impl IntoIterator<Item = &'a Cell>, thing: &str, fact: &str) -> Cell {
    let wanted = |cell: &&Cell| cell.thing == thing && cell.fact == fact;
    cells.into_iter().find(wanted).unwrap_or_else(|| panic!("no {fact} of {thing}")).clone()
}

#[test]
fn milestones_are_the_last_agreement_the_first_silent_and_the_first_visible_difference() {
    let seen = stale();
    let it = seen.difference.as_ref().expect("a difference");
    assert_eq!((it.first(), it.silent(), it.visible), (5, Some(5), Some(6)), "{}", it.finding.text());
    let [reference, subject] = &seen.sides[..] else { panic!("two sides") };
    for step in 0..=4 {
        let compared = |side: &stalemap_page::Side| {
            let facts = side.state(step).expect("a state");
            facts.into_iter().filter(|(cell, _)| is_compared(cell)).collect::<Vec<_>>()
        };
        assert_eq!(compared(reference), compared(subject), "step {step}");
    }
    assert_ne!(reference.answer(6), subject.answer(6));
}

#[test]
fn a_fact_is_that_of_its_step() {
    let seen = stale();
    let reference = &seen.sides[0];
    let value = |step: usize, thing: &str, fact: &str| {
        let facts = reference.state(step).expect("a state");
        let found = facts.iter().find(|(cell, _)| cell.thing == thing && cell.fact == fact);
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(value(0, "ram", "free frames").as_deref(), Some("2"));
    assert_eq!(value(0, "s0 v0", "entry"), None);
    assert_eq!(value(1, "s0 v0", "entry").as_deref(), Some("hole"));
    assert_eq!(value(2, "s0 v0", "entry").as_deref(), Some("maps p0"));
    assert_eq!(value(2, "p0", "home").as_deref(), Some("ram"));
    assert_eq!(value(3, "p0", "home").as_deref(), Some("dev0"));
    assert_eq!(value(4, "p0", "home"), None, "the page has ended");
    let frame = seen.sides[1].state(3).expect("a state").into_iter().find(|(cell, _)| cell.group == Group::Frame);
    assert_eq!(frame.map(|(cell, owner)| (cell.thing, owner)), Some(("dev0 0".to_string(), "p0".to_string())));
}

#[test]
fn the_writer_of_a_cell_is_the_last_step_that_changed_it() {
    let seen = stale();
    let [reference, subject] = &seen.sides[..] else { panic!("two sides") };
    let after = |step: usize| reference.state(step).expect("a state");
    let home = cell(after(3).keys(), "p0", "home");
    assert_eq!([1, 2, 3, 5].map(|step| reference.writer(&home, step)), [None, Some(2), Some(3), Some(4)]);
    let access = cell(after(1).keys(), "s0 v1", "access");
    assert_eq!([subject.writer(&access, 0), subject.writer(&access, 5)], [None, Some(1)]);
    let free = cell(after(0).keys(), "ram", "free frames");
    assert_eq!(reference.writer(&free, 1), Some(0), "it is so from the start");
    let rmap = cell(after(5).keys(), "p1", "reverse map");
    assert_eq!(subject.state(5).expect("a state")[&rmap], "nothing");
    assert_eq!(after(5)[&rmap], "s0 v1");
}

fn section(text: &str, bug: &str, neighbours: u64) -> Section {
    let request =
        Request { name: "x.trace", program: &trace(text).program(), subjects: &[shown(Some(bug))], neighbours };
    Section::new(&request, &mut |_| true).expect("a finding")
}

fn json(section: &Section) -> serde_json::Value {
    serde_json::to_value(section).expect("a value")
}

#[test]
fn each_operation_of_a_minimal_trace_is_needed_and_one_too_many_is_not() {
    let minimal = "machine ram=1 device=1 spaces=1 pages=2\nmap s0 v0+2 r\nmigrate s0 v0 to d0\nmove s0 v1 v0\nmigrate s0 v0 to d0\n";
    let section = json(&section(minimal, "stale_mapping", 0));
    let without = |section: &serde_json::Value| -> Vec<u64> {
        let operations = section["operations"].as_array().expect("operations");
        operations.iter().map(|it| it["without"].as_u64().expect("a verdict")).collect()
    };
    assert_eq!(without(&section), [0; 4], "both sides agree without any of them");
    let access = section["operations"][0]["instead"].as_array().expect("other values");
    let verdicts: Vec<_> =
        access.iter().filter(|it| it[0] == "access").map(|it| (it[1].clone(), it[2].clone())).collect();
    assert_eq!(verdicts, [("map s0 v0+2 none".into(), 0.into()), ("map s0 v0+2 rw".into(), 1.into())]);
    assert_eq!(section["shown_by"], serde_json::json!(["read s0 v0"]), "what a program sees of it");
    let longer = minimal.replace("migrate s0 v0 to d0\nmove", "read s0 v0\nmigrate s0 v0 to d0\nmove");
    let section = json(&self::section(&longer, "stale_mapping", 0));
    assert_eq!(without(&section)[1], 1, "the same finding without the read");
}

#[test]
fn neighbours_are_counted_by_the_operations_that_they_lack() {
    let section = json(&section(STALE, "stale_mapping", 2_000));
    let numbers = |value: &serde_json::Value| -> Vec<u64> {
        value.as_array().expect("counts").iter().map(|it| it.as_u64().expect("a count")).collect()
    };
    let all = numbers(&section["neighbours"]["all"]);
    assert_eq!(all[0], 2_000);
    assert!(all[1] > 200 && all[1] + all[2] < 2_000, "{all:?}");
    let changed: Vec<Vec<u64>> = (0..5).map(|at| numbers(&section["operations"][at]["changed"])).collect();
    assert!(changed.iter().all(|counts| counts[0] > 50), "{changed:?}");
    // The write is not needed: the finding outlives it much more often than the two migrations.
    let share = |counts: &[u64]| counts[1] as f64 / counts[0] as f64;
    assert!(share(&changed[1]) > 3.0 * share(&changed[2]).max(share(&changed[4])), "{changed:?}");
    assert_eq!(json(&self::section(STALE, "stale_mapping", 2_000)), section, "the same neighbours each time");
}

#[test]
fn what_was_interrupted_says_so_and_keeps_what_is_known() {
    let program = trace(STALE).program();
    let request =
        Request { name: "x", program: &program, subjects: &[shown(Some("stale_mapping"))], neighbours: 1_000 };
    let stop = &mut |progress| !matches!(progress, Progress::Neighbours(run, _) if run >= 200);
    let section = json(&Section::new(&request, stop).expect("a finding"));
    assert_eq!(section["note"], "It was interrupted: not everything was tried.");
    let run = section["neighbours"]["all"][0].as_u64().expect("a count");
    assert!((200..1_000).contains(&run), "{run}");
}

#[test]
fn a_trace_that_agrees_or_is_too_long_is_told() {
    let program = trace(STALE).program();
    let request = Request { name: "x", program: &program, subjects: &[shown(None)], neighbours: 0 };
    let error = Section::new(&request, &mut |_| true).expect_err("no finding");
    assert_eq!(error.to_string(), "all sides agree on all 6 operations; there is no finding to show");
    let long = format!("machine ram=1 spaces=1 pages=1\n{}", "read s0 v0\n".repeat(2_001));
    let error = look(&trace(&long).program(), &[shown(None)]).err().expect("too long");
    assert!(error.to_string().starts_with("2,001 operations are more than the 2,000 that a page shows"), "{error}");
    let large = "machine ram=8192 device=1 spaces=1 pages=8192\nmap s0 v0+8192 rw\nmigrate s0 v0 to d0\nmove s0 v1 v0\nmigrate s0 v0 to d0\n";
    let error = look(&trace(large).program(), &[shown(Some("stale_mapping"))]).err().expect("too large");
    assert!(matches!(error, PageError::TooLarge { step: 1, .. }), "{error}");
}

/// A page of these sections and nothing else.
fn contents(sections: &[Section]) -> Contents<'_> {
    Contents { title: "x", campaigns: None, editor: None, sections, left_out: &[], shared_c: "", version: "0" }
}

#[test]
fn a_page_keeps_within_its_limit_and_names_what_has_no_room() {
    let one = section(STALE, "stale_mapping", 100);
    let (page, count) = document(&contents(std::slice::from_ref(&one))).expect("a page");
    assert!(page.len() < 100_000 && count == 1, "{} bytes", page.len());
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        let found = page.match_indices(outside).map(|(at, _)| &page[at..at + 40]);
        let found: Vec<_> =
            found.filter(|it| !it.contains("www.w3.org/2000/svg") && !it.starts_with("url(#to-")).collect();
        assert!(found.is_empty(), "the page loads nothing, and has {found:?}");
    }
    let many = vec![one.clone(); 200];
    let (page, count) = document(&contents(&many)).expect("a page");
    assert!(page.len() <= MOST_BYTES && (20..200).contains(&count), "{count} sections in {} bytes", page.len());
    assert!(page.contains(&format!("{} traces without a section", 200 - count)));
}

#[test]
fn programs_go_first_where_there_is_too_much() {
    let text = "x".repeat(MOST_BYTES);
    let copies = |trace: &str| Copies {
        trace: trace.to_string(),
        rust: Some(text.clone()),
        c: Some([text.clone(), String::new()]),
        command: "run".to_string(),
    };
    let sections = |trace: &str| vec![section(STALE, "stale_mapping", 0).with_copies(copies(trace))];
    let page = |sections: &[Section]| document(&contents(sections));
    let (short, count) = page(&sections("a trace")).expect("a page");
    assert!(short.len() <= MOST_BYTES && count == 1 && short.contains("a trace"));
    let error = page(&sections(&text)).expect_err("too much");
    assert!(matches!(error, PageError::TooMuch { most: MOST_BYTES, .. }), "{error}");
}

#[test]
fn a_thousand_operations_have_a_page() {
    let mut text = "machine ram=4 device=2 spaces=2 pages=4\nmap s0 v0+4 rw\nfork s0 s1\n".to_string();
    for index in 0..990 {
        text += &format!("write s{} v{} #{:02x}\n", index % 2, index % 3, index % 256);
    }
    text += "unmap s0 v0+4\nexit s1\nmap s0 v0+2 r\nmigrate s0 v0 to d0\nmove s0 v1 v0\nmigrate s0 v0 to d0\n";
    let section = section(&text.replace("device=2", "device=1"), "stale_mapping", 20);
    let contents = Contents {
        title: "x",
        campaigns: None,
        editor: None,
        sections: &[section],
        left_out: &[],
        shared_c: "",
        version: "0",
    };
    let (page, _) = document(&contents).expect("a page");
    assert!(page.len() <= MOST_BYTES, "{} bytes", page.len());
}
