//! What the workload machine can be told, and what it answers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::autoscaler;
use crate::cluster::{DeploymentStatus, Finish, PodSpec};
use crate::explain::Lack;
use crate::ids::{AppId, AppNo, RevisionId, ServiceId, ServiceNo, SpecNo, TenantNo};
use crate::machine::Class;
use crate::time::Span;
use crate::units::Resources;

/// What kind of replicas a service has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Replicas that serve until told otherwise; rollouts.
    #[default]
    Service,
    /// Bare replicas with an end of their own, made by [`Input::Run`]; no rollout.
    Batch,
}

/// A number of pods, or a share of the desired replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// This many.
    Count(u32),
    /// Percent of the desired replicas; surge rounds up, unavailable rounds down.
    Percent(u32),
}

/// How a rollout goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strategy {
    /// Pods above the desired count.
    pub surge: Share,
    /// Pods below the desired count.
    pub unavailable: Share,
    /// Longest time without a new ready replica.
    pub deadline: Span,
}

impl Default for Strategy {
    /// Kubernetes: 25 %, 25 %, 600 s.
    fn default() -> Self {
        Strategy {
            surge: Share::Percent(25),
            unavailable: Share::Percent(25),
            deadline: Span::from_secs(600),
        }
    }
}

/// A request to create or change a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploy {
    /// Owner.
    pub tenant: TenantNo,
    /// Slug of its app, made if it is not there.
    pub app: Arc<str>,
    /// Slug of the service, made if it is not there. `<app>` or `<app>-<service>` names the Deployment,
    /// which is unique per tenant.
    pub service: Arc<str>,
    /// What kind; it cannot change.
    pub kind: Kind,
    /// Image.
    pub image: Arc<str>,
    /// What each replica asks for.
    pub spec: Arc<PodSpec>,
    /// Replicas, 0..1000; on a change `None` keeps them, on a creation it is 1. Batch: none.
    pub replicas: Option<u32>,
    /// How its rollouts go.
    pub strategy: Strategy,
    /// Its autoscale policy. With one, `replicas` must lie within its bounds.
    pub autoscale: Option<Arc<autoscaler::Policy>>,
    /// Whether pods of this revision start at all; false stands for a bad image in a scenario.
    pub starts: bool,
    /// What decides nothing, as canonical JSON of at most 64 KiB: part of the specification, so that a
    /// change of it makes a revision. Never looked into; empty in simulations.
    pub details: Arc<str>,
    /// Who asks, for the revision; empty in simulations.
    pub by: Arc<str>,
}

/// A request for an app by itself. Such an app stays without services until it is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewApp {
    /// Owner.
    pub tenant: TenantNo,
    /// Its slug, unique among the tenant's apps.
    pub slug: Arc<str>,
    /// What decides nothing, as canonical JSON of at most 64 KiB. Never looked into.
    pub details: Arc<str>,
    /// What its services may hold together, within the tenant's quota (S1-20); `None`: the tenant's.
    pub quota: Option<Resources>,
}

/// What changes of an app: all of it, or nothing. `None` leaves a part as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppEdit {
    /// What decides nothing.
    pub details: Option<Arc<str>>,
    /// The quota; `Some(None)` takes it away. Below use it is refused, or accepted with `force` and growth
    /// closed.
    pub quota: Option<Option<Resources>>,
    /// Accept a quota below use.
    pub force: bool,
}

/// What a guarded input is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An app.
    App(AppNo),
    /// A service.
    Service(ServiceNo),
}

/// Who asks for a replica count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person, through an edge.
    User,
    /// The autoscaler.
    Autoscaler,
}

