//! Refusals: file, line, key, value and what was expected, one line each.

use proptest::prelude::*;

use super::*;

/// What is said about a text after the good head.
#[track_caller]
fn check(text: &str, expected: &str) {
    let said = match parse(&format!("{HEAD}{text}"), "t.toml") {
        Ok(scenario) => panic!("accepted: {scenario:?}"),
        Err(problems) => lines(&problems),
    };
    assert_eq!(said.trim_end(), expected.trim());
}

/// What is said about a whole file.
#[track_caller]
fn check_file(text: &str, file: &str, expected: &str) {
    let said = lines(&parse(text, file).unwrap_err());
    assert_eq!(said.trim_end(), expected.trim());
}

const POOL: &str = "[[node_pool]]\nname = \"a\"\ncpu = 1\nmemory = \"1Gi\"\n";
const SERVICE: &str = "[[tenant]]\nname = \"acme\"\n[[workload]]\ntenant = \"acme\"\nname = \"web\"\ncpu = 1\nmemory = \"1Gi\"\n";

#[test]
fn what_is_no_scenario() {
    check_file(
        "",
        "t.toml",
        "t.toml: scenario.name: missing: expected a text in quotes\nt.toml: scenario.version: missing: expected an integer of 1..1\nt.toml: scenario.duration: missing: expected a duration with a unit, as in \"30s\" or \"24h\"",
    );
    check_file(
        "[scenario\n",
        "t.toml",
        "t.toml:1: not TOML: unclosed table, expected `]`",
    );
    check_file(
        "a = 1\na = 2\n",
        "t.toml",
        "t.toml:2: not TOML: duplicate key",
    );
    let long = "#".repeat(limits::FILE_BYTES_MAX + 1);
    check_file(
        &long,
        "t.toml",
        "t.toml: 1048577 bytes: expected at most 1048576 of a scenario",
    );
    check_file(
        HEAD,
        "other.toml",
        "other.toml:2: scenario.name: \"t\": expected the file's name, \"other\"",
    );
}

#[test]
fn a_newer_version_is_refused_before_anything_else() {
    let text = "[scenario]\nversion = 2\nnew_key = true\n[new_section]\n";
    check_file(
        text,
        "t.toml",
        "t.toml:2: scenario.version: 2 is newer than this program reads: expected 1, or a newer program",
    );
    check_file(
        "[scenario]\nname = \"t\"\nversion = 0\nduration = \"1h\"\n",
        "t.toml",
        "t.toml:3: scenario.version: 0: expected an integer of 1..1",
    );
}

#[test]
fn unknown_keys_and_sections() {
    check(
        "durration = 3\n",
        "t.toml:5: scenario.durration: unknown key: did you mean duration?",
    );
    check(
        "[[node_pol]]\n",
        "t.toml:5: node_pol: unknown section: did you mean node_pool?",
    );
    check(
        "[node_pool]\n",
        "t.toml:5: node_pool: expected [[node_pool]] with two brackets on each side",
    );
    check("[[slo]]\n", "t.toml:5: slo: expected one section [slo]");
    check(
        "[faults]\n",
        "t.toml:5: faults: unknown section: expected one of scenario, node_pool, org, tenant, autoscaler, workload, load, api, scheduler, billing, slo, action, expect, sweep",
    );
    check(
        &format!(
            "{SERVICE}[[load]]\nworkload = \"web\"\nsource = \"constant\"\nrate = 1\nperiod = \"1h\"\n"
        ),
        "t.toml:16: load.period: has no effect with source = \"constant\": expected only with sine, burst, csv",
    );
}

