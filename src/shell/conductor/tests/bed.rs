//! A conductor between a store, a journal and a cluster that fail when they are told to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nimbus_core::cluster::{Command, Event};
use nimbus_core::digest::EventHash;
use nimbus_core::machines::Config;
use nimbus_core::plan::PlanCode;
use nimbus_core::store::{Key, Record, Row, StoreError, tenant};
use nimbus_core::tenant::NewTenant;
use nimbus_core::time::{Span, Time};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::super::{Conductor, Fatal, Parts};
use crate::cluster::{Cluster, Saved, Seen};
use crate::metrics;
use crate::shell::actor::Trap;
use crate::shell::clock::{Clock, Pace};
use crate::shell::feed::Feed;
use crate::shell::group::Group;
use crate::shell::journal::{Entry, Journal, Memory, Restored, Snapshot};
use crate::shell::ledger::Ledger;
use crate::shell::port::{Ask, Port};
use crate::shell::standing::{Pulse, Standing};
use crate::store::{Commit, Committed, DeadLetterRow, IdempotencyKey, Last, OutboxRow};

/// Runs a test on an actor system.
pub(super) fn run(test: impl Future<Output = ()>) {
    actix::System::new().block_on(test);
}

/// What the next commit does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    Refuse,
    UnknownBefore,
    UnknownAfter,
    Deposed,
}

type Log = Arc<Mutex<Vec<String>>>;

#[derive(Default)]
struct Book {
    rows: BTreeMap<Key, Row>,
    last: Option<Last>,
    commits: Vec<Commit>,
    letters: Vec<DeadLetterRow>,
    plans: VecDeque<Plan>,
}

#[derive(Clone, Default)]
pub(super) struct FakeLedger {
    book: Arc<Mutex<Book>>,
    log: Log,
}

impl FakeLedger {
    pub(super) fn plan(&self, plan: Plan) {
        self.book.lock().unwrap().plans.push_back(plan);
    }

    pub(super) fn commits(&self) -> Vec<Commit> {
        self.book.lock().unwrap().commits.clone()
    }

    pub(super) fn letters(&self) -> Vec<DeadLetterRow> {
        self.book.lock().unwrap().letters.clone()
    }

    pub(super) fn slugs(&self) -> BTreeSet<String> {
        let book = self.book.lock().unwrap();
        let slug = |row: &Row| match row {
            Row::Tenant(tenant::Row::Tenant(_, row)) => Some(row.slug.to_string()),
            _ => None,
        };
        book.rows.values().filter_map(slug).collect()
    }

    pub(super) fn tenants(&self) -> usize {
        self.slugs().len()
    }
}

impl Book {
    fn write(&mut self, commit: &Commit) -> Committed {
        for record in commit.records.clone() {
            match record {
                Record::Put(row) => drop(self.rows.insert(row.key(), row)),
                Record::Drop(key) => drop(self.rows.remove(&key)),
            }
        }
        let before = self
            .last
            .as_ref()
            .map_or((0, 0), |last| (last.event_seq, last.outbox_seq));
        self.last = Some(Last {
            group: commit.group,
            now: commit.now,
            round: commit.round,
            hashes: commit.hashes,
            deliveries: commit.deliveries,
            cursor: commit.cursor,
            outbox_seq: commit.outbox.last().map_or(before.1, |row| row.seq),
            event_seq: before.0 + i64::try_from(commit.events.len()).unwrap(),
        });
        self.commits.push(commit.clone());
        let first_event_seq = before.0 + 1;
        Committed { first_event_seq }
    }
}

impl Ledger for FakeLedger {
    fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let mut book = self.book.lock().unwrap();
        let last = book.last.as_ref().map_or(0, |last| last.group);
        assert_eq!(commit.group, last + 1, "groups come in order");
        let why = || "a planted fault".to_owned();
        match book.plans.pop_front() {
            None => {
                self.log
                    .lock()
                    .unwrap()
                    .push(format!("store {}", commit.group));
                Ok(book.write(commit))
            }
            Some(Plan::Refuse) => Err(StoreError::Unavailable(why())),
            Some(Plan::UnknownBefore) => Err(StoreError::Unknown(why())),
            Some(Plan::UnknownAfter) => {
                book.write(commit);
                Err(StoreError::Unknown(why()))
            }
            Some(Plan::Deposed) => Err(StoreError::Deposed(why())),
        }
    }

    fn last(&self) -> Result<Option<Last>, StoreError> {
        Ok(self.book.lock().unwrap().last.clone())
    }

    fn rows(&self) -> Result<Vec<Row>, StoreError> {
        Ok(self.book.lock().unwrap().rows.values().cloned().collect())
    }

    fn put_dead_letter(&self, row: &DeadLetterRow) -> Result<(), StoreError> {
        self.book.lock().unwrap().letters.push(row.clone());
        Ok(())
    }

    fn save_cluster(&self, _: &Saved, _: i64) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A journal that others can look into.
