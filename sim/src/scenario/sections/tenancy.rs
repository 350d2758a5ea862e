//! `[[org]]` and `[[tenant]]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::plan::PlanCode;

use crate::scenario::limits;
use crate::scenario::model::{Org, Tenant};
use crate::scenario::reader::Reader;
use crate::scenario::value;

/// The plan of a word of the table of keys.
pub(super) fn plan(word: &str) -> PlanCode {
    let found = PlanCode::ALL.into_iter().find(|plan| plan.as_str() == word);
    found.unwrap_or_default()
}

pub(in crate::scenario) fn org(mut r: Reader<'_, '_>) -> Org {
    let org = Org {
        name: r.slug("name").unwrap_or_default(),
        plan: r.get("plan", value::one_of).map(plan).unwrap_or_default(),
    };
    r.finish();
    org
}

/// Tenants of one section, added to `tenants`.
pub(in crate::scenario) fn tenant(mut r: Reader<'_, '_>, orgs: &[Org], tenants: &mut Vec<Tenant>) {
    r.alias("tier", "plan");
    let places = [
        r.place_of("name"),
        r.place_of("org"),
        r.place_of("plan"),
        r.place_of("count"),
    ];
    let group = r.slug("name").unwrap_or_default();
    let count = r.count32("count");
    let org_name = r.slug("org");
    let own_plan = r.get("plan", value::one_of).map(plan);
    let org = org_name
        .as_ref()
        .and_then(|name| orgs.iter().position(|org| org.name == *name));
    if let (Some(name), None) = (&org_name, org) {
        r.wrong_at(
            places[1],
            "org",
            format!("{name:?} is not the name of an [[org]]"),
        );
    }
    if own_plan.is_some() && org_name.is_some() {
        r.wrong_at(
            places[2],
            "plan",
            "has no effect beside org: expected the plan in its [[org]]",
        );
    }
    if let Some(why) = reserved(&group) {
        r.wrong_at(places[0], "name", format!("{group:?}: {why}"));
    }
    let plan = org.map_or(own_plan.unwrap_or_default(), |org| orgs[org].plan);
    let quota = r.quota("quota");
    let at = r.span("at").unwrap_or_default();
    let names = names(&group, count);
    if names.last().is_some_and(|name| name.len() > 40) {
        r.wrong_at(
            places[0],
            "name",
            format!("{group:?} is too long: expected at most 40 characters with its number"),
        );
    }
    if tenants.len() + names.len() > limits::TENANTS_MAX {
        r.wrong_at(
            places[3],
            "count",
            format!("more than {} tenants in all", limits::TENANTS_MAX),
        );
    } else if r.clean() {
        tenants.extend(names.into_iter().map(|name| Tenant {
            name,
            group: group.clone(),
            numbered: count.is_some(),
            org,
            plan,
            quota,
            at,
        }));
    }
    r.finish();
}

/// `acme`, or `acme-000` and so on.
fn names(group: &Arc<str>, count: Option<u32>) -> Vec<Arc<str>> {
    let Some(count) = count else {
        return vec![group.clone()];
    };
    let width = (count.saturating_sub(1)).to_string().len().max(3);
    (0..count)
        .map(|n| format!("{group}-{n:0width$}").into())
        .collect()
}

/// Why a name is not for tenants (`domain.md` 2).
fn reserved(name: &str) -> Option<&'static str> {
    match name {
        "admin" | "system" | "default" => Some("is reserved: expected another name"),
        "each" => Some("stands for all tenants: expected another name"),
        _ if name.starts_with("kube-") || name.starts_with("nimbus-") => {
            Some("is reserved: expected a name that does not start with kube- or nimbus-")
        }
        _ => None,
    }
}

/// Tenants by what a scenario may call them.
pub(in crate::scenario) struct Directory<'a> {
    all: &'a [Tenant],
    by_name: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Directory<'a> {
    pub(in crate::scenario) fn of(all: &'a [Tenant]) -> Directory<'a> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, tenant) in all.iter().enumerate() {
            by_name.entry(&tenant.name).or_default().push(index);
            if tenant.numbered {
                by_name.entry(&tenant.group).or_default().push(index);
            }
        }
        Directory { all, by_name }
    }

    /// All that a name, a group's name or `each` means.
    pub(in crate::scenario) fn find(&self, target: &str) -> Vec<usize> {
        if target == "each" {
            return (0..self.all.len()).collect();
        }
        self.by_name.get(target).cloned().unwrap_or_default()
    }

    /// Names, for messages.
    pub(in crate::scenario) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.by_name.keys().copied()
    }
}
