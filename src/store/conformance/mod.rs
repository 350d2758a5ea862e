//! One suite over both databases: what a store must do, whichever it is.

use nimbus_core::digest::EventHash;
use nimbus_core::ids::{NodeNo, OperationId, TenantNo};
use nimbus_core::machine::Address;
use nimbus_core::store::autoscaler::Questions as _;
use nimbus_core::store::billing::Questions as _;
use nimbus_core::store::scheduler::Questions as _;
use nimbus_core::store::tenant::Questions as _;
use nimbus_core::store::workload::Questions as _;
use nimbus_core::store::{Record, Store as _, StoreError, scheduler};
use nimbus_core::time::Time;
use nimbus_sim::store::MemoryStore;

use super::bed::{Bed, START, event, sqlite, tamper};
use super::postgres::Postgres;
use super::*;
use crate::cluster::Saved;

/// Runs a case on both databases.
macro_rules! both {
    ($($name:ident;)*) => {
        mod on_sqlite {
            $(#[test]
            fn $name() {
                let (_dir, store) = super::sqlite();
                super::$name(&store);
            })*
        }

        mod on_postgres {
            $(#[test]
            fn $name() {
                let url = super::Postgres::shared().database();
                super::$name(&super::Store::open(&url, super::Migrate::Auto).unwrap());
            })*
        }
    };
}

mod questions;

both! {
    an_empty_store_has_nothing;
    rows_come_back_as_memory_has_them;
    the_last_write_of_a_key_wins_and_a_drop_deletes;
    a_group_is_written_whole_or_not_at_all;
    groups_come_one_after_the_other;
    a_leader_who_was_deposed_writes_nothing;
    where_the_control_plane_stands_comes_back;
    a_saved_cluster_cuts_the_outbox;
    answers_to_keys_are_kept_and_rendered_later;
    the_audit_log_shows_every_change;
    a_snapshot_stands_still;
}

fn an_empty_store_has_nothing(store: &Store) {
    assert_eq!(store.last().unwrap(), None);
    assert_eq!(store.epoch().unwrap(), 0);
    assert_eq!(store.saved_cluster().unwrap(), None);
    assert_eq!(store.tenant_rows().unwrap(), []);
    assert_eq!(store.outbox_since(0).unwrap(), []);
    assert_eq!(store.token_version("admin").unwrap(), 0);
    let page = store
        .tenants(&Visible::All, &TenantFilter::default(), &Page::first(10))
        .unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
}

/// Everything that machines record, kept by both, is the same, in the same order.
fn rows_come_back_as_memory_has_them(store: &Store) {
    let mut memory = MemoryStore::new();
    let mut bed = Bed::new();
    for round in 0..6u32 {
        let tenant = bed.tenant(round, &format!("t{round}"), None, &[("k", "v")]);
        bed.service(tenant, "shop", "web");
        bed.service(tenant, "shop", "api");
        bed.deploy(tenant, "shop", "api", "nginx:2");
        let commit = bed.commit(0);
        memory.commit(commit.group, commit.records.clone()).unwrap();
        store.commit(&commit).unwrap();
    }
    assert_eq!(store.tenant_rows().unwrap(), memory.tenant_rows().unwrap());
    assert_eq!(
        store.workload_rows().unwrap(),
        memory.workload_rows().unwrap()
    );
    same(&store.clone(), &memory);
    same(&store.snapshot().unwrap(), &memory);
}

fn same(store: &impl nimbus_core::store::Store, memory: &MemoryStore) {
    assert_eq!(store.scheduler_rows(), memory.scheduler_rows());
    assert_eq!(store.autoscaler_rows(), memory.autoscaler_rows());
    assert_eq!(store.billing_rows(), memory.billing_rows());
    assert_eq!(store.last_group(), memory.last_group());
}

fn idle(node: u32, since: i64) -> scheduler::Row {
    scheduler::Row::Idle {
        node: NodeNo(node),
        since: Time(since),
        leaving: false,
    }
}

fn group(number: u64, records: Vec<Record>) -> Commit {
    Commit {
        group: number,
        now: START,
        records,
        ..Commit::default()
    }
}

