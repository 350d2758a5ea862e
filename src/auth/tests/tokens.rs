//! Tokens: what is taken, and a corpus of what is not.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::super::jwt::{self, Audience, BadToken, Claims};
use super::super::ring::{PUBLISHED_S, Ring, SIGNS_S, VERIFIES_S};
use crate::runtime;

const API: &[Audience] = &[Audience::Api];

fn now_s() -> i64 {
    runtime::now().secs()
}

fn claims(now_s: i64, life_s: i64) -> Claims {
    Claims {
        iss: "nimbus".to_owned(),
        aud: Audience::Api,
        sub: "admin".to_owned(),
        iat: now_s,
        nbf: now_s,
        exp: now_s + life_s,
        jti: "1".to_owned(),
        tv: 0,
        key: None,
    }
}

/// A key that the tests know too.
const SECRET: &str = "R2qf8VtnYw0xGJ3m1sKcPzE7oLhUaD5b";

fn ring() -> Ring {
    Ring::given("test", SECRET).unwrap()
}

fn kid() -> String {
    ring().signer(0).unwrap().kid.clone()
}

/// A token with a right signature over whatever it says.
fn signed(header: &str, payload: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn header() -> Value {
    json!({ "typ": "nimbus-admin+jwt", "alg": "HS256", "kid": kid() })
}

fn payload() -> Value {
    serde_json::to_value(claims(now_s(), 3_600)).unwrap()
}

fn with(value: &Value, key: &str, to: Value) -> String {
    let mut value = value.clone();
    value[key] = to;
    value.to_string()
}

fn without(value: &Value, key: &str) -> String {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(key);
    value.to_string()
}

#[track_caller]
fn refused(token: &str, why: &str) {
    let read = jwt::verify(&ring(), token, API, now_s());
    assert!(read.is_err(), "{why}: {read:?}");
}

#[test]
fn a_token_is_read_back() {
    let (ring, now_s) = (ring(), now_s());
    let claims = claims(now_s, 3_600);
    let token = jwt::sign(&ring, &claims, now_s).unwrap();
    assert_eq!(jwt::verify(&ring, &token, API, now_s), Ok(claims.clone()));
    // our own writing of one is read too: what follows differs from it in one thing only
    let ours = signed(&header().to_string(), &payload().to_string());
    assert!(jwt::verify(&ring, &ours, API, now_s).is_ok());
    assert_eq!(jwt::self_test(now_s), Ok(()));
}

#[test]
fn hostile_headers_are_refused() {
    let payload = payload().to_string();
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS384",
        "HS512",
        "hs256",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS512",
        "ES256",
        "ES384",
        "EdDSA",
        "A128KW",
        "HS256 ",
        "HS256\u{0}",
    ] {
        let header = with(&header(), "alg", json!(alg));
        refused(&signed(&header, &payload), alg);
        let unsigned = signed(&header, &payload);
        let unsigned = unsigned.rsplit_once('.').unwrap().0;
        refused(&format!("{unsigned}."), alg);
        refused(unsigned, alg);
    }
    for alg in [json!(null), json!(256), json!(["HS256"]), json!({ "a": 1 })] {
        refused(
            &signed(&with(&header(), "alg", alg), &payload),
            "alg of another type",
        );
    }
    for (name, value) in [
        ("jku", json!("https://example.com/keys")),
        ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        ("x5u", json!("https://example.com/x")),
        ("x5c", json!(["AAAA"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("cty", json!("JWT")),
        ("nonce", json!("1")),
        ("p2c", json!(1_000_000_000)),
    ] {
        refused(&signed(&with(&header(), name, value), &payload), name);
    }
}

#[test]
fn hostile_names_of_keys_and_kinds_are_refused() {
    let payload = payload().to_string();
    for kid in [
        json!(null),
        json!(""),
        json!("../../etc/passwd"),
        json!("' OR 1=1 --"),
        json!(0),
        json!([kid()]),
        json!(format!("{} ", kid())),
    ] {
        refused(&signed(&with(&header(), "kid", kid), &payload), "kid");
    }
    for typ in [
        "JWT",
        "at+jwt",
        "nimbus-tenant+jwt",
        "nimbus-user+jwt",
        "",
        "NIMBUS-ADMIN+JWT",
    ] {
        refused(&signed(&with(&header(), "typ", json!(typ)), &payload), typ);
    }
    for name in ["alg", "kid", "typ"] {
        refused(&signed(&without(&header(), name), &payload), name);
        let twice = header()
            .to_string()
            .replacen('{', &format!("{{\"{name}\":\"x\","), 1);
        refused(&signed(&twice, &payload), "a key twice");
    }
    for header in [
        "",
        "{}",
        "[]",
        "null",
        "\"HS256\"",
        "{\"alg\":",
        "\u{feff}{}",
    ] {
        refused(&signed(header, &payload), "no header");
    }
}

#[test]
fn hostile_claims_are_refused() {
    let head = header().to_string();
    let now = now_s();
    let times = [
        json!(null),
        json!("9999999999"),
        json!(""),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e30),
        json!(9_999_999_999.5),
        json!(true),
        json!([now + 60]),
        json!({ "t": now }),
        json!(i64::MAX),
    ];
    for name in ["exp", "nbf"] {
        for value in &times {
            refused(&signed(&head, &with(&payload(), name, value.clone())), name);
        }
    }
    for value in [
        json!("x"),
        json!(1.5),
        json!(null),
        json!(u64::MAX),
        json!([0]),
    ] {
        refused(
            &signed(&head, &with(&payload(), "iat", value.clone())),
            "iat",
        );
        refused(&signed(&head, &with(&payload(), "tv", value)), "tv");
    }
    refused(
        &signed(&head, &with(&payload(), "tv", json!(-1))),
        "tv below zero",
    );
    for (name, value) in [
        ("exp", now - 60),
        ("exp", now - 6),
        ("exp", 0),
        ("nbf", now + 60),
        ("nbf", now + 4_000),
        ("nbf", now - 200_000),
        ("exp", now + 24 * 3_600 + 1),
        ("exp", 9_999_999_999),
    ] {
        refused(
            &signed(&head, &with(&payload(), name, json!(value))),
            "time",
        );
    }
}

#[test]
fn hostile_issuers_audiences_and_subjects_are_refused() {
    let head = header().to_string();
    for iss in [
        json!("Nimbus"),
        json!(""),
        json!(null),
        json!(["nimbus"]),
        json!("nimbus2"),
        json!(1),
    ] {
        refused(&signed(&head, &with(&payload(), "iss", iss)), "iss");
    }
    for aud in [
        json!("nimbus-dev"),
        json!("nimbus-stream"),
        json!(["nimbus-api"]),
        json!(["nimbus-api", "nimbus-dev"]),
        json!("*"),
        json!(""),
        json!(null),
        json!("NIMBUS-API"),
    ] {
        refused(&signed(&head, &with(&payload(), "aud", aud)), "aud");
    }
    for sub in [
        json!(""),
        json!("root"),
        json!("Admin"),
        json!("admin "),
        json!("ten-1"),
        json!("user-00000000000000000000000000"),
        json!(null),
        json!(1),
        json!(["admin"]),
    ] {
        refused(&signed(&head, &with(&payload(), "sub", sub)), "sub");
    }
    refused(&signed(&head, &with(&payload(), "jti", json!(""))), "jti");
    refused(
        &signed(&head, &with(&payload(), "key", json!("key-1"))),
        "key",
    );
    for name in ["exp", "nbf", "iss", "aud", "sub", "jti", "tv", "iat"] {
        refused(&signed(&head, &without(&payload(), name)), name);
        let once = payload()[name].to_string();
        let twice = payload()
            .to_string()
            .replacen('{', &format!("{{\"{name}\":{once},"), 1);
        refused(&signed(&head, &twice), "a key twice");
    }
    for name in ["role", "admin", "scope", "grants", "__proto__"] {
        refused(&signed(&head, &with(&payload(), name, json!(true))), name);
    }
    let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
    refused(&signed(&head, &deep), "nested");
    for body in ["", "{}", "[]", "null", "1", "\"x\"", "{\"exp\":"] {
        refused(&signed(&head, body), "no claims");
    }
}

#[test]
fn hostile_forms_are_refused() {
    let good = signed(&header().to_string(), &payload().to_string());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    for form in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        head.to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!(".{body}.{signature}"),
        format!("{head}..{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{good}..{signature}"),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}="),
        format!("{good}\n"),
        good.replacen('.', " .", 1),
        good.to_uppercase(),
        "a".repeat(64 * 1024),
        format!("{head}.{}.{signature}", "A".repeat(64 * 1024)),
        format!("{head}.{body}.{}", "A".repeat(43)),
        format!("{head}.{body}.{}", &signature[..42]),
    ] {
        refused(&form, "form");
    }
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    refused(&format!("{message}.{}", URL_SAFE.encode(&bytes)), "padding");
    refused(
        &format!("{message}.{}", STANDARD.encode(&bytes)),
        "another alphabet",
    );
    let text = header().to_string();
    refused(
        &good.replacen(head, &URL_SAFE.encode(format!("{text}  ")), 1),
        "padding in the header",
    );
}

