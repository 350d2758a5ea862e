//! What of a request can be refused without looking at the state.

use super::config::Config;
use super::input::{Deploy, Kind, Refusal, Share};
use super::slug::check_slug;
use crate::autoscaler;
use crate::explain::Lack;
use crate::ids::ServiceNo;
use crate::time::Span;

/// The refusal of one field.
pub(super) fn invalid(field: &str, why: &str) -> Refusal {
    Refusal::Invalid {
        field: field.into(),
        why: why.into(),
    }
}

/// What can be refused without looking at the state.
pub(super) fn check(deploy: &Deploy, config: &Config) -> Result<(), Refusal> {
    check_slug("app", &deploy.app)?;
    check_slug("service", &deploy.service)?;
    if deploy.image.is_empty() || deploy.image.len() > config.image_len_max as usize {
        return Err(invalid("image", "expected 1 to 512 bytes"));
    }
    if deploy.spec.requests.pods != 1 {
        return Err(invalid("pods", "expected 1 for each replica"));
    }
    check_details(&deploy.details, config)?;
    check_strategy(deploy)?;
    if let Some(policy) = &deploy.autoscale {
        check_policy(policy)?;
    }
    let none = deploy.replicas.unwrap_or(0) == 0 && deploy.autoscale.is_none();
    if deploy.kind == Kind::Batch && !none {
        return Err(invalid(
            "replicas",
            "expected none: a batch service has runs instead",
        ));
    }
    Ok(())
}

/// What decides nothing is bounded, and not looked into.
pub(super) fn check_details(details: &str, config: &Config) -> Result<(), Refusal> {
    if details.len() > config.details_len_max as usize {
        return Err(invalid("details", "expected at most 64 KiB"));
    }
    Ok(())
}

fn check_strategy(deploy: &Deploy) -> Result<(), Refusal> {
    let strategy = &deploy.strategy;
    if strategy.deadline <= Span::ZERO {
        return Err(invalid("deadline", "expected more than 0s"));
    }
    if matches!(strategy.unavailable, Share::Percent(percent) if percent > 100) {
        return Err(invalid("unavailable", "expected at most 100 %"));
    }
    Ok(())
}

/// The ranges of a policy, and that it settles under constant load unless it says that it need not (U-03).
pub(super) fn check_policy(policy: &autoscaler::Policy) -> Result<(), Refusal> {
    policy.validate().map_err(|bad| Refusal::Invalid {
        field: format!("autoscale.{}", bad.field).into(),
        why: format!("{} is refused; expected {}", bad.value, bad.expected).into(),
    })?;
    match policy.settles() {
        Err(flap) if !policy.allow_flap => Err(Refusal::Flaps {
            replicas: flap.replicas,
        }),
        _ => Ok(()),
    }
}

/// Bounds of the replicas of a service.
pub(super) fn bounds(policy: Option<&autoscaler::Policy>, config: &Config) -> (u32, u32) {
    policy.map_or((0, config.replicas_max), |policy| (policy.min, policy.max))
}

/// The replicas that a request asks for: those that it names must lie within the bounds, those that are
/// kept or set by default are brought into them.
pub(super) fn replicas(
    deploy: &Deploy,
    present: Option<u32>,
    config: &Config,
) -> Result<u32, Refusal> {
    let (min, max) = bounds(deploy.autoscale.as_deref(), config);
    match (deploy.kind, deploy.replicas) {
        (Kind::Batch, _) => Ok(0),
        (_, Some(replicas)) if (min..=max).contains(&replicas) => Ok(replicas),
        (_, Some(replicas)) => Err(Refusal::Bounds { replicas, min, max }),
        (_, None) => Ok(present.unwrap_or(1).clamp(min, max)),
    }
}

/// The refusal that a lack of quota means.
pub(super) fn refusal_of(lacks: Lack, service: ServiceNo) -> Refusal {
    if lacks == Lack::NotAdmitting {
        Refusal::State {
            service,
            why: "its tenant does not admit work".into(),
        }
    } else {
        Refusal::Quota(lacks)
    }
}

/// The refusal of an app that a lack of quota or of the plan means.
pub(super) fn refusal_of_app(lacks: Lack) -> Refusal {
    if lacks == Lack::NotAdmitting {
        Refusal::AppState("its tenant does not admit work".into())
    } else {
        Refusal::Quota(lacks)
    }
}
