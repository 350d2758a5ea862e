//! Two runs side by side.

use serde::{Deserialize, Serialize};

use super::exact::Wide;
use super::head::{Header, Run};

/// What a figure counts: how it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A plain number.
    #[default]
    Count,
    /// Millicores of cpu.
    Millicores,
    /// Bytes.
    Bytes,
    /// Parts per million, shown as percent.
    Ppm,
    /// Parts per million, shown as a factor.
    Ratio,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Seconds of nodes or pods, shown as hours.
    Hours,
    /// Millicore-seconds, shown as vCPU-hours.
    CpuHours,
    /// Byte-seconds, shown as GiB-hours.
    GibHours,
    /// Requests per 1,000 seconds.
    Mrps,
    /// Minor units of the report's currency.
    Minor,
}

/// Whether more of it is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less is better.
    Less,
    /// More is better.
    More,
    /// Neither.
    #[default]
    Neither,
}

/// One figure of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Dotted key, as in `--limit`: `cost`, `peak_nodes`, `pool.general.peak_nodes`.
    pub key: String,
    /// In words.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// The value.
    pub value: Wide,
}

/// A figure of both runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// Dotted key.
    pub key: String,
    /// In words.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Value of A; `None`: A has no such figure.
    pub base: Option<Wide>,
    /// Value of B.
    pub head: Option<Wide>,
    /// B − A.
    pub difference: Option<Wide>,
    /// (B − A) / A in ppm, rounded half away from zero; `None` where A is 0 and B is not, or one is missing.
    pub change_ppm: Option<Wide>,
}

/// One `--limit` and whether it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitFound {
    /// As it was given: `cost <= +2%`.
    pub limit: String,
    /// What was found.
    pub found: String,
    /// Whether it holds.
    pub ok: bool,
}

/// A series of both runs over the same instants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// What is shown.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// Instants of A, seconds from its start.
    pub base_at_s: Vec<i64>,
    /// Values of A.
    pub base: Vec<u64>,
    /// Instants of B.
    pub head_at_s: Vec<i64>,
    /// Values of B.
    pub head: Vec<u64>,
}

/// A against B.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// What A is called: a score, a policy file, `up=70,down=30`.
    pub base_label: String,
    /// What B is called.
    pub head_label: String,
    /// Where A comes from.
    pub base: Header,
    /// Where B comes from.
    pub head: Header,
    /// The limits; empty: none was given.
    pub limits: Vec<LimitFound>,
    /// Every figure, in order of the report.
    pub figures: Vec<Compared>,
    /// Series of both.
    pub overlays: Vec<Overlay>,
    /// Remarks.
    pub notes: Vec<String>,
    /// What may differ between two runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}
