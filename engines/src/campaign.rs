//! A campaign of whichever engine: its start, and what is kept of it.

use std::fs;

use stalemap_report::input_name;

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

    /// Adds an input that the engine keeps to the corpus, if that is shared and the engine does not write into it itself. An input that is
    /// there is left alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn pass_on(&self, input: &[u8]) -> Result<(), EngineError> {
        match (self.engine, &self.member) {
            (Engine::Afl, Some(_)) => self.add_to_corpus(input),
            (Engine::Afl, None) | (Engine::Libfuzzer, _) => Ok(()),
        }
    }

    pub(crate) fn add_to_corpus(&self, input: &[u8]) -> Result<(), EngineError> {
        let path = self.corpus.join(input_name(input));
        match &self.member {
            Some(member) => member.pass_on(&path, input),
            None => fs::write(&path, input).map_err(EngineError::io("write", &path)),
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
