//! `stalemap bisect`: the commit of a subject, or the version of a kernel, with which a finding begins.

mod kernels;
mod repository;
mod revision;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{ArgGroup, Args};
use stalemap_commands::interrupt::Interrupted;
use stalemap_commands::{Ending, input, output, quoted};
use stalemap_operations::Trace;
use stalemap_report::counted;

use crate::catalogue::{Line, SubjectName};
use repository::{Marked, Repository, Worktree};
use revision::{Revision, Shows, Subject};

/// Name the commit of a subject, or the version of a kernel, with which a finding begins
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("driven").args(["program", "subject"]),
    after_help = "\
Both revisions are built and replay the trace; then git bisect chooses the revisions between them. Each is checked out in a worktree of \
its own below the folder for temporary files: your files, and what you have not committed, stay as they are and are not built. The build \
command is run by sh in that worktree. A commit that cannot be built, or shows another finding, is skipped.

--program is what the build makes of a crate with `stalemap::main`, --subject a library that it makes with stalemap.h; both are paths \
in the repository. For kernels, --good and --bad are two of linux-6.1, linux-6.12, linux-7.3, linux-6.1-native, linux-6.12-native and \
linux-7.3-native; what is not built yet is built.

Ends with 0 when the commit or version is named, with 2 when it is not, with 130 when it is interrupted.

Examples:
  stalemap bisect X.trace --good v1.2 --bad main --build \"cargo build\" --program target/debug/mine
  stalemap bisect X.trace --repository ../pool --good v1.2 --bad main --build make --subject lib.so
  stalemap bisect X.trace --good linux-6.1-native --bad linux-6.12-native"
)]
pub(crate) struct BisectArguments {
    /// The trace of the finding
    file: PathBuf,
    /// A revision without the finding
    #[arg(long, value_name = "REVISION")]
    good: String,
    /// A revision with the finding: a later commit, or another version of a kernel
    #[arg(long, value_name = "REVISION")]
    bad: String,
    /// A folder of the subject's git repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// The command that builds a revision
    #[arg(long, value_name = "COMMAND", requires = "driven")]
    build: Option<String>,
    /// The program that the build makes, with the commands of Stalemap
    #[arg(long, value_name = "PATH", requires = "build")]
    program: Option<PathBuf>,
    /// The shared library that the build makes
    #[arg(long, value_name = "PATH", requires = "build")]
    subject: Option<PathBuf>,
    /// A fault that is switched on in each kernel that has it
    #[arg(long, value_name = "NAME", conflicts_with = "build")]
    fault: Option<String>,
}

pub(crate) fn bisect(line: &Line, arguments: &BisectArguments) -> Result<Ending> {
    let trace = input::read(&arguments.file)?.trace;
    ensure!(arguments.good != arguments.bad, "--good and --bad name the same revision");
    let versions = [&arguments.good, &arguments.bad].map(|name| SubjectName::parse(name).ok());
    if let [Some(good), Some(bad)] = &versions
        && [good, bad].iter().all(|name| matches!(name, SubjectName::Linux { .. }))
    {
        ensure!(arguments.build.is_none(), "--build is for a repository; a kernel is built by stalemap");
        return kernels::bisect(line, &trace, [good, bad], arguments.fault.as_deref());
    }
    ensure!(arguments.fault.is_none(), "--fault is of a kernel");
    let subject = match (&arguments.program, &arguments.subject) {
        (Some(path), _) => Subject::Program(path.clone()),
        (None, Some(path)) => Subject::Library(path.clone()),
        (None, None) => {
            bail!("--build and --program or --subject say how a revision is built; --good and --bad may be two kernels")
        }
    };
    let path = match &subject {
        Subject::Program(path) | Subject::Library(path) => path,
    };
    ensure!(path.is_relative(), "{} is not in the repository: give the path from its root", path.display());
    let build = arguments.build.as_deref().context("--build says how a revision is built")?;
    let repository = Repository::open(&arguments.repository)?;
    let commits = [&arguments.good, &arguments.bad].map(|revision| repository.commit(revision));
    let [good, bad] = commits;
    let (good, bad) = (good?, bad?);
    ensure!(good != bad, "{} and {} are the same commit", arguments.good, arguments.bad);
    if repository.is_dirty()? {
        output::tell("what is not committed in the repository is left out");
    }
    let worktree = repository.worktree(&bad)?;
    let search = Search { line, trace, build, subject, worktree };
    search.run([&arguments.good, &arguments.bad], [&good, &bad])
}

