//! What simulated replicas say: derived from their life as the store knows it, never kept.
//!
//! The same replicas give the same lines, whoever asks and whenever. The cluster's own lines go to
//! standard error, the program's to standard output.

use std::sync::Arc;

use nimbus_core::cluster::Finish;
use nimbus_core::time::{Span, Time};

use crate::store::ReplicaView;

/// How often a ready replica says that it serves.
const BEAT: Span = Span(60_000_000);

/// Most lines that one call gives.
pub const LINES_MAX: usize = 10_000;

/// Where a line came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// What the program says.
    Stdout,
    /// What the node says of it.
    Stderr,
}

impl Stream {
    /// `stdout` or `stderr`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// A line of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When, in machine time.
    pub time: Time,
    /// Ordinal of the replica.
    pub replica: u64,
    /// Where it came out.
    pub stream: Stream,
    /// The line.
    pub line: String,
}

/// The last `tail` lines of these replicas that came after `since` and not after `now`, in order of time,
/// then of replica. At most [`LINES_MAX`].
#[must_use]
pub fn lines(
    replicas: &[ReplicaView],
    since: Option<Time>,
    now: Time,
    tail: usize,
) -> Vec<LogLine> {
    let tail = tail.min(LINES_MAX);
    let mut all: Vec<LogLine> = Vec::new();
    for replica in replicas {
        life(replica, since, now, tail, &mut all);
    }
    all.retain(|line| line.time <= now && since.is_none_or(|since| line.time > since));
    all.sort_by_key(|line| (line.time, line.replica));
    all.split_off(all.len().saturating_sub(tail))
}

fn life(
    replica: &ReplicaView,
    since: Option<Time>,
    now: Time,
    tail: usize,
    out: &mut Vec<LogLine>,
) {
    let mut say = |time, stream, line: String| {
        out.push(LogLine {
            time,
            replica: replica.pod.0,
            stream,
            line,
        });
    };
    let revision = replica.revision;
    say(
        replica.pending_at,
        Stream::Stderr,
        format!("created for revision {revision}, waiting for a node"),
    );
    if let Some(at) = replica.bound_at {
        let node = replica
            .node_name
            .as_ref()
            .map_or_else(|| Arc::from("a node that is gone"), Arc::clone);
        say(at, Stream::Stderr, format!("scheduled on {node}"));
        say(at, Stream::Stderr, "pulling image".to_owned());
    }
    if let Some(at) = replica.ready_at {
        say(at, Stream::Stderr, "started, ready".to_owned());
        say(at, Stream::Stdout, "listening".to_owned());
        let end = replica.finished.map_or(now, |(end, _)| end.min(now));
        for beat in beats(at, end, since, tail) {
            let up = beat.since(at);
            say(beat, Stream::Stdout, format!("serving, up for {up}"));
        }
    }
    if let Some((at, why)) = replica.finished {
        let why = match why {
            Finish::Completed => "completed",
            Finish::Deleted => "terminated: fewer replicas were asked for, or another revision",
            Finish::NodeLost => "lost: its node is gone",
            Finish::Failed => "failed",
        };
        say(at, Stream::Stderr, why.to_owned());
    }
}

/// The last `tail` whole beats after the start, before the end and after `since`.
fn beats(start: Time, end: Time, since: Option<Time>, tail: usize) -> impl Iterator<Item = Time> {
    let number = |at: Time| (at.since(start).0.max(0) / BEAT.0).max(0);
    let last = number(Time(end.0.saturating_sub(1)));
    let first = since.map_or(0, number);
    let most = i64::try_from(tail).unwrap_or(i64::MAX);
    let first = first.max(last.saturating_sub(most));
    (first + 1..=last).map(move |n| start + Span(n.saturating_mul(BEAT.0)))
}