#[test]
fn wrong_units_and_numbers() {
    check(
        "warm_up = 30\n",
        "t.toml:5: scenario.warm_up: 30 has no unit: expected a duration with a unit, as in \"30s\" or \"24h\"",
    );
    check(
        "warm_up = \"-5s\"\n",
        "t.toml:5: scenario.warm_up: \"-5s\" is not a duration: expected an integer with a unit, as in 250ms, 30s, 10m, 24h or 7d",
    );
    check(
        "warm_up = \"11y\"\n",
        "t.toml:5: scenario.warm_up: \"11y\" is not a duration: expected an integer with a unit, as in 250ms, 30s, 10m, 24h or 7d",
    );
    check(
        "warm_up = \"4000d\"\n",
        "t.toml:5: scenario.warm_up: \"4000d\" is too long: expected at most 3660d",
    );
    check(
        "warm_up = \"1h\"\n",
        "t.toml:5: scenario.warm_up: 1h leaves nothing of the duration 1h",
    );
    check(
        "metrics_period = \"10ms\"\n",
        "t.toml:5: scenario.metrics_period: \"10ms\" is too short: expected at least 1s",
    );
    check(
        "start = \"tomorrow\"\n",
        "t.toml:5: scenario.start: \"tomorrow\": expected a time, as in \"2026-01-01T00:00:00Z\"",
    );
    check(
        "seed = -1\n",
        "t.toml:5: scenario.seed: -1: expected an integer of 0..9223372036854775807",
    );
    check(
        "seed = 99999999999999999999\n",
        "t.toml:5: scenario.seed: 99999999999999999999: expected an integer of 0..9223372036854775807",
    );
    check(
        "[slo]\nviolations_max = 0.5\n",
        "t.toml:6: slo.violations_max: 0.5: expected a share of 0..100 percent, as in \"0.5%\" or 1",
    );
    check(
        "[scheduler]\nscore = \"fast\"\n",
        "t.toml:6: scheduler.score: \"fast\": expected one of busiest_cpu, best_fit, first_fit, spread",
    );
    check(
        "[billing]\ncurrency = \"dollar\"\n",
        "t.toml:6: billing.currency: \"dollar\" is not a currency: expected three capital letters, as in USD",
    );
    check(
        "[billing]\ncurrency = \"EUR\"\ncpu_vcpu_hour = 1\n",
        "t.toml:5: billing.memory_gib_hour: missing: expected the price in EUR",
    );
}

#[test]
fn wrong_quantities() {
    check(
        "[[tenant]]\nname = \"acme\"\nquota = { cpu = \"-1\", memory = \"4Gi\", pods = 10 }\n",
        "t.toml:7: tenant.quota.cpu: \"-1\" is negative: expected a quantity of at least 0",
    );
    check(
        "[[tenant]]\nname = \"acme\"\nquota = { cpu = 1, memory = 1 }\n",
        "t.toml:7: tenant.quota.pods: missing: expected an integer of 0..4294967295",
    );
    check(
        "[[tenant]]\nname = \"acme\"\nquota = { cpu = 1, memory = 1, pods = 1, gpu = 1 }\n",
        "t.toml:7: tenant.quota.gpu: unknown key: expected cpu, memory, pods",
    );
    check(
        &POOL.replace("1Gi", "64Gb"),
        "t.toml:8: node_pool.memory: \"64Gb\" is not a quantity: expected a number with an optional suffix, as in 500m, 2, 256Mi, 1G or 1e3",
    );
    check(
        &format!("{POOL}count = 1\n").replace("= 1\n", "= 1e400\n"),
        "t.toml:7: node_pool.cpu: \"1e400\" is too large: expected less than 2^63 of the smallest unit\nt.toml:9: node_pool.count: 1e400: expected an integer of 0..200000",
    );
}

#[test]
fn min_above_max_and_counts_outside() {
    check(
        &format!("{POOL}min = 5\nmax = 4\n"),
        "t.toml:9: node_pool.min: 5 is above max 4",
    );
    check(
        &format!("{POOL}min = 1\nmax = 4\ncount = 7\n"),
        "t.toml:11: node_pool.count: 7: expected 1..4, from min to max",
    );
    check(
        POOL,
        "t.toml:5: node_pool.count: missing: expected the number of nodes at the start, or min",
    );
    check(
        &format!("{POOL}count = 1\nboot_delay = {{ min = \"2m\", max = \"1m\" }}\n"),
        "t.toml:10: node_pool.boot_delay: min 2m is above max 1m",
    );
    check(
        "[[autoscaler]]\nname = \"a\"\nmin = 9\n",
        "t.toml:7: autoscaler.min: 9 is above max 5",
    );
    check(
        "[expect]\nrefused_min = 2\nrefused_max = 1\n",
        "t.toml:5: expect.refused_min: is above its _max",
    );
}

#[test]
fn policies_that_oscillate_need_allow_flap() {
    let policy = "[[autoscaler]]\nname = \"a\"\nup_percent = 80\ndown_percent = 60\n";
    check(
        policy,
        "t.toml:8: autoscaler.down_percent: up_percent 80 and down_percent 60 may oscillate at 1 replicas under constant load: expected thresholds further apart, or allow_flap = true",
    );
    accepted(&format!("{policy}allow_flap = true\n"));
    check(
        "[[autoscaler]]\nname = \"a\"\nup_percent = 30\n",
        "t.toml:5: autoscaler.down_percent: 30 is not below up_percent 30",
    );
}

