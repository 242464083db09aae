//! Outcomes: what an operation answers, an effect or an errno.

use core::fmt;

use crate::operand::Stamp;

/// Why an operation was refused; named and meant as in Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Errno {
    /// The space is dead.
    ESRCH,
    /// The slot is in use, or the child's space is alive.
    EBUSY,
    /// The slot is empty; for `hold`, the place is a hole.
    ENOENT,
    /// Locked, or in the middle of a migration: would block.
    EAGAIN,
    /// Wrong shape or phase.
    EINVAL,
    /// Unmapped, or access not allowed.
    EFAULT,
    /// A device's write to a read-only mapping.
    EPERM,
    /// Something is mapped there already.
    EEXIST,
    /// No frame; for `discard` and `protect`, a place that is not mapped.
    ENOMEM,
}

impl Errno {
    /// All of them.
    pub const ALL: [Errno; 9] = [
        Errno::ESRCH,
        Errno::EBUSY,
        Errno::ENOENT,
        Errno::EAGAIN,
        Errno::EINVAL,
        Errno::EFAULT,
        Errno::EPERM,
        Errno::EEXIST,
        Errno::ENOMEM,
    ];

    /// The name in a trace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Errno::ESRCH => "ESRCH",
            Errno::EBUSY => "EBUSY",
            Errno::ENOENT => "ENOENT",
            Errno::EAGAIN => "EAGAIN",
            Errno::EINVAL => "EINVAL",
            Errno::EFAULT => "EFAULT",
            Errno::EPERM => "EPERM",
            Errno::EEXIST => "EEXIST",
            Errno::ENOMEM => "ENOMEM",
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a successful operation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Effect {
    /// Only that it is done.
    Nothing,
    /// How many pages or places it was about.
    Pages(u32),
    /// The same, and how many pages ended.
    PagesFreed {
        /// Places or pages.
        pages: u32,
        /// Pages that lost their last map, pin, hold and transaction in this step.
        freed: u32,
    },
    /// How many pages ended.
    Freed(u32),
    /// The stamp that was read.
    Value(Stamp),
}

impl Effect {
    /// Which parts it has.
    #[inline]
    #[must_use]
    pub const fn shape(self) -> EffectShape {
        match self {
            Effect::Nothing => EffectShape::Nothing,
            Effect::Pages(_) => EffectShape::Pages,
            Effect::PagesFreed { .. } => EffectShape::PagesFreed,
            Effect::Freed(_) => EffectShape::Freed,
            Effect::Value(_) => EffectShape::Value,
        }
    }
}

/// Which parts the effect of an operation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectShape {
    /// `ok`
    Nothing,
    /// `ok pages=2`
    Pages,
    /// `ok pages=2 freed=1`
    PagesFreed,
    /// `ok freed=1`
    Freed,
    /// `ok value=#2a`
    Value,
}

impl EffectShape {
    /// The keys that stand behind `ok`.
    #[must_use]
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            EffectShape::Nothing => &[],
            EffectShape::Pages => &["pages"],
            EffectShape::PagesFreed => &["pages", "freed"],
            EffectShape::Freed => &["freed"],
            EffectShape::Value => &["value"],
        }
    }
}

/// The answer of one operation.
///
/// ```
/// use stalemap_operations::{Effect, Errno, Kind, Outcome};
///
/// let done = Outcome::Done(Effect::PagesFreed { pages: 2, freed: 1 });
/// assert_eq!(done.to_string(), "ok pages=2 freed=1");
/// let refused = Outcome::Refused(Errno::EAGAIN);
/// assert_eq!(refused.to_string(), "EAGAIN");
/// assert!(Kind::Unmap.row().refusals.contains(&Errno::EAGAIN));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Outcome {
    /// It was done, with this effect.
    Done(Effect),
    /// It was refused. Nothing changed, unless the operation's rule is otherwise.
    Refused(Errno),
    /// The subject used up its fuel in a loop or a walk that should have ended. Never a right answer.
    Stuck,
}

impl Outcome {
    /// How many classes there are: done, each errno, stuck.
    pub const CLASSES: usize = 2 + Errno::ALL.len();

    /// 0 for done, then the errnos in their order, then stuck.
    #[inline]
    #[must_use]
    pub const fn class(self) -> usize {
        match self {
            Outcome::Done(_) => 0,
            Outcome::Refused(errno) => 1 + errno as usize,
            Outcome::Stuck => Self::CLASSES - 1,
        }
    }

    /// The name of a class.
    #[must_use]
    pub fn class_name(class: usize) -> &'static str {
        match class {
            0 => "ok",
            _ => Errno::ALL.get(class - 1).map_or("stuck", |errno| errno.name()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Refused(errno) => write!(f, "{errno}"),
            Outcome::Stuck => f.write_str("stuck"),
            Outcome::Done(effect) => {
                f.write_str("ok")?;
                match effect {
                    Effect::Nothing => Ok(()),
                    Effect::Pages(pages) => write!(f, " pages={pages}"),
                    Effect::PagesFreed { pages, freed } => write!(f, " pages={pages} freed={freed}"),
                    Effect::Freed(freed) => write!(f, " freed={freed}"),
                    Effect::Value(stamp) => write!(f, " value={stamp}"),
                }
            }
        }
    }
}

impl From<Effect> for Outcome {
    fn from(effect: Effect) -> Self {
        Outcome::Done(effect)
    }
}

impl From<Result<Effect, Errno>> for Outcome {
    fn from(result: Result<Effect, Errno>) -> Self {
        match result {
            Ok(effect) => Outcome::Done(effect),
            Err(errno) => Outcome::Refused(errno),
        }
    }
}
