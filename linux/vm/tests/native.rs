//! A kernel as a process, seen from outside: what it shows is recorded, and it may stop, hang or lose its health.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use stalemap_linux::{Ending, Lost, NativeBoot, Ran, Recording, Runner as _, RunningKernel, Stopped};
use stalemap_operations::{Kind, Machine, Operation, Program};

const OUT: u64 = 4_096 + (1 << 20);
const LAYOUT: u32 = 3;

/// What stands in for a kernel: a script that is started in its place, and a thread that talks as its agent does.
struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    /// The script tells the thread where the shared folder is, and runs this.
    fn new(then: &str) -> Fake {
        let folder = tempfile::tempdir().expect("a folder");
        let (script, told) = (folder.path().join("linux"), folder.path().join("told"));
        let text = format!(
            "#!/bin/sh\nfor word; do case $word in stalemap_folder=*) echo \"${{word#*=}}\" > {0}.new; mv {0}.new {0};; \
             esac; done\n{then}\n",
            told.display()
        );
        fs::write(&script, text).expect("a script");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it may be run");
        Fake { folder }
    }

    fn boot(&self) -> NativeBoot {
        NativeBoot { image: self.folder.path().join("linux"), memory: 64, slowness: 1, bits: 0 }
    }

    /// Starts the kernel; the agent comes up and then does this with each batch.
    fn start(
        &self,
        layout: u32,
        agent: impl FnMut(&mut Agent) + Send + 'static,
    ) -> anyhow::Result<Box<dyn RunningKernel>> {
        let told = self.folder.path().join("told");
        thread::spawn(move || Agent::live(&told, layout, agent));
        self.boot().start()
    }
}

struct Agent {
    stream: UnixStream,
    memory: File,
    written: u32,
}

