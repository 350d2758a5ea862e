//! Event streams: what is stored since the last seen event, then what is committed, as it comes.
//!
//! Guarantees: events come in order, none twice and none left out; a reader that is too slow is told
//! `lagged` and closed, so that it costs a bounded amount of memory; whoever loses the right to read is
//! closed within seconds.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use nimbus_core::access::{Permit, Principal};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::app::App;
use super::caller::{Caller, sight};
use super::edge::Held;
use super::problem::{Code, Problem};
use crate::store::{EventFilter, EventRow, EventsSince, Visible};

/// Events that are read from the store at once.
const BATCH: usize = 200;

/// After so long without an event a comment line keeps the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A stream is counted as long as it is open.
pub(super) struct Open {
    app: App,
    _held: Option<Held>,
}

impl Open {
    /// Counts a stream of this caller.
    ///
    /// # Errors
    /// 429 above the limit of its tenant.
    pub(super) fn new(app: &App, caller: &Caller) -> Result<Open, Problem> {
        let most = app.limits().streams;
        let held = match caller.principal().tenant() {
            Some(tenant) => Some(app.throttle().stream(tenant, most).ok_or_else(|| {
                app.metrics().limited("streams");
                Problem::new(
                    Code::Overloaded,
                    format!("at most {most} streams of a tenant"),
                )
            })?),
            None => None,
        };
        app.metrics().streams.inc();
        Ok(Open {
            app: app.clone(),
            _held: held,
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.app.metrics().streams.dec();
    }
}

/// Asks again now and then whether a principal still is one.
pub(super) struct Recheck {
    principal: Arc<Principal>,
    at: Instant,
    every: Duration,
}

impl Recheck {
    pub(super) fn new(app: &App, caller: &Caller) -> Recheck {
        let every = Duration::from_secs(app.limits().recheck_seconds.max(1));
        Recheck {
            principal: caller.principal().clone(),
            at: Instant::now() + every,
            every,
        }
    }

    /// When it is due.
    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// The principal as it is now, if a check is due; `Err` if it is none any more.
    pub(super) async fn due(&mut self, app: &App) -> Result<Option<Arc<Principal>>, Ended> {
        if Instant::now() < self.at {
            return Ok(None);
        }
        self.at = Instant::now() + self.every;
        let still = app.gate().still(&self.principal).await;
        self.principal = still.ok_or(Ended)?;
        Ok(Some(self.principal.clone()))
    }
}

/// The caller may not read on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended;

/// Where a stream of events stands.
struct Reader {
    app: App,
    filter: EventFilter,
    visible: Visible,
    last: i64,
    live: Receiver<Arc<EventRow>>,
    ready: VecDeque<EventRow>,
    behind: bool,
    done: bool,
    recheck: Recheck,
    sight: fn(&Principal) -> Option<Visible>,
    _open: Open,
}

/// Streams events behind a place (the latest, if there is none) to a caller that holds `P` on them.
///
/// # Errors
/// 403; 410 if events behind the place are no longer kept; 429 above the limit.
pub(super) async fn events<P: Permit>(
    app: App,
    caller: &Caller,
    filter: EventFilter,
    after: Option<i64>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<P>>, Problem> {
    let open = Open::new(&app, caller)?;
    let live = app.feed().subscribe(); // before the store is read, so that nothing lies between
    let last = match after {
        Some(after) => after,
        None => app
            .read(|store| store.last())
            .await?
            .map_or(0, |last| last.event_seq),
    };
    let mut reader = Reader {
        visible: caller.sight::<P>()?,
        recheck: Recheck::new(&app, caller),
        app,
        filter,
        last,
        live,
        ready: VecDeque::new(),
        behind: true,
        done: false,
        sight: sight::<P>,
        _open: open,
    };
    reader.fill().await?;
    let stream = futures::stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Reader {
    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.done || !self.may_read().await {
                return None;
            }
            if let Some(row) = self.ready.pop_front() {
                return self.shown(row).await;
            }
            if self.behind {
                self.fill().await.ok()?;
                continue;
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(self.recheck.at()) => {}
                heard = self.live.recv() => match heard {
                    Ok(row) => self.take(&row),
                    Err(RecvError::Lagged(_)) => return Some(self.lagged()),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    /// Whether the caller still may; with what it may see by now.
    async fn may_read(&mut self) -> bool {
        match self.recheck.due(&self.app).await {
            Ok(None) => true,
            Ok(Some(principal)) => match (self.sight)(&principal) {
                Some(visible) => {
                    self.visible = visible;
                    true
                }
                None => false,
            },
            Err(Ended) => false,
        }
    }

    /// Reads what is stored behind the last event.
    async fn fill(&mut self) -> Result<(), Problem> {
        let (visible, filter, last) = (self.visible.clone(), self.filter.clone(), self.last);
        let found = self
            .app
            .read(move |store| store.events_since(&visible, &filter, last, BATCH));
        match found.await? {
            EventsSince::Rows(rows) => {
                self.behind = rows.len() >= BATCH;
                self.ready.extend(rows);
                Ok(())
            }
            EventsSince::Gone { oldest } => Err(gone(oldest)),
        }
    }

    /// Takes a live event, if it is one for this stream.
    fn take(&mut self, row: &EventRow) {
        if row.seq <= self.last || !fits(&self.filter, row) {
            return;
        }
        match &self.visible {
            Visible::All => self.ready.push_back(row.clone()),
            Visible::Tenant(tenant) if row.tenant == Some(*tenant) => {
                self.ready.push_back(row.clone());
            }
            Visible::Tenant(_) => {}
            // whose tenant it is stands in the store
            Visible::Orgs(_) => self.behind = true,
        }
    }

    async fn shown(&mut self, row: EventRow) -> Option<Event> {
        self.last = row.seq;
        let (seq, kind) = (row.seq.to_string(), row.kind.clone());
        let shown = super::endpoints::events::show(&self.app, vec![row])
            .await
            .ok()?;
        let event = Event::default().id(seq).event(&*kind);
        event.json_data(shown.first()?).ok()
    }

    /// The reader is too slow: it reads on from its last event, if it wants to.
    fn lagged(&mut self) -> Event {
        self.done = true;
        self.app.metrics().lagged.inc();
        Event::default().event("lagged").data("{}")
    }
}

/// Events behind a place are not kept any more.
pub(super) fn gone(oldest: i64) -> Problem {
    Problem::new(
        Code::Gone,
        format!("the oldest event that is kept is {oldest}"),
    )
}

/// Whether an event passes a filter.
fn fits(filter: &EventFilter, row: &EventRow) -> bool {
    let kind = filter.kind.as_deref().is_none_or(|kind| {
        let family = kind.ends_with('.') && row.kind.starts_with(kind);
        family || &*row.kind == kind
    });
    let tenant = filter
        .tenant
        .is_none_or(|tenant| row.tenant == Some(tenant));
    let subject = filter
        .subject
        .as_deref()
        .is_none_or(|subject| &*row.subject == subject);
    kind && tenant && subject
}
