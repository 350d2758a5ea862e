//! The node with the least share of allocated cpu before placement.

use super::{Ratio, Shape};
use crate::scheduler::amount::Amount;

pub(super) fn shape(allocatable: Amount) -> Shape {
    Shape::of_cpu(allocatable)
}

/// Allocated cpu.
pub(super) fn order(shape: &Shape, free: Amount) -> u128 {
    shape.whole.saturating_sub(shape.weigh(free))
}

pub(super) fn cost(shape: &Shape, order: u128) -> Ratio {
    Ratio {
        num: order,
        den: shape.whole,
    }
}
