//! Secrets that are not taken, keys, failures, what is remembered, tickets.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use nimbus_core::access::Principal;
use nimbus_core::time::{Span, Time};

use super::super::exchange::Proof;
use super::super::failures::{FREE, Failures, PAIRS_MAX, WITHIN};
use super::super::key;
use super::super::memory::{FRESH, Memory, Standing};
use super::super::ring::{FILE, Ring};
use super::super::ticket::{LIFE, Tickets};

#[track_caller]
fn weak(secret: &str, want: &str) {
    let said = Ring::given("NIMBUS_SIGNING_KEY", secret)
        .unwrap_err()
        .to_string();
    assert_eq!(said, want);
    assert!(secret.is_empty() || !said.contains(secret));
}

#[test]
fn weak_secrets_are_refused_in_one_sentence() {
    let short = "NIMBUS_SIGNING_KEY: the signing key has 31 bytes, at least 32 are needed";
    weak("R2qf8VtnYw0xGJ3m1sKcPzE7oLhUaD5", short);
    let empty = "NIMBUS_SIGNING_KEY: the signing key has 0 bytes, at least 32 are needed";
    weak("", empty);
    let guessed = "NIMBUS_SIGNING_KEY: the signing key can be guessed; use 32 random bytes";
    for secret in [
        "nimbus123nimbus123nimbus123nimbus123",
        "NIMBUS123-R2qf8VtnYw0xGJ3m1sKcPzE7oLhUaD5b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabcabcabcabcabcabcabcabc",
        "my-very-long-Password-that-is-long-enough",
        "00000000000000000000000000000000000000000000000000000000000000ff",
    ] {
        weak(secret, guessed);
    }
    assert!(Ring::given("x", "R2qf8VtnYw0xGJ3m1sKcPzE7oLhUaD5b").is_ok());
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Ring::open(folder.path(), 0).unwrap());
    let file = folder.path().join(FILE);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for mode in [0o644, 0o640, 0o620, 0o604, 0o666] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let said = Ring::open(folder.path(), 0).unwrap_err().to_string();
        assert!(
            said.contains("run chmod 600") && !said.contains('\n'),
            "{said}"
        );
        assert!(Ring::given_file(&file).is_err());
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Ring::open(folder.path(), 0).is_ok());
    fs::write(&file, "{\"keys\":[{}]}").unwrap();
    assert!(Ring::open(folder.path(), 0).is_err());
}

#[test]
fn keys_have_one_form() {
    let made = key::make();
    assert!(key::is_key(&made.key) && made.key.starts_with(&made.prefix));
    assert_eq!(
        (made.key.len(), made.prefix.len(), made.hash.len()),
        (56, 12, 64)
    );
    assert!(key::same(&made.hash, &key::hash(&made.key)));
    assert!(!key::same(&made.hash, &key::hash(&key::make().key)) && !key::same("", &made.hash));
    let good = made.key.as_str();
    for bad in [
        "",
        "nbk_",
        &good[..55],
        &format!("{good}A"),
        &good.replacen("nbk", "sk", 1),
        &good.replacen("nbk_", "nbk-", 1),
        &format!("nbk_{}_{}", "ILOU0000", &good[13..]),
        &format!("nbk_{}é_{}", "000000", &good[13..]),
        &format!("{}={}", &good[..55], ""),
    ] {
        assert!(!key::is_key(bad), "{bad}");
    }
}

#[test]
fn five_failures_a_minute_are_free() {
    let failures = Failures::default();
    let here = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let at = |s: i64| Time::from_secs(1_000 + s);
    for turn in 0..i64::from(FREE) {
        assert_eq!(failures.check(here, "acme", at(turn)), Ok(()));
        failures.count(here, "acme", at(turn));
    }
    assert_eq!(
        failures.check(here, "acme", at(10)),
        Err(Span::from_secs(50))
    );
    assert_eq!(failures.check(here, "globex", at(10)), Ok(()));
    assert_eq!(failures.check(None, "acme", at(10)), Ok(()));
    assert_eq!(failures.check(here, "acme", at(0) + WITHIN), Ok(()));
    failures.count(here, "acme", at(70));
    assert_eq!(failures.check(here, "acme", at(70)), Ok(()));
}

#[test]
fn failures_take_bounded_memory() {
    let failures = Failures::default();
    for n in 0..PAIRS_MAX + 100 {
        failures.count(None, &n.to_string(), Time(i64::try_from(n).unwrap()));
    }
    failures.count(None, &"x".repeat(1 << 20), Time::from_secs(1));
    assert_eq!(failures.len(), PAIRS_MAX);
    assert_eq!(failures.check(None, "0", Time(1)), Ok(()));
}

#[test]
fn what_is_forgotten_is_not_remembered_by_a_read_that_began_before() {
    let memory = Memory::default();
    let standing = Arc::new(Standing {
        name: "admin".into(),
        grants: Vec::new(),
        tenant: None,
        orgs: Vec::new(),
        tv: 0,
    });
    let now = Time::from_secs(10);
    let mark = memory.mark();
    memory.put_subject(mark, "admin", now, Some(standing.clone()));
    assert_eq!(memory.subject("admin", now), Some(Some(standing.clone())));
    assert_eq!(memory.subject("admin", now + FRESH), None);
    assert_eq!(memory.subject("admin", Time::from_secs(9)), None);
    memory.forget();
    assert_eq!(memory.subject("admin", now), None);
    memory.put_subject(mark, "admin", now, Some(standing));
    assert_eq!(memory.subject("admin", now), None);
    memory.put_denied(memory.mark(), now, vec![("1".to_owned(), now)]);
    assert_eq!(
        (memory.denied("1", now), memory.denied("2", now)),
        (Some(true), Some(false))
    );
    assert_eq!(memory.denied("1", now + FRESH), None);
}

#[test]
fn a_ticket_serves_once_on_one_path_for_half_a_minute() {
    let tickets = Tickets::default();
    let principal = Arc::new(Principal::new("tenant:acme", Vec::new()));
    let now = Time::from_secs(10);
    let make = || tickets.make(principal.clone(), "/api/v1/events", now);
    let ticket = make();
    let take = |ticket: &str, path: &str, at: Time| tickets.take(ticket, path, at).is_some();
    assert!(take(&ticket, "/api/v1/events", now));
    assert!(!take(&ticket, "/api/v1/events", now));
    let ticket = make();
    assert!(!take(&ticket, "/api/v1/audit", now));
    assert!(!take(&ticket, "/api/v1/events", now));
    assert!(!take(&make(), "/api/v1/events", now + LIFE));
    assert!(!take("", "/api/v1/events", now));
}

#[test]
fn proofs_are_read_from_headers() {
    let (name, secret) = Proof::basic("Basic YWNtZTpuYms6eA==").unwrap();
    assert_eq!((name.as_str(), secret.as_str()), ("acme", "nbk:x"));
    for bad in [
        "",
        "Basic",
        "Basic ",
        "Basic %%%",
        "Bearer YWNtZTp4",
        "Basic YWNtZQ==",
        "Basic /w==",
    ] {
        assert!(Proof::basic(bad).is_none(), "{bad}");
    }
    assert_eq!(Proof::bearer("bearer  x ").unwrap().as_str(), "x");
    assert!(Proof::bearer("Basic x").is_none());
}
