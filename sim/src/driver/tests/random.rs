//! Random scenarios under all oracles.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nimbus_core::digest::EventHash;

use super::super::Fault;
use super::{begin, generate, read};
use crate::oracle::Mode;
use crate::run::Prepared;

/// Runs a scenario to its end; its hash and the pods that were bound.
fn run(prepared: &Prepared, oracles: Mode) -> Result<(EventHash, u64), Fault> {
    let mut running = begin(prepared, oracles, false);
    while running.step()? {}
    running.driver.finish(running.end)?;
    Ok((running.driver.hash(), running.driver.recorder.bound))
}

/// What is wrong with a scenario: a violation, a fault, a panic, or another hash the second time. Gives
/// the pods that were bound.
pub(super) fn sound(text: &str) -> Result<u64, String> {
    let prepared = read(text).map_err(|unready| unready.to_string())?;
    let both = catch_unwind(AssertUnwindSafe(|| {
        let first = run(&prepared, Mode::Full);
        first.and_then(|first| Ok((first, run(&prepared, Mode::Off)?)))
    }));
    match both {
        Ok(Ok((first, second))) if first == second => Ok(first.1),
        Ok(Ok(_)) => Err("two hashes".to_owned()),
        Ok(Err(fault)) => Err(fault.to_string()),
        Err(_) => Err("a panic".to_owned()),
    }
}

/// Leaves sections out as long as `fails` still does: what is left is what matters.
pub(super) fn shrink(text: &str, fails: impl Fn(&str) -> bool) -> String {
    let mut sections: Vec<&str> = text.split("\n\n").collect();
    let mut at = sections.len();
    while at > 0 {
        at -= 1;
        let mut fewer = sections.clone();
        fewer.remove(at);
        let left = fewer.join("\n\n");
        if read(&left).is_ok() && fails(&left) {
            sections = fewer;
            at = at.min(sections.len());
        }
    }
    sections.join("\n\n")
}

/// Runs the scenarios of these seeds; shows the first that fail, as small as they get.
#[track_caller]
fn all_sound(seeds: Range<u64>) {
    let (mut bound, mut failed) = (0, Vec::new());
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let text = generate::scenario(seed);
        match sound(&text) {
            Ok(pods) => bound += pods,
            Err(why) if failed.len() < 4 => {
                let text = shrink(&text, |text| sound(text).is_err());
                failed.push(format!("seed {seed}: {why}\n{text}\n"));
            }
            Err(why) => failed.push(format!("seed {seed}: {why}")),
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {count}:\n{}",
        failed.len(),
        failed.join("\n")
    );
    assert!(bound >= 5 * count, "too little happens: {bound} pods");
}

#[test]
fn random_scenarios_violate_nothing_and_repeat() {
    all_sound(0..200);
}

#[test]
#[ignore = "20 s: CI runs it by --ignored"]
fn many_random_scenarios_violate_nothing_and_repeat() {
    all_sound(200..10_000);
}

#[test]
fn what_was_found_once_stays_away() {
    for text in [
        include_str!("found/lowered-in-a-rollout.toml"),
        include_str!("found/refused-wish.toml"),
        include_str!("found/resumed-at-once.toml"),
    ] {
        let bound = sound(text);
        assert!(
            bound.as_ref().is_ok_and(|pods| *pods >= 3),
            "{bound:?}\n{text}"
        );
    }
}
