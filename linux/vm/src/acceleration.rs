//! Whether this machine can run the guest in hardware, or must emulate it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::virtual_machine::QEMU;

/// How a guest's instructions are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceleration {
    /// By the processor.
    Hardware,
    /// By QEMU's emulator.
    Emulated,
}

/// How long a machine may take for its self-test.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Acceleration {
    /// The options of QEMU.
    #[must_use]
    pub(crate) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Acceleration::Hardware => &["-accel", "kvm", "-cpu", "host"],
            // One thread and a large cache of translated code: a guest is one processor with few pages.
            Acceleration::Emulated => &["-accel", "tcg,thread=single,tb-size=64", "-cpu", "max"],
        }
    }

    /// Finds out by booting: `/dev/kvm` may exist and still not run a kernel. The answer is kept beside the image.
    #[must_use]
    pub fn probe(image: &Path) -> Acceleration {
        let note = image.with_file_name("acceleration");
        match std::fs::read_to_string(&note).as_deref() {
            Ok("hardware\n") if Path::new("/dev/kvm").exists() => return Acceleration::Hardware,
            Ok("emulated\n") => return Acceleration::Emulated,
            Ok(_) | Err(_) => {}
        }
        let found = if Path::new("/dev/kvm").exists() && runs_in_hardware(image) {
            Acceleration::Hardware
        } else {
            Acceleration::Emulated
        };
        // Without the note it is found out again next time.
        let _ = std::fs::write(note, if found == Acceleration::Hardware { "hardware\n" } else { "emulated\n" });
        found
    }
}

/// Boots the kernel without a file system, which ends in a panic and so in the end of QEMU, if it runs at all.
fn runs_in_hardware(image: &Path) -> bool {
    let Ok(console) = tempfile::NamedTempFile::new() else { return false };
    let mut command = Command::new(QEMU);
    command.args(Acceleration::Hardware.arguments());
    command.args(["-M", "microvm,acpi=off", "-m", "128", "-no-user-config", "-nodefaults", "-display", "none"]);
    command.args(["-no-reboot", "-append", "console=ttyS0 panic=-1 reboot=t"]).arg("-kernel").arg(image);
    command.arg("-serial").arg(format!("file:{}", console.path().display()));
    let Ok(mut child) = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        return false;
    };
    let start = Instant::now();
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if start.elapsed() < TIMEOUT => thread::sleep(Duration::from_millis(50)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                break false;
            }
        }
    };
    ended && std::fs::read_to_string(console.path()).is_ok_and(|text| text.contains("Kernel panic"))
}
