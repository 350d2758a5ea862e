//! Stop after any group, before or after its commit: all later effects are equal (contract 2.5).

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nimbus_core::conductor::Conductor;
use nimbus_core::machine::{Address, Effect, Message};
use nimbus_core::rng;
use nimbus_core::store::{Record, Row, Store};
use nimbus_core::time::{Span, Time};
use rand::RngExt;

use super::super::{Driver, Fault, Outside, Step};
use super::random::shrink;
use super::{begin, generate, prepare, read};
use crate::oracle::Mode;
use crate::run::{Prepared, Running};
use crate::store::MemoryStore;

/// Where a run stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The group's effects are lost; its inputs are handed in again.
    Before,
    After,
}

impl<O: Outside> Driver<O> {
    /// Runs a group and loses its effects, restores the machines, and runs it again.
    fn lose(&mut self, now: Time) -> Result<(), Fault> {
        let before = Conductor::resume(&self.conductor);
        self.gather(now);
        let (inputs, events) = (self.inputs.clone(), self.events.clone());
        self.deliver(now);
        while let Some(batch) = self.conductor.batch()? {
            for delivery in batch.deliveries {
                let address = delivery.message.address();
                let (seed, drawn) = self.conductor.open(&delivery.message);
                self.out.begin(seed, address, drawn);
                self.machines.handle(now, delivery.message, &mut self.out);
                let (drawn, effects) = (self.out.drawn(), self.out.effects());
                self.conductor.close(address, drawn, effects);
                for effect in self.out.drain() {
                    match effect {
                        Effect::Send(Message::Cluster(_)) => {}
                        Effect::Send(message) => self.conductor.send(None, message),
                        Effect::At(at, message) => self.conductor.at(None, at, message),
                        _ => {}
                    }
                }
            }
        }
        self.conductor = before;
        self.restart(now)?;
        (self.inputs, self.events) = (inputs, events);
        self.deliver(now);
        self.decide(now)
    }
}

fn step(running: &mut Running, stop: Option<Stop>) -> Result<bool, Fault> {
    let driver = &mut running.driver;
    let Some(now) = driver.next().filter(|now| *now < running.end) else {
        return Ok(false);
    };
    match stop {
        None => driver.group(now)?,
        Some(Stop::Before) => driver.lose(now)?,
        Some(Stop::After) => {
            driver.group(now)?;
            driver.restart(now)?;
            assert_eq!(driver.conductor.waiting(), 0, "nothing is overdue at {now}");
        }
    }
    Ok(true)
}

/// What a run leaves: the steps that had effects, and the rows.
struct Left {
    steps: Vec<Step>,
    rows: Vec<Row>,
    groups: u64,
}

fn run(
    prepared: &Prepared,
    oracles: Mode,
    mut stop: impl FnMut(u64) -> Option<Stop>,
) -> Result<Left, Fault> {
    let mut running = begin(prepared, oracles, true);
    let mut groups = 0;
    while step(&mut running, stop(groups))? {
        groups += 1;
    }
    running.driver.finish(running.end)?;
    Ok(left(running, groups))
}

fn left(running: Running, groups: u64) -> Left {
    let driver = running.driver;
    let trace = driver.trace.unwrap_or_default();
    let rows = driver.store.iter().flat_map(|store| store.rows().cloned());
    Left {
        rows: rows.collect(),
        steps: trace
            .into_iter()
            .filter(|s| !s.effects.is_empty())
            .collect(),
        groups,
    }
}

fn difference(whole: &Left, stopped: &Left) -> Option<String> {
    let key = |step: &Step| {
        (
            step.at,
            step.address,
            step.input.clone(),
            step.effects.clone(),
        )
    };
    let pairs = whole.steps.iter().zip(&stopped.steps);
    let same = pairs.take_while(|(a, b)| key(a) == key(b)).count();
    let show = |left: &Left| left.steps.get(same).map(Step::show).unwrap_or_default();
    if same < whole.steps.len().max(stopped.steps.len()) {
        let (whole, stopped) = (show(whole), show(stopped));
        return Some(format!("step {same}:\n{whole}but when stopped\n{stopped}"));
    }
    let rows = whole.rows.iter().zip(&stopped.rows).find(|(a, b)| a != b);
    rows.map(|(a, b)| format!("row {a:?}\nbut when stopped {b:?}"))
        .or_else(|| (whole.rows.len() != stopped.rows.len()).then(|| "rows".to_owned()))
}

/// What is different when a scenario is stopped like this.
fn compare(
    prepared: &Prepared,
    whole: &Left,
    oracles: Mode,
    stop: impl FnMut(u64) -> Option<Stop>,
) -> Result<(), String> {
    let stopped = catch_unwind(AssertUnwindSafe(|| run(prepared, oracles, stop)));
    match stopped {
        Err(_) => Err("a panic".to_owned()),
        Ok(Err(fault)) => Err(fault.to_string()),
        Ok(Ok(stopped)) => difference(whole, &stopped).map_or(Ok(()), Err),
    }
}

