//! Subjects in a process of their own: what ends or stops that process is a finding, and the campaign goes on.
//!
//! [`Isolated`] builds subjects that live in a worker, a process that is started by a command and calls [`serve`]. A whole
//! program is sent at once. The worker writes what its operations answer and show into a file in memory that both know. A
//! program that crashes it or hangs is run once more in a new worker, which writes after each operation, so that the operation
//! is known. A worker hangs when it has had its time and did not answer; the time in which the machine stalls it is not counted.

#[cfg(unix)]
mod build;
#[cfg(unix)]
mod death;
#[cfg(unix)]
mod patience;
#[cfg(unix)]
mod process;
mod protocol;
#[cfg(unix)]
mod subject;
#[cfg(unix)]
mod worker;

#[cfg(unix)]
pub use build::{Isolated, WorkerCommand};
pub use protocol::IsolationError;
#[cfg(unix)]
pub use subject::InWorker;
#[cfg(unix)]
pub use worker::serve;
