//! Instruction counts: the benchmark starts valgrind on its own program and counts what is inside `counted`.

use std::path::Path;
use std::process::{Command, Stdio};

/// The command of this program under which a kernel runs.
pub(crate) const COMMAND: &str = "kernel";

/// One counted part of a kernel.
pub(crate) struct Count {
    pub(crate) name: String,
    /// How often what is counted was done.
    pub(crate) times: u64,
    pub(crate) instructions: u64,
    /// What the kernel says about it beside, such as how many requests were refused.
    pub(crate) remark: String,
}

impl Count {
    /// Instructions each time.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn each(&self) -> f64 {
        self.instructions as f64 / self.times as f64
    }
}

/// Runs a part of a kernel so that its instructions are counted; `work` answers with how often it did its thing and a
/// remark.
pub(crate) fn count(name: &str, mut work: impl FnMut() -> (u64, String)) {
    let mut answer = (0, String::new());
    counted(&mut || answer = work());
    let (times, remark) = answer;
    println!("{name}\t{times}\t{remark}");
}

/// Callgrind counts while this function runs, and writes down what it counted whenever it returns.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    // Not the last thing that it does, or the call might become a jump and the function never return.
    std::hint::black_box(());
}

/// The name of the function in two spellings: callgrind applies one setting only to what it knows by one pattern.
const COUNTED: [&str; 2] = ["stalemap_bench::callgrind::counted*", "*::callgrind::counted*"];

/// Why there are no counts.
pub(crate) const NO_VALGRIND: &str = "skipped: no valgrind";

/// Runs a kernel of this program under callgrind; its counted parts in order, or why there are none.
pub(crate) fn run(kernel: &str) -> Result<Vec<Count>, String> {
    eprintln!("  counting {kernel} …");
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let program = std::env::current_exe().map_err(|error| format!("no path of this program: {error}"))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={}", COUNTED[0]))
        .arg(format!("--dump-after={}", COUNTED[1]))
        .arg(format!("--callgrind-out-file={}", folder.path().join("out").display()))
        .arg(program)
        .args([COMMAND, kernel])
        .stdin(Stdio::null())
        .output()
        .map_err(|_| NO_VALGRIND.to_string())?;
    if !output.status.success() {
        let last = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_string();
        return Err(format!("the kernel {kernel} failed: {last}"));
    }
    let parts = String::from_utf8_lossy(&output.stdout);
    (1..).zip(parts.lines()).map(|(number, line)| part(line, &folder.path().join(format!("out.{number}")))).collect()
}

/// Reads what a kernel said of a part, and what callgrind counted of it.
fn part(line: &str, dump: &Path) -> Result<Count, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, times, remark] = fields[..] else { return Err(format!("a kernel said `{line}`")) };
    let text = std::fs::read_to_string(dump).map_err(|error| format!("callgrind wrote nothing of {name}: {error}"))?;
    let instructions = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    Ok(Count {
        name: name.to_string(),
        times: times.parse().map_err(|_| format!("a kernel said `{line}`"))?,
        instructions: instructions.ok_or_else(|| format!("callgrind's dump of {name} has no total"))?,
        remark: remark.to_string(),
    })
}
