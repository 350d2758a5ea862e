//! What the workload machine answers, and why it refuses.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::explain::Lack;
use crate::ids::{AppId, AppNo, RevisionId, ServiceId, ServiceNo};

/// What the workload machine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A new app.
    App {
        /// Its ordinal.
        no: AppNo,
        /// Its id.
        id: AppId,
    },
    /// A service was created or changed.
    Deployed {
        /// Its ordinal.
        no: ServiceNo,
        /// Its id.
        id: ServiceId,
        /// Its app.
        app: AppId,
        /// Id of the revision that is current now.
        revision_id: RevisionId,
        /// Number of that revision.
        revision: u32,
        /// False if the specification was the same and nothing changed.
        changed: bool,
    },
    /// Replicas after a scale.
    Scaled {
        /// How many are wanted.
        replicas: u32,
    },
    /// Bare replicas were asked for.
    Running {
        /// How many.
        count: u32,
    },
    /// Done; nothing more to say.
    Done,
}

/// Why the workload machine refuses. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// Not a slug.
    #[error("{field}: \"{slug}\" is refused: {why}")]
    Slug {
        /// `app` or `service`.
        field: Arc<str>,
        /// What was given.
        slug: Arc<str>,
        /// What was expected.
        why: Arc<str>,
    },
    /// The Deployment's name is taken within the tenant (contract 7.3).
    #[error("service: the name \"{0}\" is taken within the tenant")]
    Taken(Arc<str>),
    /// The app's name is taken within the tenant.
    #[error("name: the app \"{0}\" exists already")]
    TakenApp(Arc<str>),
    /// There is no such app.
    #[error("app {0} does not exist")]
    NoApp(AppNo),
    /// The state of an app or of its tenant does not allow it.
    #[error("app: {0}")]
    AppState(Arc<str>),
    /// It was changed since it was read.
    #[error("the version is {version} by now")]
    Stale {
        /// Its version.
        version: u32,
    },
    /// The quota of the app does not have room for it (403).
    #[error("quota of the app: {0:?}")]
    AppQuota(Lack),
    /// The new quota of an app is below use and `force` is off.
    #[error("quota: below use ({0:?}); set force to accept it and close growth")]
    BelowUse(Lack),
    /// There is no such service.
    #[error("service {0} does not exist")]
    NoService(ServiceNo),
    /// There is no such revision.
    #[error("revision: {revision} does not exist; expected 1..{last}")]
    NoRevision {
        /// What was asked for; 0 if there is no earlier one.
        revision: u32,
        /// The last one.
        last: u32,
    },
    /// Outside the bounds.
    #[error("replicas: {replicas} is outside {min}..{max}")]
    Bounds {
        /// What was asked for.
        replicas: u32,
        /// Least.
        min: u32,
        /// Most.
        max: u32,
    },
    /// A policy that may oscillate, without `allow_flap` (U-03).
    #[error(
        "autoscale: the policy may oscillate at {replicas} replicas; widen the thresholds or set allow_flap"
    )]
    Flaps {
        /// The replica count at which it does.
        replicas: u32,
    },
    /// Over quota or plan limit (403).
    #[error("quota: {0:?}")]
    Quota(Lack),
    /// The state does not allow it.
    #[error("service {service}: {why}")]
    State {
        /// Which service.
        service: ServiceNo,
        /// Why not.
        why: Arc<str>,
    },
    /// The request asks for nothing or for too much at once.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: Arc<str>,
        /// What was expected.
        why: Arc<str>,
    },
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
