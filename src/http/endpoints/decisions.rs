//! Why something was decided: decisions as they were made, with names instead of ordinals.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use nimbus_core::access::{Object, permit};
use nimbus_core::explain::{
    Decision, Deny, Filter as NodeFilter, Lack, Place, PoolChange, Removed, Scale, ScoreKind, Wait,
};
use nimbus_core::ids::{DecisionId, NodeNo, ServiceId, ServiceNo, TenantId, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::units::Resources;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path};
use crate::http::list::{List, PageOf};
use crate::http::problem::Problem;
use crate::http::show::Stamp;
use crate::store::{By, DecisionFilter, DecisionKind, DecisionRow, Listed, Store};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_tenant))
        .routes(routes!(of_service))
        .routes(routes!(get))
}

/// A score and its value.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Score {
    /// Which score.
    #[schema(example = "busiest_cpu")]
    name: &'static str,
    /// Its value, rounded down; it was compared exactly.
    #[schema(example = "0.800000")]
    value: String,
}

/// A node with its score.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Candidate {
    /// Its name; null once it is gone.
    #[schema(example = "node-a")]
    node: Option<String>,
    /// What it scored.
    score: Vec<Score>,
    /// Why it did not win.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "busiest_cpu 0.300000 against 0.800000")]
    lacks: Option<String>,
}

/// How much of everything.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Amounts {
    /// Millicores.
    cpu_m: u64,
    /// Bytes of memory.
    memory_bytes: u64,
    /// Pods.
    pods: u32,
}

impl From<Resources> for Amounts {
    fn from(resources: Resources) -> Amounts {
        Amounts {
            cpu_m: resources.cpu.0,
            memory_bytes: resources.memory.0,
            pods: resources.pods,
        }
    }
}

/// The node with the most room, and its room.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Room {
    /// Its name; null once it is gone.
    node: Option<String>,
    /// What it had free.
    free: Amounts,
}

/// A change of a replica count.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Replicas {
    /// Before.
    from: u32,
    /// Wished.
    to: u32,
    /// Cpu used, millicores; null without a metric.
    used_m: Option<u64>,
    /// Cpu requested, millicores.
    requested_m: u64,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DecisionView {
    /// Its id.
    id: String,
    /// `place`, `wait`, `scale`, `deny` or `pool`.
    #[schema(example = "place")]
    kind: &'static str,
    /// What it is about: a service, a replica of it, a tenant or a pool.
    #[schema(example = "svc-01hx0000000000000000000000/replica-2")]
    subject: String,
    /// Whose; null for pools.
    tenant_id: Option<String>,
    /// The service, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<String>,
    /// When, in machine time.
    #[schema(value_type = String, format = DateTime)]
    time: Stamp,
    /// The node that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    winner: Option<Candidate>,
    /// The best other node that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    runner_up: Option<Candidate>,
    /// Nodes that each filter removes, counted by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, example = json!({ "memory": 1 }))]
    removed: Option<BTreeMap<&'static str, u32>>,
    /// Of a wait: how many pods it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    /// What is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    asks: Option<Amounts>,
    /// Of a wait: the node with the most room.
    #[serde(skip_serializing_if = "Option::is_none")]
    largest_free: Option<Room>,
    /// Of a scale: the replica counts and what they were decided on.
    #[serde(skip_serializing_if = "Option::is_none")]
    replicas: Option<Replicas>,
    /// The rule that chose.
    #[schema(example = "highest busiest_cpu, then lowest ordinal")]
    rule: String,
    /// Why, in words.
    #[schema(example = "best of the nodes that fit")]
    reason: String,
}

/// Kinds that a list can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Kind {
    /// A pod found a node.
    Place,
    /// Pods wait.
    Wait,
    /// A wish for a replica count.
    Scale,
    /// A refusal.
    Deny,
    /// A pool changes.
    Pool,
}

impl From<Kind> for DecisionKind {
    fn from(kind: Kind) -> DecisionKind {
        match kind {
            Kind::Place => DecisionKind::Place,
            Kind::Wait => DecisionKind::Wait,
            Kind::Scale => DecisionKind::Scale,
            Kind::Deny => DecisionKind::Deny,
            Kind::Pool => DecisionKind::Pool,
        }
    }
}

/// Filters of the list.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Only of this kind.
    #[param(inline)]
    kind: Option<Kind>,
    /// Only about this service, by id.
    service_id: Option<String>,
    /// Only from this time on.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Stamp>,
}

