//! `[[load]]`: where demand comes from, resolved.

use std::path::PathBuf;
use std::sync::Arc;

use nimbus_core::time::Span;
use nimbus_core::units::Resources;
use serde::Serialize;

/// One `[[load]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Unique name: its random streams are named after it.
    pub name: Arc<str>,
    /// What it brings.
    pub source: Source,
}

/// What a load brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Source {
    /// Requests per second for services. Loads of one workload add up.
    Requests {
        /// As written: `name` or `tenant/name`.
        target: Arc<str>,
        /// Indices into the scenario's workloads; each gets the whole rate.
        workloads: Vec<usize>,
        /// How the rate goes.
        shape: Shape,
        /// Begins here, from the start of the scenario; zero before.
        from: Span,
        /// Zero from here on.
        until: Option<Span>,
    },
    /// Virtual machines of a trace.
    AzureVm(AzureVm),
    /// Generated pods that come and go.
    Churn(Churn),
    /// Requests per second for services made through the API while the scenario is served.
    Api {
        /// Which of them; each gets the whole rate.
        of: Pattern,
        /// How the rate goes.
        shape: Shape,
        /// Begins here, from the start of the scenario; zero before.
        from: Span,
        /// Zero from here on.
        until: Option<Span>,
    },
}

impl Source {
    /// How the rate of requests goes, from when until when; `None` if it brings pods.
    #[must_use]
    pub fn requests(&self) -> Option<(&Shape, Span, Option<Span>)> {
        match self {
            Source::Requests {
                shape, from, until, ..
            }
            | Source::Api {
                shape, from, until, ..
            } => Some((shape, *from, *until)),
            Source::AzureVm(_) | Source::Churn(_) => None,
        }
    }
}

/// Services made through the API: `api:*`, `api:tenant/*` or `api:tenant/name`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pattern {
    /// Slug of the tenant; `None`: every one.
    pub tenant: Option<Arc<str>>,
    /// Name of the Deployment; `None`: every one.
    pub name: Option<Arc<str>>,
}

impl Pattern {
    /// Reads a pattern.
    #[must_use]
    pub fn parse(text: &str) -> Option<Pattern> {
        let path = text.strip_prefix("api:")?;
        if path == "*" {
            return Some(Pattern::default());
        }
        let (tenant, name) = path.split_once('/')?;
        let slug = |text: &str| crate::scenario::is_slug(text, 64).then(|| Arc::from(text));
        Some(Pattern {
            tenant: Some(slug(tenant)?),
            name: match name {
                "*" => None,
                name => Some(slug(name)?),
            },
        })
    }

    /// Whether it means this service.
    #[must_use]
    pub fn matches(&self, tenant: &str, name: &str) -> bool {
        let is = |part: &Option<Arc<str>>, text: &str| part.as_deref().is_none_or(|p| p == text);
        is(&self.tenant, tenant) && is(&self.name, name)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.tenant {
            None => f.write_str("api:*"),
            Some(tenant) => write!(f, "api:{tenant}/{}", self.name.as_deref().unwrap_or("*")),
        }
    }
}

/// How a rate goes. Rates are in thousandths of a request per second; times count from the load's `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Shape {
    /// Always the same.
    Constant {
        /// The rate.
        rate: u64,
    },
    /// Jumps.
    Step {
        /// The rate before the first jump.
        rate: u64,
        /// When, and the rate from then on; in order of time.
        steps: Vec<(Span, u64)>,
    },
    /// Goes evenly from one rate to another and stays there.
    Ramp {
        /// At the start.
        low: u64,
        /// At the end; may be lower.
        high: u64,
        /// How long it takes.
        over: Span,
    },
    /// A sine wave, lowest at phase 0.
    Sine {
        /// Lowest.
        low: u64,
        /// Highest.
        high: u64,
        /// From one low to the next.
        period: Span,
        /// Where in the period it begins.
        phase: Span,
    },
    /// High for a while, again and again.
    Burst {
        /// In between.
        low: u64,
        /// While it lasts.
        high: u64,
        /// From the start of one burst to the next.
        period: Span,
        /// When the first one starts.
        at: Span,
        /// How long each lasts.
        length: Span,
    },
    /// Random counts around a mean, one per interval, each independent of the others.
    Poisson {
        /// Mean rate.
        rate: u64,
        /// Length of an interval.
        interval: Span,
    },
    /// A recorded series: a count of requests per period.
    Series(Series),
}

/// A file that a scenario reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceFile {
    /// As written in the scenario: relative to its folder.
    pub path: Arc<str>,
    /// Where it was found.
    #[serde(skip)]
    pub found: PathBuf,
    /// SHA-256 of its bytes as stored.
    pub sha256: [u8; 32],
}

/// Counts of requests, one row a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Series {
    /// The file.
    pub file: TraceFile,
    /// Name of the column with the index of the period.
    pub index: Arc<str>,
    /// Name of the column with the count.
    pub column: Arc<str>,
    /// What one step of the index stands for in the file.
    pub period: Span,
    /// Counts are multiplied by this, in thousandths.
    pub scale: u64,
    /// Skipped at the file's beginning.
    pub shift: Span,
    /// The file's time runs this much faster; 1 is as recorded. Counts per period stay, so rates rise.
    pub time_compression: u32,
}

/// Virtual machines of a trace in the form of `azure-vm-v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AzureVm {
    /// The file of arrivals.
    pub file: TraceFile,
    /// Arrival times are counted from this second of the trace.
    pub origin_s: i64,
    /// As written: a tenant, a group or `each`.
    pub target: Arc<str>,
    /// Indices into the scenario's tenants: a machine belongs to the one at `batch mod length`.
    pub tenants: Vec<usize>,
    /// Slug of the app; its services are `<app>-<flavor>`.
    pub app: Arc<str>,
    /// The file of shapes.
    pub flavor_file: TraceFile,
    /// Shapes, in order of name; their index is what the trace's rows name.
    pub flavors: Vec<Flavor>,
    /// Arrivals of the trace from this long after the origin on.
    pub shift: Span,
    /// The trace's time runs this much faster; 1 is as recorded. Lifetimes shrink with it.
    pub time_compression: u32,
}

/// A named shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flavor {
    /// Its name in the trace.
    pub name: Arc<str>,
    /// What it asks for; `pods` is 1.
    pub requests: Resources,
}

/// Pods that come and go at random: a steady state from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Churn {
    /// As written: a tenant, a group or `each`.
    pub target: Arc<str>,
    /// Indices into the scenario's tenants, drawn evenly.
    pub tenants: Vec<usize>,
    /// Slug of the app; its services are `<app>-<shape>`.
    pub app: Arc<str>,
    /// Pods that are there at the start.
    pub initial: u64,
    /// The initial pods arrive evenly over this time.
    pub fill: Span,
    /// Arrivals after the fill, in thousandths of a pod per second.
    pub rate: u64,
    /// Mean of the exponential lifetime.
    pub lifetime: Span,
    /// What pods ask for.
    pub shapes: Vec<ChurnShape>,
}

/// One shape of generated pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChurnShape {
    /// Its name.
    pub name: Arc<str>,
    /// What it asks for; `pods` is 1.
    pub requests: Resources,
    /// How often, against the sum of all weights.
    pub weight: u32,
}
