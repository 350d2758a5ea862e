//! What has to be done so that a thing is as its document says.

use serde_json::{Map, Value, json};

use super::manifest::Manifest;
use crate::cli::client::{Answer, Call, Page, Session, api, segment};
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::service::{differs, whole};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It is made.
    Create,
    /// Some of its fields are changed.
    Change,
    /// Nothing.
    None,
}

impl Action {
    /// Its name in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Change => "change",
            Action::None => "none",
        }
    }
}

/// One field that is not as it should be.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Which.
    pub(super) field: String,
    /// As it is.
    pub(super) before: Value,
    /// As it should be.
    pub(super) after: Value,
}

/// What has to be done for one document.
pub(super) struct Step {
    /// What.
    pub(super) action: Action,
    /// Fields that change; all of them when it is made.
    pub(super) changes: Vec<Change>,
    /// As it is now.
    now: Option<Answer>,
    /// Where it stands, or where it is made.
    path: String,
}

/// Compares a document with what is there.
pub(super) fn step(session: &Session<'_>, manifest: &Manifest) -> Result<Step, Failure> {
    if manifest.kind.name == "Policy" {
        return policy_step(session, manifest);
    }
    let (path, now) = find(session, manifest)?;
    let changes = match &now {
        None => all(manifest),
        Some(now) => changes(manifest, &now.body),
    };
    let action = match (&now, changes.is_empty()) {
        (None, _) => Action::Create,
        (Some(_), false) => Action::Change,
        (Some(_), true) => Action::None,
    };
    Ok(Step {
        action,
        changes,
        now,
        path,
    })
}

/// Does what has to be done; gives the thing as it stands then.
pub(super) fn carry_out(
    session: &Session<'_>,
    manifest: &Manifest,
    step: &Step,
) -> Result<Value, Failure> {
    let now = step
        .now
        .as_ref()
        .map(|now| now.body.clone())
        .unwrap_or_default();
    match step.action {
        Action::None => Ok(now),
        Action::Create => {
            let call = Call::post(api(&step.path)).body(Value::Object(body(manifest)));
            write(session, call, &manifest.name())
        }
        Action::Change => change(session, manifest, step),
    }
}

/// Deletes it; says whether it was there.
pub(super) fn delete(session: &Session<'_>, manifest: &Manifest) -> Result<bool, Failure> {
    let (path, now) = find(session, manifest)?;
    if now.is_some() {
        write(session, Call::delete(api(&path)), &manifest.name())?;
    }
    Ok(now.is_some())
}

/// A write of several: each under a key of its own.
fn write(session: &Session<'_>, call: Call, part: &str) -> Result<Value, Failure> {
    if session.remote.tries() || session.remote.idempotency_key.is_none() {
        return session.write(call).map(|answer| answer.body);
    }
    let part: String = part
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(24)
        .collect();
    let call = session.keyed(call, &part);
    session.client.send(&call).map(|answer| answer.body)
}

/// Replicas and scaling have calls of their own; the rest is one PATCH.
fn change(session: &Session<'_>, manifest: &Manifest, step: &Step) -> Result<Value, Failure> {
    let mut rest = Map::new();
    let mut last = Value::Null;
    let service = manifest.kind.name == "Service";
    for change in &step.changes {
        let call = match change.field.as_str() {
            "replicas" if service => Call::put(api(&format!("{}/scale", step.path)))
                .body(json!({ "replicas": change.after })),
            "autoscale" if service && change.after.is_null() => {
                Call::delete(api(&format!("{}/autoscale", step.path)))
            }
            "autoscale" if service => {
                Call::put(api(&format!("{}/autoscale", step.path))).body(change.after.clone())
            }
            field => {
                rest.insert(field.to_owned(), change.after.clone());
                continue;
            }
        };
        last = write(
            session,
            call,
            &format!("{}{}", manifest.name(), change.field),
        )?;
    }
    if rest.is_empty() {
        return Ok(last);
    }
    let etag = session.get(&step.path)?.etag();
    let call = Call::patch(api(&step.path))
        .body(Value::Object(rest))
        .if_match(etag);
    write(session, call, &manifest.name())
}

/// The body of the create call.
fn body(manifest: &Manifest) -> Map<String, Value> {
    let mut body = manifest.fields.clone();
    if manifest.kind.name == "Service" {
        body.remove("app");
        body.remove("tenant_id");
    }
    if let Some(kind) = body.remove("type") {
        body.insert("kind".to_owned(), kind);
    }
    body.retain(|_, value| !value.is_null());
    body
}

fn all(manifest: &Manifest) -> Vec<Change> {
    let fields = body(manifest).into_iter();
    let change = |(field, after)| Change {
        field,
        before: Value::Null,
        after,
    };
    fields.map(change).collect()
}

