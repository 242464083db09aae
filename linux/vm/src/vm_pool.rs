//! The pool of guests: runs programs in a guest, starts another one after a crash or a hang, and finds the culprit step.

use std::collections::BTreeMap;

use anyhow::Result;
use stalemap_guest::{Batch, End, FromGuest, Shown};
use stalemap_operations::Program;

use crate::virtual_machine::{Boot, Lost, VirtualMachine};

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All steps were done.
    Ended(End),
    /// The guest was lost in the step after the last that was shown.
    Lost(Lost),
}

/// What a program came to: what each step showed, and the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// What the steps showed.
    pub steps: Vec<Shown>,
    /// How it ended.
    pub ending: Ending,
}

/// A program as it is sent: the bytes of its records.
type ProgramBytes = Vec<u8>;

/// A guest, replaced whenever it is lost, and what it has shown ahead of time.
pub struct VmPool {
    boot: Boot,
    machine: Option<VirtualMachine>,
    ahead: BTreeMap<ProgramBytes, Recording>,
    /// The last program that was replayed: a driver replays it again to find a step.
    last: Option<(ProgramBytes, Recording)>,
    starts: u64,
    unrepeated: u64,
    /// What the console of the guest showed that was lost last.
    console: String,
}

impl VmPool {
    /// A pool whose guests are booted like this; none is yet.
    #[must_use]
    pub fn new(boot: Boot) -> VmPool {
        VmPool {
            boot,
            machine: None,
            ahead: BTreeMap::new(),
            last: None,
            starts: 0,
            unrepeated: 0,
            console: String::new(),
        }
    }

    /// Guests that were booted so far.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.starts
    }

    /// Programs in which a guest was lost in a batch, and not when they were run alone.
    #[must_use]
    pub fn unrepeated(&self) -> u64 {
        self.unrepeated
    }

    /// Runs many programs at once, to be replayed later.
    ///
    /// # Errors
    /// When no guest can be started.
    pub fn run_ahead<'a>(&mut self, programs: impl IntoIterator<Item = &'a Program>) -> Result<()> {
        let programs = programs.into_iter().filter_map(Program::to_bytes);
        let programs: Vec<ProgramBytes> = programs.filter(|program| !self.ahead.contains_key(program)).collect();
        for (program, recording) in self.run(programs)? {
            self.ahead.insert(program, recording);
        }
        Ok(())
    }

    /// What one program comes to.
    ///
    /// # Errors
    /// When no guest can be started.
    pub fn replay(&mut self, program: &Program) -> Result<Recording> {
        let program = bytes_of(program)?;
        if let Some((_, recording)) = self.last.as_ref().filter(|(last, _)| *last == program) {
            return Ok(recording.clone());
        }
        let recording = match self.ahead.remove(&program) {
            Some(recording) => recording,
            None => {
                let run = self.run(vec![program.clone()])?.pop();
                run.map(|(_, recording)| recording).ok_or_else(|| anyhow::anyhow!("a program without a recording"))?
            }
        };
        self.last = Some((program, recording.clone()));
        Ok(recording)
    }

    /// Lets a test say what a program comes to.
    #[cfg(test)]
    pub(crate) fn remember(&mut self, program: &Program, recording: Recording) {
        self.ahead.insert(bytes_of(program).expect("a program that has bytes"), recording);
    }

    /// Everything that the console of the guest showed that was lost last.
    #[must_use]
    pub fn last_console(&self) -> &str {
        &self.console
    }

    /// Runs a program alone and afresh.
    ///
    /// # Errors
    /// When no guest can be started.
    pub fn replay_alone(&mut self, program: &Program) -> Result<Recording> {
        let program = bytes_of(program)?;
        self.run_alone(&program)
    }

    /// Runs programs until each has a recording.
    fn run(&mut self, programs: Vec<ProgramBytes>) -> Result<Vec<(ProgramBytes, Recording)>> {
        let mut recordings = Vec::with_capacity(programs.len());
        let mut batch = Batch { eager: programs.len() == 1, programs };
        while !batch.programs.is_empty() {
            let (done, lost) = self.run_batch(&batch)?;
            let rest = batch.programs.split_off(done.len());
            recordings.extend(batch.programs.drain(..).zip(done));
            batch.programs = rest;
            if let Some(lost) = lost {
                let culprit = batch.programs.remove(0);
                let recording = if batch.eager { lost } else { self.run_alone(&culprit)? };
                recordings.push((culprit, recording));
            }
        }
        Ok(recordings)
    }

    /// Runs a program whose guest was lost, each step sent as soon as it is done.
    fn run_alone(&mut self, program: &ProgramBytes) -> Result<Recording> {
        let (mut done, lost) = self.run_batch(&Batch { eager: true, programs: vec![program.clone()] })?;
        self.unrepeated += u64::from(lost.is_none());
        lost.or_else(|| done.pop()).ok_or_else(|| anyhow::anyhow!("a program without a recording"))
    }

    /// Runs programs up to the first in which the guest is lost: the recordings of those before, and of that one as far
    /// as it was sent.
    fn run_batch(&mut self, batch: &Batch) -> Result<(Vec<Recording>, Option<Recording>)> {
        let mut machine = match self.machine.take() {
            Some(machine) => machine,
            None => {
                self.starts += 1;
                VirtualMachine::boot(&self.boot)?
            }
        };
        let mut done = Vec::new();
        let mut steps = Vec::new();
        // What cannot be sent shows when nothing is received.
        let sent = machine.send(batch);
        while done.len() < batch.programs.len() {
            let lost = match machine.receive() {
                Ok(FromGuest::Hello(_)) => anyhow::bail!("the guest has started again by itself"),
                Ok(FromGuest::Shown(shown)) => {
                    steps.push(shown);
                    continue;
                }
                Ok(FromGuest::End(end)) => {
                    let is_ill = end.tainted != 0 || end.leaked != [0, 0];
                    done.push(Recording { steps: std::mem::take(&mut steps), ending: Ending::Ended(end) });
                    if is_ill {
                        // What it does from now on may be the fault of this program.
                        return self.go_on_elsewhere(batch, done);
                    }
                    continue;
                }
                Ok(FromGuest::Hang) => Lost::Hang,
                Err(lost) => lost,
            };
            self.console = machine.console();
            return Ok((done, Some(Recording { steps, ending: Ending::Lost(lost) })));
        }
        sent?;
        self.machine = Some(machine);
        Ok((done, None))
    }

    /// Runs the programs behind those that are done in a new guest.
    fn go_on_elsewhere(
        &mut self,
        batch: &Batch,
        mut done: Vec<Recording>,
    ) -> Result<(Vec<Recording>, Option<Recording>)> {
        let rest = batch.programs[done.len()..].to_vec();
        if rest.is_empty() {
            return Ok((done, None));
        }
        let (others, lost) = self.run_batch(&Batch { eager: batch.eager, programs: rest })?;
        done.extend(others);
        Ok((done, lost))
    }
}

/// The bytes of a program.
fn bytes_of(program: &Program) -> Result<ProgramBytes> {
    program.to_bytes().ok_or_else(|| anyhow::anyhow!("{} has no bytes", program.machine))
}
