//! The manual, origins, refusals.

use super::*;

fn from(
    text: &str,
    variables: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Loaded, BadConfig> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nimbus.toml");
    std::fs::write(&file, text).unwrap();
    let variable = |name: &str| {
        let found = variables.iter().find(|(of, _)| *of == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let flag = |(key, value): &(&'static str, &'static str)| (*key, (*value).to_owned(), "--flag");
    let flags: Vec<_> = flags
        .iter()
        .map(|(key, value)| {
            let key: &'static str = Box::leak(key.to_string().into_boxed_str());
            let value: &'static str = Box::leak(value.to_string().into_boxed_str());
            flag(&(key, value))
        })
        .collect();
    load(Some(&file), variable, &flags)
}

#[test]
fn the_manual_says_what_the_defaults_are() {
    let manual: Config = toml::from_str(MANUAL).unwrap();
    assert_eq!(manual, Config::default());
}

#[test]
fn the_manual_names_every_key_with_its_variable() {
    let written = toml::to_string(&Config::default()).unwrap();
    let known: toml::Table = toml::from_str(&written).unwrap();
    for (section, value) in &known {
        let keys: Vec<String> = match value {
            toml::Value::Table(table) => {
                table.keys().map(|key| format!("{section}_{key}")).collect()
            }
            _ => vec![section.clone()],
        };
        for key in keys {
            let variable = format!("NIMBUS_{}", key.to_uppercase());
            assert!(
                MANUAL.contains(&variable),
                "{variable} is not in the manual"
            );
        }
    }
}

#[test]
fn flags_come_before_variables_before_the_file_before_defaults() {
    let text = "[server]\ndeadline_seconds = 5\ninbox = 7\n[cluster]\nkind = \"sim\"\n";
    let variables = [
        ("NIMBUS_SERVER_INBOX", "8"),
        (
            "NIMBUS_LIMITS_CORS",
            "http://localhost:1,http://localhost:2",
        ),
    ];
    let loaded = from(text, &variables, &[("server.listen", "127.0.0.1:1234")]).unwrap();
    let config = &loaded.config;
    assert_eq!(config.server.listen.port(), 1234);
    assert_eq!(
        (config.server.inbox, config.server.deadline_seconds),
        (8, 5)
    );
    assert_eq!(
        config.limits.cors,
        ["http://localhost:1", "http://localhost:2"]
    );
    let origin = |key: &str| loaded.origins[key].1.to_string();
    assert_eq!(origin("server.listen"), "flag --flag");
    assert_eq!(origin("server.inbox"), "variable NIMBUS_SERVER_INBOX");
    assert!(origin("server.deadline_seconds").starts_with("file "));
    assert_eq!(origin("database.migrate"), "default");
    assert_eq!(loaded.origins["server.inbox"].0, "8");
}

#[track_caller]
fn refused(text: &str, says: &str) {
    let error = from(text, &[], &[]).unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_with_its_key() {
    refused("[server]\nlisten = \"here\"", "server.listen");
    refused("[server]\nport = 1", "port");
    refused("[cluster]\nkind = \"cloud\"", "expected sim");
    refused(
        "[cluster]\nkind = \"sim\"\nsim_speed = \"0\"",
        "is no speed",
    );
    refused("", "cluster.kind: must be set");
    refused(
        "dev = true\n[server]\nlisten = \"0.0.0.0:8080\"",
        "needs a loopback address",
    );
    refused(
        "dev = true\n[server]\ninbox = 0",
        "server.inbox: must be 1..65536",
    );
    refused("not toml at all", "nimbus.toml");
}

#[test]
fn dev_means_a_simulated_cluster_at_ten_times_speed() {
    let config = from("dev = true", &[], &[]).unwrap().config;
    assert_eq!(config.cluster_kind(), Some(Kind::Sim));
    assert_eq!(config.speed(), Speed::Times(10));
    assert_eq!(config.database_place(), "nimbus-data/nimbus.db");
}
