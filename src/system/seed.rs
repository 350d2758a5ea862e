//! The tenants and services of a scenario, asked for once as the administrator.

use std::sync::Arc;
use std::time::Duration;

use nimbus_core::machine::Reply;
use nimbus_core::plan::PlanCode;
use nimbus_core::tenant::{self, NewTenant};

use super::Stopped;
use crate::auth::DEV_TENANT;
use crate::cluster::sim::Seeding;
use crate::runtime;
use crate::shell::port::{Ask, Port};
use crate::store::{IdempotencyKey, Store};

/// Who asks.
const BY: &str = "admin";

/// The setting that says that a scenario was asked for.
const SEEDED: &str = "seeded";

/// Wait before pods are asked for again.
const AGAIN: Duration = Duration::from_millis(100);

/// Asks for everything that a scenario has, unless that was done before. What was answered before a crash
/// is not asked again.
pub(super) async fn seed(port: &Port, store: &Store, mut seeding: Seeding) -> Result<(), Stopped> {
    if setting(store, SEEDED).await?.is_some() {
        return Ok(());
    }
    let mut place = 0_u32;
    while let Some((message, action, subject)) = seeding.ask() {
        place += 1;
        let key: Arc<str> = format!("scenario-{place}").into();
        let reply = match answered(store, &key).await? {
            Some(reply) => reply,
            None => {
                let key = IdempotencyKey {
                    principal: BY.into(),
                    request_hash: Arc::clone(&key),
                    key,
                };
                let ask = Ask {
                    message,
                    by: BY.into(),
                    request: "start".into(),
                    action,
                    subject,
                    tenant: None,
                    key: Some(key),
                    operation: None,
                };
                port.ask(ask).await.map_err(Stopped::failed)?.reply
            }
        };
        if let Err(refused) = seeding.learn(&reply) {
            tracing::warn!(refused, "a part of the scenario was refused");
        } else if reply_refused(&reply) {
            tokio::time::sleep(AGAIN).await;
        }
    }
    let store = store.clone();
    let done = runtime::blocking(move || store.put_setting(SEEDED, "yes")).await;
    done.map_err(Stopped::failed)?.map_err(Stopped::from)
}

fn reply_refused(reply: &Reply) -> bool {
    matches!(reply, Reply::Workload(Err(_)) | Reply::Tenant(Err(_)))
}

/// The tenant of whoever tries the service out, made once.
pub(super) async fn dev_tenant(port: &Port) -> Result<(), Stopped> {
    let new = NewTenant {
        slug: DEV_TENANT.into(),
        name: DEV_TENANT.into(),
        org: None,
        plan: PlanCode::Business,
        quota: None,
        isolation: None,
        labels: Default::default(),
    };
    let ask = Ask {
        message: tenant::Input::Create(Arc::new(new)).into(),
        by: "dev".into(),
        request: "start".into(),
        action: "tenant.create",
        subject: DEV_TENANT.into(),
        tenant: None,
        key: None,
        operation: None,
    };
    match port.ask(ask).await.map_err(Stopped::failed)?.reply {
        Reply::Tenant(Ok(_) | Err(tenant::Refusal::Taken(_))) => Ok(()),
        other => Err(Stopped::failed(format!(
            "the tenant {DEV_TENANT} cannot be made: {other:?}"
        ))),
    }
}

async fn setting(store: &Store, name: &'static str) -> Result<Option<String>, Stopped> {
    let store = store.clone();
    let read = runtime::blocking(move || store.setting(name)).await;
    read.map_err(Stopped::failed)?.map_err(Stopped::from)
}

async fn answered(store: &Store, key: &Arc<str>) -> Result<Option<Reply>, Stopped> {
    let (store, key) = (store.clone(), Arc::clone(key));
    let read = runtime::blocking(move || store.answer(BY, &key, runtime::now())).await;
    let answer = read.map_err(Stopped::failed)??;
    Ok(answer.map(|answer| answer.reply))
}
