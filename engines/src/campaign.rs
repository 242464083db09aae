//! A campaign of whichever engine: its start, and what is kept of it.

use crate::error::EngineError;
use crate::order::{Engine, Order};
use crate::running::Running;
use crate::{afl, libfuzzer};

impl Order<'_> {
    /// Builds the target and starts the engine; `None` if the control interrupts the build.
    ///
    /// # Errors
    /// When a tool cannot be installed or fails, or a process cannot be started.
    pub fn start(&self) -> Result<Option<Running>, EngineError> {
        match self.engine {
            Engine::Libfuzzer => libfuzzer::start(self),
            Engine::Afl => afl::start(self),
        }
    }

    /// Adds to the corpus what the engine has kept elsewhere. Call it when the engine is over.
    ///
    /// # Errors
    /// When a kept input cannot be read or written.
    pub fn gather(&self) -> Result<(), EngineError> {
        match self.engine {
            // It writes into the corpus itself.
            Engine::Libfuzzer => Ok(()),
            Engine::Afl => afl::gather(self),
        }
    }
}
