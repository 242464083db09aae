//! The worker as a process: started when it is needed, watched while it works, and ended with its owner.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::build::WorkerCommand;
use crate::death;
use crate::patience::{Patience, is_timeout};
use crate::protocol::{IsolationError, Reply, Request, Steps, receive, send};

/// The variable that names the shared file to the worker.
pub(crate) const SHARED: &str = "STALEMAP_SHARED_FILE";

/// Files in this folder are memory on Linux.
const MEMORY: &str = "/dev/shm";

/// Bytes of the standard error that are kept: the last ones.
const ERRORS: usize = 1 << 14;

/// How long the loading of a library may take, with a sanitizer in it.
const LOADING: Duration = Duration::from_secs(20);

/// How often a loading looks whether it is to be stopped.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A worker of another version.
pub(crate) const UNASKED: &str = "the worker answers what was not asked";

/// How long an ended process may take until its status is there.
const PATIENCE: Duration = Duration::from_secs(1);

/// A process that serves.
pub(crate) struct Process {
    child: Child,
    connection: UnixStream,
    /// It has no name any more: whatever ends both processes, it goes with them.
    shared: File,
    errors: Arc<Mutex<VecDeque<u8>>>,
    /// The number of the last run.
    run: u32,
    is_lost: bool,
    room: Vec<u8>,
}

/// How a process was lost in the middle of a request.
pub(crate) enum Lost {
    /// It ended; in these words.
    Died(String),
    /// It did not answer in its time.
    Hung,
    /// It did not answer, and the machine gave it less than its time.
    Stalled,
}

impl Lost {
    /// The same in words.
    pub(crate) fn words(self) -> String {
        match self {
            Lost::Died(words) => words,
            Lost::Hung | Lost::Stalled => "the subject does not answer".to_string(),
        }
    }
}

impl Process {
    /// Starts the process and waits until it has loaded what builds the subjects, or until `stop` says so.
    pub(crate) fn start(command: &WorkerCommand, stop: fn() -> bool) -> Result<Process, IsolationError> {
        let shared = if Path::new(MEMORY).is_dir() { NamedTempFile::new_in(MEMORY) } else { NamedTempFile::new() };
        // The name goes when this returns: the worker has opened the file by then, or has gone.
        let (shared, named) = shared.map_err(IsolationError::Shared)?.into_parts();
        let (connection, other) = UnixStream::pair()?;
        let started = Command::new(&command.program)
            .args(&command.arguments)
            .envs(command.environment.iter().map(|(name, value)| (name, value)))
            .env(SHARED, &named)
            .stdin(Stdio::from(OwnedFd::from(other)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C is the campaign's to hear.
            .process_group(0)
            .spawn();
        let mut child = started
            .map_err(|source| IsolationError::Start { command: command.program.display().to_string(), source })?;
        let errors = Arc::default();
        if let Some(stderr) = child.stderr.take() {
            keep_last(stderr, Arc::clone(&errors));
        }
        let mut process = Process { child, connection, shared, errors, run: 0, is_lost: false, room: Vec::new() };
        match process.load(stop)? {
            Ok(Reply::Loaded) => Ok(process),
            Ok(Reply::Unusable(sentence)) => Err(IsolationError::Unusable(sentence)),
            Ok(_) => Err(IsolationError::Unusable(UNASKED.to_string())),
            Err(_) if stop() => Err(IsolationError::Stopped),
            Err(lost) => Err(IsolationError::Unusable(format!("the subject cannot be loaded: {}", lost.words()))),
        }
    }

    /// Asks it to load; a thread beside it looks whether that is to be stopped, and then ends the connection.
    fn load(&mut self, stop: fn() -> bool) -> Result<Result<Reply, Lost>, IsolationError> {
        let connection = self.connection.try_clone()?;
        let (loaded, is_loaded) = channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                while is_loaded.recv_timeout(BETWEEN_LOOKS) == Err(RecvTimeoutError::Timeout) {
                    if stop() {
                        // The process has ended it where this fails.
                        let _ = connection.shutdown(Shutdown::Both);
                        break;
                    }
                }
            });
            let answer = self.ask(&Request::Load, LOADING);
            drop(loaded);
            answer
        })
    }

    /// Whether it can be asked for more.
    pub(crate) fn lives(&self) -> bool {
        !self.is_lost
    }

    /// Asks for something that may take so much of the worker's own time; how the process was lost over it, if it was.
    pub(crate) fn ask(&mut self, request: &Request, deadline: Duration) -> Result<Result<Reply, Lost>, IsolationError> {
        // One that has gone is noticed where it does not answer.
        if let Err(error) = send(&mut self.connection, request, &mut self.room)
            && !matches!(error, IsolationError::Connection(_))
        {
            return Err(error);
        }
        let mut answer = Patience::with(&self.connection, self.child.id(), deadline)?;
        match receive(&mut answer, &mut self.room) {
            Ok(reply) => Ok(Ok(reply)),
            Err(IsolationError::Connection(error)) => {
                let was_stalled = answer.was_stalled();
                self.is_lost = true;
                Ok(Err(match is_timeout(&error) {
                    true if was_stalled => Lost::Stalled,
                    true => Lost::Hung,
                    false => Lost::Died(self.death()),
                }))
            }
            Err(error) => Err(error),
        }
    }

    /// Runs a program; the request is made with the number of the run. The steps that were written, and how the process was
    /// lost behind them. A subject that cannot be built again is as good as dead.
    pub(crate) fn run(
        &mut self,
        request: impl FnOnce(u32) -> Request,
        deadline: Duration,
    ) -> Result<(Steps, Option<Lost>), IsolationError> {
        self.run = self.run.wrapping_add(1);
        match self.ask(&request(self.run), deadline)? {
            Ok(Reply::Done { length }) => Ok((self.steps(length)?, None)),
            Ok(Reply::Refused(sentence) | Reply::Panicked(sentence) | Reply::Unusable(sentence)) => {
                Ok((Steps::default(), Some(Lost::Died(sentence))))
            }
            Ok(Reply::Built(_) | Reply::Loaded) => Err(IsolationError::Unusable(UNASKED.to_string())),
            Err(lost) => {
                let length = self.shared.metadata().map_err(IsolationError::Shared)?.len();
                Ok((self.steps(length)?, Some(lost)))
            }
        }
    }

    /// The steps of the last run that were written whole, in so many bytes of the shared file.
    fn steps(&mut self, length: u64) -> Result<Steps, IsolationError> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.shared.read_exact_at(&mut bytes, 0).map_err(IsolationError::Shared)?;
        Ok(Steps::read(self.run, bytes))
    }

    /// Words for how the process ended.
    fn death(&mut self) -> String {
        let status = self.wait();
        // What was written last may still be on its way through the pipe.
        thread::sleep(Duration::from_millis(10));
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let errors: Vec<u8> = errors.iter().copied().collect();
        death::words(status, &String::from_utf8_lossy(&errors))
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(1));
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a standard error to its end and keeps the last of it.
fn keep_last(mut from: impl Read + Send + 'static, into: Arc<Mutex<VecDeque<u8>>>) {
    thread::spawn(move || {
        let mut room = [0; 4_096];
        while let Ok(read @ 1..) = from.read(&mut room) {
            let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(&room[..read]);
            let surplus = kept.len().saturating_sub(ERRORS);
            kept.drain(..surplus);
        }
    });
}
