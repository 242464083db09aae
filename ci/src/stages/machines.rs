//! The stage that holds the files of the guide by which a campaign is spread against what reads them: the schemas of Kubernetes, ShellCheck,
//! and a run of each script in turn, some of them killed, whose folders come to that of one machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context as _, Result, bail, ensure};
use xshell::cmd;

use crate::context::{Context, code_and_text, text};

/// The page of the guide.
const GUIDE: &str = "docs/src/machines.md";
/// What brings the schemas, each in the one version that the stage was written for.
const PACKAGES: [&str; 2] = ["kubernetes-validate==1.37.0", "check-jsonschema==0.39.0"];
/// Versions of Kubernetes: the first that takes each field of the Job, one that is in use, and the newest that the package has.
const KUBERNETES: [&str; 3] = ["1.28", "1.33", "1.37"];
/// Shell scripts that continuous integration of others runs.
const SCRIPTS: [&str; 2] = [".clusterfuzzlite/build.sh", "oss-fuzz/build.sh"];
/// Prints the script of the only container of a Job.
const SCRIPT_OF_JOB: &str = "import sys, yaml\n\
    container, = yaml.safe_load(open(sys.argv[1]))['spec']['template']['spec']['containers']\n\
    assert container['command'] == ['/bin/sh', '-c'], container['command']\n\
    script, = container['args']\n\
    print(script, end='')";

/// Machines in the simulation, and the executions of all of them.
const MACHINES: u64 = 5;
const EXECUTIONS: u64 = 60_000;
/// The bug that they find.
const BUG: &str = "subpage_pointer";

pub(super) fn run(context: &Context) -> Result<()> {
    let tools = packages(context)?;
    let folder = context.fresh_folder("machines")?;
    let guide = context.sh.read_file(GUIDE)?;
    let (job, slurm) = (folder.join("job.yaml"), folder.join("slurm.sh"));
    context.sh.write_file(&job, block(&guide, "## Kubernetes", "yaml")?)?;
    context.sh.write_file(&slurm, block(&guide, "## Slurm", "sh")?)?;
    kubernetes(context, &tools, &job)?;
    let python = tools.join("python");
    let script = folder.join("job.sh");
    context
        .sh
        .write_file(&script, format!("#!/bin/sh\n{}", text(cmd!(context.sh, "{python} -c {SCRIPT_OF_JOB} {job}"))?))?;
    let shellcheck = program(context, "shellcheck")?;
    let scripts = [&script, &slurm].into_iter().cloned().chain(SCRIPTS.map(PathBuf::from));
    cmd!(context.sh, "{shellcheck} --severity=warning").args(scripts).run()?;
    let check = tools.join("check-jsonschema");
    let workflows = context.sh.read_dir(".github/workflows")?;
    cmd!(context.sh, "{check} --builtin-schema vendor.github-workflows {workflows...}").run()?;
    let whole = whole(context, &folder)?;
    simulate(context, &folder, &whole, &Scheduler { name: "slurm", script: &slurm, variable: "SLURM_ARRAY_TASK_ID" })?;
    simulate(context, &folder, &whole, &Scheduler { name: "job", script: &script, variable: "JOB_COMPLETION_INDEX" })
}

/// The block of code of a sort behind a heading.
fn block<'a>(guide: &'a str, heading: &str, sort: &str) -> Result<&'a str> {
    let behind = guide.split_once(heading).with_context(|| format!("{GUIDE} has no {heading}"))?.1;
    let begin = format!("```{sort}\n");
    let inside = behind.split_once(&begin).with_context(|| format!("{GUIDE} has no block of {sort} there"))?.1;
    Ok(inside.split_once("```\n").context("a block ends")?.0)
}

/// The folder of the programs of the packages; they are brought there first when they are missing.
fn packages(context: &Context) -> Result<PathBuf> {
    let folder = context.target.join("tools").join(PACKAGES.join("-").replace("==", "-"));
    let programs = folder.join("bin");
    if !programs.join("check-jsonschema").is_file() {
        println!("{} are missing; pip brings them into the target folder", PACKAGES.join(" and "));
        cmd!(context.sh, "python3 -m venv {folder}").run()?;
        let pip = programs.join("pip");
        cmd!(context.sh, "{pip} install --quiet --disable-pip-version-check").args(PACKAGES).run()?;
    }
    Ok(programs)
}

/// A program, which Debian's packages have.
fn program(context: &Context, name: &str) -> Result<PathBuf> {
    let path = context.sh.var_os("PATH").unwrap_or_default();
    let found = || env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    if found().is_none() {
        println!("{name} is missing; it is installed from the packages of the system");
        cmd!(context.sh, "apt-get install --yes --no-install-recommends {name}").run()?;
    }
    found().with_context(|| format!("{name} is not found"))
}

