//! The process: starts a kernel, gives it batches, and notices when it stops or hangs.

use std::any::Any;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use stalemap_operations::Program;
use tempfile::TempDir;

use super::memory::{self, Control};
use crate::console::last_words;
use crate::group::Group;
use crate::health::health;
use crate::passes::BatchPasses;
use crate::process::{command_that_ends_with_us, is_asleep, private_folder_in_memory, processor_time_of};
use crate::runner::{Ending, Lost, Ran, Recording, Runner, RunningKernel, Stopped};
use crate::way::Way;

/// What a kernel is started with as a process.
#[derive(Clone, Debug)]
pub struct NativeBoot {
    /// The kernel: a program.
    pub image: PathBuf,
    /// Its memory, in megabytes.
    pub memory: u32,
    /// How many times slower than a plain kernel it is.
    pub slowness: u32,
    /// The bits of the kernel parameter `stalemap`: deliberate faults, none in an ordinary run.
    pub bits: u64,
}

/// How often a kernel that says nothing is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// Time by the clock that a kernel may take to come up.
const WHILE_BOOTING: Duration = Duration::from_secs(60);
/// Processor time in which a kernel at work must get on by one step.
const AT_WORK: Duration = Duration::from_secs(2);
/// Time by the clock in which it must, whatever the processors do.
const BY_THE_CLOCK: Duration = Duration::from_secs(60);
/// Looks one after the other at which a kernel must have been asleep: it waits for a lock that is never given back. One that
/// has no processor is not asleep, and one that waits for its own timer sleeps for a moment.
const ASLEEP: u32 = 60;

/// A kernel that is up.
struct Process {
    group: Group,
    stream: UnixStream,
    memory: File,
    /// Holds the memory, the socket and the console's text; goes with the process.
    folder: TempDir,
    release: String,
    slowness: u32,
    passes: Option<BatchPasses>,
}

impl Runner for NativeBoot {
    fn start(&self) -> Result<Box<dyn RunningKernel>> {
        let folder = private_folder_in_memory().context("cannot make a folder for the kernel")?;
        let memory = shared_memory(folder.path()).context("cannot make the memory that the kernel shares")?;
        let listener = UnixListener::bind(folder.path().join("socket")).context("cannot make a socket")?;
        let mut group = Group::start(&mut self.command(folder.path())?)
            .with_context(|| format!("cannot start {}", self.image.display()))?;
        let stream = accept(&listener, &mut group, WHILE_BOOTING * self.slowness)
            .with_context(|| format!("the kernel does not come up: {}", last_words(&console(&folder))))?;
        stream.set_read_timeout(Some(BETWEEN_LOOKS))?;
        let (release, slowness, passes) = (String::new(), self.slowness, None);
        let mut process = Process { group, stream, memory, folder, release, slowness, passes };
        if let Err(lost) = process.wait() {
            bail!("the kernel does not come up: {lost:?}; its console:\n{}", process.console());
        }
        let control = process.control()?;
        if control.layout != memory::LAYOUT {
            bail!("the kernel was built by another version of this program; run `stalemap linux build --native`");
        }
        process.release = control.release;
        if control.counted > 0 {
            let mut places = vec![0; 4 * control.counted];
            process.memory.read_exact_at(&mut places, memory::PLACES)?;
            let places = places.as_chunks().0.iter().map(|place| u32::from_le_bytes(*place)).collect();
            process.passes = Some(BatchPasses { places, counters: vec![0; control.counted] });
        }
        Ok(Box::new(process))
    }

