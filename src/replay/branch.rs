//! A control plane in a forked state: machines and cluster as a store remembers them, going on by
//! themselves. Nothing leaves it.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::cluster::{Command, Event};
use nimbus_core::conductor::{Cascade, Conductor};
use nimbus_core::explain::{Decision, Place, Wait};
use nimbus_core::ids::{PodNo, ServiceNo, TenantNo};
use nimbus_core::machine::{Effect, Message, Outbox, Reply};
use nimbus_core::machines::Machines;
use nimbus_core::rng;
use nimbus_core::store::autoscaler::Questions as _;
use nimbus_core::store::billing::Questions as _;
use nimbus_core::store::scheduler::Questions as _;
use nimbus_core::store::tenant::Questions as _;
use nimbus_core::store::workload::Questions as _;
use nimbus_core::store::{Record, Row, StoreError, scheduler};
use nimbus_core::time::Time;

use crate::cluster::Cluster;
use crate::cluster::Saved;
use crate::cluster::sim::{Scene, SimCluster, SimError};
use crate::shell::ledger::Rows;
use crate::store::{Last, OutboxRow, Store};

/// Events that one group takes.
const LOT: usize = 256;

/// Placements that are kept.
const PLACES_MAX: usize = 10_000;

/// What a store knows at one instant.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// All rows of all machines.
    pub rows: Rows,
    /// The last committed group.
    pub last: Option<Last>,
    /// The state of the cluster that was stored last.
    pub saved: Option<Saved>,
    /// The commands since.
    pub outbox: Vec<OutboxRow>,
}

impl Origin {
    /// What a store knows, all of it as of one instant. Blocks.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn read(store: &Store) -> Result<Origin, StoreError> {
        let snapshot = store.snapshot()?;
        let mut rows: Vec<Row> = Vec::new();
        rows.extend(snapshot.tenant_rows()?.into_iter().map(Row::Tenant));
        rows.extend(snapshot.workload_rows()?.into_iter().map(Row::Workload));
        rows.extend(snapshot.scheduler_rows()?.into_iter().map(Row::Scheduler));
        rows.extend(snapshot.autoscaler_rows()?.into_iter().map(Row::Autoscaler));
        rows.extend(snapshot.billing_rows()?.into_iter().map(Row::Billing));
        let saved = snapshot.saved_cluster()?;
        let since = saved.as_ref().map_or(0, |saved| saved.outbox_seq);
        Ok(Origin {
            rows: Rows(rows),
            last: snapshot.last()?,
            outbox: snapshot.outbox_since(since)?,
            saved,
        })
    }
}

/// Why a state could not be forked.
#[derive(Debug, thiserror::Error)]
pub enum BranchError {
    /// The rows cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cluster cannot be made again.
    #[error(transparent)]
    Cluster(#[from] SimError),
    /// An instant does not come to rest.
    #[error(transparent)]
    Cascade(#[from] Cascade),
}

/// A pod that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) tenant: TenantNo,
    pub(super) service: ServiceNo,
    pub(super) since: Time,
}

/// What one group gave.
#[derive(Debug, Default)]
pub(super) struct Gave {
    pub(super) replies: Vec<Reply>,
    pub(super) records: Vec<Record>,
    commands: Vec<Command>,
}

/// A forked state that goes on.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) conductor: Conductor<Message>,
    pub(super) machines: Machines,
    pub(super) cluster: SimCluster,
    /// Placements since the fork, the first ones.
    pub(super) places: Vec<Place>,
    /// How many there were.
    pub(super) placed: BTreeMap<TenantNo, u64>,
    /// Why pods of a service wait.
    pub(super) waits: BTreeMap<ServiceNo, Wait>,
    /// Pods that wait now.
    pub(super) waiting: BTreeMap<PodNo, Waiting>,
    groups: u64,
    group: u64,
    out: Outbox,
}

impl Branch {
    /// The state that a store remembers. `scene` is what its cluster plays.
    pub(super) fn new(scene: &Arc<Scene>, origin: &Origin) -> Result<Branch, BranchError> {
        let last = origin.last.as_ref();
        let cursor = last.map_or(0, |last| last.cursor);
        let outbox = origin.outbox.clone();
        let mut cluster = match &origin.saved {
            Some(saved) => SimCluster::restore(Some(scene), saved, outbox, cursor)?,
            None => {
                let mut cluster = SimCluster::new(Arc::clone(scene));
                cluster.resume(outbox, cursor)?;
                cluster
            }
        };
        let now = last.map_or_else(|| scene.start(), |last| last.now);
        // so that the fork does not depend on how old the saved state is
        cluster.advance(now);
        let mut conductor = last.map_or_else(Conductor::default, |last| {
            Conductor::restored(last.now, last.round, last.hashes, last.deliveries)
        });
        let config = cluster.scene().machines();
        let machines = origin.rows.restore(&config, now, &mut conductor)?;
        Ok(Branch {
            conductor,
            machines,
            waiting: waiting(&origin.rows),
            cluster,
            places: Vec::new(),
            placed: BTreeMap::new(),
            waits: BTreeMap::new(),
            groups: 0,
            group: last.map_or(0, |last| last.group),
            out: Outbox::default(),
        })
    }

