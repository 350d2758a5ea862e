//! API keys: listed, made, taken back.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use nimbus_core::access::{Areas, Object, Permission, Role, permit};
use nimbus_core::ids::{KeyId, TenantNo};
use nimbus_core::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::identity;
use crate::auth::{Identity, KeyRefused, KeyWish, MadeKey};
use crate::http::answer::{Answer, Outcome};
use crate::http::app::App;
use crate::http::caller::Caller;
use crate::http::extract::{Json, Name, Path};
use crate::http::list::{List, PageOf};
use crate::http::lookup::Looked;
use crate::http::problem::{Code, Problem};
use crate::store::{ApiKeyRow, Listed, Store, Subject, TenantView};

/// Longest name of a key, characters.
const NAME_MAX: usize = 100;
/// Most scopes in a request.
const SCOPES_MAX: usize = 32;
/// Longest life of a key, days.
const DAYS_MAX: u32 = 3_650;

/// Routes of this file.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(delete))
}

/// An API key, without the key.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ApiKey {
    /// Its id.
    id: String,
    /// What its owner calls it.
    name: String,
    /// `bearer`.
    #[schema(example = "bearer")]
    kind: String,
    /// The part of the key that may be shown.
    #[schema(example = "nbk_1a2b3c4d")]
    prefix: String,
    /// Whom it stands for; null for the platform and for an organization.
    tenant_id: Option<String>,
    /// The role that it is limited to; null for all that its subject may do.
    #[schema(example = "viewer")]
    role: Option<String>,
    /// What it may be used for; none are all.
    scopes: Vec<String>,
    /// When it was made.
    created_at: String,
    /// When it ends; null for never.
    expires_at: Option<String>,
    /// When it was last used, to the minute.
    last_used_at: Option<String>,
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct NewApiKey {
    /// The key, shown this once.
    #[schema(example = "nbk_1a2b3c4d_…")]
    key: String,
    /// What is kept of it.
    #[serde(flatten)]
    shown: ApiKey,
}

/// What key is wished for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CreateApiKey {
    /// What its owner calls it.
    #[schema(example = "ci", min_length = 1, max_length = 100)]
    name: String,
    /// `bearer`, which is the default.
    #[schema(example = "bearer")]
    kind: Option<String>,
    /// What it may be used for: `tenants`, `deployments`, `secrets`, `templates`, `billing`, `nodes` or `sim`
    /// with `:read` or `:write`. None are all.
    #[serde(default)]
    #[schema(example = json!(["deployments:write"]), max_items = 32)]
    scopes: Vec<String>,
    /// Its life in days; without it the key does not end.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
    /// The tenant that it stands for, by id or slug. Without it the caller's.
    #[schema(max_length = 64)]
    tenant_id: Option<String>,
    /// Limits it to `team_admin`, `developer` or `viewer`; never more than the caller's own.
    #[schema(example = "viewer")]
    role: Option<String>,
}

/// Filters of the list.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Only keys of this tenant, by id or slug.
    tenant_id: Option<String>,
}

/// Lists API keys: those of the caller's tenant or of the tenant named; a key without the permission sees
/// itself.
#[utoipa::path(
    get, path = "/api/v1/api-keys", operation_id = "list_api_keys", tag = "auth",
    params(crate::http::list::Params, Filter),
    responses((status = 200, description = "Keys", body = PageOf<ApiKey>)),
    extensions(("x-nimbus-permission" = json!("any")), ("x-nimbus-rows" = json!(["S0-18"]))),
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    list: List<Filter>,
) -> Outcome<PageOf<serde_json::Value>> {
    let page = list.page(Store::API_KEY_SORTS, true)?;
    let subject = match &list.filter.tenant_id {
        Some(name) => {
            let (tenant, _) = tenant::<permit::KeyRead>(&app, &caller, name).await?;
            Some(Subject::Tenant(tenant.row.no))
        }
        None => None,
    };
    let held = caller
        .principal()
        .permissions()
        .contains(&Permission::KeyRead);
    let rows = if held {
        let sight = caller.sight::<permit::KeyRead>()?;
        app.read(move |store| store.api_keys(&sight, subject, &page))
            .await?
    } else {
        let own = identity(&app, &headers).await?.key;
        let row = app.read(move |store| match own {
            Some(id) => store.api_key(id),
            None => Ok(None),
        });
        Listed {
            items: row.await?.into_iter().collect(),
            next: None,
        }
    };
    let living = Listed {
        items: rows
            .items
            .into_iter()
            .filter(|row| row.revoked_at.is_none())
            .collect(),
        next: rows.next,
    };
    let tenants = tenants(&app, &living.items).await?;
    Ok(Answer::ok(
        list.answer(living, |row| shown(&row, &tenants))?,
    ))
}

