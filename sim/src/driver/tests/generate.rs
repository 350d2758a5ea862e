//! Small random scenarios, as text.

use std::fmt::{Display, Write};

use nimbus_core::rng::{self, Stream};
use rand::RngExt;

struct Dice(Stream);

impl Dice {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.random_range(0..of.len())]
    }
}

/// What the parts of a scenario must know of each other.
struct Sketch {
    dice: Dice,
    text: String,
    /// Whether it runs over the day after a month's end.
    long: bool,
    seconds: u64,
    tenants: u64,
    house: bool,
    /// Bounds of the policies.
    scalers: Vec<(u64, u64)>,
    /// Tenant, and whether it is a service.
    workloads: Vec<(u64, bool)>,
}

const PLANS: [&str; 4] = ["metered", "free", "business", "enterprise"];
const CPU: [&str; 5] = ["100m", "250m", "500m", "1", "2"];
const MEMORY: [&str; 4] = ["128Mi", "512Mi", "1Gi", "3Gi"];

impl Sketch {
    fn section(&mut self, name: &str) {
        let _ = write!(self.text, "\n[{name}]\n");
    }

    fn key(&mut self, key: &str, value: impl Display) {
        let _ = writeln!(self.text, "{key} = {value}");
    }

    fn word(&mut self, key: &str, value: impl Display) {
        self.key(key, format!("\"{value}\""));
    }

    fn delay(&mut self, key: &str, of: &[&str]) {
        let value = self.dice.pick(of);
        self.word(key, value);
    }

    /// A time: often one at which other things happen too.
    fn time(&mut self) -> String {
        let second = self.dice.between(1, self.seconds - 1);
        match self.dice.between(0, 3) {
            0 => format!("{}s", (second - second % 30).max(30)),
            1 => format!("{}ms", second * 1_000 + self.dice.between(1, 999)),
            _ => format!("{second}s"),
        }
    }

    fn head(&mut self) {
        self.section("scenario");
        self.word("name", "random");
        self.key("version", 1);
        let seed = self.dice.between(0, 1_000);
        self.key("seed", seed);
        if self.long {
            self.word("start", "2026-01-31T19:00:00Z");
            self.word("metrics_period", "20m");
        } else if self.dice.chance(30) {
            self.word("start", "2026-01-31T23:55:00Z");
        }
        let seconds = self.seconds;
        self.word("duration", format!("{seconds}s"));
        self.delay("metrics_lag", &["0s", "0s", "7s", "15s", "40s"]);
        self.delay("space_delay", &["0s", "1s", "12s"]);
        self.section("scheduler");
        self.delay("score", &["busiest_cpu", "best_fit", "first_fit", "spread"]);
        self.delay("empty_after", &["10s", "1m", "10m"]);
    }

    fn pools(&mut self) {
        for pool in 0..self.dice.between(1, 2) {
            self.section("[node_pool]");
            self.word("name", format!("p{pool}"));
            let (cpu, memory) = (self.dice.pick(&[1, 2, 4, 8]), self.dice.pick(&[2, 4, 16]));
            self.word("cpu", cpu);
            self.word("memory", format!("{memory}Gi"));
            let pods = self.dice.pick(&[3, 8, 110]);
            self.key("pods", pods);
            let (min, more) = (self.dice.between(0, 2), self.dice.between(0, 5));
            self.key("min", min);
            self.key("max", (min + more).max(1));
            self.delay("boot_delay", &["0s", "30s", "45s", "2m"]);
            if self.dice.chance(30) {
                self.key("zones", "[\"a\", \"b\"]");
            }
            self.word("price_per_hour", "0.1");
        }
    }

    fn customers(&mut self) {
        if self.house {
            self.section("[org]");
            self.word("name", "house");
            self.delay("plan", &PLANS);
        }
        for tenant in 0..self.tenants {
            self.section("[tenant]");
            self.word("name", format!("t{tenant}"));
            if self.house && tenant < 2 {
                self.word("org", "house");
            } else {
                self.delay("plan", &PLANS);
            }
            if self.dice.chance(40) {
                self.quota();
            }
            if self.dice.chance(25) {
                let at = self.time();
                self.word("at", at);
            }
        }
    }