    fn way(&self) -> Way {
        Way::Agent
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl NativeBoot {
    /// Lets the kernel run the tests that it brings with it; all that it printed until it ended, or was ended since it
    /// had used so much processor time on a plain kernel, or three times as much by the clock.
    pub(crate) fn self_tests(&self, patience: Duration) -> Result<String> {
        let folder = private_folder_in_memory().context("cannot make a folder for the kernel")?;
        let mut command = self.command(folder.path())?;
        let mut group = Group::start(command.arg("stalemap_self_tests"))
            .with_context(|| format!("cannot start {}", self.image.display()))?;
        let (start, patience) = (Instant::now(), patience * self.slowness);
        while group.ended()?.is_none() {
            if processor_time_of(group.id()) > patience || start.elapsed() > 3 * patience {
                group.kill();
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(console(&folder))
    }

    fn command(&self, folder: &Path) -> io::Result<Command> {
        let mut command = command_that_ends_with_us(self.image.as_os_str());
        command.arg(format!("mem={}M", self.memory)).arg(format!("stalemap={}", self.bits));
        command.arg(format!("stalemap_folder={}", folder.display()));
        command.args(["panic=-1", "oops=panic", "panic_on_oops=1", "con=null", "ssl=null", "loglevel=5"]);
        // Without it the kernel measures how fast the processor is, which is most of the time of a start.
        command.arg("lpj=4000000");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let console = File::create(folder.join("console"))?;
        command.stderr(console);
        Ok(command)
    }
}

impl RunningKernel for Process {
    fn run(&mut self, programs: &[Program]) -> Result<Ran> {
        if let Some(passes) = &self.passes {
            self.memory.write_all_at(&vec![0; passes.counters.len()], memory::COUNTERS)?;
        }
        self.give(programs)?;
        let waited = self.stream.write_all(&[0]).map_err(|_| self.crash()).and_then(|()| self.wait());
        let mut output = vec![0; self.control()?.written];
        self.memory.read_exact_at(&mut output, memory::OUT)?;
        let (done, steps) = memory::read_output(&output).context("what the kernel shows means nothing")?;
        if let Some(passes) = &mut self.passes {
            self.memory.read_exact_at(&mut passes.counters, memory::COUNTERS)?;
        }
        let stopped = match waited {
            Err(lost) => Some(Stopped::Lost(Recording { steps, ending: Ending::Lost(lost) })),
            Ok(()) if done.is_empty() => bail!("what one program shows has no room in the memory"),
            Ok(()) => is_ill(done.last()).then_some(Stopped::Ill),
        };
        Ok(Ran { done, stopped })
    }

    fn console(&self) -> String {
        console(&self.folder)
    }

    fn release(&self) -> &str {
        &self.release
    }

    fn passes(&self) -> Option<&BatchPasses> {
        self.passes.as_ref()
    }
}

impl Process {
    /// Writes programs, as many as there is room for.
    fn give(&mut self, programs: &[Program]) -> Result<()> {
        let (mut bytes, mut given) = (Vec::new(), 0_usize);
        for program in programs {
            let before = bytes.len();
            memory::write_program(program, &mut bytes).context("a program that the agent has no bytes for")?;
            if bytes.len() > memory::IN_SIZE {
                bytes.truncate(before);
                break;
            }
            given += 1;
        }
        if given == 0 {
            bail!("a program that is too long for the memory");
        }
        self.memory.write_all_at(&bytes, memory::IN)?;
        Ok(self.memory.write_all_at(&u32::try_from(given)?.to_le_bytes(), memory::PROGRAMS)?)
    }

    /// Waits until the kernel is done with the batch.
    fn wait(&mut self) -> Result<(), Lost> {
        let mut written = usize::MAX;
        let (mut since, mut worked, mut asleep) = (Instant::now(), Duration::ZERO, 0);
        loop {
            match self.stream.read(&mut [0]) {
                Ok(1) => return Ok(()),
                Ok(_) => return Err(self.crash()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return Err(self.crash()),
            }
            let now = self.control().map_or(0, |control| control.written);
            let time = processor_time_of(self.group.id());
            asleep = if is_asleep(self.group.id()) { asleep + 1 } else { 0 };
            if now != written {
                (written, since, worked, asleep) = (now, Instant::now(), time, 0);
            } else if time.saturating_sub(worked) > AT_WORK * self.slowness
                || since.elapsed() > BY_THE_CLOCK * self.slowness
                || asleep > ASLEEP
            {
                self.group.kill();
                return Err(Lost::Hang);
            }
        }
    }

    fn control(&self) -> Result<Control> {
        let mut bytes = [0; memory::CONTROL];
        self.memory.read_exact_at(&mut bytes, 0)?;
        Ok(Control::read(&bytes))
    }

    /// The kernel has closed the socket: it is on its way out, and its console will be complete.
    fn crash(&mut self) -> Lost {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2) && self.group.ended().is_ok_and(|status| status.is_none()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Lost::Crash(last_words(&self.console()))
    }
}

/// A new file of the layout's length.
fn shared_memory(folder: &Path) -> io::Result<File> {
    let path = folder.join("memory");
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
    file.set_len(memory::SIZE)?;
    Ok(file)
}

/// The connection of a kernel that comes up.
fn accept(listener: &UnixListener, group: &mut Group, limit: Duration) -> Result<UnixStream> {
    listener.set_nonblocking(true)?;
    let start = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(status) = group.ended()? {
            bail!("it has ended with {status}");
        }
        if start.elapsed() > limit {
            bail!("it does not connect within {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether what the kernel does from now on may be the fault of the program that it did last.
fn is_ill(last: Option<&Recording>) -> bool {
    matches!(last, Some(Recording { ending: Ending::Ended(end), .. }) if health(end).is_err())
}

fn console(folder: &TempDir) -> String {
    let bytes = fs::read(folder.path().join("console")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
