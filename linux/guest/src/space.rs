//! Spaces: real processes, each of which does on demand what only the owner of an address space can do.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

use stalemap_guest::MOST_SPACES;

use crate::access;
use crate::driver::{Mirror, PAGE, PIN, Request};

/// Where the virtual pages of every space begin; nothing else is mapped near it.
pub(crate) const BASE: u64 = 0x10_0000_0000;

/// A request to a space, with the meaning of the arguments.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// address, length, protection
    Map,
    /// address, length
    Unmap,
    /// address, length, advice
    Advise,
    /// address, length, protection
    Protect,
    /// address, destination; one page
    Move,
    /// number of the child's space; answers with its process
    Fork,
    /// address, pages; answers with the first byte
    Read,
    /// address, pages, byte
    Write,
    /// file, slot, address, whether it is a pin or a hold
    Pin,
    /// nothing; there is no answer
    Exit,
}

impl Task {
    const ALL: [Task; 10] = [
        Task::Map,
        Task::Unmap,
        Task::Advise,
        Task::Protect,
        Task::Move,
        Task::Fork,
        Task::Read,
        Task::Write,
        Task::Pin,
        Task::Exit,
    ];
}

/// Memory that init shares with a space: one task at a time.
#[repr(C)]
struct Channel {
    /// One of the constants below; a process that waits sleeps on it.
    state: AtomicU32,
    task: AtomicU32,
    arguments: [AtomicU64; 4],
    /// The answer, or the negative errno.
    answer: AtomicU64,
    /// The files of the devices that this process has opened.
    mirrors: [AtomicI32; 2],
}

const IDLE: u32 = 0;
const REQUESTED: u32 = 1;
const ANSWERED: u32 = 2;

/// The channels of all spaces.
#[derive(Clone, Copy)]
pub(crate) struct Channels(&'static [Channel; MOST_SPACES as usize]);

/// A space that is alive, as init keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alive {
    process: i32,
    /// Its files, one a device.
    pub(crate) mirrors: [Mirror; 2],
}

impl Channels {
    /// Maps the shared memory.
    pub(crate) fn new() -> io::Result<Channels> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        let length = size_of::<[Channel; MOST_SPACES as usize]>();
        // SAFETY: a fresh mapping of zeroes, which is what idle channels consist of; it is never unmapped.
        unsafe {
            let memory = libc::mmap(ptr::null_mut(), length, protection, flags, -1, 0);
            if memory == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            Ok(Channels(&*memory.cast()))
        }
    }

    /// Makes a process for a space out of init, which maps nothing of what spaces map.
    pub(crate) fn create(self, space: u32) -> io::Result<Alive> {
        self.0[space as usize].state.store(REQUESTED, Ordering::SeqCst);
        // Init cannot use CLONE_PARENT, and need not.
        match clone(libc::CLONE_FILES)? {
            0 => self.live(space),
            process => Ok(self.born(space, process)),
        }
    }

    /// Lets a space do something: the answer or the errno.
    pub(crate) fn call(self, space: u32, task: Task, arguments: [u64; 4]) -> Result<u64, i32> {
        self.send(space, task, arguments);
        let answer = self.answer(space).cast_signed();
        u64::try_from(answer).map_err(|_| i32::try_from(-answer).unwrap_or(libc::EIO))
    }

    /// Lets a space fork into another one, and waits until the child is ready.
    pub(crate) fn fork(self, space: u32, child: u32) -> Result<Alive, i32> {
        self.0[child as usize].state.store(REQUESTED, Ordering::SeqCst);
        let process = self.call(space, Task::Fork, [child.into(), 0, 0, 0])?;
        Ok(self.born(child, i32::try_from(process).expect("a process's number")))
    }

    /// Ends a space; its files stay open.
    pub(crate) fn end(self, space: u32, alive: Alive) {
        self.send(space, Task::Exit, [0; 4]);
        let mut status = 0;
        // SAFETY: a plain system call on a child of init.
        unsafe {
            while libc::waitpid(alive.process, &raw mut status, libc::__WALL) < 0
                && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
            {}
        }
        self.0[space as usize].state.store(IDLE, Ordering::SeqCst);
    }

    fn send(self, space: u32, task: Task, arguments: [u64; 4]) {
        let channel = &self.0[space as usize];
        channel.task.store(task as u32, Ordering::SeqCst);
        for (to, from) in channel.arguments.iter().zip(arguments) {
            to.store(from, Ordering::SeqCst);
        }
        channel.state.store(REQUESTED, Ordering::SeqCst);
        wake(&channel.state);
    }

    fn answer(self, space: u32) -> u64 {
        let channel = &self.0[space as usize];
        while channel.state.load(Ordering::SeqCst) == REQUESTED {
            sleep_while(&channel.state, REQUESTED);
        }
        channel.state.store(IDLE, Ordering::SeqCst);
        channel.answer.load(Ordering::SeqCst)
    }

    /// Waits for the first answer of a new process, which it gives when its files are open.
    fn born(self, space: u32, process: i32) -> Alive {
        self.answer(space);
        let mirror = |device: usize| Mirror(self.0[space as usize].mirrors[device].load(Ordering::SeqCst));
        Alive { process, mirrors: [mirror(0), mirror(1)] }
    }

    /// What a space's process does for the rest of its life.
    fn live(self, space: u32) -> ! {
        let mut space = space;
        self.open_mirrors(space);
        loop {
            let channel = &self.0[space as usize];
            while channel.state.load(Ordering::SeqCst) != REQUESTED {
                let state = channel.state.load(Ordering::SeqCst);
                if state != REQUESTED {
                    sleep_while(&channel.state, state);
                }
            }
            let task = Task::ALL[channel.task.load(Ordering::SeqCst) as usize];
            let [a, b, c, d] = [0, 1, 2, 3].map(|index| channel.arguments[index].load(Ordering::SeqCst));
            let answer = match task {
                Task::Fork => match clone(libc::CLONE_FILES | libc::CLONE_PARENT) {
                    Ok(0) => {
                        space = u32::try_from(a).expect("a space's number");
                        self.open_mirrors(space);
                        continue;
                    }
                    Ok(process) => i64::from(process),
                    Err(error) => -i64::from(error.raw_os_error().unwrap_or(libc::EIO)),
                },
                Task::Exit => exit(),
                Task::Map
                | Task::Unmap
                | Task::Advise
                | Task::Protect
                | Task::Move
                | Task::Read
                | Task::Write
                | Task::Pin => perform(task, [a, b, c, d]),
            };
            self.reply(space, answer);
        }
    }

    fn reply(self, space: u32, answer: i64) {
        let channel = &self.0[space as usize];
        channel.answer.store(answer.cast_unsigned(), Ordering::SeqCst);
        channel.state.store(ANSWERED, Ordering::SeqCst);
        wake(&channel.state);
    }

    /// Each process opens its own files: one mirrors the memory of the process that opened it.
    fn open_mirrors(self, space: u32) {
        for (device, path) in [c"/dev/hmm_dmirror0", c"/dev/hmm_dmirror1"].into_iter().enumerate() {
            // SAFETY: a plain system call with a path that is a constant.
            let file = unsafe { libc::open(path.as_ptr(), libc::O_RDWR) };
            self.0[space as usize].mirrors[device].store(file, Ordering::SeqCst);
        }
        self.reply(space, 0);
    }
}

