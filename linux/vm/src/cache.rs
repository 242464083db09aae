//! The cache folder: what was built, named by version, configuration, edits and additions.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::edit::Side;
use crate::recipe::Recipe;
use crate::version::Version;

/// Where kernels are kept.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The user's: `$XDG_CACHE_HOME/stalemap/linux`, or `.cache/stalemap/linux` in the home folder.
    ///
    /// # Errors
    /// When neither is known.
    pub fn of_the_user() -> Result<Cache> {
        let folder = match (env::var_os("XDG_CACHE_HOME"), env::var_os("HOME")) {
            (Some(cache), _) if Path::new(&cache).is_absolute() => PathBuf::from(cache),
            (_, Some(home)) => PathBuf::from(home).join(".cache"),
            (_, None) => anyhow::bail!("no cache folder: neither XDG_CACHE_HOME nor HOME is set"),
        };
        Ok(Cache { root: folder.join("stalemap").join("linux") })
    }

    /// A cache in this folder.
    #[must_use]
    pub fn at(root: PathBuf) -> Cache {
        Cache { root }
    }

    /// The folder of a kernel as it is edited and configured now.
    #[must_use]
    pub fn kernel(&self, recipe: impl Into<Recipe>) -> PathBuf {
        let recipe = recipe.into();
        self.root.join(format!("{}-{:016x}", recipe.name, key(&recipe)))
    }

    /// The kernel's image in its folder.
    #[must_use]
    pub fn image(&self, recipe: impl Into<Recipe>) -> PathBuf {
        let recipe = recipe.into();
        let image = recipe.image;
        self.kernel(recipe).join(image)
    }

    /// The kernel's own tests of its test driver, as a program that can be the first process of a machine.
    #[must_use]
    pub fn tests(&self, recipe: impl Into<Recipe>) -> PathBuf {
        self.kernel(recipe).join("hmm-tests")
    }

    /// The file system that the guest starts from; the same for all versions.
    #[must_use]
    pub fn initramfs(&self) -> PathBuf {
        self.root.join("initramfs.cpio")
    }

    /// The packed source of a version: where its package puts it, or else where
    /// [`packages::install`](crate::packages::install) puts that of a package which it does not install.
    #[must_use]
    pub fn source(&self, version: Version) -> PathBuf {
        let file = format!("linux-source-{version}.tar.xz");
        let packaged = Path::new("/usr/src").join(&file);
        if packaged.exists() { packaged } else { self.root.join(file) }
    }

    /// The folder in which a version is unpacked and built, in all its flavours.
    #[must_use]
    pub fn build_folder(&self, version: Version) -> PathBuf {
        self.root.join(format!("build-{version}"))
    }

    /// The folder in which runs of conformance keep how far they have come.
    #[must_use]
    pub fn conformance(&self) -> PathBuf {
        self.root.join("conformance")
    }

    /// Makes the folder, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&self) -> Result<&Path> {
        std::fs::create_dir_all(&self.root).with_context(|| format!("cannot make {}", self.root.display()))?;
        Ok(&self.root)
    }
}

/// Changes with everything that changes the kernel: version, configuration, additions and edits.
fn key(recipe: &Recipe) -> u64 {
    let mut parts = vec![recipe.version.word()];
    parts.extend(&recipe.configuration);
    for addition in &recipe.additions {
        parts.extend([addition.file, &addition.text]);
    }
    for edit in &recipe.edits {
        parts.extend([edit.file, edit.function, edit.line, edit.text]);
        parts.push(if edit.side == Side::Before { "before" } else { "after" });
    }
    digest(&parts)
}

/// The first eight bytes of the SHA-256 of texts, each behind its length.
pub(crate) fn digest(texts: &[&str]) -> u64 {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    let digest = digest.finalize();
    digest[..8].iter().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::{Cache, digest};
    use crate::checks::Checks;
    use crate::flavour::Flavour;
    use crate::native::Native;
    use crate::version::Version;

    #[test]
    fn no_two_kernels_share_a_folder() {
        let cache = Cache::at("somewhere".into());
        assert_ne!(cache.kernel(Version::V6_1), cache.kernel(Version::V6_12));
        assert_eq!(cache.kernel(Version::V6_1), cache.kernel(Version::V6_1));
        assert_ne!(cache.kernel(Version::V6_1), cache.kernel(Native::usual(Version::V6_1)));
        let [usual, kasan, debug_vm] = [Checks::Usual, Checks::Kasan, Checks::DebugVm]
            .map(|checks| cache.kernel(Flavour::new(Version::V6_1, checks)));
        assert!(usual != kasan && kasan != debug_vm && debug_vm != usual);
    }

    #[test]
    fn a_digest_tells_where_texts_end() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["ab"]), digest(&["ab", ""]));
        assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
    }
}
