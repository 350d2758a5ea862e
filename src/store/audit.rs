//! The audit log: one chain of hashes per tenant and one of the platform.

use std::collections::BTreeMap;

use diesel::prelude::*;
use nimbus_core::digest::{canonical, sha256_hex};
use nimbus_core::ids::TenantNo;
use nimbus_core::store::StoreError;
use nimbus_core::time::Time;
use serde::{Deserialize, Serialize};

use super::batch::{insert, upsert};
use super::conn::{Conn, MultiBackend};
use super::keyset::{by_number, cut, numbered, visible};
use super::number::{json, parse, small};
use super::page::{Listed, Page, Visible};
use super::schema::{audit, audit_chains};
use super::{AuditRow, Store};

/// The chain of what belongs to no tenant.
const PLATFORM: i64 = -1;
/// What the first entry of a chain is linked to.
const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Entries that are checked at once.
const STEP: i64 = 5_000;

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Place among all entries.
    pub seq: i64,
    /// Who did what.
    pub row: AuditRow,
    /// Hash of the entry before in its chain, hex; zeros for the first.
    pub prev_hash: String,
    /// SHA-256 over the canonical bytes of the hash before, the place in the chain and the row, hex.
    pub hash: String,
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this tenant's chain.
    pub tenant: Option<TenantNo>,
    /// By this principal.
    pub principal: Option<String>,
    /// This action, or, if it ends with a full stop, all that begin so.
    pub action: Option<String>,
    /// To this.
    pub target: Option<String>,
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub to: Option<Time>,
}

/// What a check of the chains found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerdict {
    /// Chains that were checked.
    pub chains: u64,
    /// Entries that were checked.
    pub entries: u64,
    /// The first difference, if there is one.
    pub broken: Option<Broken>,
}

/// Where a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Whose chain; `None` is the platform's.
    pub tenant: Option<TenantNo>,
    /// The entry; `None` if entries are missing at the end.
    pub seq: Option<i64>,
    /// What is wrong with it.
    pub what: String,
}

type Query = audit::BoxedQuery<'static, MultiBackend>;

#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = audit)]
struct Link {
    seq: i64,
    chain: i64,
    done_at: i64,
    principal: String,
    action: String,
    target: String,
    body: String,
    prev_hash: String,
    hash: String,
}

/// The head of a chain.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_chains)]
struct Head {
    chain: i64,
    entries: i64,
    hash: String,
}

impl Head {
    fn new(chain: i64) -> Head {
        Head {
            chain,
            entries: 0,
            hash: ZEROS.to_owned(),
        }
    }
}

impl Store {
    /// Writes entries that belong to no group: sign-ins, keys, refusals at the edge.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn put_audit(&self, rows: &[AuditRow]) -> Result<(), StoreError> {
        self.write(|conn| Ok(append(conn, rows)?))
    }

    /// Entries in the order in which they were written, or the other way round if the page is descending.
    /// An organization sees the chains of its tenants, the platform's only who sees everything.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn audit(
        &self,
        visible: &Visible,
        filter: &AuditFilter,
        page: &Page,
    ) -> Result<Listed<AuditEntry>, StoreError> {
        self.read(|conn| {
            let query = filtered(visible, filter);
            let links: Vec<Link> = numbered!(query, page, audit::seq)
                .select(Link::as_select())
                .load(conn)?;
            let Listed { items, next } = cut(links, page, |link| by_number(link.seq));
            let items = items.into_iter().map(entry);
            let items = items.collect::<QueryResult<_>>()?;
            Ok(Listed { items, next })
        })
    }

    /// Recomputes every visible chain.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn verify_audit(&self, visible: &Visible) -> Result<AuditVerdict, StoreError> {
        let heads: Vec<Head> = self.read(|conn| {
            let query = audit_chains::table.into_boxed::<MultiBackend>();
            let query = visible!(query, visible, audit_chains::chain);
            let heads = query.order(audit_chains::chain);
            heads.select(Head::as_select()).load(conn)
        })?;
        let mut verdict = AuditVerdict {
            chains: 0,
            entries: 0,
            broken: None,
        };
        for head in heads {
            verdict.chains += 1;
            let (entries, broken) = self.verify(&head)?;
            verdict.entries += entries;
            if broken.is_some() {
                verdict.broken = broken;
                break;
            }
        }
        Ok(verdict)
    }

    /// One chain: how many entries hold, and the first that does not.
    fn verify(&self, head: &Head) -> Result<(u64, Option<Broken>), StoreError> {
        let mut at = Head::new(head.chain);
        let mut after = i64::MIN;
        let broken = |seq, what: &str| Broken {
            tenant: tenant(head.chain),
            seq,
            what: what.to_owned(),
        };
        let mut entries = 0;
        while at.entries < head.entries {
            let links = self.read(|conn| links_behind(conn, head.chain, after))?;
            if links.is_empty() {
                return Ok((
                    entries,
                    Some(broken(None, "entries are missing at the end")),
                ));
            }
            for link in links {
                // what was written since the head was read is left for the next check
                if at.entries == head.entries {
                    break;
                }
                after = link.seq;
                if let Some(what) = differs(&at, &link)? {
                    return Ok((entries, Some(broken(Some(link.seq), what))));
                }
                at.entries += 1;
                at.hash = link.hash;
                entries += 1;
            }
        }
        if at.hash != head.hash {
            return Ok((entries, Some(broken(None, "the head is another one"))));
        }
        Ok((entries, None))
    }
}

