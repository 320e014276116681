//! How a receiver misbehaves now and then, by the dice.

use rand::{RngExt, rngs::StdRng};

/// What goes wrong once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Refuses,
    BreaksBefore,
    BreaksAfter,
    CutBefore,
    CutAfter,
}

impl Fault {
    /// One of four requests meets one.
    pub(super) fn thrown(dice: &mut StdRng) -> Option<Self> {
        match dice.random_range(0..100) {
            0..10 => Some(Self::Refuses),
            10..16 => Some(Self::BreaksBefore),
            16..22 => Some(Self::BreaksAfter),
            22..25 => Some(Self::CutBefore),
            25..28 => Some(Self::CutAfter),
            _ => None,
        }
    }

    /// Whether the receiver does what it was asked to nevertheless.
    pub(super) fn is_after(self) -> bool {
        matches!(self, Self::BreaksAfter | Self::CutAfter)
    }
}