    /// Where it stands.
    pub(super) fn now(&self) -> Time {
        self.conductor.now().max(self.cluster.scene().start())
    }

    /// Groups since the fork.
    pub(super) fn groups(&self) -> u64 {
        self.groups
    }

    /// When something happens next by itself.
    pub(super) fn next(&self) -> Option<Time> {
        let times = [self.cluster.next(), self.conductor.next_timer()];
        let next = times.into_iter().flatten().min();
        next.map(|next| next.max(self.now()))
    }

    /// One group at a time that is not before the last: what the cluster says, or what is asked, run to
    /// rest; its commands take effect.
    pub(super) fn group(
        &mut self,
        now: Time,
        asks: Vec<Message>,
    ) -> Result<(Gave, Vec<OutboxRow>), BranchError> {
        let mut events = Vec::new();
        if asks.is_empty() {
            self.cluster.observe(now, LOT, &mut events);
        }
        self.groups += 1;
        let number = u32::try_from(self.groups).unwrap_or(u32::MAX);
        self.conductor
            .begin(now, rng::group_seed(self.group, now, number));
        for message in asks {
            self.conductor.outside(message);
        }
        for event in events {
            self.note(now, &event);
            let root = self.conductor.root();
            event.deliver(|message| self.conductor.join(root, message));
        }
        let mut gave = Gave::default();
        self.rest(&mut gave)?;
        let seq = self.cluster.outbox_seq();
        let (group, at) = (self.group + self.groups, self.conductor.now());
        let rows = (seq + 1..).zip(gave.commands.drain(..));
        let rows: Vec<OutboxRow> = rows
            .map(|(seq, command)| OutboxRow {
                seq,
                group,
                at,
                command,
            })
            .collect();
        self.cluster.carry(rows.clone());
        Ok((gave, rows))
    }

    fn rest(&mut self, gave: &mut Gave) -> Result<(), BranchError> {
        while let Some(mut batch) = self.conductor.batch()? {
            for delivery in batch.deliveries.drain(..) {
                let address = delivery.message.address();
                let (seed, drawn) = self.conductor.open(&delivery.message);
                self.out.begin(seed, address, drawn);
                self.machines
                    .handle(batch.now, delivery.message, &mut self.out);
                self.conductor
                    .close(address, self.out.drawn(), self.out.effects());
                for effect in self.out.take() {
                    self.effect(effect, delivery.root, gave);
                }
            }
            self.conductor.recycle(batch.class, batch.deliveries);
        }
        Ok(())
    }

    fn effect(&mut self, effect: Effect, root: Option<u32>, gave: &mut Gave) {
        match effect {
            Effect::Send(Message::Cluster(command)) => gave.commands.push(command),
            Effect::Send(message) => self.conductor.send(root, message),
            Effect::At(at, message) => self.conductor.at(root, at, message),
            Effect::Record(record) => gave.records.push(record),
            Effect::Reply(reply) => gave.replies.push(reply),
            Effect::Explain(Decision::Place(place)) => {
                *self.placed.entry(place.tenant).or_default() += 1;
                if self.places.len() < PLACES_MAX {
                    self.places.push(place);
                }
            }
            Effect::Explain(Decision::Wait(wait)) => {
                self.waits.insert(wait.service, wait);
            }
            Effect::Explain(_) => {}
        }
    }

    fn note(&mut self, now: Time, event: &Event) {
        match event {
            Event::PodsPending {
                first,
                count,
                tenant,
                service,
                ..
            } => {
                let waiting = Waiting {
                    tenant: *tenant,
                    service: *service,
                    since: now,
                };
                let pods = first.0..first.0.saturating_add(u64::from(*count));
                self.waiting.extend(pods.map(|pod| (PodNo(pod), waiting)));
            }
            Event::PodBound { pod, .. } | Event::PodFinished { pod, .. } => {
                self.waiting.remove(pod);
            }
            _ => {}
        }
    }
}

/// The pods that wait in the rows of the scheduler.
fn waiting(rows: &Rows) -> BTreeMap<PodNo, Waiting> {
    let runs = rows.0.iter().filter_map(|row| match row {
        Row::Scheduler(scheduler::Row::Pending {
            first,
            count,
            tenant,
            service,
            since,
            ..
        }) => Some((first.0..first.0.saturating_add(u64::from(*count)), {
            Waiting {
                tenant: *tenant,
                service: *service,
                since: *since,
            }
        })),
        _ => None,
    });
    runs.flat_map(|(pods, waiting)| pods.map(move |pod| (PodNo(pod), waiting)))
        .collect()
}
