//! What `scenario new` writes: small scenarios to start from, each runs as it is.

/// A template.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// What it is called on the command line.
    pub name: &'static str,
    /// One line of what it shows.
    pub about: &'static str,
    text: &'static str,
}

/// All templates, the default first.
pub const TEMPLATES: [Template; 3] = [
    Template {
        name: "web",
        about: "one service under a daily load, with an autoscaler and nodes that come and go",
        text: WEB,
    },
    Template {
        name: "tenants",
        about: "several tenants with quotas, and people who change things",
        text: TENANTS,
    },
    Template {
        name: "churn",
        about: "generated pods that come and go on a fixed number of nodes",
        text: CHURN,
    },
];

impl Template {
    /// The template of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Template> {
        TEMPLATES.into_iter().find(|template| template.name == name)
    }

    /// The text of a scenario called `name`.
    #[must_use]
    pub fn fill(&self, name: &str) -> String {
        self.text.replace("NAME", &name.replace(['"', '\\'], "-"))
    }
}

const WEB: &str = r#"# One service follows a daily load, and nodes follow the service.

[scenario]
name = "NAME"
version = 1
seed = 1
duration = "24h"

[[node_pool]]
name = "general"
cpu = "4"
memory = "16Gi"
min = 1
max = 10
boot_delay = "60s"
price_per_hour = "0.192"

[[tenant]]
name = "acme"
plan = "business"

[[workload]]
tenant = "acme"
name = "web"
cpu = "500m"
memory = "512Mi"
cpu_per_request = "10ms"
autoscaler = "step"

[[autoscaler]]
name = "step"
min = 2
max = 20

[[load]]
workload = "web"
source = "sine"
low = 50
high = 600
period = "24h"

[slo]
violations_max = "1%"

[expect]
refused_max = 0
"#;

const TENANTS: &str = r#"# Three equal tenants under quotas; one of them grows.

[scenario]
name = "NAME"
version = 1
seed = 1
duration = "12h"

[[node_pool]]
name = "general"
cpu = "8"
memory = "32Gi"
count = 3

[[tenant]]
name = "team"
count = 3
plan = "metered"
quota = { cpu = "4", memory = "8Gi", pods = 20 }

[[workload]]
tenant = "team"
name = "api"
cpu = "500m"
memory = "1Gi"
replicas = 2

[[load]]
workload = "api"
source = "poisson"
rate = 40

[[action]]
at = "1h"
kind = "scale"
workload = "team-001/api"
replicas = 6

[[action]] # more than its quota: refused
at = "2h"
kind = "scale"
workload = "team-001/api"
replicas = 12

[expect]
refused_min = 1
refused_max = 1
"#;

const CHURN: &str = r#"# Pods come and go at random on a fixed number of nodes.

[scenario]
name = "NAME"
version = 1
seed = 1
duration = "6h"
warm_up = "10m"
metrics_period = "5m"

[[node_pool]]
name = "general"
cpu = "8"
memory = "16Gi"
count = 100

[[tenant]]
name = "tenant"
count = 10
plan = "enterprise"

[[load]]
source = "churn"
tenants = "tenant"
initial = 1000
fill = "10m"
rate = 0.5
lifetime = "2000s"
shapes = [
  { name = "small", cpu = "250m", memory = "512Mi", weight = 3 },
  { name = "large", cpu = "1", memory = "2Gi", weight = 1 },
]

[slo]
pending_p99 = "30s"
"#;
