//! How text is dressed up; where the output is no terminal, the printer strips it.

use anstyle::{AnsiColor, Style};

/// Something that went wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Something that went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something to look at first.
pub const STRONG: Style = Style::new().bold();
/// Something beside the point.
pub const FAINT: Style = Style::new().dimmed();
