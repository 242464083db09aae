//! `stalemap export`: a trace as a program that stands alone: C in the style of the kernel's self-tests, or a Rust test.

mod scarcity;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use stalemap_commands::{Ending, input, output};
use stalemap_linux::{HUGE_PAGE_OF_X86, SELFTEST, Support, Version, support};
use stalemap_operations::{
    Effect, Entry, Errno, Field, Home, Kind, Observation, Operation, Outcome, PlaceState, Scope, Subject as _, Trace,
};
use stalemap_reference::Model;

use self::scarcity::{Scarcity, can_export, machine, ram_left_at_last, with_ram_of};

/// The language of an exported program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// C for a kernel with its test driver.
    C,
    /// A Rust test of the implementation beside the reference.
    Rust,
}

/// How the line of a C program begins that names its rules, in quotation marks.
const RULES: &str = "#define RULES ";

/// The version whose rules an exported C program has; none where it does not say.
pub(crate) fn rules_of(program: &str) -> Option<Version> {
    let rules = program.lines().find_map(|line| line.strip_prefix(RULES))?.trim().trim_matches('"');
    Version::ALL.into_iter().find(|version| version.dialect().word() == rules)
}

/// Print a trace as a program that stands alone
#[derive(Debug, Args)]
#[command(after_help = "\
The C program is written as the kernel's own self-tests are and prints TAP. It does what the kernel's test driver can \
do; single phases, evictions, pins, holds and devices that are full need the requests that Stalemap's edit of the driver adds. \
Where the machine has huge pages, each of its pages is a part of a huge page of x86.

Examples:
  stalemap export --as c corpus/linux/mutants/stale_mapping.trace -o stale_mapping.c
  stalemap linux try stale_mapping.c --fault stale_mapping
  stalemap export --as rust findings/X.trace > tests/x.rs")]
pub(crate) struct ExportArguments {
    /// A trace, or an input of a fuzzing engine; `-` is stdin
    file: PathBuf,
    /// The language of the program
    #[arg(long = "as", value_name = "LANGUAGE", value_enum)]
    language: Language,
    /// Where a migration finds its device too full for a huge page, let the driver refuse the huge page. The unedited driver can do
    /// that: it then gives small pages for all of the huge page, also where the device of the trace has fewer
    #[arg(long)]
    refuse: bool,
    /// Where the program goes; to stdout where nothing is given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn export(arguments: &ExportArguments) -> Result<Ending> {
    let trace = input::read(&arguments.file)?.trace;
    let name = arguments.file.file_stem().map_or("trace".into(), |name| name.to_string_lossy());
    let text = match arguments.language {
        Language::C => c(&trace, &name, arguments.refuse).with_context(|| arguments.file.display().to_string())?,
        Language::Rust => rust(&trace, &name),
    };
    match &arguments.output {
        Some(path) => {
            output::check_file(path)?;
            output::write_file(path, text.as_bytes())?;
        }
        None => output::print(text)?,
    }
    Ok(Ending::Agree)
}

/// A trace as a Rust test, and as a C program where it can be one.
pub(crate) fn programs(trace: &Trace, name: &str) -> (String, Option<String>) {
    (rust(trace, name), c(trace, name, false).ok())
}

