//! Subjects in a process of their own: what ends or stops that process is a finding, and the campaign goes on.
//!
//! [`Isolated`] builds subjects that live in a worker, a process that is started by a command and calls [`serve`]. A whole
//! program is sent at once. The worker writes what each operation answers and shows into a file in memory that both know,
//! so that the operation is known at which it crashed or hung.

#[cfg(unix)]
mod build;
#[cfg(unix)]
mod death;
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
