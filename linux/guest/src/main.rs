//! Init of the virtual machine: waits for programs, runs each from the start of its machine, shows what happens.

mod access;
mod block;
mod driver;
mod huge;
mod perform;
mod space;
mod watchdog;
mod world;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::ptr;
use std::thread;
use std::time::Duration;

use stalemap_guest::{
    Batch, End, FromGuest, Hello, MOST_DEVICE_FRAMES, MOST_PAGES, MOST_SPACES, Shown, read_frame, table_text,
    write_frame,
};
use stalemap_operations::{Effect, Machine, Outcome, Program};

use crate::space::Channels;
use crate::watchdog::Watched;
use crate::world::World;

fn main() {
    // Init may not end: the kernel panics if it does, and the host sees it.
    let error = run().expect_err("it runs until the machine is stopped");
    eprintln!("stalemap: the guest gives up: {error}");
}

fn run() -> io::Result<()> {
    mount(c"devtmpfs", c"/dev")?;
    mount(c"proc", c"/proc")?;
    mount(c"sysfs", c"/sys")?;
    stop_khugepaged()?;
    access::install()?;
    let channels = Channels::new()?;
    let mut port = Port::open()?;
    let watched = Watched::start(&port.from)?;
    let mut log = Log::open()?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_string();
    port.say(&FromGuest::Hello(Hello { table: table_text(), release }))?;
    port.to.flush()?;
    loop {
        let message = read_frame(&mut port.from)?;
        let batch = Batch::from_bytes(&message).map_err(io::Error::other)?;
        for program in &batch.programs {
            let end = run_program(channels, program, batch.eager, &mut port, watched)?;
            let end = End { tainted: tainted()?, log: log.complaints()?, ..end };
            port.say(&FromGuest::End(end))?;
            port.to.flush()?;
        }
        watched.rest();
    }
}

/// Runs a program from the start of its machine to the point where everything has been given back.
fn run_program(channels: Channels, program: &[u8], eager: bool, port: &mut Port, watched: Watched) -> io::Result<End> {
    let Program { machine, operations } = Program::from_bytes(program);
    check(&machine)?;
    watched.step();
    let mut world = World::new(channels, machine)?;
    for operation in operations {
        watched.step();
        let outcome = world.apply(operation);
        let number = match outcome {
            Outcome::Done(Effect::Pages(pages)) => pages,
            Outcome::Done(Effect::Value(stamp)) => stamp.0.into(),
            Outcome::Done(Effect::Nothing | Effect::Freed(_) | Effect::PagesFreed { .. })
            | Outcome::Refused(_)
            | Outcome::Stuck => 0,
        };
        let class = u8::try_from(outcome.class()).expect("few classes");
        port.say(&FromGuest::Shown(Shown { class, number, runs: world.claims.clone(), state: world.seen.clone() }))?;
        if eager {
            port.to.flush()?;
        }
    }
    watched.step();
    Ok(End { leaked: world.end()?, ..End::default() })
}

/// The host sends no other machines.
fn check(machine: &Machine) -> io::Result<()> {
    let [_, first, second, spaces, pages] = machine.sizes();
    let fits = spaces <= MOST_SPACES && pages <= MOST_PAGES && first.max(second) <= MOST_DEVICE_FRAMES;
    if fits { Ok(()) } else { Err(io::Error::other(format!("{machine} is too large"))) }
}

fn mount(kind: &std::ffi::CStr, at: &std::ffi::CStr) -> io::Result<()> {
    // SAFETY: a plain system call with constant texts.
    let result = unsafe { libc::mount(kind.as_ptr(), at.as_ptr(), kind.as_ptr(), 0, ptr::null()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Huge pages come by operations alone: the kernel's own thread that makes some looks once, at one page, and then sleeps for ever; and it
/// takes groups alone that have all their pages.
fn stop_khugepaged() -> io::Result<()> {
    let asleep = u32::MAX.to_string();
    let settings = [
        ("scan_sleep_millisecs", asleep.as_str()),
        ("alloc_sleep_millisecs", asleep.as_str()),
        ("pages_to_scan", "1"),
        ("max_ptes_none", "0"),
        ("max_ptes_swap", "0"),
        ("max_ptes_shared", "0"),
    ];
    for (file, value) in settings {
        let path = format!("/sys/kernel/mm/transparent_hugepage/khugepaged/{file}");
        if fs::exists(&path)? {
            fs::write(path, value)?;
        }
    }
    Ok(())
}

fn tainted() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/sys/kernel/tainted")?;
    text.trim().parse().map_err(io::Error::other)
}

/// How often the port to the host is looked for, and the time between.
const LOOKS_FOR_PORT: u32 = 1_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The way to the host.
struct Port {
    from: File,
    to: BufWriter<File>,
}

impl Port {
    fn open() -> io::Result<Port> {
        let is_port = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vport"));
        let find = || -> io::Result<Option<PathBuf>> {
            Ok(fs::read_dir("/dev")?.filter_map(|entry| entry.ok().map(|entry| entry.path())).find(is_port))
        };
        // The host has its part in making it, and may be busy.
        let mut path = find()?;
        for _ in 0..LOOKS_FOR_PORT {
            if path.is_some() {
                break;
            }
            thread::sleep(BETWEEN_LOOKS);
            path = find()?;
        }
        let path = path.ok_or_else(|| io::Error::other("there is no port to the host"))?;
        let from = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Port { to: BufWriter::with_capacity(1 << 15, from.try_clone()?), from })
    }

    fn say(&mut self, message: &FromGuest) -> io::Result<()> {
        write_frame(&mut self.to, &message.to_bytes())
    }
}

/// The kernel's log, read on from where it was read last.
struct Log(File);

impl Log {
    fn open() -> io::Result<Log> {
        let mut log = Log(OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/kmsg")?);
        log.complaints()?;
        Ok(log)
    }

    /// What is new and names a bug or a warning.
    fn complaints(&mut self) -> io::Result<String> {
        let mut complaints = String::new();
        let mut line = [0; 8_192];
        loop {
            match self.0.read(&mut line) {
                Ok(0) => return Ok(complaints),
                Ok(length) => {
                    let text = String::from_utf8_lossy(&line[..length]).into_owned();
                    let text = text.split_once(';').map_or(text.as_str(), |(_, text)| text);
                    if ["BUG", "WARNING", "Bad ", "bad "].iter().any(|word| text.contains(word)) {
                        complaints.push_str(text.lines().next().unwrap_or_default());
                        complaints.push('\n');
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(complaints),
                // What was overwritten before it was read is passed over.
                Err(error) if error.raw_os_error() == Some(libc::EPIPE) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
