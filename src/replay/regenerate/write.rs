//! The story as a scenario file and its load.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use nimbus_core::autoscaler::Policy;
use nimbus_core::cluster::{PodSpec, Taint, Toleration};
use nimbus_core::ids::ServiceNo;
use nimbus_core::plan::PlanCode;
use nimbus_core::scheduler::Pool;
use nimbus_core::time::Span;
use nimbus_core::units::Resources;
use nimbus_core::workload::{Deploy, Kind, Share};
use toml::{Table, Value};

use super::story::{Act, On, Story, What, Who};

/// Time between two samples where only one was seen.
const PERIOD: Span = Span::from_secs(30);

macro_rules! table {
    ($($key:literal: $value:expr),* $(,)?) => {{
        let mut table = Table::new();
        $(table.insert($key.into(), Value::from($value));)*
        table
    }};
}

pub(super) fn quota(quota: Resources) -> Value {
    Value::Table(table! {
        "cpu": quota.cpu.to_string(),
        "memory": quota.memory.to_string(),
        "pods": i64::from(quota.pods),
    })
}

/// What another deployment changes.
pub(super) fn deployed(deploy: &Deploy) -> Table {
    let mut keys = table! {
        "image": &*deploy.image,
        "cpu": deploy.spec.requests.cpu.to_string(),
        "memory": deploy.spec.requests.memory.to_string(),
        "starts": deploy.starts,
    };
    if let Some(replicas) = deploy.replicas {
        keys.insert("replicas".into(), i64::from(replicas).into());
    }
    keys
}

impl Story {
    /// Time between two samples.
    fn period(&self) -> Span {
        let times: Vec<_> = self.used.keys().copied().collect();
        let gaps = times.windows(2).map(|pair| pair[1].since(pair[0]));
        gaps.min().unwrap_or(PERIOD)
    }

    /// The cpu that each service was seen to use: a row a sample, a column a service, in requests of one
    /// millisecond of cpu.
    pub(super) fn load(&self) -> String {
        let (start, period) = (self.start.unwrap_or_default(), self.period());
        let mut text = "index".to_owned();
        for service in self.services.keys() {
            let _ = write!(text, ",s{}", service.0); // a text takes everything
        }
        text.push('\n');
        let mut held: BTreeMap<ServiceNo, u64> = BTreeMap::new();
        let mut row = |index: i64, held: &BTreeMap<ServiceNo, u64>| {
            let _ = write!(text, "{index}");
            for service in self.services.keys() {
                let used = held.get(service).copied().unwrap_or(0);
                let per_ms = u64::try_from(period.0 / 1_000).unwrap_or(0);
                let _ = write!(text, ",{}", used.saturating_mul(per_ms) / 1_000);
            }
            text.push('\n');
        };
        let mut next = 0;
        for (at, used) in &self.used {
            let index = at.since(start).0.div_euclid(period.0.max(1));
            while next < index {
                row(next, &held); // nothing was measured: the last value held
                next += 1;
            }
            held.clone_from(used);
            if index == next {
                row(index, &held);
                next += 1;
            }
        }
        row(next, &held);
        text
    }

    /// The scenario.
    pub(super) fn toml(&self) -> String {
        let start = self.start.unwrap_or_default();
        let whole = |span: Span| Span::from_secs(span.secs() + 1);
        let policies = self.policies();
        let mut root = Table::new();
        let head = table! {
            "name": "journal",
            "version": 1,
            "title": "A journal, played again",
            "start": start.to_string(),
            "duration": whole(self.end.since(start)).to_string(),
            "metrics_period": self.period().to_string(),
            "metrics_lag": self.lag.to_string(),
        };
        root.insert("scenario".into(), head.into());
        root.insert("node_pool".into(), self.pools());
        let named = self.orgs.iter().filter(|(no, _)| self.is_named(**no));
        let orgs =
            named.map(|(_, (name, plan))| table! { "name": name.as_str(), "plan": word(*plan) });
        root.insert("org".into(), list(orgs));
        let tenants = self.tenants.values().map(|who| self.tenant(who));
        root.insert("tenant".into(), list(tenants));
        let rules = (0..)
            .zip(&policies)
            .map(|(number, policy)| rule(number, policy));
        root.insert("autoscaler".into(), list(rules));
        let services = self.services.values();
        let services = services.filter_map(|what| self.workload(what, &policies));
        root.insert("workload".into(), list(services));
        let loads = self.services.iter();
        root.insert(
            "load".into(),
            list(loads.filter_map(|(no, what)| self.demand(*no, what))),
        );
        let acts = self.acts.iter().filter_map(|act| self.action(act));
        root.insert("action".into(), list(acts));
        root.insert("scheduler".into(), self.scheduler().into());
        root.insert("billing".into(), self.billing().into());
        toml::to_string(&root).expect("tables of texts and numbers can be written")
    }

