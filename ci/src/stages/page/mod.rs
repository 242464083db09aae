//! The stage `page`: pages of findings and campaigns and that of a server in a browser: each control, every width, pictures, and what
//! axe-core says of them.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use xshell::cmd;

use crate::context::{Context, code_and_stdout};

/// Seeded bugs whose findings are of different kinds.
const BUGS: &[&str] = &[
    "stale_mapping",
    "subpage_pointer",
    "double_free_accepted",
    "lost_hole_race",
    "fork_shares_pinned",
    "wrong_buddy",
    "percpu_list_miscount",
    "stamp_survives",
    "held_page_migrates",
    "discard_frees_migrating",
];
/// Faults of Linux, which the traces have recorded.
const TROPHIES: [&str; 3] = ["corpus/linux/trophies", "corpus/linux/trophies/native", "corpus/linux/trophies/huge"];
/// What drives the browser, and what looks for barriers, each in the one version that the script was written for.
const PACKAGES: [(&str, &str); 4] =
    [("puppeteer-core", "24.43.1"), ("axe-core", "4.14.1"), ("pixelmatch", "7.2.0"), ("pngjs", "7.0.0")];
/// What they share, and what each tries.
const SCRIPTS: [&str; 4] = ["browser", "findings", "campaigns", "served"];
/// Where the scripts and the pictures are kept, from the root of the workspace.
const KEPT: &str = "ci/src/stages/page";
/// Operations of the longest trace.
const LONG: usize = 1_000;

/// Makes the pages and tries them. Screenshots stay in the folder; `readme.webp` is the picture in README.md.
pub(crate) fn run(context: &Context) -> Result<()> {
    let chromium = chromium(context)?;
    let modules = packages(context)?;
    let folder = context.fresh_folder("page")?;
    pages(context, &folder)?;
    campaigns(context, &folder)?;
    // Modules are looked for beside the scripts.
    for name in SCRIPTS {
        let file = format!("{name}.mjs");
        context.sh.copy_file(context.root.join(KEPT).join(&file), modules.join(&file))?;
    }
    let pictures = context.root.join(KEPT).join("pictures");
    let (server, address) = served(context, &folder)?;
    let mut wrong = Vec::new();
    for (name, more) in [("findings", None), ("campaigns", None), ("served", Some(&address))] {
        let script = modules.join(name).with_extension("mjs");
        let tried = cmd!(context.sh, "node {script} {chromium} {folder} {pictures} {more...}").run();
        wrong.extend(tried.err().map(|_| name));
    }
    drop(server);
    ensure!(wrong.is_empty(), "something is wrong with the pages of {}; it is listed above", wrong.join(", "));
    println!("screenshots stand in {}; readme.webp is kept as docs/src/page.webp", folder.display());
    Ok(())
}

/// Pages of a campaign that has found something, of one that has not, and of both together.
fn campaigns(context: &Context, folder: &Path) -> Result<()> {
    let store = |name: &str| folder.join(name);
    for (name, options) in [("right", &["--levels", "0-2"][..]), ("wrong", &["--bug", "stale_mapping"])] {
        let fuzz = context.stalemap().args(["fuzz", "--seed", "1", "--runs", "4000"]).args(options).arg("--out");
        let (code, _) = code_and_stdout(fuzz.arg(store(name)))?;
        let expected = i32::from(name == "wrong");
        ensure!(code == expected, "the campaign {name} ended with exit code {code} and not with {expected}");
    }
    // A kernel that counts what is passed is built by the stage `native`; here stands what it would add.
    let passed = store("wrong").join(".stalemap").join("passed");
    context.sh.create_dir(&passed)?;
    context.sh.write_file(passed.join("linux-6.12-native.json"), PASSED)?;
    for (page, stores) in
        [("campaign-right", &["right"][..]), ("campaign", &["wrong"]), ("campaign-pair", &["right", "wrong"])]
    {
        let page = folder.join(page).with_extension("html");
        let stores = stores.iter().map(|name| store(name));
        context.stalemap().args(["report", "--neighbours", "100"]).args(stores).arg("-o").arg(page).run()?;
    }
    Ok(())
}