#[test]
fn names_and_references() {
    check(
        &format!("{POOL}count = 1\n{POOL}count = 1\n"),
        "t.toml:10: node_pool.name: \"a\" is there twice: expected a name of its own",
    );
    check(
        "[[tenant]]\nname = \"acme\"\n[[tenant]]\nname = \"acme\"\n",
        "t.toml:7: tenant.name: \"acme\" is there twice: expected a name of its own",
    );
    check(
        "[[tenant]]\nname = \"Acme\"\n",
        "t.toml:6: tenant.name: \"Acme\": expected a name of at most 40 lower-case letters, digits and hyphens that starts with a letter and ends with a letter or digit",
    );
    check(
        "[[tenant]]\nname = \"kube-x\"\n",
        "t.toml:6: tenant.name: \"kube-x\": is reserved: expected a name that does not start with kube- or nimbus-",
    );
    check(
        "[[tenant]]\nname = \"acme\"\norg = \"big\"\n",
        "t.toml:7: tenant.org: \"big\" is not the name of an [[org]]",
    );
    check(
        "[[org]]\nname = \"big\"\n[[tenant]]\nname = \"acme\"\norg = \"big\"\nplan = \"free\"\n",
        "t.toml:10: tenant.plan: has no effect beside org: expected the plan in its [[org]]",
    );
    check(
        &SERVICE.replace("tenant = \"acme\"", "tenant = \"acne\""),
        "t.toml:7: workload.tenant: \"acne\" is not the name of a [[tenant]]: did you mean \"acme\"?",
    );
    check(
        &format!("{SERVICE}autoscaler = \"fast\"\n"),
        "t.toml:12: workload.autoscaler: \"fast\" is not the name of an [[autoscaler]]",
    );
    check(
        &format!("{SERVICE}[[load]]\nworkload = \"wed\"\nsource = \"constant\"\nrate = 1\n"),
        "t.toml:13: load.workload: \"wed\" is not the name of a [[workload]]: did you mean \"web\"?",
    );
    check(
        &format!(
            "{SERVICE}{}",
            SERVICE.replace("[[tenant]]\nname = \"acme\"\n", "")
        ),
        "t.toml:12: workload.name: \"web\" is there twice in tenant \"acme\"",
    );
}

#[test]
fn workloads_that_cannot_work() {
    check(
        &format!("{SERVICE}surge = 0\nunavailable = \"0%\"\n"),
        "t.toml:12: workload.surge: is 0 and unavailable is 0: a rollout could never move; expected one above 0",
    );
    check(
        &format!("{SERVICE}replicas = 9\nautoscaler = \"a\"\n[[autoscaler]]\nname = \"a\"\n"),
        "t.toml:12: workload.replicas: 9: expected 1..5, the bounds of its autoscaler",
    );
    check(
        &format!("{SERVICE}lifetime = \"1h\"\n"),
        "t.toml:12: workload.lifetime: has no effect with kind = \"service\": expected only with batch",
    );
    check(
        &SERVICE.replace("cpu = 1", "cpu = 0"),
        "t.toml:10: workload.cpu: asks for no cpu or no memory: expected both above 0",
    );
    check(
        &format!("{SERVICE}tolerations = [\"a:Never\"]\n"),
        "t.toml:12: workload.tolerations: \"a:Never\": expected \"key\", \"key=value\" or \"key=value:Effect\" with the effect NoSchedule, PreferNoSchedule or NoExecute",
    );
}

#[test]
fn loads_that_cannot_be() {
    let load = |rest: &str| format!("{SERVICE}[[load]]\nworkload = \"web\"\n{rest}\n");
    check(
        &load("source = \"square\""),
        "t.toml:14: load.source: \"square\": expected one of constant, step, ramp, sine, burst, poisson, csv, azure-vm, churn",
    );
    check(
        &load("source = \"constant\"\nrate = \"1/s\""),
        "t.toml:15: load.rate: \"1/s\": expected a rate per second of 0..1000000000 with at most three decimals, as in 50 or 0.25",
    );
    check(
        &load("source = \"sine\"\nlow = 9\nhigh = 3\nperiod = \"1h\""),
        "t.toml:15: load.low: is above high",
    );
    check(
        &load(
            "source = \"step\"\nrate = 1\nsteps = [{ at = \"2m\", rate = 1 }, { at = \"1m\", rate = 2 }]",
        ),
        "t.toml:16: load.steps: at 1m is not later than the step before",
    );
    check(
        &load(
            "source = \"csv\"\npath = \"none.csv\"\nindex = \"a\"\ncolumn = \"b\"\nperiod = \"1m\"",
        ),
        "t.toml:15: load.path: \"none.csv\": there is no file none.csv: expected a path relative to the scenario's folder",
    );
    check(
        &load("source = \"constant\"\nrate = 1\nfrom = \"9m\"\nuntil = \"9m\""),
        "t.toml:17: load.until: is not after from, 9m",
    );
    check(
        "[[load]]\nsource = \"churn\"\ntenants = \"nobody\"\nrate = 1\nlifetime = \"1h\"\nshapes = []\n",
        "t.toml:7: load.tenants: \"nobody\" is not the name of a [[tenant]]\nt.toml:10: load.shapes: a list: expected a list, as in [{ name = \"small\", cpu = \"500m\", memory = \"1Gi\", weight = 3 }]",
    );
}

