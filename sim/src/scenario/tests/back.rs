//! `explain`, templates, imports and the schema: what is written is read back.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::scenario::keys::SECTIONS;

/// Every key of the format but those of traces, after the head.
pub(super) const FULL: &str = r#"title = "all keys \"quoted\""
seed = 5
start = 2026-02-01T00:00:00Z
warm_up = "1m"
metrics_period = "1m"
metrics_lag = "15s"
space_delay = "2s"

[[node_pool]]
name = "general"
cpu = "7500m"
memory = "30Gi"
pods = 50
count = 2
min = 1
max = 9
arch = "arm64"
region = "eu"
zones = ["a", "b"]
labels = { disk = "ssd", "node.kubernetes.io/size" = "l" }
taints = ["team=ml:NoSchedule", "spot:NoExecute"]
boot_delay = { min = "20s", max = "60s" }
price_per_hour = "0.1923"

[[org]]
name = "big"
plan = "enterprise"

[[tenant]]
name = "team"
count = 3
org = "big"

[[tenant]]
name = "acme"
plan = "business"
quota = { cpu = "30", memory = "40Gi", pods = 50 }
at = "1m"

[[autoscaler]]
name = "step"
policy = "nimbus-step"
period = "1m"
up_percent = "75%"
down_percent = 20
min = 2
max = 8
step_up = 2
step_down = 1
cooldown = "2m"
wait_ready = true
allow_flap = false

[[workload]]
tenant = "each"
app = "shop"
name = "web"
kind = "service"
image = "web:3"
cpu = "250m"
memory = "256Mi"
replicas = 3
at = "2m"
autoscaler = "step"
cpu_per_request = "1500us"
use_fraction = "2.5%"
start_delay = { min = "1s", max = "9s" }
pull_delay = "3s"
arch = "arm64"
region = "eu"
zone = "a"
selector = { disk = "ssd" }
tolerations = ["team", "spot:NoExecute", "a=b:NoSchedule"]
priority = -5
surge = 2
unavailable = "10%"
deadline = "5m"
starts = true

[[workload]]
tenant = "acme"
name = "night"
kind = "batch"
cpu = 1
memory = "1Gi"
replicas = 4
lifetime = "10m"

[[load]]
name = "flat"
source = "constant"
workload = "web"
rate = 12.125
from = "1m"
until = "40m"

[[load]]
source = "step"
workload = "acme/web"
rate = 0
steps = [{ at = "5m", rate = 100 }, { at = "10m", rate = 0.5 }]

[[load]]
source = "ramp"
workload = "web"
low = 100
high = 10
over = "30m"

[[load]]
source = "sine"
workload = "web"
low = 1
high = 9
period = "20m"
phase = "5m"

[[load]]
source = "burst"
workload = "web"
low = 1
high = 9
period = "20m"
at = "1m"
length = "30s"

[[load]]
source = "poisson"
workload = "web"
rate = 30
interval = "10s"

[[load]]
source = "churn"
tenants = "team"
app = "jobs"
initial = 10
fill = "1m"
rate = 0.5
lifetime = "100s"
shapes = [{ name = "s", cpu = "100m", memory = "64Mi", weight = 2 }, { name = "l", cpu = 1, memory = "1Gi" }]

[scheduler]
score = "spread"
empty_after = "5m"

[billing]
currency = "EUR"
cpu_vcpu_hour = "0.05"
memory_gib_hour = "0.00512345"

[slo]
pending_p99 = "30s"
violations_max = "0.5%"
capacity_percent = 80

[[action]]
at = "3m"
kind = "deploy"
workload = "acme/web"
image = "web:4"
cpu = "300m"
memory = "300Mi"
replicas = 4
starts = false

[[action]]
at = "4m"
kind = "pause"
workload = "acme/web"

[[action]]
at = "5m"
kind = "resume"
workload = "acme/web"

[[action]]
at = "6m"
kind = "undo"
workload = "acme/web"