/// Fields that a document names and that are otherwise now.
fn changes(manifest: &Manifest, now: &Value) -> Vec<Change> {
    let body = body(manifest);
    let scaled = body.get("autoscale").is_some_and(Value::is_object);
    let counts = manifest.kind.fields.iter().filter(|field| {
        field.changes || (manifest.kind.name == "Service" && field.name == "image")
    });
    let mut found = Vec::new();
    for field in counts {
        let Some(after) = manifest.fields.get(field.name) else {
            continue;
        };
        if field.name == "replicas" && scaled {
            continue; // the load decides
        }
        let one = json!({ field.name: after });
        if differs(now, &one) {
            found.push(Change {
                field: field.name.to_owned(),
                before: now[field.name].clone(),
                after: after.clone(),
            });
        }
    }
    found
}

/// Where a thing stands and what it is now, or where it is made.
fn find(session: &Session<'_>, manifest: &Manifest) -> Result<(String, Option<Answer>), Failure> {
    let name = manifest.text("name").unwrap_or_default();
    match manifest.kind.name {
        "Tenant" => {
            let slug = manifest
                .text("slug")
                .map_or_else(|| slug_of(name), str::to_owned);
            let path = format!("/tenants/{}", segment(&slug));
            let now = there(session.get(&path))?;
            Ok((
                if now.is_some() {
                    path
                } else {
                    "/tenants".to_owned()
                },
                now,
            ))
        }
        "App" => match app(session, manifest, &slug_of(name))? {
            Some(id) => {
                let path = format!("/apps/{}", segment(&id));
                let now = session.get(&path)?;
                Ok((path, Some(now)))
            }
            None => Ok(("/apps".to_owned(), None)),
        },
        _ => {
            let parent = manifest.text("app").unwrap_or_default();
            let Some(id) = app(session, manifest, parent)? else {
                let text = format!("{}: there is no app {parent} yet", manifest.place);
                return Err(Failure::new(Code::NotFound, text));
            };
            let path = format!("/apps/{}/services", segment(&id));
            let list = session.list(Call::get(api(&path)), &Page::default())?;
            let items = list["items"].as_array().into_iter().flatten();
            let found = items.into_iter().find(|service| service["name"] == name);
            match found.and_then(|service| service["id"].as_str()) {
                None => Ok((path, None)),
                Some(id) => {
                    let path = format!("/services/{}", segment(id));
                    let now = whole(session, &path)?;
                    Ok((path, Some(now)))
                }
            }
        }
    }
}

/// The id of an app of the tenant that the document or the command names.
fn app(session: &Session<'_>, manifest: &Manifest, name: &str) -> Result<Option<String>, Failure> {
    let tenant = manifest.text("tenant_id").or(session.tenant_option());
    let Some(tenant) = tenant else {
        let found = there(session.get(&format!("/apps/{}", segment(name))))?;
        return Ok(found.and_then(|app| app.body["id"].as_str().map(str::to_owned)));
    };
    let call = Call::get(api("/apps")).with("tenant_id", Some(tenant));
    let list = match session.list(call, &Page::default()) {
        Err(failure) if failure.exit() == Exit::NotFound => return Ok(None),
        list => list?,
    };
    let mut items = list["items"].as_array().into_iter().flatten();
    let found = items.find(|app| ["id", "slug"].iter().any(|key| app[*key] == name));
    Ok(found.and_then(|app| app["id"].as_str()).map(str::to_owned))
}

fn there(found: Result<Answer, Failure>) -> Result<Option<Answer>, Failure> {
    match found {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.exit() == Exit::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A policy never changes: other parameters make its next version.
fn policy_step(session: &Session<'_>, manifest: &Manifest) -> Result<Step, Failure> {
    let kind = manifest.text("type").unwrap_or_default();
    let call = Call::get(api("/policies")).with("kind", Some(kind));
    let list = session.list(call, &Page::default())?;
    let name = manifest.text("name").unwrap_or_default();
    let items = list["items"].as_array().into_iter().flatten();
    let newest = items
        .filter(|policy| policy["name"] == name)
        .max_by_key(|policy| policy["policy_version"].as_u64());
    let changes = match newest {
        Some(policy) => changes_of_policy(manifest, policy),
        None => all(manifest),
    };
    let action = if changes.is_empty() {
        Action::None
    } else {
        Action::Create
    };
    Ok(Step {
        action,
        changes,
        now: None,
        path: "/policies".to_owned(),
    })
}

fn changes_of_policy(manifest: &Manifest, policy: &Value) -> Vec<Change> {
    let named = ["params", "scope"].iter().filter_map(|name| {
        let after = manifest.fields.get(*name)?;
        differs(policy, &json!({ *name: after })).then(|| Change {
            field: (*name).to_owned(),
            before: policy[*name].clone(),
            after: after.clone(),
        })
    });
    named.collect()
}

/// The slug that the server makes of a name.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[test]
fn a_slug_is_made_of_a_name() {
    assert_eq!(slug_of("Acme Shop, 2"), "acme-shop-2");
    assert_eq!(slug_of("shop"), "shop");
}