    fn is_named(&self, org: nimbus_core::ids::OrgNo) -> bool {
        self.tenants.values().any(|who| who.org == Some(org))
    }

    fn policies(&self) -> Vec<Arc<Policy>> {
        let mut all: Vec<_> = self
            .services
            .values()
            .filter_map(|what| what.autoscale.clone())
            .collect();
        all.sort();
        all.dedup();
        all
    }

    fn pools(&self) -> Value {
        let money = |micro| amount(micro, self.config.billing.currency.exponent);
        let pool = |pool: &Pool| {
            let node = &pool.template;
            let mut keys = table! {
                "name": &*pool.name,
                "cpu": node.allocatable.cpu.to_string(),
                "memory": node.allocatable.memory.to_string(),
                "pods": i64::from(node.allocatable.pods),
                "min": i64::from(pool.min),
                "max": i64::from(pool.max),
                "arch": if node.arch == nimbus_core::cluster::Arch::Arm64 { "arm64" } else { "amd64" },
                "labels": labels(&node.labels),
                "taints": texts(node.taints.iter().map(taint)),
                "price_per_hour": money(pool.price_micro_hour),
            };
            if !node.region.is_empty() {
                keys.insert("region".into(), (*node.region).into());
            }
            if !node.zone.is_empty() {
                keys.insert("zones".into(), texts([node.zone.to_string()].into_iter()));
            }
            keys
        };
        list(self.config.scheduler.pools.iter().map(pool))
    }

    fn tenant(&self, who: &Who) -> Table {
        let mut keys = table! { "name": who.name.as_str(), "at": who.at.to_string() };
        match who.org.and_then(|org| self.orgs.get(&org)) {
            Some((org, _)) => keys.insert("org".into(), org.as_str().into()),
            None => keys.insert("plan".into(), word(who.plan).into()),
        };
        if let Some(given) = who.quota {
            keys.insert("quota".into(), quota(given));
        }
        keys
    }

    fn path(&self, what: &What) -> Option<String> {
        Some(format!(
            "{}/{}",
            self.tenants.get(&what.tenant)?.name,
            what.name
        ))
    }

    fn workload(&self, what: &What, policies: &[Arc<Policy>]) -> Option<Table> {
        let spec = &what.spec;
        let mut keys = table! {
            "tenant": self.tenants.get(&what.tenant)?.name.as_str(),
            "app": what.app.as_str(),
            "name": what.name.as_str(),
            "kind": if what.kind == Kind::Batch { "batch" } else { "service" },
            "image": &*what.image,
            "cpu": spec.requests.cpu.to_string(),
            "memory": spec.requests.memory.to_string(),
            "replicas": i64::from(what.replicas),
            "at": what.at.to_string(),
            "cpu_per_request": "1ms",
            "priority": i64::from(spec.priority),
            "starts": what.starts,
        };
        place(spec, &mut keys);
        if let Some((min, max)) = what.start {
            let delay = table! { "min": min.to_string(), "max": max.to_string() };
            keys.insert("start_delay".into(), delay.into());
        }
        if let Some(lifetime) = what.lifetime {
            keys.insert("lifetime".into(), lifetime.to_string().into());
        }
        if what.kind == Kind::Service {
            keys.insert("surge".into(), share(what.strategy.surge));
            keys.insert("unavailable".into(), share(what.strategy.unavailable));
            keys.insert("deadline".into(), what.strategy.deadline.to_string().into());
        }
        if let Some(policy) = &what.autoscale {
            let number = policies.iter().position(|known| known == policy)?;
            keys.insert("autoscaler".into(), format!("policy-{number}").into());
        }
        Some(keys)
    }

    fn demand(&self, no: ServiceNo, what: &What) -> Option<Table> {
        let used = self
            .used
            .values()
            .any(|used| used.get(&no).is_some_and(|m| *m > 0));
        if what.kind == Kind::Batch || !used {
            return None;
        }
        let path = self.path(what)?;
        Some(table! {
            "name": path.as_str(),
            "workload": path.as_str(),
            "source": "csv",
            "path": "load.csv",
            "index": "index",
            "column": format!("s{}", no.0),
            "period": self.period().to_string(),
        })
    }