#[test]
fn actions_that_cannot_be() {
    let action = |rest: &str| format!("{SERVICE}[[action]]\nat = \"1m\"\n{rest}\n");
    check(
        &action("kind = \"create_tenant\""),
        "t.toml:14: action.kind: \"create_tenant\": expected one of deploy, scale, rollback, unpin, restart, pause, resume, undo, delete_service, suspend, resume_tenant, delete_tenant, set_quota, set_plan",
    );
    check(
        &action("kind = \"scale\"\nworkload = \"web\""),
        "t.toml:12: action.replicas: missing: expected how many",
    );
    check(
        &action("kind = \"suspend\"\ntenant = \"bolt\""),
        "t.toml:15: action.tenant: \"bolt\" is not the name of a tenant",
    );
    check(
        &action("kind = \"suspend\"\ntenant = \"acme\"\nreplicas = 2"),
        "t.toml:16: action.replicas: has no effect with kind = \"suspend\": expected only with deploy, scale",
    );
    check(
        &action("kind = \"set_plan\"\ntenant = \"acme\""),
        "t.toml:12: action.plan: missing: expected one of metered, free, business, enterprise",
    );
    check(
        &action("kind = \"restart\"\nworkload = \"web\"").replace("1m", "2h"),
        "t.toml:12: action.at: 2h is after the end: expected at most the duration, 1h",
    );
}

#[test]
fn sizes_have_limits() {
    check(
        &format!(
            "{POOL}count = 200000\n{}count = 1\n",
            POOL.replace("\"a\"", "\"b\"")
        ),
        "t.toml: node_pool.max: 200001 nodes in all: expected at most 200000",
    );
    check(
        "[[tenant]]\nname = \"a\"\ncount = 10001\n",
        "t.toml:7: tenant.count: 10001: expected an integer of 1..10000",
    );
    check(
        "[sweep]\nseeds = 10000\ngrid = { seed = [1,2,3,4,5,6,7,8,9,10,11] }\n",
        "t.toml:7: sweep.grid: 110000 runs: expected 1..100000",
    );
    check(
        "[sweep]\ngrid = { \"autoscaler.up\" = [1] }\n",
        "t.toml:6: sweep.grid: unknown key \"up\": did you mean autoscaler.up_percent?",
    );
}

#[test]
fn loads_that_reach_too_much_are_refused_before_they_fill_memory() {
    let service = SERVICE
        .replace("name = \"acme\"\n", "name = \"acme\"\ncount = 10000\n")
        .replace("tenant = \"acme\"", "tenant = \"each\"");
    let load = "[[load]]\nworkload = \"web\"\nsource = \"constant\"\nrate = 1\n";
    check(
        &format!("{service}{}", load.repeat(5_000)),
        "t.toml:413: load: all loads together reach more than 1000000 workloads and tenants",
    );
}

#[test]
fn at_most_fifty_problems_are_listed() {
    let text: String = (0..80).map(|n| format!("zz{n} = 1\n")).collect();
    let problems = parse(&format!("{HEAD}{text}"), "t.toml").unwrap_err();
    assert_eq!(problems.len(), 51);
    assert_eq!(problems[50].to_string(), "t.toml: and 30 more problems");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse(&text, "t.toml");
        let _ = parse(&format!("{HEAD}{text}"), "t.toml");
    }

    #[test]
    fn no_value_of_a_key_makes_it_panic(at in any::<proptest::sample::Index>(), value in "[-0-9a-zA-Z\"'\\[\\]{}.,:=% ]{0,24}") {
        let text = format!("{HEAD}{}", super::back::FULL);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let line = at.get_mut(&mut lines);
        if let Some((key, _)) = line.clone().split_once('=') {
            *line = format!("{key}= {value}");
        }
        let _ = parse(&lines.join("\n"), "t.toml");
    }

    #[test]
    fn no_missing_line_makes_it_panic(at in any::<proptest::sample::Index>(), many in 1usize..5) {
        let text = format!("{HEAD}{}", super::back::FULL);
        let mut lines: Vec<&str> = text.lines().collect();
        let from = at.index(lines.len());
        lines.drain(from..(from + many).min(lines.len()));
        let _ = parse(&lines.join("\n"), "t.toml");
    }
}
