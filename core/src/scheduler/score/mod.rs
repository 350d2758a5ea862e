//! Scores: which of the nodes that fit wins. One file each.
//!
//! A score orders nodes of one [`Shape`] by an integer, which the index is sorted by, and turns that
//! integer into an exact fraction, which is compared across shapes. Less is better in both.

mod best_fit;
mod busiest_cpu;
mod first_fit;
mod ratio;
mod shape;
mod spread;

pub(super) use ratio::Ratio;
pub(super) use shape::Shape;

use super::amount::Amount;
use crate::explain::ScoreKind;

/// How a node compares with others: the lesser wins, the ordinal breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    /// The fraction that the policy compares.
    pub(super) cost: Ratio,
    /// Ordinal of the node.
    pub(super) node: u32,
}

/// What of a node's size matters.
pub(super) fn shape(kind: ScoreKind, allocatable: Amount) -> Shape {
    match kind {
        ScoreKind::BusiestCpu => busiest_cpu::shape(allocatable),
        ScoreKind::BestFit => best_fit::shape(allocatable),
        ScoreKind::FirstFit => first_fit::shape(),
        ScoreKind::Spread => spread::shape(allocatable),
    }
}

/// The integer that orders nodes of one shape.
#[inline]
pub(super) fn order(kind: ScoreKind, shape: &Shape, free: Amount) -> u128 {
    match kind {
        ScoreKind::BusiestCpu => busiest_cpu::order(shape, free),
        ScoreKind::BestFit => best_fit::order(shape, free),
        ScoreKind::FirstFit => 0,
        ScoreKind::Spread => spread::order(shape, free),
    }
}

/// The least order that a node which fits can have.
#[inline]
pub(super) fn least_order(kind: ScoreKind, shape: &Shape, ask: Amount) -> u128 {
    match kind {
        ScoreKind::BusiestCpu => busiest_cpu::order(shape, ask),
        ScoreKind::BestFit => best_fit::order(shape, ask),
        ScoreKind::FirstFit | ScoreKind::Spread => 0,
    }
}

/// The fraction that is compared across shapes.
#[inline]
pub(super) fn cost(kind: ScoreKind, shape: &Shape, order: u128, ask: Amount) -> Ratio {
    match kind {
        ScoreKind::BusiestCpu => busiest_cpu::cost(shape, order),
        ScoreKind::BestFit => best_fit::cost(shape, order, ask),
        ScoreKind::FirstFit => first_fit::cost(),
        ScoreKind::Spread => spread::cost(shape, order),
    }
}

/// The score as it is shown, ppm.
#[inline]
pub(super) fn shown(kind: ScoreKind, cost: Ratio) -> u64 {
    match kind {
        ScoreKind::BusiestCpu => busiest_cpu::shown(cost),
        ScoreKind::BestFit | ScoreKind::FirstFit | ScoreKind::Spread => cost.ppm(),
    }
}
