//! Slugs: DNS labels that name tenants, organizations, apps and services.

/// Longest slug of a tenant or organization.
pub const TENANT_MAX: usize = 40;

/// Checks a DNS label: lower-case letters, digits and hyphens, first a letter, last no hyphen, at most
/// `longest` characters.
///
/// # Errors
/// What was expected.
pub fn label(slug: &str, longest: usize) -> Result<(), String> {
    let bytes = slug.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let ends = bytes.first().is_some_and(u8::is_ascii_lowercase) && bytes.last() != Some(&b'-');
    if ends && bytes.len() <= longest && bytes.iter().all(inner) {
        return Ok(());
    }
    Err(format!(
        "expected 1 to {longest} lower-case letters, digits and hyphens, first a letter, last no hyphen"
    ))
}

/// Checks the slug of a tenant: a label of at most 40 characters that is not reserved.
///
/// # Errors
/// What was expected.
pub fn tenant(slug: &str) -> Result<(), String> {
    label(slug, TENANT_MAX)?;
    let reserved = ["admin", "system", "default"].contains(&slug)
        || slug.starts_with("kube-")
        || slug.starts_with("nimbus-");
    if reserved {
        return Err(
            "admin, system, default and all that starts with kube- or nimbus- is reserved".into(),
        );
    }
    Ok(())
}
