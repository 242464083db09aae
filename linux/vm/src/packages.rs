//! The Debian packages that building and booting needs: which are missing, and how they are installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cache::Cache;
use crate::version::Version;
use crate::virtual_machine::QEMU;

/// What the build of a kernel calls, and the package that brings it.
const TOOLS: [(&str, &str); 9] = [
    ("/usr/bin/flex", "flex"),
    ("/usr/bin/bison", "bison"),
    ("/usr/bin/bc", "bc"),
    ("/usr/include/libelf.h", "libelf-dev"),
    ("/usr/include/openssl/ssl.h", "libssl-dev"),
    ("/usr/bin/xz", "xz-utils"),
    ("/usr/bin/make", "make"),
    ("/usr/bin/gcc", "gcc"),
    ("/usr/bin/perl", "perl"),
];

/// The packages that are missing to build a version.
#[must_use]
pub fn missing(cache: &Cache, version: Version) -> Vec<String> {
    let mut missing = Vec::new();
    if !cache.source(version).exists() {
        missing.push(format!("linux-source-{version}"));
    }
    missing
        .extend(TOOLS.iter().filter(|(file, _)| !Path::new(file).exists()).map(|(_, package)| (*package).to_string()));
    missing
}

/// The packages that are missing to run what is built.
#[must_use]
pub fn missing_to_run() -> Vec<String> {
    if on_path(QEMU) { Vec::new() } else { vec!["qemu-system-x86".to_string()] }
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Installs packages by apt-get. The source of a kernel that no release of this machine has goes into the cache alone.
///
/// # Errors
/// When there is no apt-get, or it fails; its own words are on stderr then.
pub fn install(packages: &[String], cache: &Cache) -> Result<()> {
    if !on_path("apt-get") {
        bail!(
            "there is no apt-get here; what is needed: the source of Debian's kernel package in {} and {}",
            cache.source(Version::V6_1).display(),
            packages.join(", ")
        );
    }
    let newer = format!("linux-source-{}", Version::V7_3);
    let (newer, packages): (Vec<&str>, Vec<&str>) =
        packages.iter().map(String::as_str).partition(|package| *package == newer);
    let (machine, others): (Vec<&str>, Vec<&str>) =
        packages.into_iter().partition(|package| *package == "qemu-system-x86");
    if !machine.is_empty() || !others.is_empty() {
        apt(&["update"])?;
    }
    if !others.is_empty() {
        apt(&[&["install", "-y", "--no-install-recommends"], others.as_slice()].concat())?;
    }
    if !machine.is_empty() && apt(&["install", "-y", "--no-install-recommends", "qemu-system-x86"]).is_err() {
        // Another package of QEMU may be there from the backports, and wants this one from there too.
        install_from_backports(cache.make()?, "qemu-system-x86")?;
    }
    newer.into_iter().try_for_each(|package| unpack_from_backports(cache, Version::V7_3, package))
}

/// Runs apt-get, as the superuser where we are not.
fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = if is_superuser() { Command::new("apt-get") } else { Command::new("sudo") };
    if !is_superuser() {
        command.arg("apt-get");
    }
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::inherit());
    let output = command.stdout(Stdio::null()).output().with_context(|| format!("cannot start {command:?}"))?;
    succeeded(&output, || format!("apt-get {}", arguments.join(" ")))
}

/// An error with the words of what failed.
fn succeeded(output: &Output, what: impl FnOnce() -> String) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    bail!("{} failed:\n{}", what(), String::from_utf8_lossy(&output.stderr).trim_end())
}

fn is_superuser() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Installs a package from the backports of this release, through a private list of sources that is used only here.
fn install_from_backports(private: &Path, package: &str) -> Result<()> {
    let release = fs::read_to_string("/etc/os-release").context("cannot read /etc/os-release")?;
    let codename = codename(&release).context("/etc/os-release names no release of Debian")?;
    let texts = lists_of_sources();
    let line = texts.iter().find_map(|text| backports(text, codename, codename));
    let line = line.with_context(|| format!("no source of Debian {codename} in /etc/apt"))?;
    let list = private.join("backports.list");
    fs::write(&list, format!("{}\n{line}\n", texts[0]))?;
    let option = format!("Dir::Etc::sourcelist={}", list.display());
    apt(&["-o", &option, "update"])?;
    let suite = format!("{codename}-backports");
    apt(&["-o", &option, "install", "-y", "--no-install-recommends", "-t", &suite, package])
}

/// The release of Debian whose backports have the sources of newer kernels.
const NEWER: &str = "trixie";