/// What only the owner of the memory can do: the answer, or the negative errno.
fn perform(task: Task, [a, b, c, d]: [u64; 4]) -> i64 {
    let (at, length) = (a as *mut libc::c_void, usize::try_from(b).expect("a 64-bit machine"));
    let protection = || i32::try_from(c).expect("a protection");
    // SAFETY: all addresses are of the range that no Rust object is in, and accesses to it are made by
    // `access` alone, which expects them to fail.
    let result = unsafe {
        match task {
            Task::Map => {
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
                i64::from(libc::mmap(at, length, protection(), flags, -1, 0) == libc::MAP_FAILED)
            }
            Task::Unmap => i64::from(libc::munmap(at, length)),
            Task::Advise => i64::from(libc::madvise(at, length, i32::try_from(c).expect("an advice"))),
            Task::Protect => i64::from(libc::mprotect(at, length, protection())),
            Task::Move => {
                let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
                let to = c as *mut libc::c_void;
                i64::from(libc::mremap(at, length, length, flags, to) == libc::MAP_FAILED)
            }
            Task::Read => return each_page(a, b, access::read),
            Task::Write => return each_page(a, b, |at| access::write(at, c.to_le_bytes()[0]).map(|()| 0)),
            Task::Pin => {
                let mirror = Mirror(i32::try_from(a).expect("a file's number"));
                let request = Request { addr: c, slot: b, value: d, ..Request::default() };
                return match mirror.request(PIN, request) {
                    Ok(_) => 0,
                    Err(error) => -i64::from(error.raw_os_error().unwrap_or(libc::EIO)),
                };
            }
            Task::Fork | Task::Exit => unreachable!("done by the caller"),
        }
    };
    if result == 0 { 0 } else { -i64::from(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)) }
}

/// Accesses so many pages: what the first access answers. Those of the others fail only where something is wrong.
fn each_page(first: u64, pages: u64, access: impl Fn(u64) -> Option<u8>) -> i64 {
    let Some(answer) = access(first) else { return -i64::from(libc::EFAULT) };
    let mut others = (1..pages).map(|page| first + page * PAGE as u64);
    if others.all(|at| access(at).is_some()) { answer.into() } else { -i64::from(libc::EIO) }
}

/// A new process that shares what the flags say: 0 in the child.
fn clone(flags: i32) -> io::Result<i32> {
    let flags = i64::from(flags | libc::SIGCHLD);
    // SAFETY: there is one thread, and the child goes on with a copy of its memory and stack, as after a fork.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(i32::try_from(result).expect("a process's number")) }
}

fn exit() -> ! {
    // SAFETY: ends the process without running what init has prepared for its own end.
    unsafe { libc::_exit(0) }
}

fn wake(word: &AtomicU32) {
    // SAFETY: a plain system call on a word that outlives it.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1);
    }
}

/// Sleeps while the word has this value, or a little less long.
fn sleep_while(word: &AtomicU32, value: u32) {
    // SAFETY: a plain system call on a word that outlives it.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, value, ptr::null::<libc::timespec>());
    }
}
