//! What a divergence says, whatever the operation after which it shows, and which of two statements names a fault.

use std::borrow::Cow;

use stalemap_operations::{EffectShape, Kind};

use crate::divergence::Divergence;
use crate::lockstep::Compare;
use crate::minimise::Goal;
use crate::mismatch::Sense;
use crate::oracle;

/// What a divergence says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    oracle: &'static str,
    fact: Cow<'static, str>,
    sense: Sense,
}

impl Statement {
    pub(super) fn of(divergence: &Divergence) -> Statement {
        let mismatch = &divergence.mismatch;
        Statement { oracle: mismatch.oracle, fact: mismatch.fact.clone(), sense: mismatch.sense }
    }

    /// Says the same.
    pub(super) fn goal(self) -> Goal {
        Goal { compare: Compare::Everything, same: Box::new(move |divergence| Statement::of(divergence) == self) }
    }

    /// Whether two statements are of one fact in different senses, which one fault does not show.
    pub(super) fn contradicts(&self, other: &Statement) -> bool {
        (self.oracle, &self.fact) == (other.oracle, &other.fact) && self.sense != other.sense
    }

    /// Whether two statements of one oracle differ in the fact at the most.
    pub(super) fn agrees_with(&self, other: &Statement) -> bool {
        (self.oracle, self.sense) == (other.oracle, other.sense)
    }

    /// Whether one oracle makes both statements.
    pub(super) fn is_of_oracle_of(&self, other: &Statement) -> bool {
        self.oracle == other.oracle
    }

    /// Whether it is of a kind that a finding of the other statement may be named by: a recount and a panic are named by
    /// what the two sides show, and not the other way round.
    pub(super) fn may_name(&self, other: &Statement) -> bool {
        self.oracle == other.oracle || oracle::is_of_a_step(self.oracle)
    }
}

/// The order in which statements name a fault, the lowest first: an answer that is refused says least; then the kind of
/// the last operation counts, then the order of the oracles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Whether it is a refusal on one side only.
    pub(super) is_errno: bool,
    kind: Option<KindRank>,
    oracle: Option<usize>,
    fact: Cow<'static, str>,
}

impl Rank {
    pub(super) fn of(divergence: &Divergence) -> Rank {
        let mismatch = &divergence.mismatch;
        Rank {
            is_errno: mismatch.fact == "errno",
            kind: divergence.operation.map(|operation| KindRank::of(operation.kind())),
            oracle: oracle::ORACLE_NAMES.iter().position(|&name| name == mismatch.oracle),
            fact: mismatch.fact.clone(),
        }
    }
}

/// The order of the kinds as last operations: that of the table, where of the kinds that move pages and do the same the
/// one with the fewest operands comes first, since it says the least of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KindRank {
    class: Kind,
    fields: usize,
    kind: Kind,
}

impl KindRank {
    pub(super) fn of(kind: Kind) -> KindRank {
        let row = kind.row();
        let moves_alike = |other: &&Kind| {
            row.effect == EffectShape::Pages && (other.row().act, other.row().effect) == (row.act, row.effect)
        };
        let class = Kind::ALL.iter().find(moves_alike).copied().unwrap_or(kind);
        KindRank { class, fields: row.fields.len(), kind }
    }
}