/// The schemas take the Job, and none with a mistake in it.
fn kubernetes(context: &Context, tools: &Path, job: &Path) -> Result<()> {
    let validate = tools.join("kubernetes-validate");
    let code = |job: &Path, version: &str| {
        code_and_text(cmd!(context.sh, "{validate} --strict --kubernetes-version {version} {job}"))
    };
    let text = context.sh.read_file(job)?;
    for version in KUBERNETES {
        let (code, said) = code(job, version)?;
        ensure!(code == 0, "Kubernetes {version} does not take the Job:\n{said}");
    }
    // What takes everything shows nothing.
    for (right, wrong) in
        [("parallelism:", "paralelism:"), ("completions: 100", "completions: many"), ("mountPath:", "path:")]
    {
        let bad = job.with_file_name("bad.yaml");
        ensure!(text.contains(right), "the Job has no `{right}`");
        context.sh.write_file(&bad, text.replace(right, wrong))?;
        let (code, said) = code(&bad, KUBERNETES[0])?;
        ensure!(code != 0, "the schemas take `{wrong}`:\n{said}");
    }
    Ok(())
}

/// The folder of one machine that does all executions.
fn whole(context: &Context, folder: &Path) -> Result<PathBuf> {
    let whole = folder.join("whole");
    let runs = EXECUTIONS.to_string();
    let fuzz = context.stalemap().args(["fuzz", "--bug", BUG, "--seed", "7", "--runs", &runs, "--out"]).arg(&whole);
    let (code, said) = code_and_text(fuzz)?;
    ensure!(code == 1, "the bug is not found (exit code {code}):\n{said}");
    Ok(whole)
}

/// What gives each machine its number.
struct Scheduler<'a> {
    name: &'a str,
    script: &'a Path,
    variable: &'a str,
}

/// Runs the script of each machine in turn, the last one first. Each second machine is killed in the middle and started again, as a scheduler does.
fn simulate(context: &Context, folder: &Path, whole: &Path, scheduler: &Scheduler<'_>) -> Result<()> {
    let Scheduler { name, script, variable } = scheduler;
    let sh = &context.sh;
    let there = sh.create_dir(folder.join(name))?;
    let text = sh.read_file(script)?;
    let changed = [
        ("stalemap fuzz", format!("stalemap fuzz --bug {BUG} --jobs 1")),
        ("--runs 1000000000", format!("--runs {EXECUTIONS}")),
        ("/100", format!("/{MACHINES}")),
    ];
    ensure!(changed.iter().all(|(from, _)| text.contains(from)), "the script of {name} is another one:\n{text}");
    let text = changed.iter().fold(text, |text, (from, to)| text.replace(from, to));
    // The volume is a folder here.
    let text = text
        .replace("/findings/", &format!("{}/", there.display()))
        .replace("--out \"shard-", &format!("--out \"{}/", there.display()));
    let simulated = folder.join(format!("{name}-simulated.sh"));
    sh.write_file(&simulated, text)?;
    let usual = env::var_os("PATH").unwrap_or_default();
    let programs = [context.programs()].into_iter().chain(env::split_paths(&usual));
    let path = env::join_paths(programs)?;
    for number in (0..MACHINES).rev() {
        let start = || {
            let mut machine = Command::new("sh");
            machine.arg(&simulated).env(variable, number.to_string()).env("PATH", &path).stdin(Stdio::null());
            // A kill reaches all of a container.
            std::os::unix::process::CommandExt::process_group(&mut machine, 0);
            machine.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("sh cannot be started")
        };
        if number % 2 == 1 {
            let mut machine = start()?;
            thread::sleep(Duration::from_millis(400));
            let group = format!("-{}", machine.id());
            cmd!(sh, "kill -KILL -- {group}").ignore_status().run()?;
            println!("{name}: machine {number} was killed: {}", machine.wait()?);
        }
        let status = start()?.wait()?;
        ensure!(
            status.success(),
            "{name}: the script of machine {number} ended with {status}, so a scheduler would try it again"
        );
    }
    let merged = folder.join(format!("{name}-merged"));
    let parts: Vec<PathBuf> = (0..MACHINES).map(|number| there.join(number.to_string())).collect();
    context.stalemap().arg("merge").args(parts).arg("-o").arg(&merged).run()?;
    match cmd!(sh, "diff -r {whole} {merged}").run() {
        Ok(()) => println!("{name}: {MACHINES} machines come to the folder of one, byte for byte"),
        Err(_) => bail!("{name}: the merged folder is not that of one machine"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::block;

    #[test]
    fn a_block_is_found_by_its_heading_and_its_sort() {
        let guide = "## One\n```sh\na\n```\n## Two\n```yaml\nb: 1\n```\n```sh\nc\n```\n";
        assert_eq!(block(guide, "## Two", "sh").unwrap(), "c\n");
        assert!(block(guide, "## Three", "sh").is_err());
    }
}
