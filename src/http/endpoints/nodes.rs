//! The nodes of the cluster, as the scheduler knows them.

use std::collections::BTreeMap;

use axum::extract::State;
use nimbus_core::access::{Object, permit};
use nimbus_core::cluster::{Arch, NodeState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Name, Path};
use crate::http::list::{List, PageOf, Params};
use crate::http::problem::{Code, Problem};
use crate::http::show::Stamp;
use crate::store::{Found, NodeFilter, NodeView};

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
}

/// A node.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Node {
    /// Its name, unique in the cluster.
    #[schema(example = "general-1")]
    name: String,
    /// `joining`, `active`, `unresponsive`, `crashed`, `draining` or `inactive`. Only an active node takes
    /// pods.
    #[schema(example = "active")]
    state: &'static str,
    /// `amd64` or `arm64`.
    #[schema(example = "amd64")]
    arch: &'static str,
    /// Its region; empty if that is not known.
    region: String,
    /// Its zone; empty if that is not known.
    zone: String,
    /// Its labels.
    labels: BTreeMap<String, String>,
    /// Its taints, `key=value:Effect`.
    taints: Vec<String>,
    /// What pods may ask of it in all.
    allocatable: NodeSize,
    /// When it was first seen, in machine time.
    created_at: Stamp,
    /// When what is known of it last changed, in machine time.
    updated_at: Stamp,
}

/// What a node offers.
#[derive(Debug, Serialize, ToSchema)]
struct NodeSize {
    /// Millicores.
    cpu_m: u64,
    /// MiB, rounded down.
    memory_mb: u64,
    /// Pods.
    pods: u32,
}

/// Which nodes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// In this state.
    #[param(example = "active")]
    state: Option<String>,
}

const STATES: [(NodeState, &str); 6] = [
    (NodeState::Joining, "joining"),
    (NodeState::Active, "active"),
    (NodeState::Unresponsive, "unresponsive"),
    (NodeState::Crashed, "crashed"),
    (NodeState::Draining, "draining"),
    (NodeState::Inactive, "inactive"),
];

fn show(found: &Found<NodeView>) -> Node {
    let (node, spec) = (&found.row, &found.row.spec);
    let state = STATES.iter().find(|(state, _)| *state == node.state);
    let texts = |(key, value): (&std::sync::Arc<str>, &std::sync::Arc<str>)| {
        (key.to_string(), value.to_string())
    };
    Node {
        name: spec.name.to_string(),
        state: state.map_or("inactive", |(_, word)| word),
        arch: match spec.arch {
            Arch::Amd64 => "amd64",
            Arch::Arm64 => "arm64",
        },
        region: spec.region.to_string(),
        zone: spec.zone.to_string(),
        labels: spec.labels.iter().map(texts).collect(),
        taints: spec
            .taints
            .iter()
            .map(|taint| format!("{}={}:{:?}", taint.key, taint.value, taint.effect))
            .collect(),
        allocatable: NodeSize {
            cpu_m: spec.allocatable.cpu.0,
            memory_mb: spec.allocatable.memory.0 >> 20,
            pods: spec.allocatable.pods,
        },
        created_at: Stamp(found.created_at),
        updated_at: Stamp(found.updated_at),
    }
}

/// Lists the nodes of the cluster, in the order in which they were first seen.
#[utoipa::path(
    get, path = "/api/v1/nodes", operation_id = "list_nodes", tag = "system",
    params(Params, Filter),
    responses((status = 200, description = "Nodes", body = PageOf<Node>)),
    extensions(("x-nimbus-permission" = json!("system:read")), ("x-nimbus-rows" = json!(["S0-06"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    caller.authorize::<permit::SystemRead>(Object::Platform)?;
    let page = list.page(&[], false)?;
    let word = list.filter.state.as_deref();
    let state = word.map(|word| STATES.iter().find(|(_, name)| *name == word));
    if let Some(None) = state {
        let text = "state: expected joining, active, unresponsive, crashed, draining or inactive";
        return Err(Problem::new(Code::BadRequest, text).field("state", "invalid", text));
    }
    let filter = NodeFilter {
        state: state.flatten().map(|(state, _)| *state),
        pool: None,
    };
    let rows = app.read(move |store| store.nodes(&filter, &page)).await?;
    Ok(Answer::ok(list.answer(rows, |found| show(&found))?))
}

/// One node by its name.
#[utoipa::path(
    get, path = "/api/v1/nodes/{id}", operation_id = "get_node", tag = "system",
    params(("id" = String, Path, description = "Name of the node")),
    responses((status = 200, description = "The node", body = Node)),
    extensions(("x-nimbus-permission" = json!("system:read")), ("x-nimbus-rows" = json!(["S0-06"]))),
)]
async fn one(State(app): State<App>, caller: Caller, Path(name): Path<Name>) -> Outcome<Node> {
    caller.authorize::<permit::SystemRead>(Object::Platform)?;
    let name = name.as_str().to_owned();
    let found = app.find(move |store| store.node(&name)).await?;
    Ok(Answer::ok(show(&found)))
}
