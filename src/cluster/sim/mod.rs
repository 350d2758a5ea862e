//! A simulated cluster that lives behind the boundary like a real one.
//!
//! **What happens is a function of the scene and of the commands with their times**, never of when somebody
//! looked: before the commands of a group take effect at the group's time, everything that was due until
//! then has happened, and between two groups the world goes from one due time to the next. So a saved state
//! and the commands since it, played again, give the same events; those that were taken are skipped.
//!
//! The same rules as those of the fast driver (`sim/src/driver/`): the world steps to an instant, the
//! machines act, their commands take effect at that instant, and what follows from them is told next.
//!
//! Never: decides, reads a clock, or draws from an unnamed stream.

mod logs;
mod saved;
mod scene;
mod seed;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use nimbus_core::cluster::{Command, Event};
use nimbus_core::ids::{ServiceNo, TenantNo};
use nimbus_core::time::Time;
use nimbus_sim::run::Known;
use nimbus_sim::world::World;

pub use logs::{LINES_MAX, LogLine, Stream, lines};
pub use saved::SimError;
pub use scene::{DEV, Scene};
pub use seed::Seeding;

use super::{Cluster, Saved, Seen};
use crate::store::OutboxRow;

/// What the prefix of a tenant's namespace is.
const NAMESPACE: &str = "nimbus-";

/// A simulated cluster. A clone is a fork: both go on independently and equally.
#[derive(Clone, Debug)]
pub struct SimCluster {
    scene: Arc<Scene>,
    world: World,
    /// Events that happened and were not taken.
    waiting: VecDeque<Event>,
    /// Events that happen again and were taken before the restart.
    skip: u64,
    /// Events taken so far.
    cursor: u64,
    /// The last command that took effect.
    outbox_seq: u64,
    /// Brought to.
    at: Time,
    /// Slugs of tenants that have a space.
    tenants: BTreeMap<TenantNo, Arc<str>>,
    /// Services whose demand is known: tenant and name of the Deployment; no name for bare pods.
    services: BTreeMap<ServiceNo, (Arc<str>, Arc<str>)>,
    scratch: Vec<Event>,
}

impl SimCluster {
    /// A cluster at the beginning of a scene.
    #[must_use]
    pub fn new(scene: Arc<Scene>) -> SimCluster {
        let start = scene.start();
        SimCluster {
            world: World::new(scene.world(), start),
            waiting: VecDeque::new(),
            skip: 0,
            cursor: 0,
            outbox_seq: 0,
            at: start,
            tenants: BTreeMap::new(),
            services: BTreeMap::new(),
            scratch: Vec::new(),
            scene,
        }
    }

    /// A cluster as it was: a saved state, the commands that were committed since, and how many events the
    /// machines have taken. `scene` is what the service was started with, if it was named; it must be the
    /// one that the state was made with.
    ///
    /// # Errors
    /// The state cannot be read, is of another scenario, or is newer than the cursor.
    pub fn restore(
        scene: Option<&Scene>,
        saved: &Saved,
        rows: Vec<OutboxRow>,
        cursor: u64,
    ) -> Result<SimCluster, SimError> {
        let mut cluster = saved::read(scene, saved)?;
        cluster.resume(rows, cursor)?;
        Ok(cluster)
    }

    /// Plays the commands since and skips the events that were taken.
    ///
    /// # Errors
    /// This state has given more events than were taken.
    pub fn resume(&mut self, rows: Vec<OutboxRow>, cursor: u64) -> Result<(), SimError> {
        let taken = cursor.checked_sub(self.cursor);
        self.skip = taken.ok_or(SimError::Ahead {
            saved: self.cursor,
            taken: cursor,
        })?;
        self.cursor = cursor;
        let present = u64::try_from(self.waiting.len()).unwrap_or(u64::MAX);
        let at_once = self.skip.min(present);
        self.skip -= at_once;
        self.waiting
            .drain(..usize::try_from(at_once).unwrap_or(usize::MAX));
        self.carry(rows);
        Ok(())
    }

    /// What it plays.
    #[must_use]
    pub fn scene(&self) -> &Arc<Scene> {
        &self.scene
    }

