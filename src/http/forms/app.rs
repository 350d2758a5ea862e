//! Requests about apps.

use std::collections::BTreeMap;

use nimbus_core::ids::TenantNo;
use nimbus_core::store::workload::App as Row;
use nimbus_core::workload::{AppEdit, NewApp, SLUG_LEN_MAX};
use serde::Deserialize;
use utoipa::ToSchema;

use super::faults::Faults;
use super::patch::nullable;
use super::services::{check_env, check_texts};
use super::{quota, slug};
use crate::http::problem::Problem;
use crate::http::views::quota::Limits;
use crate::http::views::spec::AppDetails;

/// Longest name and description, characters.
const NAME_MAX: usize = 100;
const DESCRIPTION_MAX: usize = 2_000;
/// Most entries of metadata.
const METADATA_MAX: usize = 64;

/// A new app.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApp {
    /// Shown name, 1 to 100 characters; its slug is made from it.
    #[schema(example = "shop", min_length = 1, max_length = 100)]
    pub name: String,
    /// Description, at most 2000 characters.
    #[schema(example = "the web shop", max_length = 2000)]
    pub description: Option<String>,
    /// Whatever its owner keeps with it, at most 64 entries.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Its tenant, by id or slug; without it the caller's.
    #[schema(max_length = 64)]
    pub tenant_id: Option<String>,
    /// Environment of its services.
    pub env: Option<BTreeMap<String, String>>,
    /// `internal` or `public`.
    #[schema(example = "internal")]
    pub visibility: Option<String>,
    /// What its services may have together, within the tenant's quota.
    pub quota: Option<Limits>,
}

/// What changes of an app. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditApp {
    /// Shown name, 1 to 100 characters; the slug stays.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Description; null takes it away.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub description: Option<Option<String>>,
    /// Metadata; null takes an entry away, those left out stay.
    pub metadata: Option<BTreeMap<String, Option<String>>>,
    /// Environment; null takes a variable away, those left out stay.
    pub env: Option<BTreeMap<String, Option<String>>>,
    /// `internal` or `public`.
    pub visibility: Option<String>,
    /// What its services may have together; null for what the tenant has.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Limits>)]
    pub quota: Option<Option<Limits>>,
    /// Accept a quota below use; growth is closed until use is below it.
    #[serde(default)]
    pub force: bool,
}

fn public(word: Option<&String>, faults: &mut Faults) -> Option<bool> {
    let word = word?;
    let known = matches!(&**word, "internal" | "public");
    faults.unless(
        known,
        "visibility",
        "invalid",
        "expected internal or public",
    );
    Some(word == "public")
}

fn check(details: &AppDetails, faults: &mut Faults) {
    let name = &details.name;
    let named = !name.trim().is_empty() && name.chars().count() <= NAME_MAX;
    let plain = !name.chars().any(char::is_control);
    faults.unless(
        named && plain,
        "name",
        "invalid",
        "expected 1 to 100 characters",
    );
    let short = details.description.chars().count() <= DESCRIPTION_MAX;
    faults.unless(short, "description", "too_long", "at most 2000 characters");
    let few = details.metadata.len() <= METADATA_MAX;
    faults.unless(few, "metadata", "too_many", "at most 64 entries");
    for (key, value) in &details.metadata {
        let path = format!("metadata.{key}");
        let fits = !key.is_empty() && key.len() <= 128 && value.len() <= 4_096;
        faults.unless(
            fits,
            &path,
            "too_long",
            "at most 128 bytes for the key, 4096 for the value",
        );
    }
    check_env(&details.env, faults);
    check_texts(&details.text(), "metadata", faults);
}

impl CreateApp {
    /// What the machine is told.
    ///
    /// # Errors
    /// 422 with the fields at fault.
    pub fn wish(&self, tenant: TenantNo) -> Result<NewApp, Problem> {
        let mut faults = Faults::new();
        let details = AppDetails {
            name: self.name.clone(),
            description: self.description.clone().unwrap_or_default(),
            metadata: self.metadata.clone().unwrap_or_default(),
            env: self.env.clone().unwrap_or_default(),
            public: public(self.visibility.as_ref(), &mut faults).unwrap_or_default(),
        };
        check(&details, &mut faults);
        let slug = slug::of_name(&self.name, SLUG_LEN_MAX);
        if slug.is_empty() && !self.name.trim().is_empty() {
            faults.add(
                "name",
                "invalid",
                "has no letter that a slug could be made of",
            );
        }
        faults.done()?;
        Ok(NewApp {
            tenant,
            slug: slug.into(),
            details: details.text(),
            quota: self.quota.as_ref().map(quota::of_app).transpose()?,
        })
    }
}

fn merged(
    now: BTreeMap<String, String>,
    patch: Option<&BTreeMap<String, Option<String>>>,
) -> BTreeMap<String, String> {
    let mut all = now;
    for (key, value) in patch.into_iter().flatten() {
        match value {
            Some(value) => {
                all.insert(key.clone(), value.clone());
            }
            None => {
                all.remove(key);
            }
        }
    }
    all
}

impl EditApp {
    /// What the machine is told of an app that is like this now.
    ///
    /// # Errors
    /// 422 with the fields at fault.
    pub fn wish(&self, now: &Row) -> Result<AppEdit, Problem> {
        let mut faults = Faults::new();
        let before = AppDetails::read(&now.details);
        let described = self.description.clone().map(Option::unwrap_or_default);
        let public = public(self.visibility.as_ref(), &mut faults);
        let named = Some(before.name).filter(|name| !name.is_empty());
        let name = self.name.clone().or(named);
        let details = AppDetails {
            name: name.unwrap_or_else(|| now.slug.to_string()),
            description: described.unwrap_or(before.description),
            metadata: merged(before.metadata, self.metadata.as_ref()),
            env: merged(before.env, self.env.as_ref()),
            public: public.unwrap_or(before.public),
        };
        check(&details, &mut faults);
        faults.done()?;
        let quota = match &self.quota {
            None => None,
            Some(None) => Some(None),
            Some(Some(limits)) => Some(Some(quota::of_app(limits)?)),
        };
        let text = details.text();
        Ok(AppEdit {
            details: (*text != *now.details).then_some(text),
            quota,
            force: self.force,
        })
    }
}
