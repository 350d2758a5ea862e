//! What each database does when something is wrong, and the way between the two.

use std::collections::BTreeMap;

use nimbus_core::ids::TenantNo;
use nimbus_core::store::StoreError;
use nimbus_core::store::tenant::Questions as _;

use super::bed::{Bed, START, event, sqlite, tamper};
use super::catalogue::{Column, Kind, tables};
use super::conformance::audited;
use super::postgres::Postgres;
use super::*;

/// The tables of `schema.rs`, read from its text.
fn expected() -> BTreeMap<String, Vec<Column>> {
    let mut found: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    let mut table = (String::new(), String::new());
    for line in include_str!("schema.rs").lines().map(str::trim) {
        if let Some((name, keys)) = line.strip_suffix(") {").and_then(|l| l.split_once(" (")) {
            table = (name.to_owned(), keys.to_owned());
        } else if let Some((name, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let nullable = kind.starts_with("Nullable<");
            let kind = kind.trim_start_matches("Nullable<").trim_end_matches('>');
            let kind = match kind {
                "Text" => Kind::Text,
                "BigInt" => Kind::Int,
                "Bool" => Kind::Bool,
                "Binary" => Kind::Bytes,
                other => panic!("no such kind: {other}"),
            };
            found.entry(table.0.clone()).or_default().push(Column {
                name: name.to_owned(),
                kind,
                nullable,
                key: table.1.split(", ").any(|key| key == name),
            });
        }
    }
    found
}

#[track_caller]
fn check_migrations(place: &str) {
    let mut schema = Schema::open(place).unwrap();
    let applied = schema.up().unwrap();
    assert_eq!(applied.len(), schema.steps().unwrap().len());
    assert_eq!(schema.catalogue(), expected());
    assert_eq!(schema.down(99).unwrap().len(), applied.len());
    assert_eq!(schema.catalogue(), BTreeMap::new());
    assert!(matches!(schema.check(), Err(OpenError::Behind { .. })));
    assert_eq!(schema.up().unwrap(), applied);
    assert_eq!(schema.up().unwrap(), Vec::<String>::new());
    assert_eq!(schema.catalogue(), expected());
    schema.check().unwrap();
}

impl Schema {
    fn catalogue(&mut self) -> BTreeMap<String, Vec<Column>> {
        tables(self.connection()).unwrap()
    }
}

#[test]
fn migrations_go_up_and_down_and_make_the_schema_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    check_migrations(dir.path().join("x.db").to_str().unwrap());
}

#[test]
fn migrations_go_up_and_down_and_make_the_schema_on_postgres() {
    check_migrations(&Postgres::shared().database());
}

#[test]
fn a_file_is_one_process_alone() {
    let (dir, store) = sqlite();
    let place = dir.path().join("nimbus.db");
    let place = place.to_str().unwrap();
    let refused = Store::open(place, Migrate::Auto).unwrap_err();
    assert!(
        refused
            .to_string()
            .ends_with("is in use by another process"),
        "{refused}"
    );
    assert_eq!(Store::open_beside(place).unwrap().last().unwrap(), None);
    drop(store);
    Store::open(place, Migrate::Check).unwrap();
}

#[track_caller]
fn check_newer(place: &str) {
    let store = Store::open(place, Migrate::Auto).unwrap();
    tamper(
        &store,
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('9001')",
    );
    drop(store);
    let refused = Store::open(place, Migrate::Auto).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("is at version 9001") && text.contains("use a newer nimbus"),
        "{text}"
    );
}

#[test]
fn a_newer_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    check_newer(dir.path().join("x.db").to_str().unwrap());
    check_newer(&Postgres::shared().database());
}

#[test]
fn what_cannot_be_reached_is_said_in_one_sentence() {
    for place in [
        "/nowhere/at/all.db",
        "postgres:///db?host=/nowhere&password=secret",
    ] {
        let refused = Store::open(place, Migrate::Auto).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("cannot be opened: "), "{text}");
        assert!(!text.contains('\n') && !text.contains("secret"), "{text}");
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db");
    let beside = Store::open_beside(path.to_str().unwrap()).unwrap_err();
    assert!(
        beside.to_string().ends_with("there is no such file"),
        "{beside}"
    );
    let behind = Store::open(path.to_str().unwrap(), Migrate::Check).unwrap_err();
    assert!(
        behind.to_string().contains("run `nimbus migrate up`"),
        "{behind}"
    );
}

