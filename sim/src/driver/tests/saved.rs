//! A world that is saved and read back goes on equally: random scenarios, at any group.

use nimbus_core::digest::EventHash;
use nimbus_core::ids::ServiceNo;
use nimbus_core::rng;
use proptest::prelude::*;
use rand::RngExt;

use super::{begin, generate, prepare};
use crate::oracle::Mode;
use crate::run::Prepared;
use crate::world::World;

/// Runs to the end; `save` says before which groups the world is saved and read back. Gives the hash, the
/// number of groups and what the world has counted.
fn run(prepared: &Prepared, save: impl Fn(u64) -> bool) -> (EventHash, u64, World) {
    let mut running = begin(prepared, Mode::Off, false);
    let mut groups = 0;
    loop {
        if save(groups) {
            let world = &running.driver.world;
            let mut bytes = Vec::new();
            world.save(&mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let loads = |service: ServiceNo| world.loads(service).to_vec();
            running.driver.world = World::load(&text, loads).unwrap();
        }
        if !running.step().unwrap() {
            break;
        }
        groups += 1;
    }
    (running.driver.hash(), groups, running.driver.world)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_world_that_was_saved_goes_on_as_if_it_had_not(seed in any::<u32>()) {
        let prepared = prepare(&generate::scenario(u64::from(seed)));
        let (hash, groups, world) = run(&prepared, |_| false);
        let mut dice = rng::stream(u128::from(seed), "save", "");
        let stops: Vec<u64> = (0..3).map(|_| dice.random_range(0..=groups)).collect();
        let (again, count, saved) = run(&prepared, |group| stops.contains(&group));
        prop_assert_eq!(hash, again);
        prop_assert_eq!(groups, count);
        let end = prepared.scenario.end();
        prop_assert_eq!(world.totals(end), saved.totals(end));
        prop_assert_eq!(world.snapshot(end), saved.snapshot(end));
    }
}

#[test]
fn a_world_of_another_version_is_refused() {
    let why = World::load(r#"{"version":2,"world":{}}"#, |_| Vec::new()).unwrap_err();
    assert_eq!(why.to_string(), "the saved world has version 2, expected 1");
    assert!(World::load("{", |_| Vec::new()).is_err());
}
