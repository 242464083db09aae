//! The stage that makes the guide in docs/ a book, as readers get it.

use anyhow::{Result, ensure};
use xshell::cmd;

use super::tool::MDBOOK;
use crate::context::{Context, text};

/// The folder of the guide, from the root of the workspace.
const GUIDE: &str = "docs";

/// Makes the book; mdBook warns of a page that cannot be read and goes on.
pub(super) fn run(context: &Context) -> Result<()> {
    let mdbook = MDBOOK.path(context)?;
    let book = context.fresh_folder("guide")?;
    let said = text(cmd!(context.sh, "{mdbook} build {GUIDE} --dest-dir {book}"))?;
    let warned: Vec<&str> = said.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    ensure!(warned.is_empty(), "mdBook complains:\n{}", warned.join("\n"));
    println!("the guide stands in {}", book.join("index.html").display());
    Ok(())
}
