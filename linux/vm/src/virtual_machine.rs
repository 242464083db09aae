//! The virtual machine: QEMU as a child process with a port to the guest, stopped on every way out.

use std::fs;
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use stalemap_guest::{Batch, FromGuest, read_frame, table_digest, write_frame};
use tempfile::TempDir;

use crate::acceleration::Acceleration;
use crate::initramfs::initramfs;
use crate::packages;

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

/// Why nothing more comes from a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The kernel has stopped; the last line that it printed.
    Crash(String),
    /// It sends nothing and does not stop.
    Hang,
}

/// A program that runs alone waits itself for steps that hang.
const ALONE: TimeLimits = TimeLimits { processor: Duration::from_secs(60), clock: Duration::from_secs(180) };

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
        let mut command = qemu(boot, &console(folder.path()));
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
            Ok(FromGuest::Hello(hello)) if hello.table == table_digest() => {
                machine.release = hello.release;
                Ok(machine)
            }
            Ok(_) => bail!("the guest has another table of operations than this program; run `stalemap linux build`"),
            Err(Lost::Hang) => bail!("the kernel does not come up; its console:\n{}", machine.console()),
            Err(Lost::Crash(message)) => bail!("the kernel does not come up: {message}"),
        }
    }

    /// The kernel's release.
    pub(crate) fn release(&self) -> &str {
        &self.release
    }

    /// Sends programs; then `receive` until each has ended.
    pub(crate) fn send(&mut self, batch: &Batch) -> io::Result<()> {
        write_frame(&mut self.to, &batch.to_bytes())?;
        self.to.flush()
    }

    /// The guest's next word.
    pub(crate) fn receive(&mut self) -> Result<FromGuest, Lost> {
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

    /// Everything that the kernel has printed on its console.
    pub(crate) fn console(&self) -> String {
        let bytes = fs::read(console(self.folder.path())).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The line of the console that says most about why the kernel stopped.
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
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        processor_time(&stat)
    }
}

