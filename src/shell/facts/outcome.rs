//! The code of a refusal, as problems name it.

use nimbus_core::machine::Reply;
use serde_json::Value;

/// The code of the problem that a refusal is; nothing if the machine did not refuse.
pub(crate) fn code(reply: &Reply) -> Option<String> {
    let refusal = match reply {
        Reply::Tenant(Err(refusal)) => serde_json::to_value(refusal),
        Reply::Workload(Err(refusal)) => serde_json::to_value(refusal),
        Reply::Billing(Err(refusal)) => serde_json::to_value(refusal),
        _ => return None,
    };
    let variant = match refusal.unwrap_or_default() {
        Value::String(name) => name,
        Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    Some(named(&variant))
}

/// The code of a refusal by the name of its variant.
fn named(variant: &str) -> String {
    let code = match variant {
        "Slug" | "Invalid" => "invalid",
        "Taken" => "already_exists",
        "NoOrg" | "NoTenant" | "NoApp" | "NoService" | "NoRevision" => "not_found",
        "State" | "AppState" | "NotEmpty" => "state_conflict",
        "Quota" | "BelowUse" => "quota_exceeded",
        "Limit" => "tier_limit",
        "Bounds" => "out_of_bounds",
        "Flaps" => "unstable_policy",
        "Stale" => "stale_version",
        _ => "refused",
    };
    code.to_owned()
}
