//! `stalemap distill`: the smallest set of inputs that still meets what all of them meet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use stalemap_harness::{Compare, Driver};
use stalemap_report::{counted, grouped, input_name};

use crate::command_line::CommandLine;
use crate::ending::Ending;
use crate::input::Inputs;
use crate::subjects::{ChosenSubject, Subjects};
use crate::{hang, output};

/// Keep the smallest set of inputs that meets what all of them meet
#[derive(Debug, Args)]
#[command(after_help = "\
What is met are transitions (operation, state before, outcome). \
Traces stay as they are, other inputs are named by the SHA-1 of their bytes. Inputs that diverge are left out.

Examples:
  stalemap distill fuzz/corpus/lockstep -o small")]
pub struct DistillArguments {
    /// Traces, inputs of fuzzing engines, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The folder for those that are kept; it must be empty or not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// An input and what it meets.
struct Item {
    /// Where it is from: a trace is kept as it stands, with its comments.
    file: PathBuf,
    is_text: bool,
    bytes: Vec<u8>,
    operations: usize,
    transitions: BTreeSet<usize>,
}

/// Inputs that are kept for another reason than transitions.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Their names; none where the fewest that meet all transitions are kept.
    pub names: Option<BTreeSet<String>>,
    /// What is told of them, behind the number of inputs that are kept.
    pub remark: String,
}

/// Keeps the smallest set of inputs. `choose` is given all inputs, bytes by name, and says which of them stay.
///
/// # Errors
/// When the folder is not empty, an input cannot be read or written, or none is left.
pub fn distill<S: Subjects>(
    line: &CommandLine<S>,
    arguments: &DistillArguments,
    choose: impl FnOnce(&BTreeMap<&str, &[u8]>) -> Result<Chosen>,
) -> Result<Ending> {
    let folder = &arguments.output;
    ensure!(
        !folder.is_dir() || fs::read_dir(folder)?.next().is_none(),
        "{} is not empty; what it holds would pass for part of the result",
        folder.display()
    );
    output::check_folder(folder)?;
    let mut inputs = Inputs::of(&arguments.paths);
    let subject = line.subjects().chosen(&S::Choice::default())?;
    let Kept { items, left_out } = read(&subject, &mut inputs, line.limit())?;
    let ending = inputs.ending(Ending::Agree);
    ensure!(!items.is_empty(), "no input is left");
    let all: BTreeSet<usize> = items.values().flat_map(|item| &item.transitions).copied().collect();
    let bytes = items.iter().map(|(name, item)| (name.as_str(), item.bytes.as_slice())).collect();
    let Chosen { names, remark } = choose(&bytes)?;
    // What was chosen stays; the transitions that this misses are covered by as few as possible.
    let mut chosen: BTreeSet<&String> =
        names.iter().flat_map(|names| items.keys().filter(|name| names.contains(*name))).collect();
    cover(&items, &all, &mut chosen, names.is_none());
    for name in &chosen {
        write(folder, name, &items[*name])?;
    }
    let (count, operations) = (chosen.len(), chosen.iter().map(|name| items[*name].operations).sum::<usize>());
    output::tell(format_args!(
        "{} of {} with {} meet the same {}{remark}",
        grouped(count as u64),
        counted(items.len() as u64, "input"),
        counted(operations as u64, "operation"),
        counted(all.len() as u64, "transition")
    ));
    if left_out > 0 {
        let left_out = counted(left_out, "input");
        output::tell(format_args!("left out: {left_out} that diverged or have a machine without bytes"));
    }
    Ok(ending)
}

/// The inputs by the SHA-1 of their bytes, and how many were left out.
#[derive(Default)]
struct Kept {
    items: BTreeMap<String, Item>,
    left_out: u64,
}

/// Reads files and runs what they hold.
fn read(subject: &ChosenSubject, inputs: &mut Inputs, deadline: Duration) -> Result<Kept> {
    let mut driver = Driver::new(subject.build.clone());
    let _watchdog = hang::watch(&subject.name, deadline, &mut driver, hang::tell);
    let mut kept = Kept::default();
    while let Some((file, read)) = inputs.read_next()? {
        let Some(bytes) = read.trace.to_bytes() else {
            kept.left_out += 1;
            continue;
        };
        driver.clear_met();
        let run = driver.run(&read.trace.program(), Compare::Touched);
        if run?.divergence.is_some() {
            kept.left_out += 1;
            continue;
        }
        let transitions = driver.transitions().iter().collect();
        let (is_text, operations) = (read.text.is_some(), read.trace.steps.len());
        kept.items.entry(input_name(&bytes)).or_insert(Item { file, is_text, bytes, operations, transitions });
    }
    Ok(kept)
}

/// Adds to the chosen as few as possible so that they meet everything, and takes out those that are not needed, the
/// longest first. Those that were chosen before stay, unless `all_may_go`.
fn cover<'a>(
    items: &'a BTreeMap<String, Item>,
    all: &BTreeSet<usize>,
    chosen: &mut BTreeSet<&'a String>,
    all_may_go: bool,
) {
    let fixed: BTreeSet<&String> = if all_may_go { BTreeSet::new() } else { chosen.clone() };
    let mut missing: BTreeSet<usize> = all.clone();
    for name in chosen.iter() {
        missing.retain(|cell| !items[*name].transitions.contains(cell));
    }
    while !missing.is_empty() {
        let gain = |item: &Item| item.transitions.intersection(&missing).count();
        // Many transitions in few operations; the first by name where that is equal.
        let best = items.iter().max_by(|(one, a), (other, b)| {
            let by_gain = (gain(a) * (b.operations + 1)).cmp(&(gain(b) * (a.operations + 1)));
            by_gain.then_with(|| other.cmp(one))
        });
        let Some((name, item)) = best else { return };
        missing.retain(|cell| !item.transitions.contains(cell));
        chosen.insert(name);
    }
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    for cell in chosen.iter().flat_map(|name| &items[*name].transitions) {
        *times.entry(*cell).or_default() += 1;
    }
    let mut longest_first: Vec<&String> = chosen.iter().copied().filter(|name| !fixed.contains(name)).collect();
    longest_first.sort_by_key(|name| std::cmp::Reverse(items[*name].operations));
    for name in longest_first {
        let transitions = &items[name].transitions;
        if transitions.iter().all(|cell| times[cell] > 1) {
            transitions.iter().for_each(|cell| *times.get_mut(cell).expect("it was counted") -= 1);
            chosen.remove(name);
        }
    }
}

fn write(folder: &Path, name: &str, item: &Item) -> Result<()> {
    if !item.is_text {
        return output::write_file(&folder.join(name), &item.bytes);
    }
    let text = fs::read(&item.file).with_context(|| format!("cannot read {}", item.file.display()))?;
    let file = item.file.file_name().unwrap_or_default();
    let path = folder.join(file);
    // Two folders may have traces of one name.
    let path = if path.exists() { folder.join(format!("{name}.trace")) } else { path };
    output::write_file(&path, &text)
}