fn the_last_write_of_a_key_wins_and_a_drop_deletes(store: &Store) {
    let records = vec![
        idle(1, 1).into(),
        idle(2, 1).into(),
        idle(1, 2).into(),
        idle(3, 1).into(),
        scheduler::Key::Idle(NodeNo(3)).into(),
    ];
    store.commit(&group(1, records)).unwrap();
    assert_eq!(store.scheduler_rows().unwrap(), [idle(1, 2), idle(2, 1)]);
    let records = vec![
        scheduler::Key::Idle(NodeNo(1)).into(),
        scheduler::Key::Idle(NodeNo(9)).into(),
        idle(2, 7).into(),
    ];
    store.commit(&group(2, records)).unwrap();
    assert_eq!(store.scheduler_rows().unwrap(), [idle(2, 7)]);
}

fn a_group_is_written_whole_or_not_at_all(store: &Store) {
    let mut bed = Bed::new();
    bed.tenant(0, "acme", None, &[]);
    bed.keep(store);
    bed.tenant(1, "beta", None, &[]);
    let mut commit = bed.commit(0);
    let twice = OperationRow {
        id: OperationId(1),
        kind: "tenant.create".into(),
        target: "ten-x".into(),
        tenant: None,
        by: "admin".into(),
        started_at: START,
    };
    commit.operations = vec![twice.clone(), twice];
    commit.events = vec![event("tenant.created", None, 1)];
    let refused = store.commit(&commit).unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert_eq!(store.last().unwrap().unwrap().group, 1);
    assert_eq!(store.tenant(&Visible::All, "beta").unwrap(), None);
    commit.operations.pop();
    let committed = store.commit(&commit).unwrap();
    assert_eq!(committed.first_event_seq, 1);
    assert!(store.tenant(&Visible::All, "beta").unwrap().is_some());
}

fn groups_come_one_after_the_other(store: &Store) {
    for wrong in [0, 2, 7] {
        let refused = store.commit(&group(wrong, Vec::new())).unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    }
    store.commit(&group(1, Vec::new())).unwrap();
    let again = store.commit(&group(1, Vec::new())).unwrap_err();
    assert!(matches!(again, StoreError::Refused(_)), "{again}");
    store.commit(&group(2, Vec::new())).unwrap();
}

fn a_leader_who_was_deposed_writes_nothing(store: &Store) {
    let first = store.take_epoch("a", START).unwrap();
    let second = store.take_epoch("b", START).unwrap();
    assert_eq!((first, second, store.epoch().unwrap()), (1, 2, 2));
    let commit = |epoch| Commit {
        epoch,
        ..group(1, vec![idle(1, 1).into()])
    };
    let deposed = store.commit(&commit(first)).unwrap_err();
    assert!(matches!(deposed, StoreError::Deposed(_)), "{deposed}");
    assert_eq!(store.last().unwrap(), None);
    store.commit(&commit(second)).unwrap();
}

fn where_the_control_plane_stands_comes_back(store: &Store) {
    let commit = Commit {
        round: 4,
        hashes: [EventHash(u128::MAX); Address::COUNT],
        deliveries: 99,
        cursor: 12,
        events: vec![event("a", None, 1), event("b", None, 2)],
        ..group(1, Vec::new())
    };
    assert_eq!(store.commit(&commit).unwrap().first_event_seq, 1);
    let last = store.last().unwrap().unwrap();
    assert_eq!(
        last,
        Last {
            group: 1,
            now: START,
            round: 4,
            hashes: commit.hashes,
            deliveries: 99,
            cursor: 12,
            outbox_seq: 0,
            event_seq: 2,
        }
    );
}

fn command(seq: u64) -> OutboxRow {
    OutboxRow {
        seq,
        group: 1,
        at: START,
        command: nimbus_core::cluster::Command::DeleteTenantSpace {
            tenant: TenantNo(0),
        },
    }
}

fn a_saved_cluster_cuts_the_outbox(store: &Store) {
    let commit = Commit {
        outbox: (1..=5).map(command).collect(),
        ..group(1, Vec::new())
    };
    store.commit(&commit).unwrap();
    assert_eq!(store.outbox_since(2).unwrap(), commit.outbox[2..]);
    let saved = Saved {
        cursor: 7,
        outbox_seq: 4,
        at: START,
        bytes: vec![0, 1, 255],
    };
    store.save_cluster(&saved, 0).unwrap();
    assert_eq!(store.saved_cluster().unwrap(), Some(saved.clone()));
    assert_eq!(store.outbox_since(0).unwrap(), commit.outbox[4..]);
    assert_eq!(store.last().unwrap().unwrap().outbox_seq, 5);
    let later = Saved { cursor: 8, ..saved };
    store.save_cluster(&later, 0).unwrap();
    assert_eq!(
        store.snapshot().unwrap().saved_cluster().unwrap(),
        Some(later)
    );
}

