//! Questions about nodes.

use std::sync::Arc;

use nimbus_core::cluster::{NodeSpec, NodeState};
use nimbus_core::ids::{NodeNo, PoolNo};
use nimbus_core::store::StoreError;

use super::Store;
use super::page::{Found, Listed, Page};
use super::pending;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Its ordinal.
    pub no: NodeNo,
    /// What it is.
    pub spec: Arc<NodeSpec>,
    /// Its state.
    pub state: NodeState,
}

/// Which nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFilter {
    /// In this state.
    pub state: Option<NodeState>,
    /// Of this pool.
    pub pool: Option<PoolNo>,
}

impl Store {
    /// A node by its name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn node(&self, name: &str) -> Result<Option<Found<NodeView>>, StoreError> {
        pending(&[&name])
    }

    /// Nodes by ordinal.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn nodes(
        &self,
        filter: &NodeFilter,
        page: &Page,
    ) -> Result<Listed<Found<NodeView>>, StoreError> {
        pending(&[&filter, &page])
    }

    /// Names of nodes by ordinal; one that is gone is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn node_names(&self, nos: &[NodeNo]) -> Result<Vec<(NodeNo, Arc<str>)>, StoreError> {
        pending(&[&nos])
    }
}
