//! Progress on a terminal: how far, how fast, how long still. In a pipe: silence.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Console;
use crate::runtime::{self, Stopwatch};

/// Watches a run: shows progress and tells it when to stop.
pub(super) struct Watch {
    bar: ProgressBar,
    started: Stopwatch,
    what: &'static str,
}

impl Watch {
    /// Watches one run, in events per second; its name stands before the bar.
    pub(super) fn run(console: &Console, name: &str) -> Watch {
        Watch::start(console, name, "events")
    }

    /// Watches many runs.
    pub(super) fn runs(console: &Console, name: &str) -> Watch {
        Watch::start(console, name, "runs")
    }

    fn start(console: &Console, name: &str, what: &'static str) -> Watch {
        let bar = if console.shows_progress() {
            ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(8))
        } else {
            ProgressBar::hidden()
        };
        let template = "{prefix:<14} [{bar:20}] {percent:>3} %  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        Watch {
            bar,
            started: Stopwatch::start(),
            what,
        }
    }

    /// Called now and then by a run: `done` of `of` (simulated time or runs), events so far. Answers
    /// whether to go on.
    pub(super) fn tick(&self, done: u64, of: u64, events: u64) -> bool {
        if !self.bar.is_hidden() {
            self.bar.set_length(of);
            self.bar.set_position(done);
            self.bar.set_message(match self.what {
                "runs" => format!("{done} of {of} runs"),
                _ => rate(events, self.started.wall()),
            });
        }
        !runtime::interrupted()
    }

    /// Takes the bar away, so that the answer starts on a clean line.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// `12.3 M events/s`.
fn rate(events: u64, wall: Duration) -> String {
    let micros = wall.as_micros().max(1);
    let per_second = u128::from(events) * 1_000_000 / micros;
    match per_second {
        1_000_000.. => format!(
            "{}.{} M events/s",
            per_second / 1_000_000,
            per_second / 100_000 % 10
        ),
        1_000.. => format!("{} k events/s", per_second / 1_000),
        _ => format!("{per_second} events/s"),
    }
}

#[test]
fn a_rate_is_readable() {
    assert_eq!(rate(12_345_678, Duration::from_secs(1)), "12.3 M events/s");
    assert_eq!(rate(5_000, Duration::from_secs(2)), "2 k events/s");
    assert_eq!(rate(0, Duration::ZERO), "0 events/s");
}
