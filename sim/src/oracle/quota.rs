//! I-2, I-15, R6: quotas and limits of plans, reserved and used.

use nimbus_core::ids::{OrgNo, TenantNo};
use nimbus_core::store::tenant::{OrgRow, TenantRow};
use nimbus_core::tenant::Status;
use nimbus_core::units::Resources;

use super::books::{Books, plus, show};
use super::coverage::{LIMITS, QUOTA};
use super::violation::Finds;

/// Whether each part of `now` is within `limit` or has not grown.
fn within(now: Resources, before: Resources, limit: Resources) -> bool {
    (now.cpu <= limit.cpu || now.cpu <= before.cpu)
        && (now.memory <= limit.memory || now.memory <= before.memory)
        && (now.pods <= limit.pods || now.pods <= before.pods)
}

fn exceeded(finds: &mut Finds, tenant: TenantNo, what: &str, limit: Resources, now: Resources) {
    finds.add(
        QUOTA,
        format!("tenant {tenant}, {what}"),
        format!("at most {}", show(limit)),
        show(now),
    );
}

/// A reservation is recorded.
pub(super) fn reserved(
    books: &mut Books,
    finds: &mut Finds,
    no: TenantNo,
    used: Resources,
    apps: u32,
) {
    let tenant = books.tenant(no);
    if !within(used, tenant.reserved, tenant.quota) {
        exceeded(finds, no, "reserved", tenant.quota, used);
    }
    tenant.reserved = used;
    let before = std::mem::replace(&mut tenant.apps, apps);
    let Some(org) = tenant.org else {
        return;
    };
    let org_no = org;
    let org = books.org(org);
    org.apps = org.apps.saturating_sub(before).saturating_add(apps);
    let limit = org.plan.plan().apps_max.unwrap_or(u32::MAX);
    if apps > before && org.apps > limit {
        finds.add(
            LIMITS,
            format!("organization {org_no}"),
            format!("at most {limit} apps"),
            format!("{} apps", org.apps),
        );
    }
}

/// A tenant is recorded: a quota below what is reserved needs force.
pub(super) fn recorded(
    books: &mut Books,
    finds: &mut Finds,
    no: TenantNo,
    row: &TenantRow,
    unforced: bool,
) {
    let tenant = books.tenant(no);
    if unforced && row.quota != tenant.quota && !tenant.reserved.fits(row.quota) {
        finds.add(
            QUOTA,
            format!("tenant {no}, a quota set without force"),
            format!("at least {}", show(tenant.reserved)),
            show(row.quota),
        );
    }
    tenant.quota = row.quota;
}

/// An organization is recorded.
pub(super) fn org(books: &mut Books, no: OrgNo, row: &OrgRow) {
    let org = books.org(no);
    org.known = true;
    org.closed = row.closed;
    org.plan = row.plan;
}

/// Pods are made: within what the cluster was told.
pub(super) fn made(
    books: &mut Books,
    finds: &mut Finds,
    no: TenantNo,
    asks: Resources,
    count: u32,
) {
    let tenant = books.tenant(no);
    let before = tenant.used;
    tenant.pods += count;
    tenant.used = plus(before, asks.checked_mul(count).unwrap_or(asks));
    let now = tenant.used;
    let Some(quota) = tenant.backstop else {
        return finds.add(
            QUOTA,
            format!("tenant {no}"),
            "a space for its pods",
            "none",
        );
    };
    if !within(now, before, quota) {
        exceeded(finds, no, "used", quota, now);
    }
}

/// A pod has ended.
pub(super) fn ended(books: &mut Books, no: TenantNo, asks: Resources) {
    let tenant = books.tenant(no);
    tenant.used = tenant.used.saturating_sub(asks);
    tenant.pods = tenant.pods.saturating_sub(1);
}

/// Counts all pods again, and compares them with what was reserved for them.
pub(super) fn recount(books: &Books, finds: &mut Finds) {
    let mut sums = vec![Resources::ZERO; books.tenants.len()];
    for (_, pod) in books.pods.iter().filter(|(_, pod)| pod.ended.is_none()) {
        let tenant = books.owner(pod.service);
        if let Some(sum) = tenant.and_then(|tenant| sums.get_mut(tenant.index())) {
            *sum = plus(*sum, books.asks(pod.spec));
        }
    }
    for ((index, tenant), sum) in books.tenants.iter().enumerate().zip(sums) {
        let no = TenantNo::at(index);
        finds.equal(QUOTA, || format!("tenant {no}"), &sum, &tenant.used);
        let recorded = tenant.status.is_some_and(|status| status != Status::Gone);
        if recorded && !sum.fits(tenant.reserved) {
            exceeded(finds, no, "used of what is reserved", tenant.reserved, sum);
        }
    }
}
