//! The stage that holds what outside users depend on against the last release: an incompatible change needs a new version.

use anyhow::Result;
use cargo_metadata::MetadataCommand;
use xshell::cmd;

use super::package::published;
use super::tool::CARGO_SEMVER_CHECKS;
use crate::context::{Context, text};

pub(super) fn run(context: &Context) -> Result<()> {
    let program = CARGO_SEMVER_CHECKS.path(context)?;
    let sh = &context.sh;
    let baseline = match newest(&text(cmd!(sh, "git tag --list v* --merged HEAD --sort -version:refname"))?) {
        Some(tag) => tag.to_owned(),
        None => {
            println!("nothing is released yet (no tag v*): the crates are held against the last commit");
            "HEAD".to_owned()
        }
    };
    let metadata = MetadataCommand::new().current_dir(&context.root).no_deps().exec()?;
    let names = published(&metadata).into_iter().flat_map(|name| ["-p", name]);
    Ok(cmd!(sh, "{program} semver-checks --baseline-rev {baseline} {names...}").run()?)
}

/// The first of these tags, which begin with the newest.
fn newest(tags: &str) -> Option<&str> {
    tags.lines().map(str::trim).find(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn a_release_is_the_newest_tag_or_there_is_none() {
        assert_eq!(newest("v0.2.0\nv0.1.0\n"), Some("v0.2.0"));
        assert_eq!(newest("\n"), None);
    }
}
