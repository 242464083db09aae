//! What builds isolated subjects, and the command that starts their process.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use stalemap_harness::{Build, HugeOrders};
use stalemap_operations::Machine;

use crate::process::{Lost, Process, UNASKED};
use crate::protocol::{IsolationError, Reply, Request};
use crate::subject::InWorker;

/// How much of the worker's time a program may take, or a constructor.
const DEADLINE: Duration = Duration::from_secs(2);

/// The command that starts a worker: a program that calls [`serve`](crate::serve).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables of its environment beside those of this process.
    pub environment: Vec<(OsString, OsString)>,
}

impl WorkerCommand {
    /// The running program itself, with these arguments.
    ///
    /// # Errors
    /// When the system does not say which program is running.
    pub fn this_program(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> std::io::Result<WorkerCommand> {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Ok(WorkerCommand { program: env::current_exe()?, arguments, environment: Vec::new() })
    }
}

/// Builds subjects in a worker. Each clone has a worker of its own, which is started when it is needed first.
pub struct Isolated {
    pub(crate) command: Arc<WorkerCommand>,
    pub(crate) process: Arc<Mutex<Option<Process>>>,
    pub(crate) deadline: Duration,
    /// Whether the worker was lost over the last program.
    pub(crate) was_lost: Arc<AtomicBool>,
    largest: Option<Machine>,
    recounts: bool,
    huge: Option<HugeOrders>,
    /// Why nothing can be loaded, once that is known: it is not tried again for each machine.
    unusable: Arc<OnceLock<String>>,
}

impl Isolated {
    /// Subjects that are built in the worker that this command starts.
    #[must_use]
    pub fn new(command: WorkerCommand) -> Isolated {
        let (process, unusable, was_lost) = (Arc::default(), Arc::default(), Arc::default());
        Isolated {
            command: Arc::new(command),
            process,
            deadline: DEADLINE,
            was_lost,
            largest: None,
            huge: Some(HugeOrders::ALL),
            recounts: true,
            unusable,
        }
    }

    /// With this variable in the environment of the worker.
    #[must_use]
    pub fn environment(self, name: impl Into<OsString>, value: impl Into<OsString>) -> Isolated {
        let mut command = WorkerCommand::clone(&self.command);
        command.environment.push((name.into(), value.into()));
        Isolated { command: Arc::new(command), ..self }
    }

    /// With this time for a program; one that takes longer hangs at its last step. Only time counts that the worker has had: on the
    /// processor, or asleep. One that the machine stalls is given up after ten times as long, and run again.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Isolated {
        Isolated { deadline, ..self }
    }

    /// With no machine that is larger than this one in anything.
    #[must_use]
    pub fn largest(self, largest: Option<Machine>) -> Isolated {
        Isolated { largest, ..self }
    }

    /// Does not ask the subjects for their own recount, which sees what no observer could see.
    #[must_use]
    pub fn without_recount(self) -> Isolated {
        Isolated { recounts: false, ..self }
    }

    /// With machines that have huge pages of these orders only, or of none.
    #[must_use]
    pub fn huge(self, huge: Option<HugeOrders>) -> Isolated {
        Isolated { huge, ..self }
    }

    /// Starts the worker now, and not with the first machine. While it loads, `stop` is asked whether to give up.
    ///
    /// # Errors
    /// [`IsolationError::Stopped`] where it was given up; else why nothing can be built.
    pub fn loaded(self, stop: fn() -> bool) -> Result<Isolated, IsolationError> {
        let started = self.start(stop)?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
        Ok(self)
    }

    /// The same worker, not another one.
    pub(crate) fn shared(&self) -> Isolated {
        let (command, process) = (Arc::clone(&self.command), Arc::clone(&self.process));
        let (unusable, was_lost) = (Arc::clone(&self.unusable), Arc::clone(&self.was_lost));
        Isolated { command, process, unusable, was_lost, ..*self }
    }

    /// Does something with the process, which is started where there is none; one that was lost over it is ended.
    pub(crate) fn with_process<T>(
        &self,
        act: impl FnOnce(&mut Process) -> Result<T, IsolationError>,
    ) -> Result<T, IsolationError> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running = match process.take() {
            Some(running) => running,
            None => self.start(|| false)?,
        };
        let result = act(&mut running)?;
        *process = Some(running).filter(Process::lives);
        Ok(result)
    }
}

impl Isolated {
    /// Starts a process; one that cannot load anything is not started again.
    fn start(&self, stop: fn() -> bool) -> Result<Process, IsolationError> {
        if let Some(why) = self.unusable.get() {
            return Err(IsolationError::Unusable(why.clone()));
        }
        let started = Process::start(&self.command, stop);
        if let Err(IsolationError::Unusable(why)) = &started {
            // Another clone may have come to the same.
            let _ = self.unusable.set(why.clone());
        }
        started
    }
}

impl Clone for Isolated {
    fn clone(&self) -> Isolated {
        Isolated { process: Arc::default(), was_lost: Arc::default(), ..self.shared() }
    }
}

impl Build for Isolated {
    type Subject = InWorker;

    fn build(&self, machine: &Machine) -> Result<InWorker, String> {
        let ask = || self.with_process(|process| process.ask(&Request::Build(*machine), self.deadline));
        let asked = match ask() {
            Ok(Err(Lost::Stalled)) => ask(),
            asked => asked,
        };
        match asked.map_err(|error| error.to_string())? {
            Ok(Reply::Built(described)) => Ok(InWorker::new(self.shared(), *machine, described)),
            Ok(Reply::Refused(sentence)) => Err(sentence),
            // The driver catches it: a constructor that panics, crashes or hangs is a finding.
            Ok(Reply::Panicked(message)) => panic!("{message}"),
            Err(lost) => panic!("{}", lost.words()),
            Ok(Reply::Done { .. } | Reply::Loaded | Reply::Unusable(_)) => Err(UNASKED.to_string()),
        }
    }

    fn largest(&self) -> Option<Machine> {
        self.largest
    }

    /// A worker is waited for as long as it has had less than its time.
    fn watches_itself(&self) -> bool {
        true
    }

    fn uses_recount(&self) -> bool {
        self.recounts
    }

    fn huge(&self) -> Option<HugeOrders> {
        self.huge
    }
}
