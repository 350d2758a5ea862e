//! Runs of scenarios: begun, watched, stopped; and their reports.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use nimbus_core::access::permit;
use nimbus_core::ids::{ReportId, RunId, ScenarioId};
use nimbus_core::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::scenarios::{found as scenario, owner};
use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Name, Path, Query};
use crate::http::list::{List, PageOf, Params};
use crate::http::problem::{Code, Problem};
use crate::http::show::Stamp;
use crate::replay::lab::{Driver, Lab, LabError, RunFacts, Wish};
use crate::runtime;
use crate::store::{By, LabFilter, Listed, ReportRow, RunRow};

/// Most settings of a run.
const SETTINGS_MAX: usize = 100;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, delete))
        .routes(routes!(reports))
        .routes(routes!(report))
}

/// A run.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Run {
    /// Its id.
    #[schema(example = "run-0000000000000000000000000a")]
    id: String,
    /// The scenario that it is of; null if that was deleted before it was kept.
    scenario_id: Option<String>,
    /// Hash of the scenario with its settings, hex.
    scenario_hash: String,
    /// The build that computes it.
    build_id: String,
    /// Its seed.
    seed: u64,
    /// `fast` or `actors`.
    #[schema(example = "fast")]
    driver: &'static str,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    #[schema(example = "running")]
    state: &'static str,
    /// How far it is, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    progress: f64,
    /// Virtual time since the start, seconds.
    virtual_now_s: i64,
    /// Virtual time in all, seconds.
    virtual_duration_s: i64,
    /// Deliveries handled.
    events: u64,
    /// Hash of the run, hex; null before its end. The same as `nimbus replay` gives.
    event_hash: Option<String>,
    /// SHA-256 over its report, hex; null before its end.
    result_hash: Option<String>,
    /// Its report; null before its end.
    report_id: Option<String>,
    /// Invariants that do not hold, in words.
    violations: Vec<String>,
    /// Why it failed; null if it did not.
    error: Option<RunError>,
    /// How long it was computed, milliseconds.
    wall_ms: u64,
    /// When it was begun.
    created_at: Stamp,
}

/// Why a run failed.
#[derive(Debug, Serialize, ToSchema)]
struct RunError {
    /// `budget`, `violation`, `fault`, `interrupted`, `report` or `internal`.
    code: String,
    /// In a sentence.
    detail: String,
}

/// What run is wished for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CreateRun {
    /// The scenario.
    #[schema(example = "scn-0000000000000000000000000a", max_length = 64)]
    scenario_id: String,
    /// Instead of the scenario's.
    seed: Option<u64>,
    /// `fast`, or `actors` for the same hash through the actors of production.
    #[schema(example = "fast")]
    driver: Option<String>,
    /// Settings by dotted key, as `--set` of `nimbus replay`.
    #[serde(default)]
    #[schema(example = json!({"autoscaler.up_percent": 75}), value_type = Object)]
    set: BTreeMap<String, serde_json::Value>,
    /// Stop here, counted from the start.
    #[schema(example = "2h", max_length = 64)]
    until: Option<String>,
}

/// Which runs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// In this state, as it was kept last.
    state: Option<String>,
}

/// Which reports.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ReportFilter {
    /// Of this kind.
    kind: Option<String>,
}

/// A report in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ReportLine {
    /// Its id.
    id: String,
    /// `replay`.
    kind: String,
    /// The run that it is of.
    run_id: Option<String>,
    /// SHA-256 over the document, hex.
    content_hash: String,
    /// When it was made.
    created_at: Stamp,
}

/// How to read a report.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Look {
    /// `json`, `csv`, `md`, `html` or `text`; json without it.
    #[param(example = "md")]
    format: Option<String>,
}

