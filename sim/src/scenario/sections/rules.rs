//! `[scheduler]`, `[billing]`, `[slo]`, `[[autoscaler]]`, `[sweep]`: the rules that the machines follow.

use std::sync::Arc;

use nimbus_core::autoscaler::{Policy, check};
use nimbus_core::billing::{Currency, PriceList};
use nimbus_core::explain::ScoreKind;

use crate::scenario::limits;
use crate::scenario::model::{Api, Autoscaler, Billing, Scheduler, Slo, Sweep};
use crate::scenario::overrides;
use crate::scenario::reader::Reader;
use crate::scenario::tree::Value;
use crate::scenario::value;

pub(in crate::scenario) fn scheduler(mut r: Reader<'_, '_>) -> Scheduler {
    let score = r.get("score", value::one_of).and_then(ScoreKind::from_word);
    let scheduler = Scheduler {
        score: score.unwrap_or_default(),
        empty_after: r.span("empty_after").unwrap_or_default(),
    };
    r.finish();
    scheduler
}

pub(in crate::scenario) fn billing(mut r: Reader<'_, '_>) -> Billing {
    let place = r.place_of("currency");
    let code = r.text("currency").unwrap_or_default();
    let currency = match Currency::of(&code) {
        Ok(currency) => currency,
        Err(error) => {
            r.wrong_at(place, "currency", error.to_string());
            Currency::USD
        }
    };
    let exponent = u32::from(currency.exponent);
    let mut price = |key: &str| {
        if currency != Currency::USD && !r.has(key) {
            r.wrong(key, format!("missing: expected the price in {code}"));
        }
        let price = r.get(key, |item, form| value::amount(item, form, exponent, 6));
        i64::try_from(price.unwrap_or_default()).unwrap_or(i64::MAX)
    };
    let prices = PriceList {
        cpu_vcpu_hour: price("cpu_vcpu_hour"),
        memory_gib_hour: price("memory_gib_hour"),
    };
    r.finish();
    Billing { currency, prices }
}

pub(in crate::scenario) fn api(mut r: Reader<'_, '_>) -> Api {
    let api = Api {
        cpu_per_request: r.span("cpu_per_request").unwrap_or_default(),
        use_fraction: r.share("use_fraction").unwrap_or_default(),
        start_delay: r.delay("start_delay"),
        pull_delay: r.delay("pull_delay"),
    };
    r.finish();
    api
}

pub(in crate::scenario) fn slo(mut r: Reader<'_, '_>) -> Slo {
    let slo = Slo {
        pending_p99: r.span("pending_p99"),
        violations_max: r.share("violations_max"),
        capacity_percent: r.percent("capacity_percent").unwrap_or_default(),
    };
    r.finish();
    slo
}

pub(in crate::scenario) fn autoscaler(mut r: Reader<'_, '_>) -> Autoscaler {
    let places = [r.place_of("min"), r.place_of("down_percent")];
    let name = r.slug("name").unwrap_or_default();
    let _ = r.get("policy", value::one_of); // one kind so far
    let policy = Policy {
        period: r.span("period").unwrap_or_default(),
        up_percent: r.percent("up_percent").unwrap_or_default(),
        down_percent: r.percent("down_percent").unwrap_or_default(),
        min: r.count32("min").unwrap_or_default(),
        max: r.count32("max").unwrap_or_default(),
        step_up: r.count32("step_up").unwrap_or_default(),
        step_down: r.count32("step_down").unwrap_or_default(),
        cooldown: r.span("cooldown").unwrap_or_default(),
        wait_ready: r.flag("wait_ready"),
        allow_flap: r.flag("allow_flap"),
    };
    if r.clean() {
        if policy.min > policy.max {
            let message = format!("{} is above max {}", policy.min, policy.max);
            r.wrong_at(places[0], "min", message);
        } else if policy.down_percent >= policy.up_percent {
            let message = format!(
                "{} is not below up_percent {}",
                policy.down_percent, policy.up_percent
            );
            r.wrong_at(places[1], "down_percent", message);
        } else if let Err(flap) = check(&policy)
            && !policy.allow_flap
        {
            let message = format!(
                "up_percent {} and down_percent {} may oscillate at {} replicas under constant load: expected thresholds further apart, or allow_flap = true",
                policy.up_percent, policy.down_percent, flap.replicas
            );
            r.wrong_at(places[1], "down_percent", message);
        }
    }
    if r.clean()
        && let Err(bad) = policy.validate()
    {
        r.wrong(
            bad.field,
            format!("{}: expected {}", bad.value, bad.expected),
        );
    }
    r.finish();
    Autoscaler {
        name,
        policy: Arc::new(policy),
    }
}

/// The grid; each value must fit its key by itself.
pub(in crate::scenario) fn sweep(mut r: Reader<'_, '_>) -> Sweep {
    let place = r.place_of("grid");
    let mut grid = Vec::new();
    let table = r.take("grid").map(|item| item.value);
    let mut points: u64 = 1;
    if let Some(Value::Table(table)) = table {
        for (key, item) in table {
            let Value::List(items) = &item.value else {
                r.wrong_at(
                    item.place,
                    "grid",
                    format!("{key:?}: expected a list of values"),
                );
                continue;
            };
            points = points.saturating_mul(items.len() as u64);
            for value in items {
                if let Err(message) = overrides::check(&key, value) {
                    r.wrong_at(value.place, "grid", message);
                }
            }
            grid.push((key, items.iter().map(overrides::written).collect()));
        }
    } else {
        let expected = r.form("grid").expected();
        r.wrong_at(place, "grid", format!("expected {expected}"));
    }
    let seeds = r.count32("seeds").unwrap_or(1);
    let points = points.saturating_mul(u64::from(seeds));
    if points == 0 || points > limits::GRID_MAX {
        r.wrong_at(
            place,
            "grid",
            format!("{points} runs: expected 1..{}", limits::GRID_MAX),
        );
    }
    r.finish();
    Sweep { grid, seeds }
}