#[derive(Clone)]
struct Shared {
    memory: Arc<Mutex<Memory>>,
    fails: Arc<Mutex<bool>>,
    log: Log,
}

impl Shared {
    fn take(&self) -> io::Result<()> {
        if *self.fails.lock().unwrap() {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    }
}

impl Journal for Shared {
    fn append(&mut self, group: &Group) -> io::Result<()> {
        self.take()?;
        self.log
            .lock()
            .unwrap()
            .push(format!("journal {}", group.seq));
        self.memory.lock().unwrap().append(group)
    }
    fn restored(&mut self, restored: &Restored) -> io::Result<()> {
        self.take()?;
        self.memory.lock().unwrap().restored(restored)
    }
    fn due(&self) -> bool {
        self.memory.lock().unwrap().due()
    }
    fn begin(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.take()?;
        self.memory.lock().unwrap().begin(snapshot)
    }
    fn written(&self) -> u64 {
        0
    }
}

/// A cluster that makes spaces, a second later; unless it is mute.
struct Spaces {
    due: VecDeque<(Time, Event)>,
    mute: Arc<Mutex<bool>>,
}

impl Cluster for Spaces {
    fn observe(&mut self, now: Time, most: usize, events: &mut Vec<Event>) -> Seen {
        let mut taken = 0;
        while taken < most && self.due.front().is_some_and(|(at, _)| *at <= now) {
            events.extend(self.due.pop_front().map(|(_, event)| event));
            taken += 1;
        }
        Seen {
            more: self.due.front().is_some_and(|(at, _)| *at <= now),
            next: self.due.front().map(|(at, _)| *at),
        }
    }

    fn carry(&mut self, commands: Vec<OutboxRow>) {
        for row in commands {
            if let Command::EnsureTenantSpace { tenant, .. } = row.command
                && !*self.mute.lock().unwrap()
            {
                let event = Event::SpaceReady { tenant, uid: 1 };
                self.due.push_back((row.at + Span::from_secs(1), event));
            }
        }
    }

    fn save(&self) -> Option<Saved> {
        None
    }

    fn health(&self) -> Result<(), String> {
        Ok(())
    }
}

pub(super) struct Bed {
    pub(super) port: Port,
    pub(super) ledger: FakeLedger,
    pub(super) pulse: Pulse,
    journal: Shared,
    mute: Arc<Mutex<bool>>,
    clock: Clock,
    stop: CancellationToken,
    ended: Option<oneshot::Receiver<Result<(), Fatal>>>,
}

/// What stays the same over a restart.
pub(super) fn seen(standing: &Standing) -> (u64, Time, EventHash) {
    (standing.group, standing.now, standing.hash)
}

pub(super) fn create(slug: &str) -> Ask {
    let new = NewTenant {
        slug: slug.into(),
        name: slug.into(),
        org: None,
        plan: PlanCode::Free,
        quota: None,
        isolation: None,
        labels: Default::default(),
    };
    Ask {
        message: nimbus_core::tenant::Input::Create(Arc::new(new)).into(),
        by: "admin".into(),
        request: "r".into(),
        action: "tenant.create",
        subject: slug.into(),
        tenant: None,
        key: None,
        operation: Some("tenant.create"),
    }
}

pub(super) fn keyed(slug: &str, key: &str) -> Ask {
    let key = IdempotencyKey {
        principal: "admin".into(),
        key: key.into(),
        request_hash: "h".into(),
    };
    Ask {
        key: Some(key),
        ..create(slug)
    }
}

/// A port that nobody listens to.
pub(super) fn deaf(size: usize) -> Port {
    let (inbox, requests) = mpsc::channel(size);
    std::mem::forget(requests);
    Port::new(
        inbox,
        Duration::from_millis(10),
        metrics::Registry::default().shell,
    )
}

impl Bed {
    pub(super) async fn start() -> Bed {
        Bed::over(FakeLedger::default()).await
    }

