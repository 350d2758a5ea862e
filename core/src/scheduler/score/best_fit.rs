//! The node that is left tightest: least sum over cpu, memory, pods of (free − request) / allocatable.

use super::{Ratio, Shape};
use crate::scheduler::amount::Amount;

pub(super) fn shape(allocatable: Amount) -> Shape {
    Shape::of_all(allocatable)
}

/// Within a shape the request lowers every sum alike.
pub(super) fn order(shape: &Shape, free: Amount) -> u128 {
    shape.weigh(free)
}

pub(super) fn cost(shape: &Shape, order: u128, ask: Amount) -> Ratio {
    Ratio {
        num: order.saturating_sub(shape.weigh(ask)),
        den: shape.whole,
    }
}
