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

/// Serves the campaign that has started this process, until it has gone: builds subjects and runs programs on them.
///
/// The standard input is the connection to the campaign.
///
/// # Errors
/// When the process was not started by a campaign, or the connection breaks in the middle of a message.
pub fn serve(build: &impl Build) -> Result<(), IsolationError> {
    let path = env::var_os(SHARED).ok_or_else(|| IsolationError::Shared(io::ErrorKind::NotFound.into()))?;
    let shared = OpenOptions::new().write(true).open(path).map_err(IsolationError::Shared)?;
    let mut campaign = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut worker = Worker { build, kept: BTreeMap::new(), shared, room: Vec::new(), all: Scope::everything() };
    let mut room = Vec::new();
    loop {
        let request = match receive(&mut campaign, &mut room) {
            Ok(request) => request,
            Err(IsolationError::Connection(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let reply = match request {
            Request::Build(machine) => worker.described(&machine),
            Request::Run { run, machine, operations, recounts_each } => {
                worker.run(run, &machine, &operations, recounts_each)?
            }
        };
        send(&mut campaign, &reply, &mut room)?;
    }
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
        Ok(Reply::Done)
    }
}

/// Does an operation and looks at everything.
fn done(subject: &mut impl Subject, operation: Operation, recounts: bool, all: &Scope) -> Step {
    let outcome = subject.apply(operation);
    let mut shown = Observation::default();
    subject.observe(all, &mut shown);
    let recount = if recounts { subject.validate() } else { Ok(()) };
    Step::Answered { outcome, shown, recount }
}
