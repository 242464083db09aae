//! A place in a folder that several processes or machines share: what one keeps the others take over, and a campaign that was stopped or
//! killed goes on where it was.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::EngineError;
use crate::order::Engine;
use crate::watch;

/// How long it is waited for what was killed to end: see [`Group`](crate::Group).
const PATIENCE: Duration = Duration::from_secs(8);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Letters of a name.
const MOST_LETTERS: usize = 64;

/// Where an engine writes inputs that stopped the target, in the folder of a member.
pub(crate) const ARTIFACTS: &str = "artifacts";
/// Where AFL++ keeps all that is its own, in the folder of a member.
pub(crate) const AFL: &str = "afl";
/// Folders of an instance of AFL++ in which inputs lie that stopped the target; it renames those of an earlier start.
pub(crate) const STOPPED: [&str; 2] = ["crashes", "hangs"];
/// Where inputs lie that stopped the target before the campaign went on.
const EARLIER: &str = "earlier";

/// One of those that share a folder. No other process has its name while it lives, nor while anything that it has started does.
#[derive(Debug)]
pub struct Member {
    shared: PathBuf,
    own: PathBuf,
    lock: File,
}

impl Member {
    /// What a member is called that is given no name: the name of the machine.
    #[must_use]
    pub fn usual_name() -> String {
        let name = rustix::system::uname();
        let name: String =
            name.nodename().to_string_lossy().chars().filter(|it| Member::may_have(*it)).take(MOST_LETTERS).collect();
        if name.trim_start_matches('.').is_empty() {
            "one".to_string()
        } else {
            name.trim_start_matches('.').to_string()
        }
    }

    /// Whether a name may have this letter: one that every file system takes.
    #[must_use]
    pub fn may_have(letter: char) -> bool {
        letter.is_ascii_alphanumeric() || "._-".contains(letter)
    }

    /// Takes a name among the processes that share the folder.
    ///
    /// # Errors
    /// When the folder cannot be used, the name is no name of a file, or another process has it.
    pub fn join(shared: &Path, engine: Engine, name: &str) -> Result<Member, EngineError> {
        let is_name =
            (1..=MOST_LETTERS).contains(&name.len()) && !name.starts_with('.') && name.chars().all(Member::may_have);
        if !is_name {
            return Err(EngineError::NotAName { name: name.to_string() });
        }
        // Engines are started in folders of their own.
        let shared = std::path::absolute(shared).map_err(EngineError::io("find", shared))?;
        let own = shared.join(engine.name()).join(name);
        for folder in [&shared.join("corpus"), &own.join(EARLIER)] {
            fs::create_dir_all(folder).map_err(EngineError::io("make", folder))?;
        }
        let path = own.join("lock");
        let lock = File::options().create(true).append(true).open(&path).map_err(EngineError::io("open", &path))?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => thread::sleep(BETWEEN_LOOKS),
                Err(TryLockError::WouldBlock) => {
                    return Err(EngineError::NameInUse { name: name.to_string(), folder: shared });
                }
                // Some shared file systems have no locks.
                Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => break,
                Err(TryLockError::Error(error)) => return Err(EngineError::io("lock", &path)(error)),
            }
        }
        let member = Member { shared, own, lock };
        member.move_what_stopped_earlier()?;
        Ok(member)
    }

    /// The inputs that all share.
    #[must_use]
    pub fn corpus(&self) -> PathBuf {
        self.shared.join("corpus")
    }

    /// The folder that is this member's own.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.own
    }

    /// Where inputs lie that stopped the target when the campaign was last done.
    #[must_use]
    pub fn earlier(&self) -> PathBuf {
        self.own.join(EARLIER)
    }

    /// What is held until the last process of the member has ended.
    pub(crate) fn lock(&self) -> &File {
        &self.lock
    }

    /// Adds an input to those that all share, as a whole or not at all.
    pub(crate) fn pass_on(&self, path: &Path, input: &[u8]) -> Result<(), EngineError> {
        if path.exists() {
            return Ok(());
        }
        let written = self.own.join("unfinished");
        fs::write(&written, input).map_err(EngineError::io("write", &written))?;
        fs::rename(&written, path).map_err(EngineError::io("write", path))
    }

    /// What stopped the target before may not have been read yet, and an engine that goes on moves or overwrites it.
    fn move_what_stopped_earlier(&self) -> Result<(), EngineError> {
        let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut folders = vec![self.own.join(ARTIFACTS)];
        for instance in below(&self.own.join(AFL)) {
            let is_of_stopped = |path: &PathBuf| {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                STOPPED.iter().any(|stopped| name.starts_with(stopped))
            };
            folders.extend(below(&instance).filter(is_of_stopped));
        }
        for file in folders.iter().flat_map(|folder| watch::files(folder)) {
            let bytes = fs::read(&file).map_err(EngineError::io("read", &file))?;
            let to = self.earlier().join(format!("crash-{}", stalemap_report::input_name(&bytes)));
            fs::rename(&file, &to).map_err(EngineError::io("move", &file))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{EngineError, Member, PATIENCE};
    use crate::order::Engine;

    #[test]
    fn a_name_is_taken_once_and_is_free_again_when_all_that_holds_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (long, usual) = ("x".repeat(65), Member::usual_name());
        let join = |engine, name| Member::join(folder.path(), engine, name);
        let one = join(Engine::Afl, "one").unwrap();
        let _beside = [join(Engine::Afl, "two").unwrap(), join(Engine::Libfuzzer, "one").unwrap()];
        assert!(matches!(join(Engine::Afl, "one"), Err(EngineError::NameInUse { .. })));
        for name in ["", "..", "a/b", ".hidden", &long] {
            assert!(matches!(join(Engine::Afl, name), Err(EngineError::NotAName { .. })), "{name}");
        }
        join(Engine::Afl, &usual).unwrap();
        // A process that it has started holds it for a moment longer.
        let held = one.lock().try_clone().unwrap();
        drop(one);
        let ends = std::thread::spawn(move || {
            std::thread::sleep(PATIENCE / 8);
            drop(held);
        });
        join(Engine::Afl, "one").unwrap();
        ends.join().unwrap();
    }

    #[test]
    fn what_stopped_the_target_is_there_when_the_campaign_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("afl/one");
        for (path, content) in [
            ("artifacts/crash-1", "a"),
            ("afl/main/crashes/id:0", "b"),
            ("afl/main/crashes.2026-11-27/id:0", "c"),
            ("afl/secondary1/hangs/id:0", "d"),
            ("afl/main/crashes/README.txt", "about"),
            ("afl/main/queue/id:0", "kept"),
        ] {
            let path = own.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let member = Member::join(folder.path(), Engine::Afl, "one").unwrap();
        let there = fs::read_dir(member.earlier()).unwrap().map(|it| fs::read_to_string(it.unwrap().path()).unwrap());
        let mut there: Vec<String> = there.collect();
        there.sort();
        assert_eq!(there, ["a", "b", "c", "d"]);
        assert!(own.join("afl/main/queue/id:0").exists());
    }
}
