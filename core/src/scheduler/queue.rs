//! What waits, and in which order: priority, arrival, service, ordinal.
//!
//! Pods come in runs of consecutive ordinals and are kept so. Pods of one specification stand in one
//! line: what holds for the first of them holds for all. A line is *ready* when it must be tried and
//! *stuck* when no node takes its pods until something becomes free.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{PodNo, ServiceNo, SpecNo, TenantNo};
use crate::store::scheduler::Row;
use crate::time::Time;

/// Waiting pods with consecutive ordinals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The first when the run began: its name.
    pub(super) run: PodNo,
    /// The first that still waits.
    pub(super) first: PodNo,
    /// How many still wait.
    pub(super) count: u32,
    pub(super) spec: SpecNo,
    pub(super) tenant: TenantNo,
    pub(super) service: ServiceNo,
    pub(super) since: Time,
}

impl Run {
    /// The ordinal after the last.
    fn end(&self) -> u64 {
        self.first.0 + u64::from(self.count)
    }

    pub(super) fn row(&self) -> Row {
        Row::Pending {
            run: self.run,
            first: self.first,
            count: self.count,
            spec: self.spec,
            tenant: self.tenant,
            service: self.service,
            since: self.since,
        }
    }
}

/// Place of the first pod of a line in the order of all lines; the least goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head {
    priority: Reverse<i32>,
    since: Time,
    service: ServiceNo,
    pod: PodNo,
    pub(super) spec: SpecNo,
}

/// The line of one specification.
#[derive(Clone, Debug, Default)]
struct Line {
    runs: BTreeSet<(Time, ServiceNo, PodNo)>,
    count: u32,
    /// How many the last explanation named.
    told: u32,
    priority: i32,
}

/// All lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    runs: BTreeMap<PodNo, Run>,
    lines: Vec<Line>,
    ready: BTreeSet<SpecNo>,
    stuck: BTreeSet<SpecNo>,
    waiting: u64,
}

/// What a change of the queue makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The run is now this.
    Put(Run),
    /// The run has ended.
    Drop(PodNo),
}

impl Queue {
    /// Pods that wait.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Pods of one specification that wait.
    pub(super) fn count(&self, spec: SpecNo) -> u32 {
        self.lines.get(spec.index()).map_or(0, |line| line.count)
    }

    /// Whether a line must be tried.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Lines that no node takes now.
    pub(super) fn stuck(&self) -> &BTreeSet<SpecNo> {
        &self.stuck
    }

    /// Whether any of these pods waits already.
    pub(super) fn overlaps(&self, first: PodNo, count: u32) -> bool {
        let end = PodNo(first.0.saturating_add(u64::from(count)));
        self.runs
            .range(..end)
            .next_back()
            .is_some_and(|(_, run)| run.end() > first.0)
    }

    /// Adds a run of a specification with this priority to its line, which becomes ready.
    pub(super) fn add(&mut self, run: Run, priority: i32) {
        let at = run.spec.index();
        if at >= self.lines.len() {
            self.lines.resize(at + 1, Line::default());
        }
        let line = &mut self.lines[at];
        line.priority = priority;
        line.count = line.count.saturating_add(run.count);
        line.runs.insert((run.since, run.service, run.run));
        self.waiting += u64::from(run.count);
        self.runs.insert(run.run, run);
        self.stuck.remove(&run.spec);
        self.ready.insert(run.spec);
    }

    /// After a restart: every line has been tried and explained before.
    pub(super) fn settle(&mut self) {
        self.stuck = std::mem::take(&mut self.ready);
        for line in &mut self.lines {
            line.told = line.count;
        }
    }

    /// A line that was stuck must be tried again.
    pub(super) fn wake(&mut self, spec: SpecNo) {
        if self.stuck.remove(&spec) {
            self.ready.insert(spec);
        }
    }

    /// No node takes the pods of a line. Returns how many wait if that has not been told yet.
    pub(super) fn stick(&mut self, spec: SpecNo) -> Option<u32> {
        self.stuck.insert(spec);
        let line = self.lines.get_mut(spec.index())?;
        let news = line.told != line.count;
        line.told = line.count;
        news.then_some(line.count)
    }

    /// Takes the lines that must be tried.
    pub(super) fn take_ready(&mut self, heads: &mut Vec<Head>) {
        while let Some(spec) = self.ready.pop_first() {
            heads.extend(self.head(spec));
        }
    }

    /// The first pod of a line.
    pub(super) fn head(&self, spec: SpecNo) -> Option<Head> {
        let line = self.lines.get(spec.index())?;
        let &(since, service, run) = line.runs.first()?;
        Some(Head {
            priority: Reverse(line.priority),
            since,
            service,
            pod: self.runs.get(&run)?.first,
            spec,
        })
    }

    /// The first run of a line.
    pub(super) fn front(&self, spec: SpecNo) -> Option<Run> {
        let &(_, _, run) = self.lines.get(spec.index())?.runs.first()?;
        self.runs.get(&run).copied()
    }

    /// Takes the first pod of a line out. What changed is told by [`Queue::changed`].
    pub(super) fn pop(&mut self, spec: SpecNo) {
        let Some(line) = self.lines.get_mut(spec.index()) else {
            return;
        };
        let Some(&key) = line.runs.first() else {
            return;
        };
        let Some(run) = self.runs.get_mut(&key.2) else {
            return;
        };
        run.first = run.first.next();
        run.count -= 1;
        line.count -= 1;
        self.waiting -= 1;
        if run.count == 0 {
            line.runs.remove(&key);
            self.runs.remove(&key.2);
        }
        if line.count == 0 {
            line.told = 0;
        }
    }

    /// What is durable of a run that may have changed.
    pub(super) fn changed(&self, run: PodNo) -> Change {
        self.runs
            .get(&run)
            .map_or(Change::Drop(run), |run| Change::Put(*run))
    }

    /// Takes a pod out, wherever it stands; returns what was its run and the runs that changed.
    pub(super) fn remove(&mut self, pod: PodNo) -> Option<(Run, [Option<Change>; 2])> {
        let (_, &run) = self.runs.range(..=pod).next_back()?;
        if pod < run.first || pod.0 >= run.end() {
            return None;
        }
        let before = u32::try_from(pod.0 - run.first.0).ok()?;
        let after = run.count - before - 1;
        let at = (run.since, run.service, run.run);
        self.runs.remove(&run.run);
        let line = self.lines.get_mut(run.spec.index())?;
        line.runs.remove(&at);
        line.count -= 1;
        line.told = line.told.min(line.count);
        self.waiting -= 1;
        let left = Run {
            count: before,
            ..run
        };
        // If the first goes, the run keeps its name; else the rest is a run of its own.
        let right = Run {
            run: if before == 0 { run.run } else { pod.next() },
            first: pod.next(),
            count: after,
            ..run
        };
        for part in [left, right].into_iter().filter(|part| part.count > 0) {
            line.runs.insert((part.since, part.service, part.run));
            self.runs.insert(part.run, part);
        }
        if line.count == 0 {
            self.ready.remove(&run.spec);
            self.stuck.remove(&run.spec);
        }
        let split = (before > 0 && after > 0).then_some(Change::Put(right));
        Some((run, [Some(self.changed(run.run)), split]))
    }

    /// The lines in order of their heads, those that are stuck.
    pub(super) fn stuck_in_order(&self) -> Vec<Head> {
        let mut heads: Vec<Head> = self
            .stuck
            .iter()
            .filter_map(|&spec| self.head(spec))
            .collect();
        heads.sort_unstable();
        heads
    }
}