    fn action(&self, act: &Act) -> Option<Table> {
        let mut keys = act.keys.clone();
        keys.insert("at".into(), act.at.to_string().into());
        keys.insert("kind".into(), act.word.into());
        match act.on {
            On::Tenant(no) => {
                let name = self.tenants.get(&no)?.name.as_str();
                keys.insert("tenant".into(), name.into());
            }
            On::Service(no) => {
                let path = self.path(self.services.get(&no)?)?;
                keys.insert("workload".into(), path.into());
            }
        }
        Some(keys)
    }

    fn scheduler(&self) -> Table {
        let score = serde_json::to_value(self.config.scheduler.score).unwrap_or_default();
        table! {
            "score": score.as_str().unwrap_or("busiest_cpu"),
            "empty_after": self.config.scheduler.empty_after.to_string(),
        }
    }

    fn billing(&self) -> Table {
        let billing = &self.config.billing;
        let money =
            |micro: i64| amount(u64::try_from(micro).unwrap_or(0), billing.currency.exponent);
        table! {
            "currency": String::from(billing.currency.code),
            "cpu_vcpu_hour": money(billing.prices.cpu_vcpu_hour),
            "memory_gib_hour": money(billing.prices.memory_gib_hour),
        }
    }
}

fn list(tables: impl Iterator<Item = Table>) -> Value {
    Value::Array(tables.map(Value::Table).collect())
}

fn texts(texts: impl Iterator<Item = String>) -> Value {
    Value::Array(texts.map(Value::String).collect())
}

fn labels(labels: &BTreeMap<Arc<str>, Arc<str>>) -> Value {
    let pairs = labels.iter();
    Value::Table(
        pairs
            .map(|(key, value)| (key.to_string(), Value::from(&**value)))
            .collect(),
    )
}

fn taint(taint: &Taint) -> String {
    format!("{}={}:{:?}", taint.key, taint.value, taint.effect)
}

fn toleration(toleration: &Toleration) -> String {
    let mut text = toleration.key.to_string();
    if let Some(value) = &toleration.value {
        let _ = write!(text, "={value}"); // a text takes everything
    }
    if let Some(effect) = &toleration.effect {
        let _ = write!(text, ":{effect:?}"); // a text takes everything
    }
    text
}

fn place(spec: &PodSpec, keys: &mut Table) {
    let arch = serde_json::to_value(spec.arch).unwrap_or_default();
    let words = [
        ("arch", arch.as_str()),
        ("region", spec.region.as_deref()),
        ("zone", spec.zone.as_deref()),
    ];
    for (key, word) in words {
        if let Some(word) = word {
            keys.insert(key.into(), word.into());
        }
    }
    if !spec.selector.is_empty() {
        keys.insert("selector".into(), labels(&spec.selector));
    }
    if !spec.tolerations.is_empty() {
        keys.insert(
            "tolerations".into(),
            texts(spec.tolerations.iter().map(toleration)),
        );
    }
}

fn rule(number: usize, policy: &Policy) -> Table {
    table! {
        "name": format!("policy-{number}"),
        "period": policy.period.to_string(),
        "up_percent": i64::from(policy.up_percent),
        "down_percent": i64::from(policy.down_percent),
        "min": i64::from(policy.min),
        "max": i64::from(policy.max),
        "step_up": i64::from(policy.step_up),
        "step_down": i64::from(policy.step_down),
        "cooldown": policy.cooldown.to_string(),
        "wait_ready": policy.wait_ready,
        "allow_flap": policy.allow_flap,
    }
}

fn share(share: Share) -> Value {
    match share {
        Share::Count(count) => i64::from(count).into(),
        Share::Percent(percent) => format!("{percent}%").into(),
    }
}

fn word(plan: PlanCode) -> String {
    plan.as_str().to_owned()
}

/// An amount of millionths of the minor unit, as a decimal of the currency.
fn amount(micro: u64, exponent: u8) -> String {
    let digits = usize::from(exponent) + 6;
    let text = format!("{micro:0width$}", width = digits + 1);
    let (whole, part) = text.split_at(text.len() - digits);
    let part = part.get(..8).unwrap_or(part).trim_end_matches('0');
    if part.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{part}")
    }
}
