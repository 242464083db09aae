//! The virtual machine: QEMU as a child process with a port to the guest, stopped on every way out.

use std::any::Any;
use std::fs;
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use stalemap_guest::{Batch, FromGuest, read_frame, table_text, write_frame};
use stalemap_operations::Program;
use tempfile::TempDir;

use crate::acceleration::Acceleration;
use crate::console::last_words;
use crate::initramfs::initramfs;
use crate::packages;
use crate::process::{command_that_ends_with_us, private_folder, processor_time_of};
use crate::runner::{Ending, Lost, Ran, Recording, Runner, RunningKernel, Stopped};
use crate::way::Way;

/// The program that is run.
pub(crate) const QEMU: &str = "qemu-system-x86_64";

/// What a virtual machine is booted with.
#[derive(Clone, Debug)]
pub struct Boot {
    /// The kernel.
    pub image: PathBuf,
    /// What it starts from.
    pub initramfs: PathBuf,
    /// Its memory, in megabytes.
    pub memory: u32,
    /// How many times slower than a plain kernel it is.
    pub slowness: u32,
    /// The bits of the kernel parameter `stalemap`: deliberate faults, none in an ordinary run.
    pub bits: u64,
    /// How it is run.
    pub acceleration: Acceleration,
    /// Whether the kernel prints on its console what it does, or only what is wrong.
    pub verbose: bool,
}

/// A running guest.
pub(crate) struct VirtualMachine {
    child: Child,
    to: ChildStdin,
    from: Receiver<io::Result<FromGuest>>,
    /// Holds the console's text; goes with the machine.
    folder: TempDir,
    release: String,
    slowness: u32,
}

/// How long a guest may say nothing before it is taken to hang.
#[derive(Clone, Copy, Debug)]
struct TimeLimits {
    /// Processor time: a guest at work.
    processor: Duration,
    /// Time by the clock: a guest that sleeps. Long, since the host may be busy with other things.
    clock: Duration,
}

const WHILE_BOOTING: TimeLimits = TimeLimits { processor: Duration::from_secs(20), clock: Duration::from_secs(120) };
/// A guest that sleeps in the middle of a program mostly reports it itself.
const AT_WORK: TimeLimits = TimeLimits { processor: Duration::from_secs(2), clock: Duration::from_secs(30) };

impl VirtualMachine {
    /// Boots and waits for the guest's first word. On a host that is busy a boot may fail that succeeds the next time.
    pub(crate) fn boot(boot: &Boot) -> Result<VirtualMachine> {
        const TRIES: u32 = 3;
        for _ in 1..TRIES {
            if let Ok(machine) = Self::boot_once(boot) {
                return Ok(machine);
            }
        }
        Self::boot_once(boot)
    }

    fn boot_once(boot: &Boot) -> Result<VirtualMachine> {
        if !packages::missing_to_run().is_empty() {
            bail!("{QEMU} is not installed; `stalemap linux build` installs it");
        }
        let folder = private_folder()?;
        let mut command = qemu(boot, &console(folder.path()), &[]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {QEMU}"))?;
        let to = child.stdin.take().context("the pipe was requested")?;
        let mut output = BufReader::new(child.stdout.take().context("the pipe was requested")?);
        let (send, from) = channel();
        thread::spawn(move || listen(&mut output, &send));
        let mut machine = VirtualMachine { child, to, from, folder, release: String::new(), slowness: boot.slowness };
        match machine.receive_within(WHILE_BOOTING) {
            Ok(FromGuest::Hello(hello)) if hello.table == table_text() => {
                machine.release = hello.release;
                Ok(machine)
            }
            Ok(_) => bail!("the guest has another table of operations than this program; run `stalemap linux build`"),
            Err(Lost::Hang) => bail!("the kernel does not come up; its console:\n{}", machine.console()),
            Err(Lost::Crash(message)) => bail!("the kernel does not come up: {message}"),
        }
    }

    /// Sends programs; then `receive` until each has ended.
    fn send(&mut self, batch: &Batch) -> io::Result<()> {
        write_frame(&mut self.to, &batch.to_bytes())?;
        self.to.flush()
    }

    /// The guest's next word.
    fn receive(&mut self) -> Result<FromGuest, Lost> {
        self.receive_within(AT_WORK)
    }

    fn receive_within(&mut self, limits: TimeLimits) -> Result<FromGuest, Lost> {
        let start = Instant::now();
        let worked = self.processor_time();
        let limits = TimeLimits { processor: limits.processor * self.slowness, clock: limits.clock * self.slowness };
        loop {
            match self.from.recv_timeout(Duration::from_millis(250)) {
                Ok(Ok(message)) => return Ok(message),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Err(Lost::Crash(self.last_words())),
                Err(RecvTimeoutError::Timeout) => {
                    if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                        return Err(Lost::Crash(self.last_words()));
                    }
                    let works = self.processor_time().saturating_sub(worked);
                    if works > limits.processor || start.elapsed() > limits.clock {
                        return Err(Lost::Hang);
                    }
                }
            }
        }
    }

