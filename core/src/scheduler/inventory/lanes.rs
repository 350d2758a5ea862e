//! Amounts narrowed to 32 bits each, for blocks and their maxima.

use crate::scheduler::amount::Amount;
use crate::units::MIB;

/// Millicores, MiB rounded down, pods; −1 for less than nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lanes {
    pub(super) cpu: i32,
    pub(super) memory: i32,
    pub(super) pods: i32,
}

const NOTHING: Lanes = Lanes {
    cpu: -1,
    memory: -1,
    pods: -1,
};

#[inline]
fn narrow(value: i64) -> i32 {
    i32::try_from(value.max(-1)).unwrap_or(i32::MAX)
}

impl Lanes {
    /// Less than everything.
    pub(super) const NOTHING: Lanes = NOTHING;

    /// The lanes of an amount.
    #[inline]
    pub(super) fn of(amount: Amount) -> Lanes {
        Lanes {
            cpu: narrow(amount.cpu),
            memory: narrow(amount.memory >> MIB.trailing_zeros()),
            pods: narrow(amount.pods),
        }
    }

    /// Whether each lane holds at least what is asked. Where memory is asked in whole MiB this is exact,
    /// else it is necessary.
    #[inline]
    pub(super) fn hold(self, ask: Lanes) -> bool {
        (self.cpu >= ask.cpu) & (self.memory >= ask.memory) & (self.pods >= ask.pods)
    }

    /// The greater of each.
    #[inline]
    pub(super) fn max(self, other: Lanes) -> Lanes {
        Lanes {
            cpu: self.cpu.max(other.cpu),
            memory: self.memory.max(other.memory),
            pods: self.pods.max(other.pods),
        }
    }

    /// Whether any lane equals that of `most`.
    #[inline]
    pub(super) fn touches(self, most: Lanes) -> bool {
        (self.cpu == most.cpu) | (self.memory == most.memory) | (self.pods == most.pods)
    }
}
