//! Scenarios that people keep. They name no file of the server.

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use nimbus_core::access::permit;
use nimbus_core::ids::ScenarioId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Match, Name, Path, Query, read_body};
use crate::http::list::{List, PageOf, Params};
use crate::http::problem::{Code, Problem};
use crate::http::show::Stamp;
use crate::replay::lab::{self, LabError, Summary, Wrong};
use crate::runtime;
use crate::store::{By, LabFilter, ScenarioRow};

/// Fields at fault that a problem names.
const FIELDS_MAX: usize = 100;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, replace, delete))
        .routes(routes!(explain))
}

/// A scenario that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Scenario {
    /// Its id.
    #[schema(example = "scn-0000000000000000000000000a")]
    id: String,
    /// Its name.
    #[schema(example = "quickstart")]
    name: String,
    /// SHA-256 over all of it with every default, hex.
    hash: String,
    /// Version of the format.
    format_version: u32,
    /// How long it runs, seconds.
    duration_s: i64,
    /// Nodes at the start.
    nodes: u64,
    /// Tenants.
    tenants: u64,
    /// Workloads.
    workloads: u64,
    /// When it was kept first.
    created_at: Stamp,
    /// +1 with each change.
    version: u32,
}

/// A scenario that was just kept.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct KeptScenario {
    /// The scenario.
    #[serde(flatten)]
    scenario: Scenario,
    /// What of it has no effect in a run.
    warnings: Vec<String>,
}

/// Which scenarios.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// With this name.
    name: Option<String>,
}

/// How to look at one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Look {
    /// `toml` for its text.
    #[param(example = "toml")]
    format: Option<String>,
}

/// A scenario as it is sent: TOML, or the same as JSON.
pub(in crate::http) struct Sent(String);

impl FromRequest<App> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Sent, Problem> {
        let declared = request.headers().get(CONTENT_TYPE);
        let declared = declared.and_then(|value| value.to_str().ok());
        let media = declared.unwrap_or_default().split(';').next();
        let json = match media
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "application/toml" => false,
            "application/json" => true,
            _ => {
                let text = "send content-type: application/toml or application/json";
                return Err(Problem::new(Code::UnsupportedMediaType, text));
            }
        };
        if json {
            let crate::http::extract::Json(value) =
                crate::http::extract::Json::<serde_json::Value>::from_request(request, app).await?;
            return lab::from_json(&value)
                .map(Sent)
                .map_err(|wrong| wrongs(&wrong));
        }
        let bytes = read_body(request.into_body(), app).await?;
        String::from_utf8(bytes.into())
            .map(Sent)
            .map_err(|_| Problem::new(Code::BadRequest, "the body is no UTF-8 text"))
    }
}

/// What is wrong with a scenario: one field each, with its line.
pub(in crate::http) fn wrongs(wrong: &[Wrong]) -> Problem {
    let text = match wrong {
        [one] => told(one),
        many => format!("{} things are wrong with the scenario", many.len()),
    };
    let problem = Problem::new(Code::Invalid, text);
    let fields = wrong.iter().take(FIELDS_MAX);
    fields.fold(problem, |problem, wrong| {
        let path = if wrong.key.is_empty() {
            "scenario"
        } else {
            &wrong.key
        };
        problem.field(path, "invalid", told(wrong))
    })
}

fn told(wrong: &Wrong) -> String {
    match wrong.line {
        0 => wrong.message.clone(),
        line => format!("line {line}: {}", wrong.message),
    }
}

impl From<LabError> for Problem {
    fn from(error: LabError) -> Problem {
        match error {
            LabError::Wrong(wrong) => wrongs(&wrong),
            LabError::Full => Problem::new(Code::Overloaded, error.to_string()).after(10),
            LabError::Store(error) => error.into(),
            LabError::Kept(_) => Problem::internal(&error.to_string()),
        }
    }
}

/// Whose rows a caller sees: the installation's people all, everybody else their own.
pub(in crate::http) fn owner(caller: &Caller) -> Option<String> {
    let own = || caller.principal().name.to_string();
    (!caller.principal().is_platform_admin()).then(own)
}

fn show(row: &ScenarioRow) -> Result<Scenario, Problem> {
    let summary: Summary =
        serde_json::from_str(&row.data).map_err(|error| Problem::internal(&error.to_string()))?;
    Ok(Scenario {
        id: row.id.to_string(),
        name: row.name.to_string(),
        hash: row.hash.to_string(),
        format_version: summary.format_version,
        duration_s: summary.duration_s,
        nodes: summary.nodes,
        tenants: summary.tenants,
        workloads: summary.workloads,
        created_at: Stamp(row.created_at),
        version: row.version,
    })
}

/// A scenario by its id, if the caller may see it.
pub(in crate::http) async fn found(
    app: &App,
    caller: &Caller,
    id: Option<ScenarioId>,
) -> Result<ScenarioRow, Problem> {
    app.lab()?;
    let id = id.ok_or_else(Problem::not_found)?;
    let row = app.find(move |store| store.scenario(id)).await?;
    match owner(caller) {
        Some(own) if *own != *row.by => Err(Problem::not_found()),
        _ => Ok(row),
    }
}