[[action]]
at = "7m"
kind = "rollback"
workload = "acme/web"
revision = 1

[[action]]
at = "8m"
kind = "unpin"
workload = "acme/web"

[[action]]
at = "9m"
kind = "scale"
workload = "team-002/web"
replicas = 5

[[action]]
at = "10m"
kind = "restart"
workload = "team-002/web"

[[action]]
at = "11m"
kind = "delete_service"
workload = "night"

[[action]]
at = "12m"
kind = "suspend"
tenant = "team-001"

[[action]]
at = "13m"
kind = "resume_tenant"
tenant = "team-001"

[[action]]
at = "14m"
kind = "delete_tenant"
tenant = "team-001"

[[action]]
at = "15m"
kind = "set_quota"
tenant = "acme"
quota = { cpu = 3, memory = "4Gi", pods = 5 }
force = true

[[action]]
at = "16m"
kind = "set_plan"
org = "big"
plan = "business"

[[action]]
at = "16m"
kind = "set_plan"
tenant = "acme"
plan = "metered"

[expect]
peak_nodes_max = 9
peak_nodes_min = 1
violations_max = "10%"
violations_min = "0.0001%"
refused_min = 0
refused_max = 9
placed_min = 1
placed_max = 1000
waiting_max = 0
scale_actions_min = 0
scale_actions_max = 100
pending_p99_max = "1m"
invoices = { big = "12.30", acme = 4 }
event_hash = "0123456789abcdef0123456789abcdef"

[sweep]
grid = { "autoscaler.up_percent" = [60, "70%"], "scheduler.score" = ["best_fit", "spread"], seed = [1] }
seeds = 2
"#;

/// `explain` says the same scenario, with the same hash, and says it the same way again.
#[track_caller]
fn read_back(text: &str, file: &str) {
    let scenario = parse(text, file).unwrap_or_else(|problems| panic!("{}", lines(&problems)));
    let explained = explain(&scenario);
    let again = parse(&explained, file)
        .unwrap_or_else(|problems| panic!("{}\n{explained}", lines(&problems)));
    assert_eq!(scenario, again, "{explained}");
    assert_eq!(scenario.hash(), again.hash());
    assert_eq!(explained, explain(&again));
}

#[test]
fn every_key_is_read_and_explained() {
    let text = format!("{HEAD}{FULL}");
    read_back(&text, "t.toml");
    let shipped: String = shipped().into_iter().map(|(_, text)| text).collect();
    let rare = ["shift", "scale", "time_compression"]; // keys of traces with a default
    for section in SECTIONS {
        for key in section.keys {
            let written = format!("\n{} = ", key.name);
            let there =
                text.contains(&written) || shipped.contains(&written) || rare.contains(&key.name);
            assert!(there, "{}.{} is in no test", section.name, key.name);
        }
    }
}

#[test]
fn shipped_scenarios_are_explained_and_read_back() {
    let files = shipped();
    assert!(files.len() >= 8, "{} scenarios", files.len());
    for (file, text) in files {
        assert!(
            text.starts_with("# "),
            "{file} does not open with a sentence"
        );
        read_back(&text, &file);
    }
}

#[test]
fn a_scenario_without_anything_is_explained() {
    read_back(HEAD, "t.toml");
}

#[test]
fn templates_are_scenarios() {
    for template in TEMPLATES {
        assert!(Template::find(template.name).is_some(), "{}", template.name);
        read_back(&template.fill("mine"), "folder/mine.toml");
    }
    assert!(Template::find("none").is_none());
}

fn trace(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../scenarios/traces")
        .join(name)
}

