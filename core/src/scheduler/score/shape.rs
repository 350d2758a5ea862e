//! What of a node's size a score looks at.

use crate::scheduler::amount::Amount;

/// Weights that turn what is free into one integer. Nodes of equal shape are ordered by that integer;
/// divided by `whole` it is comparable across shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scheduler) struct Shape {
    /// Weight of a millicore.
    pub(super) cpu: u128,
    /// Weight of a byte.
    pub(super) memory: u128,
    /// Weight of a pod slot.
    pub(super) pods: u128,
    /// Common denominator.
    pub(in crate::scheduler) whole: u128,
}

/// Less than nothing counts as nothing: such a node is never feasible, so its place does not matter.
fn natural(value: i64) -> u128 {
    u128::from(value.max(0).unsigned_abs())
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Shape {
    /// Looks at nothing.
    pub(super) const NONE: Shape = Shape {
        cpu: 0,
        memory: 0,
        pods: 0,
        whole: 1,
    };

    /// Looks at cpu alone.
    pub(super) fn of_cpu(allocatable: Amount) -> Shape {
        Shape {
            cpu: 1,
            whole: natural(allocatable.cpu).max(1),
            ..Shape::NONE
        }
    }

    /// Looks at all resources, each by its share. By the limits of [`Amount`] below 2^92.
    pub(super) fn of_all(allocatable: Amount) -> Shape {
        let sizes = [allocatable.cpu, allocatable.memory, allocatable.pods]
            .map(|size| natural(size).max(1));
        let whole = sizes
            .into_iter()
            .fold(1, |lcm, size| lcm / gcd(lcm, size) * size);
        Shape {
            cpu: whole / sizes[0],
            memory: whole / sizes[1],
            pods: whole / sizes[2],
            whole,
        }
    }

    /// The weighted sum of an amount.
    pub(in crate::scheduler) fn weigh(&self, amount: Amount) -> u128 {
        self.cpu * natural(amount.cpu)
            + self.memory * natural(amount.memory)
            + self.pods * natural(amount.pods)
    }
}