    fn quota(&mut self) {
        let (cpu, memory) = (self.dice.between(0, 6), self.dice.between(1, 12));
        let pods = self.dice.between(0, 12);
        let quota = format!("{{ cpu = \"{cpu}\", memory = \"{memory}Gi\", pods = {pods} }}");
        self.key("quota", quota);
    }

    fn policies(&mut self) {
        for scaler in 0..self.dice.between(0, 2) {
            self.section("[autoscaler]");
            self.word("name", format!("a{scaler}"));
            let (up, down) = self.dice.pick(&[(70, 30), (80, 40), (60, 10), (75, 25)]);
            self.key("up_percent", up);
            self.key("down_percent", down);
            let (min, more) = (self.dice.between(1, 3), self.dice.between(0, 6));
            self.key("min", min);
            self.key("max", min + more);
            self.scalers.push((min, min + more));
            let (up, down) = (self.dice.between(1, 3), self.dice.between(1, 3));
            self.key("step_up", up);
            self.key("step_down", down);
            self.delay("cooldown", &["0s", "1m", "90s"]);
            let ready = self.dice.chance(50);
            self.key("wait_ready", ready);
            self.key("allow_flap", true);
            if self.long {
                self.word("period", "20m");
            } else {
                self.delay("period", &["15s", "30s", "1m"]);
            }
        }
    }

    fn workload(&mut self, index: usize) {
        let (tenant, serves) = self.workloads[index];
        self.section("[workload]");
        self.word("tenant", format!("t{tenant}"));
        self.word("name", format!("w{index}"));
        if self.dice.chance(30) {
            self.word("app", "shared");
        }
        self.delay("cpu", &CPU);
        self.delay("memory", &MEMORY);
        let mut bounds = (0, 5);
        if serves && !self.scalers.is_empty() && self.dice.chance(60) {
            let scaler = self.dice.0.random_range(0..self.scalers.len());
            bounds = self.scalers[scaler];
            self.word("autoscaler", format!("a{scaler}"));
        }
        let replicas = self.dice.between(bounds.0, bounds.1);
        self.key("replicas", replicas);
        self.delay("start_delay", &["0s", "5s", "20s"]);
        self.delay("pull_delay", &["0s", "0s", "8s"]);
        if self.dice.chance(30) {
            let at = self.time();
            self.word("at", at);
        }
        if self.dice.chance(10) {
            self.word("zone", "b");
        }
        let priority = self.dice.between(0, 2);
        self.key("priority", priority);
        if !serves {
            self.word("kind", "batch");
            if self.dice.chance(80) {
                self.delay("lifetime", &["1s", "40s", "5m", "1h"]);
            }
            return;
        }
        let (surge, unavailable) = self.dice.pick(&[(1, 0), (0, 1), (2, 1), (3, 2)]);
        self.key("surge", surge);
        self.key("unavailable", unavailable);
        self.delay("deadline", &["20s", "2m", "10m"]);
        if self.dice.chance(10) {
            self.key("starts", false);
        }
        if self.dice.chance(75) {
            self.load(&format!("t{tenant}/w{index}"));
        }
    }

    fn load(&mut self, workload: &str) {
        let source = self
            .dice
            .pick(&["constant", "sine", "burst", "poisson", "ramp"]);
        self.section("[load]");
        self.word("workload", workload);
        self.word("source", source);
        let (low, more) = (self.dice.between(0, 60), self.dice.between(1, 300));
        if matches!(source, "constant" | "poisson") {
            return self.key("rate", low + more);
        }
        self.key("low", low);
        self.key("high", low + more);
        match source {
            "sine" => self.delay("period", &["10m", "30m"]),
            "ramp" => self.delay("over", &["5m", "20m"]),
            _ => {
                self.delay("period", &["8m", "20m"]);
                self.delay("length", &["1m", "4m"]);
            }
        }
    }

