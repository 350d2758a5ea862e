//! An autoscale policy as it is shown and sent.

use nimbus_core::autoscaler::Policy;
use nimbus_core::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// How a service is scaled by its load. What is left out has the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Autoscale {
    /// `nimbus-step`, the only one so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "nimbus-step")]
    pub algorithm: Option<String>,
    /// How often it decides; 30 s.
    #[serde(default)]
    #[schema(example = "30s")]
    pub period: Option<String>,
    /// Above so many percent of the requested cpu a step up; 70.
    #[serde(default)]
    #[schema(example = 70)]
    pub up: Option<u32>,
    /// Below so many percent a step down; 30.
    #[serde(default)]
    #[schema(example = 30)]
    pub down: Option<u32>,
    /// Least replicas; 1.
    #[serde(default)]
    #[schema(example = 1)]
    pub min: Option<u32>,
    /// Most replicas; 5.
    #[serde(default)]
    #[schema(example = 5)]
    pub max: Option<u32>,
    /// Replicas added at once; 1.
    #[serde(default)]
    pub step_up: Option<u32>,
    /// Replicas taken away at once; 1.
    #[serde(default)]
    pub step_down: Option<u32>,
    /// Shortest time between two changes; none.
    #[serde(default)]
    #[schema(example = "0s")]
    pub cooldown: Option<String>,
    /// No further step up before the last one is ready.
    #[serde(default)]
    pub wait_ready: Option<bool>,
    /// What a missing metric means: `hold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "hold")]
    pub missing_metric: Option<String>,
}

impl From<&Policy> for Autoscale {
    fn from(policy: &Policy) -> Autoscale {
        Autoscale {
            algorithm: Some("nimbus-step".to_owned()),
            period: Some(policy.period.to_string()),
            up: Some(policy.up_percent),
            down: Some(policy.down_percent),
            min: Some(policy.min),
            max: Some(policy.max),
            step_up: Some(policy.step_up),
            step_down: Some(policy.step_down),
            cooldown: Some(policy.cooldown.to_string()),
            wait_ready: Some(policy.wait_ready),
            missing_metric: Some("hold".to_owned()),
        }
    }
}

impl Autoscale {
    /// The policy; `path` is where it stands in the request.
    ///
    /// # Errors
    /// 422 for what is no duration or not known; the machine checks the ranges.
    pub fn policy(&self, path: &str, allow_flap: bool) -> Result<Policy, Problem> {
        let at = |field: &str| match path {
            "" => field.to_owned(),
            path => format!("{path}.{field}"),
        };
        let one = |field: &str, given: &Option<String>, word: &str| match given {
            Some(given) if given != word => Err(Problem::invalid(
                &at(field),
                "invalid",
                format!("expected {word}"),
            )),
            _ => Ok(()),
        };
        one("algorithm", &self.algorithm, "nimbus-step")?;
        one("missing_metric", &self.missing_metric, "hold")?;
        let span = |field: &str, given: &Option<String>, default: Span| match given {
            Some(text) => Span::parse(text)
                .map_err(|error| Problem::invalid(&at(field), "invalid", error.to_string())),
            None => Ok(default),
        };
        let default = Policy::default();
        let policy = Policy {
            period: span("period", &self.period, default.period)?,
            up_percent: self.up.unwrap_or(default.up_percent),
            down_percent: self.down.unwrap_or(default.down_percent),
            min: self.min.unwrap_or(default.min),
            max: self.max.unwrap_or(default.max),
            step_up: self.step_up.unwrap_or(default.step_up),
            step_down: self.step_down.unwrap_or(default.step_down),
            cooldown: span("cooldown", &self.cooldown, default.cooldown)?,
            wait_ready: self.wait_ready.unwrap_or(default.wait_ready),
            allow_flap,
        };
        policy.validate().map_err(|bad| {
            let field = bad.field.trim_end_matches("_percent");
            Problem::invalid(&at(field), "invalid", format!("expected {}", bad.expected))
        })?;
        Ok(policy)
    }
}
