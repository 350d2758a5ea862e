//! What every handler is given: the way to the store, to the conductor and to the parts of the service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use nimbus_core::billing;
use nimbus_core::ids::{TenantId, TenantNo};
use nimbus_core::machine::Message;
use nimbus_core::store::StoreError;

use super::caller::{Caller, Gate};
use super::edge::Throttle;
use super::endpoints::metrics::Public;
use super::health::Health;
use super::idempotency::Running;
use super::limits::Limits;
use super::problem::{Code, Problem, refused};
use crate::auth::Access;
use crate::replay::fork::Forks;
use crate::replay::lab::Lab;
use crate::shell::feed::Feed;
use crate::shell::port::{Answered, Ask, Port};
use crate::store::Store;
use crate::{metrics, runtime};

/// What the edge is made of. [`App::new`] makes it shareable.
pub struct Parts {
    /// The way to the conductor.
    pub port: Port,
    /// The store, for reads.
    pub store: Store,
    /// Recognises callers.
    pub gate: Arc<dyn Gate>,
    /// What the edge takes at most.
    pub limits: Limits,
    /// Committed events, as they come.
    pub feed: Feed,
    /// Asks conductor and machines how they are.
    pub health: Arc<dyn Health>,
    /// Where it counts.
    pub metrics: metrics::Registry,
    /// Who may read metrics on the public listener.
    pub public_metrics: Public,
    /// The effective configuration with origins, secrets masked.
    pub settings: serde_json::Value,
    /// What the billing machine is configured with: reads rebuild it.
    pub billing: billing::Config,
    /// Only on a loopback listener: the API may be tried without ceremony.
    pub dev: bool,
    /// What cursors are signed with.
    pub secret: [u8; 32],
}

/// Everything that handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    throttle: Throttle,
    running: Running,
    lab: OnceLock<Lab>,
    forks: OnceLock<Forks>,
    tenant_ids: Mutex<BTreeMap<TenantNo, TenantId>>,
}

/// One write, as a handler asks for it.
#[derive(Clone, Debug)]
pub struct Command {
    /// What the machines are told.
    pub message: Message,
    /// What is done, for audit and events: `tenant.create`, `service.scale`, …
    pub action: &'static str,
    /// What it is done to: an id, or the name of what is made.
    pub subject: Arc<str>,
    /// Whose it is, if it exists already.
    pub tenant: Option<TenantNo>,
    /// The kind of operation to make, for slow work.
    pub operation: Option<&'static str>,
}

impl Command {
    /// A write without an operation.
    pub fn new(
        action: &'static str,
        subject: impl Into<Arc<str>>,
        message: impl Into<Message>,
    ) -> Command {
        Command {
            message: message.into(),
            action,
            subject: subject.into(),
            tenant: None,
            operation: None,
        }
    }

    /// It belongs to this tenant.
    #[must_use]
    pub fn of(mut self, tenant: TenantNo) -> Command {
        self.tenant = Some(tenant);
        self
    }

    /// It begins slow work of this kind.
    #[must_use]
    pub fn slow(mut self, kind: &'static str) -> Command {
        self.operation = Some(kind);
        self
    }
}

impl App {
    /// The edge over its parts.
    #[must_use]
    pub fn new(parts: Parts) -> App {
        let throttle = Throttle::new(&parts.limits);
        let inner = Inner {
            parts,
            throttle,
            running: Running::default(),
            lab: OnceLock::new(),
            forks: OnceLock::new(),
            tenant_ids: Mutex::default(),
        };
        App {
            inner: Arc::new(inner),
        }
    }