impl Drop for VirtualMachine {
    fn drop(&mut self) {
        // Either may fail because it is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program as the first process of a kernel until the machine stops; what the console showed.
pub(crate) fn run_alone(boot: &Boot, program: &[u8]) -> Result<String> {
    let folder = private_folder()?;
    let archive = folder.path().join("initramfs");
    fs::write(&archive, initramfs(program))?;
    let boot = Boot { initramfs: archive, ..boot.clone() };
    let mut command = qemu(&boot, &console(folder.path()));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {QEMU}"))?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        if processor_time(&stat) > ALONE.processor * boot.slowness || start.elapsed() > ALONE.clock {
            child.kill()?;
            child.wait()?;
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let bytes = fs::read(console(folder.path())).unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How the folders of virtual machines are named; behind it stands the process that made the folder.
const FOLDER: &str = "stalemap-linux-";

/// A folder that goes with its machine. Those that killed processes have left behind go now.
fn private_folder() -> io::Result<TempDir> {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(|| sweep(&std::env::temp_dir()));
    tempfile::Builder::new().prefix(&format!("{FOLDER}{}-", std::process::id())).tempdir()
}

/// Removes the folders of processes that are gone. What cannot be removed belongs to another user.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(FOLDER).and_then(|rest| rest.split('-').next());
        let is_gone = |process: &str| {
            process.parse::<u32>().is_ok()
                && Path::new("/proc/self").exists()
                && !Path::new("/proc").join(process).exists()
        };
        if process.is_some_and(is_gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn console(folder: &Path) -> PathBuf {
    folder.join("console")
}

/// The command line of a virtual machine.
pub(crate) fn qemu(boot: &Boot, console: &Path) -> Command {
    let mut command = command_that_ends_with_us();
    command.args(boot.acceleration.arguments());
    command.args(["-M", "microvm,acpi=off,pit=on,pic=on,rtc=off", "-smp", "1"]);
    command.arg("-m").arg(boot.memory.to_string());
    command.args(["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"]);
    command.arg("-kernel").arg(&boot.image).arg("-initrd").arg(&boot.initramfs);
    command.arg("-serial").arg(format!("file:{}", console.display()));
    command.args(["-chardev", "stdio,id=port,signal=off", "-device", "virtio-serial-device"]);
    command.args(["-device", "virtserialport,chardev=port,name=stalemap"]);
    let (bits, level) = (boot.bits, if boot.verbose { 7 } else { 4 });
    command.args([
        "-append",
        &format!("console=ttyS0 panic=-1 oops=panic kasan.fault=panic no_timer_check reboot=t loglevel={level} stalemap={bits}"),
    ]);
    command
}

/// QEMU, ended by the system when this process is, where there is a program that arranges it.
fn command_that_ends_with_us() -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if setpriv.exists() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "KILL", QEMU]);
        command
    } else {
        Command::new(QEMU)
    }
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

/// The line of a console that says most about why the kernel stopped: the first that names a bug, else the last.
#[must_use]
pub fn last_words(console: &str) -> String {
    const TELLING: [&str; 8] =
        ["BUG:", "kernel BUG", "Oops", "WARNING:", "general protection", "stalemap: ", "Kernel panic", "Bad "];
    let lines = || console.lines().map(without_time).filter(|line| !line.is_empty());
    let telling = TELLING.iter().find_map(|word| lines().find(|line| line.contains(word)));
    telling.or_else(|| lines().next_back()).unwrap_or("the kernel stopped without a word").to_string()
}

/// What a kernel reports of its own bug: from the line that names it on, without registers, doubtful frames, and all that
/// stands behind the trace of calls.
#[must_use]
pub fn bug_report(console: &str) -> String {
    const REGISTERS: [&str; 12] =
        ["RAX:", "RDX:", "RBP:", "RSP:", "R10:", "R13:", "FS:", "CS:", "CR2:", "DR0:", "DR3:", "Code:"];
    const ENDS: [&str; 3] = ["Kernel panic", "The buggy address belongs to the physical page", "---[ end trace"];
    let lines: Vec<&str> = console.lines().map(without_time).collect();
    let telling = last_words(console);
    let Some(first) = lines.iter().position(|line| *line == telling) else { return String::new() };
    let ends = |line: &&&str| ENDS.iter().any(|it| line.starts_with(it));
    let is_noise = |line: &str| {
        line.is_empty()
            || line.starts_with("? ")
            || line.ends_with("TASK>")
            || REGISTERS.iter().any(|it| line.starts_with(it))
    };
    let rest = lines[first + 1..].iter().take_while(|line| !ends(line)).filter(|line| !is_noise(line));
    [&lines[first]].into_iter().chain(rest).copied().collect::<Vec<&str>>().join("\n")
}

/// A console line without the time before it.
fn without_time(line: &str) -> &str {
    match line.split_once("] ") {
        Some((time, rest)) if time.starts_with('[') => rest.trim(),
        Some(_) | None => line.trim(),
    }
}

/// User and system time of a process, from `/proc/PID/stat`; a tick is a hundredth of a second.
fn processor_time(stat: &str) -> Duration {
    // The name, in brackets, may hold spaces.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{last_words, processor_time};

    #[test]
    fn the_line_that_tells_of_the_bug_is_chosen() {
        let console = "[    0.1] hello\n[    1.0] BUG: kernel NULL pointer dereference, address: 0\n\
                       [    1.1] RIP: 0010:f\n[    1.2] Kernel panic - not syncing: Fatal exception\n";
        assert_eq!(last_words(console), "BUG: kernel NULL pointer dereference, address: 0");
        assert_eq!(last_words("[ 1.0] one\n[ 2.0] Kernel panic - x\n"), "Kernel panic - x");
        assert_eq!(last_words("[ 1.0] one\n[ 2.0] two\n\n"), "two");
        assert_eq!(last_words(""), "the kernel stopped without a word");
    }

    #[test]
    fn a_report_goes_from_the_bug_to_the_panic_without_registers() {
        let console = "[ 0.1] hello\n[ 1.0] BUG: KASAN: slab-use-after-free in f+0x1/0x2\n[ 1.1] RAX: 00 RBX: 00\n\
                       [ 1.2] Call Trace:\n[ 1.3]  ? g+0x1/0x2\n[ 1.4]  h+0x1/0x2\n[ 1.5] Kernel panic - not syncing\n\
                       [ 1.6] ---[ end Kernel panic - not syncing ]---\n";
        let expected = "BUG: KASAN: slab-use-after-free in f+0x1/0x2\nCall Trace:\nh+0x1/0x2";
        assert_eq!(super::bug_report(console), expected);
        assert_eq!(super::bug_report(""), "");
    }

    #[test]
    fn folders_of_processes_that_are_gone_are_swept_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let mine = format!("stalemap-linux-{}-a", std::process::id());
        // A process's number is at most 2^22.
        for name in [mine.as_str(), "stalemap-linux-4294967295-b", "stalemap-linux-x-c", "other-4294967295-d"] {
            std::fs::create_dir(folder.path().join(name)).expect("a new folder");
        }
        super::sweep(folder.path());
        let left = ["stalemap-linux-4294967295-b", &mine, "stalemap-linux-x-c", "other-4294967295-d"];
        assert_eq!(left.map(|name| folder.path().join(name).exists()), [false, true, true, true]);
    }

    #[test]
    fn processor_time_is_user_and_system_time() {
        let stat = "7 (qemu (x) y) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 4 0 100 1 1";
        assert_eq!(processor_time(stat), Duration::from_secs(2));
        assert_eq!(processor_time(""), Duration::ZERO);
    }
}