/// The C program: each operation that Linux itself answers, and at the end what shows whether all is well.
fn c(trace: &Trace, name: &str, refuses: bool) -> Result<String> {
    ensure!(trace.machine.spaces() <= 8, "a C program has at most 8 spaces");
    // A kernel has more RAM than a trace uses.
    let has_huge = trace.machine.huge().is_some();
    let scarcity = if has_huge { Scarcity::of(trace, refuses)? } else { Scarcity::None };
    let machine = machine(trace, scarcity.has_large_devices())?;
    let ram_left = ram_left_at_last(trace)?;
    let machine = if ram_left.is_some() { with_ram_of(machine, trace)? } else { machine };
    let mut model = Model::new(machine, Home::ALL.map(|home| machine.frames(home)));
    let mut lines = scarcity.first_lines(&machine);
    let count = trace.operations().filter(|it| can_export(*it)).count();
    for (at, operation) in trace.operations().filter(|it| can_export(*it)).enumerate() {
        let answer = model.apply_after(operation, None, scarcity.runs(at));
        lines.push(scarcity.lines(at, operation));
        if let Some(left) = ram_left.filter(|_| at + 1 == count) {
            lines.push(format!(
                "\t/* RAM is nearly full. */\n\tcheck(\"RAM has {left} frames left\", 0, ram_left({left}));\n"
            ));
        }
        lines.push(match expected(operation, answer) {
            Some(expected) => checked(operation, &expected, row_meaning(operation)),
            None => format!("\t/* {operation} = {answer}: Linux would block, or is not asked. */\n"),
        });
    }
    if ram_left.is_some() {
        lines.push("\tcheck(\"RAM has frames again\", 0, ram_left(-1));\n".to_string());
    }
    let mut seen = Observation::default();
    model.observe(&Scope::everything(), &mut seen);
    lines.extend(entries(&seen));
    lines.extend(last_checks(&mut model, &seen));
    let planned = lines.iter().filter(|line| line.contains("\tcheck")).count();
    let asks = |kind: Kind| support(kind) == Support::AddedRequests || kind == Kind::SplitFolio;
    let needs = scarcity == Scarcity::Frames || ram_left.is_some() || trace.operations().any(|it| asks(it.kind()));
    let mut text = format!("/* {name}: exported from a trace by stalemap {}. */\n", env!("CARGO_PKG_VERSION"));
    text.push_str(
        "/* Build: cc -static -O1 -Wall -Wextra -o test FILE.c; run on a kernel with CONFIG_TEST_HMM, as root. */\n",
    );
    text.push_str(if needs {
        "/* It needs the requests that Stalemap adds to the test driver, and is skipped without them. */\n"
    } else {
        "/* The test driver as it is will do; with the requests that Stalemap adds more is checked in the end. */\n"
    });
    writeln!(text, "{RULES}\"{}\"", trace.machine.rules().word())?;
    if let Some(order) = machine.huge() {
        let (scale, group) = (HUGE_PAGE_OF_X86 >> order.0, order.frames());
        writeln!(text, "#define SCALE {scale}UL\n#define GROUP {group}UL")?;
    }
    writeln!(text, "{SELFTEST}\nint main(void)\n{{\n\tbegin({planned}, {});\n", u8::from(needs))?;
    lines.iter().for_each(|line| text.push_str(line));
    text.push_str("\n\treturn end();\n}\n");
    Ok(text)
}

/// A look at every place that has an entry, before anything moves again.
fn entries(seen: &Observation) -> Vec<String> {
    let mut lines = Vec::new();
    for view in &seen.places {
        let PlaceState::Mapped { entry, .. } = view.state else { continue };
        let (kind, writable, huge) = match entry {
            Entry::Hole => continue,
            Entry::Maps { writable, huge, .. } => ("maps", writable, huge),
            Entry::Migrating { writable, huge, .. } => ("migrating", writable, huge),
        };
        let Some(page) = view.state.page().and_then(|page| seen.page(page)) else { continue };
        let (space, at) = (view.place.space, view.place.page);
        let bit = |is: bool, word: &'static str| if is { word } else { "" };
        let (may, own) = (bit(writable, " writable"), bit(page.exclusive, " exclusive"));
        let (part, is_part) = (bit(huge, " huge"), bit(huge, " | HUGE"));
        lines.push(format!(
            "\t/* What the entry says. */\n\tcheck_entry(\"{space} {at} {kind} a page{may}{own}{part} mapcount {}\", {}, {}, \
             {}{is_part}, {}, {}, {});\n",
            page.mapcount,
            space.0,
            at.0,
            kind.to_uppercase(),
            u8::from(writable),
            u8::from(page.exclusive),
            page.mapcount,
        ));
    }
    lines
}

