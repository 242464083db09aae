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
use crate::protocol::{Described, IsolationError, Packed, Reply, Request, Step, pack_step, receive, send};

/// Subjects that are kept for the next run at the most.
const KEPT: usize = 64;

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
    let mut worker =
        Worker { build: &build, kept: BTreeMap::new(), shared, room: Vec::new(), all: Scope::everything() };
    loop {
        let request = match receive(&mut campaign, &mut room) {
            Ok(request) => request,
            Err(IsolationError::Connection(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let reply = match request {
            Request::Load => Reply::Loaded,
            Request::Build(machine) => worker.described(&machine),
            Request::Run { run, machine, operations, recounts_each } => {
                worker.run(run, &machine, &operations, recounts_each)?
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

    /// Runs operations and writes each step as soon as it is done.
    fn run(
        &mut self,
        run: u32,
        machine: &Machine,
        operations: &[Packed],
        recounts_each: bool,
    ) -> Result<Reply, IsolationError> {
        if !self.kept.contains_key(machine)
            && let refused @ (Reply::Refused(_) | Reply::Panicked(_)) = self.described(machine)
        {
            return Ok(refused);
        }
        let Worker { kept, shared, room, all, .. } = self;
        let subject = kept.get_mut(machine).expect("it was built or is kept");
        let mut at = 0;
        let mut write = |step: &Step| -> Result<(), IsolationError> {
            pack_step(run, step, room)?;
            shared.write_all_at(room, at).map_err(IsolationError::Shared)?;
            at += room.len() as u64;
            Ok(())
        };
        let all_operations = operations.iter().filter_map(Packed::operation).collect::<Vec<_>>();
        let last = all_operations.len().saturating_sub(1);
        let mut panicked = guarded(|| {
            subject.reset();
            subject.announce(&all_operations);
        })
        .err();
        if panicked.is_none() {
            for (index, &operation) in all_operations.iter().enumerate() {
                match guarded(|| done(subject, operation, recounts_each || index == last, all)) {
                    Ok(step) => write(&step)?,
                    Err(message) => {
                        panicked = Some(message);
                        break;
                    }
                }
            }
        }
        if let Some(message) = panicked {
            write(&Step::Panicked(message))?;
            // Its state is unknown.
            kept.remove(machine);
        }
        Ok(Reply::Done { length: at })
    }
}

/// Does an operation and looks at everything.
fn done(subject: &mut impl Subject, operation: Operation, recounts: bool, all: &Scope) -> Step {
    let outcome = subject.apply(operation);
    let mut shown = Box::new(Observation::default());
    subject.observe(all, &mut shown);
    let recount = if recounts { subject.validate() } else { Ok(()) };
    Step::Answered { outcome, shown, recount }
}
