//! Runs and scenarios without a store.

use nimbus_core::time::Span;
use nimbus_sim::run::{Options, Prepared, Source};

use super::run::{Control, prepare_job};
use super::*;

const FLAP: &str = include_str!("../../../scenarios/flap.toml");

fn wish() -> Wish {
    Wish {
        until: Some(Span::from_secs(1_800)),
        ..Wish::default()
    }
}

fn computed(wish: &Wish) -> (RunFacts, Option<String>) {
    let job = prepare_job(FLAP, wish).unwrap();
    let control = Control::new(job.facts());
    let document = control.compute(&job);
    assert_eq!(control.facts().state, RunState::Running);
    control.reported(ReportId(1));
    (control.facts(), document)
}

#[test]
fn a_run_gives_the_hash_of_a_replay_of_the_file() {
    let source = Source {
        text: FLAP.to_owned(),
        file: "scenarios/flap.toml".to_owned(),
    };
    let prepared = Prepared::new(&source, &[], None).unwrap();
    let options = Options {
        until: wish().until,
        ..Options::normal()
    };
    let replayed = nimbus_sim::run::run(&prepared, &options, &mut |_| true).unwrap();
    let header = replayed.report.header;

    let (facts, document) = computed(&wish());

    assert_eq!(facts.state, RunState::Done);
    assert_eq!(facts.event_hash.as_deref(), Some(&*header.event_hash));
    assert_eq!(facts.scenario_hash, header.scenario_hash);
    assert_eq!(facts.events, header.events);
    assert_eq!(facts.result_hash, document.as_deref().map(run::sha256));
}

#[test]
fn both_drivers_and_every_time_give_the_same() {
    let actors = Wish {
        driver: Driver::Actors,
        ..wish()
    };
    let (fast, first) = computed(&wish());
    let (slow, second) = computed(&actors);
    assert_eq!(fast.event_hash, slow.event_hash);
    assert_eq!(first, second);
}

#[test]
fn settings_and_seed_are_part_of_a_run() {
    let other = Wish {
        seed: Some(9),
        set: vec![("autoscaler.up_percent".to_owned(), "90".to_owned())],
        ..wish()
    };
    let (facts, _) = computed(&other);
    assert_eq!((facts.seed, facts.state), (9, RunState::Done));
    assert_ne!(facts.scenario_hash, computed(&wish()).0.scenario_hash);
    let wrong = Wish {
        set: vec![("autoscaler.upp".to_owned(), "90".to_owned())],
        ..wish()
    };
    assert!(prepare_job(FLAP, &wrong).is_err());
}

#[test]
fn a_run_that_is_cancelled_leaves_no_report() {
    let job = prepare_job(FLAP, &wish()).unwrap();
    let control = Control::new(job.facts());
    control.cancel();
    assert_eq!(control.compute(&job), None);
    assert_eq!(control.facts().state, RunState::Cancelled);
}

#[test]
fn a_scenario_names_no_file_of_the_server() {
    let with = |line: &str| format!("{FLAP}\n[[load]]\nname = \"x\"\nsource = \"csv\"\n{line}\n");
    for key in ["path", "flavors"] {
        let wrong = check(&with(&format!("{key} = \"/etc/passwd\""))).unwrap_err();
        assert_eq!(wrong[0].key, format!("load.{key}"));
        assert!(wrong[0].message.starts_with("names a file"));
    }
    let wish = Wish {
        set: vec![("load.web.path".to_owned(), "/etc/passwd".to_owned())],
        ..wish()
    };
    let wrong = prepare_job(FLAP, &wish).unwrap_err();
    assert_eq!(wrong[0].key, "load.web.path");
}

#[test]
fn what_is_wrong_names_its_line() {
    let wrong = check(&FLAP.replace("count = 1", "count = \"many\"")).unwrap_err();
    assert_eq!((wrong[0].line, &*wrong[0].key), (14, "node_pool.count"));
    assert!(check("[scenario").unwrap_err()[0].line > 0);
}

#[test]
fn json_and_toml_are_the_same_scenario() {
    let table: toml::Table = FLAP.parse().unwrap();
    let json = serde_json::to_value(table).unwrap();
    let text = from_json(&json).unwrap();
    let (a, b) = (check(&text).unwrap(), check(FLAP).unwrap());
    assert_eq!(a, b);
    assert_eq!(a.summary.name, "flap");
    assert!(from_json(&serde_json::json!([1])).is_err());
    assert!(explain(FLAP).unwrap().contains("[scenario]"));
}
