//! Documents with any numbers, any names, any lengths: nothing panics, nothing escapes.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::measure::width;
use super::sample;
use crate::report::*;

/// What people call things when they are in a bad mood.
const NAMES: [&str; 14] = [
    "",
    "acme",
    "<script>alert(1)</script>",
    "a&b \"c\" 'd' <e>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "مرحبا بالعالم",
    "\u{202e}evil\u{2066}\u{0}\u{1b}[31m",
    "日本語のとても長い名前で、端末の幅よりも長くなるまで続きます。日本語のとても長い名前で、端末の幅よりも長くなる",
    "line\nbreak | pipe `tick` *star* [link](x)",
    "a-name-that-has-no-space-and-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-for-ever",
];

const STAMPS: [&str; 4] = [
    "1970-01-01T00:00:00Z",
    "2026-11-01T00:00:00Z",
    "9999-12-30T22:00:00.999999Z",
    "-009999-01-02T01:59:59Z",
];

/// A small generator, so that a failing seed is one number.
struct Twist(u64);

impl Twist {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 40).unwrap() % end.max(1)
    }

    fn number(&mut self, most: i64) -> i64 {
        let any = i64::try_from(self.0 >> 3).unwrap_or(7);
        let list = [0, 1, 2, 59_999, 1_000_000, any.min(most), most, most];
        list[self.below(list.len())].min(most)
    }

    fn wide(&mut self) -> String {
        let list = [0, 1, i128::from(u64::MAX), i128::MAX, i128::MAX - 1, 86_400];
        list[self.below(list.len())].to_string()
    }

    fn string(&mut self, key: &str, old: &str) -> String {
        let keep = ["kind", "unit", "better", "plan", "score"];
        let wide = [
            "seconds",
            "value",
            "base",
            "head",
            "difference",
            "change_ppm",
        ];
        match key {
            "start" | "from" | "to" | "through" | "first" | "last" => {
                STAMPS[self.below(STAMPS.len())].to_owned()
            }
            _ if keep.contains(&key) => old.to_owned(),
            _ if wide.iter().any(|end| key.ends_with(end)) && old.parse::<i128>().is_ok() => {
                self.wide()
            }
            _ => NAMES[self.below(NAMES.len())].to_owned(),
        }
    }

    fn object(&mut self, object: &mut Map<String, Value>) {
        if object.contains_key("amount_minor") {
            let exponent = u8::try_from(self.below(7)).unwrap();
            let code = NAMES[self.below(NAMES.len())].to_owned();
            let minor = self.number(i64::MAX);
            let money =
                Currency { code, exponent }.money(if self.below(3) == 0 { -minor } else { minor });
            *object = serde_json::to_value(money)
                .unwrap()
                .as_object()
                .unwrap()
                .clone();
            return;
        }
        for (key, value) in object.iter_mut() {
            self.value(key, value);
        }
    }

    fn value(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::Object(object) => self.object(object),
            Value::Array(list) => {
                list.truncate(self.below(list.len() + 3));
                list.iter_mut().for_each(|value| self.value(key, value));
            }
            Value::Number(_) => {
                *value = match key {
                    "format_version" => json!(FORMAT_VERSION),
                    "exponent" => json!(self.below(256)),
                    "min" | "max" | "pods" | "count" | "counts" | "threads" | "lower_bound" => {
                        json!(self.number(i64::from(u32::MAX)))
                    }
                    "at_s" | "base_at_s" | "head_at_s" | "at_ms" | "duration_ms"
                        if self.below(4) == 0 =>
                    {
                        json!(-self.number(i64::MAX))
                    }
                    _ => json!(self.number(i64::MAX)),
                }
            }
            Value::String(text) => *text = self.string(key, text),
            Value::Bool(yes) => *yes = self.below(2) == 0,
            Value::Null => {}
        }
    }
}

/// A document of the same shape as one made by hand, with everything in it changed.
fn twisted(which: usize, seed: u64) -> Document {
    let document = match which {
        0 => sample::report(5).into(),
        1 => sample::comparison().into(),
        2 => sample::sweep(2).into(),
        _ => Document::from(sample::sizing()),
    };
    let mut value = serde_json::to_value(document).unwrap();
    Twist(seed).value("", &mut value);
    Document::from_json(&value.to_string()).unwrap()
}

/// No cell of words starts like a formula; numbers are digits.
#[track_caller]
fn check_csv(text: &str) {
    for record in ::csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record.unwrap();
        assert_eq!(record.len(), 4);
        for cell in &record {
            let number = cell
                .strip_prefix('-')
                .unwrap_or(cell)
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'.');
            assert!(
                number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']),
                "{cell:?}"
            );
        }
    }
}

#[track_caller]
fn check_text(text: &str) {
    for line in text.lines() {
        assert!(width(line) <= 100, "{} columns: {line}", width(line));
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

#[track_caller]
fn check_html(html: &str) {
    for refused in [
        "<script", "<e>", "<img", "<link", "src=", "url(", "\u{202e}", "\u{0}",
    ] {
        assert!(!html.contains(refused), "{refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_document_renders_safely_and_twice_the_same(which in 0usize..4, seed in any::<u64>()) {
        let document = twisted(which, seed);
        check_text(&document.to_text(false));
        check_csv(&document.to_csv());
        check_html(&document.to_html());
        prop_assert!(!document.to_markdown().contains("<script"));
        for format in Format::ALL {
            prop_assert_eq!(document.render(format, true), document.render(format, true));
        }
        prop_assert_eq!(Document::from_json(&document.to_json()).unwrap(), document);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = Document::from_json(&text);
    }
}
