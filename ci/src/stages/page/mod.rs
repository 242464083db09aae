//! The stage `page`: pages of findings in a browser, each control, at every width, and what axe-core says of them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use xshell::cmd;

use crate::context::Context;

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
/// Faults of Linux, of which the traces have recordings.
const TROPHIES: &str = "corpus/linux/trophies";
/// What drives the browser, and what looks for barriers, each in the one version that the script was written for.
const PACKAGES: [(&str, &str); 2] = [("puppeteer-core", "24.43.1"), ("axe-core", "4.14.1")];
/// Operations of the longest trace.
const LONG: usize = 1_000;

/// Makes the pages and tries them. Screenshots stay in the folder; `readme.webp` is the picture in README.md.
pub(crate) fn run(context: &Context) -> Result<()> {
    let chromium = chromium(context)?;
    let modules = packages(context)?;
    let folder = context.fresh_folder("page")?;
    pages(context, &folder)?;
    let script = context.root.join("ci/src/stages/page/browser.mjs");
    // Modules are looked for beside the script.
    let copy = modules.join("browser.mjs");
    context.sh.copy_file(script, &copy)?;
    cmd!(context.sh, "node {copy} {chromium} {folder}").run()?;
    println!("screenshots stand in {}; readme.webp is kept as docs/src/page.webp", folder.display());
    Ok(())
}

/// The browser, which Debian's packages have.
fn chromium(context: &Context) -> Result<PathBuf> {
    let path = context.sh.var_os("PATH").unwrap_or_default();
    let found = || std::env::split_paths(&path).map(|folder| folder.join("chromium")).find(|program| program.is_file());
    if let Some(program) = found() {
        return Ok(program);
    }
    println!("chromium is missing; it is installed from the packages of the system");
    let installed = cmd!(context.sh, "apt-get install --yes --no-install-recommends chromium").run();
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
    for trace in context.sh.read_dir(TROPHIES)?.iter().filter(|path| path.extension().is_some_and(|it| it == "trace")) {
        let name = trace.file_stem().context("a trace has a name")?.to_string_lossy();
        report(&[&format!("{TROPHIES}/{name}.trace")], &format!("trophy-{name}"))?;
    }
    report(&["corpus/bugs", "--neighbours", "500"], "folder")?;
    let long = folder.join("long.trace");
    context.sh.write_file(&long, long_trace())?;
    report(&["--bug", "stale_mapping", "--neighbours", "100", &long.to_string_lossy()], "long")?;
    Ok(())
}

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