fn links_behind(conn: &mut Conn, chain: i64, after: i64) -> QueryResult<Vec<Link>> {
    let of = audit::table.filter(audit::chain.eq(chain));
    of.filter(audit::seq.gt(after))
        .order(audit::seq)
        .limit(STEP)
        .select(Link::as_select())
        .load(conn)
}

/// What is wrong with an entry behind `at`, if anything is.
fn differs(at: &Head, link: &Link) -> Result<Option<&'static str>, StoreError> {
    if link.prev_hash != at.hash {
        return Ok(Some("it is not linked to the entry before"));
    }
    let Ok(row) = parse::<AuditRow>(&link.body) else {
        return Ok(Some("it cannot be read"));
    };
    if link.hash != hash(&at.hash, at.entries, &row) {
        return Ok(Some("its hash is another one"));
    }
    let same = link.done_at == row.time.0
        && *link.principal == *row.principal
        && *link.action == *row.action
        && *link.target == *row.target
        && link.chain == chain(&row);
    Ok((!same).then_some("its columns differ from its body"))
}

/// Links entries to their chains.
pub(super) fn append(conn: &mut Conn, rows: &[AuditRow]) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut heads = heads(conn, rows)?;
    let before: Option<i64> = audit::table
        .select(diesel::dsl::max(audit::seq))
        .first(conn)?;
    let mut links = Vec::with_capacity(rows.len());
    for (row, seq) in rows.iter().zip(before.unwrap_or(0) + 1..) {
        let chain = chain(row);
        let head = heads.entry(chain).or_insert_with(|| Head::new(chain));
        let link = Link {
            seq,
            chain,
            done_at: row.time.0,
            principal: row.principal.to_string(),
            action: row.action.to_string(),
            target: row.target.to_string(),
            body: json(row)?,
            hash: hash(&head.hash, head.entries, row),
            prev_hash: std::mem::take(&mut head.hash),
        };
        head.hash.clone_from(&link.hash);
        head.entries += 1;
        links.push(link);
    }
    insert!(conn, audit, &links);
    let heads: Vec<Head> = heads.into_values().collect();
    upsert!(
        conn,
        audit_chains,
        &heads,
        audit_chains::chain,
        [entries, hash]
    );
    Ok(())
}

fn heads(conn: &mut Conn, rows: &[AuditRow]) -> QueryResult<BTreeMap<i64, Head>> {
    let chains: Vec<i64> = rows.iter().map(chain).collect();
    let found = audit_chains::table.filter(audit_chains::chain.eq_any(chains));
    let found: Vec<Head> = found.select(Head::as_select()).load(conn)?;
    Ok(found.into_iter().map(|head| (head.chain, head)).collect())
}

fn chain(row: &AuditRow) -> i64 {
    row.tenant.map_or(PLATFORM, |tenant| i64::from(tenant.0))
}

fn tenant(chain: i64) -> Option<TenantNo> {
    (chain != PLATFORM).then(|| TenantNo(small(chain)))
}

/// SHA-256 over the canonical bytes of the hash before, the place in the chain and the row.
fn hash(before: &str, place: i64, row: &AuditRow) -> String {
    let mut bytes = Vec::with_capacity(512);
    canonical(&(before, place, row), &mut bytes);
    sha256_hex(&bytes)
}

fn entry(link: Link) -> QueryResult<AuditEntry> {
    Ok(AuditEntry {
        seq: link.seq,
        row: parse(&link.body)?,
        prev_hash: link.prev_hash,
        hash: link.hash,
    })
}

fn filtered(visible: &Visible, filter: &AuditFilter) -> Query {
    let query = audit::table.into_boxed();
    let mut query: Query = visible!(query, visible, audit::chain);
    if let Some(tenant) = filter.tenant {
        query = query.filter(audit::chain.eq(i64::from(tenant.0)));
    }
    if let Some(principal) = &filter.principal {
        query = query.filter(audit::principal.eq(principal.clone()));
    }
    if let Some(action) = &filter.action {
        query = if action.ends_with('.') {
            query.filter(audit::action.like(format!("{}%", action.replace(['%', '_'], ""))))
        } else {
            query.filter(audit::action.eq(action.clone()))
        };
    }
    if let Some(target) = &filter.target {
        query = query.filter(audit::target.eq(target.clone()));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit::done_at.ge(from.0));
    }
    if let Some(to) = filter.to {
        query = query.filter(audit::done_at.lt(to.0));
    }
    query
}