    fn churn(&mut self) {
        self.section("[load]");
        self.word("source", "churn");
        let tenant = self.dice.between(0, self.tenants - 1);
        self.word("tenants", format!("t{tenant}"));
        self.key("rate", if self.long { 0.001 } else { 0.05 });
        let initial = self.dice.between(0, 5);
        self.key("initial", initial);
        self.delay("lifetime", &["30s", "4m"]);
        self.key(
            "shapes",
            "[{ name = \"small\", cpu = \"250m\", memory = \"256Mi\", weight = 3 }, { name = \"big\", cpu = \"1\", memory = \"1Gi\", weight = 1 }]",
        );
    }

    fn action(&mut self, last: &mut String) {
        if self.dice.chance(70) {
            *last = self.time();
        }
        self.section("[action]");
        self.word("at", last.clone());
        if self.workloads.is_empty() || self.dice.chance(40) {
            return self.on_tenant();
        }
        let index = self.dice.between(0, self.workloads.len() as u64 - 1);
        let (tenant, serves) = self.workloads[usize::try_from(index).unwrap()];
        let kind = match serves {
            true => self.dice.pick(&[
                "deploy",
                "deploy",
                "deploy",
                "scale",
                "scale",
                "rollback",
                "unpin",
                "restart",
                "pause",
                "resume",
                "undo",
                "delete_service",
            ]),
            false => "delete_service",
        };
        self.word("kind", kind);
        self.word("workload", format!("t{tenant}/w{index}"));
        match kind {
            "deploy" => self.deploy(serves),
            "scale" => {
                let replicas = self.dice.between(0, 9);
                self.key("replicas", replicas);
            }
            "rollback" if self.dice.chance(30) => {
                let revision = self.dice.between(1, 4);
                self.key("revision", revision);
            }
            _ => {}
        }
    }

    fn deploy(&mut self, serves: bool) {
        let image = self.dice.between(1, 4);
        self.word("image", format!("shop:{image}"));
        if self.dice.chance(30) {
            self.delay("cpu", &CPU);
        }
        if serves && self.dice.chance(30) {
            let replicas = self.dice.between(0, 7);
            self.key("replicas", replicas);
        }
        if self.dice.chance(30) {
            self.key("starts", false);
        }
    }

    fn on_tenant(&mut self) {
        let kind = self.dice.pick(&[
            "suspend",
            "suspend",
            "resume_tenant",
            "resume_tenant",
            "resume_tenant",
            "delete_tenant",
            "set_quota",
            "set_quota",
            "set_plan",
            "set_plan",
        ]);
        self.word("kind", kind);
        let tenant = self.dice.between(0, self.tenants - 1);
        if kind == "set_plan" && self.house && tenant < 2 {
            self.word("org", "house");
        } else {
            self.word("tenant", format!("t{tenant}"));
        }
        match kind {
            "set_plan" => self.delay("plan", &PLANS),
            "set_quota" => {
                self.quota();
                let force = self.dice.chance(50);
                self.key("force", force);
            }
            _ => {}
        }
    }
}

/// The scenario of a seed.
pub(super) fn scenario(seed: u64) -> String {
    let mut dice = Dice(rng::stream(u128::from(seed), "scenario", ""));
    let long = dice.chance(12);
    let seconds = match long {
        true => 30 * 3_600,
        false => dice.between(300, 1_800),
    };
    let tenants = dice.between(1, 3);
    let count = dice.between(1, 5);
    let workloads = (0..count)
        .map(|_| (dice.between(0, tenants - 1), dice.chance(75)))
        .collect();
    let mut sketch = Sketch {
        house: dice.chance(40),
        scalers: Vec::new(),
        dice,
        text: String::new(),
        long,
        seconds,
        tenants,
        workloads,
    };
    sketch.head();
    sketch.pools();
    sketch.customers();
    sketch.policies();
    for index in 0..sketch.workloads.len() {
        sketch.workload(index);
    }
    if sketch.dice.chance(30) {
        sketch.churn();
    }
    let mut last = "60s".to_owned();
    for _ in 0..sketch.dice.between(0, 9) {
        sketch.action(&mut last);
    }
    sketch.text
}
