//! U-03: a policy that passes the check settles under every constant load, and one with equal steps that
//! does not pass oscillates under some.

use std::collections::BTreeMap;
use std::fmt::Write;

use nimbus_core::autoscaler::check;
use nimbus_core::explain::Decision;
use nimbus_core::ids::ServiceNo;
use proptest::prelude::*;

use super::{begin, prepare};
use crate::oracle::Mode;

/// One policy, and many services under it, each with a constant load of its own.
#[derive(Clone, Copy, Debug)]
struct Trial {
    up: u64,
    down: u64,
    min: u64,
    max: u64,
    step_up: u64,
    step_down: u64,
    cpu_m: u64,
}

impl Trial {
    /// Loads in millicores: evenly spread, and between the thresholds of each count and its next step.
    fn loads(&self) -> Vec<u64> {
        let most = self.max * self.cpu_m;
        let even = (0..=40).map(|part| most * part / 40);
        let step = self.step_up.max(self.step_down);
        let close = (self.min..=self.max).map(|n| {
            let above = self.up * n * self.cpu_m / 100;
            let below = self.down * (n + step).min(self.max) * self.cpu_m / 100;
            u64::midpoint(above, below)
        });
        even.chain(close).collect()
    }

    fn text(&self) -> String {
        let Trial {
            up,
            down,
            min,
            max,
            step_up,
            step_down,
            cpu_m,
        } = self;
        let mut text = format!(
            "[scenario]\nname = \"random\"\nversion = 1\nduration = \"40m\"\n\
             [[node_pool]]\nname = \"p\"\ncpu = \"1000\"\nmemory = \"1000Gi\"\npods = 2000\ncount = 1\n\
             [[tenant]]\nname = \"t\"\nplan = \"enterprise\"\n\
             quota = {{ cpu = \"1000\", memory = \"1000Gi\", pods = 2000 }}\n\
             [[autoscaler]]\nname = \"a\"\nup_percent = {up}\ndown_percent = {down}\nmin = {min}\nmax = {max}\n\
             step_up = {step_up}\nstep_down = {step_down}\nallow_flap = true\n"
        );
        for (index, load) in self.loads().into_iter().enumerate() {
            let _ = write!(
                text,
                "[[workload]]\ntenant = \"t\"\napp = \"app\"\nname = \"w{index}\"\ncpu = \"{cpu_m}m\"\n\
                 memory = \"64Mi\"\nreplicas = {min}\nautoscaler = \"a\"\nstart_delay = \"0s\"\n\
                 cpu_per_request = \"1ms\"\n\
                 [[load]]\nworkload = \"w{index}\"\nsource = \"constant\"\nrate = {load}\n"
            );
        }
        text
    }

    /// Services whose count still changes in the second half of the run.
    fn restless(&self) -> (bool, BTreeMap<ServiceNo, u32>) {
        let prepared = prepare(&self.text());
        let settles = check(&prepared.scenario.autoscalers[0].policy).is_ok();
        let mut running = begin(&prepared, Mode::Touched, false);
        while running.step().unwrap() {}
        let end = running.end;
        let start = prepared.scenario.head.start;
        let mut late = BTreeMap::new();
        for (at, decision) in &running.driver.recorder.ring {
            if let Decision::Scale(scale) = decision
                && scale.from != scale.to
                && at.since(start) > end.since(*at)
            {
                *late.entry(scale.service).or_insert(0) += 1;
            }
        }
        (settles, late)
    }
}

fn trial() -> impl Strategy<Value = Trial> {
    let steps = (1u64..4, 1u64..4, any::<bool>());
    // the world caps use at what ready replicas requested, so nothing is ever above 100 percent of it
    (2u64..100, 1u64..100, 1u64..5, 0u64..7, steps, 200u64..1_000).prop_map(
        |(up, part, min, more, (step_up, step_down, equal), cpu_m)| Trial {
            up,
            down: (up * part / 100).clamp(1, up - 1),
            min,
            max: min + more,
            step_up,
            step_down: if equal { step_up } else { step_down },
            cpu_m,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn the_check_says_whether_a_policy_settles_under_constant_load(trial in trial()) {
        let (settles, late) = trial.restless();
        if settles {
            prop_assert!(late.is_empty(), "{late:?}");
        } else if trial.step_up == trial.step_down {
            prop_assert!(late.values().any(|changes| *changes > 2), "nothing oscillates");
        }
    }
}