    /// The line of the console that tells most about why the kernel stopped.
    fn last_words(&mut self) -> String {
        // The console is complete when the process is gone; a panicking kernel stops it at once.
        for _ in 0..40 {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        last_words(&self.console())
    }

    /// Processor time that the process has used so far; zero where it cannot be known.
    fn processor_time(&self) -> Duration {
        processor_time_of(self.child.id())
    }
}

impl Runner for Boot {
    fn start(&self) -> Result<Box<dyn RunningKernel>> {
        Ok(Box::new(VirtualMachine::boot(self)?))
    }

    fn way(&self) -> Way {
        Way::Guest
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl RunningKernel for VirtualMachine {
    /// A program that is alone sends each step as soon as it is done, so that the step is known in which it is lost.
    fn run(&mut self, programs: &[Program]) -> Result<Ran> {
        let bytes = |program: &Program| program.to_bytes().context("a machine that has no bytes");
        let batch = Batch { eager: programs.len() == 1, programs: programs.iter().map(bytes).collect::<Result<_>>()? };
        let (mut done, mut steps) = (Vec::new(), Vec::new());
        // What cannot be sent shows when nothing is received.
        let sent = self.send(&batch);
        while done.len() < programs.len() {
            let lost = match self.receive() {
                Ok(FromGuest::Hello(_)) => bail!("the guest has started again by itself"),
                Ok(FromGuest::Shown(shown)) => {
                    steps.push(shown);
                    continue;
                }
                Ok(FromGuest::End(end)) => {
                    let is_ill = end.tainted != 0 || end.leaked != [0; 3];
                    done.push(Recording { steps: std::mem::take(&mut steps), ending: Ending::Ended(end) });
                    if is_ill {
                        return Ok(Ran { done, stopped: Some(Stopped::Ill) });
                    }
                    continue;
                }
                Ok(FromGuest::Hang) => Lost::Hang,
                Err(lost) => lost,
            };
            let recording = Recording { steps, ending: Ending::Lost(lost) };
            let stopped = if batch.eager { Stopped::Lost(recording) } else { Stopped::LostSomewhere };
            return Ok(Ran { done, stopped: Some(stopped) });
        }
        sent?;
        Ok(Ran { done, stopped: None })
    }

    fn console(&self) -> String {
        let bytes = fs::read(console(self.folder.path())).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn release(&self) -> &str {
        &self.release
    }
}

impl Drop for VirtualMachine {
    fn drop(&mut self) {
        // Either may fail because it is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program with these arguments as the first process of a kernel until the machine stops; what the console showed.
pub(crate) fn run_alone(boot: &Boot, program: &[u8], arguments: &[&str], patience: Duration) -> Result<String> {
    let folder = private_folder()?;
    let archive = folder.path().join("initramfs");
    fs::write(&archive, initramfs(program))?;
    let boot = Boot { initramfs: archive, ..boot.clone() };
    let mut command = qemu(&boot, &console(folder.path()), arguments);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {QEMU}"))?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        // The host may be busy with other things.
        let (work, clock) = (patience * boot.slowness, 3 * patience * boot.slowness);
        if processor_time_of(child.id()) > work || start.elapsed() > clock {
            child.kill()?;
            child.wait()?;
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let bytes = fs::read(console(folder.path())).unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn console(folder: &Path) -> PathBuf {
    folder.join("console")
}

/// The command line of a virtual machine whose first process gets these arguments.
pub(crate) fn qemu(boot: &Boot, console: &Path, arguments: &[&str]) -> Command {
    let mut command = command_that_ends_with_us(QEMU.as_ref());
    command.args(boot.acceleration.arguments());
    command.args(["-M", "microvm,acpi=off,pit=on,pic=on,rtc=off", "-smp", "1"]);
    command.arg("-m").arg(boot.memory.to_string());
    command.args(["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"]);
    command.arg("-kernel").arg(&boot.image).arg("-initrd").arg(&boot.initramfs);
    command.arg("-serial").arg(format!("file:{}", console.display()));
    command.args(["-chardev", "stdio,id=port,signal=off", "-device", "virtio-serial-device"]);
    command.args(["-device", "virtserialport,chardev=port,name=stalemap"]);
    let (bits, level) = (boot.bits, if boot.verbose { 7 } else { 4 });
    // QEMU adds where the port is, which is for the kernel: behind what is for the program the kernel would not see it.
    let arguments = if arguments.is_empty() { String::new() } else { format!(" -- {}", arguments.join(" ")) };
    let parameters = format!(
        "console=ttyS0 panic=-1 oops=panic kasan.fault=panic no_timer_check reboot=t loglevel={level} stalemap={bits}{arguments}"
    );
    command.args(["-append", &parameters]);
    command
}

/// Passes on what the guest sends, until it ends or the receiver is gone.
fn listen(output: &mut impl io::Read, send: &Sender<io::Result<FromGuest>>) {
    loop {
        let message = read_frame(output).and_then(|bytes| FromGuest::from_bytes(&bytes).map_err(io::Error::other));
        let is_last = message.is_err();
        if send.send(message).is_err() || is_last {
            return;
        }
    }
}
