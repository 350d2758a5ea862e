//! What an answered ask leaves: an event, an entry of the audit log, an operation, its answer by key.

use std::sync::Arc;

use nimbus_core::ids::TenantNo;
use nimbus_core::machine::Reply;
use nimbus_core::time::Span;
use nimbus_core::{tenant, workload};
use serde_json::{Value, json};

use super::{Fact, Facts, Handled, Told, code};
use crate::shell::port::Ask;
use crate::store::{AuditRow, IdempotencyRow, OperationRow};

/// How long an answer is kept by its key: 24 h of wall time.
const KEPT: Span = Span::from_secs(24 * 3_600);

pub(super) fn tell(facts: &mut Facts, told: &Told<'_>, handled: &Handled<'_>) {
    let (ask, reply) = (handled.ask, handled.reply);
    let refused = code(reply);
    let made = made(reply);
    let subject = made.subject.unwrap_or_else(|| Arc::clone(&ask.subject));
    let owner = ask.tenant.or(made.tenant);
    if refused.is_none() {
        let kind = past(ask.action);
        let data = json!({ "by": ask.by });
        let fact = Fact::new(&kind, &subject, &ask.by, data);
        facts.event(told, fact.of(owner).asked_by(&ask.request));
    }
    let begun = ask.operation.filter(|_| refused.is_none()).map(|kind| {
        let place = facts.operations.len();
        facts.operations.push(OperationRow {
            id: facts.operation_id(told),
            kind: kind.into(),
            target: Arc::clone(&subject),
            tenant: owner,
            by: Arc::clone(&ask.by),
            started_at: told.now,
        });
        place
    });
    facts.begun.push(begun);
    if let Some(key) = &ask.key {
        facts.idempotency.push(IdempotencyRow {
            key: key.clone(),
            reply: reply.clone(),
            operation: begun.map(|place| facts.operations[place].id),
            expires_at: told.wall + KEPT,
        });
    }
    facts.audit.push(AuditRow {
        time: told.wall,
        tenant: owner,
        principal: Arc::clone(&ask.by),
        action: ask.action.into(),
        target: subject,
        outcome: refused.unwrap_or_else(|| "ok".to_owned()).into(),
        request: Arc::clone(&ask.request),
        data: asked(ask),
    });
}

/// What an answer says of what was made.
#[derive(Default)]
struct Made {
    subject: Option<Arc<str>>,
    tenant: Option<TenantNo>,
}

fn made(reply: &Reply) -> Made {
    match reply {
        Reply::Tenant(Ok(tenant::Answer::Tenant { no, id, .. })) => Made {
            subject: Some(id.to_string().into()),
            tenant: Some(*no),
        },
        Reply::Tenant(Ok(tenant::Answer::Org { id, .. })) => Made {
            subject: Some(id.to_string().into()),
            tenant: None,
        },
        Reply::Workload(Ok(workload::Answer::App { id, .. })) => Made {
            subject: Some(id.to_string().into()),
            tenant: None,
        },
        Reply::Workload(Ok(workload::Answer::Deployed { id, .. })) => Made {
            subject: Some(id.to_string().into()),
            tenant: None,
        },
        _ => Made::default(),
    }
}

/// What was asked for, without what may hold secrets: environment and other details.
fn asked(ask: &Ask) -> String {
    let mut value = serde_json::to_value(&ask.message).unwrap_or_default();
    strip(&mut value);
    value.to_string()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("details");
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// The fact that an action leaves: `tenant.create` makes `tenant.created`.
pub(super) fn past(action: &str) -> String {
    let (noun, verb) = action.rsplit_once('.').unwrap_or(("", action));
    let done = match verb {
        "rollback" => "rolled_back".to_owned(),
        "undo" => "undone".to_owned(),
        "set" | "run" => verb.to_owned(),
        "stop" | "pin" | "unpin" => {
            let last = verb.chars().next_back().unwrap_or_default();
            format!("{verb}{last}ed")
        }
        _ if verb.ends_with('e') => format!("{verb}d"),
        _ if verb.ends_with("ly") => format!("{}ied", &verb[..verb.len() - 1]),
        _ => format!("{verb}ed"),
    };
    if noun.is_empty() {
        done
    } else {
        format!("{noun}.{done}")
    }
}