#[test]
fn bits_that_mean_nothing_are_refused() {
    let good = signed(&header().to_string(), &payload().to_string());
    let (message, signature) = good.rsplit_once('.').unwrap();
    // 32 bytes are 43 letters with two bits left over: three other spellings of the same bytes
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = *signature.as_bytes().last().unwrap();
    let place = letters.iter().position(|&letter| letter == last).unwrap();
    for bits in 1..4 {
        let other = char::from(letters[place ^ bits]);
        refused(
            &format!("{message}.{}{other}", &signature[..42]),
            "bits left over",
        );
    }
}

#[test]
fn every_changed_letter_is_refused() {
    let good = signed(&header().to_string(), &payload().to_string());
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        refused(&String::from_utf8(bytes).unwrap(), "a letter");
    }
}

#[test]
fn times_are_compared_with_our_clock() {
    let (ring, now) = (ring(), now_s());
    let token = jwt::sign(&ring, &claims(now, 3_600), now).unwrap();
    let at = |at_s: i64| jwt::verify(&ring, &token, API, at_s).map(|claims| claims.sub);
    let end = now + 3_600;
    assert_eq!(at(end - 6), Ok("admin".to_owned()));
    assert_eq!(at(end + 4), Ok("admin".to_owned()));
    assert_eq!(at(end + 5), Err(BadToken::Expired));
    assert_eq!(at(end + 6), Err(BadToken::Expired));
    assert_eq!(at(now - 5), Ok("admin".to_owned()));
    assert_eq!(at(now - 6), Err(BadToken::Invalid));
}

