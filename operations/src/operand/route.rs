//! Which way pages migrate, as an operand.

use core::fmt;

use super::{Device, Field, FieldValues, Operand};
use crate::machine::Machine;
use crate::text::{Line, ParseError};

/// Which way pages migrate between RAM and a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// From RAM to the device.
    To(Device),
    /// From the device to RAM.
    From(Device),
}

impl Route {
    /// The device at one end of it.
    #[must_use]
    pub const fn device(self) -> Device {
        match self {
            Route::To(device) | Route::From(device) => device,
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Route::To(device) => write!(f, "to {device}"),
            Route::From(device) => write!(f, "from {device}"),
        }
    }
}

impl Operand for Route {
    const FORM: &'static str = "to|from dN";
    const FIELDS: &'static [Field] = &[Field::Direction, Field::Device];
    #[inline]
    fn push(self, values: &mut FieldValues) {
        values.push(matches!(self, Route::From(_)).into());
        values.push(self.device().0);
    }
    #[inline]
    fn from_fields(values: &[u32]) -> Self {
        let device = Device(values[1]);
        if values[0] == 0 { Route::To(device) } else { Route::From(device) }
    }
    /// Reads `to d0` or `from d0`.
    fn read(line: &mut Line<'_>, machine: &Machine, values: &mut FieldValues) -> Result<(), ParseError> {
        let word = line.expect("to or from")?;
        values.push(match word.text {
            "to" => 0,
            "from" => 1,
            _ => return Err(line.unknown(word, "to or from", ["to", "from"])),
        });
        Device::read(line, machine, values)
    }
}