/// Filters of a service's list.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ServiceFilter {
    /// Only of this kind.
    #[param(inline)]
    kind: Option<Kind>,
    /// Only from this time on.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Stamp>,
}

/// Lists decisions about a tenant, newest first. The latest 100,000 of the installation are kept.
#[utoipa::path(
    get, path = "/api/v1/tenants/{id}/decisions", operation_id = "list_tenant_decisions", tag = "decisions",
    params(("id" = String, Path, description = "Id or slug of the tenant"), crate::http::list::Params, Filter),
    responses((status = 200, description = "Decisions", body = PageOf<DecisionView>)),
    extensions(("x-nimbus-permission" = json!("decision:read")), ("x-nimbus-rows" = json!(["U-15"]))),
)]
async fn of_tenant(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let (found, _) = app.tenant::<permit::DecisionRead>(&caller, &name).await?;
    let service = match list.filter.service_id.as_deref() {
        None => None,
        Some(text) => {
            let name = Name::read(text).ok_or_else(Problem::not_found)?;
            let (service, _) = app.service::<permit::DecisionRead>(&caller, &name).await?;
            Some(service.row.row.no)
        }
    };
    let filter = DecisionFilter {
        tenant: Some(found.row.no),
        service,
        kind: list.filter.kind.map(Into::into),
        since: list.filter.since.map(|stamp| stamp.0),
    };
    let views = views(&app, &caller, filter, list.page(&[By::CreatedAt], true)?).await?;
    Ok(Answer::ok(list.answer(views, |view| view)?))
}

/// Lists decisions about a service, newest first.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/decisions", operation_id = "list_service_decisions", tag = "decisions",
    params(("id" = String, Path, description = "Id of the service"), crate::http::list::Params, ServiceFilter),
    responses((status = 200, description = "Decisions", body = PageOf<DecisionView>)),
    extensions(("x-nimbus-permission" = json!("decision:read")), ("x-nimbus-rows" = json!(["U-15"]))),
)]
async fn of_service(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    list: List<ServiceFilter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let (found, _) = app.service::<permit::DecisionRead>(&caller, &name).await?;
    let filter = DecisionFilter {
        tenant: None,
        service: Some(found.row.row.no),
        kind: list.filter.kind.map(Into::into),
        since: list.filter.since.map(|stamp| stamp.0),
    };
    let views = views(&app, &caller, filter, list.page(&[By::CreatedAt], true)?).await?;
    Ok(Answer::ok(list.answer(views, |view| view)?))
}

async fn views(
    app: &App,
    caller: &Caller,
    filter: DecisionFilter,
    page: crate::store::Page,
) -> Result<Listed<DecisionView>, Problem> {
    let sight = caller.sight::<permit::DecisionRead>()?;
    app.read(move |store| {
        let rows = store.decisions(&sight, &filter, &page)?;
        let names = Names::of(store, &rows.items)?;
        Ok::<_, StoreError>(Listed {
            items: rows.items.iter().map(|row| names.view(row)).collect(),
            next: rows.next,
        })
    })
    .await
}

/// Tells one decision.
#[utoipa::path(
    get, path = "/api/v1/decisions/{id}", operation_id = "get_decision", tag = "decisions",
    params(("id" = String, Path, description = "Id of the decision")),
    responses((status = 200, description = "The decision", body = DecisionView)),
    extensions(("x-nimbus-permission" = json!("decision:read")), ("x-nimbus-rows" = json!(["U-15"]))),
)]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Outcome<DecisionView> {
    let id: DecisionId = name.id().ok_or_else(Problem::not_found)?;
    let reach = caller.reach();
    let found = app.find(move |store| {
        let Some(row) = store.decision(&reach, id)? else {
            return Ok(None);
        };
        let names = Names::of(store, std::slice::from_ref(&row))?;
        let owner = match names.tenant_of(&row.decision) {
            Some(no) => store.tenant_by_no(no)?.map(|found| (no, found.row.row.org)),
            None => None,
        };
        Ok(Some((names.view(&row), owner)))
    });
    let (view, owner) = found.await?;
    let object = match owner {
        Some((tenant, org)) => Object::Tenant { tenant, org },
        None if caller.principal().is_platform_admin() => Object::Platform,
        None => return Err(Problem::not_found()),
    };
    caller.authorize::<permit::DecisionRead>(object)?;
    Ok(Answer::ok(view).version(1))
}

