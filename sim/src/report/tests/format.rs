//! How numbers look.

use crate::report::format::*;
use crate::report::{Currency, Unit};

#[track_caller]
fn check(unit: Unit, cases: &[(i128, &str)]) {
    for (number, shown) in cases {
        assert_eq!(value(*number, unit, 2), *shown, "{number} {unit:?}");
    }
}

#[test]
fn counts_have_thousands_separators() {
    check(
        Unit::Count,
        &[
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ],
    );
    assert!(count(i128::MIN).starts_with("-170,141,"));
}

#[test]
fn shares_keep_what_is_small() {
    check(
        Unit::Ppm,
        &[
            (0, "0 %"),
            (1, "0.0001 %"),
            (1_600, "0.16 %"),
            (972_300, "97.2 %"),
            (1_000_000, "100 %"),
            (-55, "-0.0055 %"),
        ],
    );
    check(
        Unit::Ratio,
        &[
            (1_155_000, "1.155 ×"),
            (1_000_000, "1 ×"),
            (1_999_999, "2 ×"),
        ],
    );
}

#[test]
fn quantities_have_units() {
    check(
        Unit::Millicores,
        &[
            (0, "0 cores"),
            (250, "250m"),
            (1_000, "1 core"),
            (1_500, "1.5 cores"),
            (64_000_000, "64,000 cores"),
        ],
    );
    check(
        Unit::Bytes,
        &[
            (0, "0 B"),
            (1_023, "1,023 B"),
            (1_536, "1.5 KiB"),
            (256 << 30, "256 GiB"),
            (i128::MAX, "147,573,952,589,676,412,928 EiB"),
        ],
    );
    check(Unit::Mrps, &[(12_500, "12.5/s"), (1, "0.001/s")]);
    check(Unit::CpuHours, &[(335_923_200, "93.3")]);
    check(Unit::GibHours, &[(450_868_486_864_896, "117")]);
}

#[test]
fn lengths_of_time_have_at_most_two_parts() {
    check(
        Unit::Millis,
        &[
            (0, "0 ms"),
            (999, "999 ms"),
            (1_250, "1.25 s"),
            (59_999, "60 s"),
            (200_000, "3 min 20 s"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (298_800_000, "3 d 11 h"),
        ],
    );
    check(Unit::Hours, &[(3_600, "1 h"), (44_444_444, "12,346 h")]);
    check(Unit::Seconds, &[(0, "0 s"), (90, "1 min 30 s")]);
}

#[test]
fn money_has_the_digits_of_its_currency() {
    for (code, exponent, minor, shown) in [
        ("USD", 2, 123_450, "1,234.50 USD"),
        ("JPY", 0, 1_234, "1,234 JPY"),
        ("KWD", 3, -5, "-0.005 KWD"),
        ("USD", 2, i64::MIN, "-92,233,720,368,547,758.08 USD"),
    ] {
        let currency = Currency {
            code: code.to_owned(),
            exponent,
        };
        assert_eq!(money(&currency.money(minor)), shown);
    }
}

#[test]
fn prices_are_exact() {
    for (micro_minor, exponent, shown) in [
        (4_048_000, 2, "0.04048"),
        (192_000_000, 2, "1.92"),
        (100_000_000, 2, "1.00"),
        (1, 0, "0.000001"),
        (5_000_000, 0, "5"),
    ] {
        assert_eq!(price(micro_minor, exponent), shown);
    }
}

#[test]
fn hidden_characters_are_made_visible() {
    assert_eq!(visible("a\u{202e}b\nc"), "a\\u{202e}b\\u{a}c");
    assert_eq!(visible("مرحبا"), "مرحبا");
}