/// Makes an API key for a tenant. It never does more than its maker. Of keys without a role a tenant has two
/// at most: the one in use and the next.
#[utoipa::path(
    post, path = "/api/v1/api-keys", operation_id = "create_api_key", tag = "auth",
    request_body = CreateApiKey,
    responses((status = 201, description = "The key, shown once", body = NewApiKey)),
    extensions(("x-nimbus-permission" = json!("key:write")), ("x-nimbus-rows" = json!(["S0-18"]))),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<CreateApiKey>,
) -> Outcome<NewApiKey> {
    let identity = identity(&app, &headers).await?;
    let subject = subject(&app, &caller, &identity, body.tenant_id.as_deref()).await?;
    let mut wish = wish(body, subject)?;
    wish.request = caller.request_id();
    let made = app.access()?.add_key(&identity, wish).await;
    let MadeKey { row, key } = made.map_err(refused)?;
    let tenants = tenants(&app, std::slice::from_ref(&row)).await?;
    let location = format!("/api/v1/api-keys/{}", row.id);
    let body = NewApiKey {
        key: key.to_string(),
        shown: shown(&row, &tenants),
    };
    Ok(Answer::created(location, body).header(CACHE_CONTROL, "no-store"))
}

/// Takes a key back: it is refused at once, and so are tokens that were given for it.
#[utoipa::path(
    delete, path = "/api/v1/api-keys/{id}", operation_id = "delete_api_key", tag = "auth",
    params(("id" = String, Path, description = "Id of the key")),
    responses((status = 204, description = "The key is refused from now on")),
    extensions(("x-nimbus-permission" = json!("key:write")), ("x-nimbus-rows" = json!(["S0-18"]))),
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    let identity = identity(&app, &headers).await?;
    let id: KeyId = name.id().ok_or_else(Problem::not_found)?;
    let row = app.find(move |store| store.api_key(id)).await?;
    if identity.key != Some(id) {
        let object = object(&app, row.subject).await?;
        if object == Object::Platform && !caller.principal().is_platform_admin() {
            return Err(Problem::not_found()); // not even that it exists
        }
        caller.authorize::<permit::KeyWrite>(object)?;
    }
    let access = app.access()?;
    access
        .revoke_key(&identity, id, caller.request_id())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn tenant<P: nimbus_core::access::Permit>(
    app: &App,
    caller: &Caller,
    name: &str,
) -> Result<Looked<TenantView, P>, Problem> {
    let name = Name::read(name).ok_or_else(Problem::not_found)?;
    app.tenant::<P>(caller, &name).await
}

/// For whom a key is made: the tenant named, or the caller's own, or the platform.
async fn subject(
    app: &App,
    caller: &Caller,
    identity: &Identity,
    named: Option<&str>,
) -> Result<Subject, Problem> {
    if let Some(name) = named {
        let (found, _) = tenant::<permit::KeyWrite>(app, caller, name).await?;
        return Ok(Subject::Tenant(found.row.no));
    }
    let subject = match identity.tenant {
        Some((no, _)) => Subject::Tenant(no),
        None if caller.principal().is_platform_admin() => Subject::Admin,
        None => return Err(Problem::invalid("tenant_id", "required", "is required")),
    };
    caller.authorize::<permit::KeyWrite>(object(app, subject).await?)?;
    Ok(subject)
}