    /// Reads the store beside the async threads. Shows every acknowledged write.
    ///
    /// # Errors
    /// 503 if the database cannot be reached or takes too long; what the question itself answers.
    pub async fn read<T, E>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let store = self.inner.parts.store.clone();
        let reading = runtime::blocking(move || question(&store));
        match tokio::time::timeout(self.limits().read_time(), reading).await {
            Ok(Ok(answer)) => answer.map_err(Into::into),
            Ok(Err(panic)) => Err(Problem::internal(&panic)),
            Err(_) => Err(Problem::new(
                Code::DatabaseUnavailable,
                "the database takes too long",
            )),
        }
    }

    /// Looks one thing up: what is not there is 404.
    ///
    /// # Errors
    /// See [`App::read`]; 404 for `None`.
    pub async fn find<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<Option<T>, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.read(question).await?.ok_or_else(Problem::not_found)
    }

    /// Asks the conductor and waits until the answer is committed. A refusal of a machine is a problem. With
    /// an idempotency key whose request was committed before, the stored answer comes back instead.
    ///
    /// # Errors
    /// What the tables of [`super::problem`] say.
    pub async fn ask(&self, caller: &Caller, command: Command) -> Result<Answered, Problem> {
        let answered = match caller.committed() {
            Some(answered) => answered,
            None => {
                self.inner
                    .parts
                    .port
                    .ask(self.sent(caller, command))
                    .await?
            }
        };
        match refused(&answered.reply) {
            Some(problem) => Err(problem),
            None => Ok(answered),
        }
    }

    fn sent(&self, caller: &Caller, command: Command) -> Ask {
        Ask {
            message: command.message,
            by: caller.principal().name.clone(),
            request: caller.request_id(),
            action: command.action,
            subject: command.subject,
            tenant: command.tenant,
            key: caller.key(),
            operation: command.operation,
        }
    }

    /// Ids of tenants by ordinal. They never change, so that each is asked for once.
    ///
    /// # Errors
    /// See [`App::read`].
    pub async fn tenant_ids(
        &self,
        nos: impl IntoIterator<Item = TenantNo>,
    ) -> Result<BTreeMap<TenantNo, TenantId>, Problem> {
        let wanted: BTreeSet<TenantNo> = nos.into_iter().collect();
        let known = self.known_tenants(&wanted);
        let unknown: Vec<TenantNo> = wanted
            .iter()
            .copied()
            .filter(|no| !known.contains_key(no))
            .collect();
        if unknown.is_empty() {
            return Ok(known);
        }
        let found = self.read(move |store| store.tenant_ids(&unknown)).await?;
        let mut ids = self
            .inner
            .tenant_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        ids.extend(found);
        drop(ids);
        Ok(self.known_tenants(&wanted))
    }

    fn known_tenants(&self, wanted: &BTreeSet<TenantNo>) -> BTreeMap<TenantNo, TenantId> {
        let ids = self
            .inner
            .tenant_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = wanted.iter().filter_map(|no| Some((*no, *ids.get(no)?)));
        known.collect()
    }

    /// Committed events, as they come.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.inner.parts.feed
    }

    /// How conductor and machines are.
    #[must_use]
    pub fn health(&self) -> &dyn Health {
        &*self.inner.parts.health
    }

    /// Who may read metrics on the public listener.
    #[must_use]
    pub fn public_metrics(&self) -> Public {
        self.inner.parts.public_metrics
    }

    /// The effective configuration with origins, secrets masked.
    #[must_use]
    pub fn settings(&self) -> &serde_json::Value {
        &self.inner.parts.settings
    }

    /// The conductor's inbox: how many writes wait, and how many may.
    #[must_use]
    pub fn inbox(&self) -> (usize, usize) {
        self.inner.parts.port.depth()
    }

    /// What the edge takes at most.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.parts.limits
    }

    /// Where the edge counts.
    #[must_use]
    pub fn metrics(&self) -> &metrics::Http {
        &self.inner.parts.metrics.http
    }

    /// All metrics of the process.
    #[must_use]
    pub fn all_metrics(&self) -> &metrics::Registry {
        &self.inner.parts.metrics
    }

    /// What the billing machine is configured with.
    #[must_use]
    pub fn billing(&self) -> &billing::Config {
        &self.inner.parts.billing
    }

    /// Whether the dev flag is set.
    #[must_use]
    pub fn dev(&self) -> bool {
        self.inner.parts.dev
    }

    /// Who recognises callers.
    #[must_use]
    pub fn gate(&self) -> &dyn Gate {
        &*self.inner.parts.gate
    }

    /// Who gives out tokens and keys.
    ///
    /// # Errors
    /// 404 if nobody does here.
    pub fn access(&self) -> Result<&Access, Problem> {
        self.gate().access().ok_or_else(Problem::not_found)
    }

    /// The store, for what reads it at length.
    pub(super) fn store(&self) -> Store {
        self.inner.parts.store.clone()
    }

    /// Scenarios and runs.
    ///
    /// # Errors
    /// 404 where there are none.
    pub fn lab(&self) -> Result<Lab, Problem> {
        self.inner.lab.get().cloned().ok_or_else(Problem::not_found)
    }

    /// What would follow from a write.
    ///
    /// # Errors
    /// 501 where the cluster cannot be forked.
    pub fn forks(&self) -> Result<Forks, Problem> {
        self.inner.forks.get().cloned().ok_or_else(|| {
            let text = "this cluster cannot be forked: leave dry_run and simulate out";
            Problem::new(Code::NotImplemented, text)
        })
    }

    /// Offers runs of scenarios, from now on.
    pub fn offer_lab(&self, lab: Lab) {
        // the first one stays
        let _ = self.inner.lab.set(lab);
    }

    /// Offers to try writes in a fork, from now on.
    pub fn offer_forks(&self, forks: Forks) {
        // the first one stays
        let _ = self.inner.forks.set(forks);
    }

    pub(super) fn secret(&self) -> &[u8; 32] {
        &self.inner.parts.secret
    }

    pub(super) fn throttle(&self) -> &Throttle {
        &self.inner.throttle
    }

    pub(super) fn running(&self) -> &Running {
        &self.inner.running
    }
}
