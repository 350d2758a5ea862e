//! Keys of the ordered index: the order that a score gives, then the ordinal.

use std::fmt::Debug;

/// An order and a node in one integer.
pub(super) trait Key: Copy + Ord + Default + Debug {
    /// The key of a node.
    fn compose(order: u128, node: u32) -> Self;
    /// The order.
    fn order(self) -> u128;
    /// The node.
    fn node(self) -> u32;
}

/// For scores whose order is below 2^32: all but `best_fit`.
impl Key for u64 {
    fn compose(order: u128, node: u32) -> u64 {
        let order = u32::try_from(order).unwrap_or(u32::MAX);
        (u64::from(order) << 32) | u64::from(node)
    }

    fn order(self) -> u128 {
        u128::from(self >> 32)
    }

    fn node(self) -> u32 {
        (self & 0xffff_ffff) as u32
    }
}

/// For scores whose order is below 2^96.
impl Key for u128 {
    fn compose(order: u128, node: u32) -> u128 {
        (order << 32) | u128::from(node)
    }

    fn order(self) -> u128 {
        self >> 32
    }

    fn node(self) -> u32 {
        (self & 0xffff_ffff) as u32
    }
}
