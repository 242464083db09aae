//! `stalemap doctor`: what is there for each engine, what is missing, and the command that fixes it.

use std::process::{Command, Stdio};

use anyhow::Result;
use stalemap_commands::{Ending, output};
use stalemap_engines::{CARGO_AFL, CARGO_FUZZ, CARGO_LLVM_COV, Llvm, Tool, Workspace};
use stalemap_report::style::{BAD, FAINT, GOOD, STRONG};

use crate::workspace::workspace;

/// One thing that something needs.
struct Check {
    what: String,
    state: State,
}

enum State {
    /// It is there: what it says of itself.
    There(String),
    /// It is installed when it is needed.
    Later(String),
    /// It is not there, and what needs it works all the same, or less well.
    Optional(String),
    /// It is not there: the command that fixes it.
    Missing(String),
}

pub(crate) fn doctor() -> Result<Ending> {
    let workspace = workspace().ok();
    let clone = || Check {
        what: "a clone of stalemap".to_string(),
        state: match &workspace {
            Some(workspace) => State::There(workspace.root().display().to_string()),
            None => State::Missing("cd into a clone of stalemap: the targets are built from source".to_string()),
        },
    };
    let tool = |tool: &Tool| Check {
        what: format!("{} {}", tool.name, tool.version),
        state: state_of(tool, workspace.as_ref()),
    };
    let groups = [
        ("native", Vec::new()),
        ("libfuzzer", vec![clone(), cargo(), compiler(), tool(&CARGO_FUZZ), nightly()]),
        ("afl", vec![clone(), cargo(), compiler(), make(), tool(&CARGO_AFL)]),
        ("coverage", vec![clone(), cargo(), tool(&CARGO_LLVM_COV), llvm_tools()]),
        ("benchmark", vec![valgrind()]),
    ];
    let mut sound = true;
    for (name, checks) in &groups {
        let missing = checks.iter().any(|check| matches!(check.state, State::Missing(_)));
        let verdict = if missing { format!("{BAD}not ready{BAD:#}") } else { format!("{GOOD}ready{GOOD:#}") };
        output::print_line(format_args!("{STRONG}{name}{STRONG:#}  {verdict}"))?;
        for Check { what, state } in checks {
            let (word, rest) = match state {
                State::There(found) => (format!("{GOOD}there   {GOOD:#}"), found),
                State::Later(when) => (format!("{FAINT}later   {FAINT:#}"), when),
                State::Optional(fix) => (format!("{FAINT}optional{FAINT:#}"), fix),
                State::Missing(fix) => (format!("{BAD}missing {BAD:#}"), fix),
            };
            output::print_line(format_args!("  {word}  {what:<20}  {rest}"))?;
        }
        // Without the engines there is nothing to fuzz with but our own generator, which needs none of it.
        sound &= !missing || !["libfuzzer", "afl"].contains(name);
    }
    Ok(if sound { Ending::Agree } else { Ending::Trouble })
}

fn state_of(tool: &Tool, workspace: Option<&Workspace>) -> State {
    match workspace.and_then(|workspace| tool.path(workspace)) {
        Some(path) => State::There(path.display().to_string()),
        None => State::Later("it is built into the target folder at the first use".to_string()),
    }
}

fn cargo() -> Check {
    program("cargo", &["cargo"], |_| State::Missing("install Rust: https://rustup.rs".to_string()))
}

fn compiler() -> Check {
    program("a C++ compiler", &["c++", "g++", "clang++"], |_| State::Missing("apt install g++".to_string()))
}

fn make() -> Check {
    program("make", &["make"], |_| State::Missing("apt install make".to_string()))
}

fn valgrind() -> Check {
    program("valgrind", &["valgrind"], |_| {
        State::Optional("apt install valgrind; without it no instructions are counted".to_string())
    })
}

fn nightly() -> Check {
    let toolchains = says("rustup", &["toolchain", "list"]).unwrap_or_default();
    let found = toolchains.lines().find(|line| line.starts_with("nightly"));
    Check {
        what: "nightly Rust".to_string(),
        state: found.map_or_else(
            || State::Optional("rustup toolchain install nightly; only AddressSanitizer needs it".to_string()),
            |line| State::There(line.to_string()),
        ),
    }
}

/// The tools must be of the LLVM that this Rust was built with.
fn llvm_tools() -> Check {
    let llvm = Llvm::of_this_rust();
    let state = match &llvm.tools {
        Some(folder) => State::There(folder.display().to_string()),
        None => State::Missing(llvm.fix()),
    };
    Check { what: format!("tools of LLVM {}", llvm.major), state }
}

/// The first of these programs that is there.
fn program(what: &str, names: &[&str], missing: impl Fn(&str) -> State) -> Check {
    let found = names.iter().find_map(|name| says(name, &["--version"]));
    Check { what: what.to_string(), state: found.map_or_else(|| missing(what), first_line) }
}

fn first_line(text: String) -> State {
    State::There(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_string())
}

/// What a program prints; nothing where it is not there or fails.
fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