    pub(super) async fn over(ledger: FakeLedger) -> Bed {
        let (inbox, requests) = mpsc::channel(1_024);
        let metrics = metrics::Registry::default();
        let (stop, mute) = (CancellationToken::new(), Arc::default());
        let journal = Shared {
            memory: Arc::new(Mutex::new(Memory::keeping())),
            fails: Arc::default(),
            log: Arc::clone(&ledger.log),
        };
        let origin = Time::from_secs(1_700_000_000);
        let now = ledger.last().unwrap().map_or(origin, |last| last.now);
        let clock = Clock::new(now, Pace::Hand);
        let running = Conductor::start(Parts {
            ledger: Arc::new(ledger.clone()),
            journal: Box::new(journal.clone()),
            cluster: Box::new(Spaces {
                due: VecDeque::new(),
                mute: Arc::clone(&mute),
            }),
            config: Config::default(),
            scenario: None,
            build: "test".to_owned(),
            clock: clock.clone(),
            origin,
            epoch: 1,
            inbox: requests,
            feed: Feed::default(),
            metrics: metrics.shell.clone(),
            stop: stop.clone(),
        });
        let running = running.await.unwrap();
        Bed {
            port: Port::new(inbox, Duration::from_secs(30), metrics.shell),
            ledger,
            pulse: running.pulse,
            journal,
            mute,
            clock,
            stop,
            ended: Some(running.ended),
        }
    }

    pub(super) async fn trap(&self, text: &str) {
        let shells = self.pulse.shells();
        shells.tenants.send(Trap(text.into())).await.unwrap();
    }

    pub(super) async fn mute(&self) {
        *self.mute.lock().unwrap() = true;
    }

    pub(super) fn fail_journal(&self, fails: bool) {
        *self.journal.fails.lock().unwrap() = fails;
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.ledger.log.lock().unwrap().clone()
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.journal.memory.lock().unwrap().entries.clone()
    }

    pub(super) fn groups(&self) -> Vec<Group> {
        let group = |entry| match entry {
            Entry::Group(group) => Some(*group),
            _ => None,
        };
        self.entries().into_iter().filter_map(group).collect()
    }

    /// Moves time and waits until all that is due is done, or nothing can be written.
    pub(super) async fn advance(&self, span: Span) {
        let to = self.clock.now() + span;
        while self.clock.now() < to {
            let due = self.pulse.standing().due.unwrap_or(to).min(to);
            let next = due.max(self.clock.now() + Span(1));
            let mut standing = self.pulse.watch();
            self.clock.set(next);
            let done = |s: &Standing| s.settled >= next || s.refusing.is_some();
            standing.wait_for(done).await.unwrap();
            self.writable().await;
        }
    }

    /// Waits until writes are taken.
    pub(super) async fn writable(&self) {
        let mut standing = self.pulse.watch();
        standing
            .wait_for(|standing| standing.refusing.is_none())
            .await
            .unwrap();
    }

    /// Every committed group is in the journal with its hash, in order, the last of each number.
    pub(super) fn check_journal(&self) {
        let mut left: BTreeMap<u64, EventHash> = BTreeMap::new();
        for entry in self.entries() {
            match entry {
                Entry::Group(group) => drop(left.insert(group.seq, group.hash)),
                Entry::Restored(restored) => left.retain(|seq, _| *seq <= restored.last_group),
                _ => {}
            }
        }
        for commit in self.ledger.commits() {
            assert!(left.contains_key(&commit.group), "group {}", commit.group);
        }
    }

    pub(super) fn cancel(&self) {
        self.stop.cancel();
    }

    pub(super) async fn ended(&mut self) -> Result<(), Fatal> {
        self.ended.take().unwrap().await.unwrap()
    }

    pub(super) async fn finish(&mut self) {
        self.cancel();
        self.ended().await.unwrap();
    }

    pub(super) async fn stop(mut self) -> Result<(), Fatal> {
        self.cancel();
        self.ended().await
    }
}