fn beside_the_shipped(name: &str) -> String {
    format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn an_imported_trace_of_machines_is_a_scenario() {
    let (vms, flavors) = (
        trace("azure-vm-v1.csv.gz"),
        trace("azure-vm-v1-flavors.csv"),
    );
    let vms = import::Input {
        path: &vms,
        written: "traces/azure-vm-v1.csv.gz",
    };
    let flavors = import::Input {
        path: &flavors,
        written: "traces/azure-vm-v1-flavors.csv",
    };
    let text = import::azure_vm("mine", vms, flavors, 50).unwrap();
    let scenario = parse(&text, &beside_the_shipped("mine"))
        .unwrap_or_else(|problems| panic!("{}\n{text}", lines(&problems)));
    assert_eq!(scenario.head.duration, Span::from_secs(300_000));
    assert_eq!(scenario.tenants.len(), 50);
    assert!(text.contains("# 259159 virtual machines"), "{text}");
    assert!(
        (900..1_100).contains(&scenario.pools[0].count),
        "{}",
        scenario.pools[0].count
    );
    let said = import::azure_vm("Not a name", vms, flavors, 50)
        .unwrap_err()
        .to_string();
    assert!(said.contains("lower-case letters"), "{said}");
}

#[test]
fn an_imported_series_is_a_scenario() {
    let path = trace("web-nasa.csv.gz");
    let input = import::Input {
        path: &path,
        written: "traces/web-nasa.csv.gz",
    };
    let minute = Span::from_secs(60);
    let text = import::rate_csv("mine", input, "minute", "requests", minute).unwrap();
    let scenario = parse(&text, &beside_the_shipped("mine"))
        .unwrap_or_else(|problems| panic!("{}\n{text}", lines(&problems)));
    assert_eq!(scenario.head.duration, Span::from_secs(84_333 * 60));
    assert!(text.contains("# 3461610 requests"), "{text}");
    let said = import::rate_csv("mine", input, "minute", "hits", minute)
        .unwrap_err()
        .to_string();
    assert_eq!(
        said,
        "traces/web-nasa.csv.gz:1: hits: column is missing: found minute, requests"
    );
}

#[test]
fn the_schema_knows_every_key_and_the_manual_too() {
    let (schema, manual) = (schema(), manual());
    let properties = schema
        .get("properties")
        .and_then(|all| all.as_object())
        .unwrap();
    for section in SECTIONS {
        let of = &properties[section.name];
        let table = if section.list { &of["items"] } else { of };
        for key in section.keys {
            assert!(
                table["properties"].get(key.name).is_some(),
                "{}.{}",
                section.name,
                key.name
            );
            assert!(
                manual.contains(&format!("| `{}` |", key.name)),
                "{}.{}",
                section.name,
                key.name
            );
        }
        assert_eq!(table["additionalProperties"], false);
    }
}

proptest! {
    #[test]
    fn what_is_explained_is_read_back(
        (low, high) in (0u64..1_000_000, 0u64..1_000_000),
        (a, b) in (0i64..1 << 40, 1i64..1 << 40),
        share in 0u32..=1_000_000,
        price in 0u64..1 << 50,
        title in "[ -~äß\"\\\\]{1,40}",
        cpu in 1u64..1 << 40,
        bytes in 1u64..1 << 50,
    ) {
        let text = format!(
            "{HEAD}title = {}\n[slo]\nviolations_max = \"{}.{:04}%\"\n[[node_pool]]\nname = \"a\"\ncpu = \"{cpu}m\"\nmemory = {bytes}\ncount = 1\nprice_per_hour = \"{}.{:08}\"\nboot_delay = {{ min = \"{}us\", max = \"{}us\" }}\n\
             [[tenant]]\nname = \"acme\"\n[[workload]]\ntenant = \"acme\"\nname = \"web\"\ncpu = \"{cpu}m\"\nmemory = {bytes}\n\
             [[load]]\nworkload = \"web\"\nsource = \"ramp\"\nlow = {}.{:03}\nhigh = {}.{:03}\nover = \"{b}us\"\n",
            toml::Value::from(title), share / 10_000, share % 10_000, price / 100_000_000, price % 100_000_000,
            a.min(b), a.max(b), low / 1_000, low % 1_000, high / 1_000, high % 1_000,
        );
        read_back(&text, "t.toml");
    }
}
