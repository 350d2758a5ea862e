//! The tenant's space in the cluster: asked for, tried again, observed.
//!
//! What the table of `domain.md` 4.1 does not name is ignored. A space that is lost or fails while the tenant
//! is active or suspended is drift: it is asked for again, with the same back-off.

use std::sync::Arc;

use super::machine::Tenants;
use super::{Config, Input, Status, backoff};
use crate::cluster::{Command, Space};
use crate::ids::TenantNo;
use crate::machine::Outbox;
use crate::store::tenant::{Key, Row, TenantRow};
use crate::time::Time;
use crate::units::Resources;
use crate::{billing, workload};

/// Asks for the space as it should be now.
pub(super) fn ensure(tenant: TenantNo, row: &TenantRow, out: &mut Outbox) {
    let admits = match row.status {
        Status::Provisioning | Status::Active | Status::Error => true,
        Status::Suspended | Status::Deleting | Status::Gone => false,
    };
    let space = Arc::new(Space {
        namespace: format!("nimbus-{}", row.slug).into(),
        quota: row.quota,
        admits,
    });
    out.send(Command::EnsureTenantSpace { tenant, space });
}

impl TenantRow {
    /// Nothing is waited for any more.
    pub(super) fn settle(&mut self) {
        self.failures = 0;
        self.retry_at = None;
        self.last_error = None;
    }

    /// Tries again later, unless that is arranged already.
    fn try_again(&mut self, now: Time, tenant: TenantNo, config: &Config, out: &mut Outbox) {
        if self.retry_at.is_some() {
            return;
        }
        let at = now + backoff::wait(config, self.failures, out.draw());
        self.attempt = self.attempt.wrapping_add(1);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(at);
        let attempt = self.attempt;
        out.at(at, Input::RetrySpace { tenant, attempt });
    }

    /// Whether the cluster has been asked for something that it may fail at.
    fn awaits(&self) -> bool {
        match self.status {
            Status::Provisioning | Status::Active | Status::Suspended | Status::Error => true,
            Status::Deleting => self.children_gone,
            Status::Gone => false,
        }
    }
}

/// Records a row, which makes the next version of it.
pub(super) fn put(tenant: TenantNo, row: &mut TenantRow, out: &mut Outbox) {
    row.version = row.version.saturating_add(1);
    out.record(Row::Tenant(tenant, Box::new(row.clone())));
}

impl Tenants {
    /// The space is as it was asked for.
    pub(super) fn space_ready(&mut self, tenant: TenantNo, uid: u128, out: &mut Outbox) {
        let Ok(found) = self.find(tenant) else { return };
        let row = &mut found.row;
        let opens = matches!(row.status, Status::Provisioning | Status::Error);
        let going = matches!(row.status, Status::Deleting | Status::Gone);
        let known = row.uid == Some(uid) && row.failures == 0;
        if going || (known && !opens) {
            return;
        }
        row.uid = Some(uid);
        row.settle();
        if opens {
            row.status = Status::Active;
        }
        put(tenant, row, out);
        if opens {
            out.send(workload::Input::TenantActive { tenant });
        }
    }

    /// A step failed: again after a while, or an error at once if that cannot help.
    pub(super) fn space_failed(
        &mut self,
        now: Time,
        tenant: TenantNo,
        retryable: bool,
        reason: Arc<str>,
        out: &mut Outbox,
    ) {
        let config = self.config;
        let Ok(found) = self.find(tenant) else { return };
        let row = &mut found.row;
        if !row.awaits() {
            return;
        }
        if row.status == Status::Provisioning && !retryable {
            row.status = Status::Error;
        }
        row.last_error = Some(reason);
        row.try_again(now, tenant, &config, out);
        put(tenant, row, out);
    }

    /// Its timer: ask again. In error it goes on asking, answered or not.
    pub(super) fn retry_space(
        &mut self,
        now: Time,
        tenant: TenantNo,
        attempt: u32,
        out: &mut Outbox,
    ) {
        let config = self.config;
        let Ok(found) = self.find(tenant) else { return };
        let row = &mut found.row;
        let due = row.retry_at.is_some_and(|at| at <= now);
        if !due || row.attempt != attempt {
            return;
        }
        row.retry_at = None;
        if row.status == Status::Deleting {
            out.send(Command::DeleteTenantSpace { tenant });
        } else {
            ensure(tenant, row, out);
        }
        if row.status == Status::Error {
            row.try_again(now, tenant, &config, out);
        }
        put(tenant, row, out);
    }

    /// Its timer: provisioning has taken too long.
    pub(super) fn space_deadline(&mut self, now: Time, tenant: TenantNo, out: &mut Outbox) {
        let config = self.config;
        let Ok(found) = self.find(tenant) else { return };
        let row = &mut found.row;
        if row.status != Status::Provisioning || now < row.deadline {
            return;
        }
        row.status = Status::Error;
        row.last_error.get_or_insert_with(|| {
            format!("the space is not ready after {}", config.deadline).into()
        });
        row.try_again(now, tenant, &config, out);
        put(tenant, row, out);
    }

    /// The space is gone: the end of a deletion, or drift.
    pub(super) fn space_gone(&mut self, tenant: TenantNo, out: &mut Outbox) {
        let Ok(found) = self.find(tenant) else { return };
        let row = &mut found.row;
        match row.status {
            Status::Deleting if row.children_gone => self.gone(tenant, out),
            Status::Active | Status::Suspended => {
                row.uid = None;
                put(tenant, row, out);
                ensure(tenant, row, out);
            }
            _ => {}
        }
    }

    /// Leaves a tombstone; the slug is free again.
    fn gone(&mut self, tenant: TenantNo, out: &mut Outbox) {
        let Ok(found) = self.find(tenant) else { return };
        let (org, apps) = (found.row.org, found.apps);
        found.row.status = Status::Gone;
        found.row.settle();
        found.used = Resources::ZERO;
        found.apps = 0;
        put(tenant, &mut found.row, out);
        let slug = Arc::clone(&found.row.slug);
        self.slugs.remove(&slug);
        out.record(Key::Used(tenant));
        out.send(billing::Input::TenantClosed { tenant });
        self.left(org, apps, out);
    }
}
