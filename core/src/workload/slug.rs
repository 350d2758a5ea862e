//! Slugs of apps and services, and the name of a Deployment.

use std::sync::Arc;

use super::input::Refusal;

/// Longest slug of an app or a service (`domain.md` 2). Two and a hyphen make a DNS label.
pub const SLUG_LEN_MAX: usize = 30;

/// Checks a slug: a DNS label of at most 30 characters that begins with a letter.
///
/// # Errors
/// [`Refusal::Slug`], which names the field and what was expected.
pub fn check_slug(field: &str, slug: &str) -> Result<(), Refusal> {
    let why = if slug.is_empty() || slug.len() > SLUG_LEN_MAX {
        "expected 1 to 30 characters"
    } else if !slug
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        "expected a-z, 0-9 and hyphens"
    } else if !slug.as_bytes()[0].is_ascii_lowercase() {
        "expected a letter first"
    } else if slug.ends_with('-') {
        "expected a letter or digit last"
    } else {
        return Ok(());
    };
    Err(Refusal::Slug {
        field: field.into(),
        slug: slug.chars().take(64).collect::<String>().into(),
        why: why.into(),
    })
}

/// Name of a Deployment: `<service>` if app and service share the name, else `<app>-<service>`.
#[must_use]
pub fn deployment_name(app: &Arc<str>, service: &Arc<str>) -> Arc<str> {
    if app == service {
        Arc::clone(service)
    } else {
        format!("{app}-{service}").into()
    }
}
