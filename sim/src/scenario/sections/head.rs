//! `[scenario]`.

use std::path::Path;

use nimbus_core::time::Time;

use crate::scenario::limits;
use crate::scenario::model::Head;
use crate::scenario::reader::Reader;
use crate::scenario::tree::Place;
use crate::scenario::value;

/// Name and clock.
pub(in crate::scenario) fn read(mut r: Reader<'_, '_>) -> Head {
    let places = ["name", "warm_up", "metrics_period"].map(|key| r.place_of(key));
    let name = r.some_text("name").unwrap_or_default();
    let _ = r.count("version"); // a newer one was refused before
    let head = Head {
        title: r.some_text("title").unwrap_or_else(|| name.clone()),
        name,
        seed: r.count("seed").unwrap_or_default(),
        start: r.get("start", value::time).unwrap_or(Time::ZERO),
        duration: r.span("duration").unwrap_or_default(),
        warm_up: r.span("warm_up").unwrap_or_default(),
        metrics_period: r.span("metrics_period").unwrap_or(limits::PERIOD_MIN),
        metrics_lag: r.span("metrics_lag").unwrap_or_default(),
        space_delay: r.span("space_delay").unwrap_or_default(),
    };
    if r.clean() {
        check(&mut r, &head, places);
    }
    r.finish();
    head
}

fn check(r: &mut Reader<'_, '_>, head: &Head, [name, warm_up, period]: [Place; 3]) {
    let path = Path::new(r.ctx.file);
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    if path.extension().is_some_and(|ext| ext == "toml") && stem != Some(&*head.name) {
        let message = format!(
            "{:?}: expected the file's name, {:?}",
            head.name,
            stem.unwrap_or("")
        );
        r.wrong_at(name, "name", message);
    }
    if head.warm_up >= head.duration {
        let message = format!(
            "{} leaves nothing of the duration {}",
            head.warm_up, head.duration
        );
        r.wrong_at(warm_up, "warm_up", message);
    }
    let samples = head.duration.0 / head.metrics_period.0;
    if samples > limits::SAMPLES_MAX {
        let message = format!(
            "{} makes {samples} samples of {}: expected at most {}",
            head.metrics_period,
            head.duration,
            limits::SAMPLES_MAX
        );
        r.wrong_at(period, "metrics_period", message);
    }
}
