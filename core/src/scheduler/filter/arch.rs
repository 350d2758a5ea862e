//! Architecture.

use crate::cluster::Arch;

/// Whether the node has the architecture that is required, if any.
pub(in crate::scheduler) fn passes(node: Arch, required: Option<Arch>) -> bool {
    required.is_none_or(|arch| arch == node)
}