fn show(row: &RunRow, facts: RunFacts) -> Run {
    let done = facts.virtual_now_s.max(0);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share for people; seconds stay far below 2^53"
    )]
    let progress = (done as f64 / facts.virtual_duration_s.max(1) as f64).min(1.0);
    Run {
        id: row.id.to_string(),
        scenario_id: row.scenario.map(|id| id.to_string()),
        scenario_hash: facts.scenario_hash,
        build_id: facts.build_id,
        seed: facts.seed,
        driver: match facts.driver {
            Driver::Fast => "fast",
            Driver::Actors => "actors",
        },
        state: facts.state.as_str(),
        progress,
        virtual_now_s: facts.virtual_now_s,
        virtual_duration_s: facts.virtual_duration_s,
        events: facts.events,
        event_hash: facts.event_hash,
        result_hash: facts.result_hash,
        report_id: facts.report_id.map(|id| id.to_string()),
        violations: facts.violations,
        error: facts.error.map(|failure| RunError {
            code: failure.code,
            detail: failure.detail,
        }),
        wall_ms: facts.wall_ms,
        created_at: Stamp(row.created_at),
    }
}

async fn found(app: &App, caller: &Caller, name: &Name) -> Result<RunRow, Problem> {
    app.lab()?;
    let id = name.id::<RunId>().ok_or_else(Problem::not_found)?;
    let row = app.find(move |store| store.run(id)).await?;
    match owner(caller) {
        Some(own) if *own != *row.by => Err(Problem::not_found()),
        _ => Ok(row),
    }
}

fn wish(body: &CreateRun) -> Result<Wish, Problem> {
    if body.set.len() > SETTINGS_MAX {
        let text = format!("at most {SETTINGS_MAX}");
        return Err(Problem::invalid("set", "too_many", text));
    }
    let driver = match body.driver.as_deref() {
        None | Some("fast") => Driver::Fast,
        Some("actors") => Driver::Actors,
        Some(_) => {
            return Err(Problem::invalid(
                "driver",
                "invalid",
                "expected fast or actors",
            ));
        }
    };
    let until = body.until.as_deref().map(Span::parse).transpose();
    let until = until.map_err(|error| Problem::invalid("until", "invalid", error.to_string()))?;
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let set = body.set.iter();
    Ok(Wish {
        seed: body.seed,
        driver,
        set: set.map(|(key, set)| (key.clone(), value(set))).collect(),
        until,
    })
}

