//! I-8 as far as it has nouns: every tenant has exactly one organization, which exists and stays.

use nimbus_core::ids::{OrgNo, TenantNo};
use nimbus_core::tenant::Status;

use super::books::Books;
use super::coverage::OWNER;
use super::violation::Finds;

/// A tenant is recorded with its organization.
pub(super) fn recorded(books: &mut Books, finds: &mut Finds, no: TenantNo, org: OrgNo) {
    let owner = *books.tenant(no).org.get_or_insert(org);
    finds.equal(
        OWNER,
        || format!("organization of tenant {no}"),
        &owner,
        &org,
    );
    if !books.org(org).known {
        finds.add(
            OWNER,
            format!("tenant {no}"),
            "an organization that exists",
            format!("{org}"),
        );
    }
}

/// No organization is closed while a tenant of it lives, and applications add up.
pub(super) fn recount(books: &Books, finds: &mut Finds) {
    let mut apps = vec![0u32; books.orgs.len()];
    for (index, tenant) in books.tenants.iter().enumerate() {
        let Some(status) = tenant.status else {
            continue;
        };
        let org = tenant
            .org
            .and_then(|no| Some((no, books.orgs.get(no.index())?)));
        let Some((no, org)) = org else {
            finds.add(OWNER, format!("tenant {index}"), "an organization", "none");
            continue;
        };
        apps[no.index()] = apps[no.index()].saturating_add(tenant.apps);
        if org.closed && status != Status::Gone {
            finds.add(
                OWNER,
                format!("tenant {index}"),
                "an open organization",
                format!("organization {no}, which is closed"),
            );
        }
    }
    for ((index, org), apps) in books.orgs.iter().enumerate().zip(apps) {
        finds.equal(
            OWNER,
            || format!("apps of organization {index}"),
            &apps,
            &org.apps,
        );
    }
}
