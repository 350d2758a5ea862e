//! Tests of the report: what it says, that it says it the same way twice, and that no input breaks it.

mod arbitrary;
mod compare;
mod explain;
mod format;
mod sample;
mod sampling;
mod sweep;

use super::*;
use sample::documents;

/// Also writes them to the folder that `NIMBUS_REPORT_DIR` names when the test is built, for people to look at.
#[test]
fn every_document_renders_in_every_format() {
    for (i, document) in documents().iter().enumerate() {
        for format in Format::ALL {
            let bytes = document.render(format, false);
            assert!(bytes.len() > 200 && bytes.ends_with('\n'), "{i} {format:?}");
            if let Some(folder) = option_env!("NIMBUS_REPORT_DIR") {
                std::fs::write(format!("{folder}/{i}.{}", format.as_str()), bytes).unwrap();
            }
        }
    }
}

#[test]
fn a_replay_reads_well_on_a_terminal() {
    insta::assert_snapshot!(Document::from(sample::report(48)).to_text(false));
}

#[test]
fn a_replay_reads_well_as_markdown() {
    insta::assert_snapshot!(Document::from(sample::report(48)).to_markdown());
}

#[test]
fn a_replay_is_a_long_table_as_csv() {
    insta::assert_snapshot!(Document::from(sample::report(3)).to_csv());
}

#[test]
fn a_comparison_reads_well_on_a_terminal() {
    insta::assert_snapshot!(Document::from(sample::comparison()).to_text(false));
}

#[test]
fn a_sweep_reads_well_on_a_terminal() {
    insta::assert_snapshot!(Document::from(sample::sweep(1)).to_text(false));
}

#[test]
fn a_sizing_reads_well_on_a_terminal() {
    insta::assert_snapshot!(Document::from(sample::sizing()).to_text(false));
}

#[test]
fn json_is_read_back_to_the_same_document() {
    for document in documents() {
        let json = document.to_json();
        let read = Document::from_json(&json).unwrap();
        assert_eq!(read, document);
        assert_eq!(read.to_json(), json);
    }
}

#[test]
fn json_has_no_float() {
    fn check(value: &serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => assert!(!number.is_f64(), "{number}"),
            serde_json::Value::Array(list) => list.iter().for_each(check),
            serde_json::Value::Object(object) => object.values().for_each(check),
            _ => {}
        }
    }
    for document in documents() {
        check(&serde_json::from_str(&document.to_json()).unwrap());
    }
}

#[test]
fn what_differs_between_two_runs_is_in_json_only() {
    let report = sample::report(8);
    let other = Report {
        run: Some(Run {
            wall_ms: 987_654_321,
            host: "another host".to_owned(),
            ..Run::default()
        }),
        ..report.clone()
    };
    let (report, other) = (Document::from(report), Document::from(other));
    for format in [Format::Text, Format::Csv, Format::Markdown, Format::Html] {
        assert_eq!(report.render(format, false), other.render(format, false));
    }
    assert_ne!(report.to_json(), other.to_json());
    let mut values = [report, other].map(|document| serde_json::to_value(document).unwrap());
    values
        .iter_mut()
        .for_each(|value| drop(value.as_object_mut().unwrap().remove("run")));
    assert_eq!(values[0], values[1]);
}

#[test]
fn html_names_no_network_and_no_script() {
    for document in documents() {
        let html = document.to_html();
        for refused in [
            "http:", "https:", "//", "<script", "<link", "<img", "<iframe", "src=", "url(",
            "@import", "onload",
        ] {
            assert!(!html.contains(refused), "{refused}");
        }
    }
}

#[test]
fn html_has_a_table_behind_every_chart() {
    let html = Document::from(sample::report(48)).to_html();
    let charts = html.matches("<svg role=\"img\"").count();
    assert!(charts >= 12);
    assert_eq!(html.matches("<details><summary>Data").count(), charts);
    assert_eq!(html.matches("<title id=").count(), charts);
}

#[test]
fn names_are_escaped_in_html() {
    let mut report = sample::report(4);
    report.tenants[0].name = "<b>&\"'".to_owned();
    report.autoscaling[0].service = "<svg onload=x>".to_owned();
    let html = Document::from(report).to_html();
    assert!(!html.contains("<b>") && !html.contains("<svg onload"));
    assert!(html.contains("&#60;b&#62;") || html.contains("&lt;b&gt;"));
}

#[test]
fn long_series_are_drawn_with_few_points_and_listed_in_full_in_csv() {
    let document = Document::from(sample::report(10_000));
    let html = document.to_html();
    let longest = html
        .split("<path")
        .map(|path| path.matches('V').count())
        .max()
        .unwrap();
    assert!(longest <= 301, "{longest}");
    assert!(html.len() < 400_000, "{}", html.len());
    assert!(html.contains("100 of 10,000 instants"));
    let rows = document.to_csv().matches("capacity,cpu.requested,").count();
    assert_eq!(rows, 10_000);
}

#[test]
fn a_partial_report_says_so_in_every_format() {
    let mut report = sample::report(4);
    report.header.partial = Some("interrupted at 12 h".to_owned());
    let document = Document::from(report);
    for format in Format::ALL {
        assert!(
            document
                .render(format, false)
                .contains("interrupted at 12 h"),
            "{format:?}"
        );
    }
}

#[test]
fn an_empty_report_is_a_report() {
    let document = Document::from(Report::default());
    for format in Format::ALL {
        assert!(!document.render(format, false).is_empty());
    }
}

#[test]
fn colour_is_used_only_when_asked_for() {
    let document = Document::from(sample::report(4));
    assert!(document.to_text(true).contains("\u{1b}["));
    assert!(!document.to_text(false).contains('\u{1b}'));
}

#[test]
fn formats_are_known_by_word_and_extension() {
    for format in Format::ALL {
        assert_eq!(Format::from_word(format.as_str()), Some(format));
    }
    assert_eq!(Format::from_extension("txt"), Some(Format::Text));
    assert_eq!(Format::from_extension("exe"), None);
}

#[track_caller]
fn check_refused(text: &str, message: &str) {
    let error = Document::from_json(text).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn what_is_not_a_report_is_refused_with_its_place() {
    check_refused("", "line 1, column 0: EOF");
    check_refused("{\"kind\": \"replay\",\n \"header\": 7}", "line 2");
    check_refused("{}", "kind is missing");
    check_refused("{\"kind\": \"forecast\"}", "kind is \"forecast\"");
    let newer = "{\"kind\": \"replay\", \"header\": {\"format_version\": 99}}";
    check_refused(newer, "format_version 99 is newer than 1");
    let json = Document::from(sample::report(2)).to_json();
    check_refused(
        &json.replace("\"amount\": \"4.93\"", "\"amount\": \"4.94\""),
        "is not amount_minor 493",
    );
    check_refused(&json.replace("\"waiting\": 2", "\"waiting\": -2"), "-2");
    check_refused(
        &json.replace("\"waiting\": 2", "\"wating\": 2"),
        "unknown field",
    );
    check_refused(
        &json.replace("2026-11-01T00:00:00Z", "yesterday"),
        "is not a time",
    );
}

#[test]
fn stats_are_one_line() {
    let line = Document::from(sample::report(2)).stats_line().unwrap();
    let expected = "1,234,567 events in 412 ms (409 ms cpu), 2,996,522 events/s, 41 MiB peak memory, driver fast, \
                    oracles touched";
    assert_eq!(line, expected);
}