fn answers_to_keys_are_kept_and_rendered_later(store: &Store) {
    let key = IdempotencyKey {
        principal: "tenant:acme".into(),
        key: "k-1".into(),
        request_hash: "00ff".into(),
    };
    let mut bed = Bed::new();
    bed.tenant(0, "acme", None, &[]);
    let reply = bed.reply.clone().unwrap();
    let expires_at = Time(i64::MAX);
    let mut commit = bed.commit(0);
    commit.idempotency = vec![IdempotencyRow {
        key: key.clone(),
        reply: reply.clone(),
        operation: Some(OperationId(5)),
        expires_at,
    }];
    store.commit(&commit).unwrap();
    let answer = |store: &Store| store.answer("tenant:acme", "k-1", START).unwrap().unwrap();
    let first = answer(store);
    assert_eq!((first.reply, first.rendered), (reply, None));
    assert_eq!(first.operation, Some(OperationId(5)));
    store.keep_rendered(&key, 202, "{}".to_owned()).unwrap();
    let sent = Some((202, "{}".to_owned()));
    assert_eq!(answer(store).rendered, sent);
    bed.keep(store);
    assert_eq!(store.take_rendered().len(), 0);
    assert_eq!(answer(store).rendered, sent);
    assert_eq!(
        store.answer("tenant:acme", "k-1", expires_at).unwrap(),
        None
    );
    assert_eq!(store.answer("tenant:zeta", "k-1", START).unwrap(), None);
}

pub(in crate::store) fn audited(tenant: Option<TenantNo>, target: &str) -> AuditRow {
    AuditRow {
        time: START,
        tenant,
        principal: "admin".into(),
        action: "tenant.create".into(),
        target: target.into(),
        outcome: "ok".into(),
        request: "req-1".into(),
        data: "{}".to_owned(),
    }
}

fn the_audit_log_shows_every_change(store: &Store) {
    let (acme, zeta) = (Some(TenantNo(0)), Some(TenantNo(1)));
    let commit = Commit {
        audit: vec![audited(acme, "a"), audited(None, "b"), audited(acme, "c")],
        ..group(1, Vec::new())
    };
    store.commit(&commit).unwrap();
    store
        .put_audit(&[audited(zeta, "d"), audited(acme, "e")])
        .unwrap();
    let verdict = store.verify_audit(&Visible::All).unwrap();
    assert_eq!(
        (verdict.chains, verdict.entries, verdict.broken),
        (3, 5, None)
    );
    let own = Visible::Tenant(TenantNo(0));
    let listed = store
        .audit(&own, &AuditFilter::default(), &Page::first(9))
        .unwrap();
    let targets: Vec<&str> = listed
        .items
        .iter()
        .map(|entry| &*entry.row.target)
        .collect();
    assert_eq!(targets, ["a", "c", "e"]);
    assert_eq!(listed.items[1].prev_hash, listed.items[0].hash);
    let broken = |change: &str| {
        tamper(store, change);
        store.verify_audit(&own).unwrap().broken.unwrap()
    };
    let found = broken("UPDATE audit SET action = 'x' WHERE seq = 3");
    assert_eq!(found.seq, Some(3));
    assert!(found.what.contains("columns"), "{found:?}");
    let found = broken("UPDATE audit SET body = replace(body, 'admin', 'nimda') WHERE seq = 3");
    assert_eq!(
        (found.seq, &*found.what),
        (Some(3), "its hash is another one")
    );
    let found = broken("DELETE FROM audit WHERE seq = 3");
    assert_eq!((found.seq, found.tenant), (Some(5), acme));
    let found = broken("DELETE FROM audit WHERE seq = 5");
    assert_eq!(
        (found.seq, &*found.what),
        (None, "entries are missing at the end")
    );
}

fn a_snapshot_stands_still(store: &Store) {
    let mut bed = Bed::new();
    bed.tenant(0, "acme", None, &[]);
    bed.keep(store);
    let snapshot = store.snapshot().unwrap();
    let before = snapshot.tenant_rows().unwrap();
    bed.tenant(1, "zeta", None, &[]);
    bed.keep(store);
    assert_eq!(snapshot.tenant_rows().unwrap(), before);
    assert_eq!(snapshot.last().unwrap().unwrap().group, 1);
    assert!(store.tenant_rows().unwrap().len() > before.len());
}