/// Lists scenarios: one's own; people of the installation see all.
#[utoipa::path(
    get, path = "/api/v1/scenarios", operation_id = "list_scenarios", tag = "simulation",
    params(Params, Filter),
    responses((status = 200, description = "Scenarios", body = PageOf<Scenario>)),
    extensions(("x-nimbus-permission" = json!("sim:read")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    caller.visible::<permit::SimRead>()?;
    app.lab()?;
    let page = list.page(&[By::CreatedAt], true)?;
    let filter = LabFilter {
        by: owner(&caller),
        word: list.filter.name.clone(),
    };
    let rows = app
        .read(move |store| store.scenarios(&filter, &page))
        .await?;
    let shown: Result<Vec<_>, _> = rows.items.iter().map(show).collect();
    let listed = crate::store::Listed {
        items: shown?,
        next: rows.next,
    };
    Ok(Answer::ok(list.answer(listed, |scenario| scenario)?))
}

/// Keeps a scenario: TOML (`application/toml`), or the same as JSON.
#[utoipa::path(
    post, path = "/api/v1/scenarios", operation_id = "create_scenario", tag = "simulation",
    request_body(content = String, content_type = "application/toml"),
    responses((status = 201, description = "Kept", body = KeptScenario)),
    extensions(("x-nimbus-permission" = json!("sim:run")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn create(State(app): State<App>, caller: Caller, Sent(toml): Sent) -> Outcome<KeptScenario> {
    caller.visible::<permit::SimRun>()?;
    let (row, warnings) = keep(&app, &caller, toml, None).await?;
    let scenario = show(&row)?;
    let location = format!("/api/v1/scenarios/{}", row.id);
    let body = KeptScenario { scenario, warnings };
    Ok(Answer::created(location, body).version(row.version))
}

async fn keep(
    app: &App,
    caller: &Caller,
    toml: String,
    old: Option<ScenarioRow>,
) -> Result<(ScenarioRow, Vec<String>), Problem> {
    let (lab, by) = (app.lab()?, caller.principal().name.clone());
    let kept = runtime::blocking(move || lab.keep(toml, &by, old.as_ref()));
    let kept = kept.await.map_err(|panic| Problem::internal(&panic))?;
    Ok(kept?)
}

/// One scenario; with `?format=toml` its text.
#[utoipa::path(
    get, path = "/api/v1/scenarios/{id}", operation_id = "get_scenario", tag = "simulation",
    params(("id" = String, Path, description = "Id of the scenario"), Look),
    responses((status = 200, description = "The scenario", body = Scenario)),
    extensions(("x-nimbus-permission" = json!("sim:read")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn one(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Query(look): Query<Look>,
) -> Result<Response, Problem> {
    caller.visible::<permit::SimRead>()?;
    let row = found(&app, &caller, name.id()).await?;
    match look.format.as_deref() {
        None | Some("json") => {
            let answer = Answer::ok(show(&row)?).version(row.version);
            Ok(answer.into_response())
        }
        Some("toml") => Ok(toml_text(row.toml)),
        Some(_) => {
            let text = "format: expected json or toml";
            Err(Problem::new(Code::BadRequest, text).field("format", "invalid", text))
        }
    }
}

fn toml_text(text: String) -> Response {
    ([(CONTENT_TYPE, "application/toml")], text).into_response()
}

/// Replaces a scenario.
#[utoipa::path(
    put, path = "/api/v1/scenarios/{id}", operation_id = "replace_scenario", tag = "simulation",
    params(("id" = String, Path, description = "Id of the scenario"),
        ("If-Match" = String, Header, description = "Its ETag")),
    request_body(content = String, content_type = "application/toml"),
    responses((status = 200, description = "Kept", body = KeptScenario)),
    extensions(("x-nimbus-permission" = json!("sim:run")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Match(version): Match,
    Sent(toml): Sent,
) -> Outcome<KeptScenario> {
    caller.visible::<permit::SimRun>()?;
    let old = found(&app, &caller, name.id()).await?;
    if version.is_some_and(|version| version != old.version) {
        let text = format!("the present version is {}", old.version);
        return Err(Problem::new(Code::StaleVersion, text));
    }
    let (row, warnings) = keep(&app, &caller, toml, Some(old)).await?;
    let scenario = show(&row)?;
    Ok(Answer::ok(KeptScenario { scenario, warnings }).version(row.version))
}

/// Deletes a scenario; its runs and reports stay.
#[utoipa::path(
    delete, path = "/api/v1/scenarios/{id}", operation_id = "delete_scenario", tag = "simulation",
    params(("id" = String, Path, description = "Id of the scenario")),
    responses((status = 204, description = "It is gone")),
    extensions(("x-nimbus-permission" = json!("sim:run")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    caller.visible::<permit::SimRun>()?;
    let row = found(&app, &caller, name.id()).await?;
    app.read(move |store| store.drop_scenario(row.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The scenario as TOML with every default filled in.
#[utoipa::path(
    post, path = "/api/v1/scenarios/{id}/explain", operation_id = "explain_scenario", tag = "simulation",
    params(("id" = String, Path, description = "Id of the scenario")),
    responses((status = 200, description = "TOML, commented", body = String, content_type = "application/toml")),
    extensions(("x-nimbus-permission" = json!("sim:read")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn explain(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Result<Response, Problem> {
    caller.visible::<permit::SimRead>()?;
    let row = found(&app, &caller, name.id()).await?;
    let explained = runtime::blocking(move || lab::explain(&row.toml)).await;
    let explained = explained.map_err(|panic| Problem::internal(&panic))?;
    Ok(toml_text(explained.map_err(|wrong| wrongs(&wrong))?))
}
