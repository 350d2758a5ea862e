//! What the conductor, the machines and the store refuse, as problems: one table each.

use nimbus_core::explain::Lack;
use nimbus_core::machine::Reply;
use nimbus_core::store::StoreError;
use nimbus_core::{billing, tenant, workload};

use super::{Code, Problem};
use crate::shell::port::Unanswered;

impl From<Unanswered> for Problem {
    fn from(reason: Unanswered) -> Problem {
        let code = match &reason {
            Unanswered::Overloaded => Code::Overloaded,
            Unanswered::Timeout => Code::Timeout,
            Unanswered::Dead(_) => Code::Internal,
            Unanswered::ReadOnly(_) => Code::StorageFull,
            Unanswered::Repeated => Code::IdempotencyRunning,
            Unanswered::NotLeader => Code::NotLeader,
            Unanswered::Stopping => Code::Unavailable,
        };
        let detail = match reason {
            // what is wrong with disk or database is the operator's to know
            Unanswered::ReadOnly(why) => {
                tracing::warn!(%why, "a write was refused");
                "no writes are taken now; reads go on".to_owned()
            }
            other => other.to_string(),
        };
        Problem::new(code, detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::error!(%error, "the store did not answer");
        match error {
            StoreError::Unavailable(_) => {
                Problem::new(Code::DatabaseUnavailable, "the database cannot be reached")
            }
            StoreError::Full(_) => {
                Problem::new(Code::StorageFull, "nothing can be written now; reads go on")
            }
            StoreError::Deposed(_) => Problem::new(Code::NotLeader, "another replica leads"),
            StoreError::Refused(_) => Problem::internal("the store refused a question"),
            StoreError::Unknown(_) => {
                Problem::new(Code::Timeout, "the outcome of the write is unknown")
            }
        }
    }
}

impl From<tenant::Refusal> for Problem {
    fn from(refusal: tenant::Refusal) -> Problem {
        use tenant::Refusal as R;
        let detail = refusal.to_string();
        match refusal {
            R::Slug { why, .. } => Problem::invalid("slug", "invalid", &*why),
            R::Taken(_) => {
                Problem::new(Code::AlreadyExists, detail).field("slug", "taken", "taken")
            }
            R::NoOrg(_) | R::NoTenant(_) => Problem::not_found(),
            R::State { status, .. } => {
                let status = word(&status);
                Problem::new(
                    Code::StateConflict,
                    format!("the tenant is {status}, which does not allow this"),
                )
            }
            R::BelowUse(lack) => below_use(lack),
            R::Stale { version } => stale(version),
            R::Tier { field, most, .. } => Problem::new(Code::TierLimit, detail).field(
                &field,
                "too_large",
                format!("the plan offers at most {most}"),
            ),
            R::Invalid { field, why } => Problem::invalid(&field, "invalid", &*why),
            R::Limit { .. } => Problem::new(Code::TierLimit, detail),
        }
    }
}

impl From<workload::Refusal> for Problem {
    fn from(refusal: workload::Refusal) -> Problem {
        use workload::Refusal as R;
        let detail = refusal.to_string();
        match refusal {
            R::Slug { field, why, .. } => Problem::invalid(&field, "invalid", &*why),
            R::Taken(_) | R::TakenApp(_) => {
                Problem::new(Code::AlreadyExists, detail).field("name", "taken", "taken")
            }
            R::AppState(why) => Problem::new(Code::StateConflict, &*why),
            R::Stale { version } => stale(version),
            R::AppQuota(lack) => quota(lack),
            R::BelowUse(lack) => below_use(lack),
            R::NoApp(_) | R::NoService(_) => Problem::not_found(),
            R::NoRevision { .. } => Problem::invalid("revision", "unknown", detail),
            R::Bounds { min, max, .. } => Problem::new(Code::OutOfBounds, detail).field(
                "replicas",
                "out_of_bounds",
                format!("expected {min}..{max}"),
            ),
            R::Flaps { .. } => Problem::new(Code::UnstablePolicy, detail).field(
                "autoscale",
                "unstable",
                "may oscillate",
            ),
            R::Quota(lack) => quota(lack),
            R::State { why, .. } => Problem::new(Code::StateConflict, &*why),
            R::Invalid { field, why } => Problem::invalid(&field, "invalid", &*why),
        }
    }
}

impl From<billing::Refusal> for Problem {
    fn from(refusal: billing::Refusal) -> Problem {
        match refusal {
            billing::Refusal::NoOrg(_) => Problem::not_found(),
            billing::Refusal::Overflow => Problem::internal("an amount left its width"),
        }
    }
}

/// The problem in a reply, if the machine refused.
pub(crate) fn refused(reply: &Reply) -> Option<Problem> {
    match reply {
        Reply::Tenant(Err(refusal)) => Some(refusal.clone().into()),
        Reply::Workload(Err(refusal)) => Some(refusal.clone().into()),
        Reply::Billing(Err(refusal)) => Some(refusal.clone().into()),
        Reply::Tenant(Ok(_)) | Reply::Workload(Ok(_)) | Reply::Billing(Ok(_)) => None,
    }
}

fn stale(version: u32) -> Problem {
    Problem::new(
        Code::StaleVersion,
        format!("the version is \"{version}\" by now"),
    )
}

fn below_use(lack: Lack) -> Problem {
    let text = format!(
        "the quota is below use ({}); set force to accept it",
        said(lack)
    );
    Problem::new(Code::InUse, text)
}

fn quota(lack: Lack) -> Problem {
    match lack {
        Lack::Apps { .. } => Problem::new(Code::TierLimit, said(lack)),
        Lack::NotAdmitting => Problem::new(Code::StateConflict, said(lack)),
        Lack::Cpu { .. } | Lack::Memory { .. } | Lack::Pods { .. } => {
            Problem::new(Code::QuotaExceeded, said(lack))
        }
    }
}

/// What is lacking, in words.
fn said(lack: Lack) -> String {
    const MIB: u64 = 1 << 20;
    match lack {
        Lack::Cpu { asked, left } => format!("cpu: {asked}m asked, {left}m left"),
        Lack::Memory { asked, left } => {
            format!(
                "memory: {}Mi asked, {}Mi left",
                asked.div_ceil(MIB),
                left / MIB
            )
        }
        Lack::Pods { asked, left } => format!("pods: {asked} asked, {left} left"),
        Lack::Apps { limit } => format!("apps: the plan allows {limit}"),
        Lack::NotAdmitting => "the tenant takes no new work now".to_owned(),
    }
}

/// The word of a state, as it stands in JSON.
fn word(status: &tenant::Status) -> String {
    let json = serde_json::to_value(status).unwrap_or_default();
    json.as_str().unwrap_or("in another state").to_owned()
}