#[test]
fn each_audience_serves_on_its_own_surface() {
    let (ring, now) = (ring(), now_s());
    let dev = Claims {
        aud: Audience::Dev,
        ..claims(now, 3_600)
    };
    let token = jwt::sign(&ring, &dev, now).unwrap();
    assert_eq!(jwt::verify(&ring, &token, API, now), Err(BadToken::Invalid));
    let both = [Audience::Api, Audience::Dev];
    assert_eq!(jwt::verify(&ring, &token, &both, now), Ok(dev));
}

#[test]
fn no_valid_token_is_refused_because_a_key_changes() {
    let folder = tempfile::tempdir().unwrap();
    let start = now_s();
    let mut ring = Ring::open(folder.path(), start).unwrap();
    let mut kept: Vec<(String, i64)> = Vec::new();
    for turn in 0..100 {
        let now = start + turn * 7 * 3_600;
        let signer = ring.signer(now).unwrap().kid.clone();
        kept.push((signer, now + VERIFIES_S));
        ring.rotate(now).unwrap();
        kept.retain(|(_, until)| now < *until);
        for (kid, _) in &kept {
            assert!(ring.verifier(kid, now).is_some(), "turn {turn}");
        }
        assert_eq!(
            ring.signer(now + PUBLISHED_S - 1).unwrap().kid,
            kept.last().unwrap().0
        );
        assert_ne!(
            ring.signer(now + PUBLISHED_S).unwrap().kid,
            kept.last().unwrap().0
        );
    }
}

#[test]
fn keys_change_by_themselves_before_the_last_one_stops() {
    let folder = tempfile::tempdir().unwrap();
    let start = now_s();
    let mut ring = Ring::open(folder.path(), start).unwrap();
    let first = ring.signer(start).unwrap().kid.clone();
    assert!(!ring.maintain(start + SIGNS_S / 2).unwrap());
    let late = start + SIGNS_S - PUBLISHED_S;
    assert!(ring.maintain(late).unwrap());
    assert_eq!(ring.signer(late).unwrap().kid, first);
    let next = ring.signer(start + SIGNS_S).unwrap().kid.clone();
    assert_ne!(next, first);
    // a restart finds both, and the first is dropped once it verifies nothing
    let mut again = Ring::open(folder.path(), late).unwrap();
    assert!(again.verifier(&first, late).is_some() && again.verifier(&next, late).is_some());
    assert!(again.maintain(start + SIGNS_S + VERIFIES_S).unwrap());
    assert!(again.verifier(&first, late).is_none());
}