/// Lists runs: one's own; people of the installation see all.
#[utoipa::path(
    get, path = "/api/v1/runs", operation_id = "list_runs", tag = "simulation",
    params(Params, Filter),
    responses((status = 200, description = "Runs, the newest first", body = PageOf<Run>)),
    extensions(("x-nimbus-permission" = json!("sim:read")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    caller.visible::<permit::SimRead>()?;
    let lab = app.lab()?;
    let page = list.page(&[By::CreatedAt], true)?;
    let filter = LabFilter {
        by: owner(&caller),
        word: list.filter.state.clone(),
    };
    let listed = app.read(move |store| {
        let rows = store.runs(&filter, &page)?;
        let items = rows.items.iter();
        let items = items.map(|row| Ok(show(row, lab.stands(row)?)));
        Ok::<_, LabError>(Listed {
            items: items.collect::<Result<Vec<_>, LabError>>()?,
            next: rows.next,
        })
    });
    Ok(Answer::ok(list.answer(listed.await?, |run| run)?))
}

/// Begins a run. It is computed beside the service, for at most five minutes; runs that wait or are computed
/// are at most 64.
#[utoipa::path(
    post, path = "/api/v1/runs", operation_id = "create_run", tag = "simulation",
    request_body = CreateRun,
    responses((status = 202, description = "It is begun", body = Run)),
    extensions(("x-nimbus-permission" = json!("sim:run")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateRun>,
) -> Outcome<Run> {
    caller.visible::<permit::SimRun>()?;
    let wish = wish(&body)?;
    let unknown = || Problem::invalid("scenario_id", "not_found", "there is no such scenario");
    let id = body
        .scenario_id
        .parse::<ScenarioId>()
        .map_err(|_| unknown())?;
    let scenario = scenario(&app, &caller, Some(id)).await;
    let scenario = scenario.map_err(|problem| match problem.code {
        Code::NotFound => unknown(),
        _ => problem,
    })?;
    let (lab, by) = (app.lab()?, caller.principal().name.clone());
    let begun = runtime::blocking(move || {
        let row = lab.begin(&scenario, &wish, &by)?;
        let facts = lab.stands(&row)?;
        Ok::<_, LabError>((row, facts))
    });
    let (row, facts) = begun.await.map_err(|panic| Problem::internal(&panic))??;
    let location = format!("/api/v1/runs/{}", row.id);
    Ok(Answer::accepted(location, None, show(&row, facts)))
}

/// One run.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}", operation_id = "get_run", tag = "simulation",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 200, description = "The run", body = Run)),
    extensions(("x-nimbus-permission" = json!("sim:read")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn one(State(app): State<App>, caller: Caller, Path(name): Path<Name>) -> Outcome<Run> {
    caller.visible::<permit::SimRead>()?;
    let row = found(&app, &caller, &name).await?;
    let lab = app.lab()?;
    let shown = app.read(move |_| Ok::<_, LabError>(show(&row, lab.stands(&row)?)));
    Ok(Answer::ok(shown.await?))
}

/// Stops a run that waits or is computed; removes one that has ended.
#[utoipa::path(
    delete, path = "/api/v1/runs/{id}", operation_id = "delete_run", tag = "simulation",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 202, description = "It is asked to stop"), (status = 204, description = "It is gone")),
    extensions(("x-nimbus-permission" = json!("sim:run")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    caller.visible::<permit::SimRun>()?;
    let row = found(&app, &caller, &name).await?;
    if app.lab()?.cancel(row.id) {
        return Ok(StatusCode::ACCEPTED);
    }
    app.read(move |store| store.drop_run(row.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn line(row: &ReportRow) -> ReportLine {
    ReportLine {
        id: row.id.to_string(),
        kind: row.kind.to_string(),
        run_id: row.run.map(|id| id.to_string()),
        content_hash: row.content_hash.to_string(),
        created_at: Stamp(row.created_at),
    }
}

/// Lists reports: one's own; people of the installation see all.
#[utoipa::path(
    get, path = "/api/v1/reports", operation_id = "list_reports", tag = "simulation",
    params(Params, ReportFilter),
    responses((status = 200, description = "Reports, the newest first", body = PageOf<ReportLine>)),
    extensions(("x-nimbus-permission" = json!("sim:read")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn reports(
    State(app): State<App>,
    caller: Caller,
    list: List<ReportFilter>,
) -> Outcome<PageOf<serde_json::Value>> {
    caller.visible::<permit::SimRead>()?;
    app.lab()?;
    let page = list.page(&[By::CreatedAt], true)?;
    let filter = LabFilter {
        by: owner(&caller),
        word: list.filter.kind.clone(),
    };
    let rows = app.read(move |store| store.reports(&filter, &page)).await?;
    Ok(Answer::ok(list.answer(rows, |row| line(&row))?))
}

/// One report, in any of its formats; the same bytes each time.
#[utoipa::path(
    get, path = "/api/v1/reports/{id}", operation_id = "get_report", tag = "simulation",
    params(("id" = String, Path, description = "Id of the report"), Look),
    responses((status = 200, description = "The report", body = serde_json::Value)),
    extensions(("x-nimbus-permission" = json!("sim:read")), ("x-nimbus-rows" = json!(["S0-12"]))),
)]
async fn report(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    Query(look): Query<Look>,
) -> Result<Response, Problem> {
    caller.visible::<permit::SimRead>()?;
    app.lab()?;
    let id = name.id::<ReportId>().ok_or_else(Problem::not_found)?;
    let row = app.find(move |store| store.report(id)).await?;
    if owner(&caller).is_some_and(|own| *own != *row.by) {
        return Err(Problem::not_found());
    }
    let format = look.format.unwrap_or_else(|| "json".to_owned());
    let rendered = runtime::blocking(move || Lab::render(&row, &format)).await;
    let rendered = rendered.map_err(|panic| Problem::internal(&panic))??;
    let Some((text, media)) = rendered else {
        let text = "format: expected json, csv, md, html or text";
        return Err(Problem::new(Code::BadRequest, text).field("format", "invalid", text));
    };
    Ok(([(CONTENT_TYPE, media)], text).into_response())
}