/// Names of what some decisions are about.
struct Names {
    nodes: BTreeMap<NodeNo, Arc<str>>,
    services: BTreeMap<ServiceNo, (ServiceId, TenantNo)>,
    tenants: BTreeMap<TenantNo, TenantId>,
}

impl Names {
    fn of(store: &Store, rows: &[DecisionRow]) -> Result<Names, StoreError> {
        let mut nodes: Vec<NodeNo> = Vec::new();
        let mut services: BTreeMap<ServiceNo, (ServiceId, TenantNo)> = BTreeMap::new();
        for row in rows {
            nodes.extend(nodes_of(&row.decision));
            if let Some(no) = service_of(&row.decision)
                && !services.contains_key(&no)
                && let Some(found) = store.service_by_no(no)?
            {
                services.insert(no, (found.row.row.id, found.row.row.tenant));
            }
        }
        let mut names = Names {
            nodes: store.node_names(&nodes)?.into_iter().collect(),
            services,
            tenants: BTreeMap::new(),
        };
        let owners: Vec<TenantNo> = rows
            .iter()
            .filter_map(|row| names.tenant_of(&row.decision))
            .collect();
        names.tenants = store.tenant_ids(&owners)?.into_iter().collect();
        Ok(names)
    }

    fn tenant_of(&self, decision: &Decision) -> Option<TenantNo> {
        match decision {
            Decision::Place(place) => Some(place.tenant),
            Decision::Wait(wait) => Some(wait.tenant),
            Decision::Deny(deny) => Some(deny.tenant),
            Decision::Scale(scale) => self.services.get(&scale.service).map(|(_, tenant)| *tenant),
            Decision::Pool(_) => None,
        }
    }

    fn node(&self, no: NodeNo) -> Option<String> {
        self.nodes.get(&no).map(ToString::to_string)
    }

    fn view(&self, row: &DecisionRow) -> DecisionView {
        let tenant = self.tenant_of(&row.decision);
        let tenant = tenant
            .and_then(|no| self.tenants.get(&no))
            .map(TenantId::to_string);
        let service = service_of(&row.decision).and_then(|no| self.services.get(&no));
        let service = service.map(|(id, _)| id.to_string());
        let bare = DecisionView {
            id: row.id.to_string(),
            kind: "",
            subject: service
                .clone()
                .or_else(|| tenant.clone())
                .unwrap_or_default(),
            tenant_id: tenant,
            service_id: service,
            time: row.time.into(),
            winner: None,
            runner_up: None,
            removed: None,
            count: None,
            asks: None,
            largest_free: None,
            replicas: None,
            rule: String::new(),
            reason: String::new(),
        };
        match &row.decision {
            Decision::Place(place) => self.place(place, bare),
            Decision::Wait(wait) => self.wait(wait, bare),
            Decision::Scale(change) => scale(change, bare),
            Decision::Deny(refusal) => deny(refusal, bare),
            Decision::Pool(change) => pool(change, bare),
        }
    }

    fn place(&self, place: &Place, bare: DecisionView) -> DecisionView {
        let name = place.rule.as_str();
        let runner_up = place.runner_up.map(|other| Candidate {
            node: self.node(other.node),
            score: vec![score(name, other.score_ppm)],
            lacks: Some(if other.lacks_score {
                format!(
                    "{name} {} against {}",
                    ppm(other.score_ppm),
                    ppm(place.score_ppm)
                )
            } else {
                "equal, and later in order".to_owned()
            }),
        });
        let removed: u32 = place.removed.0.iter().sum();
        DecisionView {
            kind: "place",
            subject: format!("{}/replica-{}", bare.subject, place.pod),
            winner: Some(Candidate {
                node: self.node(place.node),
                score: vec![score(name, place.score_ppm)],
                lacks: None,
            }),
            reason: match (&runner_up, removed) {
                (Some(_), _) => "best of the nodes that fit".to_owned(),
                (None, 0) => "the only node".to_owned(),
                (None, _) => "the only node that fits".to_owned(),
            },
            runner_up,
            removed: Some(by_filter(place.removed)),
            rule: rule(place.rule).to_owned(),
            ..bare
        }
    }

