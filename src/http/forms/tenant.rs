//! Requests about tenants.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::ids::OrgNo;
use nimbus_core::plan::{Isolation, PlanCode};
use nimbus_core::store::tenant::TenantRow;
use nimbus_core::tenant::slug::TENANT_MAX;
use nimbus_core::tenant::{Labels, NewTenant, TenantEdit};
use serde::Deserialize;
use utoipa::ToSchema;

use super::quota::Quota;
use super::slug;
use crate::http::problem::{Code, Problem};

/// A new tenant.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    /// Shown name, 1 to 100 characters.
    #[schema(example = "Acme", min_length = 1, max_length = 100)]
    pub name: String,
    /// Its slug; without it made from the name.
    #[schema(example = "acme", max_length = 40)]
    pub slug: Option<String>,
    /// Its organization, by id or slug; without it one is made, which only the platform may do.
    #[schema(max_length = 64)]
    pub organization_id: Option<String>,
    /// Plan of the organization that is made: `metered`, `free`, `business`, `enterprise`.
    #[schema(example = "metered")]
    pub plan: Option<String>,
    /// Quota instead of the plan's.
    pub quota: Option<Quota>,
    /// `shared`, `namespace` or `dedicated`, as far as the plan offers it.
    #[schema(example = "shared")]
    pub isolation: Option<String>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
}

/// What changes of a tenant. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditTenant {
    /// Shown name, 1 to 100 characters.
    #[schema(example = "Acme Inc.", min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Quota; parts that are left out stay.
    pub quota: Option<Quota>,
    /// `shared`, `namespace` or `dedicated`, as far as the plan offers it.
    #[schema(example = "shared")]
    pub isolation: Option<String>,
    /// Labels; null takes one away, those left out stay.
    pub labels: Option<BTreeMap<String, Option<String>>>,
    /// Accept a quota below use; growth is closed until use is below it.
    #[serde(default)]
    pub force: bool,
}

/// Why a tenant is suspended.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendTenant {
    /// For people, at most 500 characters.
    #[schema(example = "unpaid since October", max_length = 500)]
    pub reason: Option<String>,
}

/// The plan of a word.
///
/// # Errors
/// 422 for another word.
pub fn plan(word: &str) -> Result<PlanCode, Problem> {
    let known = PlanCode::ALL.into_iter().find(|plan| plan.as_str() == word);
    let text = "expected metered, free, business or enterprise";
    known.ok_or_else(|| Problem::invalid("plan", "invalid", text))
}

fn isolation(word: Option<&String>) -> Result<Option<Isolation>, Problem> {
    let Some(word) = word else {
        return Ok(None);
    };
    let known = Isolation::ALL.into_iter().find(|one| one.as_str() == word);
    let text = "expected shared, namespace or dedicated";
    known
        .map(Some)
        .ok_or_else(|| Problem::invalid("isolation", "invalid", text))
}

impl CreateTenant {
    /// What the machine is told; `org` is the organization that was named, with its plan.
    ///
    /// # Errors
    /// 422 with the fields at fault.
    pub fn wish(&self, org: Option<(OrgNo, PlanCode)>) -> Result<NewTenant, Problem> {
        if org.is_some() && self.plan.is_some() {
            let text = "the organization has one; it can only be set for one that is made";
            return Err(Problem::invalid("plan", "conflict", text));
        }
        let asked = self.plan.as_deref().map(plan).transpose()?;
        let plan = org.map(|(_, plan)| plan).or(asked).unwrap_or_default();
        let before = plan.plan().quota;
        let quota = self.quota.map(|quota| quota.over(before)).transpose()?;
        let derived = || slug::of_name(&self.name, TENANT_MAX);
        let slug = self.slug.clone().unwrap_or_else(derived);
        if slug.is_empty() && self.slug.is_none() && !self.name.trim().is_empty() {
            let text = "cannot be made from this name; send one";
            return Err(Problem::invalid("slug", "required", text));
        }
        let labels = self.labels.iter().flatten();
        Ok(NewTenant {
            slug: slug.into(),
            name: self.name.as_str().into(),
            org: org.map(|(no, _)| no),
            plan,
            quota,
            isolation: isolation(self.isolation.as_ref())?,
            labels: labels.map(|(k, v)| (arc(k), arc(v))).collect(),
        })
    }
}

impl EditTenant {
    /// What the machine is told of a tenant that is like this now.
    ///
    /// # Errors
    /// 422 with the fields at fault.
    pub fn wish(&self, now: &TenantRow) -> Result<TenantEdit, Problem> {
        Ok(TenantEdit {
            name: self.name.as_deref().map(Arc::from),
            labels: self.labels.as_ref().map(|patch| merged(&now.labels, patch)),
            isolation: isolation(self.isolation.as_ref())?,
            quota: self.quota.map(|quota| quota.over(now.quota)).transpose()?,
            force: self.force,
        })
    }
}

fn merged(now: &Labels, patch: &BTreeMap<String, Option<String>>) -> Labels {
    let mut labels = now.clone();
    for (key, value) in patch {
        match value {
            Some(value) => {
                labels.insert(arc(key), arc(value));
            }
            None => {
                labels.remove(&**key);
            }
        }
    }
    labels
}

fn arc(text: &str) -> Arc<str> {
    Arc::from(text)
}

/// Reads a state in a filter.
///
/// # Errors
/// 400 for another word.
pub fn status(word: &str) -> Result<nimbus_core::tenant::Status, Problem> {
    let value = serde_json::Value::from(word);
    serde_json::from_value(value).map_err(|_| {
        let text = "expected provisioning, active, suspended, error, deleting or gone";
        Problem::new(Code::BadRequest, format!("status: {text}")).field("status", "invalid", text)
    })
}