/// A search among the commits of a repository.
struct Search<'a> {
    line: &'a Line,
    trace: Trace,
    build: &'a str,
    subject: Subject,
    worktree: Worktree,
}

impl Search<'_> {
    fn run(&self, names: [&str; 2], [good, bad]: [&str; 2]) -> Result<Ending> {
        let signature = match self.shows()? {
            Shows::Finding(signature) => signature,
            Shows::Nothing => {
                bail!("{} ({}) does not show a finding: all sides agree on the trace", names[1], short(bad))
            }
            Shows::Unknown(why) => bail!("{} ({}) cannot be tried: {why}", names[1], short(bad)),
        };
        self.tell(bad, &format!("shows {signature}"))?;
        self.worktree.check_out(good)?;
        match self.shows()? {
            Shows::Finding(found) if found == signature => {
                bail!("{} ({}) shows {signature} too: give a good revision that is older", names[0], short(good))
            }
            Shows::Finding(other) => {
                bail!("{} ({}) shows {other}: give a good revision on which all sides agree", names[0], short(good))
            }
            Shows::Nothing => self.tell(good, "agrees")?,
            Shows::Unknown(why) => bail!("{} ({}) cannot be tried: {why}", names[0], short(good)),
        }
        let mut marked = self.worktree.begin(good, bad)?;
        loop {
            match marked {
                Marked::Next { commit, left } => {
                    output::tell(format_args!("{} left", counted(left as u64, "commit")));
                    let (word, said) = match self.shows()? {
                        Shows::Finding(found) if found == signature => ("bad", format!("shows {signature}")),
                        Shows::Finding(other) => ("skip", format!("shows {other} and is skipped")),
                        Shows::Nothing => ("good", "agrees".to_string()),
                        Shows::Unknown(why) => ("skip", format!("is skipped: {why}")),
                    };
                    self.tell(&commit, &said)?;
                    marked = self.worktree.mark(word)?;
                }
                Marked::First(commit) => {
                    output::print_line(format_args!(
                        "{signature} begins with this commit:\n{}",
                        self.worktree.described(&commit)?
                    ))?;
                    return Ok(Ending::Agree);
                }
                Marked::OneOf(commits) => {
                    let list: Vec<String> =
                        commits.iter().map(|commit| self.worktree.described(commit)).collect::<Result<_>>()?;
                    output::print_line(format_args!(
                        "{signature} begins with one of these commits; the others among them cannot be tried:\n{}",
                        list.join("\n")
                    ))?;
                    return Ok(Ending::Trouble);
                }
            }
        }
    }

    /// What the commit that is checked out shows.
    fn shows(&self) -> Result<Shows> {
        let revision = Revision { folder: self.worktree.path(), build: self.build, subject: &self.subject };
        match revision.build()? {
            None => revision.replay(self.line, &self.trace),
            Some(why) => Ok(Shows::Unknown(why)),
        }
    }

    fn tell(&self, commit: &str, said: &str) -> Result<()> {
        if stalemap_commands::interrupt::interrupted() {
            return Err(Interrupted.into());
        }
        output::tell(format_args!("{} {said}   {}", short(commit), quoted(&self.worktree.subject_of(commit)?)));
        Ok(())
    }
}

/// The first letters of a commit.
fn short(commit: &str) -> &str {
    &commit[..commit.len().min(10)]
}
