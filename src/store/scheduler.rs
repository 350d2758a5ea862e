//! Questions about nodes.

use std::sync::Arc;

use diesel::prelude::*;
use nimbus_core::cluster::{NodeSpec, NodeState};
use nimbus_core::ids::{NodeNo, PoolNo};
use nimbus_core::store::StoreError;
use nimbus_core::store::scheduler::Row;
use nimbus_core::time::Time;

use super::Store;
use super::keyset::{by_number, cut, numbered};
use super::number::{parse, small, word};
use super::page::{Found, Listed, Page};
use super::schema::nodes;

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

#[derive(Queryable, Selectable)]
#[diesel(table_name = nodes)]
struct Line {
    no: i64,
    created_at: i64,
    updated_at: i64,
    body: String,
}

impl Store {
    /// A node by its name; of several with one name, which a cluster never has at once, the last.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn node(&self, name: &str) -> Result<Option<Found<NodeView>>, StoreError> {
        self.read(|conn| {
            let named = nodes::table.filter(nodes::name.eq(name));
            let line: Option<Line> = named
                .order(nodes::no.desc())
                .select(Line::as_select())
                .first(conn)
                .optional()?;
            line.map(found).transpose()
        })
    }

    /// Nodes by ordinal, in the page's order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn nodes(
        &self,
        filter: &NodeFilter,
        page: &Page,
    ) -> Result<Listed<Found<NodeView>>, StoreError> {
        self.read(|conn| {
            let mut query = nodes::table.into_boxed();
            if let Some(state) = &filter.state {
                query = query.filter(nodes::state.eq(word(state)));
            }
            if let Some(pool) = filter.pool {
                query = query.filter(nodes::pool.eq(i64::from(pool.0)));
            }
            let lines: Vec<Line> = numbered!(query, page, nodes::no)
                .select(Line::as_select())
                .load(conn)?;
            let Listed { items, next } = cut(lines, page, |line| by_number(line.no));
            let items = items.into_iter().map(found);
            let items = items.collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
    }

    /// Names of nodes by ordinal; one that is gone is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn node_names(&self, nos: &[NodeNo]) -> Result<Vec<(NodeNo, Arc<str>)>, StoreError> {
        let nos: Vec<i64> = nos.iter().map(|no| i64::from(no.0)).collect();
        let rows: Vec<(i64, String)> = self.read(|conn| {
            let rows = nodes::table.filter(nodes::no.eq_any(&nos));
            let rows = rows.order(nodes::no);
            rows.select((nodes::no, nodes::name)).load(conn)
        })?;
        let named = |(no, name): (i64, String)| (NodeNo(small(no)), name.into());
        Ok(rows.into_iter().map(named).collect())
    }
}

fn found(line: Line) -> QueryResult<Found<NodeView>> {
    let Row::Node { node, spec, state } = parse(&line.body)? else {
        return Err(diesel::NotFound);
    };
    Ok(Found {
        row: NodeView {
            no: node,
            spec,
            state,
        },
        created_at: Time(line.created_at),
        updated_at: Time(line.updated_at),
    })
}
