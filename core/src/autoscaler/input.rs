//! What the autoscaler can be told, and the parameters of its policy.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cluster::UsageTick;
use crate::ids::ServiceNo;
use crate::machine::Class;
use crate::time::Span;

/// The policy `nimbus-step` (S0-14): thresholds on used / requested cpu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Policy {
    /// How often it looks.
    pub period: Span,
    /// Step up above this use, percent, strictly.
    pub up_percent: u32,
    /// Step down below this use, percent, strictly.
    pub down_percent: u32,
    /// Least replicas.
    pub min: u32,
    /// Most replicas.
    pub max: u32,
    /// Replicas added at once.
    pub step_up: u32,
    /// Replicas taken away at once.
    pub step_down: u32,
    /// Shortest time between two changes.
    pub cooldown: Span,
    /// No further step up while ready < desired.
    pub wait_ready: bool,
    /// Accept thresholds that may oscillate under constant load.
    pub allow_flap: bool,
}

impl Policy {
    /// Whether it settles under constant load (U-03); what [`super::check`] says.
    ///
    /// # Errors
    /// [`super::Flap`] with the replica count at which it may oscillate.
    pub fn settles(&self) -> Result<(), super::Flap> {
        super::check(self)
    }
}

impl Default for Policy {
    /// The seed's numbers: 30 s, 70 %, 30 %, 1..5, one step, no cool-down.
    fn default() -> Self {
        Policy {
            period: Span::from_secs(30),
            up_percent: 70,
            down_percent: 30,
            min: 1,
            max: 5,
            step_up: 1,
            step_down: 1,
            cooldown: Span::ZERO,
            wait_ready: false,
            allow_flap: false,
        }
    }
}

/// Everything that the autoscaler takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// From the workload machine: watch a service, or watch it under another policy. It is not held until
    /// [`Input::Replicas`] says so. Repeating it is harmless.
    Watch {
        /// Which service.
        service: ServiceNo,
        /// Under which policy.
        policy: Arc<Policy>,
        /// Replicas wanted now.
        desired: u32,
    },
    /// From the workload machine: no longer.
    Unwatch {
        /// Which service.
        service: ServiceNo,
    },
    /// From the workload machine: replicas wanted now, and whether a rollout or a suspension holds them. Sent
    /// on each change, a granted wish included: without it the autoscaler wishes the same again.
    Replicas {
        /// Which service.
        service: ServiceNo,
        /// How many.
        desired: u32,
        /// Hold: a rollout is running or the tenant is suspended.
        hold: bool,
    },
    /// From the cluster: use of all services. The last sample counts, at one look; one that was not measured
    /// later than the last is ignored.
    Usage(Arc<UsageTick>),
    /// From its own timer: look at all services of this period.
    Tick {
        /// Which period.
        period: Span,
    },
}

impl Input {
    /// Its place within a round.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Input::Tick { .. } => Class::Autoscaler,
            _ => Class::Observation,
        }
    }
}
