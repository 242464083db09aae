//! The worker: does what the campaign asks for, in the process that may crash.

use std::collections::BTreeMap;
use std::env;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;

use stalemap_harness::{Build, guarded};
use stalemap_operations::{Machine, Observation, Operation, Scope, Subject};

use crate::process::SHARED;
use crate::protocol::{Answer, Described, IsolationError, Packed, Reply, Request, pack_step, receive, send};

/// Subjects that are kept for the next run at the most.
const KEPT: usize = 64;

/// Bytes of steps that are written at once at the most.
const PIECE: usize = 1 << 20;

/// Serves the campaign that has started this process, until it has gone: loads what builds the subjects, builds them and
/// runs programs on them. Why nothing can be loaded is told to the campaign, which ends with it.
///
/// The standard input is the connection to the campaign.
///
/// # Errors
/// When the process was not started by a campaign, or the connection breaks in the middle of a message.
pub fn serve<B: Build>(load: impl FnOnce() -> Result<B, String>) -> Result<(), IsolationError> {
    die_with_the_campaign();
    let path = env::var_os(SHARED).ok_or_else(|| IsolationError::Shared(io::ErrorKind::NotFound.into()))?;
    let shared = OpenOptions::new().write(true).open(path).map_err(IsolationError::Shared)?;
    let mut campaign = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut room = Vec::new();
    if !matches!(receive(&mut campaign, &mut room)?, Request::Load) {
        return Err(IsolationError::Connection(io::ErrorKind::InvalidData.into()));
    }
    let build = match load() {
        Ok(build) => build,
        Err(sentence) => return send(&mut campaign, &Reply::Unusable(sentence), &mut room),
    };
    send(&mut campaign, &Reply::Loaded, &mut room)?;
    let shown = Observation::default();
    let mut worker =
        Worker { build: &build, kept: BTreeMap::new(), shared, room: Vec::new(), all: Scope::everything(), shown };
    loop {
        let request = match receive(&mut campaign, &mut room) {
            Ok(request) => request,
            Err(IsolationError::Connection(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let reply = match request {
            Request::Load => Reply::Loaded,
            Request::Build(machine) => worker.described(&machine),
            Request::Run { run, machine, operations, recounts_each, is_careful } => {
                let operations: Vec<_> = operations.iter().filter_map(Packed::operation).collect();
                worker.run(run, &machine, &operations, [recounts_each, is_careful])?
            }
        };
        send(&mut campaign, &reply, &mut room)?;
    }
}

/// A worker whose subject loops for ever does not outlive a campaign that was killed.
fn die_with_the_campaign() {
    // Where it fails the worker ends with the next message.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

struct Worker<'a, B: Build> {
    build: &'a B,
    kept: BTreeMap<Machine, B::Subject>,
    shared: File,
    room: Vec<u8>,
    all: Scope,
    shown: Observation,
}

impl<B: Build> Worker<'_, B> {
    fn described(&mut self, machine: &Machine) -> Reply {
        match guarded(|| self.build.build(machine)) {
            Err(message) => Reply::Panicked(message),
            Ok(Err(sentence)) => Reply::Refused(sentence),
            Ok(Ok(subject)) => {
                let described = Described {
                    name: subject.name().to_string(),
                    capabilities: subject.capabilities(),
                    machine: *subject.machine(),
                    capacity: subject.capacity(),
                };
                if self.kept.len() >= KEPT {
                    self.kept.clear();
                }
                self.kept.insert(*machine, subject);
                Reply::Built(described)
            }
        }
    }

    /// Runs operations and writes what became of each.
    fn run(
        &mut self,
        run: u32,
        machine: &Machine,
        operations: &[Operation],
        [recounts_each, is_careful]: [bool; 2],
    ) -> Result<Reply, IsolationError> {
        if !self.kept.contains_key(machine)
            && let refused @ (Reply::Refused(_) | Reply::Panicked(_)) = self.described(machine)
        {
            return Ok(refused);
        }
        let Worker { kept, shared, room, all, shown, .. } = self;
        room.clear();
        let mut log = Log { file: shared, run, piece: if is_careful { 0 } else { PIECE }, pending: room, at: 0 };
        let subject = kept.get_mut(machine).expect("it was built or is kept");
        let last = operations.len().saturating_sub(1);
        let mut panicked = guarded(|| {
            subject.reset();
            subject.announce(operations);
        })
        .err();
        for (index, &operation) in operations.iter().enumerate() {
            if panicked.is_some() {
                break;
            }
            match guarded(|| done(subject, operation, recounts_each || index == last, all, shown)) {
                Ok(answer) => log.add(&answer, shown)?,
                Err(message) => panicked = Some(message),
            }
        }
        if let Some(message) = panicked {
            log.add(&Answer::Panicked(message), &Observation::default())?;
            // Its state is unknown.
            kept.remove(machine);
        }
        log.write()?;
        Ok(Reply::Done { length: log.at })
    }
}

/// The steps of a run, on their way into the shared file.
struct Log<'a> {
    file: &'a File,
    run: u32,
    /// More bytes than this are written at once.
    piece: usize,
    pending: &'a mut Vec<u8>,
    /// Bytes that are written.
    at: u64,
}

impl Log<'_> {
    fn add(&mut self, answer: &Answer, shown: &Observation) -> Result<(), IsolationError> {
        pack_step(self.run, answer, shown, self.pending)?;
        if self.pending.len() > self.piece { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), IsolationError> {
        self.file.write_all_at(self.pending, self.at).map_err(IsolationError::Shared)?;
        self.at += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

/// Does an operation and looks at everything.
fn done(
    subject: &mut impl Subject,
    operation: Operation,
    recounts: bool,
    all: &Scope,
    shown: &mut Observation,
) -> Answer {
    let outcome = subject.apply(operation);
    subject.observe(all, shown);
    let recount = if recounts { subject.validate() } else { Ok(()) };
    Answer::Outcome { outcome, runs: subject.runs().to_vec(), recount }
}
