//! The second process of `check-determinism`: this program again, which prints a digest for each item.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::interrupt::{Interrupted, interrupted};

/// Digests that may lie ready before the other process waits.
const READY: usize = 256;

/// How often it is seen whether the user has interrupted.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// This program, run again with the same items. It ends when this is dropped.
pub(super) struct SecondProcess {
    child: Child,
    digests: Receiver<String>,
    /// Reads what it complains of, which is told where it fails.
    complaints: Option<JoinHandle<String>>,
}

impl SecondProcess {
    /// Starts the program with these words.
    pub(super) fn start(words: &[OsString]) -> Result<SecondProcess> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        command.args(words).arg("--digests").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start a second process")?;
        let (sender, digests) = sync_channel(READY);
        let stdout = child.stdout.take().expect("it is piped");
        thread::spawn(move || {
            for digest in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(digest).is_err() {
                    break;
                }
            }
        });
        let stderr = child.stderr.take().expect("it is piped");
        let complaints = thread::spawn(move || {
            let mut text = Vec::new();
            // It may stop in the middle, where this process ends it.
            let _ = BufReader::new(stderr).read_to_end(&mut text);
            String::from_utf8_lossy(&text).trim_end().to_string()
        });
        Ok(SecondProcess { child, digests, complaints: Some(complaints) })
    }

    /// The digest of the next item.
    ///
    /// # Errors
    /// When the process has ended, or the user interrupts.
    pub(super) fn next(&mut self) -> Result<String> {
        loop {
            match self.digests.recv_timeout(BETWEEN_LOOKS) {
                Ok(digest) => return Ok(digest),
                Err(_) if interrupted() => return Err(Interrupted.into()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the second process ended early, {}", self.how_it_ended()?)
                }
            }
        }
    }

    /// Waits for its end, which comes behind the last item.
    ///
    /// # Errors
    /// When it prints more digests than there are items.
    pub(super) fn end(&mut self) -> Result<()> {
        if let Ok(digest) = self.digests.recv() {
            bail!("the second process has more digests than there are traces: {digest}");
        }
        Ok(())
    }

    fn how_it_ended(&mut self) -> Result<String> {
        let status = self.child.wait()?;
        let complaints = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        Ok(format!("with {status}\n{complaints}"))
    }
}

impl Drop for SecondProcess {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
