//! Labels.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether the node has every label of the selector, with its value.
pub(in crate::scheduler) fn passes(
    node: &BTreeMap<Arc<str>, Arc<str>>,
    selector: &BTreeMap<Arc<str>, Arc<str>>,
) -> bool {
    selector
        .iter()
        .all(|(key, value)| node.get(key) == Some(value))
}