    /// The world itself, to look at.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Events taken so far.
    #[must_use]
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// The last command that took effect; 0 if there was none.
    #[must_use]
    pub fn outbox_seq(&self) -> u64 {
        self.outbox_seq
    }

    /// When something is due; long past if events wait to be taken.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        match self.waiting.is_empty() {
            true => self.world.next(),
            false => Some(self.scene.start()),
        }
    }

    /// Lets one instant happen.
    fn step(&mut self, at: Time) {
        self.world.step(at, &mut self.scratch);
        self.happened();
    }

    fn happened(&mut self) {
        let new = u64::try_from(self.scratch.len()).unwrap_or(u64::MAX);
        let skipped = self.skip.min(new);
        self.skip -= skipped;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        self.waiting.extend(self.scratch.drain(..).skip(skipped));
    }

    /// Lets everything happen that is due until a time. What follows waits to be taken.
    pub fn advance(&mut self, to: Time) {
        while let Some(next) = self.world.next().filter(|next| *next <= to) {
            self.step(next);
        }
        self.at = self.at.max(to);
    }

    fn apply(&mut self, row: OutboxRow) {
        self.introduce(row.at, &row.command);
        self.world.apply(row.at, row.command, &mut self.scratch);
        self.happened();
        self.outbox_seq = row.seq;
    }

    /// What the world must know of a tenant or a service before its first command.
    fn introduce(&mut self, now: Time, command: &Command) {
        match command {
            Command::EnsureTenantSpace { tenant, space } => {
                let slug = space.namespace.strip_prefix(NAMESPACE);
                self.tenants
                    .insert(*tenant, Arc::from(slug.unwrap_or(&space.namespace)));
            }
            Command::ApplyDeployment {
                service,
                deployment,
            } if !self.services.contains_key(service) => {
                let tenant = self.slug(deployment.tenant);
                let known = self.scene.served().of_deployment(&tenant, &deployment.name);
                let name = Arc::clone(&deployment.name);
                self.meet(now, *service, tenant, name, known);
            }
            Command::RunPods {
                tenant,
                service,
                spec,
                ..
            } if !self.services.contains_key(service) => {
                let tenant = self.slug(*tenant);
                let known = self.scene.served().of_pods(&tenant, spec);
                self.meet(now, *service, tenant, Arc::from(""), known);
            }
            _ => {}
        }
    }

    fn meet(
        &mut self,
        now: Time,
        service: ServiceNo,
        tenant: Arc<str>,
        name: Arc<str>,
        known: Known,
    ) {
        self.services.insert(service, (tenant, name));
        self.world.start_delay(service, &known.stream, known.delay);
        self.world.set_use(now, service, known.usage);
    }

    fn slug(&self, tenant: TenantNo) -> Arc<str> {
        let slug = self.tenants.get(&tenant).cloned();
        slug.unwrap_or_else(|| Arc::from(""))
    }
}

impl Cluster for SimCluster {
    fn observe(&mut self, now: Time, most: usize, events: &mut Vec<Event>) -> Seen {
        // What waits already is told first, so that a long absence does not fill the memory.
        while self.waiting.len() < most
            && let Some(next) = self.world.next().filter(|next| *next <= now)
        {
            self.step(next);
            self.at = self.at.max(next);
        }
        let count = most.min(self.waiting.len());
        let begin = events.len();
        events.extend(self.waiting.drain(..count));
        let lot = Event::lot(&events[begin..]);
        for event in events.drain(begin + lot..).rev() {
            self.waiting.push_front(event);
        }
        self.cursor += u64::try_from(lot).unwrap_or(u64::MAX);
        let next = self.world.next();
        let more = !self.waiting.is_empty() || next.is_some_and(|next| next <= now);
        if !more {
            self.at = self.at.max(now);
        }
        Seen { more, next }
    }

    fn carry(&mut self, commands: Vec<OutboxRow>) {
        let mut group = None;
        for row in commands {
            if row.seq <= self.outbox_seq {
                continue; // a repetition
            }
            if group.replace(row.group) != Some(row.group) {
                self.advance(row.at);
            }
            self.apply(row);
        }
    }

    fn save(&self) -> Option<Saved> {
        saved::write(self).ok()
    }

    fn health(&self) -> Result<(), String> {
        Ok(())
    }
}