fn row_meaning(operation: Operation) -> &'static str {
    operation.kind().row().meaning.lines().next().unwrap_or_default().trim()
}

/// A line of C that does the operation and checks its answer, below one that says what it is for.
fn checked(operation: Operation, expected: &str, meaning: &str) -> String {
    let values: Vec<String> = operation.values().as_slice().iter().map(u32::to_string).collect();
    let word = operation.kind().row().word;
    format!("\t/* {meaning} */\n\tcheck(\"{operation}\", {expected}, op_{word}({}));\n", values.join(", "))
}

/// What the C call answers; nothing where Linux does not answer itself.
fn expected(operation: Operation, answer: Outcome) -> Option<String> {
    let migrates = operation.kind().row().fields.contains(&Field::Direction);
    match answer {
        Outcome::Done(Effect::Value(stamp)) => Some(stamp.0.to_string()),
        Outcome::Done(_) => Some("0".to_string()),
        Outcome::Refused(Errno::EINVAL) if migrates => Some("-EINVAL".to_string()),
        Outcome::Refused(errno @ (Errno::EFAULT | Errno::EPERM | Errno::EEXIST | Errno::ENOMEM)) => {
            Some(format!("-{errno}"))
        }
        Outcome::Refused(Errno::ESRCH | Errno::EBUSY | Errno::ENOENT | Errno::EAGAIN | Errno::EINVAL)
        | Outcome::Stuck => None,
    }
}

/// What shows at the end whether all is well: writes by the devices to the pages that they hold, which need the writable
/// bit, then reads of all places that hold a page and may be read.
fn last_checks(model: &mut Model, seen: &Observation) -> Vec<String> {
    let [write, read] = ["device_write", "read"].map(Kind::by_word);
    let machine = *model.machine();
    let mut operations = Vec::new();
    for (stamp, view) in (0xe0..0x100).zip(&seen.places) {
        if let Some(Home::Device(device)) = view.state.page().and_then(|page| seen.page(page)).map(|page| page.home) {
            let values = [device.0, view.place.space.0, view.place.page.0, stamp];
            operations.extend(write.and_then(|kind| Operation::new(kind, &values, &machine)));
        }
    }
    for view in seen.places.iter().filter(|view| view.state.page().is_some()) {
        let values = [view.place.space.0, view.place.page.0];
        operations.extend(read.and_then(|kind| Operation::new(kind, &values, &machine)));
    }
    let mut lines = Vec::new();
    for operation in operations {
        let answer = model.apply(operation);
        // By then RAM has room again.
        if answer == Outcome::Refused(Errno::ENOMEM) {
            continue;
        }
        if let Some(expected) = expected(operation, answer) {
            lines.push(checked(operation, &expected, "At the end: who may write, and what each page holds."));
        }
    }
    lines
}

/// The Rust test: the trace as it stands, beside the reference.
fn rust(trace: &Trace, name: &str) -> String {
    let (title, version) = (name, env!("CARGO_PKG_VERSION"));
    let name: String =
        name.chars().map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '_' }).collect();
    format!(
        "//! The trace {title}, exported by stalemap {version}.

use stalemap_harness::{{Compare, Driver}};
use stalemap_implementation::Implementation;
use stalemap_operations::{{Machine, Trace}};

#[test]
fn trace_{name}() {{
    let trace = Trace::parse(
        r##\"{trace}\"##,
    )
    .expect(\"a trace\");
    let mut driver = Driver::new(|machine: &Machine| Ok(Implementation::new(machine)));
    let run = driver.run_trace(&trace, Compare::Everything).expect(\"it takes every machine\");
    assert!(run.divergence.is_none(), \"{{:#?}}\", run.divergence);
}}
"
    )
}
