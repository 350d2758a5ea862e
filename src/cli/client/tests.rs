//! Event streams, paths, checks and the meaning of refusals.

use serde_json::json;

use super::answer::exit_of;
use super::check::{self, slug, tenant_slug};
use super::session::is_id;
use super::settings::address;
use super::stream::Lines;
use super::*;
use crate::cli::exit::Exit;

#[test]
fn events_are_read_however_the_bytes_are_cut() {
    let text =
        ": hello\n\nid: 7\nevent: service.scaled\ndata: {\"a\":1}\n\ndata: x\r\ndata: y\r\n\r\n";
    for cut in 1..text.len() {
        let mut lines = Lines::default();
        let mut events = lines.feed(&text.as_bytes()[..cut]).unwrap();
        events.extend(lines.feed(&text.as_bytes()[cut..]).unwrap());
        assert_eq!(events.len(), 2, "cut at {cut}");
        assert_eq!(events[0].id.as_deref(), Some("7"));
        assert_eq!(events[0].data, json!({ "a": 1 }));
        assert_eq!(events[1].data, json!("x\ny"));
    }
}

#[test]
fn a_name_stays_one_segment() {
    assert_eq!(segment("acme-1.x_y~"), "acme-1.x_y~");
    assert_eq!(segment("a/b?c#d%"), "a%2Fb%3Fc%23d%25");
    assert_eq!(segment(".."), "%2E%2E");
    assert_eq!(segment("é"), "%C3%A9");
}

#[test]
fn refusals_end_as_the_table_says() {
    let table = [
        (400, "bad_request", Exit::Invalid),
        (401, "token_expired", Exit::Denied),
        (403, "forbidden", Exit::Denied),
        (403, "quota_exceeded", Exit::Conflict),
        (404, "not_found", Exit::NotFound),
        (409, "state_conflict", Exit::Conflict),
        (410, "gone", Exit::Conflict),
        (412, "stale_version", Exit::Conflict),
        (413, "too_large", Exit::Invalid),
        (422, "invalid", Exit::Invalid),
        (428, "version_required", Exit::Conflict),
        (429, "rate_limited", Exit::Failed),
        (503, "unavailable", Exit::Failed),
        (504, "timeout", Exit::Unknown),
        (507, "storage_full", Exit::Failed),
    ];
    for (status, code, exit) in table {
        assert_eq!(exit_of(status, code), exit, "{status} {code}");
    }
}

#[test]
fn an_address_is_one_of_a_server() {
    assert_eq!(
        address("http://127.0.0.1:8080/").unwrap(),
        "http://127.0.0.1:8080"
    );
    assert_eq!(
        address("https://example.com/x/").unwrap(),
        "https://example.com/x"
    );
    for bad in [
        "",
        "localhost:8080",
        "ftp://a",
        "http://u:p@a",
        "http://a/?x",
        "http://",
    ] {
        assert!(address(bad).is_err(), "{bad}");
    }
}

#[test]
fn slugs_are_checked_before_anything_is_sent() {
    assert!(tenant_slug("acme-2").is_ok());
    for bad in [
        "",
        "Acme",
        "2acme",
        "acme-",
        "admin",
        "kube-x",
        "nimbus-x",
        &"a".repeat(41),
    ] {
        assert!(tenant_slug(bad).is_err(), "{bad}");
    }
    assert!(slug("a23456789012345678901234567890", check::NAME_MAX).is_ok());
    assert!(slug("a234567890123456789012345678901", check::NAME_MAX).is_err());
}

#[test]
fn ids_are_told_from_names() {
    assert!(is_id("svc-01hx0000000000000000000000", "svc"));
    assert!(!is_id("svc-api", "svc") && !is_id("api", "svc"));
}