/// What must be held to touch a key of this subject.
async fn object(app: &App, subject: Subject) -> Result<Object, Problem> {
    match subject {
        Subject::Admin | Subject::User(_) => Ok(Object::Platform),
        Subject::Org(org) => Ok(Object::Org(org)),
        Subject::Tenant(no) => {
            let found = app.find(move |store| store.tenant_by_no(no)).await?;
            Ok(Object::Tenant {
                tenant: no,
                org: found.row.row.org,
            })
        }
    }
}

fn wish(body: CreateApiKey, subject: Subject) -> Result<KeyWish, Problem> {
    let name = body.name.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX || name.chars().any(char::is_control) {
        let text = "expected 1 to 100 characters";
        return Err(Problem::invalid("name", "invalid", text));
    }
    if body.kind.as_deref().is_some_and(|kind| kind != "bearer") {
        return Err(Problem::invalid("kind", "invalid", "expected bearer"));
    }
    if body.scopes.len() > SCOPES_MAX {
        return Err(Problem::invalid("scopes", "too_many", "at most 32"));
    }
    let areas = Areas::from_words(&body.scopes);
    let areas = areas.map_err(|bad| Problem::invalid("scopes", "invalid", bad.to_string()))?;
    let days = body.expires_in_days;
    if days.is_some_and(|days| days == 0 || days > DAYS_MAX) {
        return Err(Problem::invalid(
            "expires_in_days",
            "invalid",
            "expected 1..3650",
        ));
    }
    Ok(KeyWish {
        subject,
        role: role(body.role.as_deref(), subject)?,
        name: name.to_owned(),
        areas,
        life: days.map(|days| Span::from_secs(i64::from(days) * 86_400)),
        request: "".into(),
    })
}

fn role(word: Option<&str>, subject: Subject) -> Result<Option<Role>, Problem> {
    let Some(word) = word else {
        return Ok(None);
    };
    let within = [Role::TeamAdmin, Role::Developer, Role::Viewer];
    let role = Role::from_word(word).filter(|role| within.contains(role));
    let role = role.filter(|_| matches!(subject, Subject::Tenant(_)));
    let text = "expected team_admin, developer or viewer, for a tenant";
    role.map(Some)
        .ok_or_else(|| Problem::invalid("role", "invalid", text))
}

fn refused(refused: KeyRefused) -> Problem {
    let detail = refused.to_string();
    match refused {
        KeyRefused::Above => Problem::new(Code::Forbidden, detail),
        KeyRefused::Full { .. } => Problem::new(Code::StateConflict, detail),
        KeyRefused::Store(error) => error.into(),
    }
}

/// Ids of the tenants that some keys stand for.
async fn tenants(
    app: &App,
    rows: &[ApiKeyRow],
) -> Result<Vec<(TenantNo, nimbus_core::ids::TenantId)>, Problem> {
    let mut nos: Vec<TenantNo> = rows
        .iter()
        .filter_map(|row| match row.subject {
            Subject::Tenant(no) => Some(no),
            _ => None,
        })
        .collect();
    nos.sort_unstable();
    nos.dedup();
    app.read(move |store| store.tenant_ids(&nos)).await
}

fn shown(row: &ApiKeyRow, tenants: &[(TenantNo, nimbus_core::ids::TenantId)]) -> ApiKey {
    let tenant = |no: TenantNo| {
        let found = tenants.iter().find(|(known, _)| *known == no);
        found.map(|(_, id)| id.to_string())
    };
    ApiKey {
        id: row.id.to_string(),
        name: row.name.to_string(),
        kind: row.kind.to_string(),
        prefix: row.prefix.to_string(),
        tenant_id: match row.subject {
            Subject::Tenant(no) => tenant(no),
            Subject::Admin | Subject::Org(_) | Subject::User(_) => None,
        },
        role: row.role.as_ref().map(ToString::to_string),
        scopes: row.scopes.iter().map(ToString::to_string).collect(),
        created_at: row.created_at.to_string(),
        expires_at: row.expires_at.map(|at| at.to_string()),
        last_used_at: row.last_used_at.map(|at| at.to_string()),
    }
}