/// Stops a scenario at every group, at random groups, and at single ones.
fn stops(text: &str, seed: u64) -> Result<(), String> {
    let prepared = read(text).map_err(|unready| unready.to_string())?;
    let whole = run(&prepared, Mode::Off, |_| None).map_err(|fault| fault.to_string())?;
    let mut dice = rng::stream(u128::from(seed), "stops", "");
    compare(&prepared, &whole, Mode::Full, |_| Some(Stop::After))
        .map_err(|why| format!("after every group: {why}"))?;
    compare(&prepared, &whole, Mode::Full, |_| Some(Stop::Before))
        .map_err(|why| format!("before every commit: {why}"))?;
    for stop in [Stop::Before, Stop::After] {
        let place = dice.random_range(0..whole.groups);
        compare(&prepared, &whole, Mode::Off, |at| {
            (at == place).then_some(stop)
        })
        .map_err(|why| format!("{stop:?} group {place}: {why}"))?;
    }
    Ok(())
}

/// Stops the scenarios of these seeds; shows the first that fail, as small as they get.
#[track_caller]
fn all_go_on(seeds: Range<u64>) {
    let mut failed = Vec::new();
    for seed in seeds {
        let text = generate::scenario(seed);
        match stops(&text, seed) {
            Ok(()) => {}
            Err(_) if failed.len() < 4 => {
                let text = shrink(&text, |text| stops(text, seed).is_err());
                let why = stops(&text, seed).err().unwrap_or_default();
                failed.push(format!("seed {seed}: {why}\n{text}\n"));
            }
            Err(_) => failed.push(format!("seed {seed}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_run_that_is_stopped_anywhere_goes_on_as_if_it_were_not() {
    all_go_on(0..60);
}

#[test]
#[ignore = "a minute: CI runs it by --ignored"]
fn many_runs_that_are_stopped_anywhere_go_on_as_if_they_were_not() {
    all_go_on(60..2_000);
}

/// A little of everything.
const SMALL: &str = r#"
[scenario]
name = "random"
version = 1
start = "2026-01-31T23:52:00Z"
duration = "10m"
metrics_period = "1m"
metrics_lag = "5s"
space_delay = "2s"

[scheduler]
empty_after = "30s"

[[node_pool]]
name = "p"
cpu = "1"
memory = "4Gi"
min = 1
max = 3
boot_delay = "20s"

[[tenant]]
name = "a"
plan = "business"

[[tenant]]
name = "b"
plan = "free"

[[autoscaler]]
name = "s"
max = 3
period = "1m"

[[workload]]
tenant = "a"
name = "web"
cpu = "500m"
memory = "512Mi"
autoscaler = "s"
surge = 1
unavailable = 0
deadline = "1m"

[[workload]]
tenant = "b"
name = "job"
kind = "batch"
replicas = 3
cpu = "400m"
memory = "256Mi"
lifetime = "90s"

[[load]]
workload = "web"
source = "burst"
low = 5
high = 120
period = "5m"
length = "2m"

[[action]]
at = "90s"
kind = "deploy"
workload = "a/web"
image = "web:2"

[[action]]
at = "150s"
kind = "deploy"
workload = "a/web"
image = "web:3"
starts = false

[[action]]
at = "4m"
kind = "rollback"
workload = "a/web"

[[action]]
at = "5m"
kind = "suspend"
tenant = "a"

[[action]]
at = "6m"
kind = "resume_tenant"
tenant = "a"

[[action]]
at = "6m"
kind = "set_quota"
tenant = "b"
quota = { cpu = "300m", memory = "1Gi", pods = 2 }
force = true

[[action]]
at = "7m"
kind = "set_plan"
tenant = "b"
plan = "business"

[[action]]
at = "9m"
kind = "delete_tenant"
tenant = "b"
"#;

#[test]
fn every_group_of_a_small_scenario_may_be_the_last_before_a_restart() {
    let prepared = prepare(SMALL);
    let whole = run(&prepared, Mode::Full, |_| None).unwrap();
    assert!((50..400).contains(&whole.groups), "{} groups", whole.groups);
    for place in 0..whole.groups {
        for stop in [Stop::Before, Stop::After] {
            let same = compare(&prepared, &whole, Mode::Off, |at| {
                (at == place).then_some(stop)
            });
            assert!(
                same.is_ok(),
                "{stop:?} group {place}: {}",
                same.unwrap_err()
            );
        }
    }
}

#[test]
fn rows_that_are_lost_are_missed() {
    let prepared = prepare(SMALL);
    let whole = run(&prepared, Mode::Off, |_| None).unwrap();
    for noun in Address::MACHINES {
        let mut running = begin(&prepared, Mode::Off, true);
        let end = running.end;
        let half = prepared.scenario.head.start + Span::from_secs(200);
        running.end = half;
        while step(&mut running, None).unwrap() {}
        running.end = end;
        let store = running.driver.store.take().unwrap();
        let mut without = MemoryStore::new();
        let kept = store.rows().filter(|row| row.key().owner() != noun);
        let kept = kept.cloned().map(Record::Put).collect();
        without.commit(1, kept).unwrap();
        running.driver.store = Some(without);
        running.driver.restart(half).unwrap();
        let went_on = catch_unwind(AssertUnwindSafe(|| {
            while step(&mut running, None).unwrap() {}
            left(running, 0)
        }));
        let same = went_on.is_ok_and(|stopped| difference(&whole, &stopped).is_none());
        assert!(!same, "without the rows of {noun:?} nothing is different");
    }
}
