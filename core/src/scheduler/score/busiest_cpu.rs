//! The node with the highest share of allocated cpu before placement (S0-07).
//!
//! The highest allocated share is the least free share.

use super::{Ratio, Shape};
use crate::scheduler::amount::Amount;

pub(super) fn shape(allocatable: Amount) -> Shape {
    Shape::of_cpu(allocatable)
}

pub(super) fn order(shape: &Shape, free: Amount) -> u128 {
    shape.weigh(free)
}

pub(super) fn cost(shape: &Shape, order: u128) -> Ratio {
    Ratio {
        num: order,
        den: shape.whole,
    }
}

/// Shown is the allocated share.
pub(super) fn shown(cost: Ratio) -> u64 {
    Ratio {
        num: cost.den.saturating_sub(cost.num),
        den: cost.den,
    }
    .ppm()
}