/// Puts the packed source of a kernel into the cache, out of a package of the backports of another release. It needs
/// nothing of that release. apt-get has lists and folders of its own, so that the system's know nothing of it.
fn unpack_from_backports(cache: &Cache, version: Version, package: &str) -> Result<()> {
    let release = fs::read_to_string("/etc/os-release").context("cannot read /etc/os-release")?;
    let codename = codename(&release).context("/etc/os-release names no release of Debian")?;
    let line = lists_of_sources().iter().find_map(|text| backports(text, codename, NEWER));
    let line = line.with_context(|| format!("no source of Debian {codename} in /etc/apt"))?;
    let private = tempfile::tempdir_in(cache.make()?)?;
    let folder = private.path();
    for made in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(made))?;
    }
    fs::write(folder.join("list"), format!("{line}\n"))?;
    let at = |name: &str| folder.join(name).display().to_string();
    let options = [
        format!("Dir::Etc::sourcelist={}", at("list")),
        "Dir::Etc::sourceparts=-".to_string(),
        format!("Dir::State::lists={}", at("lists")),
        format!("Dir::Cache={}", at("cache")),
    ];
    for action in [&["update"][..], &["download", package]] {
        let mut command = Command::new("apt-get");
        command.args(options.iter().flat_map(|option| ["-o", option])).args(action).current_dir(folder);
        let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {command:?}"))?;
        succeeded(&output, || format!("apt-get {}", action.join(" ")))?;
    }
    let source = cache.source(version);
    let partial = source.with_extension("partial");
    unpack_file(&downloaded(folder, package)?, "./usr/src", &source, &partial)?;
    Ok(fs::rename(&partial, &source)?)
}

/// The package that was downloaded into a folder.
fn downloaded(folder: &Path, package: &str) -> Result<PathBuf> {
    let files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let is_it = |file: &PathBuf| {
        file.extension().is_some_and(|it| it == "deb")
            && file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(package))
    };
    files.into_iter().find(is_it).with_context(|| format!("apt-get has downloaded no {package}"))
}

/// Takes the file of this name out of a package, where it stands in a folder.
fn unpack_file(package: &Path, folder: &str, name: &Path, to: &Path) -> Result<()> {
    let name = name.file_name().context("a file has a name")?.to_string_lossy();
    let mut archive = Command::new("dpkg").arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).spawn()?;
    let bytes = archive.stdout.take().context("a pipe")?;
    let mut tar = Command::new("tar");
    tar.args(["xO", &format!("{folder}/{name}")]).stdin(bytes).stdout(fs::File::create(to)?);
    let output = tar.stderr(Stdio::piped()).output().context("cannot start tar")?;
    // What tar does not read any more is no failure of dpkg.
    let _ = archive.wait();
    succeeded(&output, || format!("taking {name} out of {}", package.display()))
}

/// The texts of the machine's lists of sources; first the one that was there before there was a folder of them.
fn lists_of_sources() -> Vec<String> {
    let mut texts = vec![fs::read_to_string("/etc/apt/sources.list").unwrap_or_default()];
    for entry in fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten() {
        texts.push(fs::read_to_string(entry.path()).unwrap_or_default());
    }
    texts
}

/// The release's name.
fn codename(release: &str) -> Option<&str> {
    let name = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(name.trim_matches('"'))
}

/// A line for the backports of a release on the machine's own mirror, read from a list of sources in either form.
fn backports(sources: &str, codename: &str, release: &str) -> Option<String> {
    for entry in sources.split("\n\n") {
        let field =
            |name: &str| entry.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_string());
        if let (Some(uri), Some(suites)) = (field("URIs:"), field("Suites:"))
            && suites.split_whitespace().any(|suite| suite == codename)
        {
            let key = field("Signed-By:").map_or(String::new(), |key| format!("[signed-by={key}] "));
            return Some(format!("deb {key}{uri} {release}-backports main"));
        }
    }
    sources.lines().find_map(|line| {
        let rest = line.strip_prefix("deb ")?.trim();
        let (options, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((options, rest)) => (format!("[{options}] "), rest.trim()),
            None => (String::new(), rest),
        };
        let mut words = rest.split_whitespace();
        let (uri, suite) = (words.next()?, words.next()?);
        (suite == codename).then(|| format!("deb {options}{uri} {release}-backports main"))
    })
}

#[cfg(test)]
mod tests {
    use super::{backports, codename};

    #[test]
    fn the_backports_are_asked_of_the_machines_own_mirror() {
        let list = "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n\
                    Components: main\nSigned-By: /key.gpg\n\nTypes: deb\nURIs: http://other.example\nSuites: bookworm-security\n";
        let expected = "deb [signed-by=/key.gpg] http://mirror.example/debian bookworm-backports main";
        assert_eq!(backports(list, "bookworm", "bookworm").as_deref(), Some(expected));
        let line = "deb http://apps.example stable main\ndeb [arch=amd64] http://mirror.example/debian bookworm main\n";
        let expected = "deb [arch=amd64] http://mirror.example/debian bookworm-backports main";
        assert_eq!(backports(line, "bookworm", "bookworm").as_deref(), Some(expected));
        let expected = "deb [arch=amd64] http://mirror.example/debian trixie-backports main";
        assert_eq!(backports(line, "bookworm", "trixie").as_deref(), Some(expected));
        assert_eq!(backports("deb http://apps.example stable main\n", "bookworm", "bookworm"), None);
    }

    #[test]
    fn the_release_is_read_with_and_without_quotes() {
        assert_eq!(codename("ID=debian\nVERSION_CODENAME=bookworm\n"), Some("bookworm"));
        assert_eq!(codename("VERSION_CODENAME=\"trixie\"\n"), Some("trixie"));
        assert_eq!(codename("ID=other\n"), None);
    }
}