    fn wait(&self, wait: &Wait, bare: DecisionView) -> DecisionView {
        let most = NodeFilter::ALL
            .into_iter()
            .max_by_key(|&filter| (wait.removed.by(filter), std::cmp::Reverse(filter)));
        let reason = match most.map(|filter| (filter, wait.removed.by(filter))) {
            Some((filter, count)) if count > 0 => {
                format!(
                    "no node: {} removed {count} of {}",
                    filter.as_str(),
                    wait.nodes
                )
            }
            _ => "no node".to_owned(),
        };
        DecisionView {
            kind: "wait",
            subject: format!("{}/replica-{}", bare.subject, wait.pod),
            removed: Some(by_filter(wait.removed)),
            count: Some(wait.count),
            asks: Some(wait.asks.into()),
            largest_free: wait.largest_free.map(|(node, free)| Room {
                node: self.node(node),
                free: free.into(),
            }),
            rule: "a node must pass every filter".to_owned(),
            reason,
            ..bare
        }
    }
}

fn scale(scale: &Scale, bare: DecisionView) -> DecisionView {
    DecisionView {
        kind: "scale",
        replicas: Some(Replicas {
            from: scale.from,
            to: scale.to,
            used_m: scale.used_m,
            requested_m: scale.requested_m,
        }),
        rule: "one step when use leaves the band, within the bounds".to_owned(),
        reason: serde_json::to_value(scale.reason)
            .ok()
            .and_then(|value| Some(value.as_str()?.replace('_', " ")))
            .unwrap_or_default(),
        ..bare
    }
}

fn deny(deny: &Deny, bare: DecisionView) -> DecisionView {
    DecisionView {
        kind: "deny",
        asks: Some(deny.asks.into()),
        rule: "what is asked for must fit into what the quota has left".to_owned(),
        reason: match deny.lacks {
            Lack::Cpu { asked, left } => format!("cpu: {asked}m asked, {left}m left"),
            Lack::Memory { asked, left } => format!("memory: {asked} bytes asked, {left} left"),
            Lack::Pods { asked, left } => format!("pods: {asked} asked, {left} left"),
            Lack::Apps { limit } => format!("apps: the plan has {limit}"),
            Lack::NotAdmitting => "the tenant admits nothing now".to_owned(),
        },
        ..bare
    }
}

fn pool(change: &PoolChange, bare: DecisionView) -> DecisionView {
    let reason = if change.booted > 0 {
        format!(
            "{} nodes ordered for {} pods that wait",
            change.booted, change.waiting
        )
    } else {
        "a node that was empty long enough was given back".to_owned()
    };
    DecisionView {
        kind: "pool",
        subject: format!("pool-{}", change.pool),
        count: Some(change.nodes),
        rule: "the cheapest nodes that pods which wait fit on, within the pool's bounds".to_owned(),
        reason,
        ..bare
    }
}

fn service_of(decision: &Decision) -> Option<ServiceNo> {
    match decision {
        Decision::Place(place) => Some(place.service),
        Decision::Wait(wait) => Some(wait.service),
        Decision::Scale(scale) => Some(scale.service),
        Decision::Deny(_) | Decision::Pool(_) => None,
    }
}

fn nodes_of(decision: &Decision) -> Vec<NodeNo> {
    match decision {
        Decision::Place(place) => {
            let other = place.runner_up.map(|other| other.node);
            std::iter::once(place.node).chain(other).collect()
        }
        Decision::Wait(wait) => wait.largest_free.iter().map(|(node, _)| *node).collect(),
        Decision::Pool(change) => change.removed.into_iter().collect(),
        Decision::Scale(_) | Decision::Deny(_) => Vec::new(),
    }
}

const fn rule(rule: ScoreKind) -> &'static str {
    match rule {
        ScoreKind::BusiestCpu => "highest busiest_cpu, then lowest ordinal",
        ScoreKind::BestFit => "least best_fit, then lowest ordinal",
        ScoreKind::FirstFit => "lowest ordinal",
        ScoreKind::Spread => "least spread, then lowest ordinal",
    }
}

fn score(name: &'static str, value: u64) -> Score {
    Score {
        name,
        value: ppm(value),
    }
}

fn ppm(value: u64) -> String {
    format!("{}.{:06}", value / 1_000_000, value % 1_000_000)
}

fn by_filter(removed: Removed) -> BTreeMap<&'static str, u32> {
    let counts = NodeFilter::ALL
        .into_iter()
        .map(|filter| (filter.as_str(), removed.by(filter)));
    counts.filter(|(_, count)| *count > 0).collect()
}
