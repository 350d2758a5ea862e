//! What would follow from a write (U-02): the answer to `?dry_run=true` and `?simulate=1h`.

use nimbus_core::explain::Place;
use nimbus_core::ids::TenantNo;
use nimbus_core::store::StoreError;
use nimbus_core::time::Span;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::app::{App, Command};
use super::caller::Caller;
use super::problem::{Code, Problem, refused};
use crate::replay::Origin;
use crate::replay::fork::{self, Affected, ForkError, Question};
use crate::store::{Store, Visible};

/// What would follow from a write. Nothing of it is done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Forecast {
    /// Always false.
    applied: bool,
    /// How far it looks.
    #[schema(example = "1h")]
    horizon: String,
    /// Replicas of the tenant that get a node, at most 500.
    placements: Vec<Placement>,
    /// Replicas of the tenant that wait at the end, at most 500.
    pending: Vec<Pending>,
    /// 99 of 100 of these replicas wait at most so long, seconds.
    queue_time_p99_s: i64,
    /// What is left of the tenant's quota; null if there is no tenant.
    quota_left: Option<QuotaLeft>,
    /// What the use of the tenant costs more until then.
    cost: Cost,
    /// Who has more or fewer waiting replicas. Tenants that the caller does not see are summed.
    affected: Vec<Touched>,
    /// What is accepted and still worth knowing.
    warnings: Vec<String>,
    /// Hash of what the cluster plays.
    scenario_hash: String,
    /// Hash of the fork's run: the same state and request give the same.
    event_hash: String,
}

/// A replica that gets a node.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ForecastPlacement)]
struct Placement {
    /// 1, 2, … in order of time.
    replica: usize,
    /// Name of its node.
    #[schema(example = "general-1")]
    node: String,
    /// Why there: the same value as a decision.
    #[schema(value_type = Object)]
    decision: Place,
}

/// A replica that waits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ForecastPending)]
struct Pending {
    /// Goes on behind the placements.
    replica: usize,
    /// Why it waits.
    #[schema(example = "no node: cpu 3 of 3 removed")]
    reason: String,
}

/// What is left of a quota.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ForecastQuota)]
struct QuotaLeft {
    /// Millicores.
    cpu_m: u64,
    /// MiB, rounded down.
    memory_mb: u64,
    /// Pods.
    pods: u32,
}

/// An amount of money.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ForecastCost)]
struct Cost {
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: String,
    /// In the unit of the currency.
    #[schema(example = "0.03")]
    amount: String,
    /// In its smallest unit.
    amount_minor: i64,
}

/// What a tenant has of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ForecastAffected)]
struct Touched {
    /// Whose; null for all that the caller does not see.
    tenant_id: Option<String>,
    /// In words.
    #[schema(example = "2 more replicas wait")]
    effect: String,
}

impl App {
    /// What would follow from a write within this time. A refusal of a machine is a problem.
    ///
    /// # Errors
    /// The refusal; 429 if two simulations run already or this one takes too long.
    pub async fn foresee<T: Serialize>(
        &self,
        caller: &Caller,
        command: Command,
        horizon: Span,
    ) -> Result<Answer<T>, Problem> {
        let question = Question {
            message: command.message,
            tenant: command.tenant,
            horizon,
        };
        let forks = self.forks()?;
        let store = self.store();
        let found = forks.run(move || Origin::read(&store), question).await?;
        if let Some(problem) = found.reply.as_ref().and_then(refused) {
            return Err(problem);
        }
        let reach = caller.reach();
        let (others, tenant) = (found.affected.clone(), command.tenant);
        let touched = self.read(move |store| touched(store, &reach, &others, tenant));
        let touched = touched.await?;
        Ok(Answer::foreseen(show(found, touched)))
    }
}

impl From<ForkError> for Problem {
    fn from(error: ForkError) -> Problem {
        match error {
            ForkError::Busy => Problem::new(Code::Overloaded, error.to_string()),
            ForkError::Budget => Problem::new(Code::Overloaded, error.to_string()).after(60),
            ForkError::Branch(_) | ForkError::Panicked(_) => Problem::internal(&error.to_string()),
        }
    }
}

fn show(found: fork::Forecast, mut affected: Vec<Touched>) -> Forecast {
    let placed = found.placements.len();
    let mut warnings = Vec::new();
    if let Some(first) = found.pending.first() {
        let waiting = found.pending.len();
        warnings.push(format!("{waiting} replicas wait: {}", first.reason));
    }
    if let Some(own) = affected.first_mut().filter(|_| !found.pending.is_empty()) {
        own.effect = format!("{} replicas wait", found.pending.len());
    }
    Forecast {
        applied: false,
        horizon: found.horizon.to_string(),
        placements: (1..)
            .zip(found.placements)
            .map(|(replica, placement)| Placement {
                replica,
                node: placement.node.to_string(),
                decision: placement.decision,
            })
            .collect(),
        pending: (placed + 1..)
            .zip(found.pending)
            .map(|(replica, pending)| Pending {
                replica,
                reason: pending.reason,
            })
            .collect(),
        queue_time_p99_s: (found.queue_time_p99.0 + 999_999) / 1_000_000,
        quota_left: found.quota_left.map(|left| QuotaLeft {
            cpu_m: left.cpu.0,
            memory_mb: left.memory.0 >> 20,
            pods: left.pods,
        }),
        cost: Cost {
            currency: String::from(found.currency.code),
            amount: found.currency.amount(found.cost_minor),
            amount_minor: found.cost_minor,
        },
        affected,
        warnings,
        scenario_hash: found.scenario_hash,
        event_hash: found.event_hash,
    }
}

/// The tenants that have something of it, the caller's own first; those that it does not see in one sum.
fn touched(
    store: &Store,
    reach: &Visible,
    others: &[Affected],
    own: Option<TenantNo>,
) -> Result<Vec<Touched>, StoreError> {
    let mut shown = Vec::new();
    if let Some(found) = own.map(|no| store.tenant_by_no(no)).transpose()?.flatten() {
        shown.push(Touched {
            tenant_id: Some(found.row.row.id.to_string()),
            effect: "none".to_owned(),
        });
    }
    let mut hidden = 0;
    for affected in others {
        let found = store.tenant_by_no(affected.tenant)?;
        match found.filter(|found| sees(reach, affected.tenant, found.row.row.org)) {
            Some(found) => shown.push(Touched {
                tenant_id: Some(found.row.row.id.to_string()),
                effect: effect(affected.waiting),
            }),
            None => hidden += affected.waiting,
        }
    }
    if hidden != 0 {
        shown.push(Touched {
            tenant_id: None,
            effect: effect(hidden),
        });
    }
    Ok(shown)
}

fn sees(reach: &Visible, tenant: TenantNo, org: nimbus_core::ids::OrgNo) -> bool {
    match reach {
        Visible::All => true,
        Visible::Orgs(orgs) => orgs.contains(&org),
        Visible::Tenant(no) => *no == tenant,
    }
}

fn effect(waiting: i64) -> String {
    let word = if waiting > 0 { "more" } else { "fewer" };
    format!("{} {word} replicas wait", waiting.unsigned_abs())
}