impl Agent {
    fn live(told: &Path, layout: u32, mut act: impl FnMut(&mut Agent)) {
        let folder = loop {
            match fs::read_to_string(told) {
                Ok(folder) => break PathBuf::from(folder.trim()),
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        let memory =
            OpenOptions::new().read(true).write(true).open(folder.join("memory")).expect("the memory is there");
        let stream = UnixStream::connect(folder.join("socket")).expect("the other side listens");
        let mut agent = Agent { stream, memory, written: 0 };
        agent.set(0, layout);
        agent.memory.write_all_at(b"6.12.0\0", 16).expect("room");
        agent.done();
        while agent.stream.read(&mut [0]).is_ok_and(|length| length == 1) {
            agent.written = 0;
            agent.set(12, 0);
            act(&mut agent);
        }
    }

    fn set(&self, at: u64, word: u32) {
        self.memory.write_all_at(&word.to_le_bytes(), at).expect("room");
    }

    fn programs(&self) -> u32 {
        let mut word = [0; 4];
        self.memory.read_exact_at(&mut word, 4).expect("it is there");
        u32::from_le_bytes(word)
    }

    fn show(&mut self, bytes: &[u8]) {
        self.memory.write_all_at(bytes, OUT + u64::from(self.written)).expect("room");
        self.written += u32::try_from(bytes.len()).expect("few bytes");
        self.set(12, self.written);
    }

    /// A step that is done, in which nothing is seen.
    fn step(&mut self) {
        self.show(&[1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    fn end(&mut self, tainted: u8) {
        self.show(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, tainted, 0, 0, 0]);
    }

    fn done(&mut self) {
        // The other side may be gone.
        let _ = self.stream.write_all(&[0]);
    }
}

fn programs(count: usize) -> Vec<Program> {
    let evict = Kind::by_word("evict").and_then(|kind| Operation::new(kind, &[0], &Machine::DEFAULT));
    vec![Program::new(Machine::DEFAULT, evict); count]
}

fn steps(recordings: &[Recording]) -> Vec<usize> {
    recordings.iter().map(|recording| recording.steps.len()).collect()
}

const WAITS: &str = "exec sleep 60";

#[test]
fn what_is_shown_of_each_program_is_recorded() {
    let fake = Fake::new(WAITS);
    let mut kernel = fake
        .start(LAYOUT, |agent| {
            for _ in 0..agent.programs() {
                agent.step();
                agent.end(0);
            }
            agent.done();
        })
        .expect("it comes up");
    assert_eq!(kernel.release(), "6.12.0");
    for count in [1, 3] {
        let Ran { done, stopped } = kernel.run(&programs(count)).expect("it means something");
        assert_eq!(steps(&done), vec![1; count]);
        assert_eq!(done[0].steps[0].number, 7);
        assert!(stopped.is_none(), "{stopped:?}");
    }
}

#[test]
fn a_kernel_that_ends_is_lost_in_the_step_after_the_last_with_the_line_that_tells_why() {
    let fake = Fake::new("sleep 0.7; echo 'BUG: x' >&2; exit 1");
    let mut kernel = fake
        .start(LAYOUT, |agent| {
            agent.step();
            agent.end(0);
            agent.step();
            agent.stream.shutdown(std::net::Shutdown::Both).expect("it is open");
        })
        .expect("it comes up");
    let Ran { done, stopped } = kernel.run(&programs(2)).expect("it means something");
    assert_eq!(steps(&done), [1]);
    let Some(Stopped::Lost(Recording { steps, ending })) = stopped else { panic!("{stopped:?}") };
    assert_eq!(steps.len(), 1);
    assert_eq!(ending, Ending::Lost(Lost::Crash("BUG: x".to_string())));
}

#[test]
fn a_kernel_that_works_and_shows_nothing_hangs() {
    let fake = Fake::new("while :; do :; done");
    let mut kernel = fake.start(LAYOUT, |agent| agent.step()).expect("it comes up");
    let Ran { done, stopped } = kernel.run(&programs(1)).expect("it means something");
    assert!(done.is_empty());
    assert!(
        matches!(&stopped, Some(Stopped::Lost(Recording { steps, ending: Ending::Lost(Lost::Hang) })) if steps.len() == 1),
        "{stopped:?}"
    );
}

#[test]
fn a_kernel_that_sleeps_and_shows_nothing_hangs_long_before_the_limit_by_the_clock() {
    let fake = Fake::new(WAITS);
    let mut kernel = fake.start(LAYOUT, |_| {}).expect("it comes up");
    let Ran { stopped, .. } = kernel.run(&programs(1)).expect("it means something");
    assert!(matches!(&stopped, Some(Stopped::Lost(Recording { ending: Ending::Lost(Lost::Hang), .. }))), "{stopped:?}");
}

#[test]
fn behind_a_program_that_leaves_the_kernel_ill_another_kernel_goes_on() {
    let fake = Fake::new(WAITS);
    let mut kernel = fake
        .start(LAYOUT, |agent| {
            agent.step();
            agent.end(4);
            agent.done();
        })
        .expect("it comes up");
    let Ran { done, stopped } = kernel.run(&programs(2)).expect("it means something");
    assert_eq!(done.len(), 1);
    assert!(matches!(stopped, Some(Stopped::Ill)), "{stopped:?}");
}

#[test]
fn what_cannot_be_a_kernel_is_an_error_that_says_why() {
    let missing = NativeBoot { image: "/no/kernel".into(), memory: 64, slowness: 1, bits: 0 };
    let says = |error: &anyhow::Error, words: &str| assert!(format!("{error:#}").contains(words), "{error:#}");
    let error = missing.start().map(|_| ()).expect_err("there is none");
    says(&error, "the kernel does not come up");
    let error = Fake::new("echo 'stalemap: no agent' >&2; exit 3").boot().start().map(|_| ()).expect_err("it ends");
    says(&error, "stalemap: no agent");
    says(&error, "exit status: 3");
    let old = Fake::new(WAITS).start(LAYOUT + 1, |_| ()).map(|_| ()).expect_err("another layout");
    says(&old, "built by another version");
}

#[test]
fn output_that_means_nothing_is_an_error() {
    let fake = Fake::new(WAITS);
    let mut kernel = fake
        .start(LAYOUT, |agent| {
            agent.show(&[9]);
            agent.done();
        })
        .expect("it comes up");
    let error = kernel.run(&programs(1)).map(|_| ()).expect_err("no tag is 9");
    assert!(error.to_string().contains("means nothing"), "{error:#}");
}