#[test]
fn a_full_disk_refuses_writes_and_is_forgotten_once_there_is_room() {
    let (_dir, store) = sqlite();
    let mut bed = Bed::new();
    bed.tenant(0, "acme", None, &[]);
    bed.keep(&store);
    tamper(&store, "PRAGMA max_page_count = 1"); // as many as there are
    let mut large = bed.commit(0);
    let data = format!("{{\"x\":\"{}\"}}", "y".repeat(100_000));
    large.events = vec![EventRow {
        data,
        ..event("large", None, 1)
    }];
    let full = store.commit(&large).unwrap_err();
    assert!(matches!(full, StoreError::Full(_)), "{full}");
    assert!(store.tenant(&Visible::All, "acme").unwrap().is_some());
    assert_eq!(store.last().unwrap().unwrap().group, 1);
    store.commit(&large).unwrap(); // a new connection: the limit is gone, as if there were room
    assert_eq!(store.last().unwrap().unwrap().group, 2);
}

#[test]
fn a_commit_that_fails_at_its_end_was_not_written() {
    let url = Postgres::shared().database();
    let store = Store::open(&url, Migrate::Auto).unwrap();
    // the server kills the connection while it commits
    tamper(
        &store,
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER die AFTER INSERT ON events \
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()",
    );
    let commit = Commit {
        group: 1,
        now: START,
        events: vec![event("x", None, 1)],
        ..Commit::default()
    };
    let failed = store.commit(&commit).unwrap_err();
    assert!(matches!(failed, StoreError::Unavailable(_)), "{failed}");
    assert_eq!(store.last().unwrap(), None);
    tamper(&store, "DROP TRIGGER die ON events");
    assert_eq!(store.commit(&commit).unwrap().first_event_seq, 1);
}

#[test]
fn a_server_that_was_killed_is_found_again() {
    let mut server = Postgres::start(false);
    let store = Store::open(&server.database(), Migrate::Auto).unwrap();
    let mut bed = Bed::new();
    bed.tenant(0, "acme", None, &[]);
    bed.keep(&store);
    assert!(store.tenant(&Visible::All, "acme").unwrap().is_some());
    server.kill();
    assert!(store.tenant(&Visible::All, "acme").unwrap().is_some());
    bed.tenant(1, "zeta", None, &[]);
    bed.keep(&store);
    assert_eq!(store.last().unwrap().unwrap().group, 2);
}

/// A store with rows of many tables.
fn filled(store: &Store) {
    let mut bed = Bed::new();
    for (no, slug) in [(0, "acme"), (1, "zeta")] {
        let tenant = bed.tenant(no, slug, None, &[("tier", "gold")]);
        bed.service(tenant, "shop", "web");
    }
    let mut commit = bed.commit(0);
    commit.events = vec![event("x", Some(TenantNo(0)), 1)];
    commit.audit = vec![audited(None, "ünï\"c\\ode")];
    store.commit(&commit).unwrap();
    let saved = crate::cluster::Saved {
        cursor: 7,
        outbox_seq: 0,
        at: START,
        bytes: (0..=255).collect(),
    };
    store.save_cluster(&saved, 0).unwrap();
    store.put_setting("a", "b").unwrap();
}

#[test]
fn a_store_is_carried_to_the_other_database_and_back() {
    let (_one, from) = sqlite();
    filled(&from);
    let mut first = Vec::new();
    let exported = from.export(&mut first).unwrap();
    assert!(exported.rows > 20);
    let url = Postgres::shared().database();
    let over = Store::open(&url, Migrate::Auto).unwrap();
    assert_eq!(over.import(|| Ok(&first[..])).unwrap(), exported);
    assert_eq!(over.tenant_rows().unwrap(), from.tenant_rows().unwrap());
    assert_eq!(over.saved_cluster().unwrap(), from.saved_cluster().unwrap());
    assert_eq!(over.verify_audit(&Visible::All).unwrap().broken, None);
    let mut second = Vec::new();
    assert_eq!(over.export(&mut second).unwrap(), exported);
    let (_two, back) = sqlite();
    back.import(|| Ok(&second[..])).unwrap();
    let mut third = Vec::new();
    assert_eq!(back.export(&mut third).unwrap(), exported);
    let again = back.import(|| Ok(&first[..])).unwrap_err();
    assert!(matches!(again, TransferError::NotEmpty(_)), "{again}");
}

#[test]
fn a_file_that_was_changed_or_cut_is_not_imported() {
    use std::io::{Read, Write};
    let (_one, from) = sqlite();
    filled(&from);
    let mut whole = Vec::new();
    from.export(&mut whole).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&whole[..])
        .read_to_string(&mut text)
        .unwrap();
    let packed = |text: &str| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let lines: Vec<&str> = text.lines().collect();
    let cases = [
        (packed(&text.replace("acme", "acne")), "checksum"),
        (packed(&lines[..lines.len() - 1].join("\n")), "cut"),
        (whole[..whole.len() / 2].to_vec(), "line"),
        (packed(""), "empty"),
        (b"nothing".to_vec(), "line"),
    ];
    let (_two, to) = sqlite();
    for (file, word) in cases {
        let refused = to.import(|| Ok(&file[..])).unwrap_err().to_string();
        assert!(refused.contains(word), "{word}: {refused}");
    }
    to.import(|| Ok(&whole[..])).unwrap();
}