/// A server of a folder of traces, and its address. It ends when it is dropped.
fn served(context: &Context, folder: &Path) -> Result<(Running, String)> {
    let served = folder.join("served");
    context.sh.create_dir(&served)?;
    for bug in ["stale_mapping", "wrong_buddy"] {
        context.sh.copy_file(format!("corpus/bugs/{bug}.trace"), &served)?;
    }
    let command = Command::from(context.stalemap().arg("serve").arg(&served));
    let mut server = Running::start(command)?;
    let mut address = String::new();
    let stdout = server.0.stdout.take().context("its output")?;
    BufReader::new(stdout).read_line(&mut address)?;
    ensure!(address.starts_with("http://127.0.0.1:"), "the server has printed no address: {address}");
    Ok((server, address.trim().to_string()))
}

/// A process that ends when this is dropped.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Result<Running> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Ok(Running(command.spawn().context("the server cannot be started")?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The browser, which Debian's packages have.
fn chromium(context: &Context) -> Result<PathBuf> {
    let path = context.sh.var_os("PATH").unwrap_or_default();
    let found = || std::env::split_paths(&path).map(|folder| folder.join("chromium")).find(|program| program.is_file());
    if let Some(program) = found() {
        return Ok(program);
    }
    println!("chromium is missing; it is installed from the packages of the system");
    let installed = cmd!(context.sh, "apt-get install --yes --no-install-recommends chromium fonts-dejavu-core").run();
    installed.context("chromium cannot be installed: install it, and run the stage again")?;
    match found() {
        Some(program) => Ok(program),
        None => bail!("chromium was installed and is not found"),
    }
}

/// The folder of the packages that the script needs; they are brought there first when they are missing.
fn packages(context: &Context) -> Result<PathBuf> {
    let names: Vec<String> = PACKAGES.iter().map(|(name, version)| format!("{name}@{version}")).collect();
    let folder = context.target.join("tools").join(names.join("-").replace('@', "-"));
    if !PACKAGES.iter().all(|(name, _)| folder.join("node_modules").join(name).is_dir()) {
        println!("{} are missing; npm brings them into the target folder", names.join(" and "));
        context.sh.create_dir(&folder)?;
        let options = ["--no-audit", "--no-fund", "--ignore-scripts"];
        cmd!(context.sh, "npm install {options...} --prefix {folder} {names...}").run()?;
    }
    Ok(folder)
}

/// A page for each finding, one for a folder, and one of a long trace.
fn pages(context: &Context, folder: &Path) -> Result<()> {
    let report = |arguments: &[&str], page: &str| {
        let page = folder.join(page).with_extension("html");
        context.stalemap().arg("report").args(arguments).arg("-o").arg(page).run()
    };
    for bug in BUGS {
        report(&[&format!("corpus/bugs/{bug}.trace")], bug)?;
    }
    for trophies in TROPHIES {
        let files = context.sh.read_dir(trophies)?;
        for trace in files.iter().filter(|path| path.extension().is_some_and(|it| it == "trace")) {
            let name = trace.file_stem().context("a trace has a name")?.to_string_lossy();
            report(&[&format!("{trophies}/{name}.trace")], &format!("trophy-{name}"))?;
        }
    }
    report(&["corpus/bugs", "--neighbours", "500"], "folder")?;
    let long = folder.join("long.trace");
    context.sh.write_file(&long, long_trace())?;
    report(&["--bug", "stale_mapping", "--neighbours", "100", &long.to_string_lossy()], "long")?;
    Ok(())
}

/// What a campaign on a kernel has passed of two sources, as a store has it.
const PASSED: &str = r#"{"format":2,"subject":"linux-6.12-native","files":{"mm/migrate_device.c":{"functions":{"migrate_vma_setup":true,
"migrate_device_range":false},"lines":[[10,true],[11,true],[12,false]]},"mm/rmap.c":{"functions":{"rmap_walk":true},"lines":[[1,true]]}}}"#;

/// A trace that diverges at its last operation.
fn long_trace() -> String {
    const LAST: [&str; 6] =
        ["unmap s0 v0+4", "exit s1", "map s0 v0+2 r", "migrate s0 v0 to d0", "move s0 v1 v0", "migrate s0 v0 to d0"];
    let mut text = "machine ram=4 device=1 spaces=2 pages=4\nmap s0 v0+4 rw\nfork s0 s1\n".to_string();
    for index in 0..LONG - 2 - LAST.len() {
        writeln!(text, "write s{} v{} #{:02x}", index % 2, index % 3, index % 256).expect("a string takes everything");
    }
    text + &LAST.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{LONG, long_trace};

    #[test]
    fn the_long_trace_has_as_many_operations_as_it_says() {
        assert_eq!(long_trace().lines().count(), 1 + LONG);
    }
}