/// Everything that the workload machine takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// From outside: an app by itself. Answered with [`Answer::App`].
    CreateApp(Arc<NewApp>),
    /// From outside: other fields of an app, together.
    EditApp {
        /// Which app.
        app: AppNo,
        /// What changes.
        edit: Arc<AppEdit>,
    },
    /// From outside: delete an app, its services first. Asked again, the answer is the same.
    DeleteApp {
        /// Which app.
        app: AppNo,
    },
    /// From outside: do something only if its subject still has this version.
    Expect {
        /// What it is about.
        subject: Subject,
        /// The version that was read.
        version: u32,
        /// What is asked of the same subject.
        then: Box<Input>,
    },
    /// From outside: another autoscale policy, or none. The replicas are brought within its bounds.
    SetAutoscale {
        /// Which service.
        service: ServiceNo,
        /// The policy.
        policy: Option<Arc<autoscaler::Policy>>,
    },
    /// From outside: create or change a service. The same specification again changes nothing.
    Deploy(Arc<Deploy>),
    /// From outside or from the autoscaler: set the replicas. Applied at once; no revision, no rollout.
    Scale {
        /// Which service.
        service: ServiceNo,
        /// How many, 0..1000 and within the bounds of its policy.
        replicas: u32,
        /// Who asks; the autoscaler gets no reply.
        by: Actor,
    },
    /// From outside: a new revision with the specification of an earlier one; pins the service.
    Rollback {
        /// Which service.
        service: ServiceNo,
        /// The number to go back to; `None`: the last one that was active before the present.
        revision: Option<u32>,
        /// Who asks, for revision and pin; empty in simulations.
        by: Arc<str>,
    },
    /// From outside: let automation change the service again.
    Unpin {
        /// Which service.
        service: ServiceNo,
    },
    /// From outside: a rollout of the same revision.
    Restart {
        /// Which service.
        service: ServiceNo,
    },
    /// From outside: the rollout stands still, and its deadline with it.
    PauseRollout {
        /// Which service.
        service: ServiceNo,
    },
    /// From outside: the rollout goes on.
    ResumeRollout {
        /// Which service.
        service: ServiceNo,
    },
    /// From outside: back to the revision before the running rollout; the same as a rollback to it.
    UndoRollout {
        /// Which service.
        service: ServiceNo,
        /// Who asks, for revision and pin; empty in simulations.
        by: Arc<str>,
    },
    /// From outside: delete a service.
    Delete {
        /// Which service.
        service: ServiceNo,
    },
    /// From outside: run bare replicas of a batch service, all or none of them.
    Run {
        /// Which service.
        service: ServiceNo,
        /// How long each runs once bound; `None` until stopped.
        lifetime: Option<Span>,
        /// How many, at least 1.
        count: u32,
    },
    /// From the tenant machine: a reservation was made.
    Admitted {
        /// The ticket of the reservation.
        ticket: u64,
        /// Whether the tenant is active: else the service waits for [`Input::TenantActive`].
        active: bool,
    },
    /// From the tenant machine: a reservation was refused; nothing was taken.
    Refused {
        /// The ticket of the reservation.
        ticket: u64,
        /// What was lacking.
        lacks: Lack,
    },
    /// From the cluster: status of a Deployment. Repeating it is harmless.
    Deployment {
        /// Whose.
        service: ServiceNo,
        /// What it is.
        status: DeploymentStatus,
    },
    /// From the cluster: a Deployment and all its pods are gone.
    DeploymentGone {
        /// Whose.
        service: ServiceNo,
    },
    /// From the cluster: a pod has ended.
    PodFinished {
        /// Whose.
        service: ServiceNo,
        /// Its tenant.
        tenant: TenantNo,
        /// What it asked for.
        spec: SpecNo,
        /// Whether it was a bare pod, whose quota this frees.
        bare: bool,
        /// Why.
        why: Finish,
    },
    /// From the tenant machine: the tenant takes work; what waited is applied.
    TenantActive {
        /// Which.
        tenant: TenantNo,
    },
    /// From the tenant machine: store the replicas of its services and scale them to zero; stop bare pods.
    TenantSuspended {
        /// Which.
        tenant: TenantNo,
    },
    /// From the tenant machine: restore the stored replicas.
    TenantResumed {
        /// Which.
        tenant: TenantNo,
    },
    /// From the tenant machine: delete all services, then say `tenant::Input::ChildrenGone`.
    TenantDeleting {
        /// Which.
        tenant: TenantNo,
    },
    /// From its own timer: the progress deadline of a rollout.
    Deadline {
        /// Which service.
        service: ServiceNo,
        /// Which of its rollouts; a stale one is ignored.
        rollout: u32,
    },
    /// From outside: create a service in an app that is there; refused if the app has one of that name.
    Create(Arc<Deploy>),
}

impl Input {
    /// Its place within a round: what ends something comes before what asks for something.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Input::Expect { then, .. } => then.class(),
            Input::PodFinished { .. }
            | Input::Delete { .. }
            | Input::DeleteApp { .. }
            | Input::DeploymentGone { .. } => Class::Departure,
            Input::Deployment { .. } | Input::Deadline { .. } => Class::Observation,
            Input::Scale {
                by: Actor::Autoscaler,
                ..
            } => Class::Autoscaler,
            _ => Class::Arrival,
        }
    }
}

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
