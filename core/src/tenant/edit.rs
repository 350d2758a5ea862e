//! Changing a tenant: name, labels, isolation and quota together, or nothing; and the version that guards it.

use super::machine::Tenants;
use super::quota::covers;
use super::space::{ensure, put};
use super::{Answer, Input, Isolation, Refusal, Status, TenantEdit, labels};
use crate::ids::TenantNo;
use crate::machine::Outbox;
use crate::plan::PlanCode;
use crate::units::Resources;

/// Longest shown name, characters.
const NAME_MAX: usize = 100;
/// Longest reason, characters.
const REASON_MAX: usize = 500;

impl TenantEdit {
    /// Nothing changes but the quota.
    #[must_use]
    pub fn quota(quota: Resources, force: bool) -> TenantEdit {
        TenantEdit {
            quota: Some(quota),
            force,
            ..TenantEdit::default()
        }
    }
}

/// Checks a shown name.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let blank = name.trim().is_empty();
    if blank || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        let why = "expected 1 to 100 characters without control characters";
        return Err(invalid("name", why));
    }
    Ok(())
}

/// Checks why a tenant is suspended.
pub(super) fn check_reason(reason: &str) -> Result<(), Refusal> {
    if reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control) {
        let why = "expected at most 500 characters without control characters";
        return Err(invalid("reason", why));
    }
    Ok(())
}

/// Whether a plan offers an isolation.
pub(super) fn offered(plan: PlanCode, asked: Isolation) -> Result<(), Refusal> {
    let most = plan.plan().isolation;
    if asked <= most {
        return Ok(());
    }
    Err(Refusal::Tier {
        field: "isolation".into(),
        plan,
        most: most.as_str().into(),
    })
}

fn invalid(field: &str, why: &str) -> Refusal {
    Refusal::Invalid {
        field: field.into(),
        why: why.into(),
    }
}

impl Tenants {
    /// Whether a guarded input may go on: its tenant has the version that was read.
    pub(super) fn expect(
        &mut self,
        tenant: TenantNo,
        version: u32,
        then: &Input,
    ) -> Result<(), Refusal> {
        if matches!(then, Input::Expect { .. }) || then.tenant() != Some(tenant) {
            return Err(invalid("then", "expected an input about the same tenant"));
        }
        let present = self.find(tenant)?.row.version;
        if present == version {
            Ok(())
        } else {
            Err(Refusal::Stale { version: present })
        }
    }

    /// Changes all that is asked for, or nothing. Only the shown name may change in every state but at the
    /// end; all else waits until the tenant is active. A quota below use needs `force`, which closes growth
    /// until use is below it.
    pub(super) fn edit(
        &mut self,
        no: TenantNo,
        edit: &TenantEdit,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.may_edit(no, edit)?;
        let tenant = self.find(no)?;
        let row = &mut tenant.row;
        let before = row.clone();
        if let Some(name) = &edit.name {
            row.name = name.clone();
        }
        if let Some(labels) = &edit.labels {
            row.labels.clone_from(labels);
        }
        row.isolation = edit.isolation.unwrap_or(row.isolation);
        if let Some(quota) = edit.quota {
            row.quota = quota;
            row.by_hand = true;
        }
        let shape = |row: &crate::store::tenant::TenantRow| (row.quota, row.isolation);
        let reapply = shape(row) != shape(&before) || row.labels != before.labels;
        if *row != before {
            put(no, row, out);
        }
        if reapply {
            ensure(no, row, out);
        }
        Ok(Answer::Accepted(row.status))
    }

    fn may_edit(&mut self, no: TenantNo, edit: &TenantEdit) -> Result<(), Refusal> {
        let tenant = self.find(no)?;
        let (status, used, org) = (tenant.row.status, tenant.used, tenant.row.org);
        let shown = edit.quota.is_none() && edit.isolation.is_none() && edit.labels.is_none();
        let open = match status {
            Status::Active => true,
            Status::Deleting | Status::Gone => false,
            Status::Provisioning | Status::Suspended | Status::Error => shown,
        };
        if !open {
            return Err(Refusal::State { tenant: no, status });
        }
        if let Some(name) = &edit.name {
            check_name(name)?;
        }
        if let Some(labels) = &edit.labels {
            labels::check(labels)?;
        }
        if let (Some(asked), Some(org)) = (edit.isolation, self.orgs.get(org.index())) {
            offered(org.row.plan, asked)?;
        }
        match edit.quota {
            Some(quota) if !edit.force => covers(quota, used).map_err(Refusal::BelowUse),
            _ => Ok(()),
        }
    }
}
